"""The task that writes to the two systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.links import ChangesLink
from calsync.operators.base import StageOperator

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Counters, Ports, Run


class LoadOperator(StageOperator):
    """
    Sends the requests that are not held, records what became of each, then moves the cursors.

    :param tenant_key: the stem of the tenant's file
    """

    ui_color = "#fbe8a6"
    operator_extra_links = (ChangesLink(),)

    def stage(self, tenant: Tenant, ports: Ports, run: Run) -> Counters:
        from calsync.stages.load import load

        return load(tenant, ports, run)
