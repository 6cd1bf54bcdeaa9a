"""One of our tasks starts a run of another of our DAGs."""

from __future__ import annotations

from typing import Any, NoReturn

from airflow.sdk.exceptions import DagRunTriggerException


def trigger(dag_id: str, run_id: str, conf: dict[str, Any], *, again: bool = False) -> NoReturn:
    """End the task as a success and let Airflow start the run; the task does not wait for it.

    Airflow marks the task skipped, not failed, when such a run is there already.

    :param again: clear a run of this id that is there, so that it begins anew
    """
    raise DagRunTriggerException(
        trigger_dag_id=dag_id,
        dag_run_id=run_id,
        conf=conf,
        logical_date=None,
        reset_dag_run=again,
        skip_when_already_exists=True,
        wait_for_completion=False,
        allowed_states=[],
        failed_states=[],
        poke_interval=60,
        deferrable=False,
    )
