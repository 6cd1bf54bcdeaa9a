"""Runs of the sandbox tenant's DAG, from the request to what they reported."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rich.console import Console

from demo import show
from demo.errors import DemoError
from demo.record import Record
from demo.rest import Airflow

TENANT = "sandbox"
DAG_ID = f"calendar_sync__{TENANT}"


def synchronise(console: Console, airflow: Airflow, record: Record, *, unpause: bool = False) -> list[dict[str, Any]]:
    """Run the DAG once and wait; returns the reports of all runs that took place meanwhile, in their order.

    The DAG's own schedule may get in between, at the latest when it is unpaused: what that run did belongs to the same
    answer. Raises DemoError when a run failed.
    """
    before = set(airflow.runs(DAG_ID))
    run_id = airflow.trigger(DAG_ID)
    if unpause:
        airflow.unpause(DAG_ID)
    ended = show.follow(console, airflow, DAG_ID, run_id, before)
    for run, state in ended.items():
        if state != "success":
            raise DemoError(_failure(airflow, record, run))
    reports = (_read_report(record, run) for run in ended)
    return [report for report in reports if report]


def _failure(airflow: Airflow, record: Record, run_id: str) -> str:
    failed = [task.task for task in airflow.tasks(DAG_ID, run_id) if task.state == "failed"]
    logs = Path(record.airflow_home, "logs", f"dag_id={DAG_ID}", f"run_id={run_id}")
    return (
        f"The run {run_id} failed in {', '.join(failed) or 'no task'}. Read why at "
        f"{record.airflow_url}/dags/{DAG_ID}/runs/{run_id} or in {logs}."
    )


def _read_report(record: Record, run_id: str) -> dict[str, Any] | None:
    # Staging paths are Airflow's, and Airflow looks for its home when it is imported.
    os.environ.setdefault("AIRFLOW_HOME", record.airflow_home)
    from calsync.stages.report import read_report
    from calsync.staging import Staging

    found: dict[str, Any] | None = read_report(Staging(record.staging), TENANT, run_id)
    return found
