"""Which is which through the whole pipeline (RULES B)."""

from __future__ import annotations

from pipeline.team import ANN, BOB, CAI, ZOE, Team, address, old, own
from pipeline.workplace import Workplace


def test_what_stood_on_both_sides_is_linked_and_nothing_is_written(work: Workplace) -> None:
    team = Team.start(
        work,
        crm_events=[old(id="sch-1", attendees=[BOB], contacts=[ZOE])],
        outlook_events=[own(guests=(address(BOB), address(ZOE)))],
    )
    assert not work.writes()
    team.outlook().rename(team.event(ANN)["id"], "Demo")
    team.settle()
    assert team.state("sch-1")["content"] == "Demo"


def test_a_record_gets_its_event_and_the_missing_colleague_a_copy(work: Workplace) -> None:
    team = Team.start(work, crm_events=[old(attendees=[BOB, CAI])], outlook_events=[own(guests=(address(BOB),))])
    assert [entry["system"] for entry in work.writes()] == ["graph"]
    assert team.titles(CAI) == ["Visit"]


def test_twins_are_left_alone(work: Workplace) -> None:
    Team.start(work, ANN, crm_events=[old(id="sch-1"), old(id="sch-2")], outlook_events=[own()])
    assert not work.writes()
    told = work.report()
    assert "choose which belong together" in str(told)


def test_a_lost_state_database_doubles_nothing(work: Workplace) -> None:
    team = Team.start(
        work, crm_events=[old(attendees=[BOB])], outlook_events=[own("Call", hours=2, guests=(address(CAI),))]
    )
    team.record("New", hours=4, attendees=[BOB], contacts=[ZOE])
    team.settle()
    before = len(work.writes())
    from calsync.store import upgrade

    for file in work.folder.glob("calsync.db*"):
        file.unlink()
    upgrade(f"sqlite:///{work.folder / 'calsync.db'}")
    work.authorise()
    assert not team.settle()
    assert len(work.writes()) == before


def test_an_outsiders_meeting_stays_out_of_sharecrm(work: Workplace) -> None:
    organizer = {"emailAddress": {"address": address(ZOE), "name": "Zoe"}}
    team = Team.start(work, outlook_events=[own("Theirs", organizer=organizer)])
    assert team.titles(ANN) == ["Theirs"]
    assert not work.records()
