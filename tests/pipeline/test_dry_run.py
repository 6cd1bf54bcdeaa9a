"""A dry run shows everything and writes nothing but its own folder (G8)."""

from __future__ import annotations

import sqlite3

import pytest
from pipeline.morning import ANN, BOB, TEAM, hour, plain
from pipeline.workplace import CALENDAR, Workplace


def everything_stored(work: Workplace) -> list[str]:
    with sqlite3.connect(work.folder / "calsync.db") as state:
        return list(state.iterdump())


@pytest.mark.parametrize("synced_before", [False, True])
def test_a_dry_run_writes_nothing_anywhere(work: Workplace, synced_before: bool) -> None:
    work.box.reset(TEAM)
    work.authorise()
    if synced_before:
        work.run()
    work.box.as_user(ANN).create("From Outlook", plain(hour(2)), plain(hour(2, 10)))
    work.box.as_employee("1001").create("From ShareCRM", hour(3), hour(3, 10), calendar=CALENDAR, participants=["1001"])
    before, written = everything_stored(work), len(work.writes())
    older = set((work.folder / "staging" / work.tenant.key).glob("*"))

    told = work.run(dry_run=True)

    assert everything_stored(work) == before
    assert len(work.writes()) == written
    assert len(set((work.folder / "staging" / work.tenant.key).glob("*")) - older) == 1
    assert told["sentence"] == ("Would write (dry run): ShareCRM 1 created; Outlook 1 created; 0 skipped, 0 mails.")
    assert {change["state"] for change in work.report()["changes"]} == {"planned"}

    done = work.run()
    assert (done["crm_created"], done["outlook_created"]) == (1, 1)
    assert {event["subject"] for event in work.events(BOB)} == {"From ShareCRM"}
