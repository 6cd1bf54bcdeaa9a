"""Cleanup: look for what calsync made, and remove it once a person has confirmed (D7).

The mailboxes themselves are asked, by our mark and by the ids we know, so that a lost state database hides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync.core.cleanup import Wish, cleanup, made_from_outlook
from calsync.core.codec import to_json
from calsync.core.diff import remarks_of
from calsync.core.facts import Facts
from calsync.core.model import STANDS, Absence, Account, CrmRow, Link, LinkState, Origin, OutlookRow, Placement, Proof
from calsync.core.plan import Plan
from calsync.errors import AuthFailed, CalsyncError, ConfigError, Forbidden, NotFound, Refused, RemoteError
from calsync.stages.load import load
from calsync.stages.report import report
from calsync.stages.requests import map_plan
from calsync.stages.run import staged
from calsync.stages.settings import rules_of, rules_print

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.graph.client import GraphClient
    from calsync.sharecrm.read import CrmReader
    from calsync.stages.context import Counters, Ports, Run


@dataclass
class Survey:
    """What a cleanup found.

    accounts: who is in scope; everybody: all that are matched now; employees: address -> id of every employee.
    mailboxes: the calendars looked at, those of former Microsoft users among them. away: why some could not be read.
    """

    accounts: list[Account] = field(default_factory=list)
    mailboxes: frozenset[str] = frozenset()
    everybody: tuple[Account, ...] = ()
    employees: dict[str, str] = field(default_factory=dict)
    rows: list[OutlookRow] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)
    records: list[CrmRow] = field(default_factory=list)
    away: dict[str, RemoteError] = field(default_factory=dict)
    plan: Plan | None = None

    @property
    def found(self) -> Plan:
        """What would be done."""
        if self.plan is None:
            raise RuntimeError("the survey is not finished")
        return self.plan


def survey(tenant: Tenant, ports: Ports, run: Run, who: str = "", *, records: bool, past: bool) -> Survey:
    """Find what a cleanup removes, and stage it as the run's plan.

    :param who: an employee id or an address of the one account to clean; "" for all that were ever authorised
    :param records: whether ShareCRM records that were made from Outlook go too
    :param past: whether invitations to meetings that have ended go too; that mails their guests
    :raises ConfigError: `who` is nobody's account
    :raises RemoteError: a system cannot be read at all
    """
    links = ports.store.links(tenant.key)
    found = asyncio.run(_survey(tenant, ports, run, who, links, records=records))
    facts = Facts(
        rules=rules_of(tenant),
        run=run.id,
        now=run.at,
        accounts=found.everybody,
        contacts=tuple(ports.store.contacts(tenant.key)),
        employees=found.employees,
        links=tuple(links),
        crm=tuple(found.records),
        outlook=tuple(found.rows),
        absences=tuple(found.absences),
    )
    wish = Wish(found.mailboxes, frozenset(account.employee for account in found.accounts), records, past)
    found.plan = cleanup(facts, wish)
    key, staging = tenant.key, ports.staging
    staging.write_rows(key, run.id, "plan", list(found.plan.meetings))
    staging.write_rows(key, run.id, "actions", found.plan.actions)
    staging.write_rows(key, run.id, "remarks", remarks_of(found.plan))
    staging.write_rows(key, run.id, "outlook", found.rows)
    staging.write_rows(key, run.id, "crm", found.records)
    return found


def carry_out(tenant: Tenant, ports: Ports, run: Run) -> Counters:
    """Do what `survey` staged, through journal and ledger; what `report` says of it comes back.

    Where it was interrupted, a new survey finds the rest.
    """
    states = {"map": "upstream_failed", "load": "upstream_failed"}
    stages: dict[str, Callable[[Tenant, Ports, Run], Counters]] = {"map": map_plan, "load": load}
    for name, stage in stages.items():
        states[name] = "failed"
        try:
            staged(name, tenant, ports, run, stage)
        except CalsyncError:
            break
        states[name] = "success"
    return report(tenant, ports, run, states)


async def _survey(
    tenant: Tenant, ports: Ports, run: Run, who: str, links: Collection[Link], *, records: bool
) -> Survey:
    from calsync.accounts import listed
    from calsync.core import accounts as matching
    from calsync.sharecrm.read import open_reader

    found = Survey()
    async with ports.crm() as crm, ports.graph() as graph:
        employees, users = await listed(crm, graph)
        known = ports.store.accounts(tenant.key)
        matched = matching.match(employees, users, tenant.employees, known, tenant.time_zones, run.at)
        found.employees = {address: one.id for one in employees if (address := matching.clean(one.email))}
        found.everybody, found.accounts = matched.accounts, _in_scope(matched.accounts, who)
        reader = await open_reader(crm)
        facts = {"fields": to_json(reader.shape.fields), "rules": rules_print(tenant, ports.store)}
        ports.staging.write_json(tenant.key, run.id, "crm-facts", facts)
        if records:
            whose = {account.employee for account in found.accounts}
            made = [link for link in links if link.crm_owner in whose and made_from_outlook(link, tenant.key)]
            found.records = await _records(reader, made)
        former = {p.mailbox for link in links for p in link.placements if _stands(p)} if not who else set()
        found.mailboxes = frozenset({account.object_id for account in found.accounts} | former)
        await asyncio.gather(*(_mailbox(tenant, graph, mailbox, links, found) for mailbox in found.mailboxes))
    return found


def _in_scope(accounts: Collection[Account], who: str) -> list[Account]:
    """The accounts a cleanup looks at; those never authorised only where nobody ever was: the memory is lost then."""
    if who:
        named = [a for a in accounts if who == a.employee or who.lower() in {a.address, *a.addresses}]
        if not named:
            raise ConfigError(["--account: there is no such account; `accounts list` shows who there is"])
        return named
    return [a for a in accounts if a.authorised_since] or list(accounts)


async def _mailbox(tenant: Tenant, client: GraphClient, mailbox: str, links: Collection[Link], found: Survey) -> None:
    """What stands in one calendar: what bears our mark, wherever it lies in time, and what we know of by id."""
    from calsync.graph.event import outlook_row
    from calsync.graph.read import get_events, marked_events

    try:
        listed = await marked_events(client, mailbox, tenant.installation, tenant.key)
    except AuthFailed:
        raise
    except RemoteError as error:
        found.away[mailbox] = error
        return
    ours = {p.id for link in links for p in link.placements if p.mailbox == mailbox and _stands(p)}
    rows = {raw["id"]: outlook_row(mailbox, raw, marked=True) for raw in listed}
    found.rows += rows.values()
    missing = [(mailbox, id_) for id_ in sorted(ours - rows.keys())]
    for (_, id_), answer in zip(missing, await get_events(client, missing), strict=True):
        if not isinstance(answer, RemoteError):
            found.rows.append(outlook_row(mailbox, answer, marked=True))
            continue
        proof = Proof.GONE if isinstance(answer, NotFound) else Proof.UNKNOWN
        found.absences.append(Absence(mailbox, id_, proof, str(answer.remote)))


def _stands(placement: Placement) -> bool:
    return placement.origin is Origin.OURS and placement.standing in STANDS


async def _records(reader: CrmReader, links: Collection[Link]) -> list[CrmRow]:
    """The records of these links as they are now, those that can be read."""

    async def one(link: Link) -> CrmRow | None:
        try:
            return await reader.get(link.crm_id, user=link.crm_owner)
        except (Refused, Forbidden):
            return None

    alive = [link for link in links if link.state is not LinkState.RETIRED]
    return [row for row in await asyncio.gather(*(one(link) for link in alive)) if row is not None]
