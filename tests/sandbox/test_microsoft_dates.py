"""Single dates of a series and their people: who is mailed, and what stands in whose calendar then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from graph_caller import ANN, BOB, CARL, OUTSIDER, GraphCaller, people

from sandbox.client import OutlookUser, Sandbox
from sandbox.repeat import weekly

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
TEN, ELEVEN = "2026-11-02T10:00:00", "2026-11-02T11:00:00"
NOON, ONE = "2026-11-10T12:00:00", "2026-11-10T13:00:00"

Mails = list[tuple[str, str]]


@dataclass
class Series:
    """Ann's four Mondays with Bob and an outsider; Carl is not invited."""

    box: Sandbox
    ann: OutlookUser
    master: str
    seen: int = 0

    def date(self, number: int) -> str:
        return str(self.ann.occurrences(self.master, FIRST, LAST)[number]["id"])

    def mails(self) -> Mails:
        """Since the last look."""
        found = self.box.mails(self.seen)
        self.seen = found[-1]["n"] if found else self.seen
        return sorted((mail["kind"], mail["to"]) for mail in found)

    def calendar(self, address: str) -> list[tuple[str, str, bool]]:
        """What a mailbox shows in November: day, type, cancelled."""
        rows = GraphCaller(self.box).view(address)
        return [(one["start"]["dateTime"][8:10], one["type"], one["isCancelled"]) for one in rows]


@pytest.fixture
def series(box: Sandbox) -> Series:
    people(box)
    ann = box.as_user(ANN)
    made = ann.create("Visit", TEN, ELEVEN, guests=(BOB, OUTSIDER), recurrence=weekly(4))
    found = Series(box, ann, made["id"])
    assert found.mails() == [("invitation", BOB), ("invitation", OUTSIDER)]
    return found


def both(kind: str) -> Mails:
    return [(kind, BOB), (kind, OUTSIDER)]


ACTS: dict[str, tuple[Callable[[Series], Any], Mails]] = {
    "one date renamed": (lambda s: s.ann.rename(s.date(1), "Kick-off"), both("update")),
    "one date moved": (lambda s: s.ann.move(s.date(1), NOON, ONE), both("update")),
    "one date recoloured": (lambda s: s.ann.change(s.date(1), categories=["Red"]), []),
    "one date deleted": (lambda s: s.ann.remove(s.date(1)), both("cancellation")),
    "one date cancelled": (lambda s: s.ann.cancel(s.date(1)), both("cancellation")),
    "invited to one date": (lambda s: s.ann.invite(s.date(1), CARL), [("invitation", CARL)]),
    "uninvited from one date": (lambda s: s.ann.uninvite(s.date(1), BOB), [("cancellation", BOB)]),
    "series renamed": (lambda s: s.ann.rename(s.master, "Jour fixe"), both("update")),
    "series moved": (lambda s: s.ann.move_series(s.master, TEN, ELEVEN, weekly(2)), both("update")),
    "series cut": (lambda s: s.ann.end_series(s.master, date(2026, 11, 9)), both("update")),
    "series deleted": (lambda s: s.ann.remove(s.master), both("cancellation")),
    "invited to the series": (lambda s: s.ann.invite(s.master, CARL), [("invitation", CARL)]),
}


@pytest.mark.parametrize(("act", "expected"), ACTS.values(), ids=ACTS)
def test_each_person_concerned_gets_one_mail(series: Series, act: Callable[[Series], Any], expected: Mails) -> None:
    act(series)
    assert series.mails() == expected


def test_an_invitation_to_one_date_is_an_event_of_its_own_named_after_that_date(series: Series) -> None:
    second = series.date(1)
    series.ann.invite(second, CARL)
    assert series.calendar(CARL) == [("09", "singleInstance", False)]
    [single] = GraphCaller(series.box).view(CARL)
    assert (single["iCalUId"], single["iCalUId"][32:40]) == (series.ann.event(second)["iCalUId"], "07EA0B09")
    assert (single["seriesMasterId"], single["isOrganizer"]) == (None, False)
    assert series.calendar(BOB)[1] == ("09", "occurrence", False)


def test_who_is_invited_to_one_date_follows_that_date(series: Series) -> None:
    series.ann.invite(series.date(1), CARL)
    series.mails()
    series.ann.move(series.date(1), NOON, ONE)
    assert series.mails() == sorted([*both("update"), ("update", CARL)])
    assert series.calendar(CARL) == [("10", "singleInstance", False)]
    series.ann.rename(series.master, "Jour fixe")
    assert series.mails() == sorted([*both("update"), ("update", CARL)])
    assert [one["subject"] for one in GraphCaller(series.box).view(CARL)] == ["Jour fixe"]
    series.ann.remove(series.date(0))
    assert series.mails() == both("cancellation")
    series.ann.uninvite(series.date(0), CARL)
    assert series.mails() == [("cancellation", CARL)]
    assert series.calendar(CARL) == [("10", "singleInstance", True)]


