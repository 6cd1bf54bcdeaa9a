"""When a backfill's runs take place, and for which days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pendulum
import pytest
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.timetables.base import DataInterval, TimeRestriction

from calsync.operators.runs import _interval
from calsync.timetables import LocalDays


def at(text: str) -> pendulum.DateTime:
    return pendulum.instance(datetime.fromisoformat(text))


def backfilled(zone: str, start: str, end: str) -> list[DataInterval]:
    """The data intervals that Airflow finds for a backfill from `start` to `end`, as its own loop does."""
    table, found = LocalDays(zone), list[DataInterval]()
    restriction = TimeRestriction(at(start), at(end), catchup=True)
    last = None
    while info := table.next_dagrun_info(last_automated_data_interval=last, restriction=restriction):
        assert info.data_interval is not None
        assert info.run_after == info.data_interval.end
        found.append(last := info.data_interval)
    return found


def local(zone: str, interval: DataInterval) -> list[str]:
    return [moment.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M") for moment in interval]


@pytest.mark.parametrize(
    ("zone", "start", "end", "days"),
    [
        pytest.param("UTC", "2026-11-18T00:00Z", "2026-11-20T00:00Z", ["18", "19", "20"], id="UTC"),
        pytest.param("Asia/Shanghai", "2026-11-18T00:00Z", "2026-11-20T00:00Z", ["18", "19", "20"], id="east"),
        pytest.param("America/Los_Angeles", "2026-11-18T00:00Z", "2026-11-20T00:00Z", ["18", "19", "20"], id="west"),
        pytest.param("Asia/Shanghai", "2026-11-18T00:00+08:00", "2026-11-19T00:00+08:00", ["18", "19"], id="local"),
        pytest.param("Asia/Shanghai", "2026-11-18T10:00+08:00", "2026-11-20T10:00+08:00", ["19", "20"], id="in a day"),
        pytest.param("Europe/Berlin", "2026-11-18T00:00Z", "2026-11-18T00:00Z", ["18"], id="one day"),
    ],
)
def test_a_backfill_has_one_run_for_each_local_day_that_a_person_named(
    zone: str, start: str, end: str, days: list[str]
) -> None:
    found = backfilled(zone, start, end)
    assert [local(zone, interval)[0] for interval in found] == [f"11-{day} 00:00" for day in days]
    assert all(one.end == two.start for one, two in pairwise(found))


@pytest.mark.parametrize(
    ("zone", "day", "hours", "begins"),
    [
        ("Europe/Berlin", "2026-03-29", 23, "03-29 00:00"),
        ("Europe/Berlin", "2026-10-25", 25, "10-25 00:00"),
        ("America/Los_Angeles", "2026-11-01", 25, "11-01 00:00"),
        ("Australia/Lord_Howe", "2026-04-05", 24.5, "04-05 00:00"),
        ("Africa/Cairo", "2026-04-24", 23, "04-24 01:00"),
        ("America/Havana", "2026-11-01", 25, "11-01 00:00"),
        ("Asia/Kolkata", "2026-11-01", 24, "11-01 00:00"),
    ],
    ids=["spring", "autumn", "west", "half an hour", "no midnight", "two midnights", "no change"],
)
def test_a_day_is_as_long_as_clocks_make_it(zone: str, day: str, hours: float, begins: str) -> None:
    (found,) = backfilled(zone, f"{day}T00:00Z", f"{day}T00:00Z")
    assert found.end - found.start == timedelta(hours=hours)
    assert local(zone, found)[0] == begins
    first, last = _interval(found.start, found.end, zone)
    assert (str(first), str(last)) == (day, day)


def test_a_date_that_a_zone_left_out_has_no_run() -> None:
    """Samoa went from 29 to 31 December 2011."""
    found = backfilled("Pacific/Apia", "2011-12-29T00:00Z", "2012-01-01T00:00Z")
    assert [_interval(*interval, "Pacific/Apia")[0].isoformat() for interval in found] == [
        "2011-12-29",
        "2011-12-31",
        "2012-01-01",
    ]


def test_a_scheduler_never_gets_a_run() -> None:
    table = LocalDays("Europe/Berlin")
    assert not table.can_be_scheduled
    restriction = TimeRestriction(at("2026-01-01T00:00Z"), None, catchup=False)
    assert table.next_dagrun_info(last_automated_data_interval=None, restriction=restriction) is None


def test_a_run_by_hand_has_the_last_day_that_is_over_as_its_interval() -> None:
    found = LocalDays("Asia/Shanghai").infer_manual_data_interval(run_after=at("2026-11-23T17:00Z"))
    assert local("Asia/Shanghai", found) == ["11-23 00:00", "11-24 00:00"]


@pytest.mark.airflow
def test_it_survives_the_way_through_airflows_database() -> None:
    stored = encode_timetable(LocalDays("America/Havana"))
    assert stored["__type"] == "calsync.timetables.LocalDays"
    restored = decode_timetable(stored)
    assert isinstance(restored, LocalDays)
    info = restored.next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(at("2026-11-01T00:00Z"), at("2026-11-01T00:00Z"), catchup=True),
    )
    assert info is not None
    assert info.data_interval == DataInterval(at("2026-11-01T04:00Z"), at("2026-11-02T05:00Z"))
    assert info.run_after.tzinfo == UTC or info.run_after.utcoffset() == timedelta()
