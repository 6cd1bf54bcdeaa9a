"""What stands in for a tenant whose file cannot be used."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from airflow.sdk import DAG

from calsync.dags.doc import broken
from calsync.naming import DagKind, dag_id
from calsync.operators.config_error import ConfigErrorOperator

if TYPE_CHECKING:
    from calsync.errors import ConfigError

CONFIG_ERROR: Final = "config_error"
"""The id of the only task of a placeholder DAG."""

_EVERY: Final = timedelta(hours=1)
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)


def placeholder_id(key: str, kind: DagKind = DagKind.SYNC) -> str:
    """The DAG id of a tenant whose file cannot be used: its own, or one made of it where a file's stem is no DAG id."""
    if re.fullmatch(r"[\w.-]{1,200}", key, re.ASCII):
        return dag_id(key, kind)
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    return dag_id(f"{re.sub(r'[^A-Za-z0-9_-]+', '_', key)[:100]}-{digest}", kind)


def placeholder_dag(key: str, error: ConfigError, kind: DagKind = DagKind.SYNC) -> DAG:
    """A DAG that says what is wrong, so that a person sees it and the tenant's history stays.

    The one that would synchronise fails once an hour: whoever watches for failed runs hears of a tenant that has
    stopped. The others say it when somebody starts them.
    """
    with DAG(
        dag_id=placeholder_id(key, kind),
        dag_display_name=f"{TITLES[kind]}: {key} (file cannot be used)",
        description="The tenant's file cannot be used; see the DAG's documentation",
        doc_md=broken(key, error.problems),
        tags=["calsync", "config-error"],
        schedule=_EVERY if kind is DagKind.SYNC else None,
        start_date=_START,
        catchup=False,
        max_active_runs=1,
    ) as dag:
        ConfigErrorOperator(
            task_id=CONFIG_ERROR, problems=error.problems, retries=0, execution_timeout=timedelta(minutes=5)
        )
    return dag


TITLES: Final = {
    DagKind.SYNC: "Calendar sync",
    DagKind.BACKFILL: "Calendar backfill",
    DagKind.APPROVAL: "Calendar approval",
}
"""How the list of DAGs names each kind."""