@pytest.mark.parametrize(
    "end",
    [
        lambda s: s.ann.remove(s.date(1)),
        lambda s: s.ann.remove(s.master),
        lambda s: s.ann.move_series(s.master, TEN, ELEVEN, weekly(4, "monday", "friday")),
    ],
    ids=["date deleted", "series deleted", "exceptions discarded"],
)
def test_an_invitation_to_one_date_ends_with_it(series: Series, end: Callable[[Series], Any]) -> None:
    series.ann.invite(series.date(1), CARL)
    series.mails()
    end(series)
    assert ("cancellation", CARL) in series.mails()
    assert series.calendar(CARL) == [("09", "singleInstance", True)]


def test_an_invitation_to_the_series_takes_in_the_one_to_a_date(series: Series) -> None:
    series.ann.invite(series.date(1), CARL)
    series.ann.invite(series.master, CARL)
    assert [(day, kind) for day, kind, _ in series.calendar(CARL)] == [
        ("02", "occurrence"),
        ("09", "exception"),
        ("16", "occurrence"),
        ("23", "occurrence"),
    ]


def test_somebody_uninvited_from_one_date_and_invited_again(series: Series) -> None:
    series.ann.uninvite(series.date(1), BOB)
    assert series.calendar(BOB)[1] == ("09", "exception", True)
    assert series.calendar(ANN)[1] == ("09", "exception", False)
    series.ann.invite(series.date(1), BOB)
    assert series.calendar(BOB)[1] == ("09", "exception", False)


def test_a_cancelled_date_stays_in_the_guests_calendar_until_its_user_removes_it(series: Series) -> None:
    series.ann.remove(series.date(1))
    assert [day for day, *_ in series.calendar(ANN)] == ["02", "16", "23"]
    assert series.calendar(BOB)[1] == ("09", "exception", True)
    shown = GraphCaller(series.box).view(BOB)[1]
    assert shown["subject"] == "Canceled: Visit"
    series.box.as_user(BOB).remove(shown["id"])
    assert [day for day, *_ in series.calendar(BOB)] == ["02", "16", "23"]
    assert ("cancellation", ANN) not in series.mails()


def test_dates_cancelled_earlier_are_not_there_for_who_comes_later_and_do_not_come_back(series: Series) -> None:
    series.ann.remove(series.date(1))
    series.ann.invite(series.master, CARL)
    series.ann.rename(series.master, "Jour fixe")
    for address in (ANN, BOB, CARL):
        assert [day for day, *_ in series.calendar(address)] == ["02", "16", "23"]


def test_an_answer_for_one_date_reaches_the_organiser_and_stays_until_the_date_moves(series: Series) -> None:
    bob = series.box.as_user(BOB)
    [copy] = bob.request("GET", "/events")["value"]
    bob.decline(bob.occurrences(copy["id"], FIRST, LAST)[1]["id"])
    assert series.mails() == [("response", ANN)]
    answers = [one["attendees"][0]["status"]["response"] for one in series.ann.occurrences(series.master, FIRST, LAST)]
    assert answers == ["none", "declined", "none", "none"]

    def bobs() -> list[str]:
        return [one["responseStatus"]["response"] for one in bob.occurrences(copy["id"], FIRST, LAST)][:2]

    series.ann.rename(series.date(1), "Kick-off")
    assert bobs() == ["notResponded", "declined"]
    series.ann.move(series.date(1), NOON, ONE)
    assert bobs() == ["notResponded", "notResponded"]


def test_a_guest_of_one_date_answers_for_it(series: Series) -> None:
    series.ann.invite(series.date(1), CARL)
    [single] = GraphCaller(series.box).view(CARL)
    series.mails()
    series.box.as_user(CARL).accept(single["id"])
    assert series.mails() == [("response", ANN)]
    shown = series.ann.occurrences(series.master, FIRST, LAST)[1]["attendees"]
    assert [one["status"]["response"] for one in shown] == ["none", "none", "accepted"]


def test_a_declined_date_leaves_the_calendar_where_that_is_the_rule(series: Series) -> None:
    series.box.set_microsoft(declined_disappear=True)
    bob = series.box.as_user(BOB)
    bob.decline(GraphCaller(series.box).view(BOB)[1]["id"])
    assert [day for day, *_ in series.calendar(BOB)] == ["02", "16", "23"]
