"""Undo: what a run did goes back on both sides, or the meeting stays as it is and says why (RULES G9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from core.make import CONTACTS, NOW, account, address, at, mailbox
from core.world import Item, World

from calsync.core import untouched
from calsync.core.facts import Facts
from calsync.core.model import Event, Form, Kind, Life, Link, LinkState, Side, Standing
from calsync.core.past import UNDO, Deed, Past
from calsync.core.plan import Action, ActionState, Loss, Meeting, Outcome, Plan, Verb
from calsync.core.undo import NOTHING_LEFT, ONE_WAY, READ_ONLY

LATER = NOW.replace(year=NOW.year + 1)
Act = Callable[["Remembering"], object]


@dataclass(frozen=True)
class Entry:
    """One line of history."""

    run: int
    link: str
    base: Event | None
    deed: Deed
    losses: tuple[Loss, ...] = ()


@dataclass
class Remembering(World):
    """A world that keeps its history, and can undo from it."""

    history: list[Entry] = field(default_factory=list)
    number: int = 0
    past: dict[str, Past] = field(default_factory=dict)

    def run(self, carry_out: bool = True) -> Plan:
        self.number += 1
        return super().run(carry_out)

    def undo(self, number: int | None = None, **more: Any) -> Plan:
        """Undo a run, the last one that wrote if none is named, in a run of its own that reads what it concerns.

        It moves no cursor: what it has read is read again.
        """
        unread = set(self._touched_crm), set(self._touched), set(self._gone)
        of = number if number is not None else self.history[-1].run
        for link in {entry.link for entry in self.history if entry.run == of}:
            entries = [entry for entry in self.history if entry.link == link]
            done = [entry for entry in entries if entry.run == of]
            later = next((str(entry.run) for entry in entries if entry.run > of), "")
            deeds = tuple(entry.deed for entry in done)
            self.past[link] = replace(Past(str(of), done[0].base, deeds, done[0].losses, later), **more)
            self._touch(self.links[link])
        plan = self.run()
        self.past.clear()
        self._touched_crm |= unread[0]
        self._touched |= unread[1] & set(self.outlook)
        self._gone |= unread[2]
        return plan

    def _touch(self, link: Link) -> None:
        self._touched_crm |= {link.crm_id} & set(self.crm)
        self._touched |= {(p.mailbox, p.id) for p in link.placements} & set(self.outlook)

    def facts(self) -> Facts:
        return replace(super().facts(), past=dict(self.past))

    def _do(self, meeting: Meeting, action: Action) -> Outcome:
        outcome = super()._do(meeting, action)
        if outcome.state is ActionState.DONE:
            placement = outcome.placement
            deed = Deed(
                action.verb, action.side, action.rule, action.reason, action.mailbox,
                outcome.crm_id or (placement.id if placement else action.target_id), action.before,
                placement.shown if placement else outcome.crm_shown, action.fields, action.invite, action.uninvite,
                action.add, action.remove,
            )  # fmt: skip
            self.history.append(Entry(self.number, action.link, meeting.noted.base, deed, meeting.losses))
        return outcome

    def everything(self) -> tuple[object, ...]:
        """What a person sees: the living records, and every calendar."""
        records = [(r.event.title, r.event.time, r.event.private, r.event.attendees, r.event.contacts)
                   for r in self.living() if r.event]  # fmt: skip
        calendars = {e: [(i.event.title, i.event.time, i.event.private, i.event.guests, i.is_organizer)
                         for i in self.shown(e)] for e in self.accounts}  # fmt: skip
        return records, calendars


def agreed(form: Form, **more: Any) -> Remembering:
    """Ann's meeting with Bob and a contact, in one of the three forms; Cai is connected and not on it."""
    world = Remembering(first_sync=LATER, **more) if form is Form.COPIES else Remembering(**more)
    if form is Form.THEIRS:
        world.meeting("1", "Visit", at(24), invite=[address("2"), CONTACTS["c1"]])
    else:
        world.record("Visit", at(24), attendees={"2"}, contacts={"c1"})
    world.settled()
    world.mails.clear()
    return world


def key(item: Item) -> tuple[str, str]:
    return item.mailbox, item.id


def record(world: World) -> str:
    return next(iter(world.crm))


def refusals(plan: Plan) -> list[str]:
    return [r.reason for meeting in plan.meetings for r in meeting.remarks if r.rule == UNDO]


def in_crm(**changes: Any) -> Act:
    return lambda world: world.edit_record(record(world), **changes)


def in_outlook(**changes: Any) -> Act:
    return lambda world: world.edit(key(world.only("1")), **changes)


def both(*acts: Act) -> Act:
    return lambda world: [act(world) for act in acts]


