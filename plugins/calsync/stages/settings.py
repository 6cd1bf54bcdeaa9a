"""A tenant's file as the engine's rules, and the fingerprints by which a run notices that they changed (C10)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calsync.core.facts import Limits, Rules
from calsync.core.model import Account
from calsync.core.speaker import passed
from calsync.stages.names import former_names

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Run
    from calsync.store.store import Store

MATCHING_DAYS = 2
"""How many days beyond the window are read on each side, for matching only (F5)."""


def rules_of(tenant: Tenant, former: tuple[str, ...] = (), run: Run | None = None) -> Rules:
    """The part of a tenant's file that decides; in a run over days of its own, these are the window (G8).

    :param former: the names it bore before, where the Calendar field of records matters (D6)
    """
    limits = tenant.limits
    past_days, future_days = tenant.window.past_days, tenant.window.future_days
    if run and run.window:
        today = run.at.astimezone(ZoneInfo(tenant.time_zone)).date()
        past_days, future_days = (today - run.window[0]).days, (run.window[1] - today).days
    return Rules(
        tenant=tenant.key,
        name=tenant.name,
        installation=tenant.installation,
        former=former,
        zone=tenant.time_zone,
        direction=tenant.direction,
        scope=tenant.scope,
        out_of_scope=tenant.out_of_scope,
        past_days=past_days,
        future_days=future_days,
        conflicts=tenant.conflicts,
        deletions=tenant.deletions,
        invitations=tenant.invitations,
        first_sync=tenant.first_sync,
        drift=tenant.drift,
        empty_title=tenant.empty_title,
        limits=Limits(
            mails_per_run=limits.max_mails_per_run,
            tenant_meetings=limits.tenant_meetings,
            tenant_share=limits.tenant_share,
            mailbox_meetings=limits.mailbox_meetings,
            mailbox_share=limits.mailbox_share,
            emptied_from=limits.emptied_from,
        ),
    )


def rules_print(tenant: Tenant, store: Store) -> str:
    """Changes when a rule, the scope, the window, other tools' marks, a name or whose a former name is does.

    Limits decide nothing about a meeting: they do not count.
    """
    rules = rules_of(tenant, former_names(tenant, store))
    named = [f"{name}={getattr(rules, name)}" for name in rules.__dataclass_fields__ if name != "limits"]
    return _digest([*named, *tenant.foreign_marks])


def people_print(accounts: Iterable[Account], at: datetime) -> str:
    """Changes when somebody is authorised, revoked, becomes available, goes away, or has been away for too long."""
    people = (f"{a.employee}:{a.object_id}:{a.authorised_since if a.served else passed(a, at)}" for a in accounts)
    return _digest(sorted(people))


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def days(tenant: Tenant, run: Run) -> tuple[date, date]:
    """The first and last local day this run looks at: the tenant's window, or the run's own (G8)."""
    if run.window:
        return run.window
    today = run.at.astimezone(ZoneInfo(tenant.time_zone)).date()
    return today - timedelta(days=tenant.window.past_days), today + timedelta(days=tenant.window.future_days)


def instants(first: date, last: date, margin: int = MATCHING_DAYS) -> tuple[datetime, datetime]:
    """From `first` to `last`, both included, with a margin in days that is wide enough for every time zone."""
    start = datetime.combine(first - timedelta(days=margin), datetime.min.time(), UTC)
    return start, datetime.combine(last + timedelta(days=margin + 1), datetime.min.time(), UTC)
