"""How tenants stand, at a glance: their last runs, accounts, changes, and what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calsync.store.overview import Accounts, LastRun, Waits

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.store.records import Run
    from calsync.store.store import Store

WRITTEN = ("created", "updated", "deleted")
_SIDES = ("crm", "outlook")
LATE_RUNS = 3
"""So many intervals of its schedule without a run that succeeded: the tenant lags behind."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One tenant at a glance. at_work: a run writes it now. changes, conflicts: of today in the tenant's time zone."""

    tenant: Tenant
    last: LastRun | None = None
    at_work: bool = False
    accounts: Accounts = field(default_factory=Accounts)
    waits: Waits = field(default_factory=Waits)
    changes: int = 0
    conflicts: int = 0

    def lag(self, now: datetime) -> timedelta | None:
        """For how long what changed may not have been carried over; None before the first run that succeeded."""
        return now - self.last.synced_at if self.last and self.last.synced_at else None

    def late(self, now: datetime) -> bool:
        """Whether several runs in a row have failed or not come; of a cron schedule nobody can say."""
        lag, schedule = self.lag(now), self.tenant.schedule
        return bool(lag and not schedule.cron and lag > LATE_RUNS * timedelta(minutes=schedule.every_minutes))

    @property
    def failed(self) -> bool:
        """Whether the last run failed."""
        return self.last is not None and self.last.state == "failed"

    @property
    def urgency(self) -> int:
        """How much wants a person's attention."""
        return 1000 * self.failed + self.waits.held + self.waits.parked + self.accounts.away


def glances(store: Store, tenants: Sequence[Tenant], now: datetime) -> list[Glance]:
    """These tenants at a glance, in their order: five queries, however many they are."""
    keys = [tenant.key for tenant in tenants]
    last, writers = store.last_runs(keys), store.writers(keys, now)
    accounts, waits = store.account_counts(keys), store.waiting_counts(keys)
    today = store.counters_since({tenant.key: midnight(tenant, now) for tenant in tenants})
    return [
        Glance(
            tenant=tenant,
            last=last.get(tenant.key),
            at_work=tenant.key in writers,
            accounts=accounts.get(tenant.key, Accounts()),
            waits=waits.get(tenant.key, Waits()),
            changes=sum(written(counters).values()) if (counters := today.get(tenant.key)) else 0,
            conflicts=today[tenant.key]["conflicts"] if tenant.key in today else 0,
        )
        for tenant in tenants
    ]


def midnight(tenant: Tenant, now: datetime) -> datetime:
    """When the tenant's day began."""
    return now.astimezone(ZoneInfo(tenant.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)


def written(counters: Mapping[str, int]) -> dict[str, int]:
    """What a run created, updated and deleted, on both sides together."""
    return {verb: sum(counters.get(f"{side}_{verb}", 0) for side in _SIDES) for verb in WRITTEN}


def recent_changes(store: Store, tenants: Sequence[Tenant], limit: int) -> dict[str, list[Run]]:
    """The newest runs of each tenant that came to writing, oldest first."""
    newest = store.newest_runs([tenant.key for tenant in tenants], limit)
    return {key: runs[::-1] for key, runs in newest.items()}
