"""load: carry out the requests, keep the books, and move the cursors once everything they caused is settled (G2, G3).

It decides nothing. It runs with no requests too, since it saves the cursors.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from calsync.core.model import Account, Contact, Side
from calsync.core.plan import ActionState, Meeting, Request
from calsync.errors import Remote, Unavailable
from calsync.stages import cursors
from calsync.stages.ledger import Ledger
from calsync.stages.names import remember_name
from calsync.stages.outcomes import TELLING, refused_as_one
from calsync.stages.requests import contact_accounts, crm_shape
from calsync.stages.wishes import end_wishes

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Counters, Ports, Run


def load(tenant: Tenant, ports: Ports, run: Run) -> Counters:
    """Write. A dry run writes nothing at all.

    :raises LeaseLost: another run may write now; what is left stays in the journal
    :raises Unavailable: some actions met a passing failure; a repeated task tries just these again
    :raises Forbidden: everything that was tried in a system was refused for one reason; all of it is parked
    """
    if run.dry_run:
        return {"requests_crm": 0, "requests_graph": 0}
    ports.store.start_run(tenant.key, run.id, run.kind, run.at)
    remember_name(tenant, ports.store, run)
    _remember_people(tenant, ports, run)
    cursors.begin(tenant, ports, run)
    ledger = Ledger(tenant, ports, run, ports.staging.read_rows(Meeting, tenant.key, run.id, "plan"))
    ledger.open()
    calls = asyncio.run(_write(tenant, ports, run, ledger))
    cursors.save(tenant, ports, run, ledger)
    end_wishes(tenant, ports, run, ledger)
    open_again = ledger.count(ActionState.FAILED)
    if open_again:
        sentence = f"{open_again} changes met a passing failure; they are tried again, nothing is lost"
        raise Unavailable(sentence, Remote("load"))
    if silent := _unanswered(ledger):
        sentence = (
            f"{silent} new records got no answer from ShareCRM; each is looked for and made again, nothing is lost"
        )
        raise Unavailable(sentence, Remote("sharecrm"))
    for side in Side:
        if refused := refused_as_one(side, ledger.tried(side)):
            raise refused
    if ledger.unkept:
        calls["unkept"] = ledger.unkept
    return {**calls, **{str(state): ledger.count(state) for state in ActionState if ledger.count(state)}}


def _unanswered(ledger: Ledger) -> int:
    """How many creates got no answer, when that is no coincidence: several did, and nothing else succeeded (G10)."""
    silent = {action.link for action in ledger.open_actions(Side.CRM)}
    told = ledger.spent() or len(silent) < TELLING or ledger.tried(Side.CRM)
    return 0 if told else len(silent)


def _remember_people(tenant: Tenant, ports: Ports, run: Run) -> None:
    """What this run learnt of mailboxes and contacts, before it acts on it.

    One that reads only a part leaves them to the next whole run, which then looks at all that they concern (C10).
    """
    if run.narrow:
        return
    key, staging = tenant.key, ports.staging
    known = {account.employee: account for account in ports.store.accounts(key)}
    learnt = staging.read_rows(Account, key, run.id, "accounts")
    changed = [a for a in learnt if (k := known.get(a.employee)) and k != a and k.object_id == a.object_id]
    with ports.store.begin() as tx:
        tx.save_accounts(key, [_merged(known[a.employee], a) for a in changed], tenant.enterprise)
        tx.save_contacts(key, staging.read_rows(Contact, key, run.id, "contacts"))


def _merged(known: Account, learnt: Account) -> Account:
    """Only what the run itself learnt; an authorisation given or taken meanwhile stands."""
    return replace(known, availability=learnt.availability, away_since=learnt.away_since, zone=learnt.zone)


async def _write(tenant: Tenant, ports: Ports, run: Run, ledger: Ledger) -> Counters:
    """Both sides at the same time; an error on one stops the other at its next wave."""
    requests = {r.action: r for r in ports.staging.read_rows(Request, tenant.key, run.id, "requests")}
    sides = (_crm(tenant, ports, run, ledger, requests), _outlook(tenant, ports, run, ledger, requests))
    results = await asyncio.gather(*sides, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return {"requests_crm": int(str(results[0])), "requests_graph": int(str(results[1]))}


async def _crm(tenant: Tenant, ports: Ports, run: Run, ledger: Ledger, requests: dict[str, Request]) -> int:
    from calsync.stages.write_crm import CrmLoader

    if not ledger.open_actions(Side.CRM):
        return 0
    async with ports.crm() as client:
        shape, accounts = crm_shape(tenant, ports, run), contact_accounts(tenant, ports, run)
        await CrmLoader(client, shape, ledger, requests, accounts).load(ports)
        return client.calls


async def _outlook(tenant: Tenant, ports: Ports, run: Run, ledger: Ledger, requests: dict[str, Request]) -> int:
    from calsync.stages.write_outlook import OutlookLoader

    if not ledger.open_actions(Side.OUTLOOK):
        return 0
    given = {a.object_id for a in ports.staging.read_rows(Account, tenant.key, run.id, "accounts") if a.authorised}
    async with ports.graph() as client:
        await OutlookLoader(client, ledger, requests, given).load(ports)
        return client.calls
