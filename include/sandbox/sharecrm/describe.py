"""What the objects look like: their fields, by role, under the api names that a variant of the enterprise gives them.

Records are kept by role; only the wire knows api names. So the same record can be looked at through every variant, and
nothing that calls the sandbox can get away with hard-coded names. The names of ScheduleObj's fields are not published:
these are the candidates of the fact sheet (§7, row 1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sandbox.sharecrm.settings import Settings

SCHEDULE, CONTACT, ACCOUNT = "ScheduleObj", "ContactObj", "AccountObj"

EMPLOYEE_TYPES = frozenset({"employee", "employee_many"})
LIST_TYPES = EMPLOYEE_TYPES | {"object_reference_many", "select_many", "department"}
PRIVACY_OPTIONS = {"public": False, "private": True}


@dataclass(frozen=True)
class Field:
    """One field: the role it plays for us, its api name, label and type on the wire."""

    role: str
    api_name: str
    label: str
    type: str
    required: bool = False
    system: bool = False
    target: str = ""
    options: tuple[tuple[str, str], ...] = ()

    def describe(self, zone: str) -> dict[str, Any]:
        """The member of `describe.fields` (fact sheet §2.4)."""
        described: dict[str, Any] = {
            "api_name": self.api_name,
            "label": self.label,
            "type": self.type,
            "is_required": self.required,
            "is_active": True,
            "define_type": "system" if self.system else "package",
        }
        if self.type == "date_time":
            described |= {"date_format": "yyyy-MM-dd HH:mm", "time_zone": zone}
        if self.target:
            described["target_api_name"] = self.target
        if self.options:
            described["options"] = [{"label": label, "value": value} for value, label in self.options]
        return described


def _system(role: str, label: str, kind: str, options: tuple[tuple[str, str], ...] = ()) -> Field:
    return Field(role, role, label, kind, system=True, options=options)


_LIFE = tuple((value, value) for value in ("normal", "ineffective", "in_change", "under_review", "invalid"))

SYSTEM_FIELDS = (
    _system("_id", "ID", "text"),
    _system("owner", "Owner", "employee"),
    _system("created_by", "Created By", "employee"),
    _system("create_time", "Create Time", "date_time"),
    _system("last_modified_by", "Last Modified By", "employee"),
    _system("last_modified_time", "Last Modified Time", "date_time"),
    _system("version", "Version", "number"),
    _system("tenant_id", "Tenant", "text"),
    _system("object_describe_api_name", "Object", "text"),
    _system("record_type", "Record Type", "record_type"),
    _system("owner_department", "Owner Department", "text"),
    _system("data_own_department", "Department", "department"),
    _system("lock_status", "Lock Status", "select_one", (("0", "Unlocked"), ("1", "Locked"))),
    _system("life_status", "Life Status", "select_one", _LIFE),
    _system("is_deleted", "Deleted", "true_or_false"),
)
_NAME = _system("name", "Name", "text")

_CLASSIC = (
    Field("content", "schedule_content", "Content", "long_text", required=True),
    Field("start", "begin_time", "Start Time", "date_time", required=True),
    Field("end", "end_time", "End Time", "date_time", required=True),
    Field("all_day", "is_full_date", "All Day", "true_or_false"),
    Field("participants", "attenders", "Participants", "employee_many"),
    Field("contacts", "related_contacts", "Contacts", "object_reference_many", target=CONTACT),
    Field("private", "is_private", "Private", "true_or_false"),
    Field("calendar", "calendar", "Calendar", "select_one", options=(("CRM Calendar", "CRM Calendar"),)),
)
_PRIVACY = (("public", "Public"), ("private", "Private"))
_MODERN = (
    Field("content", "content", "Content", "text", required=True),
    Field("start", "start_time", "Start", "date_time", required=True),
    Field("end", "end_time", "End", "date_time", required=True),
    Field("all_day", "is_all_day", "All-day", "true_or_false"),
    Field("participants", "participants", "Participants", "employee_many"),
    Field("contacts", "contact_ids", "Related Contacts", "object_reference_many", target=CONTACT),
    Field("private", "visible_scope", "Privacy", "select_one", options=_PRIVACY),
    Field("calendar", "calendar_name", "Calendar", "select_one", options=(("CRM Calendar", "CRM Calendar"),)),
)
_MINIMAL = (
    Field("content", "name", "Content", "text", required=True),
    Field("start", "start_time", "Start", "date_time", required=True),
    Field("end", "end_time", "End", "date_time", required=True),
    Field("all_day", "is_full_day", "All-day", "true_or_false"),
    Field("participants", "participant_ids", "Participants", "employee_many"),
)
_SCHEDULES = {"classic": (*_CLASSIC, _NAME), "modern": (*_MODERN, _NAME), "minimal": _MINIMAL}
_OTHERS = {
    CONTACT: (
        replace(_NAME, required=True, system=False),
        Field("email", "email", "Email", "email"),
        Field("mobile", "mobile1", "Mobile", "phone_number"),
        Field("company", "company", "Company", "text"),
        Field("account_id", "account_id", "Account", "object_reference", target=ACCOUNT),
    ),
    ACCOUNT: (replace(_NAME, required=True, system=False), Field("tel", "tel", "Phone", "phone_number")),
}
DISPLAY_NAMES = {SCHEDULE: "Calendar", CONTACT: "Contact", ACCOUNT: "Account"}


def fields_of(api_name: str, settings: Settings) -> dict[str, Field]:
    """The fields of an object by api name, as `settings` have them. Raises KeyError for an unknown object."""
    return _fields(api_name, settings.describe, tuple(settings.fields.items()))


@lru_cache(maxsize=32)
def _fields(api_name: str, variant: str, renamed: tuple[tuple[str, str], ...]) -> dict[str, Field]:
    names = dict(renamed)
    if api_name == SCHEDULE:
        own = tuple(replace(field, api_name=names.get(field.role, field.api_name)) for field in _SCHEDULES[variant])
    else:
        own = _OTHERS[api_name]
    return {field.api_name: field for field in (*SYSTEM_FIELDS, *own)}


def describe(api_name: str, settings: Settings) -> dict[str, Any]:
    """The body of `describe` for an object. Raises KeyError for an unknown object."""
    fields = fields_of(api_name, settings).values()
    return {
        "api_name": api_name,
        "display_name": DISPLAY_NAMES[api_name],
        "define_type": "package",
        "is_active": True,
        "fields": {field.api_name: field.describe(settings.time_zone) for field in fields},
    }
