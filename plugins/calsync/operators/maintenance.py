"""The tasks that look after all tenants once a day."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from calsync.config.load import load_folder, tenants_folder
from calsync.errors import CalsyncError
from calsync.naming import DagKind, dag_id
from calsync.operators.base import discreet
from calsync.operators.trigger import trigger

if TYPE_CHECKING:
    from airflow.sdk import Context

    from calsync.config.parts import Retention
    from calsync.stages.context import Counters

DAYS: Final = 7
"""Within so many days every tenant is reconciled once."""


def due(keys: Sequence[str], day: date) -> list[str]:
    """The tenants that are reconciled on this day: the same weekday for a tenant every week, spread over all."""
    return [key for key in keys if int(hashlib.sha256(key.encode()).hexdigest(), 16) % DAYS == day.toordinal() % DAYS]


def _day(context: Context) -> date:
    found: date = context["dag_run"].run_after.astimezone(UTC).date()
    return found


class RetentionOperator(BaseOperator):
    """
    Removes what each tenant's retention has ended for: run folders, history, finished actions, ended runs.

    What is kept of a tenant whose file is gone goes by the settings' defaults; whose file cannot be used keeps all.
    One task for all tenants, since it is quick; what is wrong with one of them is said at the end and stops nobody.
    """

    ui_color = "#dfe3e8"
    ui_fgcolor = "#1b1f24"

    def execute(self, context: Context) -> Counters:
        """Prune; what was removed becomes the task's XCom.

        :raises AirflowFailException: some tenant could not be looked after; the text names each and says why
        """
        with discreet(self.task_id):
            tenants, errors = load_folder(tenants_folder())
        removed: Counters = {"tenants": 0}
        troubles = [f"{key}: {error}" for key, error in errors.items()]
        kept = {tenant.key: tenant.retention for tenant in tenants}
        try:
            with discreet(self.task_id):
                kept |= _left_behind(kept.keys() | errors.keys())
        except CalsyncError as error:
            troubles.append(f"Tenants without a file: {error}")
        for key, retention in kept.items():
            try:
                with discreet(self.task_id):
                    _add(removed, _prune(key, retention))
            except CalsyncError as error:
                troubles.append(f"{key}: {error}")
        self.log.info("Removed: %s", removed)
        if troubles:
            raise AirflowFailException("\n".join(["Retention was not applied to every tenant.", *troubles]))
        return removed


def _left_behind(with_file: Collection[str]) -> dict[str, Retention]:
    """How long is kept what is left of tenants whose file was put aside or removed.

    A folder that holds nothing at all is rather one that is not mounted, and everybody's settings are in it.
    """
    from calsync.config.parts import Retention
    from calsync.stages.ports import open_kept
    from calsync.stages.retention import kept_keys

    if not any(tenants_folder().iterdir()):
        return {}
    with closing(open_kept()) as ports:
        return {key: Retention() for key in kept_keys(ports) if key not in with_file}


def _prune(key: str, kept: Retention) -> Counters:
    from calsync.stages.ports import open_kept
    from calsync.stages.retention import prune

    with closing(open_kept()) as ports:
        return prune(key, kept, ports, datetime.now(UTC))


def _add(total: Counters, more: Counters) -> None:
    for name, count in {**more, "tenants": 1}.items():
        if isinstance(count, int):
            total[name] = int(total.get(name, 0)) + count


class DueTenantsOperator(BaseOperator):
    """Names the tenants that are reconciled today; files that cannot be used are left out, their own DAGs say why."""

    ui_color = "#dfe3e8"
    ui_fgcolor = "#1b1f24"

    def execute(self, context: Context) -> list[str]:
        """The tenants' keys, which the next task is mapped over."""
        with discreet(self.task_id):
            tenants, _ = load_folder(tenants_folder())
        return due([tenant.key for tenant in tenants], _day(context))


class ReconcileOperator(BaseOperator):
    """
    Starts the run that compares a tenant's whole window, unless somebody has paused the tenant's synchronisation.

    :param tenant_key: the stem of the tenant's file
    """

    template_fields: Sequence[str] = ("tenant_key",)
    ui_color = "#d9ead3"
    ui_fgcolor = "#1b1f24"

    def __init__(self, *, tenant_key: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tenant_key = tenant_key

    def execute(self, context: Context) -> None:
        """Start it.

        :raises AirflowSkipException: the tenant is paused: nothing may write to its calendars
        :raises DagRunTriggerException: the task has succeeded, and Airflow starts the run
        """
        if context["ti"].get_dag(dag_id(self.tenant_key)).is_paused:
            raise AirflowSkipException(f"{dag_id(self.tenant_key)} is paused: its calendars are left alone.")
        trigger(dag_id(self.tenant_key, DagKind.BACKFILL), f"reconcile__{_day(context)}", {"reconcile": True})
