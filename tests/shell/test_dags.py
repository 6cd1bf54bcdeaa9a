"""Tenant files in, DAGs out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.serialized_dag import SerializedDagModel
from airflow.sdk import DAG, CronTriggerTimetable
from airflow.serialization.serialized_objects import DagSerialization
from shell.airflow_home import REPOSITORY
from shell.tenant_files import write_tenant

from calsync.config.load import load_tenant
from calsync.config.model import Tenant
from calsync.dags import approval, backfill, maintenance, sync
from calsync.dags.sync import build_dags
from calsync.errors import ConfigError
from calsync.naming import tenant_of
from calsync.retry import ErrorTreeRetryPolicy

DAG_FILE = REPOSITORY / "dags" / "calendar_sync.py"
Want = Callable[..., None]
TASKS = ["extract_crm", "extract_graph", "diff", "map", "load", "report"]


def parse(key: str, tenants: Path, **said: object) -> DAG:
    write_tenant(tenants, key, **said)
    return build_dags(tenants)[f"calendar_sync__{key}"]


def round_trip(dag: DAG) -> Any:
    return DagSerialization.from_dict(DagSerialization.to_dict(dag))


def test_the_dag_file_gives_airflow_one_dag_for_each_tenant(tenants: Path) -> None:
    for key in ("berlin", "shanghai"):
        write_tenant(tenants, key)
    bag = DagBag(dag_folder=DAG_FILE)
    assert bag.import_errors == {}
    assert sorted(bag.dags) == ["calendar_sync__berlin", "calendar_sync__shanghai"]


def test_the_stages_follow_each_other_and_report_is_a_teardown(tenants: Path) -> None:
    dag = parse("berlin", tenants)
    downstream = {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}
    assert downstream == {
        "extract_crm": ["diff"],
        "extract_graph": ["diff"],
        "diff": ["map"],
        "map": ["load"],
        "load": ["report"],
        "report": [],
    }
    report = dag.get_task("report")
    assert report.is_teardown
    assert report.on_failure_fail_dagrun


def test_every_dag_runs_alone_without_catching_up_and_every_task_has_its_limits(tenants: Path) -> None:
    dag = parse("berlin", tenants)
    assert (dag.max_active_runs, dag.catchup, dag.dagrun_timeout) == (1, False, None)
    for task in dag.tasks:
        assert task.execution_timeout is not None, task.task_id
        assert task.retries == 3
        assert isinstance(task.retry_policy, ErrorTreeRetryPolicy)
        assert task.pool == "default_pool"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, timedelta(minutes=15)),
        ({"schedule": {"every_minutes": 5}}, timedelta(minutes=5)),
        (
            {"schedule": {"cron": "*/30 6-20 * * 1-5"}},
            CronTriggerTimetable("*/30 6-20 * * 1-5", timezone="Europe/Berlin"),
        ),
    ],
)
def test_the_schedule_is_the_tenants(tenants: Path, said: dict[str, object], expected: object) -> None:
    assert parse("berlin", tenants, **said).schedule == expected


def test_what_a_tenant_says_about_airflow_reaches_its_dag(tenants: Path) -> None:
    dag = parse(
        "berlin",
        tenants,
        name="Vertrieb Berlin",
        direction="crm_to_outlook",
        tags=["emea"],
        owner="crm-team",
        pools={"crm": "calsync_crm", "graph": "calsync_graph", "load": "calsync_load"},
        schedule={"paused": False},
    )
    assert dag.dag_display_name == "Calendar sync: Vertrieb Berlin"
    assert dag.tags == {"calsync", "tenant:berlin", "crm_to_outlook", "emea"}
    assert dag.is_paused_upon_creation is False
    assert {task.owner for task in dag.tasks} == {"crm-team"}
    assert {task.task_id: task.pool for task in dag.tasks if task.pool != "default_pool"} == {
        "extract_crm": "calsync_crm",
        "extract_graph": "calsync_graph",
        "load": "calsync_load",
    }


def test_every_pool_a_tenant_may_name_is_in_the_pools_file() -> None:
    pools = json.loads((REPOSITORY / "include" / "pools.json").read_text(encoding="utf-8"))
    assert set(pools) == {"calsync_crm", "calsync_graph", "calsync_load"}
    assert all(pool["slots"] > 0 and pool["include_deferred"] is False for pool in pools.values())


@pytest.mark.parametrize(("batches", "mapped"), [(1, False), (3, True)])
def test_reading_outlook_is_mapped_only_when_there_are_batches(tenants: Path, batches: int, mapped: bool) -> None:
    dag = parse("berlin", tenants, batches=batches)
    task = dag.get_task("extract_graph")
    assert task.is_mapped is mapped
    if mapped:
        assert task.expand_input.value == {"batch": [0, 1, 2]}
        assert task.partial_kwargs["batches"] == 3


def test_a_run_may_be_started_as_it_is_with_both_modes_off(tenants: Path) -> None:
    params = parse("berlin", tenants).params
    params.validate()
    assert params.dump() == {"dry_run": False, "recover": False}


@pytest.mark.parametrize("batches", [1, 2])
def test_a_dag_survives_the_way_through_airflows_database(tenants: Path, batches: int) -> None:
    stored = round_trip(parse("berlin", tenants, batches=batches))
    assert [task.task_id for task in stored.tasks] == TASKS
    assert all(task.has_retry_policy for task in stored.tasks)
    assert list(stored.get_task("load").operator_extra_link_dict) == ["Changes"]
    assert list(stored.get_task("report").operator_extra_link_dict) == ["Changes"]
    assert stored.get_task("report").is_teardown


HASHES = """
import json
from shell.test_dags import hashes
print(json.dumps(hashes()))
"""


def hashes_of(dags: dict[str, DAG]) -> list[list[str]]:
    """Each DAG's id with the hash by which Airflow tells its versions apart."""
    return [[name, SerializedDagModel.hash(DagSerialization.to_dict(dag))] for name, dag in dags.items()]


