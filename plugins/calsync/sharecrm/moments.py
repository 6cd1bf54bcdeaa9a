"""ShareCRM's milliseconds and our Time (RULES F2).

An all-day event is two dates at home in the enterprise's zone. Its end is stored either as the last moment of its last
day or as the midnight after it; both are read, the configured one is written.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from calsync.core.model import Time

EndForm = Literal["inclusive", "exclusive"]

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(value: Any) -> datetime | None:
    """Milliseconds since 1970, as a number or its digits, as an aware UTC time; None for anything else."""
    if value is None or isinstance(value, bool):
        return None
    try:
        return _EPOCH + timedelta(milliseconds=int(value))
    except (TypeError, ValueError, OverflowError):
        return None


def millis(moment: datetime) -> int:
    """The reverse of `instant`, exactly."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def seconds(moment: datetime) -> datetime:
    """`moment` in whole seconds, as moments are compared (C3)."""
    return moment.replace(microsecond=0)


def timed(start: datetime, end: datetime) -> Time:
    return Time(seconds(start), seconds(end))


def all_day(start: datetime, end: datetime, zone: ZoneInfo) -> Time:
    """From `start`'s date to the one that `end` closes, either form."""
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    exclusive = last > first and end == midnight(last, zone)
    return Time(first, last if exclusive else last + _DAY, zone.key)


def fills_days(start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    """Whether a record is all-day by its times alone, for enterprises without an all-day field: the inclusive form.

    From midnight to midnight stays a timed event.
    """
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    return start == midnight(first, zone) and end == midnight(last + _DAY, zone) - timedelta(milliseconds=1)


def bounds(when: Time, zone: ZoneInfo, form: EndForm) -> tuple[int, int]:
    """`when` as ShareCRM stores it: milliseconds of start and end, an all-day end in the form given."""
    if isinstance(when.start, datetime) and isinstance(when.end, datetime):
        return millis(when.start), millis(when.end)
    end = millis(midnight(when.end, zone))
    return millis(midnight(when.start, zone)), end - 1 if form == "inclusive" else end


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of `day` in `zone`, in UTC; where the clocks skip midnight, the moment they do."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
