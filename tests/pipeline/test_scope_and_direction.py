"""The Calendar field and the three directions through the whole pipeline (RULES C9, D6, D7)."""

from __future__ import annotations

from pipeline.team import ANN, BOB, Team, old, own
from pipeline.workplace import CALENDAR, Workplace


def test_only_records_of_this_calendar_go_out(work: Workplace) -> None:
    others = [old("Other", calendar="CRM Calendar"), old("Elsewhere", hours=2, calendar="Another calendar")]
    team = Team.start(work, crm_events=[old("Visit", hours=4), *others])
    assert team.titles(ANN) == ["Visit"]


def test_what_comes_from_outlook_bears_the_calendars_name(work: Workplace) -> None:
    Team.start(work, outlook_events=[own()])
    assert [r["calendar"] for r in work.records()] == [CALENDAR]


def test_taken_out_of_the_calendar_and_put_back(work: Workplace) -> None:
    team = Team.start(work, crm_events=[old(id="sch-1")])
    team.crm().change("sch-1", calendar="CRM Calendar")
    team.settle(agree=False)
    team.outlook().rename(team.event(ANN)["id"], "Demo")
    team.settle(agree=False)
    assert team.state("sch-1")["content"] == "Visit"
    assert len(work.records()) == 1, "the event of an unlinked meeting is not imported"
    team.crm().change("sch-1", calendar=CALENDAR)
    team.settle()
    assert team.state("sch-1")["content"] == "Demo"


def test_a_tenant_may_delete_what_left_the_calendar(work: Workplace) -> None:
    work.configure(out_of_scope="delete")
    team = Team.start(work, crm_events=[old(id="sch-1", attendees=[BOB])])
    team.crm().change("sch-1", calendar="CRM Calendar")
    assert not team.settle()
    assert not team.titles(ANN)
    team.crm().change("sch-1", calendar=CALENDAR)
    assert not team.settle()
    assert team.titles(ANN) == team.titles(BOB) == ["Visit"]


def test_from_sharecrm_only(work: Workplace) -> None:
    work.configure(direction="crm_to_outlook")
    team = Team.start(work, BOB, crm_events=[old(id="sch-1", owner=BOB)], outlook_events=[own("Call", of=BOB, hours=2)])
    assert team.titles(BOB) == ["Call", "Visit"]
    assert len(work.records()) == 1
    mine = next(e["id"] for e in work.events("bob@contoso.example") if e["subject"] == "Visit")
    team.outlook(BOB).rename(mine, "Mine")
    team.settle(agree=False)
    assert team.state("sch-1")["content"] == "Visit"
    team.crm(BOB).rename("sch-1", "Demo")
    team.settle(agree=False)
    assert team.titles(BOB) == ["Call", "Demo"]
    assert {entry["system"] for entry in work.writes()} == {"graph"}


def test_from_outlook_only(work: Workplace) -> None:
    work.configure(direction="outlook_to_crm")
    team = Team.start(work, BOB, crm_events=[old(id="sch-1", owner=BOB)], outlook_events=[own("Call", of=BOB, hours=2)])
    assert team.titles(BOB) == ["Call"]
    made = next(r["id"] for r in work.records() if r["content"] == "Call")
    team.crm(BOB).rename(made, "Mine")
    team.settle(agree=False)
    assert team.titles(BOB) == ["Call"]
    team.outlook(BOB).rename(team.event(BOB)["id"], "Demo")
    team.settle(agree=False)
    assert team.state(made)["content"] == "Demo"
    assert {entry["system"] for entry in work.writes()} == {"sharecrm"}
