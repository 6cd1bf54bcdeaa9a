"""How many tenants stand at a glance: one query for each fact, whatever their number."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, or_, select, union_all

from calsync.core.model import Availability
from calsync.core.plan import ActionState
from calsync.store.cursors import SEEN, CursorCalls
from calsync.store.records import Run, RunState
from calsync.store.runs import run_of
from calsync.store.tables import account, action, cursor, lease, run

_LAST = "last run"
_SYNCED = "synced"


@dataclass(frozen=True, slots=True)
class LastRun:
    """The run that ended last. synced_at: when the last ordinary run that succeeded began, None when none has.

    What was written on either side before then is on both.
    """

    id: str
    kind: str
    state: RunState
    started_at: datetime
    ended_at: datetime
    sentence: str
    synced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waits:
    """What waits for a person: meetings that are held and not answered, actions that are parked."""

    held: int = 0
    parked: int = 0


@dataclass(frozen=True, slots=True)
class Accounts:
    """Accounts that are authorised, and how many of these have a mailbox that is away."""

    authorised: int = 0
    away: int = 0


class OverviewCalls(CursorCalls):
    """Facts about several tenants at once; those without any are left out of the answers."""

    def note_last_run(self, tenant: str, ended: Run, *, synced: bool) -> None:
        """Remember how a run ended, also one that found nothing to do and is none of `runs`.

        :param ended: a run with its end
        :param synced: an ordinary run succeeded: both sides are the same as of its start
        """
        at = ended.ended_at or ended.started_at
        said = {
            "id": ended.id,
            "kind": ended.kind,
            "state": ended.state.value,
            "started_at": ended.started_at.isoformat(),
            "ended_at": at.isoformat(),
            "sentence": ended.sentence,
        }
        self.remember(tenant, _LAST, json.dumps(said, ensure_ascii=False), at)
        if synced:
            self.remember(tenant, _SYNCED, ended.started_at.isoformat(), at)

    def last_runs(self, tenants: Collection[str]) -> dict[str, LastRun]:
        """How each tenant's last run ended."""
        names = [SEEN + _LAST, SEEN + _SYNCED]
        query = select(cursor.c.tenant, cursor.c.name, cursor.c.value)
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for tenant, name, value in self._all(query.where(cursor.c.tenant.in_(tenants), cursor.c.name.in_(names))):
            found[tenant][name.removeprefix(SEEN)] = value
        return {tenant: _last_run(said) for tenant, said in found.items() if _LAST in said}

    def writers(self, tenants: Collection[str], at: datetime) -> set[str]:
        """The tenants that a run writes at this moment."""
        return {
            row.tenant for row in self._all(select(lease.c.tenant).where(_among(lease, tenants), lease.c.until > at))
        }

    def account_counts(self, tenants: Collection[str]) -> dict[str, Accounts]:
        """How many accounts are authorised, and how many of them cannot be served."""
        away = func.sum(case((account.c.availability != Availability.OK.value, 1), else_=0))
        query = select(account.c.tenant, func.count(), away).where(_among(account, tenants), account.c.authorised)
        return {tenant: Accounts(*counts) for tenant, *counts in self._all(query.group_by(account.c.tenant))}

    def waiting_counts(self, tenants: Collection[str]) -> dict[str, Waits]:
        """What waits for a person."""
        held = and_(action.c.state == ActionState.HELD.value, action.c.answer == "")
        parked = action.c.state == ActionState.PARKED.value
        query = select(
            action.c.tenant,
            func.count(distinct(case((held, action.c.link)))),
            func.sum(case((parked, 1), else_=0)),
        ).where(_among(action, tenants), action.c.state.in_([ActionState.HELD.value, ActionState.PARKED.value]))
        counts = {tenant: Waits(*found) for tenant, *found in self._all(query.group_by(action.c.tenant))}
        return {tenant: waits for tenant, waits in counts.items() if waits != Waits()}

    def counters_since(self, since: Mapping[str, datetime]) -> dict[str, Counter[str]]:
        """What each tenant's runs counted, of those that began at or after its moment.

        :param since: by tenant; tenants that share a moment cost no more than one
        """
        together: dict[datetime, list[str]] = defaultdict(list)
        for tenant, at in since.items():
            together[at].append(tenant)
        if not together:
            return {}
        query = select(run.c.tenant, run.c.counters)
        query = query.where(or_(*(and_(_among(run, keys), run.c.started_at >= at) for at, keys in together.items())))
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for tenant, counters in self._all(query):
            found[tenant].update(json.loads(counters))
        return dict(found)

    def newest_runs(self, tenants: Collection[str], limit: int) -> dict[str, list[Run]]:
        """The newest runs of each tenant, newest first; meant for the tenants of one page."""
        if not tenants:
            return {}
        newest = [
            select(run).where(run.c.tenant == tenant).order_by(run.c.started_at.desc(), run.c.id.desc()).limit(limit)
            for tenant in tenants
        ]
        found: dict[str, list[Run]] = defaultdict(list)
        for row in self._all(union_all(*(select(one.subquery()) for one in newest))):
            found[row.tenant].append(run_of(row))
        return dict(found)

    def _all(self, query: Select[Any] | Any) -> Iterable[Any]:
        with self._read() as connection:
            return connection.execute(query).all()


def _among(table: Any, tenants: Collection[str]) -> ColumnElement[bool]:
    return table.c.tenant.in_(tenants)  # type: ignore[no-any-return]


def _last_run(said: Mapping[str, str]) -> LastRun:
    last = json.loads(said[_LAST])
    return LastRun(
        id=last["id"],
        kind=last["kind"],
        state=RunState(last["state"]),
        started_at=datetime.fromisoformat(last["started_at"]),
        ended_at=datetime.fromisoformat(last["ended_at"]),
        sentence=last["sentence"],
        synced_at=datetime.fromisoformat(said[_SYNCED]) if _SYNCED in said else None,
    )
