"""A dry run shows everything and writes nothing but its own folder; the real one then does exactly that (G8)."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pipeline.morning import ANN, BOB, TEAM, hour, plain, prepare
from pipeline.workplace import CALENDAR, Workplace

from calsync.core.plan import Action
from calsync.errors import StateError
from sandbox.client import Sandbox
from sandbox.server import Server


def everything_stored(work: Workplace) -> list[str]:
    with closing(sqlite3.connect(work.folder / "calsync.db")) as state:
        return list(state.iterdump())


def files(work: Workplace) -> dict[str, str]:
    """Every file of calsync's own outside the runs' folders, by its digest."""
    found = [path for path in work.folder.rglob("*") if path.is_file() and "staging" not in path.parts]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def folders(work: Workplace) -> set[Path]:
    return set((work.folder / "staging" / work.tenant.key).glob("*"))


@pytest.mark.parametrize("synced_before", [False, True])
def test_a_dry_run_writes_nothing_anywhere(work: Workplace, synced_before: bool) -> None:
    work.box.reset(TEAM)
    work.authorise()
    if synced_before:
        work.run()
    work.box.as_user(ANN).create("From Outlook", plain(hour(2)), plain(hour(2, 10)))
    work.box.as_employee("1001").create("From ShareCRM", hour(3), hour(3, 10), calendar=CALENDAR, participants=["1001"])
    before, written = everything_stored(work), len(work.writes())
    bytes_before, older = files(work), folders(work)

    told = work.run(dry_run=True)

    assert files(work) == bytes_before
    assert everything_stored(work) == before
    assert len(work.writes()) == written
    assert len(folders(work) - older) == 1
    assert told["sentence"] == ("Would write (dry run): ShareCRM 1 created; Outlook 1 created; 0 skipped, 0 mails.")
    assert {change["state"] for change in work.report()["changes"]} == {"planned"}

    done = work.run()
    assert (done["crm_created"], done["outlook_created"]) == (1, 1)
    assert {event["subject"] for event in work.events(BOB)} == {"From ShareCRM"}


def test_the_run_after_it_does_exactly_what_it_showed(box: Sandbox, server: Server, tmp_path: Path) -> None:
    """Over creations, edits and deletions on both sides, people who join, and an edit against a deletion."""
    work = prepare(box, server, tmp_path / "work")
    foreseen = work.run(dry_run=True)
    planned, shown = work.planned(), work.report()["changes"]
    mails = len(box.mails())

    done = work.run()

    assert whole(work.planned()) == whole(planned)
    assert {row["state"] for row in work.report()["changes"]} == {"done"}
    told = ("id", "side", "verb", "employee", "title", "values", "rule", "reason", "mails", "mail_kinds")
    assert facts(work.report()["changes"], *told) == facts(shown, *told)
    counted = [name for name in foreseen if name.endswith(("ed", "mails", "conflicts"))]
    assert {name: done[name] for name in counted} == {name: foreseen[name] for name in counted}
    assert len(planned) > 5
    assert len(box.mails()) - mails == foreseen["mails"] > 0


def whole(actions: list[Action]) -> dict[str, Action]:
    """By id, without the evidence, which names the request that brought it."""
    return {action.id: replace(action, evidence="") for action in actions}


def facts(changes: list[dict[str, Any]], *names: str) -> dict[str, list[Any]]:
    return {change["id"]: [change[name] for name in names] for change in changes}


def test_while_another_run_writes_it_needs_no_lease(work: Workplace) -> None:
    work.box.reset(TEAM)
    work.authorise()
    with work.at_work() as ports:
        ports.store.acquire(work.tenant.key, "airflow:other", ports.now())
        before = everything_stored(work)

    work.run(dry_run=True)

    assert everything_stored(work) == before


def test_a_missing_state_database_is_not_made(work: Workplace) -> None:
    for file in work.folder.glob("calsync.db*"):
        file.unlink()

    with pytest.raises(StateError, match="Run: python -m calsync db upgrade"):
        work.run(dry_run=True)

    assert not list(work.folder.glob("calsync.db*"))


def test_tables_of_an_older_version_are_not_brought_up_to_date(work: Workplace) -> None:
    with closing(sqlite3.connect(work.folder / "calsync.db", isolation_level=None)) as state:
        state.execute("UPDATE alembic_version SET version_num = '0001'")
    before = everything_stored(work)

    with pytest.raises(StateError, match="is at version 0001"):
        work.run(dry_run=True)

    assert everything_stored(work) == before
