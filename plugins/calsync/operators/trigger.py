"""One of our tasks starts a run of another of our DAGs."""

from __future__ import annotations

import logging
from typing import Any, NoReturn

from airflow.sdk.exceptions import DagRunTriggerException

_log = logging.getLogger(__name__)


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


def start(dag_id: str, run_id: str, conf: dict[str, Any], *, again: bool = False) -> bool:
    """Let Airflow start the run while the task goes on, which `trigger` cannot do for one that fails.

    Airflow has no public way to this. Should it change its own, the run is not started, and the task is none the worse.

    :param again: clear a run of this id that is there, so that it begins anew
    :returns: whether it was started
    """
    try:
        from airflow.sdk.execution_time import task_runner
        from airflow.sdk.execution_time.comms import TriggerDagRun

        asked = TriggerDagRun(dag_id=dag_id, run_id=run_id, conf=conf, reset_dag_run=again)
        task_runner.SUPERVISOR_COMMS.send(asked)
    except Exception as error:
        _log.warning("%s could not be started: %s.", dag_id, type(error).__name__)
        return False
    return True
