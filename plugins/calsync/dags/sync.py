"""`calendar_sync__<tenant>`: keeps one tenant's calendars the same, run after run, from where the last one stopped."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airflow.sdk import DAG, CronTriggerTimetable, Param

from calsync.dags.doc import describe
from calsync.dags.folder import dags_of
from calsync.dags.pipeline import START, accept, dry_run, stages, tries
from calsync.dags.placeholder import TITLES, placeholder_dag
from calsync.errors import ConfigError
from calsync.naming import DagKind, dag_id

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.dags.folder import Found

_RUN_TYPES: Final = ("scheduled", "manual", "operator_triggered", "asset_triggered", "asset_materialization")
"""All but "backfill": a run goes on from the cursors, so a run for each interval of the past would do nothing but cost.

Strings, as Airflow takes them too: the enumeration they belong to is not public.
"""


def build_dags(folder: Path | None = None) -> dict[str, DAG]:
    """The DAGs of a folder of tenant files, as `calsync.dags.folder.dags_of` gives them."""
    return dags_of(DagKind.SYNC, _dag, folder)


def _dag(key: str, found: Found) -> DAG:
    return placeholder_dag(key, found) if isinstance(found, ConfigError) else tenant_dag(found)


def tenant_dag(tenant: Tenant) -> DAG:
    """The DAG that synchronises one tenant."""
    with DAG(
        dag_id=dag_id(tenant.key),
        dag_display_name=f"{TITLES[DagKind.SYNC]}: {tenant.name}",
        description=f"Keeps the ShareCRM and Outlook calendars of {tenant.name} the same",
        doc_md=describe(tenant),
        tags=["calsync", f"tenant:{tenant.key}", tenant.direction, *tenant.tags],
        schedule=_schedule(tenant),
        start_date=START,
        catchup=False,
        max_active_runs=1,
        allowed_run_types=_RUN_TYPES,  # type: ignore[arg-type]
        is_paused_upon_creation=tenant.schedule.paused,
        default_args=tries(tenant.owner),
    ) as dag:
        stages(tenant.key, tenant.pools, tenant.batches)
    return accept(dag, {"dry_run": dry_run(), "recover": _recover()})


def _recover() -> Param:
    return Param(
        False,
        type="boolean",
        title="Recover",
        description="The state database was lost: pair events by their marks and hold every creation left over.",
    )


def _schedule(tenant: Tenant) -> timedelta | CronTriggerTimetable:
    """An interval unless the tenant asks for a cron expression, which costs the DAG processor three times as much."""
    if tenant.schedule.cron:
        return CronTriggerTimetable(tenant.schedule.cron, timezone=tenant.time_zone)
    return timedelta(minutes=tenant.schedule.every_minutes)
