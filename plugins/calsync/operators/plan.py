"""The tasks that decide what to do and put it into the words of the two systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowSkipException

from calsync.operators.base import StageOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from calsync.config.model import Tenant
    from calsync.stages.context import Counters, Ports, Run


class DiffOperator(StageOperator):
    """
    Compares both sides with what was last agreed and writes the plan; skips itself when there is nothing to do.

    :param tenant_key: the stem of the tenant's file
    """

    ui_color = "#d9ead3"

    def stage(self, tenant: Tenant, ports: Ports, run: Run) -> Counters:
        from calsync.stages.diff import diff

        return diff(tenant, ports, run)

    def execute(self, context: Context) -> Counters:
        """Run the stage.

        :raises AirflowSkipException: nothing was found and nothing waits, so `map` and `load` are skipped as well
        """
        counters = super().execute(context)
        if counters.get("skip"):
            raise AirflowSkipException("Nothing new was found and nothing is due: nothing to write.")
        return counters


class MapOperator(StageOperator):
    """
    Turns the plan's actions into the exact payloads of the target systems.

    :param tenant_key: the stem of the tenant's file
    """

    ui_color = "#e3d7f0"

    def stage(self, tenant: Tenant, ports: Ports, run: Run) -> Counters:
        from calsync.stages.requests import map_plan

        return map_plan(tenant, ports, run)
