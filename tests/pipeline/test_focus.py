"""A focused run reads the meetings in its focus by id, on both sides, decides these alone and moves no cursor (G8)."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from pipeline.morning import ANN, BOB, TEAM, hour, invite, plain
from pipeline.workplace import CALENDAR, Workplace

from calsync.core.model import Link
from calsync.stages.context import Focus
from sandbox.repeat import weekly


@pytest.fixture
def team(work: Workplace) -> Workplace:
    """Two meetings in agreement: "Mine" in ShareCRM with both, "Theirs" in Ann's calendar with Bob."""
    work.box.reset(TEAM)
    work.settle_in()
    crm = work.box.as_employee("1000")
    crm.create("Mine", hour(3), hour(3, 10), calendar=CALENDAR, participants=["1000", "1001"])
    work.box.as_user(ANN).create("Theirs", plain(hour(2)), plain(hour(2, 10)), attendees=invite(BOB))
    work.run()
    return work


def link_of(work: Workplace, title: str) -> Link:
    with work.at_work() as ports:
        (found,) = [x for x in ports.store.links(work.tenant.key) if x.base and x.base.title == title]
    return found


def record_of(work: Workplace, title: str) -> str:
    return next(str(r["id"]) for r in work.records() if r["content"] == title)


def focus_on(work: Workplace, title: str) -> Focus:
    return Focus(links=frozenset({link_of(work, title).id}))


def stored(work: Workplace) -> tuple[Any, ...]:
    """All that a run which saw the whole tenant would have remembered."""
    key = work.tenant.key
    with work.at_work() as ports:
        store = ports.store
        known = [store.remembered(key, name) for name in ("rules", "people")]
        return store.cursors(key), store.accounts(key), store.contacts(key), known


def rows(work: Workplace, *tables: str) -> list[Any]:
    with sqlite3.connect(work.folder / "calsync.db") as state:
        return [state.execute(f"select * from {table} order by 1, 2").fetchall() for table in tables]


def titles(work: Workplace, address: str) -> list[str]:
    return sorted(event["subject"] for event in work.events(address))


def test_it_carries_over_the_changes_of_its_meeting_and_of_no_other(team: Workplace) -> None:
    focus = focus_on(team, "Mine")
    crm = team.box.as_employee("1000")
    crm.rename(record_of(team, "Mine"), "Mine, renamed")
    crm.rename(record_of(team, "Theirs"), "Theirs, renamed")
    crm.create("New", hour(5), hour(5, 10), calendar=CALENDAR, participants=["1000"])
    before = stored(team)

    told = team.run(focus=focus)

    assert titles(team, BOB) == ["Mine, renamed", "Theirs"]
    assert (told["outlook_updated"], told["outlook_created"], told["crm_created"]) == (1, 0, 0)
    assert stored(team) == before

    team.run()
    assert titles(team, ANN) == ["Mine, renamed", "New", "Theirs, renamed"]
    assert not team.run()["outlook_updated"]


def test_it_costs_the_reads_of_its_meeting(team: Workplace) -> None:
    focus = focus_on(team, "Mine")
    before = len(team.box.requests())

    team.run(focus=focus)

    paths = [
        str(part["path"])
        for entry in team.box.requests()[before:]
        for part in (entry.get("parts") or [entry])
        if entry["system"] == "graph" and str(entry["actor"]).startswith("app:")
    ]
    assert not [path for path in paths if "calendarView" in path]
    assert len([path for path in paths if "/events/" in path]) == len(link_of(team, "Mine").placements)


def test_a_deletion_in_outlook_is_proved_by_the_listing_of_its_day(team: Workplace) -> None:
    focus = focus_on(team, "Theirs")
    team.box.as_user(ANN).delete(next(e["id"] for e in team.events(ANN) if e["subject"] == "Theirs"))

    told = team.run(focus=focus)

    assert told["crm_deleted"] == 1
    assert [record["content"] for record in team.records()] == ["Mine"]


def test_a_mailbox_that_cannot_be_read_now_is_looked_at_again_by_the_next_run(team: Workplace) -> None:
    focus = focus_on(team, "Mine")
    team.box.set_mailbox(BOB, "forbidden")
    team.run(focus=focus)
    team.box.set_mailbox(BOB, "ok")
    team.box.as_employee("1000").rename(record_of(team, "Mine"), "Mine, renamed")

    team.run()

    assert titles(team, BOB) == ["Mine, renamed", "Theirs"]


def test_who_was_authorised_meanwhile_counts_from_the_next_whole_run_on(work: Workplace) -> None:
    """What stands in a calendar that nobody has read would be doubled (B4)."""
    work.box.reset(TEAM)
    work.authorise("1000")
    crm = work.box.as_employee("1000")
    crm.create("Mine", hour(3), hour(3, 10), calendar=CALENDAR, participants=["1000", "1001"])
    work.run()
    work.box.as_user(BOB).create("Mine", plain(hour(3)), plain(hour(3, 10)))
    work.authorise("1001")

    work.run(focus=focus_on(work, "Mine"))
    assert titles(work, BOB) == ["Mine"]

    work.run()
    work.run()
    assert titles(work, BOB) == ["Mine"]


def test_a_dry_run_tells_of_a_record_that_no_meeting_knows_and_a_writing_one_leaves_it(team: Workplace) -> None:
    crm = team.box.as_employee("1000")
    new = crm.create("New", hour(5), hour(5, 10), calendar=CALENDAR, participants=["1000"])
    focus = Focus(records=frozenset({str(new)}))

    team.run(dry_run=True, focus=focus)
    (planned,) = team.planned()
    assert (planned.verb, planned.side) == ("create", "outlook")

    team.run(focus=focus)
    assert team.planned() == []
    assert titles(team, ANN) == ["Mine", "Theirs"]


def test_one_date_of_a_series_is_decided_without_the_others(team: Workplace) -> None:
    ann = team.box.as_user(ANN)
    master = ann.create("Weekly", plain(hour(2, 12)), plain(hour(2, 13)), recurrence=weekly(6))["id"]
    team.run()
    dates = ann.occurrences(master, hour(0).date(), hour(60).date())
    assert [record["content"] for record in team.records()].count("Weekly") == len(dates) == 6
    ann.delete(dates[1]["id"])
    ann.rename(dates[2]["id"], "Weekly, renamed")
    writes = len(team.writes())

    with team.at_work() as ports:
        (link,) = [x for x in ports.store.links(team.tenant.key) if dates[1]["id"] in {p.id for p in x.placements}]
    told = team.run(focus=Focus(links=frozenset({link.id})))

    assert (told["crm_deleted"], len(team.writes()) - writes) == (1, 1)
    team.run()
    shown = [record["content"] for record in team.records()]
    assert (shown.count("Weekly"), shown.count("Weekly, renamed")) == (4, 1)


def test_a_service_that_is_down_fails_the_run_and_decides_nothing(team: Workplace) -> None:
    focus = focus_on(team, "Mine")
    team.box.as_employee("1000").rename(record_of(team, "Mine"), "Mine, renamed")
    before = rows(team, "link", "placement", "action")
    team.impatient = True
    team.box.fault("graph", {"status": 503})

    told = team.run(focus=focus, may_fail=True)

    assert str(told["sentence"]).startswith("extract_graph failed: ")
    assert rows(team, "link", "placement", "action") == before
