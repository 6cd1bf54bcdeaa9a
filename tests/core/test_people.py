"""Who is on a meeting, who is mailed, who is served once (RULES C8, C9, E)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from core.make import BEFORE, CONTACTS, NOW, address, at, contact, mailbox
from core.world import Item, World

from calsync.core.model import Event, Form, Kind, Life, Origin, Standing
from calsync.core.plan import Plan

LATER = NOW + timedelta(days=1)


def key(item: Item) -> tuple[str, str]:
    return item.mailbox, item.id


def shown(world: World, record: str) -> Event:
    found = world.crm[record].event
    assert found is not None
    return found


def agreed(form: Form, time: Any = None, **rules: Any) -> tuple[World, str]:
    world = World(first_sync=LATER) if form is Form.COPIES else World()
    world.configure(**rules)
    if form is Form.THEIRS:
        world.meeting("1", "Visit", time, invite=[address("2"), CONTACTS["c1"]])
    else:
        world.record("Visit", time, attendees={"2"}, contacts={"c1"})
    world.settled()
    world.mails.clear()
    return world, next(iter(world.crm))


def held(plan: Plan) -> list[str]:
    return [a.rule for a in plan.actions if a.held]


@pytest.mark.parametrize(
    ("invitations", "form", "mailed"),
    [
        ("everyone", Form.INVITED, {"2", "c1", "c2"}),
        ("colleagues", Form.INVITED, {"2"}),
        ("nobody", Form.COPIES, set()),
    ],
)
def test_the_invitations_setting_decides_whom_calsync_adds(invitations: str, form: Form, mailed: set[str]) -> None:
    world = World()
    world.configure(invitations=invitations)
    record = world.record("Visit", attendees={"2", "4"}, contacts={"c1", "c2"})
    world.settled()
    assert world.link(record).form is form
    assert {to for _, to in world.mails} == {CONTACTS.get(p) or address(p) for p in mailed}
    assert shown(world, record).attendees == {"1", "2", "4"}, "who is not connected stays in ShareCRM"
    assert world.titles("2") == ["Visit"]


@pytest.mark.parametrize(
    ("form", "mailed"),
    [(Form.INVITED, {address("3"), CONTACTS["c2"]}), (Form.COPIES, set()), (Form.THEIRS, set())],
)
def test_who_joins_the_record_later(form: Form, mailed: set[str]) -> None:
    world, record = agreed(form)
    world.edit_record(record, attendees={"1", "2", "3"}, contacts={"c1", "c2"})
    world.settled()
    assert world.titles("3") == ["Visit"]
    assert {to for kind, to in world.mails if kind == "invitation"} == mailed
    assert {kind for kind, _ in world.mails} <= {"invitation"}


@pytest.mark.parametrize("form", list(Form))
def test_who_leaves_the_record_and_comes_back_to_it(form: Form) -> None:
    world, record = agreed(form)
    world.edit_record(record, attendees={"1"})
    world.settled()
    assert not world.shown("2")
    assert world.titles("1") == ["Visit"]
    world.edit_record(record, attendees={"1", "2"})
    world.settled()
    assert world.titles("2") == ["Visit"]
    assert {to for _, to in world.mails} == (set() if form is Form.COPIES else {address("2")})


def test_what_other_guests_still_show_of_the_list_keeps_nobody_away() -> None:
    world = World()
    record = world.record("Visit", attendees={"2", "3"})
    world.settled()
    world.edit_record(record, attendees={"1", "3"})
    world.settled()
    world.edit_record(record, attendees={"1", "2", "3"})
    world.settled()
    assert world.titles("2") == ["Visit"]


@pytest.mark.parametrize("form", [Form.INVITED, Form.THEIRS])
def test_guests_that_the_organiser_adds_and_removes(form: Form) -> None:
    world, record = agreed(form)
    host = key(world.only("1"))
    world.edit(host, invite=[CONTACTS["c2"], address("4"), "stranger@else.example"], uninvite=[CONTACTS["c1"]])
    world.settled()
    assert shown(world, record).contacts == {"c2"}
    assert shown(world, record).attendees == {"1", "2", "4"}, "an employee counts, connected or not"
    world.edit_record(record, title="Demo", contacts=set())
    world.settled()
    assert "stranger@else.example" in world.outlook[host].event.guests, "unknown guests survive every write"
    assert CONTACTS["c2"] not in world.outlook[host].event.guests
    world.edit_record(record, attendees={"1", "2"})
    world.settled()
    assert address("4") not in world.outlook[host].event.guests


def test_predicted_mails_go_to_everybody_on_the_event_when_its_content_changes() -> None:
    world, record = agreed(Form.INVITED)
    world.edit_record(record, title="Demo")
    plan = world.run()
    assert {(m.kind, m.to, m.outside) for m in plan.mails} == {
        ("update", address("2"), False),
        ("update", CONTACTS["c1"], True),
    }


def test_a_second_colleague_authorised_later_gets_a_silent_copy() -> None:
    world = World()
    del world.accounts["2"]
    world.record("Visit", attendees={"2"}, contacts={"c1"})
    world.settled()
    world.mails.clear()
    world.authorise("2")
    world.settled()
    assert world.titles("2") == ["Visit"]
    assert not world.mails


def test_a_copy_yields_to_an_outsiders_invitation_and_nothing_of_it_enters_sharecrm() -> None:
    world = World(first_sync=LATER)
    pat = "pat@else.example"
    record = world.record("Pitch", at(48), attendees={"2"})
    theirs = world.meeting("1", "Pitch", at(48), organizer=pat, invite=[address("1")])
    world.settled()
    assert world.titles("1") == world.titles("2") == ["Pitch"]
    late = replace(world.outlook[theirs].event, guests=frozenset({pat, address("1"), address("2"), CONTACTS["c2"]}))
    world._store(replace(world.outlook[theirs], mailbox=mailbox("2"), id="late", event=late, version=1))
    world.settled()
    assert [item.id for item in world.shown("2")] == ["late"]
    assert shown(world, record).contacts == frozenset()


def test_a_copy_yields_to_the_invitation() -> None:
    world = World()
    del world.accounts["2"]
    record = world.record("Visit", attendees={"2"})
    world.settled()
    world.authorise("2")
    world.settled()
    host = world.only("1")
    world.edit(key(host), invite=[address("2")])
    world.settled()
    assert world.titles("2") == ["Visit"]
    kinds = {p.kind: p.standing for p in world.link(record).placements if p.mailbox == mailbox("2")}
    assert kinds == {Kind.COPY: Standing.ENDED, Kind.GUEST: Standing.LIVING}


def test_whom_a_user_invites_to_their_own_copy_does_not_join_the_meeting() -> None:
    world, record = agreed(Form.COPIES)
    world.edit(key(world.only("2")), invite=[address("3")])
    world.settled()
    assert shown(world, record).attendees == {"1", "2"}


def test_the_owners_copy_that_gets_guests_becomes_the_host_of_a_meeting_of_theirs() -> None:
    world, record = agreed(Form.COPIES)
    world.edit(key(world.only("1")), invite=[CONTACTS["c2"]])
    world.settled()
    assert world.link(record).form is Form.THEIRS
    assert shown(world, record).contacts == {"c1", "c2"}
    host = world.link(record).placement(mailbox("1"))
    assert host is not None
    assert (host.kind, host.origin) == (Kind.HOST, Origin.THEIRS)


def test_a_new_owner_in_sharecrm_moves_nothing() -> None:
    world, record = agreed(Form.INVITED)
    world.edit_record(record, owner="2", attendees={"1", "2"})
    plan = world.run()
    assert not plan.actions
    world.settled()


def test_two_contacts_with_one_address_are_one_attendee_who_stays_until_both_leave() -> None:
    world = World(contacts={c: contact(c) for c in ("c1", "c3")})
    record = world.record("Visit", contacts={"c1", "c3"})
    world.settled()
    assert world.mails == [("invitation", CONTACTS["c1"])]
    host = key(world.only("1"))
    world.edit_record(record, contacts={"c3"})
    world.settled()
    assert CONTACTS["c1"] in world.outlook[host].event.guests
    world.edit_record(record, contacts=set())
    world.settled()
    assert CONTACTS["c1"] not in world.outlook[host].event.guests


def test_an_address_that_leaves_the_event_takes_everybody_along_whom_it_stood_for() -> None:
    world = World(contacts={c: contact(c) for c in ("c1", "c3")})
    record = world.record("Visit", contacts={"c1", "c3"})
    world.settled()
    world.edit(key(world.only("1")), uninvite=[CONTACTS["c1"]])
    world.settled()
    assert not shown(world, record).contacts


def test_a_changed_address_changes_nothing_and_goes_out_with_the_next_people() -> None:
    world, record = agreed(Form.INVITED)
    world.contacts["c1"] = replace(contact("c1"), address="zoe.new@client.example")
    world._review = True
    assert not world.run().actions
    world.edit_record(record, contacts={"c1", "c2"})
    world.settled()
    assert {to for _, to in world.mails} == {CONTACTS["c2"], "zoe.new@client.example"}
    guests = world.only("1").event.guests
    assert {CONTACTS["c1"], CONTACTS["c2"], "zoe.new@client.example"} <= guests


def test_the_owners_own_address_as_a_contacts_is_not_invited() -> None:
    world = World(contacts={"c1": replace(contact("c1"), address=address("1"))})
    world.record("Visit", contacts={"c1"})
    world.settled()
    assert not world.mails


def test_a_person_reached_through_a_list_is_an_attendee() -> None:
    world, record = agreed(Form.THEIRS)
    host = world.only("1")
    world._store(replace(host, mailbox=mailbox("3"), id="through-a-list", is_organizer=False, version=1))
    world.settled()
    assert "3" in shown(world, record).attendees
    assert world.titles("3") == ["Visit"]


@pytest.mark.parametrize(("form", "kept"), [(Form.THEIRS, True), (Form.COPIES, False)])
def test_content_of_a_guest_meeting_stays_on_its_side(form: Form, kept: bool) -> None:
    world = World(first_sync=LATER)
    if kept:
        del world.accounts["1"]
        world.meeting("1", "Visit", invite=[address("2")])
    else:
        world.record("Visit", attendees={"2"})
    world.settled()
    record = next(iter(world.crm))
    world.edit_record(record, title="Demo")
    plan = world.run()
    assert ("C9" in {r.rule for m in plan.meetings for r in m.remarks}) is kept
    world.settled()
    assert world.titles("2") == (["Visit"] if kept else ["Demo"])
    assert shown(world, record).title == "Demo"


@pytest.mark.parametrize("direction", ["crm_to_outlook", "outlook_to_crm"])
def test_a_change_kept_by_one_way_is_not_pushed_when_the_direction_changes(direction: str) -> None:
    world, record = agreed(Form.COPIES)
    world.configure(direction=direction)
    world.settled()
    mine = key(world.only("1"))
    if direction == "crm_to_outlook":
        world.edit(mine, title="Mine")
    else:
        world.edit_record(record, title="Mine")
    world.settled()
    world.configure(direction="bidirectional")
    assert not world.run().actions
    if direction == "crm_to_outlook":
        world.edit_record(record, title="Theirs")
    else:
        world.edit(mine, title="Theirs")
    world.settled()
    assert world.only("1").event.title == shown(world, record).title == "Theirs", "it yields to the other side's edit"


def test_a_copy_is_put_right_three_times_a_week_and_then_left() -> None:
    world, record = agreed(Form.COPIES)
    his = key(world.only("2"))
    for n in range(4):
        world.edit(his, title=f"Bob {n}")
        world.settled()
        assert world.titles("2") == (["Visit"] if n < 3 else ["Bob 3"])
    world._review = True
    assert not world.run().actions, "left means left"
    world.edit_record(record, title="Demo")
    world.settled()
    assert world.titles("2") == ["Demo"]


def test_an_ended_meeting_that_would_mail_outsiders_waits_for_a_person() -> None:
    world, record = agreed(Form.INVITED, at(2))
    world.now += timedelta(hours=6)
    world.edit_record(record, title="Demo")
    plan = world.run()
    assert held(plan) == ["C5"]
    assert not world.mails
    assert world.titles("1") == ["Visit"]


def test_an_ended_meeting_among_colleagues_is_changed() -> None:
    world = World()
    record = world.record("Visit", at(2), attendees={"2"})
    world.settled()
    world.now += timedelta(hours=6)
    world.edit_record(record, title="Demo")
    assert not held(world.run())
    assert world.titles("2") == ["Demo"]


def test_under_invitations_nobody_every_mailing_action_is_held_and_the_base_stays() -> None:
    world, record = agreed(Form.INVITED)
    world.configure(invitations="nobody")
    world.settled()
    world.edit_record(record, title="Demo")
    plan = world.run()
    assert held(plan) == ["C5"]
    assert world.link(record).base == shown(world, record).__class__(
        "Visit", at(24), attendees=frozenset({"1", "2"}), contacts=frozenset({"c1"})
    )
    world.edit_record(record, life=Life.INVALID)
    dropped = world.run()
    assert (dropped.actions, [remark.rule for remark in dropped.meetings[0].remarks]) == ([], ["G6"])
    assert held(world.run()) == ["D4"]
    assert not world.mails


def test_a_stale_read_is_ignored_and_read_again() -> None:
    world, record = agreed(Form.COPIES)
    old, item = world.crm[record], world.only("1")
    world.edit(key(item), title="Demo")
    world.run()
    new = world.crm[record]
    world.crm[record] = old
    world._touched_crm.add(record)
    plan = world.run()
    assert not plan.actions
    assert world.link(record).dirty
    world.crm[record] = new
    world.settled()
    assert world.titles("1") == ["Demo"]
    assert not world.link(record).dirty


def test_what_existed_before_is_quiet_at_the_first_sync() -> None:
    world = World(first_sync=LATER)
    world.record("Old", at(24), attendees={"2"}, contacts={"c1"})
    world.meeting("2", "Older", at(48), invite=[address("1"), CONTACTS["c2"]])
    world.settled()
    assert not world.mails
    assert world.titles("1") == world.titles("2") == ["Old", "Older"]
    assert BEFORE < NOW
