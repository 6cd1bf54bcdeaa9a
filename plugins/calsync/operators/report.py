"""The task that says what a run did, whatever happened to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from calsync.config.load import load_one, tenants_folder
from calsync.links import ChangesLink
from calsync.naming import STAGES
from calsync.operators.base import discreet, run_of

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context

    from calsync.stages.context import Counters

_WORST_FIRST = ("failed", "upstream_failed", "removed", "skipped", "success")
"""Which state speaks for a mapped task whose parts ended differently."""


def stage_states(states: Mapping[str, str | None]) -> dict[str, str]:
    """One state for each stage, out of those of a run's tasks.

    states: task id -> state as Airflow gives them; the parts of a mapped task are called `<task id>_<map index>`.
    A stage whose task has no state yet (the run was ended by hand) counts as skipped.
    """
    told = {}
    for stage in STAGES:
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

        :raises AirflowFailException: a stage failed; the text is the run's sentence
        """
        from calsync.notes import write_note
        from calsync.stages.lease import release
        from calsync.stages.ports import open_ports
        from calsync.stages.report import report

        run = run_of(context)
        states = self._states(context)
        with discreet(self.task_id):
            tenant = load_one(tenants_folder(), self.tenant_key)
            with closing(open_ports(tenant)) as ports:
                try:
                    told = report(tenant, ports, run, states)
                finally:
                    release(tenant, ports, run)
            sentence = str(told["sentence"])
            self.log.info("%s", sentence)
            write_note(context["dag_run"].dag_id, run.id, sentence)
        if told.get("failed"):
            raise AirflowFailException(sentence)
        if run.dry_run:
            # Airflow sends the event of every outlet of a task that succeeds, but this run has synchronised nothing.
            self.outlets = []
        else:
            context["outlet_events"][self.asset].extra = {
                name: value for name, value in told.items() if isinstance(value, int)
            }
        return told

    def _states(self, context: Context) -> dict[str, str]:
        dag_run = context["dag_run"]
        states = context["ti"].get_task_states(dag_id=dag_run.dag_id, run_ids=[dag_run.run_id])
        return stage_states(states.get(dag_run.run_id, {}))