CHANGES: dict[str, Act] = {
    "title in ShareCRM": in_crm(title="Dinner"),
    "time in ShareCRM": in_crm(time=at(30)),
    "all of it in ShareCRM": in_crm(title="Dinner", time=at(30), private=True),
    "title in Outlook": in_outlook(title="Dinner"),
    "time and privacy in Outlook": in_outlook(time=at(30), private=True),
    "different fields on both sides": both(in_crm(title="Dinner"), in_outlook(time=at(30))),
    "a person joins in ShareCRM": in_crm(attendees={"1", "2", "3"}),
    "a person leaves in ShareCRM": in_crm(attendees={"1"}),
    "people and content in ShareCRM": in_crm(attendees={"1", "3"}, title="Dinner"),
    "a contact joins in ShareCRM": in_crm(contacts={"c1", "c2"}),
    "a contact leaves in ShareCRM": in_crm(contacts=set()),
}
ON_A_LIST: dict[str, Act] = {
    "a person joins in Outlook": in_outlook(invite=[address("3")]),
    "a contact leaves in Outlook": in_outlook(uninvite=[CONTACTS["c1"]]),
    "a person leaves in Outlook": in_outlook(uninvite=[address("2")]),
}


UNWRITTEN = {
    (Form.COPIES, "a contact joins in ShareCRM"),
    (Form.COPIES, "a contact leaves in ShareCRM"),
    (Form.THEIRS, "a contact joins in ShareCRM"),
}
"""What only ShareCRM can show in these forms: no run writes it."""


def cases() -> list[Any]:
    found = [(form, name, act) for form in Form for name, act in CHANGES.items() if (form, name) not in UNWRITTEN]
    found += [(form, name, act) for form in (Form.INVITED, Form.THEIRS) for name, act in ON_A_LIST.items()]
    return [pytest.param(form, act, id=f"{form}: {name}") for form, name, act in found]


@pytest.mark.parametrize(("form", "act"), cases())
def test_a_change_goes_back_on_both_sides_and_nothing_follows(form: Form, act: Act) -> None:
    world = agreed(form)
    before, base = world.everything(), world.link(record(world)).base
    act(world)
    world.settled()
    assert world.everything() != before
    plan = world.undo()
    assert {action.rule for action in plan.actions} == {UNDO}
    assert len({action.evidence for action in plan.actions}) == 1
    world.settled()
    assert world.everything() == before
    assert world.link(record(world)).base == base


@pytest.mark.parametrize(("form", "act"), cases())
def test_the_undo_of_an_undo_brings_the_change_again(form: Form, act: Act) -> None:
    world = agreed(form)
    act(world)
    world.settled()
    changed, base = world.everything(), world.link(record(world)).base
    world.undo()
    world.settled()
    world.undo()
    world.settled()
    assert world.everything() == changed
    assert world.link(record(world)).base == base


@pytest.mark.parametrize("wins", ["crm", "outlook"])
def test_what_had_to_yield_is_there_again_on_both_sides(wins: str) -> None:
    world = agreed(Form.COPIES)
    world.configure(conflicts=wins)
    world.settled()
    both(in_crm(title="Said in ShareCRM"), in_outlook(title="Said in Outlook"))(world)
    world.settled()
    world.undo()
    world.settled()
    loser = "Said in Outlook" if wins == "crm" else "Said in ShareCRM"
    assert [row.event and row.event.title for row in world.living()] == [loser]
    assert world.titles("1") == world.titles("2") == [loser]


def test_a_person_who_got_a_copy_later_loses_it_and_gets_no_other() -> None:
    world = agreed(Form.COPIES)
    world.accounts["3"] = account("3", authorised_since=None)
    world.edit_record(record(world), attendees={"1", "2", "3"})
    world.settled()
    world.authorise("3")
    world.settled()
    assert world.titles("3") == ["Visit"]
    world.undo()
    world.settled()
    assert not world.titles("3")
    assert world.titles("1") == world.titles("2") == ["Visit"]
    world.undo()
    world.settled()
    assert not world.titles("3"), "its person was and stays on the meeting: only an authorisation brings the copy"


# --- what calsync made -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", list(Form))
def test_what_calsync_made_goes_what_people_made_stays_and_the_next_run_repeats_nothing(form: Form) -> None:
    world = agreed(form)
    theirs = form is Form.THEIRS
    world.undo(1)
    world.settled()
    assert len(world.living()) == (0 if theirs else 1)
    assert [world.titles(e) for e in ("1", "2")] == ([["Visit"], ["Visit"]] if theirs else [[], []])
    link = world.link(record(world))
    assert (link.state, link.reason) == (LinkState.UNLINKED, "a person undid what calsync had done; both sides are "
                                         "left as they are")  # fmt: skip
    told = [("cancellation", address("2")), ("cancellation", CONTACTS["c1"])]
    assert sorted(world.mails) == (sorted(told) if form is Form.INVITED else [])


