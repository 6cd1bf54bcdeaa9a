"""What is left in Outlook of a meeting that has ended: deleted where the meeting was, else its user's own (A3, D4)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from core.make import NOW, account, address, at, event, mailbox, rules
from core.test_deletion import agreed, key
from core.world import World

from calsync.core.diff import diff
from calsync.core.facts import Facts, Tally
from calsync.core.match import AMBIGUOUS, link_id
from calsync.core.model import (
    Absence,
    CrmRow,
    Form,
    Kind,
    Life,
    Link,
    LinkState,
    Origin,
    OutlookRow,
    Placement,
    Proof,
    Side,
    Standing,
)
from calsync.core.plan import Plan, Verb

ANN = mailbox("1")
HERS = Placement(ANN, "e1", Kind.HOST, Origin.THEIRS, shown=event(), etag="W/1")
DELETED = CrmRow("r1", 2, event(attendees={"1"}), "1", Life.INVALID, calendar="Sales")
FROM_RECORD, FROM_EVENT = link_id("t", Side.CRM, "r1"), link_id("t", Side.OUTLOOK, ANN, "e1")


def shows(etag: str) -> OutlookRow:
    return OutlookRow(ANN, "e1", etag, event(title="Edited"), organizer=address("1"), is_organizer=True)


def decided(link: Link, **read: object) -> Plan:
    facts = Facts(rules(), "run", NOW, accounts=(account("1"),), links=(link,), tenant=Tally(1000, dates=1000))
    return diff(replace(facts, **read))  # type: ignore[arg-type]


def after(link: Link, plan: Plan) -> Link:
    return plan.meetings[0].agreed if plan.meetings else link


def deletions(plan: Plan) -> list[str]:
    return [a.target_id for a in plan.actions if a.verb is Verb.DELETE and a.side is Side.OUTLOOK]


@pytest.mark.parametrize(("id_", "goes"), [(FROM_RECORD, []), (FROM_EVENT, ["e1"])])
def test_a_record_deleted_before_it_was_agreed_takes_the_event_along_only_if_it_was_made_from_it(
    id_: str, goes: list[str]
) -> None:
    waits = Link(id_, "r1", crm_version=1, crm_owner="1", placements=(HERS,))

    plan = decided(waits, crm=(DELETED,))
    ended = after(waits, plan)

    assert deletions(plan) == goes
    assert ended.state is LinkState.RETIRED
    assert not deletions(decided(ended, outlook=(shows("W/2"),)))


def test_an_ambiguous_event_that_was_deleted_and_restored_is_left_alone() -> None:
    waits = Link(FROM_EVENT, placements=(HERS,), reason=AMBIGUOUS, dirty=True)

    ended = after(waits, decided(waits, absences=(Absence(ANN, "e1", Proof.GONE, "gone"),)))

    assert ended.state is LinkState.RETIRED
    assert not decided(ended, outlook=(shows("W/2"),)).actions


def test_what_outlived_a_record_that_vanished_stays_when_its_mailbox_is_back() -> None:
    """Bob's edit won against a record that cannot be put back; his event stays, and so does Ann's (D5)."""
    bob = Placement(mailbox("2"), "e2", Kind.COPY, Origin.OURS, shown=event(), etag="W/1")
    base = event(attendees={"1", "2"})
    hers = replace(HERS, standing=Standing.ASLEEP)
    lives = Link(
        FROM_EVENT, "r1", 1, base, "1", base, Form.THEIRS, (hers, bob),
        speaker=mailbox("2"), state=LinkState.LIVING, missed=1,
    )  # fmt: skip
    his = replace(shows("W/2"), mailbox=mailbox("2"), id="e2")
    vanished, away = replace(DELETED, life=Life.GONE, event=None), replace(account("1"), revoked_at=NOW)

    plan = decided(lives, crm=(vanished,), outlook=(his,), accounts=(away, account("2")))
    ended = after(lives, plan)

    assert not deletions(plan)
    assert ended.state is LinkState.RETIRED
    assert not deletions(decided(ended, outlook=(shows("W/3"),), accounts=(account("1"), account("2"))))


@pytest.mark.parametrize("employee", ["1", "2"])
@pytest.mark.parametrize("form", list(Form))
def test_a_deletion_that_the_direction_kept_stays_kept_in_a_mailbox_that_was_away(form: Form, employee: str) -> None:
    world, record = agreed(form)
    world.configure(direction="outlook_to_crm")
    world.settled()
    world.away(employee)
    world.edit_record(record, life=Life.INVALID)
    world.settled()
    world.away(employee, False)
    world.configure(direction="bidirectional")
    world.settled()
    assert world.titles("1") == world.titles("2") == ["Visit"]


@pytest.mark.parametrize("form", list(Form))
def test_a_host_that_was_away_when_its_meeting_was_deleted_goes_when_it_is_back(form: Form) -> None:
    world, record = agreed(form)
    world.away("1")
    world.edit_record(record, life=Life.INVALID)
    world.settled()
    assert world.titles("1") == ["Visit"]
    world.away("1", False)
    world.settled()
    assert not world.shown("1")


def test_an_edit_of_what_stays_deletes_nothing() -> None:
    """The user goes on with their own event after the record has vanished."""
    world = World()
    mine = world.meeting("1", "Call", at(24), invite=[address("2")])
    world.settled()
    (record,) = world.crm
    world.edit(mine, title="Demo")
    world.edit_record(record, life=Life.GONE)
    world.settled()
    world.edit(mine, title="Demo, again")
    world.settled()
    assert world.only("1").event.title == "Demo, again"
    assert key(world.only("1")) == mine
