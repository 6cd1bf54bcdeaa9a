"""History: what happened to each meeting, with the values before and after; and how long it is kept (RULES F6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, delete, insert, not_, select

from calsync.core.codec import to_json
from calsync.core.model import Event, LinkState, Side
from calsync.core.plan import ActionState, Loss
from calsync.store.engine import Calls, decode, decode_optional, encode
from calsync.store.records import HistoryEntry, Pruned
from calsync.store.tables import action, history, link, run

_OVER = [state.value for state in (ActionState.DONE, ActionState.DROPPED, ActionState.STALE)]


class HistoryCalls(Calls):
    """The history of a tenant."""

    def add_history(self, tenant: str, entries: Iterable[HistoryEntry]) -> None:
        """Append entries; the database numbers them."""
        rows = [_row(tenant, entry) for entry in entries]
        with self._write() as connection:
            if rows:
                connection.execute(insert(history), rows)

    def history(
        self,
        tenant: str,
        *,
        link: str | None = None,
        run: str | None = None,
        ids: Iterable[int] | None = None,
        limit: int | None = None,
    ) -> list[HistoryEntry]:
        """The entries that meet every condition given, oldest first.

        :param limit: only the newest so many.
        """
        query = select(history).where(history.c.tenant == tenant).order_by(history.c.id.desc()).limit(limit)
        if link is not None:
            query = query.where(history.c.link == link)
        if run is not None:
            query = query.where(history.c.run == run)
        if ids is not None:
            query = query.where(history.c.id.in_(list(ids)))
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [entry_of(row) for row in reversed(rows)]

    def prune(self, tenant: str, before: datetime, lasting: Collection[str] = ()) -> Pruned:
        """End of retention: forget history, finished actions and ended runs older than `before`.

        Whatever may still be acted on stays: actions that are planned, sent, failed, parked or held, and every link.

        :param lasting: codes of finished actions that say something of their meetings for as long as those stand
        """
        over = [action.c.state.in_(_OVER), action.c.settled_at < before]
        with self._write() as connection:
            return Pruned(
                history=_delete(connection, history, tenant, history.c.at < before),
                actions=_delete(connection, action, tenant, *over, not_(_lasts(tenant, lasting))),
                runs=_delete(connection, run, tenant, run.c.ended_at < before),
            )


def _lasts(tenant: str, codes: Collection[str]) -> ColumnElement[bool]:
    standing = select(link.c.id).where(link.c.tenant == tenant, link.c.state != LinkState.RETIRED.value)
    return and_(action.c.code.in_(codes), action.c.link.in_(standing))


def _delete(connection: Connection, table: Table, tenant: str, *conditions: ColumnElement[bool]) -> int:
    return connection.execute(delete(table).where(table.c.tenant == tenant, *conditions)).rowcount


def _row(tenant: str, entry: HistoryEntry) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "at": entry.at,
        "run": entry.run,
        "link": entry.link,
        "side": entry.side.value if entry.side else "",
        "mailbox": entry.mailbox,
        "target_id": entry.target_id,
        "action": entry.action,
        "rule": entry.rule,
        "reason": entry.reason,
        "who": entry.who,
        "before": encode(entry.before),
        "after": encode(entry.after),
        "base": encode(entry.base),
        "losses": to_json(entry.losses),
    }


def entry_of(row: Row[Any]) -> HistoryEntry:
    """The entry that a row of the table holds."""
    return HistoryEntry(
        at=row.at,
        run=row.run,
        link=row.link,
        rule=row.rule,
        reason=row.reason,
        side=Side(row.side) if row.side else None,
        mailbox=row.mailbox,
        target_id=row.target_id,
        action=row.action,
        who=row.who,
        before=decode_optional(Event, row.before),
        after=decode_optional(Event, row.after),
        base=decode_optional(Event, row.base),
        losses=decode(tuple[Loss, ...], row.losses),
        id=row.id,
    )
