"""What a person's answer to held actions does on both sides, and that all is at rest afterwards (G6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from core.make import CONTACTS, address, at, mailbox
from core.world import World

from calsync.core.answers import PARTED, HeldKind, kind_of, possible
from calsync.core.diff import MOVED_ON
from calsync.core.facts import Limits
from calsync.core.model import Form, Life, LinkState, Side, Standing
from calsync.core.plan import Plan, Verb, Word

NO_DELETION = Limits(tenant_meetings=0, tenant_share=0.0)
NO_MAIL = Limits(mails_per_run=0)
ZOE = CONTACTS["c1"]

UPDATED = sorted([("update", address("2")), ("update", ZOE)])


def living(form: Form) -> tuple[World, str]:
    """A meeting of Ann's with Bob and a contact, agreed on both sides."""
    world = World(first_sync=World().now.replace(year=2027)) if form is Form.COPIES else World()
    if form is Form.THEIRS:
        world.meeting("1", "Visit", invite=[address("2"), ZOE])
    else:
        world.record("Visit", attendees={"2"}, contacts={"c1"})
    world.settled()
    world.mails.clear()
    return world, next(iter(world.crm))


def key(world: World, employee: str = "1") -> tuple[str, str]:
    """The one event in a person's calendar."""
    return next(where for where, item in world.outlook.items() if item is world.only(employee))


def hold(world: World, limits: Limits) -> Plan:
    """The run that holds; the next ones write nothing and forget nothing."""
    world.rules = replace(world.rules, limits=limits)
    plan = world.run()
    assert any(action.held for action in plan.actions)
    assert all(bool(action.held) is bool(action.versions) for action in plan.actions)
    for _ in range(3):
        assert not world.run().actions
    assert not world.mails
    return plan


def answered(world: World, word: Word) -> None:
    world.answer(word)
    world.settled()
    assert not world._held


def deleted_in_outlook(form: Form) -> tuple[World, str]:
    world, record = living(form)
    world.remove(key(world))
    world.mails.clear()
    hold(world, NO_DELETION)
    return world, record


def deleted_in_crm(form: Form) -> tuple[World, str]:
    world, record = living(form)
    world.edit_record(record, life=Life.INVALID)
    hold(world, NO_DELETION)
    return world, record


DELETED = pytest.mark.parametrize("delete", [deleted_in_outlook, deleted_in_crm])
Delete = Callable[[Form], tuple[World, str]]


@DELETED
@pytest.mark.parametrize("form", list(Form))
def test_an_approved_deletion_is_carried_out_on_both_sides(delete: Delete, form: Form) -> None:
    world, record = delete(form)
    assert world.links[world.link(record).id].state is LinkState.LIVING
    answered(world, Word.APPROVE)
    assert world.crm[record].life is Life.INVALID
    assert [world.titles(e) for e in ("1", "2")] == [[], []]
    cancelled = sorted([("cancellation", address("2")), ("cancellation", ZOE)])
    hosted = delete is deleted_in_crm and form is not Form.COPIES
    assert sorted(world.mails) == (cancelled if hosted else [])


@DELETED
@pytest.mark.parametrize("form", list(Form))
def test_a_restored_meeting_stands_on_both_sides_and_mails_nobody(delete: Delete, form: Form) -> None:
    world, record = delete(form)
    answered(world, Word.RESTORE)
    assert world.crm[record].life is Life.NORMAL
    assert [world.titles(e) for e in ("1", "2")] == [["Visit"], ["Visit"]]
    assert not world.mails
    assert world.link(record).state is LinkState.LIVING
    assert world.link(record).form is (form if delete is deleted_in_crm else Form.COPIES)
    world.edit_record(record, title="Demo")
    world.rules = replace(world.rules, limits=Limits())
    world.settled()
    assert world.titles("1") == ["Demo"]


@DELETED
@pytest.mark.parametrize("form", list(Form))
def test_an_unlinked_meeting_stays_on_both_sides_as_it_is(delete: Delete, form: Form) -> None:
    world, record = delete(form)
    before = world.crm[record], dict(world.outlook)
    answered(world, Word.UNLINK)
    assert (world.crm[record], world.outlook) == before
    assert (world.link(record).state, world.link(record).reason) == (LinkState.UNLINKED, PARTED)
    if delete is deleted_in_outlook:
        world.edit_record(record, title="Demo")
    else:
        world.edit(key(world), title="Demo")
    assert not world.run().actions
    world.configure()
    assert not world.run().actions


def test_what_was_edited_meanwhile_is_put_back_with_the_edit() -> None:
    """With `deletions: win` an edit does not save a meeting, a person does."""
    world, record = living(Form.COPIES)
    world.configure(deletions="win")
    world.settled()
    world.remove(key(world))
    world.edit_record(record, title="Demo")
    hold(world, NO_DELETION)
    answered(world, Word.RESTORE)
    assert [world.titles(e) for e in ("1", "2")] == [["Demo"], ["Demo"]]


@DELETED
@pytest.mark.parametrize("word", list(Word))
def test_a_side_that_moves_on_drops_what_was_held_and_is_decided_anew(delete: Delete, word: Word) -> None:
    """The answer that comes too late does nothing."""
    world, record = delete(Form.COPIES)
    if delete is deleted_in_outlook:
        world.edit_record(record, title="Demo")
    else:
        world.edit(key(world), title="Demo")
    world.answer(word)
    plan = world.run()
    assert not plan.actions
    assert [remark.reason for meeting in plan.meetings for remark in meeting.remarks] == [MOVED_ON]
    world.settled()
    assert world.crm[record].life is Life.NORMAL, "the edit wins (D5)"
    assert [world.titles(e) for e in ("1", "2")] == [["Demo"], ["Demo"]]


