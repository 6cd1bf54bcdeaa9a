"""doctor: is everything there that a run needs? Each check stands by itself, and none of them writes anything."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from calsync.core.model import Account
from calsync.errors import CalsyncError
from calsync.stages.check import Check, Level, Look, bad, in_turn, ok, warn
from calsync.stages.doctor_crm import of_crm
from calsync.stages.doctor_graph import of_graph
from calsync.stages.ports import open_ports
from calsync.store.overview import Waits

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Ports
    from calsync.store.store import Store

Pools = Callable[[], Collection[str] | None]
"""The names of Airflow's pools; None where nobody can be asked."""

LATE = timedelta(days=2)
"""How long after its time what retention removes may still be there: maintenance runs once a day."""


def doctor(tenant: Tenant, ports: Ports, pools: Pools | None = None) -> list[Check]:
    """Look at everything a run of this tenant needs, in both systems and here. It writes nothing anywhere.

    :param ports: with `NoState` for a store where the state database cannot be opened: that is a line of its own then
    :param pools: how Airflow is asked for its pools
    """
    return [
        Check("tenant file", *ok(f"The file is sound: '{tenant.name}', direction {tenant.direction}.")),
        Check("installation", *ok(f"Events are marked as installation '{tenant.installation}'; never change that.")),
        *asyncio.run(_both_systems(tenant, ports)),
        *asyncio.run(in_turn(_here(tenant, ports, pools))),
    ]


class NoState:
    """Stands where the store would, when the state database cannot be opened: whatever is asked of it says why."""

    def __init__(self, why: CalsyncError) -> None:
        self._why = why

    def __getattr__(self, name: str) -> object:
        raise self._why

    def close(self) -> None:
        """There is nothing to close."""


def ports_as_they_are(tenant: Tenant) -> Ports:
    """The tenant's ports; where the state database cannot be opened, with `NoState` in its place."""
    try:
        return open_ports(tenant)
    except CalsyncError as error:
        return open_ports(tenant, store=cast("Store", NoState(error)))


async def _both_systems(tenant: Tenant, ports: Ports) -> list[Check]:
    try:
        accounts = ports.store.accounts(tenant.key)
    except CalsyncError:
        accounts = []  # the line about the state database says why
    crm, graph = await asyncio.gather(of_crm(tenant, ports), of_graph(ports, accounts))
    return [*crm, *graph]


def _here(tenant: Tenant, ports: Ports, pools: Pools | None) -> list[Look]:
    async def airflow() -> tuple[Level, str]:
        return _pools(tenant, pools)

    async def database() -> tuple[Level, str]:
        ports.store.count_links(tenant.key)
        return ok(f"The state database ({ports.store.place}) can be used; it is at version {ports.store.version}.")

    async def lease() -> tuple[Level, str]:
        return _lease(tenant, ports)

    async def accounts() -> tuple[Level, str]:
        return await _accounts(tenant, ports)

    async def waiting() -> tuple[Level, str]:
        return _waiting(tenant, ports)

    async def retention() -> tuple[Level, str]:
        return _retention(tenant, ports)

    return [
        Look("pools", airflow),
        Look("state database", database, needed=True),
        Look("lease", lease),
        Look("accounts", accounts),
        Look("held and parked", waiting),
        Look("retention", retention),
    ]


def _pools(tenant: Tenant, pools: Pools | None) -> tuple[Level, str]:
    """A pool that is not there leaves its task waiting for ever, without a word."""
    wanted = sorted({pool for pool in (tenant.pools.crm, tenant.pools.graph, tenant.pools.load) if pool})
    if not wanted:
        return ok("The tenant's tasks use Airflow's default pool.")
    known = pools() if pools else None
    if known is None:
        return warn(
            f"Whether the pools {', '.join(wanted)} exist is known to Airflow alone: see Admin > Pools, or make the "
            "connection calsync_airflow."
        )
    lacking = [pool for pool in wanted if pool not in known]
    if lacking:
        return bad(f"There is no pool {', '.join(lacking)}: tasks would wait for ever: make it under Admin > Pools.")
    return ok(f"The pools {', '.join(wanted)} exist.")


def _lease(tenant: Tenant, ports: Ports) -> tuple[Level, str]:
    held = ports.store.holder(tenant.key)
    if held is None:
        return ok("Nobody writes this tenant at the moment.")
    who = f"{held.holder} writes since {held.taken_at:%Y-%m-%d %H:%M} UTC"
    if held.until > ports.now():
        return ok(f"{who}, at most until {held.until:%H:%M:%S}.")
    return warn(f"{who} and stopped without a word; the lease has expired, the next run takes it over by itself.")


async def _accounts(tenant: Tenant, ports: Ports) -> tuple[Level, str]:
    known = ports.store.accounts(tenant.key)
    authorised = [account for account in known if account.authorised]
    away = Counter(str(account.availability) for account in authorised if not account.served)
    said = [f"{len(authorised)} of {len(known)} accounts are authorised."]
    said += [f"{count} of them unavailable: {why}." for why, count in sorted(away.items())]
    unmatched = await _unmatched(tenant, ports, known)
    said += [f"{unmatched} employees match no Microsoft user: see `accounts match {tenant.key}`."] if unmatched else []
    if not authorised:
        return warn(f"{said[0]} Nobody's calendar takes part: `python -m calsync accounts authorise {tenant.key}`.")
    return (warn if away else ok)(" ".join(said))


async def _unmatched(tenant: Tenant, ports: Ports, known: Collection[Account]) -> int:
    """How many active employees match no Microsoft user now; 0 too where the systems cannot be asked."""
    from calsync.accounts import listed
    from calsync.core.accounts import Why, match

    try:
        async with ports.crm() as crm, ports.graph() as graph:
            employees, users = await listed(crm, graph)
    except CalsyncError:
        return 0  # the lines about the two systems say why
    found = match(employees, users, tenant.employees, known, tenant.time_zones, ports.now())
    return sum(refusal.why not in (Why.STOPPED, Why.EXCLUDED, Why.MOVED) for refusal in found.refusals)


def _waiting(tenant: Tenant, ports: Ports) -> tuple[Level, str]:
    """What a person has answered for does not wait for one any more, also while it is not done yet."""
    waits = ports.store.waiting_counts([tenant.key]).get(tenant.key, Waits())
    held = "1 meeting waits" if waits.held == 1 else f"{waits.held} meetings wait"
    said = [f"{held} for a person's answer: `python -m calsync held {tenant.key}`."] if waits.held else []
    said += [f"{waits.parked} parked: `python -m calsync parked list {tenant.key}`."] if waits.parked else []
    return warn(" ".join(said)) if said else ok("Nothing waits for a person's answer, and nothing is parked.")


def _retention(tenant: Tenant, ports: Ports) -> tuple[Level, str]:
    kept = tenant.retention
    said = f"Staged files are kept {kept.staging_days} days, former values {kept.history_days} days."
    oldest = ports.store.oldest_history(tenant.key)
    if oldest and ports.now() - oldest > timedelta(days=kept.history_days) + LATE:
        return warn(f"{said} There are older ones: unpause the DAG calendar_sync_maintenance, which removes them.")
    return ok(said)
