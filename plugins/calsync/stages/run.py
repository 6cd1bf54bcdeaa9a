"""All stages of a run in this process, one after the other: what the command line does, and most tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from calsync.errors import CalsyncError, StagingUnusable
from calsync.stages.diff import diff
from calsync.stages.extract_crm import extract_crm
from calsync.stages.extract_graph import extract_graph
from calsync.stages.lease import exclusively
from calsync.stages.load import load
from calsync.stages.report import report
from calsync.stages.requests import map_plan

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Counters, Ports, Run

Stage = Callable[["Tenant", "Ports", "Run"], "Counters"]

STAGES: dict[str, Stage] = {
    "extract_crm": extract_crm,
    "extract_graph": extract_graph,
    "diff": diff,
    "map": map_plan,
    "load": load,
}


def staged(name: str, tenant: Tenant, ports: Ports, run: Run, stage: Stage | None = None) -> Counters:
    """Do one stage and note how long it took and what it said, for `report`; its error goes on."""
    began = time.monotonic()
    noted: dict[str, int | str | float] = {}
    try:
        result = (stage or STAGES[name])(tenant, ports, run)
        noted |= result
        return result
    except CalsyncError as error:
        noted["error"] = str(error)
        raise
    finally:
        noted["seconds"] = round(time.monotonic() - began, 3)
        with suppress(StagingUnusable):  # what the stage did, or why it failed, counts for more than its note
            ports.staging.write_json(tenant.key, run.id, f"stage-{name}", noted)


def run_tenant(tenant: Tenant, ports: Ports, run: Run) -> Counters:
    """Do a whole run. What `report` says comes back, `failed` among it.

    :raises LeaseHeld: another run writes this tenant; nothing was done
    """
    states = dict.fromkeys(STAGES, "upstream_failed")
    with exclusively(tenant, ports, run):
        _all_stages(tenant, ports, run, states)
        return report(tenant, ports, run, states)


def _all_stages(tenant: Tenant, ports: Ports, run: Run, states: dict[str, str]) -> None:
    """One stage after the other, until one fails or finds nothing to do; the report says which and why."""
    for name in STAGES:
        states[name] = "failed"
        try:
            result = staged(name, tenant, ports, run)
        except CalsyncError:
            return
        states[name] = "success"
        if result.get("skip"):
            states |= {"diff": "skipped", "map": "skipped", "load": "skipped"}
            return
