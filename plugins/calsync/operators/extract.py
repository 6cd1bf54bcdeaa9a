"""The tasks that read the two systems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from calsync.operators.base import StageOperator

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Counters, Ports, Run


class ExtractCrmOperator(StageOperator):
    """
    Reads what changed in ShareCRM since the last run.

    :param tenant_key: the stem of the tenant's file
    """

    ui_color = "#f6d8c0"

    def stage(self, tenant: Tenant, ports: Ports, run: Run) -> Counters:
        from calsync.stages.extract_crm import extract_crm

        return extract_crm(tenant, ports, run)


class ExtractGraphOperator(StageOperator):
    """
    Reads what changed in the mailboxes since the last run; can be mapped over `batch`.

    :param tenant_key: the stem of the tenant's file
    :param batch: which part of the mailboxes this task reads, from 0
    :param batches: into how many parts the mailboxes are divided
    """

    template_fields: Sequence[str] = ("tenant_key", "batch", "batches")
    ui_color = "#c9dff5"

    def __init__(self, *, batch: int = 0, batches: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch = batch
        self.batches = batches

    @property
    def stage_name(self) -> str:
        """Each batch keeps its own."""
        return str(self.task_id) if self.batches == 1 else f"{self.task_id}-{self.batch}"

    def stage(self, tenant: Tenant, ports: Ports, run: Run) -> Counters:
        from calsync.stages.extract_graph import extract_graph

        return extract_graph(tenant, ports, run, batch=self.batch, batches=self.batches)
