"""A ScheduleObj record as ours: titles, times, people, life, and what cannot be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from clients.sharecrm_support import CLASSIC, shape
from hypothesis import given
from hypothesis import strategies as st

from calsync.core.model import CrmRow, Life, Time
from calsync.core.text import squeeze
from calsync.sharecrm import moments
from calsync.sharecrm.describe import Field
from calsync.sharecrm.schedule import Shape, to_row
from calsync.sharecrm.text import plain, written

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(*parts: int, zone: Any = UTC) -> int:
    return moments.millis(datetime(*parts, tzinfo=zone))  # type: ignore[misc]


def record(**more: Any) -> dict[str, Any]:
    return {
        "_id": "5f00000000000000000000a1",
        "version": "18",
        "owner": ["1001"],
        "life_status": "normal",
        "is_deleted": False,
        "create_time": at(2026, 5, 1, 8),
        "last_modified_time": at(2026, 5, 2, 8) + 999,
        "schedule_content": "Visit",
        "begin_time": at(2026, 5, 4, 9),
        "end_time": at(2026, 5, 4, 10),
        "is_full_date": False,
        "attenders": ["1002", "1001"],
        "related_contacts": ["c1"],
        "is_private": False,
        "calendar": "Sales calendar",
        **more,
    }


def row(where: Shape | None = None, **more: Any) -> CrmRow:
    return to_row(record(**more), where or shape())


def test_an_ordinary_record() -> None:
    read = row()
    assert (read.id, read.version, read.owner, read.life) == ("5f00000000000000000000a1", 18, "1001", Life.NORMAL)
    assert (read.calendar, read.problem) == ("Sales calendar", "")
    assert read.modified == datetime(2026, 5, 2, 8, tzinfo=UTC)
    assert read.event is not None
    assert read.event.title == "Visit"
    assert read.event.time == Time(datetime(2026, 5, 4, 9, tzinfo=UTC), datetime(2026, 5, 4, 10, tzinfo=UTC))
    assert read.event.attendees == {"1001", "1002"}
    assert read.event.contacts == {"c1"}
    assert not read.event.private


@pytest.mark.parametrize("empty", [None, "", []])
def test_the_owner_attends_even_where_nobody_is_named(empty: Any) -> None:
    event = row(attenders=empty, related_contacts=empty).event
    assert event is not None
    assert (event.attendees, event.contacts) == ({"1001"}, frozenset())


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("  Visit \n", "Visit"),
        ("a < b and c > d", "a < b and c > d"),
        ("R&amp;D is not markup", "R&amp;D is not markup"),
        ("拜访客户 🎉👩🏽‍💻", "拜访客户 🎉👩🏽‍💻"),
        ("<p>Visit&nbsp;R&amp;D</p><p>then   lunch</p>", "Visit R&D\nthen lunch"),
        ("<div>One<br>two<ul><li>three</li></ul></div>", "One\ntwo\nthree"),
        ('<p>Plan <img src="https://x.test/a.png"> here</p>', "Plan here"),
        ('Read <a href="https://x.test/offer.PDF?v=1">offer.PDF</a> first', "Read first"),
        ('See <a href="/FSC/EM/File/GetByPath?path=N_1">the drive</a><br/>now', "See\nnow"),
        ('On <a href="https://x.test/agenda">the site</a>', "On the site"),
        ("<p>Shown</p><style>p {}</style><!-- hidden --><script>x()</script>", "Shown"),
        ("<p><b></b></p>", ""),
        ("<p>" + "<span>" * 2000 + "deep" + "</span>" * 2000, "deep"),
        (None, ""),
    ],
)
def test_the_title_is_the_plain_words_of_the_content(content: str | None, title: str) -> None:
    event = row(schedule_content=content).event
    assert event is not None
    assert event.title == title


titles = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n"), max_size=60)


@given(titles, st.sampled_from(["", "words", '<p>old <img src="a.png"/></p>', "<b>x</b>"]), st.booleans())
def test_what_was_written_reads_as_what_it_was(title: str, before: str, rich: bool) -> None:
    assert squeeze(plain(written(title, before, rich), rich)) == squeeze(title)


@pytest.mark.parametrize("title", ["Use the <br> tag", "<p>", "</div> & <b>x</b>"])
def test_a_title_that_looks_like_markup_survives_in_a_plain_field(title: str) -> None:
    assert plain(written(title)) == title


def test_a_new_title_keeps_the_files_of_the_content() -> None:
    before = '<p>Old <img src="map.png"/> <a href="https://x.test/offer.pdf">offer</a></p>'
    after = written("New", before)
    assert '<img src="map.png"/>' in after
    assert "offer.pdf" in after
    assert plain(after) == "New"


@pytest.mark.parametrize(
    ("content", "dropped"),
    [
        ("Visit", 0),
        ('<p>Plan <img src="a.png"/></p>', 1),
        ('<img src="a.png"/> <a href="https://x.test/offer.pdf"><img src="b.png"/></a>', 2),
        ('On <a href="https://x.test/agenda">the site</a>', 0),
    ],
)
def test_what_is_dropped_from_the_content_is_counted(content: str, dropped: int) -> None:
    assert row(schedule_content=content).dropped == dropped


def all_day(start: int, end: int, zone: str = "Asia/Shanghai") -> Time:
    event = row(shape(time_zone=zone), is_full_date=True, begin_time=start, end_time=end).event
    assert event is not None
    return event.time


@pytest.mark.parametrize(
    "end",
    [
        at(2026, 5, 5, 23, 59, 59, zone=SHANGHAI),
        at(2026, 5, 5, 23, 59, 59, zone=SHANGHAI) + 999,
        at(2026, 5, 6, zone=SHANGHAI),
        at(2026, 5, 5, 18, zone=SHANGHAI),
    ],
)
def test_all_day_becomes_dates_from_either_end_form(end: int) -> None:
    assert all_day(at(2026, 5, 4, zone=SHANGHAI), end) == Time(date(2026, 5, 4), date(2026, 5, 6))


def test_an_all_day_event_that_ends_as_it_starts_is_one_day() -> None:
    midnight = at(2026, 5, 4, zone=SHANGHAI)
    assert all_day(midnight, midnight) == Time(date(2026, 5, 4), date(2026, 5, 5))


@given(
    st.dates(date(2000, 1, 2), date(2040, 1, 1)),
    st.integers(1, 400),
    st.sampled_from(["Asia/Shanghai", "America/Sao_Paulo", "Asia/Beirut", "Europe/Berlin", "America/New_York"]),
    st.sampled_from(["inclusive", "exclusive"]),
)
def test_dates_go_to_sharecrm_and_back_in_every_zone_and_form(first: date, days: int, zone: str, form: Any) -> None:
    when = Time(first, date.fromordinal(first.toordinal() + days))
    start, end = moments.bounds(when, ZoneInfo(zone), form)
    assert all_day(start, end, zone) == when


@given(st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))
def test_instants_go_there_and_back_to_the_second(start: datetime) -> None:
    start = start.replace(microsecond=0)
    low, high = moments.bounds(Time(start, start), SHANGHAI, "inclusive")
    event = row(begin_time=low, end_time=str(high + 999)).event
    assert event is not None
    assert event.time == Time(start, start)


def test_midnight_to_midnight_is_not_all_day_unless_it_says_so() -> None:
    bare = shape(replace(CLASSIC, all_day=None))
    start, end = at(2026, 5, 4, zone=SHANGHAI), at(2026, 5, 5, zone=SHANGHAI)
    for where, last, whole in ((shape(), end, False), (bare, end, False), (bare, end - 1, True)):
        event = row(where, begin_time=start, end_time=last).event
        assert event is not None
        assert event.time.all_day is whole


@pytest.mark.parametrize(
    ("life", "more"),
    [
        (Life.NORMAL, {"life_status": None}),
        (Life.INVALID, {"life_status": "invalid"}),
        (Life.INVALID, {"is_deleted": True}),
        (Life.OTHER, {"life_status": "ineffective"}),
        (Life.OTHER, {"life_status": "in_change"}),
    ],
)
def test_life(life: Life, more: dict[str, Any]) -> None:
    assert row(**more).life is life


def test_the_calendar_is_believed_only_when_the_row_carries_it() -> None:
    bare = {name: value for name, value in record().items() if name != "calendar"}
    assert to_row(bare, shape()).calendar is None
    assert row(calendar=None).calendar == ""
    coded = replace(CLASSIC, calendar=Field("calendar", "select_one", (("opt_7", "Sales calendar"),)))
    assert row(shape(coded), calendar="opt_7").calendar == "Sales calendar"


def test_a_choice_of_privacy_is_read_by_its_values() -> None:
    choice = replace(
        CLASSIC, private=Field("scope", "select_one"), private_values=("private", "secret"), public_value="public"
    )
    for value, private in (("private", True), ("secret", True), ("public", False), (None, False)):
        event = row(shape(choice), scope=value).event
        assert event is not None
        assert event.private is private


@pytest.mark.parametrize(
    ("more", "problem", "readable"),
    [
        ({"begin_time": None}, "start or end is missing", False),
        ({"end_time": "soon"}, "start or end is missing", False),
        ({"end_time": 10**30}, "start or end is missing", False),
        ({"is_full_date": True, "end_time": 253402300799999}, "beyond the calendar", False),
        ({"end_time": at(2026, 5, 4, 8)}, "ends before it starts", True),
        ({"version": "x"}, "version is no number", True),
    ],
)
def test_what_cannot_be_read_is_a_problem_and_no_exception(more: dict[str, Any], problem: str, readable: bool) -> None:
    read = row(**more)
    assert problem in read.problem
    assert (read.event is not None) is readable
    assert "Visit" not in read.problem
