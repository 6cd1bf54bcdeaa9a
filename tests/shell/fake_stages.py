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

    Each refusal refuses the lease once.
    """

    answers: dict[str, Counters | Exception] = field(default_factory=dict)
    refusals: list[Exception] = field(default_factory=list)
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

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put these in the place of `calsync.stages.*`."""
        closed = SimpleNamespace(close=lambda: self.calls.append("close"))
        modules: dict[str, dict[str, Any]] = {
            "ports": {"open_ports": lambda tenant: closed},
            "lease": {"leased": self.leased, "release": self.release},
            "report": {"report": self.stage("report")},
            "run": {"staged": self.staged},
        }
        for task_id, (module, function) in STAGE_OF_TASK.items():
            modules[module] = {function: self.stage(task_id)}
        for name, members in modules.items():
            module = ModuleType(f"calsync.stages.{name}")
            vars(module).update(members)
            monkeypatch.setitem(sys.modules, module.__name__, module)


def context_of(
    dag_id: str = "calendar_sync__berlin", states: dict[str, str | None] | None = None, **params: bool
) -> dict[str, Any]:
    """As much of a task's context as our operators use."""
    run_id = "scheduled__2026-11-23T08:00:00+00:00"
    return {
        "dag_run": SimpleNamespace(
            dag_id=dag_id,
            run_id=run_id,
            run_type=SimpleNamespace(value="scheduled"),
            start_date=datetime(2026, 11, 23, 8, 0, 3, tzinfo=UTC),
            run_after=datetime(2026, 11, 23, 8, 0, tzinfo=UTC),
        ),
        "params": params,
        "ti": SimpleNamespace(get_task_states=lambda dag_id, run_ids: {run_ids[0]: states or {}}),
        "outlet_events": OutletEvents(),
    }


class OutletEvents(dict[Any, Any]):
    """Airflow's accessor: an event for every asset that is asked for."""

    def __missing__(self, asset: Any) -> SimpleNamespace:
        self[asset.name] = event = SimpleNamespace(extra={})
        return event
