"""`calendar_sync_approval__<tenant>`: asks a person about what was held, and carries the answer out (RULES G6)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from airflow.sdk import DAG, Param

from calsync.dags.doc import broken, describe_approval
from calsync.dags.folder import dags_of
from calsync.dags.pipeline import SHORT, START, accept, stages, tries
from calsync.dags.placeholder import TITLES, placeholder_dag, placeholder_id
from calsync.errors import ConfigError
from calsync.naming import ANSWER, ASK, DagKind, dag_id
from calsync.operators.approval import AnswerOperator, AskOperator

if TYPE_CHECKING:
    from calsync.config.parts import Pools
    from calsync.dags.folder import Found

_RUN_TYPES: Final = ("manual", "operator_triggered")
"""Strings, as Airflow takes them too: the enumeration they belong to is not public."""

_WAITING: Final = 1000
"""How many questions may wait at once: a run that Airflow queues does not show its question."""


def build_dags(folder: Path | None = None) -> dict[str, DAG]:
    """The DAGs of a folder of tenant files, as `calsync.dags.folder.dags_of` gives them."""
    return dags_of(DagKind.APPROVAL, approval_dag, folder)


def approval_dag(key: str, found: Found) -> DAG:
    """The DAG that asks about what a tenant's runs held.

    It never runs by itself and is not paused, so that a question shows as soon as a run asks it. While the tenant's
    file cannot be used it keeps its tasks: questions that wait must not go with them.
    """
    if isinstance(found, ConfigError):
        if placeholder_id(key, DagKind.APPROVAL) != dag_id(key, DagKind.APPROVAL):
            return placeholder_dag(key, found, DagKind.APPROVAL)
        title, tags, text = f"{key} (file cannot be used)", ["config-error"], broken(key, found.problems)
        owner, pools = "calsync", None
    else:
        title, tags, text = found.name, [f"tenant:{key}", "approval", *found.tags], describe_approval(found)
        owner, pools = found.owner, found.pools
    with DAG(
        dag_id=dag_id(key, DagKind.APPROVAL),
        dag_display_name=f"{TITLES[DagKind.APPROVAL]}: {title}",
        description="Asks a person about actions that calsync held, and carries the answer out",
        doc_md=text,
        tags=["calsync", *tags],
        schedule=None,
        start_date=START,
        catchup=False,
        max_active_runs=_WAITING,
        allowed_run_types=_RUN_TYPES,  # type: ignore[arg-type]
        is_paused_upon_creation=False,
        default_args=tries(owner),
    ) as dag:
        _tasks(key, pools)
    listed = "Its id, as `python -m calsync held` lists it. Empty: all that nobody was asked about yet."
    return accept(dag, {"question": Param("", type="string", title="Question", description=listed)})


def _tasks(key: str, pools: Pools | None) -> None:
    # No time limit: Airflow would take one for the time that a person has for the answer.
    ask = AskOperator(task_id=ASK, tenant_key=key)
    answer = AnswerOperator(task_id=ANSWER, tenant_key=key, execution_timeout=SHORT)
    ask >> answer >> stages(key, pools)
