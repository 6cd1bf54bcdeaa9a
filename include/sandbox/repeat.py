"""How often a series repeats, said as people say it; the event that it is given to says when it begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Repeat:
    """A rule without a beginning: `count` dates, or up to `until`, or without an end."""

    pattern: dict[str, Any] = field(default_factory=dict)
    count: int | None = None
    until: date | None = None

    def starting(self, day: date) -> dict[str, Any]:
        """Graph's `patternedRecurrence` of a series whose first date is `day`."""
        on_that_day: dict[str, dict[str, Any]] = {
            "weekly": {"daysOfWeek": [_DAYS[day.weekday()]]},
            "absoluteMonthly": {"dayOfMonth": day.day},
        }
        return {"pattern": on_that_day.get(self.pattern["type"], {}) | self.pattern, "range": self._range(day)}

    def _range(self, day: date) -> dict[str, Any]:
        begun = {"startDate": day.isoformat()}
        if self.count is not None:
            return {"type": "numbered", "numberOfOccurrences": self.count, **begun}
        if self.until is not None:
            return {"type": "endDate", "endDate": self.until.isoformat(), **begun}
        return {"type": "noEnd", **begun}


def daily(count: int | None = None, *, every: int = 1, until: date | None = None) -> Repeat:
    return Repeat({"type": "daily", "interval": every}, count, until)


def weekly(count: int | None = None, *days: str, every: int = 1, until: date | None = None) -> Repeat:
    """On `days` (monday, ...); on that of the first date when none is named."""
    on = {"daysOfWeek": list(days)} if days else {}
    return Repeat({"type": "weekly", "interval": every, **on}, count, until)


def monthly(count: int | None = None, *, every: int = 1, until: date | None = None) -> Repeat:
    """On the day of the month of the first date."""
    return Repeat({"type": "absoluteMonthly", "interval": every}, count, until)
