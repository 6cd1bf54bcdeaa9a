"""Days and clocks for scenarios: when the clocks of a zone change next, and how whole days stand on both sides."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.team import DAY, address

from sandbox.microsoft.zones import zone as graph_zone

WHEN = {"when clocks go forward": 1, "when clocks go back": -1, "on ordinary days": 0}


def around(zone: str, when: str) -> tuple[date, date]:
    """Three days, first and last, with the next such change of the zone's clocks on the second; see WHEN."""
    today = datetime.now(UTC).date()
    days = (today + timedelta(days=n) for n in range(2, 368))
    wanted = WHEN[when]
    change = next(day for day in days if wanted in (0, _forward(zone, day)))
    return change - timedelta(days=1), change + timedelta(days=1)


def _forward(zone: str, day: date) -> int:
    """1 when the clocks of a zone go forward on a day, -1 when they go back, else 0."""
    night, next_night = (datetime.combine(d, time(), ZoneInfo(zone)) for d in (day, day + timedelta(days=1)))
    before, after = (night.utcoffset() or timedelta()), (next_night.utcoffset() or timedelta())
    return (after > before) - (after < before)


def whole(first: date, last: date) -> dict[str, Any]:
    """Times of a planted all-day ShareCRM record."""
    return {"start": first.isoformat(), "end": last.isoformat(), "all_day": True}


def graph_days(first: date, last: date, zone: str = "UTC") -> dict[str, Any]:
    """Times of an all-day Outlook event, its end exclusive."""
    end = last + timedelta(days=1)
    return {
        "isAllDay": True,
        "start": {"dateTime": f"{first}T00:00:00", "timeZone": zone},
        "end": {"dateTime": f"{end}T00:00:00", "timeZone": zone},
    }


def graph_times(start: datetime, end: datetime, zone: str = "UTC", end_zone: str = "") -> dict[str, Any]:
    """Times of a timed Outlook event: two instants, each in a zone of its own."""
    return {
        "isAllDay": False,
        "start": {"dateTime": _wall(start, zone), "timeZone": zone},
        "end": {"dateTime": _wall(end, end_zone or zone), "timeZone": end_zone or zone},
    }


def _wall(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S")


def plant_in_outlook(owner: str, title: str, times: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A planted Outlook event of one person with these times."""
    return {"mailbox": address(owner), "subject": title, **times, **more}


def hour(hours: float, minutes: float = 0) -> datetime:
    return DAY + timedelta(hours=hours, minutes=minutes)


def event_days(event: dict[str, Any]) -> tuple[date, date]:
    """First and last day of an all-day Outlook event."""
    assert event["isAllDay"]
    first, end = (date.fromisoformat(event[name]["dateTime"][:10]) for name in ("start", "end"))
    return first, end - timedelta(days=1)


def event_times(event: dict[str, Any]) -> tuple[datetime, datetime]:
    """Start and end of a timed Outlook event, to the second."""
    assert not event["isAllDay"]
    start, end = (datetime.fromisoformat(event[name]["dateTime"][:19]) for name in ("start", "end"))
    return start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)


def record_days(record: dict[str, Any]) -> tuple[date, date]:
    """First and last day of an all-day ShareCRM record."""
    assert record["all_day"]
    return date.fromisoformat(record["start"]), date.fromisoformat(record["end"])


def record_times(record: dict[str, Any]) -> tuple[datetime, datetime]:
    """Start and end of a timed ShareCRM record."""
    assert not record["all_day"]
    return datetime.fromisoformat(record["start"]), datetime.fromisoformat(record["end"])


def written_in(event: dict[str, Any], zone: str) -> bool:
    """Whether an Outlook event was written in a zone, or in one of another name that has the same clocks."""
    noon = datetime.fromisoformat(event["start"]["dateTime"][:10]) + timedelta(hours=12)
    found = graph_zone(event["originalStartTimeZone"])
    return noon.replace(tzinfo=found).utcoffset() == noon.replace(tzinfo=ZoneInfo(zone)).utcoffset()


def whole_record(first: date, last: date) -> dict[str, Any]:
    """Start, end and all-day as ShareCRM's people save them: the last day up to its last moment."""
    end = midnight(last + timedelta(days=1)) - timedelta(milliseconds=1)
    return {"start": midnight(first), "end": end, "all_day": True}


def midnight(day: date, zone: str = "Asia/Shanghai") -> datetime:
    """When a day begins in the company's zone."""
    return datetime.combine(day, time(), ZoneInfo(zone))
