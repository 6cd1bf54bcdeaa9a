"""People's acts, said as people say them: series in Outlook, records in ShareCRM."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from sandbox.client import OutlookUser, Sandbox
from sandbox.repeat import Repeat, daily, monthly, weekly

ANN, BOB = "ann@sales.example", "bob@sales.example"
FIRST, LAST = date(2026, 11, 1), date(2027, 1, 31)
TEN, ELEVEN = "2026-11-02T10:00:00", "2026-11-02T11:00:00"
PEOPLE = {
    "employees": [{"id": "1", "name": "Ann", "email": ANN}, {"id": "2", "name": "Bob", "email": BOB}],
    "mailboxes": [{"address": ANN}, {"address": BOB}],
}


@pytest.fixture
def ann(box: Sandbox) -> OutlookUser:
    box.reset(PEOPLE)
    return box.as_user(ANN)


def dates(user: OutlookUser, master: dict[str, Any]) -> list[str]:
    return [one["start"]["dateTime"][5:16] for one in user.occurrences(master["id"], FIRST, LAST)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (weekly(3), ["11-02", "11-09", "11-16"]),
        (weekly(3, "monday", "thursday"), ["11-02", "11-05", "11-09"]),
        (weekly(every=2, until=date(2026, 12, 1)), ["11-02", "11-16", "11-30"]),
        (daily(until=date(2026, 11, 4)), ["11-02", "11-03", "11-04"]),
        (daily(2, every=3), ["11-02", "11-05"]),
        (monthly(), ["11-02", "12-02", "01-02"]),
    ],
)
def test_a_series_as_people_say_it(ann: OutlookUser, rule: Repeat, expected: list[str]) -> None:
    made = ann.create("Jour fixe", TEN, ELEVEN, recurrence=rule)
    assert [day[:5] for day in dates(ann, made)] == expected


def test_an_all_day_series_in_its_own_zone(ann: OutlookUser) -> None:
    made = ann.create_all_day(
        "Fair", date(2026, 11, 2), date(2026, 11, 3), zone="Pacific/Auckland", recurrence=weekly(2)
    )
    shown = ann.occurrences(made["id"], FIRST, LAST)
    assert [(one["start"]["dateTime"][:10], one["end"]["dateTime"][:10]) for one in shown] == [
        ("2026-11-02", "2026-11-04"),
        ("2026-11-09", "2026-11-11"),
    ]


def _move_and_cut(ann: OutlookUser, master: str, ids: list[str]) -> None:
    ann.move(ids[1], "2026-11-10T08:00:00", "2026-11-10T09:00:00")
    ann.remove(ids[2])
    ann.end_series(master, date(2026, 11, 9))


ACTS: dict[str, tuple[Callable[[OutlookUser, str, list[str]], Any], list[str]]] = {
    "one date moved": (
        lambda ann, _, ids: ann.move(ids[1], "2026-11-10T08:00:00", "2026-11-10T09:00:00"),
        ["11-02T10:00", "11-10T08:00", "11-16T10:00"],
    ),
    "one date removed": (lambda ann, _, ids: ann.remove(ids[1]), ["11-02T10:00", "11-16T10:00"]),
    "the series moved": (
        lambda ann, master, _: ann.move_series(master, "2026-11-03T09:00:00", "2026-11-03T10:00:00", weekly(2)),
        ["11-03T09:00", "11-10T09:00"],
    ),
    "cut": (lambda ann, master, _: ann.end_series(master, date(2026, 11, 9)), ["11-02T10:00", "11-09T10:00"]),
    "cut after an exception": (_move_and_cut, ["11-02T10:00", "11-10T08:00"]),
    "another rule": (lambda ann, master, _: ann.make_series(master, daily(2)), ["11-02T10:00", "11-03T10:00"]),
}


@pytest.mark.parametrize(("act", "expected"), ACTS.values(), ids=ACTS)
def test_acts_on_a_series(
    ann: OutlookUser, act: Callable[[OutlookUser, str, list[str]], Any], expected: list[str]
) -> None:
    made = ann.create("Jour fixe", TEN, ELEVEN, recurrence=weekly(3))
    act(ann, made["id"], [one["id"] for one in ann.occurrences(made["id"], FIRST, LAST)])
    assert dates(ann, made) == expected


def test_a_single_event_repeats_on_its_own_zones_day_and_is_single_again(ann: OutlookUser) -> None:
    made = ann.create("Early", "2026-11-03T07:00:00", "2026-11-03T08:00:00", zone="Asia/Shanghai")
    assert ann.make_series(made["id"], weekly(2))["type"] == "seriesMaster"
    assert dates(ann, made) == ["11-02T23:00", "11-09T23:00"]
    assert ann.make_single(made["id"])["type"] == "singleInstance"
    ann.remove(made["id"])
    with pytest.raises(httpx.HTTPStatusError):
        ann.event(made["id"])


def test_a_guest_answers_for_one_date_and_for_the_series(box: Sandbox, ann: OutlookUser) -> None:
    ann.create("Jour fixe", TEN, ELEVEN, guests=(BOB,), recurrence=weekly(3))
    bob = box.as_user(BOB)
    [copy] = bob.request("GET", "/events")["value"]
    bob.accept(copy["id"])
    bob.decline(bob.occurrences(copy["id"], FIRST, LAST)[1]["id"], send=False)
    shown = bob.occurrences(copy["id"], FIRST, LAST)
    assert [one["responseStatus"]["response"] for one in shown] == ["accepted", "declined", "accepted"]


def test_people_act_on_every_field_of_a_record(box: Sandbox) -> None:
    box.reset(PEOPLE | {"contacts": [{"id": "c1", "name": "Zoe", "owner": "1"}]})
    ann = box.as_employee("1")
    made = ann.create("Visit", datetime(2026, 11, 2, 10, tzinfo=UTC), datetime(2026, 11, 2, 11, tzinfo=UTC))
    ann.change(made, participants=["1", "2"], contacts=["c1"], calendar="Sales", private=True)
    ann.give(made, "2")
    [shown] = box.state()["sharecrm"]["events"]
    assert (shown["attendees"], shown["contacts"], shown["calendar"], shown["private"], shown["owner"]) == (
        *(["1", "2"], ["c1"]),
        *("Sales", True, "2"),
    )
    ann.cancel(made)
    ann.recover(made)
    assert box.state()["sharecrm"]["events"][0]["life_status"] == "normal"
    ann.cancel(made)
    ann.delete(made)
    assert box.state()["sharecrm"]["events"][0]["life_status"] == "deleted"
