"""A series' recurrence: what counts as another pattern, and what nobody can read (B6, F1)."""

from __future__ import annotations

from typing import Any

import pytest

from calsync.core.model import Shape
from calsync.graph.event import inherit, outlook_row
from calsync.graph.recurrence import pattern_digest, series_problem

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
