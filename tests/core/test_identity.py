"""Which is which: links, marks, iCalUIds, first contact, lost state (RULES B)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from core.make import CONTACTS, address, at, event, mailbox
from core.world import World

from calsync.core.facts import Intent
from calsync.core.match import ical_key
from calsync.core.model import CrmRow, Form, Kind, Life, Link, LinkState, Mark, Origin, Shape, Standing
from calsync.core.plan import Plan, Verb

GLOBAL = "040000008200E00074C5B7101A82E008"


def remarks(plan: Plan) -> set[str]:
    return {r.rule for r in plan.remarks} | {r.rule for m in plan.meetings for r in m.remarks}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (GLOBAL + "07EA0302" + "00FF", GLOBAL + "07ea0302" + "00FF", True),
        (GLOBAL + "07EA0302" + "00FF", GLOBAL + "07EA0309" + "00FF", False),
        (GLOBAL + "07EA0302" + "00FF", GLOBAL + "00000000" + "00FF", False),
        (GLOBAL + "07EA0302" + "00FF", GLOBAL + "07EA0302" + "00AA", False),
        ("plain@uid", "plain@uid", True),
        ("", "", False),
    ],
)
def test_icaluids_are_compared_with_their_date_digits_read_as_a_date(one: str, other: str, same: bool) -> None:
    assert bool(ical_key(one) and ical_key(one) == ical_key(other)) is same


def test_an_invitation_to_one_date_of_a_series_is_that_date() -> None:
    """Its guest has a single event, whose iCalUId bears the date; the host's occurrence may bear its master's (B2)."""
    assert ical_key(GLOBAL + "07EA0302" + "00FF") == ical_key(GLOBAL + "00000000" + "00FF", date(2026, 3, 2))


def test_occurrences_of_one_series_differ_by_their_original_date() -> None:
    assert ical_key("uid", at(0).start) != ical_key("uid", at(24).start)


def test_copies_in_several_mailboxes_are_one_meeting() -> None:
    world = World()
    world.meeting("1", invite=[address("2"), address("3")])
    world.settled()
    (record,) = world.living()
    assert record.event is not None
    assert record.event.attendees == {"1", "2", "3"}
    assert [p.kind for p in world.link(record.id).placements] == [Kind.HOST, Kind.GUEST, Kind.GUEST]


def test_what_stood_on_both_sides_is_linked_and_nothing_is_written() -> None:
    world = World()
    world.record("Visit", at(24), attendees={"2"}, contacts={"c1"})
    world.meeting("1", "Visit", at(24), invite=[CONTACTS["c1"], "stranger@else.example", address("2")])
    plan = world.run()
    assert {a.verb for a in plan.actions} == {Verb.LINK}
    assert world.link("r1").form is Form.THEIRS
    world.settled()
    assert len(world.crm) == 1
    assert len(world.shown("1")) == len(world.shown("2")) == 1


def test_each_persons_own_entry_of_one_record_is_its_placement_there() -> None:
    world = World()
    record = world.record("Visit", at(24), attendees={"2"})
    world.meeting("2", "Visit", at(24))
    world.meeting("1", "Visit", at(24))
    world.settled()
    placements = {p.mailbox: p for p in world.link(record).placements}
    assert {p.kind for p in placements.values()} == {Kind.HOST, Kind.COPY}
    assert placements[mailbox("1")].kind is Kind.HOST
    assert {p.origin for p in placements.values()} == {Origin.THEIRS}
    world.remove((mailbox("2"), placements[mailbox("2")].id))
    world.settled()
    assert world.titles("1") == ["Visit"], "one person's own entry is not the meeting"
    assert world.living()


@pytest.mark.parametrize("records", [1, 2])
def test_what_cannot_be_told_apart_is_not_touched_and_reported_every_run(records: int) -> None:
    world = World()
    for _ in range(records):
        world.record("Visit", at(24))
    for _ in range(3 - records):
        world.meeting("1", "Visit", at(24))
    for _ in range(2):
        plan = world.run()
        assert not plan.actions
        assert "B4" in remarks(plan)
    some = world.shown("1")[0]
    world.edit((some.mailbox, some.id), title="Another thing")
    world.settled()
    assert len(world.living()) == 1 + records


def test_a_meeting_of_strangers_is_not_the_record_of_equal_look() -> None:
    world = World()
    world.record("Lunch", at(24), owner="2")
    world.meeting("1", "Lunch", at(24))
    world.settled()
    assert len(world.crm) == 2


def test_an_outsiders_event_serves_its_mailbox_and_says_nothing() -> None:
    world = World()
    record = world.record("Visit", at(24), contacts={"c1"})
    key = world.meeting("1", "Visit", at(24), organizer=CONTACTS["c1"], invite=[address("1")])
    world.settled()
    assert world.titles("1") == ["Visit"], "no second entry beside the customer's invitation"
    world.edit(key, title="Renamed by the customer")
    world.settled()
    assert world.crm[record].event == event("Visit", at(24), attendees={"1"}, contacts={"c1"})


def test_a_remembered_record_meets_its_event_when_somebody_connects_later() -> None:
    world = World(accounts={})
    record = world.record("Visit", at(24), attendees={"2"})
    world.meeting("1", "Visit", at(24))
    world.settled()
    world.authorise("1")
    world.settled()
    assert list(world.crm) == [record]
    assert world.titles("1") == ["Visit"]
    world.authorise("2")
    world.settled()
    assert world.titles("2") == ["Visit"]
    assert not world.mails


def test_lost_state_is_found_again_by_marks() -> None:
    world = World()
    invited = world.record("Visit", at(24), attendees={"2"}, contacts={"c1"})
    world.settled()
    world.forget()
    plan = world.run()
    assert not [a for a in plan.actions if a.verb is not Verb.LINK]
    assert world.link(invited).form is Form.INVITED
    world.settled()
    assert (len(world.crm), len(world.shown("1")), len(world.shown("2"))) == (1, 1, 1)


def test_after_a_loss_of_state_what_is_left_over_waits_for_a_person() -> None:
    world = World()
    world.record("Visit", at(24))
    world.settled()
    world.forget()
    world.record("New", at(30))
    world.meeting("2", "Mine", at(30))
    plan = world.run()
    assert {bool(a.held) for a in plan.actions if a.verb is Verb.CREATE} == {True}


def test_a_mark_whose_record_is_gone_is_never_imported() -> None:
    world = World()
    record = world.record("Visit", at(24))
    world.settled()
    world.forget()
    world.edit_record(record, life=Life.INVALID)
    plan = world.run()
    assert not plan.actions
    assert "B3" in remarks(plan)


@pytest.mark.parametrize(
    ("mark", "imported"),
    [
        (Mark("other", "t", "r1", mailbox("1"), 1), False),
        (Mark("i", "other", "r1", mailbox("1"), 1), False),
        (Mark("i", "t", "r1", mailbox("2"), 1), True),
        (Mark("i", "t", "r1", mailbox("1"), 1), True),
    ],
)
def test_a_marked_event_that_no_link_knows(mark: Mark, imported: bool) -> None:
    world = World()
    world.record("Visit", at(24))
    world.settled()
    world.meeting("1", "Copied by hand", at(30), mark=mark, by="user")
    world.settled()
    assert (len(world.crm) == 2) is imported, "a user's copy is a meeting of its own; another installation's is not"


def test_an_unanswered_create_in_sharecrm_is_recognised_and_not_repeated() -> None:
    world = World()
    world.meeting("1", "Call", at(24), invite=[address("2")])
    world.refuse = {"crm"}
    world.run()
    (link,) = world.links.values()
    assert link.state is LinkState.SEEN
    world.refuse.clear()
    world.crm["rx"] = CrmRow(
        "rx", 1, event("Call", at(24), attendees={"1", "2"}), "1", calendar="Sales", created=world.now
    )
    world._touched_crm.add("rx")
    intent = Intent(link.id, "1", event("Call", at(24)), world.now)
    world.intents = (intent,)
    world.run()
    world.intents = ()
    world.settled()
    assert list(world.crm) == ["rx"]
    assert world.link("rx").form is Form.THEIRS


def test_a_created_event_whose_answer_was_lost_is_found_by_its_mark() -> None:
    world = World()
    record = world.record("Visit", at(24), attendees={"2"}, contacts={"c1"})
    plan = world.run(carry_out=False)
    (create,) = plan.actions
    world.links[plan.meetings[0].noted.id] = plan.meetings[0].noted
    world._do_outlook(plan.meetings[0], create)
    sent = list(world.mails)
    world.settled()
    assert world.mails == sent, "nobody is invited twice"
    assert len(world.shown("1")) == len(world.shown("2")) == len(world.crm) == 1
    assert world.link(record).form is Form.INVITED


def test_a_change_beside_an_event_that_became_a_series_is_not_forgotten() -> None:
    world = World()
    record = world.record("Visit", at(24))
    world.settled()
    world.edit_record(record, title="Renamed")
    mine = world.only("1")
    world.edit((mine.mailbox, mine.id), private=True)
    from calsync.core.diff import diff

    facts = world.facts()
    plan = diff(replace(facts, outlook=tuple(replace(row, shape=Shape.MASTER) for row in facts.outlook)))
    assert not plan.actions
    (meeting,) = plan.meetings
    assert meeting.noted.dirty
    assert meeting.noted.crm_version == world.link(record).crm_version


def test_invitations_to_a_released_copy_stay_out() -> None:
    world = World(first_sync=at(9999).start)  # type: ignore[arg-type]
    world.record("Visit", at(24), attendees={"2", "3"})
    world.settled()
    copy = world.only("2")
    world.edit((copy.mailbox, copy.id), invite=[address("3")])
    world.settled()
    assert len(world.crm) == 1
    released = [p for p in next(iter(world.links.values())).placements if p.standing is Standing.RELEASED]
    assert [p.mailbox for p in released] == [mailbox("2")]
    assert isinstance(next(iter(world.links.values())), Link)
