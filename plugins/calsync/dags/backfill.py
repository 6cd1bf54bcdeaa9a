"""`calendar_sync_backfill__<tenant>`: compares chosen days anew on both sides, without the cursors (RULES G8)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from airflow.sdk import DAG, Param

from calsync.dags.doc import describe_backfill
from calsync.dags.folder import dags_of
from calsync.dags.pipeline import accept, dry_run, stages, tries
from calsync.dags.placeholder import TITLES, placeholder_dag
from calsync.errors import ConfigError
from calsync.naming import DagKind, dag_id
from calsync.timetables import LocalDays

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.dags.folder import Found

_RUN_TYPES: Final = ("manual", "backfill", "operator_triggered")
"""Strings, as Airflow takes them too: the enumeration they belong to is not public."""


def build_dags(folder: Path | None = None) -> dict[str, DAG]:
    """The DAGs of a folder of tenant files, as `calsync.dags.folder.dags_of` gives them."""
    return dags_of(DagKind.BACKFILL, _dag, folder)


def _dag(key: str, found: Found) -> DAG:
    if isinstance(found, ConfigError):
        return placeholder_dag(key, found, DagKind.BACKFILL)
    return backfill_dag(found)


def backfill_dag(tenant: Tenant) -> DAG:
    """The DAG that compares days of one tenant anew.

    It never runs by itself, so it is not paused: Airflow leaves the backfills of a paused DAG waiting without a word.
    """
    with DAG(
        dag_id=dag_id(tenant.key, DagKind.BACKFILL),
        dag_display_name=f"{TITLES[DagKind.BACKFILL]}: {tenant.name}",
        description=f"Compares chosen days of {tenant.name} anew on both sides and mends what differs",
        doc_md=describe_backfill(tenant),
        tags=["calsync", f"tenant:{tenant.key}", "backfill", *tenant.tags],
        schedule=LocalDays(tenant.time_zone),
        catchup=False,
        max_active_runs=1,
        allowed_run_types=_RUN_TYPES,  # type: ignore[arg-type]
        is_paused_upon_creation=False,
        default_args=tries(tenant.owner),
    ) as dag:
        stages(tenant.key, tenant.pools, tenant.batches)
    return accept(dag, _params())


def _params() -> dict[str, Param]:
    return {
        "window_start": _day("First day", "The first day to compare, in the tenant's time zone. It may be ahead."),
        "window_end": _day("Last day", "The last day to compare; it is compared too."),
        "reconcile": Param(
            False,
            type="boolean",
            title="Whole window",
            description="Compare every day that the tenant's window has, whatever the two days above say.",
        ),
        "accounts": Param(
            [],
            type="array",
            items={"type": "string"},
            title="Employees",
            description="ShareCRM ids of authorised employees, one a line: keep to their mailboxes and meetings. "
            "Empty: everybody.",
        ),
        "dry_run": dry_run(),
    }


def _day(title: str, description: str) -> Param:
    """A date picker that may stay empty."""
    return Param(None, type=["null", "string"], format="date", title=title, description=description)
