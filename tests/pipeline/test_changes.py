"""Changes and conflicts through the whole pipeline (RULES C)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pipeline.team import ANN, BOB, DAY, ZOE, Team, address, old, own
from pipeline.workplace import Workplace

LATER = DAY + timedelta(hours=5)


def iso(hours: float) -> str:
    return (LATER + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.fixture
def copies(work: Workplace) -> Team:
    return Team.start(work, crm_events=[old(id="sch-1", attendees=[BOB])])


def test_content_changed_in_sharecrm_reaches_every_copy(copies: Team) -> None:
    copies.crm().change("sch-1", content="Demo", start=LATER, end=LATER + timedelta(hours=2), private=True)
    assert not copies.settle()
    assert {copies.event(e)["sensitivity"] for e in (ANN, BOB)} == {"private"}


def test_content_changed_in_outlook_reaches_the_record_and_the_other_copy(copies: Team) -> None:
    mine = copies.event(ANN)["id"]
    copies.outlook().move(mine, iso(0), iso(2))
    copies.outlook().change(mine, subject="Demo", sensitivity="confidential")
    copies.settle()
    found = copies.state("sch-1")
    assert (found["content"], found["private"]) == ("Demo", True)
    assert copies.event(ANN)["sensitivity"] == "confidential", "read as private, never flattened"
    assert copies.titles(BOB) == ["Demo"]


def test_different_fields_merge(copies: Team) -> None:
    copies.crm().change("sch-1", private=True)
    copies.outlook().move(copies.event(ANN)["id"], iso(0), iso(1))
    copies.crm().rename("sch-1", "Demo")
    copies.settle()
    assert copies.titles(ANN) == ["Demo"]
    assert copies.event(ANN)["sensitivity"] == "private"
    assert copies.state("sch-1")["start"].startswith(iso(0))


@pytest.mark.parametrize(("conflicts", "winner"), [("crm", "ShareCRM's"), ("outlook", "Outlook's")])
def test_one_field_to_two_values(work: Workplace, conflicts: str, winner: str) -> None:
    work.configure(conflicts=conflicts)
    team = Team.start(work, crm_events=[old(id="sch-1")])
    team.crm().rename("sch-1", "ShareCRM's")
    team.outlook().rename(team.event(ANN)["id"], "Outlook's")
    team.settle()
    assert team.titles(ANN) == [winner]


def test_a_colleagues_own_edit_of_a_copy_is_put_right(copies: Team) -> None:
    copies.outlook(BOB).rename(copies.event(BOB)["id"], "Bob's words")
    assert not copies.settle()
    assert copies.titles(BOB) == ["Visit"]


def test_a_meeting_with_guests_changed_in_sharecrm_tells_them(work: Workplace) -> None:
    team = Team.start(work)
    record = team.record(attendees=[BOB], contacts=[ZOE])
    team.settle()
    team.crm().rename(record, "Demo")
    assert team.settle() == [("update", address(BOB)), ("update", address(ZOE))]
    assert team.titles(BOB) == ["Demo"]


def test_a_meeting_of_somebody_who_is_not_connected_may_not_be_written(work: Workplace) -> None:
    team = Team.start(work, BOB, outlook_events=[own("Call", guests=(address(BOB),))])
    (record,) = work.records()
    assert record["owner"] == ANN
    team.crm().rename(record["id"], "Demo")
    team.settle(agree=False)
    assert team.titles(BOB) == ["Call"]
    assert team.state(record["id"])["content"] == "Demo", "kept to its own side"
