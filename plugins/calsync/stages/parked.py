"""Parked actions, those that failed for their own reasons: what they are, and a person's word about them (G10)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from calsync.core.plan import ActionState
from calsync.stages.context import Focus
from calsync.stages.lease import exclusively
from calsync.stages.masking import masked
from calsync.stages.outcomes import BY_PERSON
from calsync.stages.run import run_tenant
from calsync.store.records import HistoryEntry, JournalRow

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.core.model import Link
    from calsync.stages.context import Counters, Ports, Run
    from calsync.store.store import Store

RETRIED = "a person asked for another try"
DROPPED = "dropped by a person; it is not tried again until the meeting changes"


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked action as a person may see it.

    employee: in whose calendar, or who acts in ShareCRM. title: masked (F6). start: ISO text. tries: how many failed.
    """

    id: str
    link: str
    side: str
    verb: str
    employee: str
    start: str
    title: str
    code: str
    sentence: str
    tries: int
    next_try: datetime | None


def parked(tenant: Tenant, ports: Ports, limit: int | None = None, offset: int = 0) -> list[Parked]:
    """What is parked, in the order in which it was planned: all of it, or `limit` after the first `offset`."""
    rows = ports.store.parked(tenant.key, limit, offset)
    return shown(tenant, ports.store, rows)


def shown(tenant: Tenant, store: Store, rows: Sequence[JournalRow]) -> list[Parked]:
    """Parked actions as a person may see them."""
    links = {link.id: link for link in store.links(tenant.key, {row.action.link for row in rows})}
    employees = store.employees_of(tenant.key, {row.action.mailbox for row in rows} - {""})
    return [_shown(row, links.get(row.action.link), employees) for row in rows]


def retry(tenant: Tenant, ports: Ports, run: Run, ids: Collection[str], who: str) -> Counters:
    """Try these parked actions now, in a run that looks at their meetings alone; what its report says.

    Each meeting is decided anew, on what is there now. Where it fails again, it is parked for longer.

    :param ids: ids of parked actions, see `among`; what is parked no longer is left as it is
    :param who: the person who says so, for the history
    :returns: no counters when none of them is parked any more
    :raises LeaseHeld: another run writes this tenant; nothing was done
    """
    with exclusively(tenant, ports, run):
        rows = _take_up(tenant, ports, run, ids, who)
        if not rows:
            return {}
        links = frozenset(row.action.link for row in rows)
        return run_tenant(tenant, ports, replace(run, focus=Focus(links=links)))


def retry_next(tenant: Tenant, ports: Ports, run: Run, ids: Collection[str], who: str) -> int:
    """Let the next run try these parked actions, whenever they would have been due; how many they are.

    :param who: the person who says so, for the history
    :raises LeaseHeld: another run writes this tenant; nothing was done
    """
    with exclusively(tenant, ports, run):
        return len(_take_up(tenant, ports, run, ids, who))


def _take_up(tenant: Tenant, ports: Ports, run: Run, ids: Collection[str], who: str) -> list[JournalRow]:
    """Let a run try these again: those that are parked still, now that nobody else writes."""
    key, at = tenant.key, ports.now()
    with ports.store.begin() as tx:
        rows = tx.actions(key, states=[ActionState.PARKED], ids=ids)
        tx.mark(key, [row.action.id for row in rows], ActionState.PLANNED, at)
        tx.add_history(key, [_entry(row, run, at, who, RETRIED) for row in rows])
    return rows


def drop(tenant: Tenant, ports: Ports, run: Run, ids: Collection[str], who: str) -> int:
    """Give these parked actions up: the same decision is not tried again until its meeting changes. How many they are.

    The next run still looks at the meeting, for whatever else there is to decide, and lets it rest then.

    :param who: the person who says so, for the history
    :raises LeaseHeld: another run writes this tenant; nothing was done
    """
    key, at = tenant.key, ports.now()
    with exclusively(tenant, ports, run), ports.store.begin() as tx:
        rows = tx.actions(key, states=[ActionState.PARKED], ids=ids)
        tx.mark(key, [row.action.id for row in rows], ActionState.DROPPED, at, code=BY_PERSON, sentence=DROPPED)
        tx.add_history(key, [_entry(row, run, at, who, DROPPED) for row in rows])
    return len(rows)


def among(tenant: Tenant, ports: Ports, ids: Collection[str] | None) -> tuple[list[str], list[str]]:
    """Which of these ids are of parked actions, and which are not; None: all that are parked."""
    known = [row.action.id for row in _rows(tenant, ports)]
    if ids is None:
        return known, []
    return [id_ for id_ in dict.fromkeys(ids) if id_ in known], [id_ for id_ in dict.fromkeys(ids) if id_ not in known]


def _rows(tenant: Tenant, ports: Ports) -> list[JournalRow]:
    return ports.store.actions(tenant.key, states=[ActionState.PARKED])


def _shown(row: JournalRow, link: Link | None, employees: dict[str, str]) -> Parked:
    action = row.action
    event = action.event or action.before or (link.base or link.crm_shown if link else None)
    known = (link.base, link.crm_shown, *(p.shown for p in link.placements)) if link else ()
    return Parked(
        id=action.id,
        link=action.link,
        side=str(action.side),
        verb=str(action.verb),
        employee=employees.get(action.mailbox, action.actor),
        start=str(event.time.start) if event else "",
        title=masked(event, action.before, *known),
        code=row.code,
        sentence=row.sentence,
        tries=row.attempts,
        next_try=row.next_at,
    )


def _entry(row: JournalRow, run: Run, at: datetime, who: str, reason: str) -> HistoryEntry:
    action = row.action
    return HistoryEntry(
        at=at,
        run=run.id,
        link=action.link,
        rule="G10",
        reason=reason,
        side=action.side,
        mailbox=action.mailbox,
        target_id=action.target_id,
        action=action.id,
        who=who,
    )
