"""A question is put when something was held, and the answer is carried out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowSkipException,
    DagRunTriggerException,
    TaskAwaitingInput,
)
from airflow.utils.session import create_session
from shell.airflow_home import migrate
from shell.fake_stages import SAID, STAGE_OF_TASK, FakeStages, FakeTask, context_of
from shell.tenant_files import write_tenant
from sqlalchemy import select

from calsync.dags.approval import build_dags
from calsync.dags.sync import build_dags as build_sync
from calsync.errors import CalsyncError, StateError
from calsync.naming import question_of
from calsync.operators.approval import NOBODY_LEFT_TO_ASK, NOTHING_WAITS
from calsync.stages.context import Focus

APPROVAL = "calendar_sync_approval__berlin"
TOLD: dict[str, int | str] = {"sentence": "12 meetings wait for a person's answer.", "held": 12, "failed": 0}
GOOD: dict[str, str | None] = dict.fromkeys(STAGE_OF_TASK, "success")


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> FakeStages:
    fake = FakeStages(answers={"report": dict(TOLD)}, question="q1")
    fake.install(monkeypatch)
    monkeypatch.setattr("calsync.notes.find_connection", lambda conn_id: None)
    return fake


@pytest.fixture
def report(tenants: Path) -> Any:
    write_tenant(tenants, "berlin")
    return build_sync(tenants)["calendar_sync__berlin"].get_task("report")


class TestReport:
    """`report` ends by starting the approval, and loses nothing by it."""

    def test_it_starts_one_run_for_the_question(self, report: Any, stages: FakeStages) -> None:
        context = context_of(ti=FakeTask(GOOD))
        with pytest.raises(DagRunTriggerException) as caught:
            report.execute(context)
        started = caught.value
        assert (started.trigger_dag_id, started.dag_run_id) == (APPROVAL, "approval__q1")
        assert started.conf == {"question": "q1"}
        assert (started.wait_for_completion, started.reset_dag_run) == (False, False)
        assert context["ti"].pushed == {"return_value": TOLD}
        assert context["outlet_events"]["calsync:berlin"].extra == {"held": 12, "failed": 0}
        assert stages.calls == ["report", "assign", "release", "close"]

    @pytest.mark.parametrize("state", ["queued", "running", "success"])
    def test_a_question_that_waits_already_is_no_error(self, report: Any, stages: FakeStages, state: str) -> None:
        context = context_of(ti=FakeTask(GOOD, runs={(APPROVAL, "approval__q1"): state}))
        assert report.execute(context) == TOLD

    def test_an_approval_that_broke_down_before_it_asked_begins_anew(self, report: Any, stages: FakeStages) -> None:
        context = context_of(ti=FakeTask(GOOD, runs={(APPROVAL, "approval__q1"): "failed"}))
        with pytest.raises(DagRunTriggerException) as caught:
            report.execute(context)
        assert caught.value.reset_dag_run

    @pytest.mark.parametrize("state", ["", "failed"])
    def test_a_question_whose_approval_is_gone_is_put_again(self, report: Any, stages: FakeStages, state: str) -> None:
        stages.question, stages.put_before = "", ["q0", "q1"]
        runs = {(APPROVAL, "approval__q0"): "running"} | ({(APPROVAL, "approval__q1"): state} if state else {})
        with pytest.raises(DagRunTriggerException) as caught:
            report.execute(context_of(ti=FakeTask(GOOD, runs=runs)))
        assert (caught.value.dag_run_id, caught.value.reset_dag_run) == ("approval__q1", state == "failed")

    def test_what_is_new_is_asked_before_what_is_asked_again(self, report: Any, stages: FakeStages) -> None:
        stages.put_before = ["q0"]
        with pytest.raises(DagRunTriggerException) as caught:
            report.execute(context_of(ti=FakeTask(GOOD)))
        assert caught.value.dag_run_id == "approval__q1"

    def test_what_a_person_had_themselves_asked_is_put_again_once_no_approval_waits(
        self, report: Any, stages: FakeStages
    ) -> None:
        by_hand = question_of("mine", datetime(2026, 11, 23, 8, tzinfo=UTC))
        stages.question, stages.put_before = "", [by_hand]
        assert report.execute(context_of(ti=FakeTask(GOOD, runs={(APPROVAL, "mine"): "running"}))) == TOLD
        with pytest.raises(DagRunTriggerException) as caught:
            report.execute(context_of(ti=FakeTask(GOOD, runs={(APPROVAL, "mine"): "failed"})))
        assert caught.value.dag_run_id == f"approval__{by_hand}"

    def test_a_dry_run_asks_nobody(self, report: Any, stages: FakeStages) -> None:
        assert report.execute(context_of(ti=FakeTask(GOOD), dry_run=True)) == TOLD
        assert "assign" not in stages.calls

    def test_a_run_that_did_nothing_asks_about_what_others_held(self, report: Any, stages: FakeStages) -> None:
        skipped = GOOD | dict.fromkeys(("diff", "map", "load"), "skipped")
        with pytest.raises(DagRunTriggerException):
            report.execute(context_of(ti=FakeTask(skipped)))

    def test_a_failed_run_fails_first(self, report: Any, stages: FakeStages) -> None:
        stages.answers["report"] = TOLD | {"failed": 1}
        with pytest.raises(AirflowFailException):
            report.execute(context_of(ti=FakeTask(GOOD | {"load": "failed"})))

    def test_a_failed_run_asks_too(self, report: Any, stages: FakeStages, monkeypatch: pytest.MonkeyPatch) -> None:
        started: list[dict[str, Any]] = []
        monkeypatch.setattr("calsync.operators.report.start", lambda **said: started.append(said))
        stages.answers["report"] = TOLD | {"failed": 1}
        with pytest.raises(AirflowFailException):
            report.execute(context_of(ti=FakeTask(GOOD | {"load": "failed"})))
        assert started == [
            {"dag_id": APPROVAL, "run_id": "approval__q1", "conf": {"question": "q1"}, "again": False},
        ]


class TestAsk:
    """A question shows counts and ids, and waits."""

    @pytest.fixture
    def ask(self, tenants: Path, stages: FakeStages, monkeypatch: pytest.MonkeyPatch) -> Any:
        write_tenant(tenants, "berlin")
        self.shown: list[dict[str, Any]] = []
        monkeypatch.setattr(
            "airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **said: self.shown.append(said)
        )
        return build_dags(tenants)[APPROVAL].get_task("ask")

    def context(self, question: str = "q1") -> Any:
        context = context_of(APPROVAL, "approval__q1", "operator_triggered", question=question)
        ti = context["ti"]
        ti.id = "01"
        return context | {"task_instance": ti}

    def test_it_is_put_to_people_with_a_link_to_the_runs_changes(self, ask: Any, stages: FakeStages) -> None:
        with pytest.raises(TaskAwaitingInput) as caught:
            ask.execute(self.context())
        assert caught.value.timeout is None
        (shown,) = self.shown
        assert shown["options"] == ["approve", "restore", "unlink"]
        assert shown["defaults"] is None
        link = f"/dags/{APPROVAL}/runs/approval__q1/plugin/calsync-changes"
        assert shown["body"] == f"12 meetings would be deleted: {link}"
        assert stages.seen["asked"] == "q1"
        assert [call for call in stages.calls if call != "close"] == ["show", "put q1"]

    def test_what_waits_no_more_is_not_asked(self, ask: Any, stages: FakeStages) -> None:
        stages.waiting = []
        with pytest.raises(AirflowSkipException) as caught:
            ask.execute(self.context())
        assert str(caught.value) == NOTHING_WAITS
        assert self.shown == []
        assert "put q1" not in stages.calls

    @pytest.mark.parametrize("question", ["", " "])
    def test_started_by_hand_it_asks_about_all_that_nobody_was_asked_about(
        self, ask: Any, stages: FakeStages, question: str
    ) -> None:
        context = self.context(question)
        mine = question_of("approval__q1", context["dag_run"].run_after)
        with pytest.raises(TaskAwaitingInput):
            ask.execute(context)
        assert stages.seen["asked"] == mine
        assert [call for call in stages.calls if call != "close"] == [f"gather {mine}", "show", f"put {mine}"]

    def test_started_by_hand_with_nothing_left_to_ask_it_says_how_to_be_asked_again(
        self, ask: Any, stages: FakeStages
    ) -> None:
        stages.waiting = []
        with pytest.raises(AirflowSkipException) as caught:
            ask.execute(self.context(""))
        assert str(caught.value) == NOBODY_LEFT_TO_ASK
        assert "`python -m calsync held` lists it" in NOBODY_LEFT_TO_ASK
        assert self.shown == []

    def test_a_question_that_airflow_did_not_take_counts_as_not_put(
        self, ask: Any, stages: FakeStages, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def down(**said: Any) -> None:
            raise ConnectionError

        monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", down)
        with pytest.raises(ConnectionError):
            ask.execute(self.context())
        assert "put q1" not in stages.calls


class TestAnswer:
    """The answer is written down under the lease, with who gave it."""

    @pytest.fixture
    def answer(self, tenants: Path, stages: FakeStages) -> Any:
        write_tenant(tenants, "berlin")
        return build_dags(tenants)[APPROVAL].get_task("answer")

    def context(self) -> Any:
        return context_of(APPROVAL, "approval__q1", "operator_triggered", ti=FakeTask(said=SAID), question="q1")

    def test_it_is_written_down(self, answer: Any, stages: FakeStages) -> None:
        assert answer.execute(self.context()) == {"meetings": 1, "answer": "restore"}
        assert stages.calls == ["lease", "answer q1 restore op", "close"]
        assert (stages.seen["run"].focus, stages.seen["run"].at) == (Focus(question="q1"), SAID["responded_at"])

    def test_an_answer_that_comes_too_late_does_nothing(self, answer: Any, stages: FakeStages) -> None:
        stages.waiting = []
        with pytest.raises(AirflowSkipException, match="answered elsewhere"):
            answer.execute(self.context())

    def test_an_answer_calsync_does_not_know_is_refused(self, answer: Any, stages: FakeStages) -> None:
        context = self.context()
        context["ti"].said = SAID | {"chosen_options": ["whatever"]}
        with pytest.raises(CalsyncError):
            answer.execute(context)
        assert not [call for call in stages.calls if call.startswith("answer")]


@pytest.mark.airflow
class TestRun:
    """A whole approval by Airflow's own scheduling rules, with stages and a person who do what the test says."""

    @pytest.fixture
    def dag(self, tenants: Path, stages: FakeStages, request: pytest.FixtureRequest) -> DAG:
        migrate()
        stages.question = ""
        key = request.node.originalname.replace("test_", "")[:60]
        write_tenant(tenants, key)
        return build_dags(tenants)[f"calendar_sync_approval__{key}"]

    @pytest.fixture
    def answered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Somebody answers at once."""

        def at_once(ask: Any, context: Any) -> Any:
            return ask.execute_complete(context, SAID)

        monkeypatch.setattr("airflow.providers.standard.operators.hitl.HITLOperator.execute", at_once)

    def states(self, run: Any) -> dict[str, str]:
        return {task.task_id: str(task.state) for task in run.get_task_instances()}

    def test_an_answer_is_carried_out(self, dag: DAG, stages: FakeStages, answered: None) -> None:
        run = dag.test(run_conf={"question": "q1"})
        assert run.state == "success"
        assert set(self.states(run).values()) == {"success"}
        assert "answer q1 restore op" in stages.calls
        assert stages.seen["run"].focus == Focus(question="q1")
        assert stages.seen["more"] == (dict.fromkeys(("answer", *STAGE_OF_TASK), "success"),)

    def test_nothing_waits(self, dag: DAG, stages: FakeStages, answered: None) -> None:
        stages.waiting = []
        run = dag.test(run_conf={"question": "q1"})
        assert run.state == "success"
        states = self.states(run)
        assert states.pop("report") == "success"
        assert set(states.values()) == {"skipped"}

    def test_a_run_that_fails_has_airflow_start_it(
        self, dag: DAG, tenants: Path, stages: FakeStages, answered: None
    ) -> None:
        """The approval is known to Airflow by now: nothing waited when it ran."""
        stages.waiting = []
        dag.test()
        stages.question = "q9"
        stages.answers |= {"load": StateError("The state database is away. Start it."), "report": TOLD | {"failed": 1}}
        run = build_sync(tenants)[dag.dag_id.replace("_approval", "")].test()
        assert run.state == "failed"
        with create_session() as session:
            asked = session.scalars(select(DagRun).where(DagRun.dag_id == dag.dag_id)).all()
        assert [one.conf for one in asked if one.run_id == "approval__q9"] == [{"question": "q9"}]

    def test_an_answer_that_cannot_be_written_down(self, dag: DAG, stages: FakeStages, answered: None) -> None:
        stages.answers["report"] = {"sentence": "answer failed.", "failed": 1}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FakeStages, "answer", _broken)
            stages.install(patch)
            run = dag.test(run_conf={"question": "q1"})
        assert run.state == "failed"
        assert self.states(run)["answer"] in ("failed", "up_for_retry")
        assert stages.seen["more"][0]["answer"] == "failed"


def _broken(*_: Any) -> list[str]:
    raise StateError("The state database is away. Start it.")
