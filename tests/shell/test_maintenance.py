"""What looks after all tenants, one broken tenant among them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, DagRunTriggerException
from shell.airflow_home import migrate
from shell.fake_stages import FakeStages, FakeTask, context_of
from shell.tenant_files import write_tenant

from calsync.dags.maintenance import build_dags
from calsync.errors import StateError
from calsync.operators.maintenance import ReconcileOperator, due

MONDAY = date(2026, 11, 23)


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> FakeStages:
    fake = FakeStages()
    fake.install(monkeypatch)
    return fake


def task(task_id: str) -> Any:
    return build_dags()["calendar_sync_maintenance"].get_task(task_id)


def context(ti: FakeTask | None = None) -> Any:
    return context_of("calendar_sync_maintenance", ti=ti)


def test_every_tenant_is_due_once_a_week_and_the_days_are_about_even() -> None:
    keys = [f"tenant-{number}" for number in range(700)]
    week = [due(keys, MONDAY + timedelta(days=number)) for number in range(7)]
    assert Counter(key for day in week for key in day) == Counter(keys)
    assert all(70 < len(day) < 130 for day in week)
    assert due(keys, MONDAY + timedelta(days=7)) == week[0]


def test_retention_goes_through_all_tenants(tenants: Path, stages: FakeStages) -> None:
    write_tenant(tenants, "a")
    write_tenant(tenants, "b", retention={"history_days": 7})
    assert task("retention").execute(context()) == {"tenants": 2, "folders": 4}
    assert pruned(stages) == ["prune a 180", "prune b 7"]
    assert stages.calls.count("close") == 3


def test_what_is_left_of_a_tenant_without_a_file_goes_by_the_defaults(tenants: Path, stages: FakeStages) -> None:
    write_tenant(tenants, "a")
    write_tenant(tenants, "deleted", retention={"history_days": 7}).rename(tenants / "deleted.yaml.deleted-20261123")
    stages.kept = ["a", "deleted", "removed"]
    assert task("retention").execute(context())["tenants"] == 3
    assert pruned(stages) == ["prune a 180", "prune deleted 180", "prune removed 180"]


def test_nothing_is_removed_of_a_tenant_whose_file_cannot_be_used(tenants: Path, stages: FakeStages) -> None:
    """Its own settings may keep things for longer."""
    write_tenant(tenants, "bad", direction="sideways", retention={"history_days": 3650})
    write_tenant(tenants, "twice")
    (tenants / "twice.yml").write_text("name: Twice")
    stages.kept = ["bad", "twice"]
    with pytest.raises(AirflowFailException, match=r"bad: bad\.yaml: direction"):
        task("retention").execute(context())
    assert pruned(stages) == []


def test_a_folder_that_is_empty_is_no_word_that_every_tenant_was_removed(tenants: Path, stages: FakeStages) -> None:
    stages.kept = ["a", "b"]
    assert task("retention").execute(context()) == {"tenants": 0}
    assert pruned(stages) == []


def pruned(stages: FakeStages) -> list[str]:
    return [call for call in stages.calls if call.startswith("prune")]


def test_a_broken_tenant_stops_nobody_and_is_named(tenants: Path, stages: FakeStages) -> None:
    write_tenant(tenants, "bad", direction="sideways")
    write_tenant(tenants, "good")
    with pytest.raises(AirflowFailException, match=r"bad: bad\.yaml: direction"):
        task("retention").execute(context())
    assert pruned(stages) == ["prune good 180"]


def test_what_fails_for_one_tenant_is_said_after_the_others(tenants: Path, stages: FakeStages) -> None:
    for key in ("a", "b"):
        write_tenant(tenants, key)
    stages.answers["retention"] = StateError("The state database is away. Start it.")
    with pytest.raises(AirflowFailException) as caught:
        task("retention").execute(context())
    assert str(caught.value).splitlines()[1:] == [
        "a: The state database is away. Start it.",
        "b: The state database is away. Start it.",
    ]


def test_the_tenants_of_the_day_are_those_whose_file_can_be_used(tenants: Path) -> None:
    for number in range(20):
        write_tenant(tenants, f"t{number}")
    write_tenant(tenants, "bad", direction="sideways")
    found = task("due").execute(context())
    assert found == due([f"t{number}" for number in sorted(range(20), key=str)], MONDAY)
    assert found


def test_reconcile_starts_the_backfill_of_the_whole_window_once_a_day() -> None:
    with pytest.raises(DagRunTriggerException) as caught:
        ReconcileOperator(task_id="reconcile", tenant_key="berlin").execute(context())
    started = caught.value
    assert (started.trigger_dag_id, started.dag_run_id) == ("calendar_sync_backfill__berlin", "reconcile__2026-11-23")
    assert started.conf == {"reconcile": True}
    assert (started.skip_when_already_exists, started.reset_dag_run) == (True, False)


def test_a_paused_tenant_is_left_alone() -> None:
    ti = FakeTask(paused={"calendar_sync__berlin"})
    with pytest.raises(AirflowSkipException, match="calendar_sync__berlin is paused"):
        ReconcileOperator(task_id="reconcile", tenant_key="berlin").execute(context(ti))


@pytest.mark.airflow
def test_a_day_of_maintenance(tenants: Path, stages: FakeStages, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through Airflow: two tenants are due, one of them is unknown to Airflow; the other is reconciled all the same."""
    migrate()
    started: list[str] = []

    def reconcile(operator: ReconcileOperator, context: Any) -> None:
        if operator.tenant_key == "bad":
            raise AirflowFailException("no such DAG")
        started.append(operator.tenant_key)

    monkeypatch.setattr("calsync.operators.maintenance.ReconcileOperator.execute", reconcile)
    monkeypatch.setattr("calsync.operators.maintenance.due", lambda keys, day: list(keys))
    for key in ("bad", "good"):
        write_tenant(tenants, key)
    run = build_dags()["calendar_sync_maintenance"].test(logical_date=datetime(2026, 11, 23, tzinfo=UTC))
    states = {(one.task_id, one.map_index): str(one.state) for one in run.get_task_instances()}
    assert states == {
        ("retention", -1): "success",
        ("due", -1): "success",
        ("reconcile", 0): "failed",
        ("reconcile", 1): "success",
    }
    assert started == ["good"]
