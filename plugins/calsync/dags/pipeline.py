"""What the DAGs of a tenant have in common: the five stages, the report behind them, tries and limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import Asset, Param
from airflow.sdk.definitions.param import ParamsDict

from calsync.naming import REPORT
from calsync.operators.extract import ExtractCrmOperator, ExtractGraphOperator
from calsync.operators.load import LoadOperator
from calsync.operators.plan import DiffOperator, MapOperator
from calsync.operators.report import ReportOperator
from calsync.retry import ErrorTreeRetryPolicy

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from calsync.config.parts import Pools

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
SHORT: Final = timedelta(minutes=10)
"""For a task that only reads or writes a few rows of the state database."""

_READING: Final = timedelta(hours=2)
_THINKING: Final = timedelta(minutes=30)
_WRITING: Final = timedelta(hours=4)


def tries(owner: str) -> dict[str, Any]:
    """The default arguments of every task: whose it is, and how often and when it is tried again."""
    return {
        "owner": owner,
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": 2,
        "max_retry_delay": timedelta(minutes=15),
        "retry_policy": ErrorTreeRetryPolicy(),
    }


def stages(key: str, pools: Pools | None = None, batches: int = 1) -> list[Any]:
    """The tasks of a run, each after the one before it, in the DAG that is being made; the first ones come back."""
    pool = {name: _pool(getattr(pools, name, None)) for name in ("crm", "graph", "load")}
    common: dict[str, Any] = {"tenant_key": key}
    extract_crm = ExtractCrmOperator(task_id="extract_crm", execution_timeout=_READING, **common, **pool["crm"])
    extract_graph = _extract_graph(batches, execution_timeout=_READING, **common, **pool["graph"])
    diff = DiffOperator(task_id="diff", execution_timeout=_THINKING, **common)
    map_ = MapOperator(task_id="map", execution_timeout=_THINKING, **common)
    load = LoadOperator(task_id="load", execution_timeout=_WRITING, **common, **pool["load"])
    asset = Asset(name=f"calsync:{key}", uri=f"calsync://tenant/{key}", group="calsync")
    report = ReportOperator(task_id=REPORT, asset=asset, execution_timeout=SHORT, **common)
    # A teardown runs even when a person ends the run by hand, and fails the run when it fails itself: no other shape
    # makes a run with a failed stage fail and still report and give the lease back.
    report.as_teardown(on_failure_fail_dagrun=True)
    [extract_crm, extract_graph] >> diff >> map_ >> load >> report
    return [extract_crm, extract_graph]


def accept(dag: DAG, params: dict[str, Param]) -> DAG:
    """The DAG with its parameters, once it has its tasks.

    Airflow copies the parameters that a DAG has into every task it is given, twice, which costs a parse more than all
    the rest; a run looks at the DAG's own in any case.
    """
    dag.params = ParamsDict(params)
    return dag


def dry_run() -> Param:
    """The parameter of every DAG that can be looked at before it acts."""
    return Param(
        False,
        type="boolean",
        title="Dry run",
        description="Find out and report what would be done, and write nothing to either calendar.",
    )


def _extract_graph(batches: int, **common: Any) -> Any:
    """One task for each batch of mailboxes; a single batch stays a plain task, which Airflow shows more simply."""
    if batches == 1:
        return ExtractGraphOperator(task_id="extract_graph", **common)
    partial = ExtractGraphOperator.partial(task_id="extract_graph", batches=batches, **common)
    return partial.expand(batch=list(range(batches)))


def _pool(name: str | None) -> dict[str, Any]:
    """No pool unless the tenant names one: a task in a pool that does not exist waits for ever."""
    return {"pool": name} if name else {}