def hashes() -> list[list[str]]:
    """The hashes of every DAG there is."""
    return [each for module in (sync, backfill, approval, maintenance) for each in hashes_of(module.build_dags())]


def test_every_process_parses_the_same_dags_in_the_same_order(tenants: Path) -> None:
    """Sets are ordered differently in each process, and a hash that differs is a new version of the DAG."""
    for key in ("b", "a", "c"):
        write_tenant(tenants, key, batches=2, tags=["x", "y", "z"])
    (tenants / "broken.yaml").write_text("name: [", encoding="utf-8")
    here = hashes()
    done = subprocess.run(
        [sys.executable, "-c", HASHES],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "tests")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == here
    assert [tenant_of(name) for name, _ in here] == [*["a", "b", "broken", "c"] * 3, None]


def test_a_dag_that_goes_on_from_its_cursors_takes_no_backfill(tenants: Path) -> None:
    assert {"scheduled", "manual"} < {kind.value for kind in parse("berlin", tenants).allowed_run_types or ()}
    assert "backfill" not in {kind.value for kind in parse("berlin", tenants).allowed_run_types or ()}


def test_the_documentation_says_the_tenants_rules(tenants: Path) -> None:
    text = parse(
        "berlin",
        tenants,
        name="Vertrieb | *Berlin*",
        direction="outlook_to_crm",
        conflicts="crm",
        deletions="win",
        invitations="nobody",
        out_of_scope="delete",
        window={"past_days": 3, "future_days": 40},
        schedule={"every_minutes": 20},
        limits={"max_mails_per_run": 7},
    ).doc_md
    assert text is not None
    for sentence in (
        r"**Vertrieb \| \*Berlin\***",
        "From Outlook to ShareCRM only; nothing is ever written to Outlook.",
        "3 days back to 40 days ahead, in Europe/Berlin.",
        "ShareCRM wins.",
        "A deletion wins against an edit on the other side.",
        "Nobody is invited",
        "is deleted from Outlook",
        "Every 20 minutes.",
        "More than 7 mails in a run",
        "`berlin.yaml`",
    ):
        assert sentence in text


