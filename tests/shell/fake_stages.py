"""Stages that do what a test tells them, in place of the real ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from calsync.errors import CalsyncError
from calsync.stages.context import Counters, Run

STAGE_OF_TASK = {
    "extract_crm": ("extract_crm", "extract_crm"),
    "extract_graph": ("extract_graph", "extract_graph"),
    "diff": ("diff", "diff"),
    "map": ("requests", "map_plan"),
    "load": ("load", "load"),
}


@dataclass
class FakeStages:
    """What the stages answer (or raise), the calls in their order, the errors that were noted for the report.

    Each refusal refuses the lease once. question: the one that is to be put; waiting: the links it still asks about.
    put_before: questions that were put and not answered.
    kept: the keys under which something is stored or staged.
    """

    answers: dict[str, Counters | Exception] = field(default_factory=dict)
    question: str = ""
    put_before: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=lambda: ["link-1"])
    refusals: list[Exception] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    seen: dict[str, Any] = field(default_factory=dict)
    noted: dict[str, str] = field(default_factory=dict)

    def stage(self, task_id: str) -> Callable[..., Counters]:
        def run(tenant: Any, ports: Any, run: Run, *more: Any, **named: Any) -> Counters:
            self.calls.append(task_id)
            self.seen |= {"tenant": tenant.key, "run": run, "more": more, **named}
            answer = self.answers.get(task_id, {"actions": 0})
            if isinstance(answer, Exception):
                raise answer
            return answer

        return run

    @contextmanager
    def leased(self, tenant: Any, ports: Any, run: Run) -> Iterator[None]:
        if self.refusals:
            raise self.refusals.pop()
        self.calls.append("lease")
        yield

    def staged(self, name: str, tenant: Any, ports: Any, run: Run, stage: Callable[..., Counters]) -> Counters:
        self.seen = {"name": name}
        try:
            return stage(tenant, ports, run)
        except CalsyncError as error:
            self.noted[name] = str(error)
            raise

    def release(self, tenant: Any, ports: Any, run: Run) -> None:
        self.calls.append("release")

    def assign(self, tenant: Any, ports: Any) -> str:
        self.calls.append("assign")
        return self.question

    def gather(self, tenant: Any, ports: Any, question: str) -> None:
        self.calls.append(f"gather {question}")

    def asked(self, tenant: Any, store: Any, question: str) -> SimpleNamespace:
        self.seen["asked"] = question
        return SimpleNamespace(links=self.waiting, markdown=lambda link: f"12 meetings would be deleted: {link}")

    def put(self, tenant: Any, ports: Any, question: str) -> None:
        self.calls.append(f"put {question}")

    def answer(self, tenant: Any, ports: Any, run: Run, question: str, word: Any, who: str) -> list[str]:
        self.calls.append(f"answer {question} {word} {who}")
        self.seen["run"] = run
        return self.waiting

    def prune(self, key: str, kept: Any, ports: Any, at: datetime) -> Counters:
        self.calls.append(f"prune {key} {kept.history_days}")
        answer = self.answers.get("retention", {"folders": 2})
        if isinstance(answer, Exception):
            raise answer
        return answer

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put these in the place of `calsync.stages.*`."""
        closed = SimpleNamespace(close=lambda: self.calls.append("close"), store=None)
        modules: dict[str, dict[str, Any]] = {
            "ports": {"open_ports": lambda tenant: closed, "open_kept": lambda: closed},
            "lease": {"leased": self.leased, "release": self.release},
            "report": {"report": self.stage("report")},
            "run": {"staged": self.staged},
            "holds": {
                "assign": self.assign,
                "unanswered": lambda store, tenant: self.put_before,
                "gather": self.gather,
                "question": self.asked,
                "put": self.put,
                "answer": self.answer,
            },
            "retention": {"prune": self.prune, "kept_keys": lambda ports: self.kept},
            "asked": {"show_question": lambda tenant, ports, run, question: self.calls.append("show")},
        }
        for task_id, (module, function) in STAGE_OF_TASK.items():
            modules[module] = {function: self.stage(task_id)}
        for name, members in modules.items():
            module = ModuleType(f"calsync.stages.{name}")
            vars(module).update(members)
            monkeypatch.setitem(sys.modules, module.__name__, module)


SAID = {
    "chosen_options": ["restore"],
    "params_input": {},
    "responded_at": datetime(2026, 11, 25, 9, 30, tzinfo=UTC),
    "responded_by_user": {"id": "7", "name": "op"},
}
"""What a person answered in Airflow, as the task that asked returns it."""


@dataclass
class FakeTask:
    """As much of Airflow's task instance as our operators use.

    states: of the run's tasks. said: the answer to the question. runs: the runs of other DAGs, with their states.
    paused: the DAGs that are. pushed: the XComs that were written by hand.
    """

    states: dict[str, str | None] = field(default_factory=dict)
    said: dict[str, Any] | None = None
    runs: dict[tuple[str, str], str] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    pushed: dict[str, Any] = field(default_factory=dict)

    def get_task_states(self, dag_id: str, run_ids: list[str]) -> dict[str, Any]:
        return {run_ids[0]: self.states}

    def get_dr_count(self, dag_id: str, run_ids: list[str] | None = None, states: list[str] | None = None) -> int:
        found = [state for run, state in self.runs.items() if run[0] == dag_id and run[1] in (run_ids or [run[1]])]
        return sum(states is None or state in states for state in found)

    def get_dag(self, dag_id: str) -> SimpleNamespace:
        return SimpleNamespace(is_paused=dag_id in self.paused)

    def xcom_pull(self, task_ids: str) -> dict[str, Any] | None:
        assert task_ids == "ask"
        return self.said

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


def context_of(
    dag_id: str = "calendar_sync__berlin",
    run_id: str = "scheduled__2026-11-23T08:00:00+00:00",
    run_type: str = "scheduled",
    interval: tuple[datetime, datetime] | None = None,
    ti: FakeTask | None = None,
    **params: Any,
) -> dict[str, Any]:
    """As much of a task's context as our operators use."""
    start, end = interval or (None, None)
    return {
        "dag_run": SimpleNamespace(
            dag_id=dag_id,
            run_id=run_id,
            run_type=SimpleNamespace(value=run_type),
            start_date=datetime(2026, 11, 23, 8, 0, 3, tzinfo=UTC),
            run_after=datetime(2026, 11, 23, 8, 0, tzinfo=UTC),
            data_interval_start=start,
            data_interval_end=end,
        ),
        "params": params,
        "ti": ti or FakeTask(),
        "outlet_events": OutletEvents(),
    }


class OutletEvents(dict[Any, Any]):
    """Airflow's accessor: an event for every asset that is asked for."""

    def __missing__(self, asset: Any) -> SimpleNamespace:
        self[asset.name] = event = SimpleNamespace(extra={})
        return event
