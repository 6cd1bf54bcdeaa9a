"""extract_graph: Outlook's events, a delta round for each mailbox, completed by what links need to know (G1, G2)."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING

from calsync.core.model import Account
from calsync.errors import RemoteError, Transient
from calsync.stages.directory import members_and_accounts
from calsync.stages.focus import focused_links, focused_mailboxes, refuse_strangers
from calsync.stages.mailboxes import MailboxReader
from calsync.stages.settings import rules_print

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Counters, Ports, Run


TELLING = 10
"""As many mailboxes of one batch that all fail are no coincidence; without batches, all the tenant has are enough."""


def extract_graph(tenant: Tenant, ports: Ports, run: Run, batch: int = 0, batches: int = 1) -> Counters:
    """Read one batch of the mailboxes and stage what was read, with the cursors that wait for `load`.

    One mailbox's failure is its account's availability and nobody else's (G10); what keeps all of them from being read
    is the run's failure, or it would pass for a quiet day.

    :param batch: which of `batches` parts of the mailboxes, split by a hash of their ids
    :raises RemoteError: no token, no mailbox allowed, or Graph unavailable; nothing is staged then
    :raises ConfigError: somebody named takes no part
    """
    refuse_strangers(tenant, ports, run)
    reader, calls, offset = asyncio.run(_extract(tenant, ports, run, batch, batches))
    failure = reader.common_failure()
    if failure is not None and (_tells(failure, run, batches) or len(reader.seen) >= TELLING):
        raise failure
    key, staging = tenant.key, ports.staging
    staging.write_rows(key, run.id, f"outlook-{batch}", list(reader.rows.values()))
    staging.write_rows(key, run.id, f"absences-{batch}", list(reader.absences.values()))
    staging.write_rows(key, run.id, f"cursors-{batch}", reader.cursors)
    staging.write_json(key, run.id, f"mailboxes-{batch}", {"seen": reader.seen, "offset_s": offset})
    away = sum(1 for found in reader.seen.values() if found["availability"] != "ok")
    return {"mailboxes": len(reader.seen), "unavailable": away, "events": len(reader.rows), "requests_graph": calls}


def _tells(failure: RemoteError, run: Run, batches: int) -> bool:
    """Whether so few mailboxes say what is so for all. Where the run reads only a part of them, a permission is each
    one's own matter; a service that is down is not, and the run comes back to it."""
    return isinstance(failure, Transient) if run.narrow else batches == 1


async def _extract(
    tenant: Tenant, ports: Ports, run: Run, batch: int, batches: int
) -> tuple[MailboxReader, int, float]:
    async with ports.graph() as client:
        accounts = await members_and_accounts(tenant, ports, run, client, batch)
        anew = ports.store.remembered(tenant.key, "rules") != rules_print(tenant, ports.store)
        reader = MailboxReader(tenant, ports, run, client, anew=anew)
        mine = [a for a in accounts if a.authorised and in_batch(a, batch, batches)]
        if run.focus:
            links = focused_links(ports.store, tenant.key, run.focus)
            wanted = focused_mailboxes(links, run.focus)
            await reader.read_only([a for a in mine if a.object_id in wanted], links, run.focus.events)
        else:
            await reader.read([a for a in mine if not run.people or a.employee in run.people])
        skew = client.skew.total_seconds() if client.skew else 0.0
        return reader, client.calls, skew


def in_batch(account: Account, batch: int, batches: int) -> bool:
    """Whether a mailbox belongs to this batch; the same one in every run and process."""
    return bool(account.object_id) and zlib.crc32(account.object_id.encode()) % batches == batch
