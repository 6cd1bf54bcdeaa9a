"""Deletion through the whole pipeline (RULES D, E6)."""

from __future__ import annotations

import pytest
from pipeline.team import ANN, BOB, ZOE, Team, address, old, own
from pipeline.workplace import Workplace


@pytest.fixture
def copies(work: Workplace) -> Team:
    return Team.start(work, crm_events=[old(id="sch-1", attendees=[BOB], contacts=[ZOE])])


def test_the_owners_deletion_in_outlook_invalidates_the_record(copies: Team) -> None:
    copies.outlook().delete(copies.event(ANN)["id"])
    assert not copies.settle()
    assert copies.state("sch-1")["life_status"] == "invalid"
    assert not copies.titles(BOB)


def test_a_colleagues_deletion_is_theirs_alone(copies: Team) -> None:
    copies.outlook(BOB).delete(copies.event(BOB)["id"])
    assert not copies.settle(agree=False)
    assert copies.state("sch-1")["life_status"] == "normal"
    assert (copies.titles(ANN), copies.titles(BOB)) == (["Visit"], [])


def test_an_invalid_record_ends_its_copies_and_a_recovered_one_brings_them_back(copies: Team) -> None:
    copies.crm().cancel("sch-1")
    assert not copies.settle()
    assert not copies.titles(ANN)
    copies.crm().recover("sch-1")
    assert not copies.settle()
    assert copies.titles(ANN) == copies.titles(BOB) == ["Visit"]


def test_an_invitation_is_cancelled_for_everybody(work: Workplace) -> None:
    team = Team.start(work)
    record = team.record(attendees=[BOB], contacts=[ZOE])
    team.settle()
    team.crm().cancel(record)
    assert team.settle() == [("cancellation", address(BOB)), ("cancellation", address(ZOE))]


def test_a_meeting_cancelled_by_its_organiser_ends_in_sharecrm(work: Workplace) -> None:
    team = Team.start(work, outlook_events=[own(guests=(address(BOB), address(ZOE)))])
    team.outlook().cancel(team.event(ANN)["id"])
    assert not team.settle()
    assert not work.records()


def test_a_meeting_of_an_unconnected_organiser_ends_when_every_guest_shows_it(work: Workplace) -> None:
    team = Team.start(work, BOB, outlook_events=[own(guests=(address(BOB), address(ZOE)))])
    assert work.records()
    team.outlook().cancel(team.event(ANN)["id"])
    team.settle(agree=False)
    assert not work.records()


@pytest.mark.parametrize("invited", [True, False])
def test_an_edit_in_sharecrm_beats_a_deletion_in_outlook(work: Workplace, invited: bool) -> None:
    team = Team.start(work, crm_events=[] if invited else [old(id="sch-1", attendees=[BOB], contacts=[ZOE])])
    record = team.record(attendees=[BOB], contacts=[ZOE]) if invited else "sch-1"
    team.settle()
    team.outlook().delete(team.event(ANN)["id"])
    team.crm().rename(record, "Demo")
    assert not team.settle(), "putting back mails nobody"
    assert team.titles(ANN) == team.titles(BOB) == ["Demo"]
    assert team.state(record)["life_status"] == "normal"


def test_an_edit_in_outlook_beats_a_deletion_in_sharecrm(copies: Team) -> None:
    copies.crm().cancel("sch-1")
    copies.outlook().rename(copies.event(ANN)["id"], "Demo")
    copies.settle()
    assert copies.state("sch-1")["content"] == "Demo"
    assert copies.state("sch-1")["life_status"] == "normal"


def test_a_tenant_may_let_deletions_win(work: Workplace) -> None:
    work.configure(deletions="win")
    team = Team.start(work, crm_events=[old(id="sch-1", attendees=[BOB])])
    team.crm().cancel("sch-1")
    team.outlook().rename(team.event(ANN)["id"], "Demo")
    team.settle()
    assert not team.titles(ANN)


def test_a_mailbox_that_cannot_be_read_deletes_nothing_and_wakes_again(copies: Team) -> None:
    box = copies.work.box
    box.set_mailbox(address(BOB), "forbidden")
    copies.run()
    copies.crm().rename("sch-1", "Demo")
    copies.run()
    assert copies.state("sch-1")["life_status"] == "normal"
    assert copies.titles(ANN) == ["Demo"]
    box.set_mailbox(address(BOB), "ok")
    assert not copies.settle()
    assert copies.titles(BOB) == ["Demo"]
