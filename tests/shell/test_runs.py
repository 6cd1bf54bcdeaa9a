"""What Airflow's runs become: which days, whose calendars, since when."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from shell.fake_stages import SAID, FakeTask, context_of
from shell.tenant_files import write_tenant

from calsync.config.load import load_tenant
from calsync.config.model import Tenant
from calsync.errors import ConfigError
from calsync.naming import DagKind, dag_id, kind_of, run_key, tenant_of
from calsync.operators.runs import run_of
from calsync.stages.context import Focus, Run

STARTED = datetime(2026, 11, 23, 8, 0, 3, tzinfo=UTC)
BACKFILL = "calendar_sync_backfill__shanghai"


@pytest.fixture
def tenant(tmp_path: Path) -> Tenant:
    return load_tenant(write_tenant(tmp_path, "shanghai", time_zone="Asia/Shanghai"))


def backfill(tenant: Tenant, run_type: str = "manual", **said: Any) -> Run:
    interval = said.pop("interval", None)
    return run_of(context_of(BACKFILL, "manual__1", run_type, interval, **said), tenant)  # type: ignore[arg-type]


@pytest.mark.parametrize("run_type", ["scheduled", "manual", "operator_triggered"])
def test_an_ordinary_run_goes_on_from_the_cursors(tenant: Tenant, run_type: str) -> None:
    context: Any = context_of("calendar_sync__shanghai", "x", run_type, recover=True)
    run = run_of(context, tenant)
    assert (run.kind, run.at, run.recover, run.dry_run) == (run_type, STARTED, True, False)
    assert run.moves_cursors


@pytest.mark.parametrize(
    ("interval", "days"),
    [
        (("2026-11-17T16:00+00:00", "2026-11-18T16:00+00:00"), ("2026-11-18", "2026-11-18")),
        (("2026-11-17T16:00+00:00", "2026-11-20T16:00+00:00"), ("2026-11-18", "2026-11-20")),
        (("2026-11-18T16:00+00:00", "2026-11-18T16:00+00:00"), ("2026-11-19", "2026-11-19")),
    ],
)
def test_a_backfill_compares_the_local_days_of_its_interval(
    tenant: Tenant, interval: tuple[str, str], days: tuple[str, str]
) -> None:
    start, end = (datetime.fromisoformat(moment) for moment in interval)
    run = backfill(tenant, "backfill", interval=(start, end), accounts=["1001 "], dry_run=True)
    assert run.window == tuple(map(date.fromisoformat, days))
    assert (run.kind, run.people, run.dry_run) == ("backfill", frozenset({"1001"}), True)


def test_a_run_by_hand_compares_the_days_that_were_chosen_also_ahead(tenant: Tenant) -> None:
    run = backfill(tenant, window_start="2027-01-01", window_end="2027-01-31", accounts=[])
    assert (run.kind, run.window, run.people) == ("backfill", (date(2027, 1, 1), date(2027, 1, 31)), frozenset())


def test_reconcile_compares_the_tenants_whole_window(tenant: Tenant) -> None:
    run = backfill(tenant, "operator_triggered", reconcile=True, window_start=None, window_end=None)
    assert (run.kind, run.window) == ("reconcile", (date(2026, 10, 24), date(2027, 5, 22)))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, "window_start: no days were chosen: give the first and the last one, or set reconcile"),
        ({"window_start": "2026-11-18"}, "window_end: is empty: give both the first and the last day"),
        ({"window_end": "2026-11-18"}, "window_start: is empty"),
        (
            {"window_start": "2026-11-20", "window_end": "2026-11-18"},
            "window_start: 2026-11-20 comes after window_end, 2026-11-18: exchange them",
        ),
        (
            {"window_start": "2026-01-01", "window_end": "2028-01-02"},
            "window_end: 732 days are too many: compare at most 731 in one run",
        ),
        ({"window_start": "tomorrow", "window_end": "2028-01-02"}, "window_start: is no date: write it as 2026-11-23"),
    ],
    ids=["none", "no end", "no start", "reversed", "too wide", "no date"],
)
def test_days_that_cannot_be_compared_are_refused_with_what_to_do(
    tenant: Tenant, said: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        backfill(tenant, **said)
    assert sentence in str(caught.value)


def test_a_backfill_without_an_interval_says_so(tenant: Tenant) -> None:
    with pytest.raises(ConfigError, match="data interval: this run has none"):
        backfill(tenant, "backfill")


@pytest.mark.parametrize(
    ("said", "at"),
    [
        (None, STARTED),
        (SAID, SAID["responded_at"]),
        (SAID | {"responded_at": "2026-11-25T09:30Z"}, SAID["responded_at"]),
    ],
)
def test_an_approval_begins_with_the_answer_and_keeps_to_its_question(tenant: Tenant, said: Any, at: datetime) -> None:
    context: Any = context_of(
        "calendar_sync_approval__shanghai", "approval__q1", "operator_triggered", ti=FakeTask(said=said), question="q1"
    )
    run = run_of(context, tenant)
    assert (run.kind, run.at, run.id, run.dry_run) == ("approval", at, "approval__q1", False)
    assert run.focus == Focus(question="q1")
    assert run.holder == "airflow:calendar_sync_approval__shanghai:approval__q1"


def test_an_approval_without_a_question_has_one_of_its_own_the_same_in_each_of_its_tasks(tenant: Tenant) -> None:
    def asked(run_id: str, said: Any = None, **params: Any) -> str:
        ti = FakeTask(said=said)
        context: Any = context_of("calendar_sync_approval__shanghai", run_id, "manual", ti=ti, **params)
        focus = run_of(context, tenant).focus
        assert focus is not None
        return focus.question

    mine = asked("manual__1", question="")
    assert mine.startswith("20261123T080000Z-")
    assert (asked("manual__1", SAID, question=""), asked("manual__1")) == (mine, mine)
    assert asked("manual__2") != mine


@pytest.mark.parametrize("kind", list(DagKind))
@pytest.mark.parametrize("key", ["acme", "acme__eu", "backfill__x", "sync"])
def test_a_dags_id_says_what_it_is_for_and_whose_it_is(kind: DagKind, key: str) -> None:
    assert (kind_of(dag_id(key, kind)), tenant_of(dag_id(key, kind))) == (kind, key)


@pytest.mark.parametrize("other", ["", "calendar_sync", "calendar_sync__", "calendar_sync_maintenance", "etl__acme"])
def test_other_dags_are_no_tenants(other: str) -> None:
    assert (kind_of(other), tenant_of(other)) == (None, None)


@pytest.mark.parametrize(
    ("run_id", "sync", "backfill", "approval"),
    [
        ("monday", "monday", "backfill=monday", "approval=monday"),
        ("backfill__2026-11-19", "backfill__2026-11-19", "backfill__2026-11-19", "approval=backfill__2026-11-19"),
        ("reconcile__2026-11-19", "reconcile__2026-11-19", "reconcile__2026-11-19", "approval=reconcile__2026-11-19"),
        ("approval__q1", "approval__q1", "backfill=approval__q1", "approval__q1"),
    ],
)
def test_runs_that_people_called_the_same_do_not_meet(run_id: str, sync: str, backfill: str, approval: str) -> None:
    assert [run_key(dag_id("acme", kind), run_id) for kind in DagKind] == [sync, backfill, approval]
