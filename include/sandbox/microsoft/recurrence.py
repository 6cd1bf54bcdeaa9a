"""Recurring series: Graph's patterned recurrence, checked, completed and expanded into dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from functools import cached_property
from typing import Any, Literal

from dateutil.rrule import DAILY, FR, MO, MONTHLY, SA, SU, TH, TU, WE, WEEKLY, YEARLY, rrule

from sandbox.microsoft.errors import invalid_property, unreadable_body

_DAYS = {
    "monday": MO,
    "tuesday": TU,
    "wednesday": WE,
    "thursday": TH,
    "friday": FR,
    "saturday": SA,
    "sunday": SU,
}
_INDEX = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_FREQUENCY: dict[str, Literal[0, 1, 2, 3, 4, 5, 6]] = {
    "daily": DAILY,
    "weekly": WEEKLY,
    "absoluteMonthly": MONTHLY,
    "relativeMonthly": MONTHLY,
    "absoluteYearly": YEARLY,
    "relativeYearly": YEARLY,
}
_NEEDED = {
    "daily": (),
    "weekly": ("daysOfWeek",),
    "absoluteMonthly": ("dayOfMonth",),
    "relativeMonthly": ("daysOfWeek",),
    "absoluteYearly": ("dayOfMonth", "month"),
    "relativeYearly": ("daysOfWeek", "month"),
}
_RANGES = ("endDate", "noEnd", "numbered")
_NO_DATE = "0001-01-01"


def _one_of(value: Any, allowed: Any, what: str) -> str:
    for name in allowed:
        if isinstance(value, str) and value.lower() == name.lower():
            return str(name)
    raise unreadable_body(f"Requested value '{value}' was not found for {what}.")


def _whole(value: Any, what: str, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise unreadable_body(f"Cannot convert {what} to the expected type 'Edm.Int32'.")
    if not least <= value <= most:
        raise invalid_property(f"{what} must be between {least} and {most}.")
    return value


def _day(value: Any, what: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise unreadable_body(f"Cannot convert {what} to the expected type 'Edm.Date'.") from error


def _pattern(given: dict[str, Any]) -> dict[str, Any]:
    kind = _one_of(given.get("type"), _FREQUENCY, "recurrencePattern/type")
    for name in _NEEDED[kind]:
        if not given.get(name):
            raise invalid_property(f"A pattern of type {kind} needs {name}.")
    return {
        "type": kind,
        "interval": _whole(given.get("interval", 1), "interval", 1, 999),
        "month": _whole(given.get("month") or 0, "month", 0, 12),
        "dayOfMonth": _whole(given.get("dayOfMonth") or 0, "dayOfMonth", 0, 31),
        "daysOfWeek": [_one_of(name, _DAYS, "dayOfWeek") for name in given.get("daysOfWeek") or []],
        "firstDayOfWeek": _one_of(given.get("firstDayOfWeek") or "sunday", _DAYS, "firstDayOfWeek"),
        "index": _one_of(given.get("index") or "first", _INDEX, "weekIndex"),
    }


def _range(given: dict[str, Any], start: date, zone_name: str) -> dict[str, Any]:
    kind = _one_of(given.get("type"), _RANGES, "recurrenceRange/type")
    first = _day(given.get("startDate"), "startDate")
    if first != start:
        raise invalid_property("recurrence.range.startDate must be the date of the event's start.")
    own_zone = given.get("recurrenceTimeZone") or zone_name
    if own_zone != zone_name:
        raise invalid_property("recurrence.range.recurrenceTimeZone must be the time zone of the event.")
    last = _NO_DATE
    if kind == "endDate":
        end = _day(given.get("endDate"), "endDate")
        if end < first:
            raise invalid_property("recurrence.range.endDate lies before its startDate.")
        last = end.isoformat()
    count = _whole(given.get("numberOfOccurrences"), "numberOfOccurrences", 1, 999) if kind == "numbered" else 0
    return {
        "type": kind,
        "startDate": first.isoformat(),
        "endDate": last,
        "recurrenceTimeZone": own_zone,
        "numberOfOccurrences": count,
    }


class Recurrence:
    """A checked recurrence. `shown` is what Graph answers: complete, unused fields filled."""

    def __init__(self, given: Any, start: date, zone_name: str) -> None:
        """Raises GraphError when `given` is no `patternedRecurrence` or does not fit the event's start."""
        if not isinstance(given, dict) or not all(isinstance(given.get(k), dict) for k in ("pattern", "range")):
            raise unreadable_body("recurrence must have a pattern and a range.")
        self.shown: dict[str, dict[str, Any]] = {
            "pattern": _pattern(given["pattern"]),
            "range": _range(given["range"], start, zone_name),
        }
        if self.first is None:
            raise invalid_property("The recurrence has no occurrence.")

    @cached_property
    def _rule(self) -> rrule:
        pattern, limits = self.shown["pattern"], self.shown["range"]
        options: dict[str, Any] = {"interval": pattern["interval"], "wkst": _DAYS[pattern["firstDayOfWeek"]]}
        if pattern["type"] == "weekly":
            options["byweekday"] = [_DAYS[name] for name in pattern["daysOfWeek"]]
        elif pattern["type"].startswith("absolute"):
            options |= _days_of_month(pattern["dayOfMonth"])
        elif pattern["type"].startswith("relative"):
            options["byweekday"] = [_DAYS[name] for name in pattern["daysOfWeek"]]
            options["bysetpos"] = _INDEX[pattern["index"]]
        if pattern["type"].endswith("Yearly"):
            options["bymonth"] = pattern["month"]
        if limits["type"] == "endDate":
            options["until"] = _midnight(date.fromisoformat(limits["endDate"]))
        elif limits["type"] == "numbered":
            options["count"] = limits["numberOfOccurrences"]
        start = _midnight(date.fromisoformat(limits["startDate"]))
        return rrule(_FREQUENCY[pattern["type"]], dtstart=start, cache=True, **options)

    @cached_property
    def first(self) -> date | None:
        found = next(iter(self._rule), None)
        return found.date() if found else None

    def continues(self, other: Recurrence) -> bool:
        """Whether both are one rule from one date on, with the same end or another."""
        mine, others = self.shown, other.shown
        return mine["pattern"] == others["pattern"] and mine["range"]["startDate"] == others["range"]["startDate"]

    def days(self, first: date, last: date) -> list[date]:
        """The original dates from `first` to `last`, both included."""
        return [found.date() for found in self._rule.between(_midnight(first), _midnight(last), inc=True)]

    def has(self, day: date) -> bool:
        return bool(self.days(day, day))

    def before(self, day: date) -> Iterator[date]:
        """The original dates before `day`, nearest first."""
        found = self._rule.before(_midnight(day))
        while found:
            yield found.date()
            found = self._rule.before(found)

    def after(self, day: date) -> Iterator[date]:
        """The original dates after `day`, nearest first."""
        found = self._rule.after(_midnight(day))
        while found:
            yield found.date()
            found = self._rule.after(found)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _days_of_month(day: int) -> dict[str, Any]:
    """Day 29-31 falls on the last day of a shorter month, unlike RFC 5545, which skips it."""
    if day <= 28:
        return {"bymonthday": day}
    return {"bymonthday": list(range(28, day + 1)), "bysetpos": -1}
