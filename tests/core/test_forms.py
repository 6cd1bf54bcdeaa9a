"""How a meeting stands in Outlook, and who speaks for it (RULES A4, C1, E5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from core.make import BEFORE, CONTACTS, NOW, account, address, at, days, mailbox
from core.world import World

from calsync.core.model import Form, LinkState, Standing

LATER = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("says", "form"),
    [
        ({}, Form.INVITED),
        ({"world": {"first_sync": LATER}}, Form.COPIES),
        ({"world": {"first_sync": LATER}, "rules": {"first_sync": "full"}}, Form.INVITED),
        ({"owner": {"authorised_since": LATER}}, Form.COPIES),
        ({"owner": {"authorised_since": LATER}, "rules": {"first_sync": "full"}}, Form.INVITED),
        ({"time": at(-2)}, Form.COPIES),
        ({"time": at(-2), "rules": {"first_sync": "full"}}, Form.COPIES),
        ({"time": days(-1)}, Form.COPIES),
        ({"time": days(0)}, Form.INVITED),
        ({"time": at(-0.5, 2)}, Form.INVITED),
        ({"rules": {"invitations": "nobody"}}, Form.COPIES),
        ({"rules": {"invitations": "colleagues"}}, Form.INVITED),
        ({"row": {"created": None}}, Form.COPIES),
        ({"owner": {"authorised_since": None}}, Form.COPIES),
    ],
)
def test_a_new_record_invites_only_what_is_new_and_ahead(says: dict[str, Any], form: Form) -> None:
    world = World(**says.get("world", {}))
    world.configure(**says.get("rules", {}))
    world.accounts["1"] = account("1", **says.get("owner", {}))
    record = world.record("Visit", says.get("time"), attendees={"2"}, contacts={"c1"}, row=says.get("row", {}))
    world.settled()
    assert world.link(record).form is form
    assert bool(world.mails) == (form is Form.INVITED)


def test_an_owner_whose_mailbox_is_away_is_waited_for() -> None:
    world = World()
    world.away("1")
    record = world.record("Visit", attendees={"2"}, contacts={"c1"})
    assert not world.run().actions
    assert world.link(record).state is LinkState.SEEN
    world.away("1", False)
    world.settled()
    assert world.link(record).form is Form.INVITED
    assert sorted(world.mails) == [("invitation", address("2")), ("invitation", CONTACTS["c1"])]


def test_a_copy_of_the_past_has_no_reminder_and_mails_nobody() -> None:
    world = World()
    world.record("Visit", at(-30), attendees={"2"})
    plan = world.run()
    assert [a.reminder for a in plan.actions] == [False, False]
    assert not world.mails


def copies(*employees: str) -> tuple[World, str]:
    world = World(first_sync=LATER)
    record = world.record("Visit", attendees=set(employees))
    world.settled()
    return world, record


def test_the_owners_copy_speaks_and_the_others_are_put_right() -> None:
    world, record = copies("2", "3")
    mine, his = world.only("1"), world.only("2")
    assert world.link(record).speaker == mailbox("1")
    world.edit((mine.mailbox, mine.id), title="Demo")
    world.edit((his.mailbox, his.id), title="Bob's words")
    plan = world.run()
    assert {world.only(e).event.title for e in "123"} == {"Demo"}
    assert [loss.event.title for m in plan.meetings for loss in m.losses] == ["Bob's words"]


def test_when_the_speaker_is_revoked_another_speaks_and_its_older_differences_are_no_edits() -> None:
    world, record = copies("2")
    world.revoke("1")
    his = world.only("2")
    world.edit((his.mailbox, his.id), title="Older words")
    world.settled()
    assert world.link(record).speaker == mailbox("2")
    assert world.only("2").event.title == "Visit"
    world.edit((his.mailbox, his.id), title="New words")
    world.settled()
    shown = world.crm[record].event
    assert shown is not None
    assert shown.title == "New words"


def test_a_new_speaker_with_guests_is_not_put_right_by_mail() -> None:
    world = World(first_sync=LATER)
    record = world.record("Visit", at(240), attendees={"2"})
    world.settled()
    mine = world.only("1")
    world.away("1")
    world.run()
    world.now += timedelta(days=4)
    world.edit_record(record, private=True)
    world.run()
    assert world.link(record).speaker == mailbox("2")
    world.edit((mine.mailbox, mine.id), title="Mine", invite=[address("4")])
    world.away("1", False)
    world.settled()
    assert not world.mails
    assert world.link(record).speaker == mailbox("1")


@pytest.mark.parametrize(("away_days", "speaks"), [(2, "1"), (4, "2")])
def test_a_speaker_whose_mailbox_is_away_keeps_its_word_for_three_days(away_days: int, speaks: str) -> None:
    world, record = copies("2")
    world.away("1")
    world.run()
    world.now += timedelta(days=away_days)
    world.edit_record(record, private=True)
    world.run()
    assert world.link(record).speaker == mailbox(speaks)
    assert world.only("2").event.private, "nobody else waits for it"
    world.away("1", False)
    world.settled()
    assert world.only("1").event.private


def test_a_sleeping_speakers_own_edit_is_taken_when_it_wakes_and_the_records_goes_to_it() -> None:
    world, record = copies("2")
    mine = world.only("1")
    world.away("1")
    world.run()
    world.edit_record(record, private=True)
    world.edit((mine.mailbox, mine.id), title="Demo")
    world.run()
    world.away("1", False)
    world.settled()
    shown = world.crm[record].event
    assert shown is not None
    assert (shown.title, shown.private) == ("Demo", True)
    assert (world.only("1").event.title, world.only("1").event.private) == ("Demo", True)


def test_revoked_and_authorised_again_nothing_is_deleted_and_nothing_doubled() -> None:
    world, record = copies("2")
    world.revoke("1")
    world.revoke("2")
    world.settled()
    assert {p.standing for p in world.link(record).placements} == {Standing.ASLEEP}
    world.edit_record(record, title="Demo")
    world.settled()
    assert world.titles("1") == ["Visit"]
    world.authorise("1")
    world.authorise("2")
    world.settled()
    assert world.titles("1") == world.titles("2") == ["Demo"]
    assert BEFORE < NOW


def test_a_meeting_from_outlook_stays_as_it_is_there() -> None:
    world = World()
    world.meeting("1", "Call", invite=[address("2"), CONTACTS["c1"], "stranger@else.example"])
    world.settled()
    (record,) = world.living()
    assert record.owner == "1"
    assert record.event is not None
    assert (record.event.attendees, record.event.contacts) == ({"1", "2"}, {"c1"})
    assert world.link(record.id).form is Form.THEIRS
    assert not world.mails


def test_where_sharecrm_cannot_keep_a_secret_a_private_event_stays_in_outlook() -> None:
    """F6: without a field that says private, nobody's doctor becomes the company's business."""
    world = World()
    world.configure(crm_private=False)
    world.meeting("1", "Doctor", private=True)
    visit = world.meeting("1", "Visit")
    world.settled()
    assert [record.event.title for record in world.living() if record.event] == ["Visit"]

    world.edit(visit, title="Surgery", private=True)
    world.settled()
    assert [record.event.title for record in world.living() if record.event] == ["Visit"]


@pytest.mark.parametrize("why", ["away", "revoked"])
def test_what_the_only_calendar_of_a_meeting_said_while_nobody_listened_is_an_edit(why: str) -> None:
    world, record = copies()
    mine = world.only("1")
    if why == "away":
        world.away("1")
    else:
        world.revoke("1")
    world.now += timedelta(days=4)
    world.run()
    world.edit((mine.mailbox, mine.id), title="Renamed")
    world.run()
    if why == "away":
        world.away("1", False)
    else:
        world.authorise("1")
    world.settled()
    shown = world.crm[record].event
    assert shown is not None
    assert (shown.title, world.titles("1")) == ("Renamed", ["Renamed"])
