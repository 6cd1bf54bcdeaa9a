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


def save(tenant: Tenant, ports: Ports, run: Run, ledger: Ledger) -> None:
    """Save each cursor whose extraction caused nothing that is still open: all of it is done, parked or held.

    Rules and people are remembered as this run read and decided by them; what changed since is the next one's (C10).
    """
    key, staging = tenant.key, ports.staging
    unsettled = ledger.unsettled()
    kept_back = {name for action in unsettled for name in _caused_by(ledger, action)}
    with ports.store.begin() as tx:
        tx.save_cursor(key, *(cursor for cursor in _pending(tenant, ports, run) if cursor.name not in kept_back))
        if not unsettled and run.moves_cursors:
            tx.remember(key, "rules", staging.read_json(key, run.id, "crm-facts")["rules"], run.at)
            tx.remember(key, "people", staging.read_json(key, run.id, "verdict")["people"], run.at)


def _pending(tenant: Tenant, ports: Ports, run: Run) -> list[Cursor]:
    names = ("cursors", "cursors-crm")
    return [cursor for name in names for cursor in ports.staging.read_rows(Cursor, tenant.key, run.id, name)]


def _instant(cursor: Cursor) -> datetime:
    return datetime.fromisoformat(cursor.value)


def _caused_by(ledger: Ledger, action: Action) -> set[str]:
    meeting = ledger.meetings[action.link]
    mailboxes = {placement.mailbox for placement in meeting.noted.placements} | {action.mailbox} - {""}
    return {CURSOR, *(cursor_name(mailbox) for mailbox in mailboxes)}
