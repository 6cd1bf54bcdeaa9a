"""Schedules in the friendly shape of seeds and of the control interface's state, to and from records."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from sandbox.seed import CrmEvent
    from sandbox.sharecrm.settings import Settings

_MOMENT = timedelta(milliseconds=1)


def schedule_values(event: CrmEvent, settings: Settings) -> dict[str, Any]:
    """The values by role of a seeded schedule. Raises ValueError for times that cannot be read or run backwards."""
    start, end = _bounds(event, settings)
    if end < start:
        raise ValueError(f"the event {event.id or event.content!r} ends before it starts")
    created = _ms(_moment(event.created, settings.zone)) if event.created else None
    modified = _ms(_moment(event.modified, settings.zone)) if event.modified else created
    return {
        "_id": event.id,
        "content": event.content,
        "start": _ms(start),
        "end": _ms(end),
        "all_day": event.all_day,
        "participants": [event.owner] if event.attendees is None else event.attendees,
        "contacts": event.contacts,
        "calendar": event.calendar,
        "private": event.private,
        "create_time": created,
        "last_modified_time": modified,
        "life_status": event.life_status,
    }


def _bounds(event: CrmEvent, settings: Settings) -> tuple[datetime, datetime]:
    if not event.all_day:
        return _moment(event.start, settings.zone), _moment(event.end, settings.zone)
    start, last = date.fromisoformat(event.start), date.fromisoformat(event.end)
    midnight = datetime.combine(last + timedelta(days=1), time(), settings.zone)
    if settings.end_of_day == "inclusive":
        midnight -= _MOMENT
    return datetime.combine(start, time(), settings.zone), midnight


def plain_event(record: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """A schedule as the control interface shows it: the seed's shape and what became of it."""
    start, end = (datetime.fromtimestamp(record[role] / 1000, zone) for role in ("start", "end"))
    if record["all_day"]:
        shown = start.date().isoformat(), last_day(start, end).isoformat()
    else:
        shown = start.astimezone(UTC).isoformat(), end.astimezone(UTC).isoformat()
    erased = record["is_deleted"]
    return {
        "id": record["_id"],
        "content": record["content"],
        "start": shown[0],
        "end": shown[1],
        "all_day": record["all_day"],
        "owner": record["owner"][0],
        "attendees": list(record.get("participants", [])),
        "contacts": list(record.get("contacts", [])),
        "calendar": record["calendar"],
        "private": record["private"],
        "created": _iso(record["create_time"]),
        "created_by": record["created_by"][0],
        "modified": _iso(record["last_modified_time"]),
        "modified_by": record["last_modified_by"][0],
        "version": record["version"],
        "life_status": "deleted" if erased else record["life_status"],
        "deleted": erased or record["life_status"] == "invalid",
    }


def last_day(start: datetime, end: datetime) -> date:
    """The last day of an all-day event, whichever form its end has."""
    return (end - _MOMENT).date() if end > start else end.date()


def _moment(text: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()
