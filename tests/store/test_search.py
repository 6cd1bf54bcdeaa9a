"""Meetings are found by day, by whose they are and by what they are called; private ones never by their title."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from store.values import person

from calsync.core.model import Event, Kind, Link, LinkState, Origin, Placement, Time
from calsync.store.search import Circle, Sought, Spot
from calsync.store.store import Store

T = "sales"
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WEEK = Sought(date(2026, 11, 23), date(2026, 11, 29))


def link(id_: str, title: str = "Visit", start: datetime = MONDAY, hours: float = 1, **more: object) -> Link:
    """A meeting of employee 1001 in mailbox m1."""
    of_event = {name: more.pop(name) for name in ("contacts", "private", "attendees") if name in more}
    event = Event(title, Time(start, start + timedelta(hours=hours)), **of_event)  # type: ignore[arg-type]
    said = {"state": LinkState.LIVING, "crm_owner": "1001", "base": event, "crm_shown": event} | more
    placed = Placement("m1", f"e-{id_}", Kind.COPY, Origin.OURS, shown=replace(event, private=False))
    return Link(id_, crm_id=f"r-{id_}", placements=said.pop("placements", (placed,)), **said)  # type: ignore[arg-type]


def ids(spots: list[Spot]) -> list[str]:
    return [spot.link for spot in spots]


def test_the_meetings_of_a_week_come_in_the_order_of_their_times(store: Store) -> None:
    holiday = Event("Fair", Time(date(2026, 11, 24), date(2026, 11, 26)))
    store.save_links(
        T,
        [
            link("late", start=MONDAY + timedelta(hours=5)),
            link("early"),
            link("fair", base=holiday, crm_shown=holiday),
            link("next", start=MONDAY + timedelta(days=7)),
            link("over", start=MONDAY, state=LinkState.RETIRED),
            link("seen", start=MONDAY + timedelta(days=1), state=LinkState.SEEN, base=None),
        ],
    )
    assert store.spots(T, WEEK) == [
        Spot("early", "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z", LinkState.LIVING),
        Spot("late", "2026-11-23T14:00:00Z", "2026-11-23T15:00:00Z", LinkState.LIVING),
        Spot("fair", "2026-11-24", "2026-11-26", LinkState.LIVING),
        Spot("seen", "2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z", LinkState.SEEN),
    ]
    assert store.spots("other", WEEK) == []


def test_what_began_before_the_week_and_reaches_into_it_is_in_it(store: Store) -> None:
    friday = MONDAY - timedelta(days=3)
    store.save_links(T, [link("over", start=friday), link("trip", start=friday, hours=96)])
    assert ids(store.spots(T, WEEK)) == ["trip"]


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ({}, ["customer", "team", "secret", "hidden"]),
        ({"circle": Circle.EXTERNAL}, ["customer"]),
        ({"circle": Circle.INTERNAL}, ["team", "secret", "hidden"]),
        ({"circle": Circle.PRIVATE}, ["secret", "hidden"]),
        ({"mailbox": "m2"}, ["hidden"]),
        ({"employee": "1002"}, ["team"]),
        ({"mailbox": "m2", "employee": "1002"}, ["team", "hidden"]),
        ({"mailbox": "m2", "circle": Circle.EXTERNAL}, []),
    ],
)
def test_meetings_are_narrowed(store: Store, sought: dict[str, object], found: list[str]) -> None:
    shown = Event("Visit", Time(MONDAY, MONDAY + timedelta(hours=1)), private=True)
    hidden = Placement("m2", "e2", Kind.COPY, Origin.OURS, shown=shown)
    store.save_links(
        T,
        [
            link("customer", contacts=frozenset({"c1"})),
            link("team", start=MONDAY + timedelta(hours=1), crm_owner="1002"),
            link("secret", start=MONDAY + timedelta(hours=2), private=True),
            link("hidden", start=MONDAY + timedelta(hours=3), placements=(hidden,)),
        ],
    )
    assert ids(store.spots(T, replace(WEEK, **sought))) == found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["müller"], ["offer"]),
        (["MÜLLER", "angebot"], ["offer"]),
        (["offer"], []),
        (["time"], []),
        (['"x"'], ["quoted"]),
        (["100%"], ["percent"]),
        (["0_0"], []),
        (["STRASSE"], ["offer"]),
        (["１００%"], ["percent"]),
        (["secret"], []),
        ([], ["percent", "quoted", "offer", "private", "hidden"]),
    ],
)
def test_meetings_are_found_by_the_words_of_their_title(store: Store, words: list[str], found: list[str]) -> None:
    days = [MONDAY + timedelta(days=n) for n in range(4)]
    theirs = Event("Secret", Time(MONDAY, MONDAY + timedelta(hours=1)), private=True)
    store.save_links(
        T,
        [
            link("private", "Secret", days[0], private=True),
            link(
                "hidden", "Secret", days[0], placements=(Placement("m2", "e2", Kind.COPY, Origin.OURS, shown=theirs),)
            ),
            link("offer", "Angebot für Müller, Straße 1", days[1]),
            link("quoted", 'The "x" file', days[2]),
            link("percent", "100% done, 0-0", days[3]),
        ],
    )
    assert [one.id for one in store.titled(T, WEEK, words, limit=10)] == found


def test_what_is_saved_again_is_found_as_it_is_now(store: Store) -> None:
    store.save_links(T, [link("moved"), link("over"), link("hidden")])
    later = link("moved", "Trip", MONDAY + timedelta(days=1))
    store.save_links(T, [later, link("over", state=LinkState.RETIRED), link("hidden", private=True)])
    assert [spot[:2] for spot in store.spots(T, WEEK)] == [
        ("hidden", "2026-11-23T09:00:00Z"),
        ("moved", "2026-11-24T09:00:00Z"),
    ]
    assert store.titled(T, WEEK, ["visit"], limit=10) == []
    assert store.titled(T, WEEK, ["trip"], limit=10) == [later]


def test_a_search_comes_in_parts(store: Store) -> None:
    store.save_links(T, [link(f"L{n}", start=MONDAY + timedelta(hours=n)) for n in range(5)])
    assert [one.id for one in store.titled(T, WEEK, ["visit"], limit=2, offset=2)] == ["L2", "L1"]


def test_the_private_ones_among_many_are_told(store: Store) -> None:
    pretender = link("pretender", '"private":true')
    store.save_links(T, [link("open"), link("secret", private=True), pretender])
    assert store.private_among(T, ["open", "secret", "pretender", "absent"]) == {"secret"}


def test_a_mailbox_is_told_by_its_employee(store: Store) -> None:
    store.save_accounts(T, [person("1001", "m1"), person("1002", "m2")], "ent")
    assert store.employees_of(T, ["m2", "m9"]) == {"m2": "1002"}
