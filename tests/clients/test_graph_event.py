"""A Graph event as read becomes our row."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calsync.core.codec import from_json, to_json
from calsync.core.model import Mark, OutlookRow, Shape
from calsync.graph import marks
from calsync.graph.event import bare, inherit, outlook_row

FIXTURES = Path(__file__).parent.parent / "fixtures" / "graph"
MARK = Mark("inst", "tenant", "crm/1", "box", 2)


def timed(start: str, end: str, zone: str = "UTC", **more: Any) -> dict[str, Any]:
    at = {"start": {"dateTime": start, "timeZone": zone}, "end": {"dateTime": end, "timeZone": zone}}
    return {"id": "e", "isAllDay": False, **at, **more}


def someone(address: str | None, kind: str = "required") -> dict[str, Any]:
    return {"type": kind, "emailAddress": {"address": address, "name": "N"}}


NOON = timed("2026-03-01T12:00:00.0000000", "2026-03-01T13:00:00.0000000")


@pytest.mark.parametrize(
    ("zone", "start", "expected"),
    [
        ("UTC", "2026-03-01T12:00:00.9999999", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("tzone://Microsoft/Utc", "2026-03-01T12:00:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("China Standard Time", "2026-03-01T12:00:00", datetime(2026, 3, 1, 4, tzinfo=UTC)),
        ("china standard time", "2026-03-01T12:00:00", datetime(2026, 3, 1, 4, tzinfo=UTC)),
        ("Asia/Shanghai", "2026-03-01T12:00:00", datetime(2026, 3, 1, 4, tzinfo=UTC)),
        ("Pacific Standard Time", "2026-07-01T12:00:00", datetime(2026, 7, 1, 19, tzinfo=UTC)),
        ("Europe/Berlin", "2026-03-29T02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # the hour that is not
        ("China Standard Time", "2026-03-01T12:00:00Z", datetime(2026, 3, 1, 4, tzinfo=UTC)),
    ],
)
def test_timed_events_are_instants_to_the_second(zone: str, start: str, expected: datetime) -> None:
    row = outlook_row("box", timed(start, "2026-12-01T12:00:00", zone))
    assert row.problem == ""
    assert row.event.time.start == expected
    assert not row.event.time.all_day


@pytest.mark.parametrize("zone", ["UTC", "China Standard Time", "Nowhere/At all", None])
def test_all_day_events_are_dates_in_whatever_zone_is_named(zone: str | None) -> None:
    raw = timed("2026-03-01T00:00:00.0000000", "2026-03-03T00:00:00.0000000", str(zone), isAllDay=True)
    row = outlook_row("box", raw)
    assert (row.event.time.start, row.event.time.end) == (date(2026, 3, 1), date(2026, 3, 3))
    assert row.event.time.all_day
    assert row.problem == ""


def test_an_all_day_event_without_length_is_one_day() -> None:
    row = outlook_row("box", timed("2026-03-01T00:00:00", "2026-03-01T00:00:00", isAllDay=True))
    assert row.event.time.end == date(2026, 3, 2)


def test_midnight_to_midnight_is_not_all_day() -> None:
    row = outlook_row("box", timed("2026-03-01T00:00:00", "2026-03-02T00:00:00"))
    assert not row.event.time.all_day


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({**NOON, "id": None}, "without an id"),
        ({**NOON, "start": None}, "no start or end"),
        ({**NOON, "end": {"dateTime": "soon", "timeZone": "UTC"}}, "cannot be read"),
        ({**NOON, "end": {"dateTime": None, "timeZone": "UTC"}}, "cannot be read"),
        (timed("2026-03-01T12:00:00", "2026-03-01T13:00:00", "tzone://Microsoft/Custom"), "zone is not known"),
        (timed("2026-03-01T12:00:00", "2026-03-01T11:00:00"), "ends before it starts"),
        (timed("2026-03-02T00:00:00", "2026-03-01T00:00:00", isAllDay=True), "ends before it starts"),
        (timed("0001-01-01T00:00:00", "0001-01-01T00:00:00", "China Standard Time"), "cannot be read"),
        (timed("", "", isAllDay=True), "dates cannot be read"),
    ],
)
def test_what_cannot_be_read_is_a_problem_and_no_exception(raw: dict[str, Any], problem: str) -> None:
    assert problem in outlook_row("box", raw).problem


@pytest.mark.parametrize(
    ("sensitivity", "private"),
    [("normal", False), ("personal", True), ("private", True), ("Confidential", True), (None, False), ("new", False)],
)
def test_private(sensitivity: str | None, private: bool) -> None:
    assert outlook_row("box", {**NOON, "sensitivity": sensitivity}).event.private is private


def test_guests_are_people_with_the_organiser_among_them() -> None:
    raw = {
        **NOON,
        "organizer": someone("Boss@Contoso.example"),
        "isOrganizer": False,
        "attendees": [
            someone(" Ann@Contoso.example "),
            someone("ann@contoso.example", "Optional"),
            someone("room1@contoso.example", "Resource"),
            someone("/o=ExchangeLabs/cn=old"),
            someone(None),
            {"type": "required"},
            None,
        ],
    }
    row = outlook_row("box", raw)
    assert row.event.guests == {"boss@contoso.example", "ann@contoso.example"}
    assert row.event.rooms == {"room1@contoso.example"}
    assert row.organizer == "boss@contoso.example"
    assert not row.is_organizer


def test_nulls_everywhere_are_an_ordinary_event() -> None:
    names = ["subject", "iCalUId", "seriesMasterId", "organizer", "attendees", "isOrganizer", "type", "sensitivity"]
    row = outlook_row("box", {**NOON, **dict.fromkeys(names)})
    assert (row.problem, row.event.title, row.ical_uid, row.organizer) == ("", "", "", "")
    assert (row.shape, row.is_organizer, row.cancelled) == (Shape.SINGLE, True, False)


def test_a_title_is_one_line_with_its_prefix_left_alone() -> None:
    row = outlook_row("box", {**NOON, "subject": " Canceled:  Lunch\r\n with\tAnn 🎉 ", "isCancelled": True})
    assert row.event.title == "Canceled: Lunch with Ann 🎉"
    assert row.cancelled


def test_versions_and_stamps() -> None:
    raw = {
        **NOON,
        "changeKey": "k",
        "createdDateTime": "2026-01-02T03:04:05.1234567Z",
        "lastModifiedDateTime": "2026-01-02T03:04:05+01:00",
    }
    row = outlook_row("box", raw)
    assert row.etag == 'W/"k"'
    assert outlook_row("box", {**raw, "@odata.etag": 'W/"l"'}).etag == 'W/"l"'
    assert row.created == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert row.modified == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"type": "occurrence", "originalStart": "2026-03-01T23:30:00Z"}, date(2026, 3, 2)),
        ({"type": "exception", "originalStart": "2026-03-01T23:30:00Z"}, date(2026, 3, 2)),
        ({"type": "occurrence"}, date(2026, 3, 1)),
        ({"type": "exception"}, None),
        ({"type": "singleInstance", "originalStart": "2026-03-01T23:30:00Z"}, None),
    ],
)
def test_an_occurrences_original_date_is_of_the_series_zone(more: dict[str, Any], expected: date | None) -> None:
    row = outlook_row("box", {**NOON, "originalStartTimeZone": "China Standard Time", **more})
    assert row.original == expected
    assert row.zone == "Asia/Shanghai"


def test_bare_occurrences_inherit_from_their_master() -> None:
    master = {**NOON, "id": "m", "type": "seriesMaster", "subject": "Weekly", "sensitivity": "private"}
    plain = timed("2026-03-08T12:00:00", "2026-03-08T13:00:00", id="o", type="occurrence", seriesMasterId="m")
    del plain["isAllDay"]
    moved = {**plain, "id": "x", "type": "exception", "subject": "Moved"}
    other = {**plain, "id": "y", "seriesMasterId": "elsewhere"}
    rows = {item["id"]: outlook_row("box", item) for item in inherit([plain, moved, other, master])}
    assert (rows["o"].event.title, rows["o"].event.private, rows["o"].shape) == ("Weekly", True, Shape.OCCURRENCE)
    assert rows["o"].event.time.start == datetime(2026, 3, 8, 12, tzinfo=UTC)
    assert (rows["x"].event.title, rows["x"].event.private) == ("Moved", False)
    assert bare(other)
    assert not bare(moved)


@pytest.mark.parametrize(
    ("properties", "mark", "foreign"),
    [
        ([marks.as_property(MARK)], MARK, False),
        ([{"id": marks.MARK_ID.upper(), "value": marks.encode(MARK)}], MARK, False),
        ([{"id": marks.MARK_ID, "value": "torn"}], None, True),
        ([{"id": "String {0} Name Other", "value": "x"}], None, True),
        ([{"id": "String {0} Name Unheard", "value": "x"}], None, False),
        ([marks.as_property(MARK), {"id": "string {0} name other"}], MARK, True),
        ([None, {}], None, False),
        (None, None, False),
    ],
)
def test_marks(properties: object, mark: Mark | None, foreign: bool) -> None:
    raw = {**NOON, "singleValueExtendedProperties": properties}
    row = outlook_row("box", raw, marked=True, foreign_ids=["String {0} Name Other"])
    assert (row.mark, row.foreign, row.marked) == (mark, foreign, True)


text = st.text(max_size=20)


@settings(deadline=None)
@given(st.builds(Mark, text, text, text, text, st.integers(0, 10**6)))
def test_a_mark_comes_back_as_it_was(mark: Mark) -> None:
    value = marks.encode(mark)
    assert marks.decode(value) == mark
    assert value.isascii()
    assert "'" not in value


@settings(deadline=None)
@given(text)
def test_any_text_is_a_mark_or_none(value: str) -> None:
    mark = marks.decode(value)
    assert mark is None or marks.decode(marks.encode(mark)) == mark


NAMES = """id subject start end isAllDay type organizer attendees sensitivity originalStart dateTime timeZone
emailAddress address originalStartTimeZone singleValueExtendedProperties recurrence createdDateTime seriesMasterId"""
keys = st.sampled_from(NAMES.split())
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False),
    st.text(max_size=12),
    st.sampled_from(["9999-12-31T23:59:59.9999999", "0001-01-01T00:00:00", "Asia", "../UTC", "occurrence", "@"]),
)
wire = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=6))


@settings(deadline=None)
@given(st.dictionaries(keys, wire, max_size=12))
def test_no_json_makes_the_reader_raise(raw: dict[str, Any]) -> None:
    row = outlook_row("box", raw, foreign_ids=["x"])
    assert row.mailbox == "box"
    inherit([raw, raw])


def published(name: str, n: int = 0) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())["exchanges"][n]["response"]["body"]
    return body


@pytest.mark.parametrize(
    ("name", "title", "start", "shape"),
    [
        (
            "event-create-timezone-transactionid",
            "Let's go brunch",
            datetime(2017, 4, 15, 18, tzinfo=UTC),
            Shape.SINGLE,
        ),
        ("event-create-weekly-recurring", "Let's go for lunch", datetime(2017, 9, 4, 19, tzinfo=UTC), Shape.MASTER),
        ("event-get-prefer-pacific", "Orientation", datetime(2017, 4, 21, 17, tzinfo=UTC), Shape.SINGLE),
    ],
)
def test_published_events(name: str, title: str, start: datetime, shape: Shape) -> None:
    row = outlook_row("box", published(name))
    assert (row.problem, row.event.title, row.event.time.start, row.shape) == ("", title, start, shape)
    assert row.etag == published(name)["@odata.etag"]
    assert row.organizer in row.event.guests


def test_a_published_delta_page() -> None:
    rows = [outlook_row("box", item) for item in published("calendarview-delta-round")["value"]]
    assert [row.event.title for row in rows] == ["Plan shopping list", "Pick up car"]
    assert {row.shape for row in rows} == {Shape.SINGLE}
    assert not any(row.problem for row in rows)


def test_half_a_character_does_not_stop_a_tenant() -> None:
    """JSON may carry a lone surrogate; no file and no database can hold it."""
    row = outlook_row("box", {"id": "1", "subject": "Deal \ud83d closed"})
    assert row.event.title == "Deal ? closed"
    assert from_json(OutlookRow, to_json(row)) == row
