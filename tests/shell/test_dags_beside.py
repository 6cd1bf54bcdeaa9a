"""The DAGs beside the one that synchronises: backfill, approval, maintenance."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.exceptions import ParamValidationError
from airflow.timetables.base import TimeRestriction
from shell.airflow_home import REPOSITORY
from shell.tenant_files import write_tenant
from shell.test_dags import TASKS, hashes_of, round_trip

from calsync.dags import approval, backfill, maintenance, sync
from calsync.errors import ConfigError
from calsync.naming import DagKind
from calsync.timetables import LocalDays

BUILDERS: dict[DagKind, Callable[[Path], dict[str, DAG]]] = {
    DagKind.SYNC: sync.build_dags,
    DagKind.BACKFILL: backfill.build_dags,
    DagKind.APPROVAL: approval.build_dags,
}
BESIDE = [DagKind.BACKFILL, DagKind.APPROVAL]


def parse(kind: DagKind, tenants: Path, **said: object) -> DAG:
    write_tenant(tenants, "berlin", **said)
    return BUILDERS[kind](tenants)[f"{kind}__berlin"]


def test_every_tenant_has_its_three_dags_and_all_have_one(tenants: Path) -> None:
    for key in ("berlin", "shanghai"):
        write_tenant(tenants, key)
    bag = DagBag(dag_folder=REPOSITORY / "dags")
    assert bag.import_errors == {}
    assert sorted(bag.dags) == sorted(
        [f"{kind}__{key}" for kind in DagKind for key in ("berlin", "shanghai")] + ["calendar_sync_maintenance"]
    )


def test_a_backfill_has_the_stages_of_an_ordinary_run(tenants: Path) -> None:
    said: dict[str, object] = {"batches": 2, "pools": {"load": "calsync_load"}}
    ours, ordinary = parse(DagKind.BACKFILL, tenants, **said), parse(DagKind.SYNC, tenants, **said)
    assert [task.task_id for task in ours.tasks] == TASKS
    assert {t.task_id: sorted(t.downstream_task_ids) for t in ours.tasks} == {
        t.task_id: sorted(t.downstream_task_ids) for t in ordinary.tasks
    }
    assert ours.get_task("load").pool == "calsync_load"
    assert ours.get_task("report").is_teardown


def test_a_backfill_waits_for_nobody_to_unpause_it_and_never_starts_by_itself(tenants: Path) -> None:
    dag = parse(DagKind.BACKFILL, tenants)
    assert isinstance(dag.timetable, LocalDays)
    assert (dag.max_active_runs, dag.catchup, dag.is_paused_upon_creation) == (1, False, False)
    assert {kind.value for kind in dag.allowed_run_types or ()} == {"manual", "backfill", "operator_triggered"}


def test_days_are_picked_as_dates_and_everything_may_stay_as_it_is(tenants: Path) -> None:
    params = parse(DagKind.BACKFILL, tenants).params
    params.validate()
    assert params.dump() == {
        "window_start": None,
        "window_end": None,
        "reconcile": False,
        "accounts": [],
        "dry_run": False,
    }
    assert {name for name, said in params.items() if params.get_param(name).schema.get("format") == "date"} == {
        "window_start",
        "window_end",
    }


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        ({"window_start": "2027-01-01", "window_end": "2027-01-31", "accounts": ["1001"]}, True),
        ({"window_start": "2027-02-30"}, False),
        ({"accounts": [1001]}, False),
        ({"dry_run": "yes"}, False),
    ],
)
def test_airflow_refuses_what_is_no_date_and_no_list_of_ids(
    tenants: Path, said: dict[str, Any], accepted: bool
) -> None:
    params = parse(DagKind.BACKFILL, tenants).params
    with nullcontext() if accepted else pytest.raises(ParamValidationError):
        params.update(said)
        params.validate()


def test_an_approval_asks_writes_the_answer_down_and_carries_it_out(tenants: Path) -> None:
    dag = parse(DagKind.APPROVAL, tenants, batches=3)
    assert {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks} == {
        "ask": ["answer"],
        "answer": ["extract_crm", "extract_graph"],
        "extract_crm": ["diff"],
        "extract_graph": ["diff"],
        "diff": ["map"],
        "map": ["load"],
        "load": ["report"],
        "report": [],
    }
    ask = dag.get_task("ask")
    assert ask.options == ["approve", "restore", "unlink"]
    assert (ask.execution_timeout, ask.response_timeout, ask.defaults, dag.dagrun_timeout) == (None, None, None, None)
    assert all(task.execution_timeout for task in dag.tasks if task.task_id != "ask")


def test_many_questions_may_wait_and_none_for_an_unpausing(tenants: Path) -> None:
    dag = parse(DagKind.APPROVAL, tenants)
    assert dag.max_active_runs >= 1000
    assert (dag.schedule, dag.is_paused_upon_creation) == (None, False)


def test_nothing_of_a_question_is_rendered(tenants: Path) -> None:
    """Airflow stores what templates become; subject and body are not templates here."""
    shown = {field for task in parse(DagKind.APPROVAL, tenants).tasks for field in task.template_fields}
    assert shown == {"tenant_key", "batch", "batches"}


@pytest.mark.parametrize("kind", BESIDE)
def test_each_survives_the_way_through_airflows_database(tenants: Path, kind: DagKind) -> None:
    dag = parse(kind, tenants)
    stored = round_trip(dag)
    assert [task.task_id for task in stored.tasks] == [task.task_id for task in dag.tasks]
    assert stored.timetable.can_be_scheduled is False
    assert stored.timetable.periodic is (kind is DagKind.BACKFILL)


@pytest.mark.parametrize("kind", BESIDE)
def test_each_says_how_it_is_used(tenants: Path, kind: DagKind) -> None:
    text = str(parse(kind, tenants, name="Vertrieb | *Berlin*").doc_md)
    assert r"**Vertrieb \| \*Berlin\***" in text
    for word in {
        DagKind.BACKFILL: ["airflow backfill create", "window_start", "reconcile", "Europe/Berlin"],
        DagKind.APPROVAL: ["Required Actions", "approve", "restore", "unlink"],
    }[kind]:
        assert word in text


class TestBrokenFile:
    """All DAGs of a tenant whose file cannot be used say so; one of them fails every hour."""

    @pytest.mark.parametrize("kind", BESIDE)
    def test_each_keeps_its_id_and_says_what_is_wrong(self, tenants: Path, kind: DagKind) -> None:
        dag = parse(kind, tenants, direction="sideways")
        assert "config-error" in dag.tags
        assert "berlin.yaml: direction" in str(dag.doc_md)
        assert not dag.timetable.can_be_scheduled
        round_trip(dag)

    def test_a_backfill_cannot_be_started(self, tenants: Path) -> None:
        with pytest.raises(ConfigError, match=r"berlin\.yaml: direction"):
            parse(DagKind.BACKFILL, tenants, direction="sideways").get_task("config_error").execute({})

    def test_questions_that_wait_stay(self, tenants: Path) -> None:
        """Airflow ends the tasks of a waiting run that its DAG has lost."""
        whole = [task.task_id for task in parse(DagKind.APPROVAL, tenants).tasks]
        broken = parse(DagKind.APPROVAL, tenants, direction="sideways")
        assert [task.task_id for task in broken.tasks] == whole
        assert broken.max_active_runs >= 1000

    @pytest.mark.parametrize("kind", BESIDE)
    def test_a_file_whose_name_is_no_dag_id_is_shown_too(self, tenants: Path, kind: DagKind) -> None:
        write_tenant(tenants, "two words", name="x")
        (dag,) = BUILDERS[kind](tenants).values()
        assert [task.task_id for task in dag.tasks] == ["config_error"]


class TestParsingForOneTask:
    """A process that runs a task builds that task's DAG alone."""

    @pytest.mark.parametrize("kind", list(DagKind))
    def test_the_files_of_other_kinds_build_nothing(
        self, tenants: Path, kind: DagKind, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for key in ("one", "two"):
            write_tenant(tenants, key)
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", f"{kind}__two")
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "load")
        built = {builder: list(build(tenants)) for builder, build in BUILDERS.items()}
        assert built == {other: [f"{kind}__two"] if other is kind else [] for other in DagKind}
        assert maintenance.build_dags() == {}

    def test_maintenance_is_built_without_looking_at_tenants(
        self, tenants: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_tenant(tenants, "one")
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "calendar_sync_maintenance")
        assert [list(build(tenants)) for build in BUILDERS.values()] == [[], [], []]
        assert list(maintenance.build_dags()) == ["calendar_sync_maintenance"]


def test_maintenance_is_the_same_whichever_tenants_there_are(tenants: Path) -> None:
    empty = hashes_of(maintenance.build_dags())
    for key in ("a", "b"):
        write_tenant(tenants, key)
    (tenants / "broken.yaml").write_text("name: [", encoding="utf-8")
    assert hashes_of(maintenance.build_dags()) == empty


def test_maintenance_is_on_from_the_first_day(tenants: Path) -> None:
    dag = maintenance.build_dags()["calendar_sync_maintenance"]
    assert (dag.is_paused_upon_creation, dag.max_active_runs, dag.catchup) == (False, 1, False)
    assert dag.timetable.can_be_scheduled
    assert sorted(task.task_id for task in dag.tasks) == ["due", "reconcile", "retention"]
    stored = round_trip(dag)
    assert stored.get_task("reconcile").is_mapped
    nothing_missed = TimeRestriction(earliest=None, latest=None, catchup=False)
    first = stored.timetable.next_dagrun_info(last_automated_data_interval=None, restriction=nothing_missed)
    assert first.run_after > datetime.now(UTC), "a new installation does not begin with what it missed"
