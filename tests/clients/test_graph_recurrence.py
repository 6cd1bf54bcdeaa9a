"""A series' recurrence: what counts as another pattern, and what nobody can read (B6, F1)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from calsync.core.model import Shape
from calsync.graph.event import inherit, outlook_row
from calsync.graph.recurrence import last_day, pattern_digest, series_problem

WEEKLY: dict[str, Any] = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday", "friday"], "firstDayOfWeek": "sunday"},
    "range": {"type": "noEnd", "startDate": "2026-03-02", "endDate": "0001-01-01", "recurrenceTimeZone": "UTC"},
}


def changed(part: str, **more: Any) -> dict[str, Any]:
    return {**WEEKLY, part: {**WEEKLY[part], **more}}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (changed("range", type="endDate", endDate="2026-05-01"), True),
        (changed("range", type="numbered", numberOfOccurrences=4), True),
        (changed("pattern", daysOfWeek=["Friday", "Monday"], type="Weekly"), True),
        (changed("pattern", daysOfWeek=["monday"]), False),
        (changed("pattern", interval=2), False),
        (changed("range", startDate="2026-03-03"), False),
    ],
)
def test_a_pattern_is_another_when_its_dates_are_and_not_when_it_only_ends_elsewhere(
    other: dict[str, Any], same: bool
) -> None:
    assert (pattern_digest(WEEKLY) == pattern_digest(other)) is same


@pytest.mark.parametrize("nothing", [None, {}, [], {"pattern": None}, {"pattern": "weekly"}])
def test_what_is_no_recurrence_has_no_digest(nothing: object) -> None:
    assert pattern_digest(nothing) == ""


@pytest.mark.parametrize(
    ("more", "readable"),
    [
        ({}, True),
        ({"originalStartTimeZone": "Tonga Standard Time"}, True),
        ({"originalStartTimeZone": "tzone://Microsoft/Custom"}, True),
        ({"originalStartTimeZone": "Nowhere", "recurrence": changed("range", recurrenceTimeZone="Nowhere")}, True),
        ({"recurrence": changed("pattern", type="hourly")}, False),
        ({"recurrence": None}, False),
        ({"recurrence": {"pattern": [], "range": {}}}, False),
    ],
)
def test_a_series_that_cannot_be_understood_says_why(more: dict[str, Any], readable: bool) -> None:
    master = {"id": "m", "type": "seriesMaster", "recurrence": WEEKLY, **more}
    assert (series_problem(master) == "") is readable
    times = {name: {"dateTime": "2026-03-02T10:00:00", "timeZone": "UTC"} for name in ("start", "end")}
    assert (outlook_row("box", {**times, **master}).problem == "") is readable


def test_dates_have_their_series_pattern_and_identity() -> None:
    times = {name: {"dateTime": "2026-03-02T10:00:00", "timeZone": "UTC"} for name in ("start", "end")}
    master = {**times, "id": "m", "type": "seriesMaster", "recurrence": WEEKLY, "iCalUId": "uid", "isDraft": True}
    plain = {**times, "id": "o", "type": "occurrence", "seriesMasterId": "m"}
    moved = {**plain, "id": "x", "type": "exception", "subject": "Moved", "iCalUId": "its own"}
    rows = {row.id: row for row in (outlook_row("box", raw) for raw in inherit([plain, moved, master]))}
    assert {row.pattern for row in rows.values()} == {pattern_digest(WEEKLY)}
    assert [rows[id_].shape for id_ in "omx"] == [Shape.OCCURRENCE, Shape.MASTER, Shape.EXCEPTION]
    assert (rows["o"].ical_uid, rows["o"].draft, rows["x"].ical_uid) == ("uid", True, "its own")


def times(count: object, **pattern: Any) -> dict[str, Any]:
    """So many times from Monday, 2 March 2026."""
    unused = {"month": 0, "dayOfMonth": 0, "firstDayOfWeek": "sunday", "index": "first", "daysOfWeek": []}
    limits = {"type": "numbered", "startDate": "2026-03-02", "numberOfOccurrences": count, "endDate": "0001-01-01"}
    return {"pattern": {**unused, "interval": 1, **pattern}, "range": limits}


FORTNIGHT: dict[str, Any] = {"type": "weekly", "interval": 2, "daysOfWeek": ["sunday", "monday"]}


@pytest.mark.parametrize(
    ("recurrence", "last"),
    [
        (changed("range", type="endDate", endDate="2026-05-01"), date(2026, 5, 1)),
        (times(5, type="daily", interval=3), date(2026, 3, 14)),
        (times(4, type="weekly", daysOfWeek=["Monday", "friday"]), date(2026, 3, 13)),
        (times(2, **FORTNIGHT), date(2026, 3, 15)),
        (times(2, **FORTNIGHT, firstDayOfWeek="monday"), date(2026, 3, 8)),
        (times(12, type="absoluteMonthly", dayOfMonth=31), date(2027, 2, 28)),
        (times(2, type="relativeMonthly", daysOfWeek=["friday"], index="last"), date(2026, 4, 24)),
        (times(2, type="absoluteYearly", dayOfMonth=29, month=2), date(2028, 2, 29)),
        (times(2, type="relativeYearly", daysOfWeek=["monday"], index="first", month=4), date(2027, 4, 5)),
    ],
)
def test_the_last_day_of_a_rule(recurrence: dict[str, Any], last: date) -> None:
    assert last_day(recurrence) == last


@pytest.mark.parametrize(
    "recurrence",
    [
        WEEKLY,
        None,
        changed("range", type="endDate"),
        changed("range", type="endDate", endDate="soon"),
        times(0, type="daily"),
        times("5", type="daily"),
        times(5, type="daily", interval=0),
        times(5, type="weekly"),
        times(5, type="weekly", daysOfWeek=["someday"]),
        times(5, type="weekly", daysOfWeek=["monday"], firstDayOfWeek="someday"),
        times(5, type="relativeMonthly", daysOfWeek=["monday"], index="fifth"),
        times(5, type="absoluteMonthly", dayOfMonth=32),
        times(5, type="absoluteYearly", dayOfMonth=1, month=0),
        times(5, type="hourly"),
        {"pattern": {"interval": 1}, "range": {"type": "numbered", "numberOfOccurrences": 2}},
    ],
)
def test_a_rule_without_an_end_or_with_one_that_nobody_understands_has_no_last_day(recurrence: object) -> None:
    assert last_day(recurrence) is None
