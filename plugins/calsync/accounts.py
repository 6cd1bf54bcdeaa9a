"""Accounts as the CLI, the pages and `extract` use them: matched from both systems, authorised, revoked (RULES A5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from calsync.config.model import Tenant
from calsync.core import accounts as core
from calsync.core.accounts import AMBIGUOUS, Employee, Matched, User, Why
from calsync.core.model import Account, Availability
from calsync.core.text import sound

if TYPE_CHECKING:
    from calsync.graph.client import GraphClient
    from calsync.sharecrm.client import CrmClient
    from calsync.store.store import Store


_MATCHED = "matched"


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a wish: the accounts as stored now, and by employee id why others were refused."""

    accounts: tuple[Account, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


async def refresh(tenant: Tenant, crm: CrmClient, graph: GraphClient, store: Store, now: datetime) -> Matched:
    """Match employees and Microsoft users as both systems list them now, and store what changed.

    :raises RemoteError: when a system cannot be read; then nothing is stored.
    """
    employees, users = await listed(crm, graph)
    return remember(tenant, employees, users, store, now)


async def listed(crm: CrmClient, graph: GraphClient) -> tuple[list[Employee], list[User]]:
    """Everybody, as both systems list them now.

    :raises RemoteError: when a system cannot be read.
    """
    from calsync.graph.read import users
    from calsync.sharecrm.read import open_reader

    reader = await open_reader(crm)
    return await reader.employees(), [user_from(raw) for raw in await users(graph)]


def remember(
    tenant: Tenant, employees: Collection[Employee], users: Collection[User], store: Store, now: datetime
) -> Matched:
    """Match these employees and users with what is stored, and store what changed, in one transaction."""
    with store.begin() as tx:
        known = {account.employee: account for account in tx.accounts(tenant.key)}
        matched = core.match(employees, users, tenant.employees, known.values(), tenant.time_zones, now)
        changed = [account for account in matched.accounts if known.get(account.employee) != account]
        tx.save_accounts(tenant.key, changed, tenant.enterprise)
        tx.save_refusals(tenant.key, matched.refusals, matched.moved)
        tx.remember(tenant.key, _MATCHED, now.isoformat(), now)
    return matched


def left_out(tenant: Tenant) -> list[str]:
    """The employees whom the tenant file leaves out, whatever the latest matching knew of it."""
    return [employee for employee, user in tenant.employees.items() if user is None]


def leave_out(tenant: Tenant, store: Store, now: datetime) -> None:
    """Revoke whom the tenant file leaves out, without asking either system."""
    if out := [one.employee for one in store.accounts(tenant.key, left_out(tenant)) if one.authorised]:
        revoke(tenant, out, store, now)


def stored(tenant: str, store: Store, employees: Collection[str] | None = None) -> Matched:
    """What the latest matching found (of these employees), without asking either system."""
    refusals, moved = store.refusals(tenant, employees)
    return Matched(tuple(store.accounts(tenant, employees)), tuple(refusals), moved)


def matched_at(tenant: str, store: Store) -> datetime | None:
    """When employees and Microsoft users were matched last."""
    said = store.remembered(tenant, _MATCHED)
    return datetime.fromisoformat(said) if said else None


def user_from(raw: Mapping[str, Any]) -> User:
    """A user from Graph's `/users`. `userType` is null for some old members (Graph: user resource type)."""
    return User(
        id=str(raw["id"]),
        mail=_text(raw.get("mail")),
        upn=_text(raw.get("userPrincipalName")),
        proxies=_proxies(raw.get("proxyAddresses")),
        member=(raw.get("userType") or "Member") == "Member",
        enabled=raw.get("accountEnabled") is not False,
    )


def _text(value: object) -> str:
    return sound(value) if isinstance(value, str) else ""


def _proxies(addresses: object) -> tuple[str, ...]:
    """The SMTP addresses, the primary one (`SMTP:` in capitals) first; X500 and other kinds are left out."""
    listed = [_text(address) for address in addresses] if isinstance(addresses, list) else []
    smtp = [address for address in listed if address.lower().startswith("smtp:")]
    return tuple(core.clean(address) for address in sorted(smtp, key=lambda address: not address.startswith("SMTP:")))


def authorise(
    tenant: Tenant, matched: Matched, employees: Collection[str] | None, store: Store, now: datetime
) -> Changed:
    """Authorise these employees' accounts from `now`, or with None everybody who never was and can be.

    An employee whose address has come to match another Microsoft user changes to that user only when named.
    """
    refusals = {refusal.employee: refusal.why for refusal in matched.refusals}
    refusals |= dict.fromkeys(left_out(tenant), Why.EXCLUDED)
    with store.begin() as tx:
        known = {account.employee: account for account in tx.accounts(tenant.key, employees)}
        elsewhere = tx.authorised_in_others(tenant.enterprise, tenant.key)
        if employees is None:
            employees = [account.employee for account in matched.accounts if account.authorised_since is None]
        done: list[Account] = []
        refused: dict[str, str] = {}
        for employee in dict.fromkeys(employees):
            account = matched.moved.get(employee) or known.get(employee)
            reason = why_not(refusals.get(employee), account)
            other = account and elsewhere.get(account.object_id)
            if account is None or reason or other:
                refused[employee] = (
                    reason or f"the Microsoft user is authorised in tenant {other}: revoke it there first"
                )
            else:
                done.append(core.authorised(account, now))
        tx.save_accounts(tenant.key, done, tenant.enterprise)
    return Changed(tuple(done), refused)


def why_not(why: Why | None, account: Account | None) -> str:
    """Why an employee may not be authorised, "" when nothing speaks against it."""
    if why is not None and why is not Why.MOVED:
        return str(why)
    if account is None:
        return "there is no such employee in ShareCRM: correct the id"
    if account.availability is Availability.GONE:
        return "the Microsoft user is gone: restore it, or map the employee under 'employees' in the tenant file"
    return ""


def revoke(tenant: Tenant, employees: Collection[str] | None, store: Store, now: datetime) -> Changed:
    """Revoke these employees' authorisation at `now`, or with None everybody's. No event is touched by it (D7)."""
    with store.begin() as tx:
        known = tx.accounts(tenant.key, employees)
        authorised = {account.employee: account for account in known if account.authorised}
        wanted = list(authorised) if employees is None else list(dict.fromkeys(employees))
        done = [core.revoked(authorised[employee], now) for employee in wanted if employee in authorised]
        tx.save_accounts(tenant.key, done, tenant.enterprise)
    refused = {employee: "is not authorised: nothing to revoke" for employee in wanted if employee not in authorised}
    return Changed(tuple(done), refused)


def settle(tenant: Tenant, employee: str, object_id: str, store: Store) -> str:
    """Give an employee the Microsoft user that a person chose among those of an ambiguous match.

    The account is stored as chosen, still to be authorised; every later matching keeps to it (RULES A5).

    :returns: why that may not be, "" when it was done
    """
    with store.begin() as tx:
        refusals, moved = tx.refusals(tenant.key)
        ambiguous = (one for one in refusals if one.employee == employee and one.why in AMBIGUOUS)
        found = ((one, user) for one in ambiguous for user in one.candidates if user.id == object_id)
        refused, user = next(found, (None, None))
        if refused is None or user is None:
            return "there is nothing to choose for this employee any more: match anew"
        if employee in tenant.employees:
            return "the tenant file says who this employee is, under 'employees': correct it there"
        if any(account.authorised for account in tx.accounts(tenant.key, [employee])):
            return "the employee is authorised with another Microsoft user: revoke it first"
        if any(account.authorised for account in tx.accounts_of(tenant.key, object_id)):
            return str(Why.TAKEN)
        tx.save_accounts(tenant.key, [core.chosen(employee, user, refused.address)], tenant.enterprise)
        tx.save_refusals(tenant.key, core.settled(refusals, refused, user), moved)
    return ""
