"""The task that says what a run did, whatever happened to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.exceptions import AirflowFailException

from calsync.config.load import load_one, tenants_folder
from calsync.errors import CalsyncError
from calsync.links import ChangesLink
from calsync.naming import ANSWER, STAGES, DagKind, approval_run_id, asked_by_hand, dag_id
from calsync.operators.base import discreet
from calsync.operators.runs import run_of
from calsync.operators.trigger import start, trigger

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context

    from calsync.stages.context import Counters

_WORST_FIRST = ("failed", "upstream_failed", "removed", "skipped", "success")
"""Which state speaks for a mapped task whose parts ended differently."""


def stage_states(states: Mapping[str, str | None]) -> dict[str, str]:
    """One state for each stage, out of those of a run's tasks.

    states: task id -> state as Airflow gives them; the parts of a mapped task are called `<task id>_<map index>`.
    A stage whose task has no state yet (the run was ended by hand) counts as skipped. An approval has one more: writing
    down what was answered.
    """
    told = {}
    for stage in (ANSWER, *STAGES) if ANSWER in states else STAGES:
        parts = [state or "skipped" for task_id, state in states.items() if _is_part(task_id, stage)]
        told[stage] = min(parts, key=_rank, default="skipped")
    return told


def _is_part(task_id: str, stage: str) -> bool:
    return task_id == stage or (task_id.startswith(f"{stage}_") and task_id.removeprefix(f"{stage}_").isdigit())


def _rank(state: str) -> int:
    return _WORST_FIRST.index(state) if state in _WORST_FIRST else len(_WORST_FIRST)


class ReportOperator(BaseOperator):
    """
    Gathers the run's counters, writes the run note and the asset event, and gives the lease back.

    It needs no lease of its own, since it writes nothing but what concerns its run, and so it never waits. When a stage
    failed it fails too, and the run with it.

    :param tenant_key: the stem of the tenant's file
    :param asset: the tenant's calendars as an Airflow asset; its event carries the counters
    """

    template_fields: Sequence[str] = ("tenant_key",)
    ui_color = "#dfe3e8"
    ui_fgcolor = "#1b1f24"
    operator_extra_links = (ChangesLink(),)

    def __init__(self, *, tenant_key: str, asset: Asset, **kwargs: Any) -> None:
        super().__init__(outlets=[asset], **kwargs)
        self.tenant_key = tenant_key
        self.asset = asset

    def execute(self, context: Context) -> Counters:
        """Report; the counters and the run's sentence become the task's XCom.

        Where actions wait that nobody was asked about yet, it ends by starting the approval that asks; or else by
        starting one anew that is gone without an answer. That a stage failed is no reason to ask nobody.

        :raises AirflowFailException: a stage failed; the text is the run's sentence
        :raises DagRunTriggerException: the task has succeeded, and Airflow starts the approval
        """
        from calsync.notes import write_note

        dag_run = context["dag_run"]
        try:
            with discreet(self.task_id):
                told, questions = self._report(context)
        except CalsyncError as error:
            write_note(dag_run.dag_id, dag_run.run_id, str(error))
            raise
        sentence = str(told["sentence"])
        self.log.info("%s", sentence)
        write_note(dag_run.dag_id, dag_run.run_id, sentence)
        missing = self._not_asked(context, questions)
        if told.get("failed"):
            if missing:
                start(**missing)
            raise AirflowFailException(sentence)
        if context["params"].get("dry_run"):
            # Airflow sends the event of every outlet of a task that succeeds, but this run has synchronised nothing.
            self.outlets = []
        else:
            context["outlet_events"][self.asset].extra = {
                name: value for name, value in told.items() if isinstance(value, int)
            }
        if missing:
            # A task that ends by starting a run returns nothing, so its XCom is written here.
            context["ti"].xcom_push(key=BaseXCom.XCOM_RETURN_KEY, value=told)
            trigger(**missing)
        return told

    def _report(self, context: Context) -> tuple[Counters, list[str]]:
        """What the run did, and the questions that somebody must be asked: a new one, and those asked already."""
        from calsync.stages.holds import assign, unanswered
        from calsync.stages.lease import release
        from calsync.stages.ports import open_ports
        from calsync.stages.report import report

        tenant = load_one(tenants_folder(), self.tenant_key)
        run = run_of(context, tenant)
        with closing(open_ports(tenant)) as ports:
            try:
                told = report(tenant, ports, run, self._states(context))
                if run.dry_run:
                    return told, []
                new = assign(tenant, ports)
                return told, [*([new] if new else []), *unanswered(ports.store, tenant.key)]
            finally:
                release(tenant, ports, run)

    def _not_asked(self, context: Context, questions: Sequence[str]) -> dict[str, Any]:
        """The approval that is to be started, of the first question that lacks one; empty when none does.

        One that is there already is left alone, unless it failed without an answer: then it begins anew. Which one a
        person started is not known: any that waits may be it.
        """
        approval, ti = dag_id(self.tenant_key, DagKind.APPROVAL), context["ti"]
        for question in questions:
            if asked_by_hand(question) and ti.get_dr_count(dag_id=approval, states=["queued", "running"]):
                continue
            run_id = approval_run_id(question)
            broken = ti.get_dr_count(dag_id=approval, run_ids=[run_id], states=["failed"])
            if broken or not ti.get_dr_count(dag_id=approval, run_ids=[run_id]):
                return {"dag_id": approval, "run_id": run_id, "conf": {"question": question}, "again": bool(broken)}
        return {}

    def _states(self, context: Context) -> dict[str, str]:
        dag_run = context["dag_run"]
        states = context["ti"].get_task_states(dag_id=dag_run.dag_id, run_ids=[dag_run.run_id])
        return stage_states(states.get(dag_run.run_id, {}))
