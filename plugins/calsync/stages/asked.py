"""What a waiting question is about, as the page of the run that asks it shows it: meeting by meeting (G6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.core.plan import ActionState
from calsync.stages.changes import shown_change
from calsync.stages.masking import mask_anew
from calsync.stages.report import REPORT

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Ports, Run
    from calsync.stages.holds import Question


def show_question(tenant: Tenant, ports: Ports, run: Run, question: Question) -> None:
    """Stage what is held as the report of the run that asks, until the report of what was done takes its place."""
    key = tenant.key
    employees = {account.object_id: account.employee for account in ports.store.accounts(key)}
    rows = [row for row in ports.store.actions(key, states=[ActionState.HELD], asked=question.id) if not row.answer]
    count = f"{question.meetings} meeting{' waits' if question.meetings == 1 else 's wait'}"
    told = {
        "tenant": key,
        "run": run.id,
        "at": run.at.isoformat(),
        "dry_run": False,
        "sentence": f"{count} for your answer under Required Actions. Nothing of this has been done.",
        "counters": {"held": len(rows)},
        "changes": [shown_change(row.action, row, employees) for row in rows],
        "remarks": [],
        "stages": {},
    }
    ports.staging.write_json(key, run.id, REPORT, mask_anew(told, ports.store))
