"""A tenant's DAG with the real stages, against the sandbox: what the demo shows, without a scheduler."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from pipeline.workplace import Workplace
from shell.airflow_home import migrate

from calsync.dags import backfill
from calsync.dags.sync import build_dags
from calsync.stages.report import read_report
from calsync.staging import Staging
from demo.connections import sandbox_connections
from sandbox.client import Sandbox
from sandbox.server import Server

pytestmark = pytest.mark.airflow
STAGES = ("extract_crm", "extract_graph", "diff", "map", "load")


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workplace]:
    """The sales team of the sandbox, and the tenant that keeps its calendars the same."""
    (tmp_path / "box").mkdir()
    (tmp_path / "tenants").mkdir()
    with Server(tmp_path / "box") as server, Sandbox(server.url, server.ca) as box:
        box.reset({"team": "sales"})
        work = Workplace.open(box, server, tmp_path / "tenants", batches=2)
        work.authorise()
        yield work


@pytest.fixture
def dag(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> DAG:
    """The tenant's DAG, in an Airflow that has its connections in the environment."""
    migrate()
    state = {"conn_type": "generic", "extra": {"dsn": f"sqlite:///{work.folder / 'calsync.db'}"}}
    for conn_id, said in (sandbox_connections(work.server.info) | {"calsync_state": state}).items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(said))
    monkeypatch.setenv("CALSYNC_TENANTS", str(work.folder))
    monkeypatch.setenv("CALSYNC_STAGING", str(work.folder / "staging"))
    return build_dags(work.folder)["calendar_sync__sandbox"]


@pytest.fixture
def backfill_dag(dag: DAG, work: Workplace) -> DAG:
    """The tenant's other DAG, for chosen days."""
    return backfill.build_dags(work.folder)["calendar_sync_backfill__sandbox"]


def told_by(work: Workplace, run_id: str) -> dict[str, Any]:
    told = read_report(Staging(work.folder / "staging"), "sandbox", run_id)
    assert told is not None
    return told


def states(run: Any) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


def test_the_first_run_writes_both_ways_and_a_later_one_skips_itself(dag: DAG, work: Workplace) -> None:
    first = dag.test()
    assert first.state == "success"
    assert states(first) == dict.fromkeys((*STAGES, "report"), "success")
    told = read_report(Staging(work.folder / "staging"), "sandbox", first.run_id)
    assert told is not None
    assert told["counters"]["crm_created"] > 0
    assert told["counters"]["outlook_created"] > 0
    assert told["counters"]["requests_graph"] > 0
    assert {name: stage["state"] for name, stage in told["stages"].items()} == dict.fromkeys(STAGES, "success")
    written = len(work.writes())
    assert written > 0

    for _ in range(3):
        later = dag.test()
        assert later.state == "success"
    assert len(work.writes()) == written
    assert states(later) == dict.fromkeys((*STAGES, "report"), "success") | dict.fromkeys(
        ("diff", "map", "load"), "skipped"
    )


def test_a_dry_run_writes_to_neither_system(dag: DAG, work: Workplace) -> None:
    run = dag.test(run_conf={"dry_run": True})
    assert run.state == "success"
    assert work.writes() == []
    told = read_report(Staging(work.folder / "staging"), "sandbox", run.run_id)
    assert told is not None
    assert told["dry_run"]
    assert len(told["changes"]) > 0


def test_a_wrong_secret_fails_the_run_with_a_sentence(
    dag: DAG, work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = sandbox_connections(work.server.info)["calsync_graph_sandbox"] | {"password": "wrong"}
    monkeypatch.setenv("AIRFLOW_CONN_CALSYNC_GRAPH_SANDBOX", json.dumps(wrong))
    run = dag.test()
    assert run.state == "failed"
    assert states(run)["extract_graph"] == "failed"
    assert states(run)["report"] == "failed"
    told = read_report(Staging(work.folder / "staging"), "sandbox", run.run_id)
    assert told is not None
    assert "extract_graph failed" in told["sentence"]
    assert work.writes() == []


def test_a_backfill_writes_what_its_days_lack_and_nothing_when_it_is_repeated(
    backfill_dag: DAG, work: Workplace
) -> None:
    today = datetime.now(UTC).date()
    days = {"window_start": str(today - timedelta(days=30)), "window_end": str(today + timedelta(days=180))}
    first = backfill_dag.test(run_conf=days)
    assert first.state == "success"
    told = told_by(work, f"backfill={first.run_id}")
    assert told["counters"]["outlook_created"] > 0
    assert f"of {days['window_start']} to {days['window_end']}" in told["sentence"]
    with work.at_work() as ports:
        assert {cursor.name for cursor in ports.store.cursors("sandbox")} <= {"directory"}, "a cursor was moved"
    written = len(work.writes())
    again = backfill_dag.test(run_conf=days)
    assert again.state == "success"
    assert len(work.writes()) == written


def test_days_in_the_wrong_order_fail_with_what_to_do(backfill_dag: DAG, work: Workplace) -> None:
    run = backfill_dag.test(run_conf={"window_start": "2026-11-20", "window_end": "2026-11-18"})
    assert run.state == "failed"
    assert states(run)["extract_crm"] == "failed"
    assert states(run)["report"] == "failed"
    assert work.writes() == []


def test_an_employee_who_takes_no_part_fails_the_run_before_it_reads_anything(
    backfill_dag: DAG, work: Workplace
) -> None:
    days = {"window_start": "2026-11-18", "window_end": "2026-11-20"}
    asked = len(work.box.requests())
    run = backfill_dag.test(run_conf={**days, "accounts": ["9999"]})
    assert run.state == "failed"
    assert {states(run)[stage] for stage in ("extract_crm", "extract_graph", "report")} == {"failed"}
    assert "accounts: 9999 is no authorised employee" in told_by(work, f"backfill={run.run_id}")["sentence"]
    assert len(work.box.requests()) == asked
