"""A Graph event as read becomes an OutlookRow: normalised, tolerant of nulls, never an exception.

Graph promises no property but `id`: every other may be null or absent in practice, and what cannot be understood
becomes the row's `problem`, a sentence. Times are asked for in UTC; all-day digits are dates and keep whatever zone
they were written in, so only their date part counts (RULES F2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from calsync.core.model import Event, OutlookRow, Shape, Time
from calsync.core.reach import reaches
from calsync.core.text import ident, sound
from calsync.graph import marks, zones
from calsync.graph.recurrence import pattern_digest, series_problem

_SHAPES = {
    "singleinstance": Shape.SINGLE,
    "seriesmaster": Shape.MASTER,
    "occurrence": Shape.OCCURRENCE,
    "exception": Shape.EXCEPTION,
}
_PRIVATE = {"private", "personal", "confidential"}
_SENSITIVITIES = _PRIVATE | {"normal", ""}
_FORMS: dict[str, type] = {
    "subject": str,
    "type": str,
    "sensitivity": str,
    "iCalUId": str,
    "seriesMasterId": str,
    "isAllDay": bool,
    "isCancelled": bool,
    "isDraft": bool,
    "isOrganizer": bool,
    "organizer": Mapping,
    "attendees": list,
}
"""The form of what decides about an event, where it is not null. In another form it is not understood."""
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_LONGEST_ADDRESS = 320
_FRACTION = re.compile(r"\.\d+")
_NO_TIME = Time(date.min, date.min)
"""The time of an event whose own cannot be read; such a row bears a problem and nobody looks at it."""

_INHERITED = (
    "subject",
    "isAllDay",
    "isOrganizer",
    "isCancelled",
    "organizer",
    "attendees",
    "sensitivity",
    "originalStartTimeZone",
    "iCalUId",
    "isDraft",
    "createdDateTime",
    "lastModifiedDateTime",
)
"""What a bare occurrence has from its master; an exception says it by itself."""

_RECURRENCE = "seriesRecurrence"
"""Where `inherit` keeps the master's recurrence on a date of it; Graph has no property of that name."""


def outlook_row(
    mailbox: str, raw: Mapping[str, Any], *, marked: bool = False, foreign_ids: Sequence[str] = ()
) -> OutlookRow:
    """The row of a raw event read from `mailbox` (object id).

    :param marked: whether the properties were asked for; Graph leaves the key out when there are none.
    :param foreign_ids: ids of other tools' extended properties (RULES B3).
    """
    time, problem = _time(raw)
    mark, foreign = marks.read(raw, foreign_ids)
    zone = zones.iana(_text(raw, "originalStartTimeZone"))
    shape = _shape(raw)
    problem = problem or _misread(raw)
    if shape is Shape.MASTER:
        problem = problem or series_problem(raw)
    organizer = address(raw.get("organizer"))
    return OutlookRow(
        mailbox=mailbox,
        id=ident(raw.get("id")),
        etag=_text(raw, "@odata.etag") or (f'W/"{key}"' if (key := _text(raw, "changeKey")) else ""),
        event=Event(
            title=" ".join(_text(raw, "subject").split()),
            time=time,
            private=_text(raw, "sensitivity").casefold() in _PRIVATE,
            guests=frozenset({organizer, *_attendees(raw, rooms=False)} - {""}),
            rooms=frozenset(_attendees(raw, rooms=True) - {""}),
        ),
        shape=shape,
        ical_uid=_text(raw, "iCalUId"),
        master=_text(raw, "seriesMasterId"),
        original=_original(raw, shape, zone, time),
        pattern=pattern_digest(raw.get("recurrence") or raw.get(_RECURRENCE)) if shape is not Shape.SINGLE else "",
        organizer=organizer,
        is_organizer=raw.get("isOrganizer") is not False,
        cancelled=raw.get("isCancelled") is True,
        draft=raw.get("isDraft") is True,
        created=_stamp(_text(raw, "createdDateTime")),
        modified=_stamp(_text(raw, "lastModifiedDateTime")),
        zone=zone,
        mark=mark,
        marked=marked,
        foreign=foreign,
        problem=problem,
    )


