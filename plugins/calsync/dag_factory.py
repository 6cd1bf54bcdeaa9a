"""Tenant files in, DAGs out: one `calendar_sync__<tenant>` for each file, whatever is wrong with the others.

A process that runs a task reads that task's own tenant only. What comes out depends on the files alone, in their order,
since a DAG that differs from parse to parse becomes a new version each time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import DAG, Asset, CronTriggerTimetable, Param, get_parsing_context

from calsync.config.load import load_folder, load_one, tenants_folder
from calsync.dag_doc import broken, describe
from calsync.errors import ConfigError
from calsync.naming import REPORT, dag_id, tenant_of
from calsync.operators.config_error import ConfigErrorOperator
from calsync.operators.extract import ExtractCrmOperator, ExtractGraphOperator
from calsync.operators.load import LoadOperator
from calsync.operators.plan import DiffOperator, MapOperator
from calsync.operators.report import ReportOperator
from calsync.retry import ErrorTreeRetryPolicy

if TYPE_CHECKING:
    from calsync.config.model import Tenant

CONFIG_ERROR: Final = "config_error"
"""The id of the only task of a placeholder DAG."""

_RUN_TYPES: Final = ("scheduled", "manual", "operator_triggered", "asset_triggered", "asset_materialization")
"""All but "backfill": a run goes on from the cursors, so a run for each interval of the past would do nothing but cost.