@pytest.mark.parametrize("form", list(Form))
def test_an_undone_meeting_stays_apart_until_that_is_undone_too(form: Form) -> None:
    world = agreed(form)
    world.undo(1)
    world.settled()
    world.mails.clear()
    if form is not Form.THEIRS:
        world.edit_record(record(world), title="Edited apart")
        world.settled()
        assert not world.titles("1")
        world.edit_record(record(world), title="Visit")
        world.settled()
    world.undo()
    world.settled()
    assert len(world.living()) == 1
    assert world.titles("1") == world.titles("2") == ["Visit"]
    assert world.link(record(world)).state is LinkState.LIVING
    assert not world.mails, "what is put back mails nobody (E6)"


def test_first_contact_is_parted_again_and_neither_side_is_touched() -> None:
    world = Remembering(first_sync=LATER)
    world.record("Lunch", at(24))
    world.meeting("1", "Lunch", at(24))
    world.settled()
    before = world.everything()
    world.undo()
    world.settled()
    assert world.everything() == before
    world.edit_record(record(world), title="Dinner")
    world.settled()
    assert world.titles("1") == ["Lunch"]
    assert world.link(record(world)).state is LinkState.UNLINKED


# --- what calsync ended ----------------------------------------------------------------------------------------------


def removed_in_outlook(world: Remembering) -> None:
    world.remove(key(world.only("1")))


@pytest.mark.parametrize("act", [in_crm(life=Life.INVALID), removed_in_outlook], ids=["in ShareCRM", "in Outlook"])
@pytest.mark.parametrize("form", list(Form))
def test_a_deletion_is_taken_back_on_both_sides_and_mails_nobody(form: Form, act: Act) -> None:
    world = agreed(form)
    act(world)
    world.settled()
    assert not world.living()
    world.mails.clear()
    plan = world.undo()
    world.settled()
    assert [a.verb for a in plan.actions if a.side is Side.CRM] == [Verb.CREATE]
    assert [row.event and row.event.title for row in world.living()] == ["Visit"]
    assert world.titles("1") == world.titles("2") == ["Visit"]
    assert world.link(record(world)).form is Form.COPIES
    assert not world.mails
    world.undo()
    world.settled()
    assert not world.living()
    assert not world.titles("1") + world.titles("2")
    assert world.link(record(world)).state is LinkState.RETIRED


# --- what must stay as it is -----------------------------------------------------------------------------------------


def changed(form: Form = Form.COPIES) -> Remembering:
    """A meeting whose title a run has carried from ShareCRM to Outlook."""
    world = agreed(form)
    world.edit_record(record(world), title="Dinner")
    world.settled()
    return world


def ended(form: Form = Form.COPIES) -> Remembering:
    world = agreed(form)
    world.edit_record(record(world), life=Life.INVALID)
    world.settled()
    return world


def one_way(direction: str) -> Act:
    return lambda world: world.configure(direction=direction)


REFUSED: dict[str, tuple[Callable[[], Remembering], Act, str]] = {
    "its record was edited since": (changed, in_crm(title="Supper"), untouched.IN_CRM),
    "its record was edited back since": (changed, in_crm(title="Visit"), untouched.IN_CRM),
    "somebody joined since": (changed, in_crm(attendees={"1", "2", "3"}), untouched.IN_CRM),
    "its record was deleted since": (changed, in_crm(life=Life.INVALID), untouched.IN_CRM),
    "its event was edited since": (changed, in_outlook(time=at(40)), untouched.IN_OUTLOOK),
    "its event was deleted since": (changed, removed_in_outlook, untouched.IN_OUTLOOK),
    "another copy was edited since": (changed, lambda w: w.edit(key(w.only("2")), title="Mine"), untouched.IN_OUTLOOK),
    "people were invited to the copy": (changed, in_outlook(invite=[CONTACTS["c2"]]), untouched.IN_OUTLOOK),
    "its mailbox is away": (changed, lambda w: w.away("1"), untouched.AWAY),
    "it was taken out of the calendar": (changed, in_crm(calendar="CRM Calendar"), untouched.CALENDAR),
    "ShareCRM may not be written": (changed, one_way("crm_to_outlook"), ONE_WAY.format(side="ShareCRM")),
    "Outlook may not be written": (changed, one_way("outlook_to_crm"), ONE_WAY.format(side="Outlook")),
    "its record was recovered since": (ended, in_crm(life=Life.NORMAL), untouched.IN_CRM),
    "its record is gone for good": (ended, in_crm(life=Life.GONE), "its record is gone for good in ShareCRM"),
}  # fmt: skip


