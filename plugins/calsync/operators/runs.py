"""What a task's run is to do: Airflow's run, its DAG, its parameters and its answer as a `Run` of the stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from calsync.errors import ConfigError
from calsync.naming import ASK, DagKind, kind_of, question_of, run_key
from calsync.stages.context import Focus, Run

if TYPE_CHECKING:
    from airflow.sdk import Context

    from calsync.config.model import Tenant

LONGEST: Final = timedelta(days=731)
"""The most days that one run compares by request: two years."""

BACKFILL: Final = "backfill"
RECONCILE: Final = "reconcile"
APPROVAL: Final = "approval"


def run_of(context: Context, tenant: Tenant) -> Run:
    """The run a task belongs to, the same value in each of its tasks.

    :raises ConfigError: a person started it with days that cannot be compared
    """
    dag_run, params = context["dag_run"], context["params"]
    at = (dag_run.start_date or dag_run.run_after).astimezone(UTC)
    common: dict[str, Any] = {
        "id": run_key(dag_run.dag_id, dag_run.run_id),
        "holder": f"airflow:{dag_run.dag_id}:{dag_run.run_id}",
    }
    kind = kind_of(dag_run.dag_id)
    if kind is DagKind.APPROVAL:
        focus = Focus(question=asked_for(params) or question_of(dag_run.run_id, dag_run.run_after))
        return Run(kind=APPROVAL, at=answered_at(context) or at, focus=focus, **common)
    common |= {"at": at, "dry_run": bool(params.get("dry_run", False))}
    run_type = str(dag_run.run_type.value)
    if kind is not DagKind.BACKFILL:
        return Run(kind=run_type, recover=bool(params.get("recover", False)), **common)
    people = frozenset(str(employee).strip() for employee in params.get("accounts") or ())
    if run_type == BACKFILL:
        window = _interval(dag_run.data_interval_start, dag_run.data_interval_end, tenant.time_zone)
    elif params.get("reconcile"):
        return _reconcile(tenant, Run(kind=RECONCILE, people=people, **common))
    else:
        window = asked_days(params)
    return Run(kind=BACKFILL, people=people, window=window, **common)


def _reconcile(tenant: Tenant, run: Run) -> Run:
    """The run with the tenant's whole window."""
    from calsync.stages.settings import days

    return replace(run, window=days(tenant, run))


def asked_for(params: Mapping[str, Any]) -> str:
    """The question that an approval was started for; "" where a person started it to be asked about all the rest."""
    return str(params.get("question") or "").strip()


def answered_at(context: Context) -> datetime | None:
    """When a person answered the question of this run; None while nobody has. An approval begins with the answer: the
    days that it waited before do not count."""
    said = context["ti"].xcom_pull(task_ids=ASK)
    if not said:
        return None
    at = said["responded_at"]
    return (at if isinstance(at, datetime) else datetime.fromisoformat(str(at))).astimezone(UTC)


def _interval(start: datetime | None, end: datetime | None, zone: str) -> tuple[date, date]:
    """The first and the last local day of a data interval, whose end does not belong to it."""
    if start is None or end is None:
        raise ConfigError(["data interval: this run has none: create the backfill anew, or choose days by hand"])
    there = ZoneInfo(zone)
    last = end - timedelta(microseconds=1)
    return start.astimezone(there).date(), max(start, last).astimezone(there).date()


def asked_days(params: Mapping[str, Any]) -> tuple[date, date]:
    """The days a person chose, both included.

    :raises ConfigError: one is missing or no date, they are reversed, or there are too many
    """
    chosen = {name: params.get(name) for name in ("window_start", "window_end")}
    missing = [name for name, said in chosen.items() if not said]
    if len(missing) == len(chosen):
        raise ConfigError(
            ["window_start: no days were chosen: give the first and the last one, or set reconcile for all of them"]
        )
    if missing:
        raise ConfigError([f"{missing[0]}: is empty: give both the first and the last day to compare"])
    first, last = (_day(name, str(said)) for name, said in chosen.items())
    if first > last:
        raise ConfigError([f"window_start: {first} comes after window_end, {last}: exchange them"])
    if last - first >= LONGEST:
        count = (last - first).days + 1
        raise ConfigError([f"window_end: {count} days are too many: compare at most {LONGEST.days} in one run"])
    return first, last


def _day(name: str, said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise ConfigError([f"{name}: is no date: write it as 2026-11-23"]) from None
