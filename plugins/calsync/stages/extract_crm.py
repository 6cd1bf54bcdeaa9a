"""extract_crm: ShareCRM's records and contacts from the cursor, completed by what the links need to know (G1, G2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from calsync.core.codec import to_json
from calsync.core.model import Contact, CrmRow, Life, Link, LinkState
from calsync.stages.focus import concerns, focused_links, refuse_strangers
from calsync.stages.settings import days, instants, rules_print
from calsync.store.records import Cursor

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.sharecrm.read import CrmReader
    from calsync.stages.context import Counters, Focus, Ports, Run

OVERLAP = timedelta(minutes=5)
"""How far a read goes back before its watermark: ShareCRM's index may lag (G2)."""

CURSOR, CONTACTS, SWEEP = "crm", "contacts", "sweep"

SLICES = 8
"""Into how many listings a sweep of the window is cut at most; runs in between have nothing to list."""


@dataclass
class _Read:
    """What one extraction has read so far, each record once, the newest version of it."""

    rows: dict[str, CrmRow] = field(default_factory=dict)
    contacts: list[Contact] = field(default_factory=list)
    cursors: list[Cursor] = field(default_factory=list)

    def take(self, row: CrmRow) -> None:
        known = self.rows.get(row.id)
        if known is None or row.version >= known.version:
            self.rows[row.id] = row

    async def take_all(self, rows: AsyncIterator[CrmRow]) -> None:
        async for row in rows:
            self.take(row)


def extract_crm(tenant: Tenant, ports: Ports, run: Run) -> Counters:
    """Read ShareCRM and stage what was read, with the cursor that waits for `load`.

    :raises RemoteError: ShareCRM could not be read; nothing is staged then
    :raises ConfigError: a field that is needed could not be found, or somebody named takes no part
    """
    refuse_strangers(tenant, ports, run)
    read, calls, offset, fields = asyncio.run(_extract(tenant, ports, run))
    key, staging = tenant.key, ports.staging
    staging.write_rows(key, run.id, "crm", list(read.rows.values()))
    staging.write_rows(key, run.id, "contacts", read.contacts)
    staging.write_rows(key, run.id, "cursors-crm", read.cursors)
    facts = {"fields": fields, "offset_s": offset, "rules": rules_print(tenant, ports.store)}
    staging.write_json(key, run.id, "crm-facts", facts)
    return {"records": len(read.rows), "contacts": len(read.contacts), "requests_crm": calls}


async def _extract(tenant: Tenant, ports: Ports, run: Run) -> tuple[_Read, int, float, str]:
    from calsync.sharecrm.read import open_reader

    read = _Read()
    async with ports.crm() as client:
        reader = await open_reader(client)
        clock = client.clock
        if run.focus:
            await _focused(tenant, ports, reader, read, run.focus)
        else:
            await _listed(tenant, ports, reader, read, run)
        await _contacts(tenant, ports, reader, read, run)
        if run.moves_cursors:
            watermark = _watermark(clock, read, ports.now()).astimezone(UTC).isoformat()
            first, last = days(tenant, run)
            ends = {"first": first.isoformat(), "last": last.isoformat()}
            read.cursors += [Cursor(CURSOR, watermark, run.at, meta=ends), Cursor(CONTACTS, watermark, run.at)]
        return read, client.calls, client.offset.total_seconds(), to_json(reader.shape.fields)


async def _listed(tenant: Tenant, ports: Ports, reader: CrmReader, read: _Read, run: Run) -> None:
    """What has changed, or the whole window, and what must be read by id beside it."""
    cursor = ports.store.cursor(tenant.key, CURSOR) if run.moves_cursors else None
    anew = ports.store.remembered(tenant.key, "rules") != rules_print(tenant, ports.store)
    first, last = days(tenant, run)
    if anew or cursor is None:
        await read.take_all(_of_people(reader.window(*instants(first, last)), run.people))
        await _missing(tenant, ports, reader, read, first, last, run.people)
        read.cursors += [Cursor(SWEEP, first.isoformat(), run.at)] if run.moves_cursors else []
    else:
        await read.take_all(reader.changed_since(datetime.fromisoformat(cursor.value) - OVERLAP))
        await _entered(reader, read, cursor, last)
        await _sweep(tenant, ports, reader, read, run)
    dirty = [link for link in ports.store.dirty_links(tenant.key) if concerns(link, run.people)]
    await _unsettled(tenant, ports, reader, read, dirty, None if not run.narrow else {link.id for link in dirty})


async def _focused(tenant: Tenant, ports: Ports, reader: CrmReader, read: _Read, focus: Focus) -> None:
    """By id the records of the meetings in focus, each as its owner, and those that are named."""
    links = focused_links(ports.store, tenant.key, focus)
    await _unsettled(tenant, ports, reader, read, links, {link.id for link in links})
    unknown = focus.records - {link.crm_id for link in links}
    await _by_id(reader, read, [(id_, "") for id_ in sorted(unknown)])


async def _of_people(rows: AsyncIterator[CrmRow], people: frozenset[str]) -> AsyncIterator[CrmRow]:
    """The records that one of these employees owns or attends; all of them when none is named."""
    async for row in rows:
        attending = row.event.attendees if row.event else frozenset()
        if not people or row.owner in people or attending & people:
            yield row


