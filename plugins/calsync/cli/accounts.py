"""`accounts match|list|authorise|revoke`: whose calendars are kept the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from calsync.cli.database import opened_store
from calsync.cli.show import complain, say, show_table

if TYPE_CHECKING:
    from calsync.accounts import Changed
    from calsync.config.model import Tenant
    from calsync.core.accounts import Matched, Refusal
    from calsync.core.model import Account
    from calsync.store.store import Store

app = typer.Typer(no_args_is_help=True, help="Who takes part: employees, their Microsoft users, authorisations.")

_Tenant = Annotated[str, typer.Argument(help="The tenant's key: its file's name without the ending.")]
_Employees = Annotated[list[str] | None, typer.Argument(help="ShareCRM employee ids; or give --all.")]


@app.command("match")
def match_accounts(tenant: _Tenant) -> None:
    """Match ShareCRM employees with Microsoft users by e-mail, and show what was found and what was refused."""
    found = _tenant(tenant)
    with opened_store() as store:
        matched = _matched(found, store)
        _show(found, store.accounts(found.key))
        _show_refusals(matched.refusals)


@app.command("list")
def list_accounts(tenant: _Tenant) -> None:
    """Show the accounts as they were last matched, without asking either system."""
    found = _tenant(tenant)
    with opened_store() as store:
        _show(found, store.accounts(found.key))


@app.command()
def authorise(
    tenant: _Tenant,
    employees: _Employees = None,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody who matches and never was authorised.")] = False,
) -> None:
    """Authorise employees: from now on their calendars are kept the same. They are matched anew first."""
    from calsync import accounts

    wanted, found = _wanted(employees, everybody), _tenant(tenant)
    with opened_store() as store:
        matched = _matched(found, store)
        changed = accounts.authorise(found, matched, wanted, store, datetime.now(UTC))
    if everybody:
        _show_refusals(matched.refusals)
    _tell(changed, "authorised")


@app.command()
def revoke(
    tenant: _Tenant,
    employees: _Employees = None,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody who is authorised.")] = False,
) -> None:
    """Revoke authorisations: those calendars are neither read nor written any more, and nothing in them is deleted."""
    from calsync import accounts

    wanted, found = _wanted(employees, everybody), _tenant(tenant)
    with opened_store() as store:
        changed = accounts.revoke(found, wanted, store, datetime.now(UTC))
    _tell(changed, "revoked")


def _wanted(employees: list[str] | None, everybody: bool) -> list[str] | None:
    if bool(employees) == everybody:
        raise typer.BadParameter("name employee ids, or give --all")
    return employees or None


def _tenant(key: str) -> Tenant:
    from calsync.config.load import load_one, tenants_folder

    return load_one(tenants_folder(), key)


def _matched(tenant: Tenant, store: Store) -> Matched:
    """The accounts matched from both systems as they are now."""
    from calsync import accounts
    from calsync.stages.ports import open_ports

    ports = open_ports(tenant)

    async def refresh() -> Matched:
        async with ports.crm() as crm, ports.graph() as graph:
            return await accounts.refresh(tenant, crm, graph, store, datetime.now(UTC))

    try:
        return asyncio.run(refresh())
    finally:
        ports.close()


def _show(tenant: Tenant, accounts: Sequence[Account]) -> None:
    rows = [(one.employee, one.address, _standing(one), one.availability, one.object_id) for one in accounts]
    show_table(f"Accounts of {tenant.key}", ("Employee", "Address", "Authorised", "Mailbox", "Microsoft user"), rows)


def _standing(account: Account) -> str:
    if account.authorised_since is None:
        return "no"
    if account.revoked_at is not None:
        return f"revoked {account.revoked_at:%Y-%m-%d %H:%M}"
    return f"since {account.authorised_since:%Y-%m-%d %H:%M}"


def _show_refusals(refusals: Sequence[Refusal]) -> None:
    if refusals:
        show_table("Not matched", ("Employee", "Why"), [(one.employee, one.why) for one in refusals])


def _tell(changed: Changed, verb: str) -> None:
    count = len(changed.accounts)
    say(f"{count} account{'' if count == 1 else 's'} {verb}.")
    for employee, reason in changed.refused.items():
        complain(f"employee {employee}: {reason}")
    if changed.refused:
        raise typer.Exit(1)
