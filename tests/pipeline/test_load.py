"""What goes wrong while `load` writes heals by itself: nothing doubled, nothing lost, nobody mailed twice (G3, G10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pipeline.morning import ANN, Standing, hour, plain, prepare, standing
from pipeline.workplace import CALENDAR, Workplace

from calsync.core.model import Link
from calsync.core.plan import ActionState
from calsync.errors import LeaseHeld
from calsync.stages.load import load
from calsync.stages.run import STAGES
from sandbox.client import Sandbox
from sandbox.server import Server

EVENTS = r"/users/[^/]+/events"
GONE = {"lose_answer": True}
AWAY = {"status": 503}
FAULTS: dict[str, dict[str, Any]] = {
    "an update's answer is lost": {"system": "graph", "method": "PATCH", "effect": GONE},
    "a creation's answer is lost": {"system": "graph", "method": "POST", "path": EVENTS, "effect": GONE},
    "a deletion's answer is lost": {"system": "graph", "method": "DELETE", "effect": GONE},
    "an event has moved on": {"system": "graph", "method": "PATCH", "effect": {"status": 412}},
    "one part is throttled": {"system": "graph", "method": "PATCH", "effect": {"status": 429, "retry_after": 1}},
    "Graph takes no changes": {"system": "graph", "method": "PATCH", "effect": AWAY, "times": 20},
    "Graph takes no events": {"system": "graph", "method": "POST", "path": EVENTS, "effect": AWAY, "times": 6},
    "Graph takes no deletions": {"system": "graph", "method": "DELETE", "effect": AWAY, "times": 6},
    "a record's answer is lost": {"system": "sharecrm", "path": "data/create", "effect": GONE},
    "every record's answer is lost": {"system": "sharecrm", "path": "data/create", "effect": GONE, "times": 9},
    "records cannot be read back": {"system": "sharecrm", "path": "data/get", "effect": {"status": 500}, "times": 60},
    "a change's answer is lost": {"system": "sharecrm", "path": "data/update", "effect": GONE},
    "an invalidation's answer is lost": {"system": "sharecrm", "path": "data/invalid", "effect": GONE},
    "a recovery's answer is lost": {"system": "sharecrm", "path": "data/recover", "effect": GONE},
    "ShareCRM's rate is exceeded": {"system": "sharecrm", "path": "data/create", "effect": {"code": 30004}, "times": 2},
    "the token dies": {"system": "sharecrm", "path": "data/create", "effect": {"code": 20016}},
    "ShareCRM takes nothing": {"system": "sharecrm", "path": "data/(create|update)", "effect": AWAY, "times": 60},
}


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_failure_heals_within_two_runs(
    fault: str, undisturbed: Standing, box: Sandbox, server: Server, tmp_path: Path
) -> None:
    work = prepare(box, server, tmp_path / "work")
    work.impatient = True
    rule = {"times": 1, **FAULTS[fault]}
    box.fault(rule.pop("system"), rule.pop("effect"), **rule)
    work.run(may_fail=True)
    box.clear_faults()
    work.run()
    work.run()
    before = len(work.writes())

    assert work.run()["sentence"] == "Nothing to do: nothing was found and nothing was waiting."
    assert len(work.writes()) == before
    assert standing(work) == undisturbed


def test_a_cursor_is_kept_back_until_what_it_caused_is_settled(work: Workplace) -> None:
    seed_two(work)
    work.run()
    box = work.box
    first = next(event for event in work.events(ANN))
    box.as_user(ANN).rename(first["id"], "Renamed")
    before = cursors(work)
    box.fault("sharecrm", {"status": 503}, path="data/update")
    work.impatient = True

    assert work.run(may_fail=True)["failed"] == 1
    assert cursors(work) == before

    box.clear_faults()
    work.run()
    assert cursors(work) != before
    assert "Renamed" in {record["content"] for record in work.records()}


def test_what_fails_for_its_own_reasons_is_parked_and_blocks_nobody(work: Workplace) -> None:
    seed_two(work)
    box = work.box
    box.fault("sharecrm", {"code": 10002}, path="data/create", times=1)

    told = work.run()

    assert (told["parked"], told["crm_created"]) == (1, 1)
    assert told["sentence"].startswith("1 parked.")
    assert work.run()["parked"] == 1, "it waits for its time"
    assert len(work.records()) == 1
    work.late = timedelta(hours=1)
    work.run()
    assert len(work.records()) == 2


def test_a_meeting_that_cannot_be_remembered_though_nothing_is_to_be_written_is_told_of(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A1, G10: the run goes on, and says so."""
    seed_two(work)
    work.run()
    one, two = work.events(ANN), work.records()
    for event, record in ((e, r) for e in one for r in two if e["subject"] == r["content"]):
        work.box.as_user(ANN).rename(event["id"], f"New {event['subject']}")
        work.box.as_employee("1000").rename(record["id"], f"New {event['subject']}")
    monkeypatch.setitem(STAGES, "load", lambda *given: (give_away(work), load(*given))[1])
    told = work.run()
    assert "1 meeting has a record or an event that belongs to another" in str(told["sentence"])
    assert base_titles(work) == ("Meeting 0", "New Meeting 1")