Strings, as Airflow takes them too: the enumeration they belong to is not public.
"""

_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_PLACEHOLDER_EVERY: Final = timedelta(hours=1)
_READING: Final = timedelta(hours=2)
_THINKING: Final = timedelta(minutes=30)
_WRITING: Final = timedelta(hours=4)
_REPORTING: Final = timedelta(minutes=10)


def build_dags(folder: Path | None = None) -> dict[str, DAG]:
    """The DAGs of a folder of tenant files, by DAG id; of one tenant only where Airflow asks for one.

    folder: default `calsync.config.load.tenants_folder()`.

    :raises ConfigError: there is no such folder; a broken file becomes a placeholder DAG instead
    """
    return {dag.dag_id: dag for dag in _dags(folder or tenants_folder())}


def _dags(folder: Path) -> Iterator[DAG]:
    wanted = get_parsing_context()
    if wanted.dag_id is None or wanted.task_id == CONFIG_ERROR:
        # Only the whole folder shows what is wrong between files, which a placeholder's task has to say.
        tenants, errors = load_folder(folder)
        found: dict[str, Tenant | ConfigError] = {tenant.key: tenant for tenant in tenants}
        found.update(errors)
        for key in sorted(found):
            if wanted.dag_id in (None, placeholder_id(key)):
                yield _dag(key, found[key])
    elif key := tenant_of(wanted.dag_id) or "":
        try:
            yield tenant_dag(load_one(folder, key))
        except ConfigError as error:
            yield placeholder_dag(key, error)


def _dag(key: str, found: Tenant | ConfigError) -> DAG:
    return placeholder_dag(key, found) if isinstance(found, ConfigError) else tenant_dag(found)


def tenant_dag(tenant: Tenant) -> DAG:
    """The DAG that synchronises one tenant."""
    with DAG(
        dag_id=dag_id(tenant.key),
        dag_display_name=f"Calendar sync: {tenant.name}",
        description=f"Keeps the ShareCRM and Outlook calendars of {tenant.name} the same",
        doc_md=describe(tenant),
        tags=["calsync", f"tenant:{tenant.key}", tenant.direction, *tenant.tags],
        schedule=_schedule(tenant),
        start_date=_START,
        catchup=False,
        max_active_runs=1,
        allowed_run_types=_RUN_TYPES,  # type: ignore[arg-type]
        is_paused_upon_creation=tenant.schedule.paused,
        params=_params(),
        default_args={
            "owner": tenant.owner,
            "retries": 3,
            "retry_delay": timedelta(minutes=1),
            "retry_exponential_backoff": 2,
            "max_retry_delay": timedelta(minutes=15),
            "retry_policy": ErrorTreeRetryPolicy(),
        },
    ) as dag:
        _tasks(tenant)
    return dag


def _tasks(tenant: Tenant) -> None:
    key, pools = tenant.key, tenant.pools
    extract_crm = ExtractCrmOperator(
        task_id="extract_crm", tenant_key=key, execution_timeout=_READING, **_pool(pools.crm)
    )
    extract_graph = _extract_graph(tenant)
    diff = DiffOperator(task_id="diff", tenant_key=key, execution_timeout=_THINKING)
    map_ = MapOperator(task_id="map", tenant_key=key, execution_timeout=_THINKING)
    load = LoadOperator(task_id="load", tenant_key=key, execution_timeout=_WRITING, **_pool(pools.load))
    asset = Asset(name=f"calsync:{key}", uri=f"calsync://tenant/{key}", group="calsync")
    report = ReportOperator(task_id=REPORT, tenant_key=key, asset=asset, execution_timeout=_REPORTING)
    # A teardown runs even when a person ends the run by hand, and fails the run when it fails itself: no other shape
    # makes a run with a failed stage fail and still report and give the lease back.
    report.as_teardown(on_failure_fail_dagrun=True)
    [extract_crm, extract_graph] >> diff >> map_ >> load >> report


def _extract_graph(tenant: Tenant) -> Any:
    """One task for each batch of mailboxes; a single batch stays a plain task, which Airflow shows more simply."""
    common: dict[str, Any] = {
        "task_id": "extract_graph",
        "tenant_key": tenant.key,
        "execution_timeout": _READING,
        **_pool(tenant.pools.graph),
    }
    if tenant.batches == 1:
        return ExtractGraphOperator(**common)
    return ExtractGraphOperator.partial(**common, batches=tenant.batches).expand(batch=list(range(tenant.batches)))


def _pool(name: str | None) -> dict[str, Any]:
    """No pool unless the tenant names one: a task in a pool that does not exist waits for ever."""
    return {"pool": name} if name else {}


def _schedule(tenant: Tenant) -> timedelta | CronTriggerTimetable:
    """An interval unless the tenant asks for a cron expression, which costs the DAG processor three times as much."""
    if tenant.schedule.cron:
        return CronTriggerTimetable(tenant.schedule.cron, timezone=tenant.time_zone)
    return timedelta(minutes=tenant.schedule.every_minutes)


def _params() -> dict[str, Param]:
    return {
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Find out and report what would be done, and write nothing to either calendar.",
        ),
        "recover": Param(
            False,
            type="boolean",
            title="Recover",
            description="The state database was lost: pair events by their marks and hold every creation left over.",
        ),
    }


def placeholder_id(key: str) -> str:
    """The DAG id of a tenant whose file cannot be used: its own, or one made of it where a file's stem is no DAG id."""
    if re.fullmatch(r"[\w.-]{1,200}", key, re.ASCII):
        return dag_id(key)
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    return dag_id(f"{re.sub(r'[^A-Za-z0-9_-]+', '_', key)[:100]}-{digest}")


def placeholder_dag(key: str, error: ConfigError) -> DAG:
    """Stands in for a tenant whose file cannot be used, so that a person sees it and its history stays.

    It fails once an hour: whoever watches for failed runs hears of a tenant that has stopped synchronising.
    """
    with DAG(
        dag_id=placeholder_id(key),
        dag_display_name=f"Calendar sync: {key} (file cannot be used)",
        description="The tenant's file cannot be used; see the DAG's documentation",
        doc_md=broken(key, error.problems),
        tags=["calsync", "config-error"],
        schedule=_PLACEHOLDER_EVERY,
        start_date=_START,
        catchup=False,
        max_active_runs=1,
    ) as dag:
        ConfigErrorOperator(
            task_id=CONFIG_ERROR, problems=error.problems, retries=0, execution_timeout=timedelta(minutes=5)
        )
    return dag
