"""An employee connects an own mailbox, having proved by a sign-in with Microsoft that it is theirs (RULES A5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from calsync import accounts
from calsync.core.accounts import AMBIGUOUS, Refusal, Why
from calsync.core.model import Availability

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.core.model import Account
    from calsync.graph.signin import SignedIn
    from calsync.store.store import Store


class Standing(StrEnum):
    """How the signed-in person stands; the first two may change it themselves."""

    OPEN = "open"
    CONNECTED = "connected"
    ELSEWHERE = "elsewhere"  # connected in another configuration of the enterprise
    GUEST = "guest"
    UNKNOWN = "unknown"  # no employee is matched with this Microsoft user
    AMBIGUOUS = "ambiguous"
    MOVED = "moved"  # the employee is matched with another Microsoft user, and the address came to be this one's
    STOPPED = "stopped"  # as an employee, by the tenant file, or in the directory


@dataclass(frozen=True, slots=True)
class Mine:
    """What the person may know of an own account. other: the configuration in which it is connected already."""

    standing: Standing
    employee: str = ""
    since: datetime | None = None
    away: bool = False
    other: str = ""


def mine(tenant: Tenant, who: SignedIn, store: Store) -> Mine:
    """How the signed-in person stands in this tenant, by the latest matching."""
    if who.guest:
        return Mine(Standing.GUEST)
    owned = store.accounts_of(tenant.key, who.object_id)
    given = next((one for one in owned if one.authorised), None)
    if given:
        away = given.availability is not Availability.OK
        return Mine(Standing.CONNECTED, given.employee, given.authorised_since, away)
    refused = {one.employee: one for one in store.refusals_of(tenant.key, who.object_id, who.address)}
    refused |= {one.employee: one for one in store.refusals(tenant.key, [one.employee for one in owned])[0]}
    out = {one.employee for one in owned}.intersection(accounts.left_out(tenant))
    refused |= {employee: Refusal(employee, Why.EXCLUDED) for employee in out}
    free = [one for one in owned if one.employee not in refused]
    if len(free) != 1:
        return Mine(_refused(owned, free, list(refused.values()), who))
    other = store.authorised_elsewhere(tenant.enterprise, who.object_id, tenant.key)
    if other:
        return Mine(Standing.ELSEWHERE, free[0].employee, other=other)
    if free[0].availability is Availability.GONE or not free[0].active:
        return Mine(Standing.STOPPED, free[0].employee)
    return Mine(Standing.OPEN, free[0].employee)


def _refused(owned: list[Account], free: list[Account], refused: list[Refusal], who: SignedIn) -> Standing:
    """Why no single account is theirs."""
    why = {one.why for one in refused}
    if len(free) > 1 or why & (AMBIGUOUS | {Why.MAPPED_AWAY, Why.TAKEN}):
        return Standing.AMBIGUOUS
    if Why.MOVED in why:
        return Standing.MOVED
    return Standing.STOPPED if why & {Why.STOPPED, Why.EXCLUDED, Why.DISABLED} else Standing.UNKNOWN


def connect(tenant: Tenant, who: SignedIn, store: Store, now: datetime) -> Mine:
    """Authorise the account of the signed-in person, where it is theirs alone; how they stand afterwards."""
    before = mine(tenant, who, store)
    if before.standing is Standing.OPEN:
        found = accounts.stored(tenant.key, store, [before.employee])
        accounts.authorise(tenant, found, [before.employee], store, now)
    return mine(tenant, who, store)


def disconnect(tenant: Tenant, who: SignedIn, store: Store, now: datetime) -> Mine:
    """Revoke the authorisation of the signed-in person; no event is touched by it (D7). How they stand afterwards."""
    before = mine(tenant, who, store)
    if before.standing is Standing.CONNECTED:
        accounts.revoke(tenant, [before.employee], store, now)
    return mine(tenant, who, store)
