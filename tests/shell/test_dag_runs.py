"""Whole runs by Airflow's own scheduling rules, with stages that do what the test says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from shell.airflow_home import migrate
from shell.fake_stages import FakeStages
from shell.tenant_files import write_tenant
from sqlalchemy import select

from calsync.dags.sync import build_dags
from calsync.errors import ConfigError, LeaseHeld
from calsync.operators.base import LEASE_WAIT

pytestmark = pytest.mark.airflow
TOLD = {"sentence": "2 created in Outlook.", "outlook_created": 2, "failed": 0}
STAGES = ["extract_crm", "extract_graph", "diff", "map", "load"]


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> FakeStages:
    migrate()
    fake = FakeStages(answers={"report": dict(TOLD)})
    fake.install(monkeypatch)
    monkeypatch.setattr("calsync.notes.find_connection", lambda conn_id: None)
    return fake


@pytest.fixture
def dag(tenants: Path, request: pytest.FixtureRequest) -> DAG:
    """A tenant's DAG; each test has its own, so that none sees another's runs."""
    key = request.node.originalname.replace("test_", "")[:60]
    write_tenant(tenants, key, batches=getattr(request, "param", 1))
    return build_dags(tenants)[f"calendar_sync__{key}"]


def states(run: Any) -> dict[str, str]:
    return {
        f"{task.task_id}{task.map_index if task.map_index >= 0 else ''}": str(task.state)
        for task in run.get_task_instances()
    }


def events(dag: DAG) -> list[dict[str, Any]]:
    """What the tenant's asset told those who wait for it."""
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.scalars(select(AssetEvent).where(AssetEvent.source_dag_id == dag.dag_id))
        return [dict(event.extra) for event in found]


def test_a_run_with_changes(dag: DAG, stages: FakeStages) -> None:
    run = dag.test()
    assert run.state == "success"
    assert states(run) == dict.fromkeys([*STAGES, "report"], "success")
    assert [call for call in stages.calls if call in (*STAGES, "report", "release")][2:] == [
        "diff",
        "map",
        "load",
        "report",
        "release",
    ]
    assert stages.seen["more"] == (dict.fromkeys(STAGES, "success"),)
    (event,) = events(dag)
    assert {name: event[name] for name in ("outlook_created", "failed")} == {"outlook_created": 2, "failed": 0}
    assert "sentence" not in event
    link = run.get_task_instance("load").xcom_pull(task_ids="load", key="_link_ChangesLink")
    assert link.endswith("/plugin/calsync-changes")


def test_a_run_that_finds_nothing(dag: DAG, stages: FakeStages) -> None:
    stages.answers["diff"] = {"actions": 0, "skip": 1}
    run = dag.test()
    assert run.state == "success"
    assert states(run) == {
        "extract_crm": "success",
        "extract_graph": "success",
        "diff": "skipped",
        "map": "skipped",
        "load": "skipped",
        "report": "success",
    }
    assert stages.seen["more"][0]["load"] == "skipped"


@pytest.mark.parametrize("broken", ["extract_crm", "load"])
def test_a_failed_stage(dag: DAG, stages: FakeStages, broken: str) -> None:
    stages.answers[broken] = ConfigError(["connection x: does not exist: add it"])
    stages.answers["report"] = {"sentence": f"{broken} failed.", "failed": 1}
    run = dag.test()
    assert run.state == "failed"
    assert states(run)[broken] == "failed"
    assert states(run)["report"] == "failed"
    assert stages.calls[-4:] == ["report", "assign", "release", "close"]  # what is held is asked about too (G6)
    assert stages.seen["more"][0][broken] == "failed"
    assert stages.seen["more"][0]["load"] in ("failed", "upstream_failed")
    assert events(dag) == []


def test_a_dry_run(dag: DAG, stages: FakeStages) -> None:
    run = dag.test(run_conf={"dry_run": True})
    assert run.state == "success"
    assert stages.seen["run"].dry_run
    assert events(dag) == []


@pytest.mark.parametrize("dag", [2], indirect=True)
def test_batches(dag: DAG, stages: FakeStages) -> None:
    run = dag.test()
    assert run.state == "success"
    assert {name: state for name, state in states(run).items() if name.startswith("extract_graph")} == {
        "extract_graph0": "success",
        "extract_graph1": "success",
    }
    assert stages.calls.count("extract_graph") == 2
    assert stages.seen["more"] == (dict.fromkeys(STAGES, "success"),)


def test_a_held_lease(dag: DAG, stages: FakeStages, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task comes back when the lease is free, and that was no failed try."""
    monkeypatch.setattr("calsync.operators.base.LEASE_WAIT", -LEASE_WAIT)
    stages.refusals = [LeaseHeld("x", "cli:host:1:x", "2026-11-23T08:10:00Z", 500)]
    run = dag.test()
    assert run.state == "success"
    assert stages.refusals == []
    assert {task.try_number for task in run.get_task_instances()} == {1}
    assert sorted(call for call in stages.calls if call in STAGES) == sorted(STAGES)
