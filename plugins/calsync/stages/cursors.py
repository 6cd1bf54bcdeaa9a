"""The cursors that a run's extracts left pending: whether they are worth saving, and saving them (G2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from calsync.core.plan import Action
from calsync.stages.extract_crm import CURSOR, OVERLAP, SWEEP
from calsync.stages.mailboxes import cursor_name
from calsync.store.records import Cursor

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Ports, Run
    from calsync.stages.ledger import Ledger

LIFE = timedelta(hours=12)
"""A cursor older than this is saved again even when nothing changed, so that it does not die of age."""


def due(tenant: Tenant, ports: Ports, run: Run) -> bool:
    """Whether a pending cursor has to be saved: it is new or grows old, or the next run would read the same again."""
    saved = {cursor.name: cursor for cursor in ports.store.cursors(tenant.key)}
    staged = ports.staging.frame(tenant.key, run.id, "outlook", only=["mailbox"])
    busy = {cursor_name(mailbox) for mailbox in staged["mailbox"].unique().to_pylist()} if len(staged) else set()
    records = ports.staging.count(tenant.key, run.id, "crm")
    for cursor in _pending(tenant, ports, run):
        known = saved.get(cursor.name)
        if known is None or run.at - known.saved_at > LIFE or known.meta != cursor.meta:
            return True
        if cursor.name == SWEEP or cursor.name in busy:
            return True
        if cursor.name == CURSOR and records and _instant(cursor) - _instant(known) > OVERLAP:
            return True
    return False


def begin(tenant: Tenant, ports: Ports, run: Run) -> None:
    """Forget by which rules and people all was last decided, before a run that has decided by others writes.

    Should it break off or look at days of its own, and all be as before by the next run, that would see no change, and
    a mailbox that was away meanwhile would never get what it missed: so it looks at everything (C10). A run that reads
    only a part sees to that itself, meeting by meeting.
    """
    if run.narrow:
        return
    with ports.store.begin() as tx:
        for name, value in _decided_by(tenant, ports, run).items():
            if tx.remembered(tenant.key, name) not in (None, value):
                tx.remember(tenant.key, name, "", run.at)


def save(tenant: Tenant, ports: Ports, run: Run, ledger: Ledger) -> None:
    """Save each cursor whose extraction caused nothing that is still open: all of it is done, parked or held.

    Rules and people are remembered as this run read and decided by them; what changed since is the next one's (C10).
    """
    key = tenant.key
    unsettled = ledger.unsettled()
    kept_back = {name for action in unsettled for name in _caused_by(ledger, action)}
    with ports.store.begin() as tx:
        tx.save_cursor(key, *(cursor for cursor in _pending(tenant, ports, run) if cursor.name not in kept_back))
        if not unsettled and run.moves_cursors:
            for name, value in _decided_by(tenant, ports, run).items():
                tx.remember(key, name, value, run.at)


def _decided_by(tenant: Tenant, ports: Ports, run: Run) -> dict[str, str]:
    """By which rules and for which people this run has decided; a cleanup goes by what stands there alone."""
    said = [ports.staging.read_json(tenant.key, run.id, name) or {} for name in ("crm-facts", "verdict")]
    return {name: each[name] for name, each in zip(("rules", "people"), said, strict=True) if name in each}


def _pending(tenant: Tenant, ports: Ports, run: Run) -> list[Cursor]:
    names = ("cursors", "cursors-crm")
    return [cursor for name in names for cursor in ports.staging.read_rows(Cursor, tenant.key, run.id, name)]


def _instant(cursor: Cursor) -> datetime:
    return datetime.fromisoformat(cursor.value)


def _caused_by(ledger: Ledger, action: Action) -> set[str]:
    meeting = ledger.meetings[action.link]
    mailboxes = {placement.mailbox for placement in meeting.noted.placements} | {action.mailbox} - {""}
    return {CURSOR, *(cursor_name(mailbox) for mailbox in mailboxes)}