def _watermark(clock: datetime | None, read: _Read, now: datetime) -> datetime:
    """ShareCRM's own clock: when the reading began, else the greatest stamp seen (G2); of no day still to come."""
    seen = clock or max((row.modified for row in read.rows.values() if row.modified), default=now)
    return min(seen, now + timedelta(days=1))


async def _entered(reader: CrmReader, read: _Read, cursor: Cursor, last: date) -> None:
    """The days that the window has reached since the last run: their records need not have changed (F5)."""
    before = cursor.meta.get("last")
    if before and date.fromisoformat(before) < last:
        start, end = instants(date.fromisoformat(before) + timedelta(days=1), last, margin=1)
        await read.take_all(reader.window(start, end))


async def _sweep(tenant: Tenant, ports: Ports, reader: CrmReader, read: _Read, run: Run) -> None:
    """List a slice of the window, so that a record that silently became invalid is missed within `sweep_hours` (G1)."""
    first, last = days(tenant, run)
    swept = ports.store.cursor(tenant.key, SWEEP) or Cursor(SWEEP, first.isoformat(), run.at)
    passed = (run.at - swept.saved_at) / timedelta(hours=tenant.sweep_hours)
    if passed * SLICES < 1:
        return
    start = date.fromisoformat(swept.value)
    start = start if first <= start <= last else first
    width = ceil(((last - first).days + 1) * min(passed, 1))
    end = min(last, start + timedelta(days=width - 1))
    found = _Read()
    await found.take_all(reader.window(*instants(start, end)))
    for row in found.rows.values():
        read.take(row)
    await _missing(tenant, ports, reader, read, start, end)
    following = end + timedelta(days=1)
    read.cursors.append(Cursor(SWEEP, (following if following <= last else first).isoformat(), run.at))


async def _missing(
    tenant: Tenant,
    ports: Ports,
    reader: CrmReader,
    read: _Read,
    first: date,
    last: date,
    people: frozenset[str] = frozenset(),
) -> None:
    """By id what the links of these people place between two days and the listing lacks: each as its owner (D1)."""
    links = [link for link in ports.store.links_between(tenant.key, first, last) if concerns(link, people)]
    await _by_id(reader, read, [(x.crm_id, x.crm_owner) for x in links if _expected(x) and x.crm_id not in read.rows])


def _expected(link: Link) -> bool:
    return bool(link.crm_id) and link.state in (LinkState.LIVING, LinkState.SEEN)


async def _unsettled(
    tenant: Tenant,
    ports: Ports,
    reader: CrmReader,
    read: _Read,
    links: Iterable[Link],
    among: Collection[str] | None = None,
) -> None:
    """By id what the next diff decides again, so that it decides on what is there now (G3).

    :param among: the links whose unanswered creates are looked for; None: those of all
    """
    await _by_id(reader, read, [(x.crm_id, x.crm_owner) for x in links if x.crm_id and x.crm_id not in read.rows])
    for owner, since in _unanswered(tenant, ports, among).items():
        await read.take_all(reader.created_since(owner or reader.shape.settings.user, since))


def _unanswered(tenant: Tenant, ports: Ports, among: Collection[str] | None) -> dict[str, datetime]:
    """By owner, since when creates were sent whose answer was never recorded (G3)."""
    since: dict[str, datetime] = {}
    for row in ports.store.open_intents(tenant.key):
        action = row.action
        if action.makes_record and row.sent_at and (among is None or action.link in among):
            since[action.actor] = min(since.get(action.actor, row.sent_at), row.sent_at)
    return since


async def _by_id(reader: CrmReader, read: _Read, records: Iterable[tuple[str, str]]) -> None:
    """Records by id, each as this user; "" is the connection's."""
    from calsync.errors import Forbidden, Refused

    async def one(record: str, user: str) -> CrmRow | None:
        try:
            return await reader.get(record, user=user)
        except (Refused, Forbidden):
            return None  # asked and not told: no proof of anything (D1)

    for row in await asyncio.gather(*(one(*each) for each in records)):
        if row is not None:
            read.take(row)


async def _contacts(tenant: Tenant, ports: Ports, reader: CrmReader, read: _Read, run: Run) -> None:
    """Contacts from their own watermark, and those a record names that are not known yet (A6); the latter alone where
    the run reads only a part."""
    cursor = ports.store.cursor(tenant.key, CONTACTS) if run.moves_cursors else None
    since = datetime.fromisoformat(cursor.value) - OVERLAP if cursor else None
    known = {contact.id: contact for contact in ports.store.contacts(tenant.key)}
    changed = {} if run.narrow else {c.id: c async for c in reader.contacts_changed_since(since)}
    named = {c for row in read.rows.values() if row.event and row.life is Life.NORMAL for c in row.event.contacts}
    missing = named - known.keys() - changed.keys()
    changed |= {c.id: c for c in (await reader.contacts_by_ids(missing) if missing else [])}
    read.contacts = [contact for contact in changed.values() if known.get(contact.id) != contact]