@pytest.mark.parametrize(("made", "act", "why"), REFUSED.values(), ids=REFUSED)
def test_what_changed_since_is_refused_and_nothing_of_it_is_written(
    made: Callable[[], Remembering], act: Act, why: str
) -> None:
    world = made()
    act(world)
    before = world.everything()
    plan = world.undo()
    assert (refusals(plan), plan.actions) == ([why], [])
    assert world.everything() == before


def test_a_later_run_of_the_meeting_is_named() -> None:
    world = changed()
    first = world.history[-1].run
    world.edit_record(record(world), title="Supper")
    world.settled()
    plan = world.undo(first)
    assert refusals(plan) == [f"run {world.history[-1].run} has changed it since; undo that run first"]
    assert not plan.actions


def test_values_that_are_no_longer_kept_cannot_come_back() -> None:
    world = changed()
    assert refusals(world.undo(base=None, complete=False)) == [untouched.ERASED]


def test_a_meeting_that_others_organise_is_not_written() -> None:
    world = Remembering()
    world.accounts["1"] = account("1", authorised_since=None)
    key_ = world.meeting("1", "Visit", at(24), invite=[address("2")])
    world.settled()
    world.edit(key_, title="Dinner")
    world.settled()
    assert refusals(world.undo()) == [READ_ONLY]


def test_what_shows_its_former_value_anyway_is_told() -> None:
    world = changed()
    world.edit(key(world.only("2")), title="Mine")
    world.settled()
    put_right = world.history[-1]
    assert put_right.deed.rule == "C8"
    assert refusals(world.undo()) == [NOTHING_LEFT]


def test_one_refused_meeting_does_not_keep_the_others() -> None:
    world = Remembering(first_sync=LATER)
    records = [world.record(f"Visit {n}", at(24 + n)) for n in range(3)]
    world.settled()
    for id_ in records:
        world.edit_record(id_, private=True)
    world.settled()
    world.edit_record(records[1], title="Changed since")
    plan = world.undo()
    assert refusals(plan) == [untouched.IN_CRM]
    world.settled()
    assert [row.event and row.event.private for row in world.living()] == [False, True, False]
    assert world.titles("1") == ["Changed since", "Visit 0", "Visit 2"]


# --- mails, holds, interruptions -------------------------------------------------------------------------------------


def test_guests_outside_of_an_ended_meeting_are_mailed_only_with_a_persons_word() -> None:
    world = agreed(Form.INVITED)
    world.edit_record(record(world), title="Dinner")
    world.settled()
    world.now = NOW.replace(day=NOW.day + 5)
    before = world.everything()
    plan = world.undo()
    assert [bool(action.held) for action in plan.actions] == [True, True], "the record waits with its event"
    assert world.everything() == before
    assert world.link(record(world)).state is LinkState.LIVING


@pytest.mark.parametrize("refusing", ["crm", "outlook"])
@pytest.mark.parametrize("form", [Form.COPIES, Form.INVITED])
def test_an_undo_that_gets_only_one_side_written_is_carried_on_by_the_next_run(form: Form, refusing: str) -> None:
    world = agreed(form)
    before = world.everything()
    world.edit_record(record(world), title="Dinner")
    world.settled()
    world.refuse.add(refusing)
    world.undo()
    world.refuse.clear()
    world.settled()
    assert world.everything() == before


@pytest.mark.parametrize("refusing", ["crm", "outlook", mailbox("1"), mailbox("2")])
def test_an_interrupted_undo_of_a_creation_is_never_read_as_a_deletion_and_can_be_repeated(refusing: str) -> None:
    form = Form.THEIRS if refusing == "crm" else Form.COPIES
    world = agreed(form)
    world.refuse.add(refusing)
    world.undo(1)
    world.refuse.clear()
    world.settled()
    assert len(world.living()) == 1
    assert world.link(record(world)).state is LinkState.UNLINKED
    world.undo(1, later="", begun=True)
    world.settled()
    assert len(world.living()) == (0 if form is Form.THEIRS else 1)
    assert not world.titles("1") or form is Form.THEIRS
    assert world.link(record(world)).state is LinkState.UNLINKED


def test_what_undoing_removes_for_one_person_ends_for_them_alone() -> None:
    world = agreed(Form.COPIES)
    world.edit_record(record(world), attendees={"1", "2", "3"})
    world.settled()
    world.undo()
    link = world.link(record(world))
    standing = {p.mailbox: p.standing for p in link.placements if p.kind is Kind.COPY}
    assert standing == {
        mailbox("1"): Standing.LIVING,
        mailbox("2"): Standing.LIVING,
        mailbox("3"): Standing.ENDED,
    }
