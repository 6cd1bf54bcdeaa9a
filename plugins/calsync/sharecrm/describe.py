"""Which api names ScheduleObj's fields have in this enterprise, by role.

The names are not published and differ; so they are resolved from `object/describe`: what the tenant says, else the
first name of a list that is there with a fitting type, else the one field whose label or target says what it is. Where
a role that is needed stays open, nothing is read or written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from calsync.core.text import ident, sound
from calsync.errors import ConfigError
from calsync.sharecrm.client import CrmClient
from calsync.sharecrm.settings import CrmSettings

SCHEDULE = "ScheduleObj"

Role = Literal["content", "start", "end", "all_day", "participants", "contacts", "accounts", "private", "calendar"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field as described. options: (value, label) pairs of a select."""

    name: str
    type: str = ""
    options: tuple[tuple[str, str], ...] = ()

    @property
    def rich(self) -> bool:
        """Whether its text is HTML."""
        return self.type in {"html_rich_text", "rich_text"}

    def label(self, value: str) -> str:
        """What a person sees for the option `value`; other values stand for themselves."""
        return dict(self.options).get(value, value)

    def value(self, label: str) -> str:
        """The option that a person sees as `label`; a label that is none stands for itself."""
        return next((value for value, shown in self.options if shown == label), label)


@dataclass(frozen=True, slots=True)
class Fields:
    """ScheduleObj's fields by role; None where this enterprise has none.

    private_values: what the private field holds for a private event, the one to write first; public_value: for others.
    """

    content: Field
    start: Field
    end: Field
    participants: Field
    all_day: Field | None = None
    contacts: Field | None = None
    accounts: Field | None = None
    private: Field | None = None
    calendar: Field | None = None
    private_values: tuple[Any, ...] = (True,)
    public_value: Any = False

    @property
    def names(self) -> list[str]:
        """The api names of all roles there are."""
        roles = (self.content, self.start, self.end, self.participants, self.all_day)
        more = (self.contacts, self.accounts, self.private, self.calendar)
        return [field.name for field in (*roles, *more) if field is not None]


@dataclass(frozen=True, slots=True)
class _Rule:
    """How a role is found. target: the object a reference leads to; alone: a field of its type may be it by that."""

    types: frozenset[str]
    names: tuple[str, ...]
    labels: frozenset[str]
    target: str = ""
    alone: bool = False


_TEXT = frozenset({"text", "long_text", "html_rich_text", "rich_text"})
_MOMENT = frozenset({"date_time"})
_YES_NO = frozenset({"true_or_false"})
_PEOPLE = frozenset({"employee_many"})
_MANY = frozenset({"object_reference_many"})
_CHOICE = frozenset({"select_one"})

_RULES: dict[str, _Rule] = {
    "content": _Rule(
        _TEXT, ("schedule_content", "content"), frozenset({"content", "event content", "日程内容", "内容"})
    ),
    "start": _Rule(_MOMENT, ("begin_time", "start_time"), frozenset({"start", "start time", "begin time", "开始时间"})),
    "end": _Rule(_MOMENT, ("end_time",), frozenset({"end", "end time", "结束时间"})),
    "all_day": _Rule(
        _YES_NO, ("is_full_date", "is_full_day", "is_all_day"), frozenset({"all day", "all-day", "全天", "是否全天"})
    ),
    "participants": _Rule(
        _PEOPLE,
        ("attenders", "participants", "participant_ids"),
        frozenset({"participants", "attendees", "参与人", "参与人员"}),
        alone=True,
    ),
    "contacts": _Rule(
        _MANY,
        ("related_contacts", "contact_ids", "contacts"),
        frozenset({"contacts", "related contacts", "联系人", "关联联系人"}),
        target="ContactObj",
        alone=True,
    ),
    "accounts": _Rule(
        _MANY,
        ("related_accounts", "account_ids", "accounts"),
        frozenset({"accounts", "related accounts", "客户", "关联客户"}),
        target="AccountObj",
        alone=True,
    ),
    "private": _Rule(
        _YES_NO | _CHOICE,
        ("is_private", "privacy", "visible_scope"),
        frozenset({"private", "privacy", "privacy setting", "私密", "隐私设置"}),
    ),
    "calendar": _Rule(
        _CHOICE | {"text"},
        ("calendar", "calendar_name", "calendar_id"),
        frozenset({"calendar", "日历", "所属日历"}),
    ),
}
_PRIVATE_OPTIONS = frozenset({"private", "only me", "only participants", "私密", "私有", "仅参与人可见", "仅自己可见"})
_PUBLIC_OPTIONS = frozenset({"public", "everyone", "公开", "全员可见"})


