"""Both sides' changes in one Event (C3, C5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from core.make import NOW, at, days, event, rules

from calsync.core.merge import Change, as_crm, as_outlook, content_change, from_crm, merge, unlike
from calsync.core.model import Event, Side

BASE = event("Visit", at(24), attendees={"1", "2"}, contacts={"c1"})
OTHER: dict[str, tuple[Any, Any]] = {"title": ("Demo", "Lunch"), "time": (at(30), days(3)), "private": (True, True)}


def change(when: datetime | None = None, **fields: Any) -> Change:
    now = event(**({"title": "Visit", "time": at(24)} | fields))
    return Change(now, content_change(BASE, now), at=when)


@pytest.mark.parametrize("name", OTHER)
@pytest.mark.parametrize("side", list(Side))
def test_a_change_on_one_side_alone_is_taken(name: str, side: Side) -> None:
    changed, nothing = change(**{name: OTHER[name][0]}), Change(BASE)
    found = merge(BASE, *((changed, nothing) if side is Side.CRM else (nothing, changed)), rules())
    assert getattr(found.target, name) == OTHER[name][0]
    assert not found.losses


def test_changes_of_different_fields_merge() -> None:
    found = merge(BASE, change(title="Demo"), change(time=at(30), private=True), rules())
    assert (found.target.title, found.target.time, found.target.private) == ("Demo", at(30), True)
    assert not found.losses


@pytest.mark.parametrize("name", ["title", "time"])
@pytest.mark.parametrize(
    ("conflicts", "seconds", "winner"),
    [
        ("latest", 60, Side.OUTLOOK),
        ("latest", 6, Side.OUTLOOK),
        ("latest", 5, Side.CRM),
        ("latest", -60, Side.CRM),
        ("crm", 60, Side.CRM),
        ("outlook", -60, Side.OUTLOOK),
    ],
)
def test_one_field_to_two_values_has_a_winner_and_the_loser_is_kept(
    name: str, conflicts: str, seconds: int, winner: Side
) -> None:
    crm, outlook = OTHER[name]
    found = merge(
        BASE,
        change(NOW, **{name: crm}),
        change(NOW + timedelta(seconds=seconds), **{name: outlook}),
        rules(conflicts=conflicts),
    )
    assert getattr(found.target, name) == (crm if winner is Side.CRM else outlook)
    (loss,) = found.losses
    loser = Side.OUTLOOK if winner is Side.CRM else Side.CRM
    assert (loss.side, loss.field, loss.rule) == (loser, name, "C5")
    assert getattr(loss.event, name) == (outlook if winner is Side.CRM else crm)


@pytest.mark.parametrize("name", OTHER)
def test_equal_edits_are_no_conflict(name: str) -> None:
    same = change(**{name: OTHER[name][0]})
    found = merge(BASE, same, same, rules())
    assert not found.losses
    assert getattr(found.target, name) == OTHER[name][0]


def people(came: str = "", went: str = "") -> Change:
    return Change(BASE, came=frozenset(came.split()), went=frozenset(went.split()))


@pytest.mark.parametrize(
    ("crm", "outlook", "attendees", "contacts"),
    [
        (people("e:3"), people("c:c2"), {"1", "2", "3"}, {"c1", "c2"}),
        (people("e:3"), people(went="e:2"), {"1", "3"}, {"c1"}),
        (people(went="e:2 c:c1"), people(went="e:2"), {"1"}, set()),
        (people(went="e:2"), people("e:2"), {"1", "2"}, {"c1"}),
        (people("e:3"), people("e:3"), {"1", "2", "3"}, {"c1"}),
    ],
)
def test_people_merge_one_by_one(crm: Change, outlook: Change, attendees: set[str], contacts: set[str]) -> None:
    target = merge(BASE, crm, outlook, rules()).target
    assert target.attendees == attendees
    assert target.contacts == contacts


@pytest.mark.parametrize(
    ("shown", "now", "fields"),
    [
        (event(" a  b "), event("a b"), set()),
        (event("a"), event("A"), {"title"}),
        (event(time=at(1)), event(time=at(1, 2)), {"time"}),
        (event(time=days(1)), event(time=at(0, 24)), {"time"}),
        (event(), event(private=True), {"private"}),
        (event(attendees={"1"}), event(attendees={"2"}), set()),
    ],
)
def test_a_change_is_content_that_differs(shown: Event, now: Event, fields: set[str]) -> None:
    assert content_change(shown, now) == fields


def test_outlook_shows_the_cut_title_and_no_people_and_that_is_no_difference() -> None:
    full = event("a" * 300, attendees={"1"}, contacts={"c1"})
    shown = as_outlook(full)
    assert (shown.title, shown.attendees, shown.contacts) == ("a" * 255, frozenset(), frozenset())
    assert not unlike(as_outlook(full), shown)


def test_an_empty_title_is_the_placeholder_in_sharecrm_and_empty_again_on_its_way_back() -> None:
    nameless = event("")
    written = as_crm(nameless, rules())
    assert written.title == "(no title)"
    assert from_crm(written, nameless, rules()).title == ""
    assert from_crm(written, event("Visit"), rules()).title == "(no title)", "typed by a person, it is a title"
