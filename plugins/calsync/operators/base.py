"""What every task around a stage does: its tenant, its run, its ports, its lease, and errors that leak nothing."""

from __future__ import annotations

import logging
import traceback
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowRescheduleException

from calsync.config.load import load_one, tenants_folder
from calsync.errors import CalsyncError, LeaseHeld
from calsync.operators.runs import run_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from calsync.config.model import Tenant
    from calsync.stages.context import Counters, Ports, Run

LEASE_WAIT = timedelta(seconds=30)
"""How long a task steps aside while another run holds its tenant's lease (RULES G7)."""

_log = logging.getLogger(__name__)


@contextmanager
def discreet(task_id: str) -> Iterator[None]:
    """Lets only our own sentences out of a task.

    The text of a foreign exception, and of those it was raised from, may quote what was being worked on: a title, an
    address. Task logs keep the place it came from and its class.

    :raises CalsyncError: instead of every exception that is not one
    """
    try:
        yield
    except CalsyncError as error:
        raise error from None
    except Exception as error:
        _log.error("Where it happened:\n%s", "".join(traceback.format_tb(error.__traceback__)))
        sentence = (
            f"Task {task_id} stopped on an unexpected {type(error).__name__}; the log above shows where. "
            "If it happens again, report it with that part of the log."
        )
        raise CalsyncError(sentence) from None


class StageOperator(BaseOperator):
    """
    Runs one stage of a tenant's pipeline under the tenant's lease.

    While another run holds the lease the task reschedules itself: it takes no slot and uses up no try.

    :param tenant_key: the stem of the tenant's file
    """

    template_fields: Sequence[str] = ("tenant_key",)
    ui_fgcolor = "#1b1f24"

    def __init__(self, *, tenant_key: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tenant_key = tenant_key

    @abstractmethod
    def stage(self, tenant: Tenant, ports: Ports, run: Run) -> Counters:
        """The stage's work; counters and short references come back, never content."""

    @property
    def stage_name(self) -> str:
        """Under which name the run's folder keeps how the stage went."""
        return str(self.task_id)

    def execute(self, context: Context) -> Counters:
        """Run the stage; what it returns becomes the task's XCom.

        :raises AirflowRescheduleException: another run holds the tenant's lease
        :raises CalsyncError: the stage failed
        """
        from calsync.stages.lease import leased
        from calsync.stages.ports import open_ports
        from calsync.stages.run import staged

        try:
            with discreet(self.task_id):
                tenant = load_one(tenants_folder(), self.tenant_key)
                run = run_of(context, tenant)
                with closing(open_ports(tenant)) as ports, leased(tenant, ports, run):
                    return staged(self.stage_name, tenant, ports, run, self._discreet_stage)
        except LeaseHeld as held:
            self.log.info("%s This task comes back in %d s.", held, LEASE_WAIT.total_seconds())
            back = datetime.now(tz=UTC) + LEASE_WAIT
            raise AirflowRescheduleException(back) from None  # type: ignore[no-untyped-call]

    def _discreet_stage(self, tenant: Tenant, ports: Ports, run: Run) -> Counters:
        with discreet(self.task_id):
            return self.stage(tenant, ports, run)
