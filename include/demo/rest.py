"""Airflow through its REST API, as a person with a login uses it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from demo.errors import DemoError

START_TIMEOUT_S = 600.0
RUN_TIMEOUT_S = 600.0
"""Many times what it takes: a busy machine is waited for, and a part that has ended by itself ends the wait at once."""
_POLL_S = 0.5
_OVER = frozenset({"success", "failed"})
_PARTS = ("metadatabase", "scheduler", "dag_processor")


@dataclass(frozen=True, slots=True)
class TaskState:
    """One task of a run: `state` as Airflow names it, "" before it was scheduled."""

    task: str
    state: str


class Airflow:
    """A client of one Airflow. `problem` is asked while waiting: what it returns ends the wait as a DemoError."""

    def __init__(self, url: str, user: str, password: str, problem: Callable[[], str | None] = lambda: None) -> None:
        self.url = url
        self._login = {"username": user, "password": password}
        self._problem = problem
        self._http = httpx.Client(base_url=url, timeout=120.0, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def wait_until_healthy(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Return when the API answers and scheduler and DAG processor beat."""
        self._wait(self._healthy, timeout_s, "Airflow did not become healthy")

    def wait_for_dag(self, dag_id: str, timeout_s: float = START_TIMEOUT_S) -> None:
        """Return when the DAG has been parsed; an import error of any DAG file ends the wait."""
        self._wait(lambda: self._dag_known(dag_id), timeout_s, f"Airflow did not find the DAG {dag_id}")

    def unpause(self, dag_id: str) -> None:
        """Let the DAG run."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str) -> str:
        """Ask for a run now; returns its id."""
        return str(self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None})["dag_run_id"])

    def runs(self, dag_id: str) -> dict[str, str]:
        """Run ids and states, oldest first."""
        found = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns", params={"order_by": "id", "limit": 100})
        return {run["dag_run_id"]: run["state"] for run in found["dag_runs"]}

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        """The run's tasks, in the order Airflow lists them."""
        found = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")
        return [TaskState(task["task_id"], task["state"] or "") for task in found["task_instances"]]

    def follow(self, dag_id: str, run_id: str, timeout_s: float = RUN_TIMEOUT_S) -> Iterator[dict[str, str]]:
        """The DAG's runs and their states, again and again until `run_id` and every other one are over."""
        until = time.monotonic() + timeout_s
        while True:
            runs = self.runs(dag_id)
            yield runs
            if run_id in runs and _OVER.issuperset(runs.values()):
                return
            self._pause(until, f"The run {run_id} did not end")

    def wait_until_idle(self, dag_id: str, timeout_s: float = RUN_TIMEOUT_S) -> None:
        """Return when no run of the DAG is queued or running: nobody writes while nothing runs."""
        self._wait(lambda: _OVER.issuperset(self.runs(dag_id).values()), timeout_s, f"Runs of {dag_id} did not end")

    def _healthy(self) -> bool:
        try:
            answer = self._http.get("/api/v2/monitor/health")
        except httpx.TransportError:
            return False
        parts = answer.json() if answer.status_code == httpx.codes.OK else {}
        return all(parts.get(part, {}).get("status") == "healthy" for part in _PARTS)

    def _dag_known(self, dag_id: str) -> bool:
        errors = self._call("GET", "/api/v2/importErrors")["import_errors"]
        if errors:
            raise DemoError(f"Airflow cannot import {errors[0]['filename']}:\n{errors[0]['stack_trace']}")
        return bool(self._call("GET", "/api/v2/dags", params={"dag_id_pattern": dag_id})["total_entries"])

    def _wait(self, done: Callable[[], bool], timeout_s: float, failure: str) -> None:
        until = time.monotonic() + timeout_s
        while not done():
            self._pause(until, failure)

    def _pause(self, until: float, failure: str) -> None:
        if problem := self._problem():
            raise DemoError(problem)
        if time.monotonic() > until:
            raise DemoError(
                f"{failure} in time. Look for a traceback in .demo/airflow.log; a slow machine needs a second try."
            )
        time.sleep(_POLL_S)

    @retry(
        retry=retry_if_exception_type(httpx.TransportError),
        stop=stop_after_attempt(4),
        wait=wait_exponential(0.5),
        reraise=True,
    )
    def _call(self, method: str, path: str, **parts: Any) -> dict[str, Any]:
        answer = self._http.request(method, path, **parts)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._log_in()
            answer = self._http.request(method, path, **parts)
        if answer.is_error:
            raise DemoError(f"Airflow answered {method} {path} with HTTP {answer.status_code}: {answer.text[:300]}")
        return dict(answer.json())

    def _log_in(self) -> None:
        answer = self._http.post("/auth/token", json=self._login)
        if answer.is_error:
            raise DemoError(f"Airflow refused the demo's login with HTTP {answer.status_code}.")
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


@contextmanager
def airflow(url: str, user: str, password: str, problem: Callable[[], str | None] = lambda: None) -> Iterator[Airflow]:
    """An `Airflow` that is closed at the end."""
    client = Airflow(url, user, password, problem)
    try:
        yield client
    finally:
        client.close()
