"""The end of retention: staged files, history and finished actions that are older than the tenant's file says (F6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from calsync.stages.outcomes import BY_PERSON

if TYPE_CHECKING:
    from calsync.config.parts import Retention
    from calsync.stages.context import Counters, Ports


def kept_keys(ports: Ports) -> list[str]:
    """The keys under which anything is stored or staged. A tenant whose file was put aside, or removed, is among them:
    what was kept of it stays until its time is over."""
    stored = ports.store.tenants()
    return sorted({*stored, *ports.staging.tenants(known=stored)})


def prune(key: str, kept: Retention, ports: Ports, at: datetime) -> Counters:
    """Forget what has been kept long enough; how many run folders, history entries, actions and runs that were.

    What may still be acted on stays: links, and actions that are planned, parked or held. So does what a person has
    dropped, while its meeting stands: the same decision would be tried again (G10).
    """
    folders = ports.staging.prune(key, at - timedelta(days=kept.staging_days))
    pruned = ports.store.prune(key, at - timedelta(days=kept.history_days), lasting=[BY_PERSON])
    return {"folders": folders, **pruned._asdict()}
