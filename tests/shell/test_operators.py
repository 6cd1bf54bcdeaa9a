"""What each task does around its stage."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowRescheduleException, AirflowSkipException
from shell.fake_stages import STAGE_OF_TASK, FakeStages, FakeTask, context_of
from shell.tenant_files import write_tenant

from calsync.dags.sync import build_dags
from calsync.errors import CalsyncError, ConfigError, LeaseHeld, Remote, Unavailable
from calsync.operators.report import stage_states
from calsync.stages.context import Run

SECRET = "Dinner with anna@example.com"


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> FakeStages:
    fake = FakeStages()
    fake.install(monkeypatch)
    monkeypatch.setattr("calsync.notes.find_connection", lambda conn_id: None)
    return fake


@pytest.fixture
def task(tenants: Path) -> Any:
    write_tenant(tenants, "berlin", batches=1)

    def find(task_id: str) -> BaseOperator:
        return build_dags(tenants)["calendar_sync__berlin"].get_task(task_id)

    return find


@pytest.mark.parametrize("task_id", sorted(STAGE_OF_TASK))
def test_a_task_runs_its_stage_under_the_lease_and_returns_its_counters(
    task: Any, stages: FakeStages, task_id: str
) -> None:
    stages.answers[task_id] = {"actions": 3, "plan": "plan.json"}
    assert task(task_id).execute(context_of(dry_run=True)) == {"actions": 3, "plan": "plan.json"}
    assert stages.calls == ["lease", task_id, "close"]
    assert (stages.seen["tenant"], stages.seen["name"]) == ("berlin", task_id)
    assert stages.seen["run"] == Run(
        id="scheduled__2026-11-23T08:00:00+00:00",
        kind="scheduled",
        at=datetime(2026, 11, 23, 8, 0, 3, tzinfo=UTC),
        holder="airflow:calendar_sync__berlin:scheduled__2026-11-23T08:00:00+00:00",
        dry_run=True,
        recover=False,
    )


def test_a_batch_reads_its_part_of_the_mailboxes(tenants: Path, stages: FakeStages) -> None:
    write_tenant(tenants, "big", batches=3)
    mapped = build_dags(tenants)["calendar_sync__big"].get_task("extract_graph")
    mapped.unmap({"batch": 2}).execute(context_of("calendar_sync__big"))
    assert (stages.seen["batch"], stages.seen["batches"], stages.seen["name"]) == (2, 3, "extract_graph-2")


def test_a_task_steps_aside_while_another_run_holds_the_lease(task: Any, stages: FakeStages) -> None:
    stages.refusals = [LeaseHeld("berlin", "cli:host:1:x", "2026-11-23T08:10:00Z", 500)]
    before = datetime.now(tz=UTC)
    with pytest.raises(AirflowRescheduleException) as caught:
        task("load").execute(context_of())
    assert before + timedelta(seconds=29) < caught.value.reschedule_date < datetime.now(tz=UTC) + timedelta(seconds=31)
    assert stages.calls == ["close"]


@pytest.mark.parametrize("skip", [0, 1])
def test_diff_skips_itself_when_there_is_nothing_to_do(task: Any, stages: FakeStages, skip: int) -> None:
    stages.answers["diff"] = {"actions": 0, "skip": skip}
    if skip:
        with pytest.raises(AirflowSkipException, match="Nothing new was found and nothing is due"):
            task("diff").execute(context_of())
    else:
        assert task("diff").execute(context_of())["actions"] == 0
    assert stages.calls[-1] == "close"


@pytest.mark.parametrize("task_id", ["load", "report"])
def test_a_foreign_exceptions_text_stays_inside(
    task: Any, stages: FakeStages, task_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    stages.answers[task_id] = KeyError(SECRET)
    with caplog.at_level(logging.DEBUG), pytest.raises(CalsyncError) as caught:
        task(task_id).execute(context_of())
    assert "unexpected KeyError" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert stages.noted == ({"load": str(caught.value)} if task_id == "load" else {})
    assert caught.value.__suppress_context__
    assert "fake_stages.py" in caplog.text
    assert SECRET not in caplog.text


def test_our_own_errors_come_out_as_they_are_without_what_caused_them(task: Any, stages: FakeStages) -> None:
    error = Unavailable("Graph does not answer. Try again later.", Remote("graph", 503), 30)
    error.__cause__ = ValueError(SECRET)
    stages.answers["load"] = error
    with pytest.raises(Unavailable) as caught:
        task("load").execute(context_of())
    assert caught.value is error
    assert caught.value.retry_after == 30
    assert caught.value.__cause__ is None


def test_a_task_of_a_tenant_whose_file_broke_says_what_is_wrong_with_it(
    task: Any, stages: FakeStages, tenants: Path
) -> None:
    load = task("load")
    write_tenant(tenants, "berlin", direction="sideways")
    with pytest.raises(ConfigError, match=r"berlin\.yaml: direction"):
        load.execute(context_of())


class TestReport:
    """`report` tells what the run did and gives the lease back, whatever happened."""

    TOLD: ClassVar[dict[str, int | str]] = {"sentence": "2 created in Outlook.", "outlook_created": 2, "failed": 0}
    GOOD: ClassVar[dict[str, str]] = dict.fromkeys(STAGE_OF_TASK, "success")

    def test_counters_go_into_xcom_and_into_the_asset_event_without_any_text(
        self, task: Any, stages: FakeStages
    ) -> None:
        stages.answers["report"] = self.TOLD
        context = context_of(ti=FakeTask(self.GOOD))
        report = task("report")
        assert report.execute(context) == self.TOLD
        assert context["outlet_events"]["calsync:berlin"].extra == {"outlook_created": 2, "failed": 0}
        assert [asset.name for asset in report.outlets] == ["calsync:berlin"]
        assert stages.calls == ["report", "assign", "release", "close"]

    def test_a_failed_stage_fails_the_run_with_its_sentence_and_without_another_try(
        self, task: Any, stages: FakeStages
    ) -> None:
        stages.answers["report"] = {"sentence": "load failed: Graph does not answer.", "failed": 1}
        context = context_of(ti=FakeTask(self.GOOD | {"load": "failed"}))
        with pytest.raises(AirflowFailException, match=r"^load failed: Graph does not answer\.$"):
            task("report").execute(context)
        assert stages.seen["more"] == (self.GOOD | {"load": "failed"},)
        assert context["outlet_events"] == {}
        assert "release" in stages.calls

    def test_the_lease_comes_back_even_when_reporting_fails(self, task: Any, stages: FakeStages) -> None:
        stages.answers["report"] = ValueError("x")
        with pytest.raises(CalsyncError):
            task("report").execute(context_of())
        assert stages.calls == ["report", "release", "close"]

    def test_a_dry_run_wakes_nobody_who_waits_for_the_tenants_calendars(self, task: Any, stages: FakeStages) -> None:
        stages.answers["report"] = self.TOLD
        context = context_of(ti=FakeTask(self.GOOD), dry_run=True)
        report = task("report")
        report.execute(context)
        assert report.outlets == []
        assert context["outlet_events"] == {}

    @pytest.mark.parametrize(
        ("states", "expected"),
        [
            (
                {"extract_crm": "success", "extract_graph": "failed", "diff": "upstream_failed", "map": None},
                {"extract_graph": "failed", "diff": "upstream_failed", "map": "skipped", "load": "skipped"},
            ),
            (
                {"extract_graph_0": "success", "extract_graph_1": "failed", "extract_graph_2": "success"},
                {"extract_graph": "failed"},
            ),
            (
                {"extract_graph_0": "success", "extract_graph_1": "success", "report": "running"},
                {"extract_graph": "success"},
            ),
        ],
        ids=["plain", "one batch failed", "all batches fine"],
    )
    def test_each_stage_has_one_state(self, states: dict[str, str | None], expected: dict[str, str]) -> None:
        told = stage_states(states)
        assert list(told) == ["extract_crm", "extract_graph", "diff", "map", "load"]
        assert {stage: told[stage] for stage in expected} == expected


def test_only_ids_and_numbers_are_rendered_where_airflow_keeps_them(tenants: Path) -> None:
    write_tenant(tenants, "berlin")
    shown = {field for task in build_dags(tenants)["calendar_sync__berlin"].tasks for field in task.template_fields}
    assert shown == {"tenant_key", "batch", "batches"}