async def resolve(client: CrmClient) -> Fields:
    """ScheduleObj's fields of this enterprise. Raises RemoteError, and ConfigError naming every role that is open."""
    data = {"apiName": SCHEDULE, "includeDetail": False}
    answer = await client.call("/cgi/crm/v2/object/describe", data, includeDetail=False)
    found = answer.get("data")
    described = found.get("describe") if isinstance(found, Mapping) else None
    fields = described.get("fields") if isinstance(described, Mapping) else None
    return resolve_fields(fields if isinstance(fields, Mapping) else {}, client.settings)


def resolve_fields(described: Mapping[str, Any], settings: CrmSettings) -> Fields:
    """The same, from the `fields` member of describe's answer. Raises ConfigError."""
    active = {
        name: field
        for name, field in described.items()
        if isinstance(field, Mapping) and field.get("is_active") is not False
    }
    problems: list[str] = []
    found: dict[str, Field | None] = {}
    for role, rule in _RULES.items():
        override = settings.fields.get(role, "")
        name = _overridden(role, override, rule, active, problems) if override else _found(rule, active)
        found[role] = _field(name, active[name]) if name else None
    problems.extend(_missing(found, settings))
    private, public = _privacy(found["private"], settings, problems)
    content, start, end, participants = (found[role] for role in ("content", "start", "end", "participants"))
    if problems or content is None or start is None or end is None or participants is None:
        raise ConfigError(list(dict.fromkeys(problems)))
    optional = {role: found[role] for role in ("all_day", "contacts", "accounts", "private", "calendar")}
    return Fields(content, start, end, participants, **optional, private_values=private, public_value=public)


def _missing(found: Mapping[str, Field | None], settings: CrmSettings) -> list[str]:
    open_roles = [role for role in ("content", "start", "end", "participants") if found[role] is None]
    problems = [
        f"crm.fields.{role}: no field of ScheduleObj could be found for this role; set the field's API name here"
        for role in open_roles
        if role not in settings.fields
    ]
    if found["calendar"] is None and not settings.scope_all and "calendar" not in settings.fields:
        problems.append(
            "crm.fields.calendar: ScheduleObj has no Calendar field that could be found; set its API name here, "
            "or say 'scope: all' if every event of ShareCRM shall go to Outlook"
        )
    return problems


def _overridden(role: str, name: str, rule: _Rule, active: Mapping[str, Mapping[str, Any]], problems: list[str]) -> str:
    if name not in active:
        problems.append(f"crm.fields.{role}: ScheduleObj has no active field {name}; correct the name or remove it")
        return ""
    if not _fits(active[name], rule):
        kinds = " or ".join(sorted(rule.types))
        problems.append(f"crm.fields.{role}: the field {name} is not of the type {kinds}; name another field")
        return ""
    return name


def _found(rule: _Rule, active: Mapping[str, Mapping[str, Any]]) -> str:
    fitting = {name: field for name, field in active.items() if _fits(field, rule)}
    named = next((name for name in rule.names if name in fitting), "")
    if named:
        return named
    own = {name: field for name, field in fitting.items() if field.get("define_type") != "system" or name == "name"}
    labelled = [name for name, field in own.items() if _text(field, "label").lower() in rule.labels]
    if len(labelled) == 1:
        return labelled[0]
    return next(iter(own)) if rule.alone and len(own) == 1 else ""


def _fits(field: Mapping[str, Any], rule: _Rule) -> bool:
    """A type or a target that describe leaves out does not speak against a field."""
    kind, target = _text(field, "type"), _text(field, "target_api_name")
    return (not kind or kind in rule.types) and (not rule.target or not target or target == rule.target)


def _field(name: str, described: Mapping[str, Any]) -> Field:
    given = described.get("options")
    options = [option for option in (given if isinstance(given, list) else []) if isinstance(option, Mapping)]
    pairs = tuple((value, _text(option, "label") or value) for option in options if (value := _value(option)))
    return Field(name, _text(described, "type"), pairs)


def _value(option: Mapping[str, Any]) -> str:
    value = option.get("value")
    return value if isinstance(value, str) else ident(value)


def _text(described: Mapping[str, Any], name: str) -> str:
    value = described.get(name)
    return sound(value).strip() if isinstance(value, str) else ""


def _privacy(field: Field | None, settings: CrmSettings, problems: list[str]) -> tuple[tuple[Any, ...], Any]:
    """The private field's values: those that mean private, the one to write first, and the one that means public."""
    if field is None or field.type != "select_one":
        return (True,), False
    private = settings.private_values or _meaning(field, _PRIVATE_OPTIONS)
    public = settings.public_value or next(iter(_meaning(field, _PUBLIC_OPTIONS)), "")
    if not private or not public:
        options = ", ".join(value for value, _ in field.options)
        problems.append(
            f"crm.private_values, crm.public_value: which options of the field {field.name} mean private and public "
            f"cannot be told; choose among {options or 'its options'}"
        )
    return tuple(private), public


def _meaning(field: Field, words: frozenset[str]) -> Sequence[str]:
    return tuple(value for value, label in field.options if value.lower() in words or label.strip().lower() in words)
