"""A value that yielded in a conflict comes back on both sides, unless something has changed since (RULES C5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from core.make import NOW, address, at
from core.world import Key, World

from calsync.core.facts import Facts
from calsync.core.model import Form, Side
from calsync.core.past import RESTORED, Wanted
from calsync.core.plan import Loss, Plan, Word
from calsync.core.restore import CHANGED, NOT_NOW, SHOWN
from calsync.core.undo import ONE_WAY, READ_ONLY
from calsync.core.untouched import AWAY, ERASED, IN_CRM, IN_OUTLOOK

LATER = NOW.replace(year=NOW.year + 1)


@dataclass
class Restoring(World):
    """A world in which a person wants a value back."""

    losses: list[Loss] = field(default_factory=list)
    wanted: dict[str, Wanted] = field(default_factory=dict)

    def facts(self) -> Facts:
        return replace(super().facts(), wanted=dict(self.wanted))

    def run(self, carry_out: bool = True) -> Plan:
        plan = super().run(carry_out)
        self.losses += [loss for meeting in plan.meetings for loss in meeting.losses]
        return plan

    def restore(self, **more: Any) -> Plan:
        """One run that brings the last value back that yielded."""
        link = next(iter(self.links.values()))
        wanted = replace(Wanted("7:0", self.losses[-1], link.base), **more)
        self.wanted = {link.id: wanted}
        self._touched_crm |= {link.crm_id}
        self._touched |= {(p.mailbox, p.id) for p in link.placements} & set(self.outlook)
        plan = self.run()
        if not any(action.held for action in plan.actions):
            self.wanted.clear()
        return plan

    def titles_everywhere(self) -> set[str]:
        return {r.event.title for r in self.living() if r.event} | {t for e in self.accounts for t in self.titles(e)}


def of_ann(world: World) -> Key:
    item = world.only("1")
    return item.mailbox, item.id


def after_conflict(form: Form = Form.COPIES, **more: Any) -> Restoring:
    """Ann's meeting with Bob, called "Lunch" in ShareCRM and "Dinner" in Outlook at once; ShareCRM has won."""
    world = Restoring(first_sync=LATER, **more) if form is Form.COPIES else Restoring(**more)
    world.configure(conflicts="crm")
    if form is Form.THEIRS:
        world.meeting("1", "Visit", at(24), invite=[address("2")])
    else:
        world.record("Visit", at(24), attendees={"2"})
    world.settled()
    world.edit_record(next(iter(world.crm)), title="Lunch")
    world.edit(of_ann(world), title="Dinner")
    world.settled()
    assert (world.titles_everywhere(), world.losses[-1].side) == ({"Lunch"}, Side.OUTLOOK)
    world.mails.clear()
    return world


def refusals(plan: Plan) -> list[str]:
    remarks = [remark.reason for meeting in plan.meetings for remark in meeting.remarks]
    return [reason.removeprefix(NOT_NOW) for reason in remarks if reason.startswith(NOT_NOW)]


@pytest.mark.parametrize("form", Form)
def test_the_losing_value_stands_on_both_sides_then(form: Form) -> None:
    world = after_conflict(form)
    plan = world.restore()
    assert world.titles_everywhere() == {"Dinner"}
    assert {(action.rule, action.reason, action.evidence) for action in plan.actions} == {("C5", RESTORED, "7:0")}
    assert next(iter(world.links.values())).base.title == "Dinner"  # type: ignore[union-attr]
    world.settled()
    assert world.titles_everywhere() == {"Dinner"}


def test_guests_are_told_of_it_as_of_any_change() -> None:
    world = after_conflict(Form.INVITED)
    world.restore()
    assert world.mails == [("update", address("2"))]


def test_another_field_that_was_agreed_on_since_stays() -> None:
    world = after_conflict()
    world.edit_record(next(iter(world.crm)), time=at(30))
    world.settled()
    won = next(iter(world.links.values())).base
    world.restore(won=replace(won, time=at(24)))  # type: ignore[type-var]
    assert world.titles_everywhere() == {"Dinner"}
    assert world.only("1").event.time == at(30)


def edited_in_crm(world: Restoring) -> None:
    world.edit_record(next(iter(world.crm)), time=at(30))


def edited_in_outlook(world: Restoring) -> None:
    world.edit(of_ann(world), time=at(30))


def away(world: Restoring) -> None:
    world.away("1")


def one_way(world: Restoring) -> None:
    world.configure(direction="crm_to_outlook")


@pytest.mark.parametrize(
    ("act", "more", "why"),
    [
        (edited_in_crm, {}, IN_CRM),
        (edited_in_outlook, {}, IN_OUTLOOK),
        (away, {}, AWAY),
        (one_way, {}, ONE_WAY.format(side="ShareCRM")),
        (lambda _: None, {"won": None}, ERASED),
    ],
)
def test_nobodys_later_work_is_overwritten(act: Callable[[Restoring], None], more: dict[str, Any], why: str) -> None:
    world = after_conflict()
    act(world)
    plan = world.restore(**more)
    assert refusals(plan) == [why]
    world.settled()
    assert world.titles_everywhere() == {"Lunch"}


def test_what_is_changed_at_the_same_moment_is_carried_over_all_the_same() -> None:
    world = after_conflict()
    edited_in_crm(world)
    world.restore()
    assert world.only("1").event.time == at(30)


def test_a_field_that_was_agreed_anew_since_stays() -> None:
    world = after_conflict()
    won = next(iter(world.links.values())).base
    world.edit_record(next(iter(world.crm)), title="Supper")
    world.settled()
    assert refusals(world.restore(won=won)) == [CHANGED]
    assert world.titles_everywhere() == {"Supper"}


def test_a_value_that_is_there_already_is_not_written_again() -> None:
    world = after_conflict()
    world.restore()
    assert refusals(world.restore(won=world.losses[-1].event)) == [SHOWN]


def test_a_meeting_that_somebody_else_organises_is_only_read() -> None:
    world = after_conflict(Form.THEIRS)
    host = of_ann(world)
    world.revoke("1")
    world.settled()
    assert host in world.outlook
    assert refusals(world.restore())[0] in (READ_ONLY, AWAY)


def test_half_done_it_is_finished_as_the_edit_that_it_is() -> None:
    world = after_conflict()
    world.refuse.add(str(Side.CRM))
    world.restore()
    world.refuse.clear()
    assert world.titles_everywhere() == {"Lunch", "Dinner"}
    world.settled()
    assert world.titles_everywhere() == {"Dinner"}


@pytest.mark.parametrize(("word", "title"), [(Word.APPROVE, "Dinner"), (Word.RESTORE, "Lunch"), (Word.UNLINK, "Lunch")])
def test_one_that_mails_too_many_waits_for_a_person(word: Word, title: str) -> None:
    world = after_conflict(Form.INVITED)
    world.rules = replace(world.rules, limits=replace(world.rules.limits, mails_per_run=0))
    plan = world.restore()
    assert all(action.held for action in plan.actions if action.mails)
    assert not world.mails
    world.answer(word)
    world.run()
    world.wanted.clear()
    world.settled()
    assert world.titles_everywhere() == {title}
