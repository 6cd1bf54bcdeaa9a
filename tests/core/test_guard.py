"""What looks like a disaster is held until a person answers; the rest goes on (G5)."""

from __future__ import annotations

from typing import Any

import pytest
from core.make import NOW, event, rules

from calsync.core.facts import Facts, Limits, Tally
from calsync.core.guard import ends_meeting, hold
from calsync.core.model import CrmRow, Kind, Life, Link, Origin, Placement, Side
from calsync.core.plan import ASKED, Action, Answer, Mail, Meeting, Plan, Verb, Word

TENANT = Tally(meetings=100, dates=100)
BOX = Tally(meetings=10, dates=10)


def deletion(number: int, rule: str = "D3", reason: str = "deleted", **more: Any) -> Action:
    said = {"mailbox": f"box-{number}", "before": event()} | more
    return Action(f"a{number}", f"l{number}", Verb.DELETE, Side.OUTLOOK, rule, reason, **said)


def mailing(number: int, mails: int, **more: Any) -> Action:
    sent = tuple(Mail("update", f"{n}@x.example", False) for n in range(mails))
    return Action(f"m{number}", f"l{number}", Verb.UPDATE, Side.OUTLOOK, "C5", "changed", mails=sent, **more)


def record(number: int) -> Action:
    return Action(f"r{number}", f"l{number}", Verb.UPDATE, Side.CRM, "C5", "changed")


def meetings(*actions: Action) -> tuple[Meeting, ...]:
    links = dict.fromkeys(action.link for action in actions)
    return tuple(Meeting(Link(x), Link(x), tuple(a for a in actions if a.link == x)) for x in links)


def held(*actions: Action, facts: Facts | None = None, **known: Any) -> dict[str, str]:
    """What is held of a plan with these actions, and why."""
    said = {"tenant": TENANT} | known
    plan = hold(facts or Facts(rules(), "run", NOW, **said), Plan("t", "run", NOW, meetings(*actions)))
    return {action.id: action.held for action in plan.actions if action.held}


@pytest.mark.parametrize(
    ("rule", "reason", "counts"),
    [
        ("D3", "deleted in Outlook", True),
        ("D4", "deleted in ShareCRM", True),
        ("D7", "taken out of this calendar", True),
        ("D7", ASKED, False),
        ("G9", "undone", True),
        ("E2", "its person left the attendees", False),
    ],
)
def test_what_counts_in_the_plan_counts_in_the_day_before_it(rule: str, reason: str, counts: bool) -> None:
    ends = [deletion(n, rule, reason) for n in range(40)]

    assert [ends_meeting(action) for action in ends] == [counts] * 40
    assert len(held(*ends)) == (40 if counts else 0)


def test_the_deletion_that_is_one_too_many_is_held_and_nothing_else() -> None:
    plan = (deletion(1), record(2), mailing(3, 5))
    assert not held(*plan, tenant=Tally(meetings=100, dates=100, ended=19))
    found = held(*plan, tenant=Tally(meetings=100, dates=100, ended=20))
    assert found.keys() == {"a1"}
    assert "21 of 100 meetings within 24 hours" in found["a1"]


def test_a_mailbox_has_limits_of_its_own() -> None:
    plan = (deletion(1, mailbox="box"), deletion(2, mailbox="other"))
    assert not held(*plan, mailboxes={"box": Tally(meetings=10, dates=10, ended=4), "other": BOX})
    found = held(*plan, mailboxes={"box": Tally(meetings=10, dates=10, ended=5), "other": BOX})
    assert found.keys() == {"a1"}
    assert "6 of 10 meetings of one mailbox" in found["a1"]


def test_a_deletion_in_sharecrm_counts_for_the_mailbox_that_it_began_in() -> None:
    standing = (Placement("box", "e1", Kind.HOST, Origin.THEIRS), Placement("hers", "e2", Kind.GUEST, Origin.THEIRS))
    action = Action("a1", "l1", Verb.DELETE, Side.CRM, "D3", "deleted")
    link = Link("l1", "r1", placements=standing)
    plan = Plan("t", "run", NOW, (Meeting(link, link, (action,)),))
    for mailbox, waits in (("box", True), ("hers", False)):
        facts = Facts(rules(), "run", NOW, tenant=TENANT, mailboxes={mailbox: Tally(meetings=8, dates=8, ended=5)})
        assert bool(hold(facts, plan).actions[0].held) is waits, mailbox


