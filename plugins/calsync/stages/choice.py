"""Choosing: what waits because several meetings look the same, and a person's word about it (B4)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.core.choice import apart, paired, waits
from calsync.core.match import look
from calsync.core.model import Event, Link, LinkState, Side
from calsync.errors import Forbidden, Refused, RemoteError
from calsync.store.records import HistoryEntry

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Ports, Run


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record or an Outlook meeting that waits, or a synced record that one of them looks like.

    id: by which a person chooses it. people: employees who own it, or in whose calendars it stands. event: as it is
    now, None when it cannot be read.
    """

    side: Side
    id: str
    people: tuple[str, ...]
    event: Event | None

    @property
    def look(self) -> str:
        """The same for all that look the same."""
        return look(self.event) if self.event else ""


def waiting(tenant: Tenant, ports: Ports) -> list[Candidate]:
    """Everything that waits for a choice, what looks the same together; read from both systems as it is now.

    :raises RemoteError: a system cannot be read
    """
    links = [link for link in ports.store.dirty_links(tenant.key) if waits(link)]
    found = asyncio.run(_read(ports, links, tenant)) if links else []
    looks = {one.look for one in found} - {""}
    known = {one.id for one in found}
    for link in ports.store.links_by_look(tenant.key, looks):
        if link.state is LinkState.LIVING and link.crm_id and link.crm_id not in known:
            found.append(Candidate(Side.CRM, link.crm_id, (link.crm_owner,), link.base))
    return sorted(found, key=lambda one: (str(one.event.time.start) if one.event else "", one.look, one.side, one.id))


def choose(tenant: Tenant, ports: Ports, run: Run, record: str, event: str) -> str:
    """Remember a person's choice for the next run.

    :param record: the id of a ShareCRM record
    :param event: the id of the Outlook event that is the same meeting; "" when none of them is
    :returns: why it could not be done, "" when it was
    """
    key, store = tenant.key, ports.store
    with store.begin() as tx:
        known = [link for link in tx.links_by_crm(key, [record]) if link.state in (LinkState.SEEN, LinkState.LIVING)]
        if not known:
            return f"Record {record} waits for no choice; `choose {key}` shows what does."
        (mine,) = known
        changed: Sequence[Link]
        if event:
            events = [link for link in tx.dirty_links(key) if waits(link) and event in {p.id for p in link.placements}]
            if not events:
                return f"Event {event} waits for no choice; `choose {key}` shows what does."
            if _both_there(mine, events[0]):
                return f"Record {record} has an event in that calendar already; the two cannot be one meeting."
            changed, reason = paired(mine, events[0]), "a person chose the event that is this record's"
        else:
            changed, reason = [apart(mine)], "a person said that none of the events is this record's"
        tx.save_links(key, changed)
        tx.add_history(key, [HistoryEntry(ports.now(), run.id, mine.id, "B4", reason)])
    return ""


def _both_there(record: Link, event: Link) -> bool:
    """Whether the record stands in one of the event's calendars already: a meeting is there once (B4)."""
    return bool({p.mailbox for p in record.placements} & {p.mailbox for p in event.placements})


async def _read(ports: Ports, links: Sequence[Link], tenant: Tenant) -> list[Candidate]:
    """The records and events of these links as they are now."""
    from calsync.graph.event import outlook_row
    from calsync.graph.read import get_events
    from calsync.sharecrm.read import open_reader

    employees = {account.object_id: account.employee for account in ports.store.accounts(tenant.key)}
    records = [link for link in links if link.crm_id]
    placed = [link for link in links if link.placements]
    found: list[Candidate] = []
    async with ports.crm() as crm, ports.graph() as graph:
        reader = await open_reader(crm)
        for link in records:
            try:
                row = await reader.get(link.crm_id, user=link.crm_owner)
            except (Refused, Forbidden):
                found.append(Candidate(Side.CRM, link.crm_id, (link.crm_owner,), None))
            else:
                found.append(Candidate(Side.CRM, row.id, (row.owner or link.crm_owner,), row.event))
        first = [link.placements[0] for link in placed]
        answers = await get_events(graph, [(p.mailbox, p.id) for p in first], with_marks=False)
        for link, place, raw in zip(placed, first, answers, strict=True):
            people = tuple(sorted(employees.get(p.mailbox, "") for p in link.placements))
            event = None if isinstance(raw, RemoteError) else outlook_row(place.mailbox, raw).event
            found.append(Candidate(Side.OUTLOOK, place.id, people, event))
    return found
