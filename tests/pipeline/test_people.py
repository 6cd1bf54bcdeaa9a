"""People and mail through the whole pipeline (RULES E)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pipeline.team import ANN, BOB, CAI, DAY, STRANGER, YAN, ZOE, Team, address, old, own
from pipeline.workplace import Workplace


def told(kind: str, *people: str) -> list[tuple[str, str]]:
    return sorted((kind, address(p) if "@" not in p else p) for p in people)


def test_the_first_sync_is_quiet(work: Workplace) -> None:
    team = Team.start(
        work,
        crm_events=[old("Visit", attendees=[BOB], contacts=[ZOE])],
        outlook_events=[own("Call", of=BOB, hours=3, guests=(address(ANN), address(YAN), STRANGER))],
    )
    assert not work.box.mails()
    assert team.titles(ANN) == team.titles(BOB) == ["Call", "Visit"]


def test_a_new_record_invites_employees_and_contacts(work: Workplace) -> None:
    team = Team.start(work)
    team.record(attendees=[BOB], contacts=[ZOE])
    assert team.settle() == told("invitation", BOB, ZOE)
    assert team.titles(BOB) == ["Visit"]


def test_who_joins_the_record_later_is_invited_alone(work: Workplace) -> None:
    team = Team.start(work)
    record = team.record(attendees=[BOB])
    team.settle()
    team.crm().change(record, participants=[ANN, BOB, CAI], contacts=[YAN])
    assert team.settle() == told("invitation", CAI, YAN)
    assert team.titles(CAI) == ["Visit"]


def test_who_leaves_the_record_is_uninvited_and_may_come_back(work: Workplace) -> None:
    team = Team.start(work)
    record = team.record(attendees=[BOB], contacts=[ZOE])
    team.settle()
    team.crm().change(record, participants=[ANN], contacts=[])
    assert team.settle() == told("cancellation", BOB, ZOE)
    assert not team.titles(BOB)
    team.crm().change(record, participants=[ANN, BOB])
    assert team.settle() == told("invitation", BOB)
    assert team.titles(BOB) == ["Visit"]


def test_who_leaves_and_rejoins_a_record_of_copies_gets_the_copy_again(work: Workplace) -> None:
    team = Team.start(work, crm_events=[old(id="sch-1", attendees=[BOB])])
    team.crm().change("sch-1", participants=[ANN])
    team.settle()
    assert not team.titles(BOB)
    team.crm().change("sch-1", participants=[ANN, BOB])
    assert not team.settle()
    assert team.titles(BOB) == ["Visit"]


def test_a_second_colleague_authorised_later_gets_a_copy_and_nobody_is_mailed(work: Workplace) -> None:
    team = Team.start(work, ANN)
    team.record(attendees=[BOB], contacts=[ZOE])
    assert team.settle(agree=False) == told("invitation", ZOE)
    work.authorise()
    assert not team.settle()
    assert team.titles(BOB) == ["Visit"]


def test_nobody_connected_and_later_somebody(work: Workplace) -> None:
    team = Team.start(work, CAI, crm_events=[old(attendees=[BOB])])
    assert not team.titles(ANN)
    work.authorise(ANN, BOB, CAI)
    assert not team.settle()
    assert team.titles(ANN) == team.titles(BOB) == ["Visit"]


def test_guests_added_in_outlook_become_people_of_the_record_and_a_stranger_survives(work: Workplace) -> None:
    team = Team.start(work)
    record = team.record()
    team.settle()
    team.outlook().invite(team.event(ANN)["id"], address(BOB), address(ZOE), STRANGER)
    assert not team.settle()
    found = team.state(record)
    assert (sorted(found["attendees"]), found["contacts"]) == ([ANN, BOB], [ZOE])
    team.crm().change(record, contacts=[YAN])
    assert team.settle() == sorted([*told("cancellation", ZOE), *told("invitation", YAN)])
    listed = {a["emailAddress"]["address"] for a in team.event(ANN)["attendees"]}
    assert listed == {address(BOB), address(YAN), STRANGER}


def test_a_declined_invitation_stays_declined_and_removes_nobody(work: Workplace) -> None:
    team = Team.start(work)
    record = team.record(attendees=[BOB])
    team.settle()
    team.outlook(BOB).respond(team.event(BOB)["id"], "decline")
    assert not team.settle()
    team.outlook(BOB).delete(team.event(BOB)["id"])
    assert not team.settle(agree=False)
    assert BOB in team.state(record)["attendees"]
    assert not team.titles(BOB)


def test_a_new_owner_in_sharecrm_moves_nothing(work: Workplace) -> None:
    team = Team.start(work)
    record = team.record(attendees=[BOB])
    team.settle()
    team.crm().change(record, owner=[BOB], participants=[ANN, BOB])
    assert not team.settle()
    assert team.titles(ANN) == team.titles(BOB) == ["Visit"]


@pytest.mark.parametrize(("setting", "mailed"), [("everyone", [BOB, ZOE]), ("colleagues", [BOB]), ("nobody", [])])
def test_the_invitations_setting(work: Workplace, setting: str, mailed: list[str]) -> None:
    work.configure(invitations=setting)
    team = Team.start(work)
    team.record(attendees=[BOB], contacts=[ZOE])
    assert team.settle(agree=setting != "colleagues") == told("invitation", *mailed)
    assert team.titles(BOB) == ["Visit"]


def test_a_meeting_that_is_over_mails_nobody(work: Workplace) -> None:
    team = Team.start(work)
    start = DAY - timedelta(days=5)
    people = {"participants": [ANN, BOB], "contacts": [ZOE], "calendar": "Sales calendar"}
    team.crm().create("Visited", start, start + timedelta(hours=1), **people)
    assert not team.settle()
    assert team.titles(BOB) == ["Visited"]
    assert team.event(BOB)["isReminderOn"] is False


def test_revoked_nothing_is_deleted_and_authorised_again_nothing_is_doubled(work: Workplace) -> None:
    team = Team.start(work, crm_events=[old(id="sch-1", attendees=[BOB])])
    from calsync.accounts import revoke

    ports = work.ports()
    try:
        revoke(work.tenant, [BOB], ports.store, ports.now())
    finally:
        ports.close()
    team.settle(agree=False)
    assert team.titles(BOB) == ["Visit"]
    team.crm().rename("sch-1", "Demo")
    team.settle(agree=False)
    assert (team.titles(ANN), team.titles(BOB)) == (["Demo"], ["Visit"])
    work.authorise(BOB)
    team.settle()
    assert team.titles(BOB) == ["Demo"]