def test_a_series_counts_as_one_meeting() -> None:
    assert not held(*(deletion(n, series="box|weekly") for n in range(50)))
    assert len(held(*(deletion(n) for n in range(50)))) == 50


@pytest.mark.parametrize(
    ("tally", "ending", "waits"),
    [
        (Tally(meetings=3, dates=3), 3, True),
        (Tally(meetings=3, dates=3), 2, False),
        (Tally(meetings=3, dates=3, held=1), 2, True),
        (Tally(meetings=2, dates=2), 2, False),
        (Tally(meetings=3, dates=30), 3, False),
    ],
)
def test_a_mailbox_or_a_tenant_is_not_emptied_without_a_person(tally: Tally, ending: int, waits: bool) -> None:
    """Three meetings of which many dates are left are not all gone when three dates are."""
    plan = [deletion(n, mailbox="box") for n in range(ending)]
    emptied = held(*plan, mailboxes={"box": tally})
    assert (len(emptied), set(emptied.values())) == (
        (ending, {"it would leave none of the 3 meetings of one mailbox"}) if waits else (0, set())
    )
    assert len(held(*plan, tenant=tally)) == (ending if waits else 0)


def test_from_how_many_meetings_on_emptiness_is_remarkable_is_the_tenant_s_to_say() -> None:
    plan = [deletion(n, mailbox="box") for n in range(3)]
    facts = Facts(rules(limits=Limits(emptied_from=4)), "run", NOW, tenant=Tally(meetings=3, dates=3))
    assert not held(*plan, facts=facts)


def test_over_the_budget_every_meeting_that_mails_is_held_and_the_others_go_on() -> None:
    assert not held(mailing(1, 60), mailing(2, 40), record(3))
    found = held(mailing(1, 60), mailing(2, 41), record(3))
    assert found.keys() == {"m1", "m2"}
    assert "101 mails" in found["m1"]


def test_a_meeting_is_held_whole() -> None:
    assert held(mailing(1, 101), record(1), record(2)).keys() == {"m1", "r1"}
    assert held(mailing(1, 1, held="waits"), record(1)) == {"m1": "waits", "r1": "waits"}


def test_mails_of_what_is_held_anyway_are_not_counted() -> None:
    many = tuple(Mail("cancellation", f"{n}@x.example", False) for n in range(200))
    assert held(deletion(1, held="waits", mails=many), mailing(2, 100)).keys() == {"a1"}
    crowded = {"tenant": Tally(meetings=100, dates=100, ended=20)}
    assert held(deletion(1, mails=many), mailing(2, 100), **crowded).keys() == {"a1"}


def test_what_a_person_approved_is_neither_held_nor_counted() -> None:
    ends = [deletion(n) for n in range(30)]
    answers = {a.link: Answer(Word.APPROVE, frozenset({a.id}), "ops") for a in ends[:25]}
    assert not held(*ends, answers=answers)
    assert len(held(*ends, answers={x: Answer(Word.UNLINK, a.actions, "ops") for x, a in answers.items()})) == 30
    sent = mailing(1, 101)
    assert not held(sent, mailing(2, 100), answers={"l1": Answer(Word.APPROVE, frozenset({sent.id}), "ops")})


def test_what_is_new_beyond_an_approval_is_weighed_again() -> None:
    answers = {"l1": Answer(Word.APPROVE, frozenset({"another"}), "ops")}
    assert held(mailing(1, 101), answers=answers).keys() == {"m1"}


def test_what_is_held_keeps_the_versions_it_rests_on() -> None:
    standing = Placement("box", "e1", Kind.HOST, Origin.OURS, etag="W/1")
    link = Link("l1", "r1", crm_version=7, placements=(standing,))
    facts = Facts(rules(), "run", NOW, crm=(CrmRow("r1", 8, None, "1", Life.INVALID),), tenant=TENANT)
    plan = Plan("t", "run", NOW, (Meeting(link, link, (deletion(1, held="waits"),)),))
    assert hold(facts, plan).actions[0].versions == (("crm", "8"), ("box|e1", "W/1"))