def test_nothing_is_done_by_an_answer_until_all_that_it_concerns_can_be_read() -> None:
    world, record = deleted_in_outlook(Form.COPIES)
    world.away("1")
    world.answer(Word.APPROVE)
    assert not world.run().actions
    assert world.crm[record].life is Life.NORMAL
    world.away("1", False)
    world.settled()
    assert world.crm[record].life is Life.INVALID


def renamed(form: Form = Form.INVITED) -> tuple[World, str]:
    world, record = living(form)
    world.edit_record(record, title="Demo", attendees={"1", "2", "3"})
    hold(world, NO_MAIL)
    return world, record


@pytest.mark.parametrize(
    ("word", "ann", "cai", "sent"),
    [
        (Word.APPROVE, "Demo", ["Demo"], sorted([*UPDATED, ("invitation", address("3"))])),
        (Word.RESTORE, "Visit", ["Visit"], []),
        (Word.UNLINK, "Visit", [], []),
    ],
)
def test_held_mails(word: Word, ann: str, cai: list[str], sent: list[tuple[str, str]]) -> None:
    """Restored: who would have been invited gets a copy, and the rest stays on its own side. Unlinked: all stays."""
    world, record = renamed()
    answered(world, word)
    assert (world.only("1").event.title, world.titles("3"), sorted(world.mails)) == (ann, cai, sent)
    assert world.crm[record].event is not None
    assert world.crm[record].event.title == "Demo"
    assert world.link(record).state is LinkState.LIVING
    world.rules = replace(world.rules, limits=Limits())
    world.mails.clear()
    world.edit_record(record, time=at(48))
    world.settled()
    assert world.only("1").event.time == at(48), "a later change is carried over as ever"
    assert world.only("1").event.title == ann


def test_an_outlook_edit_of_the_same_field_is_not_carried_into_a_change_that_stays_on_its_side() -> None:
    world, record = living(Form.INVITED)
    world.edit(key(world), title="Talk", private=True)
    world.now += timedelta(minutes=1)
    world.edit_record(record, title="Demo")
    world.mails.clear()
    hold(world, NO_MAIL)
    answered(world, Word.UNLINK)
    shown = world.crm[record].event
    assert shown is not None
    assert (shown.title, shown.private, world.only("1").event.title) == ("Demo", True, "Talk")
    assert not world.mails


@pytest.mark.parametrize(
    ("word", "standing", "form", "sent"),
    [
        (
            Word.APPROVE,
            [["Visit"], ["Visit"]],
            Form.INVITED,
            sorted([("invitation", address("2")), ("invitation", ZOE)]),
        ),
        (Word.RESTORE, [["Visit"], ["Visit"]], Form.COPIES, []),
        (Word.UNLINK, [[], []], None, []),
    ],
)
def test_a_held_invitation(
    word: Word, standing: list[list[str]], form: Form | None, sent: list[tuple[str, str]]
) -> None:
    world = World()
    record = world.record("Visit", attendees={"2"}, contacts={"c1"})
    hold(world, NO_MAIL)
    answered(world, word)
    assert ([world.titles(e) for e in ("1", "2")], sorted(world.mails)) == (standing, sent)
    assert world.link(record).form is form
    if word is Word.UNLINK:
        world.edit_record(record, title="Demo")
        assert not world.run().actions
        assert world.link(record).reason == PARTED


def lost() -> tuple[World, str]:
    """After a loss of state a copy is missing that pairing cannot account for (B5)."""
    world = World()
    world.record("Visit")
    world.settled()
    world.forget()
    record = world.record("New")
    hold(world, Limits())
    return world, record


@pytest.mark.parametrize(("word", "titles"), [(Word.APPROVE, ["New", "Visit"]), (Word.UNLINK, ["Visit"])])
def test_a_held_creation(word: Word, titles: list[str]) -> None:
    world, record = lost()
    answered(world, word)
    assert world.titles("1") == titles
    assert world.link(record).state is (LinkState.LIVING if word is Word.APPROVE else LinkState.UNLINKED)


def test_there_is_nothing_to_put_back_of_what_was_never_there() -> None:
    world, _ = lost()
    (held,) = [actions for actions in world._held.values() if actions[0].verb is Verb.CREATE]
    assert kind_of(held) is HeldKind.CREATION
    assert [word for word in Word if possible(held, word)] == [Word.APPROVE, Word.UNLINK]


def test_a_copy_beside_a_lost_host_is_approved() -> None:
    """E7: the new content goes out as a copy beside the invitation that nobody can change any more."""
    world, record = living(Form.INVITED)
    world.accounts["1"] = replace(world.accounts["1"], revoked_at=None)
    world.away("1")
    world.settled()
    world.now = world.now.replace(month=world.now.month + 2)
    world.links = {
        id_: replace(link, base=replace(link.base, time=at(24 * 90)) if link.base else None)
        for id_, link in world.links.items()
    }
    world._review = True
    world.settled()
    assert any(p.standing is Standing.LOST for p in world.link(record).placements)
    world.edit_record(record, title="Demo")
    hold(world, Limits())
    answered(world, Word.APPROVE)
    assert world.titles("2") == ["Demo", "Visit"]


def test_the_mailbox_side_of_a_held_action_is_kept_by_mailbox_and_id() -> None:
    world, _ = deleted_in_crm(Form.COPIES)
    (actions,) = world._held.values()
    assert {action.side for action in actions} == {Side.OUTLOOK}
    keys = [key for key, _ in actions[0].versions]
    assert keys == ["crm", *sorted(f"{mailbox(e)}|{world.only(e).id}" for e in ("1", "2"))]
