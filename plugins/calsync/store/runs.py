"""Runs, and the tenant's first sync (RULES G4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select, update

from calsync.errors import StateError
from calsync.store.cursors import CursorCalls
from calsync.store.engine import encode_mapping, insert
from calsync.store.records import Run, RunState
from calsync.store.tables import run as table

_FIRST = "first sync"


class RunCalls(CursorCalls):
    """The runs of a tenant. A dry run is none of them: it writes no row here (RULES G8)."""

    def start_run(self, tenant: str, run: str, kind: str, at: datetime, meta: Mapping[str, Any] | None = None) -> None:
        """Note that a run began; a run that is repeated keeps its start. The first one ever is the first sync."""
        row = {"tenant": tenant, "id": run, "kind": kind, "started_at": at, "meta": encode_mapping(meta or {})}
        again = {"state": RunState.RUNNING.value, "ended_at": None, "sentence": "", "counters": "{}"}
        with self.begin() as tx, tx._write() as connection:
            statement = insert(connection, table).values(**row, **again)
            connection.execute(statement.on_conflict_do_update(index_elements=["tenant", "id"], set_=again))
            if tx.remembered(tenant, _FIRST) is None:
                tx.remember(tenant, _FIRST, at.astimezone(UTC).isoformat(), at)

    def end_run(
        self,
        tenant: str,
        run: str,
        state: RunState,
        at: datetime,
        counters: Mapping[str, int] | None = None,
        sentence: str = "",
    ) -> None:
        """Note how a run ended.

        :raises StateError: it was never started.
        """
        ended = {"state": state.value, "ended_at": at, "counters": encode_mapping(counters or {}), "sentence": sentence}
        with self._write() as connection:
            statement = update(table).where(table.c.tenant == tenant, table.c.id == run).values(ended)
            if not connection.execute(statement).rowcount:
                raise StateError(f"Run {run} of tenant {tenant} was never started: start it before it is ended.")

    def runs(self, tenant: str, limit: int = 50) -> list[Run]:
        """The newest runs, newest first."""
        query = select(table).where(table.c.tenant == tenant)
        with self._read() as connection:
            rows = connection.execute(query.order_by(table.c.started_at.desc(), table.c.id.desc()).limit(limit))
            return [run_of(row) for row in rows]

    def first_sync(self, tenant: str) -> datetime | None:
        """The moment the tenant's first writing run began; it never changes. None: there was none."""
        found = self.remembered(tenant, _FIRST)
        return None if found is None else datetime.fromisoformat(found)


def run_of(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        kind=row.kind,
        started_at=row.started_at,
        state=RunState(row.state),
        ended_at=row.ended_at,
        counters=json.loads(row.counters),
        sentence=row.sentence,
        meta=json.loads(row.meta),
    )
