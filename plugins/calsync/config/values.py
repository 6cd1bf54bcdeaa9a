"""The kinds of single values a tenant file holds, each with the sentence that is said when one does not fit.

Every check raises ValueError with "what is wrong: what to do"; `calsync.config.problems` puts file and field before it.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""A tenant's key, which is the stem of its file."""

CRM_CALENDAR = "CRM Calendar"
"""The value of ShareCRM's Calendar field that stands for no configuration at all."""

_INSTALLATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_CONNECTION = re.compile(r"[\w.-]{1,200}", re.ASCII)
_API_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PROPERTY_ID = re.compile(r"[A-Z]\w+ (\{[0-9a-fA-F-]{36}\} (Name|Id) \S.*|0x[0-9a-fA-F]{1,8})", re.ASCII)


def check_key(key: str) -> str:
    if not KEY.fullmatch(key):
        raise ValueError(
            "the file's name is not a tenant's key: rename the file to 1-63 small letters, digits, '-' or '_', "
            "beginning with a letter or a digit"
        )
    return key


def _name(name: str) -> str:
    if name.casefold() == CRM_CALENDAR.casefold():
        raise ValueError(f"'{CRM_CALENDAR}' is ShareCRM's own calendar: choose another name")
    return name


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is not an IANA time zone: write one such as Europe/Berlin or Asia/Shanghai") from error
    return name


def _guid(text: str) -> str:
    try:
        return str(UUID(text)) if len(text) == 36 else _not_a_guid()
    except ValueError:
        return _not_a_guid()


def _not_a_guid() -> str:
    raise ValueError("is not a GUID: copy the 'Directory (tenant) ID' from the Entra admin centre")


def _microsoft_user(text: str) -> str:
    if "@" not in text[1:-1] and not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        raise ValueError("names no Microsoft user: write an object id or an address, or null to leave the employee out")
    return text.lower()


def _matching(pattern: re.Pattern[str], sentence: str) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(sentence)
        return text

    return AfterValidator(check)


def _cron(text: str) -> str:
    from croniter import croniter  # type: ignore[import-untyped]

    if not croniter.is_valid(text):
        raise ValueError("is not a cron expression: write five fields such as '*/30 6-20 * * 1-5'")
    return text


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_name)]
Zone = Annotated[str, AfterValidator(_zone)]
Guid = Annotated[str, Field(json_schema_extra={"format": "uuid"}), AfterValidator(_guid)]
MicrosoftUser = Annotated[str, AfterValidator(_microsoft_user)]
Cron = Annotated[str, AfterValidator(_cron)]
Installation = Annotated[
    str,
    _matching(
        _INSTALLATION, "is not an id: use 1-63 letters, digits, '.', '-' or '_', beginning with a letter or a digit"
    ),
]
ConnectionId = Annotated[
    str, _matching(_CONNECTION, "is not a connection id: use letters, digits, '.', '-' and '_' only")
]
ApiName = Annotated[str, _matching(_API_NAME, "is not a field's API name: copy it from ShareCRM's object description")]
PropertyId = Annotated[
    str,
    _matching(
        _PROPERTY_ID,
        "is not the id of an extended property: write it as Graph does, 'String {guid} Name xyz' or 'String 0x8233'",
    ),
]
Tag = Annotated[str, Field(min_length=1, max_length=100)]
Word = Annotated[str, Field(min_length=1, max_length=100)]

Role = Literal["content", "start", "end", "all_day", "participants", "contacts", "accounts", "private", "calendar"]
"""The roles of ScheduleObj's fields; which API name plays one is found by describe unless the tenant says it."""
