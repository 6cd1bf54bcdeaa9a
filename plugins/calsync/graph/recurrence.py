"""The recurrence of a Graph series: whether it can be understood, when it changed, and its last day (RULES B6, D3, F1).

The dates themselves come from Graph, as occurrences; a rule is expanded only to learn where "so many times" ends.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Literal

from dateutil.rrule import DAILY, FR, MO, MONTHLY, SA, SU, TH, TU, WE, WEEKLY, YEARLY, rrule

_TYPES: dict[str, Literal[0, 1, 2, 3]] = {
    "daily": DAILY,
    "weekly": WEEKLY,
    "absolutemonthly": MONTHLY,
    "relativemonthly": MONTHLY,
    "absoluteyearly": YEARLY,
    "relativeyearly": YEARLY,
}
"""The values of `recurrencePattern.type` (Graph, "recurrencePattern resource type")."""

_DAYS = {"monday": MO, "tuesday": TU, "wednesday": WE, "thursday": TH, "friday": FR, "saturday": SA, "sunday": SU}

_WHICH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}

_MOST = 999
"""A series that ends after so many times has 1 to 999 dates (Exchange Web Services, "NumberOfOccurrences")."""


def pattern_digest(recurrence: object) -> str:
    """A digest of a `patternedRecurrence` without its hour and without its end, "" when there is none to read.

    A series that merely ends earlier or later has no dates that took the place of others.
    """
    pattern, limits = _parts(recurrence)
    if not pattern:
        return ""
    said = {name: _plain(value) for name, value in sorted(pattern.items())} | {"from": _start(limits)}
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def series_problem(master: Mapping[str, Any]) -> str:
    """Why a series master's dates cannot be understood, "" when they can.

    A zone that nobody knows is no reason: Graph gives each date's instant in UTC (RULES F3).
    """
    pattern, _ = _parts(master.get("recurrence"))
    kind = pattern.get("type")
    if not isinstance(kind, str) or kind.casefold() not in _TYPES:
        return "the series' recurrence is missing or of a kind that calsync does not know"
    return ""


def last_day(recurrence: object) -> date | None:
    """The original date of the last occurrence that a `patternedRecurrence` can have, in its own zone.

    None when it has no end, and when its end cannot be understood.
    """
    pattern, limits = _parts(recurrence)
    kind = _plain(limits.get("type"))
    try:
        start = date.fromisoformat(limits["startDate"])
        if kind == "numbered":
            return _last_of(pattern, start, limits["numberOfOccurrences"])
        end = date.fromisoformat(limits["endDate"])
    except (KeyError, TypeError, ValueError):
        return None
    return end if kind == "enddate" and end >= start else None  # Graph answers the year 1 where there is no end


def _last_of(pattern: Mapping[str, Any], start: date, count: object) -> date:
    """The last of so many dates. Raises KeyError, TypeError or ValueError when the pattern cannot be understood."""
    said = {name: _plain(value) for name, value in pattern.items()}
    kind = str(said["type"])
    options: dict[str, Any] = {"interval": _within(pattern["interval"], _MOST), "count": _within(count, _MOST)}
    if "weekly" in kind or "relative" in kind:
        options |= {"byweekday": [_DAYS[day] for day in _listed(said["daysOfWeek"])]}
    if "weekly" in kind:
        options |= {"wkst": _DAYS[str(said.get("firstDayOfWeek") or "sunday")]}
    if "relative" in kind:
        options |= {"bysetpos": _WHICH[str(said["index"])]}
    if "absolute" in kind:
        options |= _on_day(_within(pattern["dayOfMonth"], 31))
    if "yearly" in kind:
        options |= {"bymonth": _within(pattern["month"], 12)}
    *_, last = rrule(_TYPES[kind], dtstart=datetime.combine(start, time()), **options)
    return last.date()


def _within(value: object, most: int) -> int:
    if not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError("not a number that a recurrence has")
    return value


def _listed(days: object) -> list[str]:
    if not isinstance(days, list) or not days:
        raise ValueError("no days of the week")
    return days


def _on_day(day: int) -> dict[str, Any]:
    """A shorter month has its last day instead, unlike in RFC 5545, which leaves the month out."""
    return {"bymonthday": day} if day <= 28 else {"bymonthday": list(range(28, day + 1)), "bysetpos": -1}


def _parts(recurrence: object) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    if not isinstance(recurrence, Mapping):
        return {}, {}
    pattern, limits = recurrence.get("pattern"), recurrence.get("range")
    return pattern if isinstance(pattern, Mapping) else {}, limits if isinstance(limits, Mapping) else {}


def _start(limits: Mapping[str, Any]) -> str | None:
    start = limits.get("startDate")
    return start if isinstance(start, str) else None


def _plain(value: object) -> object:
    """Graph answers days and kinds in either case, and days in any order. What is no part of a pattern is left out."""
    if isinstance(value, list):
        return sorted(each.casefold() for each in value if isinstance(each, str))
    if isinstance(value, str):
        return value.casefold()
    return value if isinstance(value, int | float) else None
