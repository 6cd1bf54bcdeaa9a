"""Moments, times and counts in words for people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

SIDES: Final = {"crm": "ShareCRM", "outlook": "Outlook"}

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def moment(iso: str | datetime | None) -> str:
    """An instant or a date for people: `Mon 23 Nov 2026, 09:00 UTC`. What is neither is shown as it is."""
    if iso is None or iso == "":
        return ""
    try:
        if isinstance(iso, str) and len(iso) == len("2026-11-23"):
            return f"{date.fromisoformat(iso):%a %d %b %Y}, all day"
        at = datetime.fromisoformat(iso) if isinstance(iso, str) else iso
    except ValueError:
        return str(iso)
    return f"{at.astimezone(UTC):%a %d %b %Y, %H:%M} UTC" if at.tzinfo else f"{at:%a %d %b %Y, %H:%M}"


def duration(seconds: float | None) -> str:
    """How long a stage took, for people."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def span(seconds: float) -> str:
    """A span of time in one unit, for people: `40 s`, `12 min`, `5 h`, `3 days`."""
    if seconds < _MINUTE:
        return f"{max(0, int(seconds))} s"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min"
    if seconds < 2 * _DAY:
        return f"{int(seconds // _HOUR)} h"
    return f"{int(seconds // _DAY)} days"


def ago(at: datetime | None, now: datetime) -> str:
    """How long ago something was, or in how long it will be; "" of None."""
    if at is None:
        return ""
    seconds = (now - at).total_seconds()
    return f"{span(seconds)} ago" if seconds >= 0 else f"in {span(-seconds)}"


def counted(number: int, one: str, many: str = "") -> str:
    """`1 meeting`, `1,200 meetings`. many: the plural where it is not `one` with an s."""
    return f"1 {one}" if number == 1 else f"{number:,} {many or one + 's'}"
