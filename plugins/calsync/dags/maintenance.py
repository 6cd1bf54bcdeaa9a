"""`calendar_sync_maintenance`: once a day, for all tenants together."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from airflow.sdk import DAG, CronTriggerTimetable, get_parsing_context

from calsync.dags.doc import MAINTAINED
from calsync.dags.pipeline import SHORT, tries
from calsync.naming import MAINTENANCE
from calsync.operators.maintenance import DueTenantsOperator, ReconcileOperator, RetentionOperator

_DAILY: Final = "20 1 * * *"


def build_dags() -> dict[str, DAG]:
    """The one DAG, by its id; none where Airflow asks for another.

    It is the same whichever tenants there are: they are looked up by its tasks. It is not paused, so that retention is
    kept from the first day; a tenant whose DAG is paused is left alone.
    """
    if get_parsing_context().dag_id not in (None, MAINTENANCE):
        return {}
    with DAG(
        dag_id=MAINTENANCE,
        dag_display_name="Calendar sync: maintenance",
        description="Applies retention, and has every tenant compared as a whole once a week",
        doc_md=MAINTAINED,
        tags=["calsync", "maintenance"],
        # With a start date, or without the zero, Airflow would make up at once for the last hour that it missed.
        schedule=CronTriggerTimetable(_DAILY, timezone="UTC", run_immediately=timedelta(0)),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        default_args=tries("calsync"),
    ) as dag:
        RetentionOperator(task_id="retention", execution_timeout=timedelta(hours=2))
        due = DueTenantsOperator(task_id="due", execution_timeout=SHORT)
        ReconcileOperator.partial(
            task_id="reconcile", execution_timeout=SHORT, map_index_template="{{ task.tenant_key }}"
        ).expand(tenant_key=due.output)
    return {MAINTENANCE: dag}
