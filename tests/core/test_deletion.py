"""What proves a deletion, whose counts, what follows (RULES D, E6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from core.make import CONTACTS, NOW, address, at, mailbox
from core.world import Item, World

from calsync.core.model import Availability, Form, Life, LinkState, Side, Standing
from calsync.core.plan import Plan, Verb

LATER = NOW + timedelta(days=1)


def key(item: Item) -> tuple[str, str]:
    return item.mailbox, item.id


def agreed(form: Form = Form.COPIES, **rules: Any) -> tuple[World, str]:
    world = World(first_sync=LATER) if form is Form.COPIES else World()
    world.configure(**rules)
    if form is Form.THEIRS:
        world.meeting("1", "Visit", at(24), invite=[address("2"), CONTACTS["c1"]])
    else:
        world.record("Visit", at(24), attendees={"2"}, contacts={"c1"})
    world.settled()
    world.mails.clear()
    return world, next(iter(world.crm))


def deletions(plan: Plan) -> list[tuple[str, str, Side]]:
    return [(a.rule, a.mailbox, a.side) for a in plan.actions if a.verb is Verb.DELETE]


@pytest.mark.parametrize("form", list(Form))
def test_the_owners_deletion_in_outlook_is_the_meetings(form: Form) -> None:
    world, record = agreed(form)
    world.remove(key(world.only("1")))
    plan = world.run()
    (ends,) = [a for a in plan.actions if a.side is Side.CRM]
    assert (ends.verb, ends.rule) == (Verb.DELETE, "D3")
    assert "gone" in ends.evidence
    world.settled()
    assert world.crm[record].life is Life.INVALID
    assert not world.shown("1")
    assert not world.shown("2")


@pytest.mark.parametrize("form", list(Form))
def test_another_persons_deletion_is_theirs_alone_and_never_undone(form: Form) -> None:
    world, record = agreed(form)
    world.remove(key(world.only("2")))
    world.settled()
    assert world.crm[record].life is Life.NORMAL
    assert {p.standing for p in world.link(record).placements if p.mailbox == mailbox("2")} == {Standing.DECLINED}
    world.edit_record(record, attendees={"1", "2", "3"})
    world.settled()
    if form is not Form.THEIRS:
        assert not world.shown("2")
    assert world.shown("3")


@pytest.mark.parametrize("form", list(Form))
def test_an_invalid_record_ends_the_host_and_our_copies(form: Form) -> None:
    world, record = agreed(form)
    world.edit_record(record, life=Life.INVALID)
    world.settled()
    assert world.link(record).state is LinkState.RETIRED
    assert not world.shown("1")
    assert not world.shown("2")
    told = {("cancellation", address("2")), ("cancellation", CONTACTS["c1"])}
    assert set(world.mails) == (set() if form is Form.COPIES else told)


def test_a_record_that_is_not_found_is_believed_gone_after_two_runs() -> None:
    world, record = agreed()
    world.edit_record(record, life=Life.GONE)
    assert not deletions(world.run())
    assert deletions(world.run())
    assert not world.shown("1")


def test_a_record_that_is_found_again_was_never_gone() -> None:
    world, record = agreed()
    for life in (Life.GONE, Life.NORMAL, Life.GONE, Life.NORMAL):
        world.edit_record(record, life=life)
        assert not deletions(world.run())
    assert world.shown("1")


def test_without_proof_nothing_is_deleted_and_it_is_asked_again() -> None:
    world, record = agreed()
    mine = key(world.only("1"))
    world.unproved.add(mine)
    world.remove(mine)
    for _ in range(3):
        assert not world.run().actions
    world.unproved.clear()
    world.run()
    assert world.crm[record].life is Life.INVALID


@pytest.mark.parametrize("life", [Life.OTHER])
def test_a_record_in_approval_changes_nothing_and_nothing_is_forgotten(life: Life) -> None:
    world, record = agreed()
    world.edit_record(record, life=life)
    mine = world.only("1")
    world.edit(key(mine), title="Demo")
    assert not world.run().actions
    world.edit_record(record, life=Life.NORMAL)
    world.settled()
    shown = world.crm[record].event
    assert shown is not None
    assert shown.title == "Demo"


@pytest.mark.parametrize("employee", ["1", "2"])
def test_a_mailbox_that_vanishes_is_no_deletion(employee: str) -> None:
    world, record = agreed()
    world.away(employee)
    world.accounts[employee] = world.accounts[employee].__class__(
        **{n: getattr(world.accounts[employee], n) for n in world.accounts[employee].__dataclass_fields__}
        | {"availability": Availability.GONE}
    )
    world.settled()
    assert world.crm[record].life is Life.NORMAL


def test_a_host_that_was_deleted_while_its_guests_show_the_cancellation() -> None:
    world, record = agreed(Form.THEIRS)
    world.away("1")
    host = key(world.only("1"))
    world.remove(host)
    world.run()
    assert world.crm[record].life is Life.NORMAL, "the host could not be read"
    world.away("1", False)
    world.settled()
    assert world.crm[record].life is Life.INVALID


def test_guests_of_an_unreadable_host_count_when_every_one_shows_it() -> None:
    world = World()
    del world.accounts["1"]
    host = world.meeting("1", "Call", invite=[address("2"), address("3")])
    world.settled()
    (record,) = world.living()
    world.edit(host, uninvite=[address("2")])
    world.settled()
    shown = world.crm[record.id].event
    assert shown is not None
    assert "2" not in shown.attendees
    assert world.crm[record.id].life is Life.NORMAL, "one person was uninvited"
    world.remove(host)
    world.settled()
    assert world.crm[record.id].life is Life.INVALID


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize(("deletions_", "survives"), [("lose", True), ("win", False)])
def test_an_edit_in_sharecrm_against_a_deletion_in_outlook(form: Form, deletions_: str, survives: bool) -> None:
    world, record = agreed(form, deletions=deletions_)
    world.remove(key(world.only("1")))
    world.edit_record(record, title="Demo")
    world.mails.clear()
    world.settled()
    assert (world.crm[record].life is Life.NORMAL) is survives
    assert world.titles("1") == world.titles("2") == (["Demo"] if survives else [])
    assert not world.mails, "putting back mails nobody"


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize(("deletions_", "survives"), [("lose", True), ("win", False)])
def test_an_edit_in_outlook_against_a_deletion_in_sharecrm(form: Form, deletions_: str, survives: bool) -> None:
    world, record = agreed(form, deletions=deletions_)
    world.edit_record(record, life=Life.INVALID)
    world.edit(key(world.only("1")), title="Demo")
    world.settled()
    assert (world.crm[record].life is Life.NORMAL) is survives
    assert world.titles("1") == (["Demo"] if survives else [])
    assert world.titles("2") == world.titles("1")


@pytest.mark.parametrize("form", list(Form))
def test_a_recovered_record_comes_back_as_copies_and_mails_nobody(form: Form) -> None:
    world, record = agreed(form)
    world.edit_record(record, life=Life.INVALID)
    world.settled()
    world.mails.clear()
    world.edit_record(record, life=Life.NORMAL)
    world.settled()
    assert world.titles("1") == world.titles("2") == ["Visit"]
    assert not world.mails
    assert world.link(record).form is Form.COPIES


def test_a_delete_that_failed_is_done_later() -> None:
    world, record = agreed()
    world.refuse = {mailbox("2")}
    world.edit_record(record, life=Life.INVALID)
    world.run()
    assert (world.titles("1"), world.titles("2")) == ([], ["Visit"])
    world.refuse.clear()
    world.settled()
    assert not world.shown("2")


def test_a_copy_whose_mailbox_was_away_ends_when_it_is_back() -> None:
    world, record = agreed()
    world.away("2")
    world.run()
    world.edit_record(record, life=Life.INVALID)
    world.settled()
    assert world.titles("2") == ["Visit"]
    world.away("2", False)
    world.settled()
    assert not world.shown("2")


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("calendar", ["CRM Calendar", ""])
def test_taken_out_of_the_calendar_nothing_happens_and_put_back_both_are_compared(form: Form, calendar: str) -> None:
    world, record = agreed(form)
    world.edit_record(record, calendar=calendar)
    world.settled()
    assert world.link(record).state is LinkState.UNLINKED
    mine = key(world.only("1"))
    world.edit(mine, title="Demo")
    world.edit_record(record, private=True)
    world.settled()
    assert world.titles("1") == ["Demo"], "neither is changed, imported nor deleted"
    assert len(world.crm) == 1
    world.edit_record(record, calendar="Sales")
    world.settled()
    shown = world.crm[record].event
    assert shown is not None
    assert (shown.title, shown.private) == ("Demo", True)
    assert (world.only("1").event.title, world.only("1").event.private) == ("Demo", True)


def test_a_row_without_the_calendar_field_proves_nothing() -> None:
    world, record = agreed()
    world.edit_record(record, calendar=None)
    world.settled()
    assert world.link(record).state is LinkState.LIVING
    world.record("Never named", row={"calendar": None})
    world.settled()
    assert world.titles("1") == ["Visit"]
    world.edit_record(record, calendar="CRM Calendar")
    world.settled()
    world.edit_record(record, calendar=None)
    world.settled()
    assert world.link(record).state is LinkState.UNLINKED


@pytest.mark.parametrize("form", [Form.INVITED, Form.COPIES])
def test_deleted_when_out_of_scope_if_the_tenant_says_so_and_back_silently(form: Form) -> None:
    world, record = agreed(form, out_of_scope="delete")
    world.edit_record(record, calendar="CRM Calendar")
    world.settled()
    assert not world.shown("1")
    world.mails.clear()
    world.edit_record(record, calendar="Sales")
    world.settled()
    assert world.titles("1") == world.titles("2") == ["Visit"]
    assert not world.mails


def test_a_one_way_tenant_keeps_a_deletion_to_its_own_side() -> None:
    world, record = agreed(direction="crm_to_outlook")
    world.remove(key(world.only("1")))
    world.settled()
    assert (world.titles("1"), world.titles("2")) == ([], ["Visit"])
    assert world.crm[record].life is Life.NORMAL
    world.configure(direction="bidirectional")
    world.settled()
    assert (world.titles("1"), world.titles("2")) == ([], ["Visit"])


@pytest.mark.parametrize(("direction", "where"), [("crm_to_outlook", "outlook"), ("outlook_to_crm", "crm")])
def test_a_one_way_tenant_that_reverts_puts_the_deleted_back(direction: str, where: str) -> None:
    world = World()
    world.configure(direction=direction, drift="revert")
    if where == "crm":
        world.meeting("1", "Visit")
    else:
        world.record("Visit")
    world.settled()
    if where == "crm":
        world.edit_record(next(iter(world.crm)), life=Life.INVALID)
    else:
        world.remove(key(world.only("1")))
    world.settled()
    assert len(world.living()) == 1
    assert world.titles("1") == ["Visit"]


def test_a_waiting_record_that_is_deleted_waits_no_longer() -> None:
    world = World()
    world.away("1")
    record = world.record("Visit")
    world.run()
    world.edit_record(record, life=Life.INVALID)
    world.settled()
    assert world.link(record).state is LinkState.RETIRED
    assert not world.link(record).dirty
    world.away("1", False)
    world.settled()
    assert not world.shown("1")
