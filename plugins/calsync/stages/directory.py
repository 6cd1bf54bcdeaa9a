"""Who is a member of the Microsoft tenant, and which employee is which user: looked up once a day (A5, E9)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.accounts import leave_out, listed, remember
from calsync.core import accounts as matching
from calsync.core.model import Account
from calsync.store.records import Cursor

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.graph.client import GraphClient
    from calsync.stages.context import Ports, Run

CURSOR = "directory"
FRESH_FOR = timedelta(hours=24)


async def members_and_accounts(
    tenant: Tenant, ports: Ports, run: Run, client: GraphClient, batch: int
) -> list[Account]:
    """The accounts of this run; who is who by address is staged for `diff`. The first batch asks, once a day.

    An account that the directory or ShareCRM changed is stored by `remember`, which authorises nobody (A5). Whom the
    tenant file leaves out is so at once, in every batch: their mailbox is not to be read once more.
    """
    store, key = ports.store, tenant.key
    cursor = store.cursor(key, CURSOR)
    if not run.dry_run:
        leave_out(tenant, store, run.at)
    known = matching.leave_out(store.accounts(key), tenant.employees, run.at)
    if batch:
        return known
    if cursor and (run.narrow or run.at - cursor.saved_at < FRESH_FOR):
        ports.staging.write_json(key, run.id, "directory", json.loads(cursor.value))
        return known
    async with ports.crm() as crm:
        employees, users = await listed(crm, client)
    who = {
        "members": sorted({address for user in users if user.member for address in user.addresses}),
        "employees": {address: e.id for e in employees if (address := matching.clean(e.email))},
    }
    ports.staging.write_json(key, run.id, "directory", who)
    if run.dry_run or run.narrow:
        return list(matching.match(employees, users, tenant.employees, known, tenant.time_zones, run.at).accounts)
    remember(tenant, employees, users, store, run.at)
    store.save_cursor(key, Cursor(CURSOR, json.dumps(who), run.at))
    return store.accounts(key)
