"""A dry run shows everything and writes nothing but its own folder; the real one then does exactly that (G8)."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pipeline.morning import ANN, BOB, CARLA, TEAM, hour, plain, prepare
from pipeline.workplace import CALENDAR, Workplace

from calsync.core.plan import Action, ActionState, Word
from calsync.errors import StateError
from calsync.stages import holds
from calsync.stages.context import Run
from calsync.stages.parked import drop
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


@pytest.mark.parametrize("people", [frozenset(), frozenset({"1000"})], ids=["everybody", "one of them"])
def test_whom_the_tenant_file_leaves_out_it_leaves_out(work: Workplace, people: frozenset[str]) -> None:
    work.box.reset(TEAM)
    work.settle_in()
    work.configure(employees={"1001": None})
    both = ["1000", "1001"]
    work.box.as_employee("1000").create("New", hour(2), hour(2, 10), calendar=CALENDAR, participants=both)
    before = everything_stored(work)

    work.run(dry_run=True, people=people)

    assert [(change["employee"], change["mails"]) for change in work.report()["changes"]] == [("1000", 0)]
    assert everything_stored(work) == before


def an_invitation(work: Workplace) -> str:
    """Ann's meeting with Carla, which both sides show."""
    work.box.reset(TEAM)
    work.settle_in()
    people = {"calendar": CALENDAR, "participants": ["1000"], "contacts": ["c-carla"]}
    record = work.box.as_employee("1000").create("Visit", hour(3), hour(3, 10), **people)
    work.run()
    return record


def parked(work: Workplace) -> None:
    """Its new title is refused in Outlook, and its time has not come again."""
    work.box.as_employee("1000").rename(an_invitation(work), "Demo")
    work.box.fault("graph", {"status": 403, "code": "ErrorAccessDenied"}, method="PATCH")
    work.run()
    work.box.clear_faults()


def due_again(work: Workplace) -> None:
    parked(work)
    work.late += timedelta(hours=1)


def dropped(work: Workplace) -> None:
    """A person has given the refused change up; then the rules change, so that every meeting is looked at again."""
    parked(work)
    a_person_drops(work)
    work.run()
    work.configure(conflicts="crm")


def just_dropped(work: Workplace) -> None:
    parked(work)
    a_person_drops(work)


def a_person_drops(work: Workplace) -> None:
    with work.at_work() as ports:
        (row,) = ports.store.actions(work.tenant.key, states=[ActionState.PARKED])
        drop(work.tenant, ports, Run("drop", "cli", ports.now(), "test:drop"), [row.action.id], "ops")


def dropped_and_changed(work: Workplace) -> None:
    just_dropped(work)
    (record,) = work.records()
    work.box.as_employee("1000").rename(record["id"], "Demo of the offer")


def about_to_be_held(work: Workplace) -> None:
    record = an_invitation(work)
    work.configure(limits={"max_mails_per_run": 0})
    work.box.as_employee("1000").rename(record, "Demo")


def parked_and_about_to_be_held(work: Workplace) -> None:
    due_again(work)
    work.configure(limits={"max_mails_per_run": 0})


def waiting(work: Workplace) -> None:
    about_to_be_held(work)
    work.run()


def approved(work: Workplace) -> None:
    waiting(work)
    with work.at_work() as ports:
        run = Run("answer", "answer", ports.now(), "test:answer")
        assert holds.answer(work.tenant, ports, run, holds.assign(work.tenant, ports), Word.APPROVE, "ops")


def of_the_writes(sentence: object) -> str:
    """A run's sentence without what it says of held meetings: a dry run tells of those it would hold alone."""
    said = str(sentence).replace("Would write (dry run): ", "")
    return re.sub(r" \d+ meetings? (would be held for a person|waits? for a person's answer)\.", "", said)


@pytest.mark.parametrize(
    ("before", "states", "mails"),
    [
        (parked, ["done", "parked"], 0),
        (due_again, ["done", "done"], 1),
        (just_dropped, ["done", "dropped"], 0),
        (dropped, ["done", "dropped"], 0),
        (dropped_and_changed, ["done", "done"], 1),
        (about_to_be_held, ["done", "held"], 0),
        (parked_and_about_to_be_held, ["done", "held"], 0),
        (waiting, ["done"], 0),
        (approved, ["done", "done"], 1),
    ],
)
def test_it_foresees_what_stays_undone_for_now(
    work: Workplace, before: Callable[[Workplace], None], states: list[str], mails: int
) -> None:
    """What is parked until later, dropped by a person or held is shown so, and counts neither as written nor mailed."""
    before(work)
    work.box.as_user(BOB).create("From Outlook", plain(hour(2)), plain(hour(2, 10)))
    stored = everything_stored(work)
    foreseen, shown = work.run(dry_run=True), work.report()["changes"]
    assert everything_stored(work) == stored
    sent = len(work.box.mails())

    done, told = work.run(), work.report()["changes"]

    assert sorted(change["state"] for change in told) == states
    will_be = [{**change, "state": change["state"].replace("planned", "done")} for change in shown]
    assert facts(will_be, "state", "mails", "sentence") == facts(told, "state", "mails", "sentence")
    asked = {"requests_crm": 0, "requests_graph": 0, "sentence": ""}
    assert {**foreseen, **asked} == {**done, **asked}
    assert of_the_writes(foreseen["sentence"]) == of_the_writes(done["sentence"])
    assert [mail["to"] for mail in work.box.mails()[sent:]] == [CARLA] * mails
    assert done["mails"] == mails


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
