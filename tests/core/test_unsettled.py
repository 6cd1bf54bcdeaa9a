"""What cannot be decided for a while: vanished and unreadable records, mailboxes away midway, twins."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.make import NOW, at, event
from core.test_forms import copies
from core.world import World

from calsync.core.facts import Intent
from calsync.core.model import CrmRow, Form, Life, LinkState, Standing
from calsync.core.plan import Verb

LATER = NOW + timedelta(days=1)


def test_an_edit_against_a_record_that_vanished_keeps_the_event_and_comes_to_rest() -> None:
    world, record = copies("2")
    mine = world.only("1")
    world.edit((mine.mailbox, mine.id), title="Demo")
    world.edit_record(record, life=Life.GONE)
    assert not world.run().actions, "a record that is not found cannot be written"
    world.settled()
    assert world.titles("1") == ["Demo"]
    assert world.link(record).state is LinkState.RETIRED
    assert {p.standing for p in world.link(record).placements} == {Standing.RELEASED}


def answer_lost(*since: str) -> tuple[World, tuple[str, str]]:
    """Ann's meeting, whose record was made although calsync never heard of it; who was put on the record since."""
    world = World(first_sync=LATER)
    mine = world.meeting("1", "Call", at(24), invite=["list@x.example"])
    world.refuse = {"crm"}
    world.run()
    (link,) = world.links.values()
    world.refuse.clear()
    asked = event("Call", at(24), attendees={"1"})
    found = replace(asked, attendees=asked.attendees | {*since})
    world.crm["rx"] = CrmRow("rx", 1, found, "1", calendar="Sales", created=world.now)
    world._touched_crm.add("rx")
    world.intents = (Intent(link.id, "1", asked, world.now),)
    return world, mine


def test_a_record_found_after_a_lost_answer_writes_nothing_while_the_mailbox_of_its_event_is_away() -> None:
    world, _ = answer_lost("2")
    world.away("1")
    assert {action.verb for action in world.run().actions} == {Verb.LINK}
    world.intents = ()
    world.away("1", False)
    world.settled()
    assert world.link("rx").form is Form.THEIRS
    assert list(world.crm) == ["rx"]
    assert world.titles("2") == ["Call"]


def test_a_meeting_deleted_while_its_records_answer_was_lost_is_deleted_on_both_sides() -> None:
    world, mine = answer_lost()
    world.remove(mine)
    world.run()
    world.intents = ()
    world.settled()
    assert world.crm["rx"].life is Life.INVALID


def test_a_record_edited_while_its_answer_was_lost_and_its_event_deleted_is_put_back() -> None:
    world, mine = answer_lost("2")
    world.remove(mine)
    world.run()
    world.intents = ()
    world.settled()
    assert world.crm["rx"].life is Life.NORMAL
    assert (world.titles("1"), world.titles("2")) == (["Call"], ["Call"])


def test_a_linked_record_that_cannot_be_read_is_told_and_waited_for() -> None:
    world, record = copies("2")
    good, mine = world.crm[record].event, world.only("1")
    world.edit_record(record, problem="start or end is missing")
    world.crm[record] = replace(world.crm[record], event=None)
    world.edit((mine.mailbox, mine.id), title="Demo")
    plan = world.run()
    assert not plan.actions
    assert [(r.rule, r.reason) for r in plan.remarks] == [("F2", "start or end is missing")]
    world.crm[record] = replace(world.crm[record], event=good, problem="", version=3)
    world.settled()
    shown = world.crm[record].event
    assert shown is not None
    assert shown.title == "Demo"


def test_a_change_that_could_not_be_written_survives_its_mailbox_being_away() -> None:
    world, record = copies("2")
    mine = world.only("1")
    world.edit((mine.mailbox, mine.id), title="Demo")
    world.refuse = {"crm"}
    world.run()
    world.refuse.clear()
    world.away("1")
    world.run()
    world._touched.clear()
    world.away("1", False)
    world.settled()
    shown = world.crm[record].event
    assert shown is not None
    assert shown.title == "Demo"


def test_what_could_not_be_told_apart_rests_once_it_can() -> None:
    world = World(first_sync=LATER)
    world.configure(direction="outlook_to_crm")
    one, two = world.record(), world.record()
    twin = world.meeting("1", "Visit", at(24))
    world.run()
    world.remove(twin)
    world.edit_record(one, title="One")
    world.edit_record(two, title="Two")
    world.settled()
    assert not any(link.dirty for link in world.links.values())