def inherit(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Raw events in which bare occurrences have what their series master, if among `items`, tells (RULES F1).

    Delta gives an occurrence with no more than its id, master, start and end. Every date has its series' recurrence.
    """
    given = [dict(item) for item in items]
    masters = {_text(item, "id"): item for item in given if _shape(item) is Shape.MASTER}
    return [_completed(item, masters.get(_text(item, "seriesMasterId"))) for item in given]


def bare(raw: Mapping[str, Any]) -> bool:
    """Whether a raw event lacks its own title, so that it has to inherit or to be read by id."""
    return "subject" not in raw


def address(recipient: object) -> str:
    """The lower-case SMTP address of an organizer or attendee, "" when it has none that can be mailed (RULES E4)."""
    holder = recipient.get("emailAddress") if isinstance(recipient, Mapping) else None
    text = holder.get("address") if isinstance(holder, Mapping) else None
    text = text.strip().lower() if isinstance(text, str) else ""
    return text if len(text) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(text) and sound(text) == text else ""


def _completed(item: dict[str, Any], master: dict[str, Any] | None) -> dict[str, Any]:
    shape = _shape(item)
    if not master or shape not in (Shape.OCCURRENCE, Shape.EXCEPTION):
        return item
    known = {_RECURRENCE: master.get("recurrence")}
    if shape is Shape.OCCURRENCE:
        known |= {name: master[name] for name in _INHERITED if name in master}
    return {**known, **item}


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    return sound(value) if isinstance(value, str) else ""


def _misread(raw: Mapping[str, Any]) -> str:
    """Why what Graph says of an event cannot be understood, "" when it can; nothing is concluded from such a row."""
    for name, form in _FORMS.items():
        if not isinstance(raw.get(name), form | None):
            return f"Graph gave {name} in a form that calsync does not know"
    if _text(raw, "type").casefold() not in {"", *_SHAPES}:
        return "Graph gave an event of a type that calsync does not know"
    if _text(raw, "sensitivity").casefold() not in _SENSITIVITIES:
        return "the event has a sensitivity that calsync does not know"
    if any(raw.get(name) and not ident(raw[name]) for name in ("iCalUId", "seriesMasterId")):
        return "Graph gave an id that can be none"
    if not all(isinstance(each, Mapping | None) for each in raw.get("attendees") or []):
        return "Graph gave attendees in a form that calsync does not know"
    return ""


def _shape(raw: Mapping[str, Any]) -> Shape:
    shape = _SHAPES.get(_text(raw, "type").casefold())
    if shape is not None:
        return shape
    if isinstance(raw.get("recurrence"), Mapping):
        return Shape.MASTER
    return Shape.OCCURRENCE if _text(raw, "seriesMasterId") else Shape.SINGLE


def _attendees(raw: Mapping[str, Any], *, rooms: bool) -> set[str]:
    """The addresses of the people, or of the rooms and equipment, which are no people (RULES E4); "" for unusable."""
    attendees = raw.get("attendees")
    return {
        address(attendee)
        for attendee in (attendees if isinstance(attendees, list) else [])
        if isinstance(attendee, Mapping) and (_text(attendee, "type").casefold() == "resource") is rooms
    }


def _time(raw: Mapping[str, Any]) -> tuple[Time, str]:
    """The event's time and "", or a stand-in and why there is none."""
    if not ident(raw.get("id")):
        return _NO_TIME, "Graph gave this event without an id"
    if raw.get("isAllDay") is True:
        return _all_day(raw)
    start, end = _instant(raw.get("start")), _instant(raw.get("end"))
    if isinstance(start, str) or isinstance(end, str):
        return _NO_TIME, start if isinstance(start, str) else str(end)
    if end < start:
        return _NO_TIME, "the event ends before it starts"
    return Time(start, end, zones.iana(_text(raw, "originalStartTimeZone"))), ""


def _all_day(raw: Mapping[str, Any]) -> tuple[Time, str]:
    start, end = _day(raw.get("start")), _day(raw.get("end"))
    if start is None or end is None:
        return _NO_TIME, "the event's dates cannot be read"
    if end < start:
        return _NO_TIME, "the event ends before it starts"
    if end == start:
        end = start + timedelta(days=1)
    return Time(start, end, zones.iana(_text(raw, "originalStartTimeZone"))), ""


def _day(value: object) -> date | None:
    text = _text(value, "dateTime") if isinstance(value, Mapping) else ""
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return day if reaches(day) else None


def _instant(value: object) -> datetime | str:
    """A `dateTimeTimeZone` as an instant in UTC, whole seconds, or the sentence that says why it is none."""
    if not isinstance(value, Mapping):
        return "the event has no start or end"
    moment = _wall(_text(value, "dateTime"))
    if moment is None:
        return "the event's start or end cannot be read"
    zone = zones.zone(_text(value, "timeZone") or "UTC")
    if zone is None:
        return "the event's time zone is not known"
    return moment.replace(tzinfo=zone).astimezone(UTC)


def _wall(text: str) -> datetime | None:
    """A wall time without zone, to the second; an offset that stands there against the documentation is dropped."""
    try:
        moment = datetime.fromisoformat(_FRACTION.sub("", text)).replace(tzinfo=None)
    except ValueError:
        return None
    return moment if reaches(moment) else None


def _stamp(text: str) -> datetime | None:
    """A UTC stamp with up to seven digits of a second, to the second."""
    try:
        moment = datetime.fromisoformat(_FRACTION.sub("", text))
    except ValueError:
        return None
    if not reaches(moment):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _original(raw: Mapping[str, Any], shape: Shape, zone: str, time: Time) -> date | None:
    """The original date of an occurrence, in the series' zone (RULES B6): an evening's UTC date would be another."""
    if shape not in (Shape.OCCURRENCE, Shape.EXCEPTION):
        return None
    moment = _stamp(_text(raw, "originalStart"))
    if moment is None and shape is Shape.OCCURRENCE and time is not _NO_TIME:
        if not isinstance(time.start, datetime):
            return time.start
        moment = time.start
    if moment is None:
        return None
    return moment.astimezone(zones.zone(zone) or UTC).date()