def test_another_run_s_lease_is_respected_and_a_lost_one_stops_the_next_write(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_two(work)
    ports = work.ports()
    ports.store.acquire(work.tenant.key, "airflow:calendar_sync__sandbox:scheduled__1", ports.now())
    with pytest.raises(LeaseHeld) as held:
        work.run()
    assert "airflow:calendar_sync__sandbox:scheduled__1" in str(held.value)
    assert work.writes() == []

    ports.store.release(work.tenant.key, "airflow:calendar_sync__sandbox:scheduled__1")
    monkeypatch.setitem(STAGES, "load", lambda *given: (steal(work), load(*given))[1])
    told = work.run(may_fail=True)
    assert told["failed"] == 1
    assert "no longer may write" in str(told["sentence"])
    assert work.writes() == []

    monkeypatch.undo()
    ports.store.release(work.tenant.key, "thief")
    ports.close()
    assert work.run()["crm_created"] == 2


def test_a_run_stops_writing_when_its_time_is_spent(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """G4: what is left stays planned, and the next run does it."""
    seed_two(work, events=3)
    monkeypatch.setattr("calsync.stages.ledger.WRITING_TIME", timedelta(0))
    assert "3 left for the next run" in str(work.run()["sentence"])
    assert work.records() == []

    monkeypatch.undo()
    assert work.run()["crm_created"] == 3
    assert len(work.records()) == 3


def seed_two(work: Workplace, events: int = 2) -> None:
    """Ann's mailbox with some events that ShareCRM does not have yet."""
    people = {
        "employees": [{"id": "1000", "name": "Ann", "email": ANN}],
        "mailboxes": [{"address": ANN, "name": "Ann"}],
    }
    work.box.reset(people)
    for n in range(events):
        work.box.as_user(ANN).create(f"Meeting {n}", plain(hour(2 + n)), plain(hour(2 + n, 10)))
    work.authorise()
    assert work.tenant.name == CALENDAR


def cursors(work: Workplace) -> dict[str, str]:
    ports = work.ports()
    try:
        return {c.name: c.value for c in ports.store.cursors(work.tenant.key) if c.name in ("crm",) or ":" in c.name}
    finally:
        ports.close()


def states(work: Workplace) -> list[tuple[str, ActionState]]:
    ports = work.ports()
    try:
        return [(row.action.id, row.state) for row in ports.store.actions(work.tenant.key)]
    finally:
        ports.close()


def steal(work: Workplace) -> None:
    """What happens when a run sleeps for longer than its lease: another one takes over."""
    ports = work.ports()
    ports.store.acquire(work.tenant.key, "thief", ports.now() + timedelta(hours=1))
    ports.close()


def give_away(work: Workplace) -> None:
    """Another meeting takes the record of the first one, without a run."""
    key = work.tenant.key
    with work.at_work() as ports:
        (first,) = (link for link in ports.store.links(key) if link.base and link.base.title == "Meeting 0")
        ports.store.save_links(key, [replace(first, crm_id=""), Link("other", crm_id=first.crm_id)])


def base_titles(work: Workplace) -> tuple[str, ...]:
    with work.at_work() as ports:
        return tuple(sorted(link.base.title for link in ports.store.links(work.tenant.key) if link.base))
