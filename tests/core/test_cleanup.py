"""What a cleanup removes, what it leaves and why, and how each meeting is remembered meanwhile and afterwards (D7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from core.make import NOW, account, address, at, event, mailbox, rules

from calsync.core.cleanup import Wish, cleanup, made_from_outlook
from calsync.core.diff import remarks_of
from calsync.core.facts import Facts
from calsync.core.match import link_id
from calsync.core.model import (
    Absence,
    CrmRow,
    Form,
    Kind,
    Life,
    Link,
    LinkState,
    Mark,
    Origin,
    OutlookRow,
    Placement,
    Proof,
    Shape,
    Side,
    Standing,
)
from calsync.core.plan import Plan, Verb
from calsync.core.unlinked import CLEANED

ANN, BOB, ZOE = mailbox("1"), mailbox("2"), "zoe@client.example"
EVERYBODY = Wish(frozenset({ANN, BOB}), frozenset({"1", "2"}))
ID = link_id("t", Side.CRM, "r1")


def row(box: str = ANN, id_: str = "e1", *, guests: tuple[str, ...] = (), ours: bool = True, **more: Any) -> OutlookRow:
    """An event as read; marked as ours."""
    person = address("1" if box == ANN else "2")
    shown = event(time=more.pop("time", None), guests={person, *guests} if guests else ())
    mark = Mark("i", "t", "r1", box, 1) if ours else None
    return OutlookRow(box, id_, "W/1", shown, organizer=person, mark=more.pop("mark", mark), marked=True, **more)


def placed(kind: Kind = Kind.COPY, box: str = ANN, id_: str = "e1", **more: Any) -> Placement:
    return Placement(box, id_, kind, **({"origin": Origin.OURS, "shown": event()} | more))


def link(*placements: Placement, **more: Any) -> Link:
    base = event(attendees={"1", "2"})
    said = {"crm_id": "r1", "base": base, "crm_shown": base, "crm_owner": "1", "state": LinkState.LIVING}
    return Link(more.pop("id", ID), placements=placements, **(said | {"form": Form.COPIES} | more))


def decided(known: list[Link], *rows: OutlookRow, wish: Wish = EVERYBODY, **more: Any) -> Plan:
    facts = Facts(rules(), "run", NOW, accounts=(account("1"), account("2")), links=tuple(known), outlook=rows, **more)
    return cleanup(facts, wish)


HOST, SERIES = Kind.HOST, Shape.MASTER


@pytest.mark.parametrize(
    ("placement", "seen", "why"),
    [
        (placed(), row(), ""),
        (placed(standing=Standing.ASLEEP), row(), ""),
        (placed(standing=Standing.ENDED), row(), ""),
        (placed(HOST), row(guests=(ZOE,)), ""),
        (placed(HOST), row(time=at(-5)), ""),
        (placed(HOST), row(guests=(ZOE,), time=at(-5)), "E5"),
        (placed(), row(time=at(-5)), ""),
        (placed(), row(guests=(ZOE,)), "E7"),
        (placed(standing=Standing.RELEASED), row(), "E7"),
        (placed(HOST, origin=Origin.THEIRS), row(guests=(ZOE,)), "E7"),
        (placed(), row(shape=SERIES), "F1"),
    ],
)
def test_what_goes_and_why_something_stays(placement: Placement, seen: OutlookRow, why: str) -> None:
    plan = decided([link(placement)], seen)

    assert [(a.verb, a.target_id, a.expect, a.rule) for a in plan.actions] == (
        [] if why else [(Verb.DELETE, "e1", "W/1", "D7")]
    )
    assert [remark.rule for remark in remarks_of(plan)] == ([why] if why else [])


def test_an_event_that_was_never_ours_is_not_even_mentioned() -> None:
    plan = decided([link(placed(HOST, origin=Origin.THEIRS))], row(guests=(ZOE,), ours=False))

    assert (plan.actions, remarks_of(plan)) == ([], [])


def test_other_calendars_stay_as_they_are() -> None:
    wish = replace(EVERYBODY, mailboxes=frozenset({ANN}))
    plan = decided([link(placed(), placed(box=BOB, id_="e2"))], row(), row(BOB, "e2"), wish=wish)

    assert [action.mailbox for action in plan.actions] == [ANN]
    (meeting,) = plan.meetings
    assert (meeting.noted.state, meeting.noted.reason) == (LinkState.UNLINKED, CLEANED)
    assert meeting.agreed.state is LinkState.LIVING
    assert [p.standing for p in meeting.agreed.placements] == [Standing.ENDED, Standing.LIVING]


def test_an_invitation_taken_back_unlinks_the_meeting_and_ends_its_guests() -> None:
    guest = placed(Kind.GUEST, BOB, "e2", origin=Origin.THEIRS)
    plan = decided([link(placed(HOST), guest, form=Form.INVITED)], row(guests=(address("2"), ZOE)))

    assert {(mail.to, mail.outside) for mail in plan.mails} == {(address("2"), False), (ZOE, True)}
    (meeting,) = plan.meetings
    assert [p.standing for p in meeting.noted.placements] == [Standing.LIVING, Standing.ENDED]
    assert (meeting.agreed.state, meeting.agreed.reason) == (LinkState.UNLINKED, CLEANED)


def test_a_held_deletion_needs_no_second_word() -> None:
    facts = Facts(rules(invitations="nobody"), "run", NOW, accounts=(account("1"),), links=(link(placed(HOST)),))
    plan = cleanup(replace(facts, outlook=(row(guests=(ZOE,)),)), EVERYBODY)

    assert [action.held for action in plan.actions] == [""]


@pytest.mark.parametrize(
    ("mark", "goes"),
    [
        (Mark("i", "t", "r1", ANN, 1), True),
        (Mark("i", "t", "r1", BOB, 1), False),
        (Mark("other", "t", "r1", ANN, 1), False),
        (Mark("i", "other", "r1", ANN, 1), False),
    ],
    ids=["ours", "a user's copy", "another installation", "another tenant"],
)
def test_without_memory_the_mark_tells(mark: Mark, goes: bool) -> None:
    plan = decided([], row(mark=mark))

    assert [action.target_id for action in plan.actions] == (["e1"] if goes else [])


def test_of_two_events_with_one_mark_the_first_made_is_ours() -> None:
    plan = decided([], row(id_="late", created=NOW), row(id_="first", created=NOW.replace(year=2025)))

    assert [action.target_id for action in plan.actions] == ["first"]
    assert [remark.rule for remark in remarks_of(plan)] == ["B3"]


def test_what_an_interrupted_cleanup_had_removed_is_ended() -> None:
    gone = Absence(ANN, "e1", Proof.GONE)
    before = link(placed(standing=Standing.ASLEEP), state=LinkState.UNLINKED, reason=CLEANED)
    (meeting,) = decided([before], absences=(gone,)).meetings

    assert not meeting.actions
    assert [p.standing for p in meeting.agreed.placements] == [Standing.ENDED]


def test_what_a_user_had_removed_is_left_to_the_next_run() -> None:
    plan = decided([link(placed())], absences=(Absence(ANN, "e1", Proof.GONE),))

    assert (plan.meetings, plan.remarks) == ((), ())


BORN_IN_OUTLOOK = link_id("t", Side.OUTLOOK, ANN, "e1")


@pytest.mark.parametrize(
    ("id_", "wish", "life", "goes"),
    [
        (BORN_IN_OUTLOOK, {"records": True}, Life.NORMAL, True),
        (BORN_IN_OUTLOOK, {}, Life.NORMAL, False),
        (BORN_IN_OUTLOOK, {"records": True}, Life.INVALID, False),
        (BORN_IN_OUTLOOK, {"records": True, "employees": frozenset({"2"})}, Life.NORMAL, False),
        (ID, {"records": True}, Life.NORMAL, False),
    ],
    ids=["made by us", "not asked for", "gone already", "somebody else's", "made by people"],
)
def test_records_that_were_made_from_outlook(id_: str, wish: dict[str, Any], life: Life, goes: bool) -> None:
    theirs = placed(HOST, origin=Origin.THEIRS)
    record = CrmRow("r1", 4, event(), "1", life)
    known = link(theirs, id=id_, form=Form.THEIRS)
    plan = decided([known], row(guests=(ZOE,), ours=False), wish=replace(EVERYBODY, **wish), crm=(record,))

    assert made_from_outlook(known, "t") is (id_ == BORN_IN_OUTLOOK)
    assert [(a.side, a.verb, a.target_id, a.expect) for a in plan.actions] == (
        [(Side.CRM, Verb.DELETE, "r1", "4")] if goes else []
    )
    assert not plan.mails
    for meeting in plan.meetings:
        if goes:
            assert meeting.agreed.state is LinkState.RETIRED
            assert [p.standing for p in meeting.noted.placements] == [Standing.RELEASED], "never ended with its record"
