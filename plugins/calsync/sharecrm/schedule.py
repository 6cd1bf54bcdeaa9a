"""A ScheduleObj record as a CrmRow. Pure: what cannot be read becomes the row's `problem`, never an exception."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from calsync.core.model import CrmRow, Event, Life, Time
from calsync.core.reach import reaches
from calsync.core.text import ident, sound
from calsync.sharecrm import moments
from calsync.sharecrm.describe import Field, Fields
from calsync.sharecrm.settings import CrmSettings
from calsync.sharecrm.text import files, plain

_LARGEST = 2**63
"""What a database's integers do not reach."""

SYSTEM_FIELDS = ("_id", "owner", "version", "life_status", "is_deleted", "create_time", "last_modified_time")


@dataclass(frozen=True, slots=True)
class Shape:
    """What reading and writing a record takes to know: the fields' names and the enterprise's ways."""

    fields: Fields
    settings: CrmSettings

    @property
    def names(self) -> list[str]:
        """The api names that a record is asked for."""
        return [*SYSTEM_FIELDS, *self.fields.names]


def to_row(record: Mapping[str, Any], shape: Shape) -> CrmRow:
    """`record` as data endpoints answer it, asked with `includeNull`.

    A record whose times cannot be read has no event but a `problem`; one that ends before it starts has both.
    """
    owner = next(iter(ids(record.get("owner"))), "")
    version, flaws = _version(record)
    time, flaw = _time(record, shape)
    flaw = flaw or _misread(record, shape.fields)
    return CrmRow(
        id=ident(record.get("_id")),
        version=version,
        event=_event(record, time, owner, shape) if time is not None else None,
        owner=owner,
        life=_life(record),
        calendar=_calendar(record, shape.fields.calendar),
        created=_moment(record, "create_time"),
        modified=_moment(record, "last_modified_time"),
        problem=flaw or flaws,
        dropped=files(content(record, shape.fields.content), shape.fields.content.rich),
    )


def gone(id: str) -> CrmRow:  # noqa: A002 - it is the id
    """The row of a record that ShareCRM, asked as its owner, says is not there (D1)."""
    return CrmRow(id, 0, None, "", Life.GONE)


def ids(value: Any) -> tuple[str, ...]:
    """The ids of a list field; absent, null, "" and [] are alike, a single id stands for a list of one.

    What can be no id is left out; `listable` tells whether there is any.
    """
    return tuple(dict.fromkeys(id_ for each in _listed(value) if (id_ := ident(each))))


def listable(value: Any) -> bool:
    """Whether all that a list field names can be ids: who is on a list with others would go with them unseen."""
    return all(ident(each) for each in _listed(value) if each not in (None, ""))


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def content(record: Mapping[str, Any], field: Field) -> str:
    """The raw text of the content field."""
    value = record.get(field.name)
    return sound(value) if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def _misread(record: Mapping[str, Any], fields: Fields) -> str:
    """Why what a record says cannot be understood, "" when it can; nothing is concluded from such a row."""
    lists = [fields.participants, *(field for field in (fields.contacts,) if field)]
    if not all(listable(record.get(name)) for name in ("owner", *(field.name for field in lists))):
        return "it names people in a form that calsync does not know: tell ShareCRM's support"
    single = [fields.content, *(field for field in (fields.all_day, fields.private, fields.calendar) if field)]
    if any(isinstance(record.get(field.name), list | dict) for field in single):
        return "it holds a field in a form that calsync does not know: tell ShareCRM's support"
    return ""


def _event(record: Mapping[str, Any], time: Time, owner: str, shape: Shape) -> Event:
    fields = shape.fields
    people = ids(record.get(fields.participants.name))
    return Event(
        title=plain(content(record, fields.content), fields.content.rich),
        time=time,
        private=_private(record, fields),
        attendees=frozenset((*people, owner) if owner else people),
        contacts=frozenset(ids(record.get(fields.contacts.name))) if fields.contacts else frozenset(),
    )


def _time(record: Mapping[str, Any], shape: Shape) -> tuple[Time | None, str]:
    """The record's time, and what is wrong with it."""
    fields, zone = shape.fields, shape.settings.zone
    start, end = moments.instant(record.get(fields.start.name)), moments.instant(record.get(fields.end.name))
    if start is None or end is None:
        return None, "start or end is missing or no point in time: set both in ShareCRM"
    if not reaches(start) or not reaches(end):
        return None, "its times lie beyond the calendar: correct them in ShareCRM"
    flaw = "it ends before it starts: correct its times in ShareCRM" if end < start else ""
    whole_days = (
        record.get(fields.all_day.name) in (True, "true") if fields.all_day else moments.fills_days(start, end, zone)
    )
    return moments.all_day(start, end, zone) if whole_days else moments.timed(start, end), flaw


def _private(record: Mapping[str, Any], fields: Fields) -> bool:
    value = record.get(fields.private.name) if fields.private else None
    return value in fields.private_values or (fields.private_values == (True,) and value == "true")


def _life(record: Mapping[str, Any]) -> Life:
    status = record.get("life_status") or Life.NORMAL
    if record.get("is_deleted") in (True, "true") or status == Life.INVALID:
        return Life.INVALID
    return Life.NORMAL if status == Life.NORMAL else Life.OTHER


def _calendar(record: Mapping[str, Any], field: Field | None) -> str | None:
    """None unless the row carries the field (D6)."""
    if field is None or field.name not in record:
        return None
    value = record[field.name]
    if value is None:
        return ""
    return field.label(sound(value)).strip() if isinstance(value, str) else None


def _version(record: Mapping[str, Any]) -> tuple[int, str]:
    said = record.get("version") or 0
    digits = ident(said)
    if digits.isdecimal() and int(digits) < _LARGEST:
        return int(digits), ""
    return 0, "its version is no number: nothing can be written safely; tell ShareCRM's support"


def _moment(record: Mapping[str, Any], name: str) -> datetime | None:
    moment = moments.instant(record.get(name))
    return moments.seconds(moment) if moment and reaches(moment) else None