class TestBrokenFile:
    """A file that cannot be used becomes a DAG that says so, and disturbs nobody."""

    def test_it_keeps_its_dag_id_and_the_others_stay(self, tenants: Path) -> None:
        write_tenant(tenants, "good")
        write_tenant(tenants, "bad", direction="sideways", colour="red")
        bag = DagBag(dag_folder=DAG_FILE)
        assert bag.import_errors == {}
        assert sorted(bag.dags) == ["calendar_sync__bad", "calendar_sync__good"]
        bad = build_dags(tenants)["calendar_sync__bad"]
        assert bad.tags == {"calsync", "config-error"}
        assert "bad.yaml: direction" in str(bad.doc_md)
        assert "bad.yaml: colour" in str(bad.doc_md)
        assert [task.task_id for task in bad.tasks] == ["config_error"]
        round_trip(bad)

    def test_its_only_task_fails_with_the_problems_and_is_not_tried_again(self, tenants: Path) -> None:
        write_tenant(tenants, "bad", direction="sideways")
        task = build_dags(tenants)["calendar_sync__bad"].get_task("config_error")
        assert task.retries == 0
        with pytest.raises(ConfigError, match=r"bad\.yaml: direction"):
            task.execute({})

    def test_it_fails_every_hour_so_that_somebody_hears_of_it(self, tenants: Path) -> None:
        (tenants / "bad.yaml").write_text("", encoding="utf-8")
        assert build_dags(tenants)["calendar_sync__bad"].schedule == timedelta(hours=1)

    def test_files_that_clash_are_placeholders_both(self, tenants: Path) -> None:
        write_tenant(tenants, "one", name="Sales")
        write_tenant(tenants, "two", name="sales")
        assert all("config-error" in dag.tags for dag in build_dags(tenants).values())

    @pytest.mark.parametrize("stem", ["Büro", "two words", "a'b"])
    def test_a_file_whose_name_is_no_dag_id_is_shown_too(self, tenants: Path, stem: str) -> None:
        write_tenant(tenants, stem, name="x")
        (dag,) = build_dags(tenants).values()
        assert "config-error" in dag.tags
        assert stem in dag.dag_display_name


class TestParsingForOneTask:
    """A process that runs a task reads its own tenant's file and no other."""

    @pytest.fixture
    def wanted(self, monkeypatch: pytest.MonkeyPatch) -> Want:
        def want(dag_id: str, task_id: str = "diff") -> None:
            monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id)
            monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", task_id)

        return want

    def test_only_its_dag_is_built_and_only_its_file_opened(
        self, tenants: Path, wanted: Want, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for key in ("one", "two"):
            write_tenant(tenants, key)
        opened: list[str] = []

        def noted(path: Path) -> Tenant:
            opened.append(path.name)
            return load_tenant(path)

        monkeypatch.setattr("calsync.config.load.load_tenant", noted)
        wanted("calendar_sync__two")
        assert list(build_dags(tenants)) == ["calendar_sync__two"]
        assert opened == ["two.yaml"]

    def test_another_files_dag_is_not_ours_to_build(self, tenants: Path, wanted: Want) -> None:
        write_tenant(tenants, "one")
        wanted("somebody_elses")
        assert build_dags(tenants) == {}

    def test_a_file_broken_since_the_run_began_becomes_a_placeholder(self, tenants: Path, wanted: Want) -> None:
        write_tenant(tenants, "one", direction="sideways")
        wanted("calendar_sync__one")
        (dag,) = build_dags(tenants).values()
        assert "config-error" in dag.tags

    def test_the_placeholders_task_learns_of_clashes_between_files(self, tenants: Path, wanted: Want) -> None:
        write_tenant(tenants, "one", name="Sales")
        write_tenant(tenants, "two", name="Sales")
        wanted("calendar_sync__two", "config_error")
        (dag,) = build_dags(tenants).values()
        assert dag.get_task("config_error").problems[0].startswith("two.yaml: name")
