"""Cursors (RULES G2), and what a run remembers of the settings it worked with (C10)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from calsync.store.engine import Calls, encode_mapping, upsert
from calsync.store.records import Cursor
from calsync.store.tables import cursor

SEEN = "seen:"
"""Names of remembered settings begin so; they are no cursors."""


class CursorCalls(Calls):
    """How far each source was read."""

    def cursor(self, tenant: str, name: str) -> Cursor | None:
        """The cursor of this name; None: read the window anew."""
        query = select(cursor).where(cursor.c.tenant == tenant, cursor.c.name == name)
        with self._read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _cursor(row)

    def cursors(self, tenant: str) -> list[Cursor]:
        """Every cursor, ordered by name."""
        query = select(cursor).where(cursor.c.tenant == tenant, ~cursor.c.name.startswith(SEEN, autoescape=True))
        with self._read() as connection:
            return [_cursor(row) for row in connection.execute(query.order_by(cursor.c.name))]

    def save_cursor(self, tenant: str, *cursors: Cursor) -> None:
        """Store these cursors, each in the place of the one of its name."""
        with self._write() as connection:
            upsert(connection, cursor, [_row(tenant, one) for one in cursors])

    def remembered(self, tenant: str, key: str) -> str | None:
        """What `remember` stored last under this key, say a fingerprint of the rules; None at first."""
        found = self.cursor(tenant, SEEN + key)
        return None if found is None else found.value

    def remember(self, tenant: str, key: str, value: str, at: datetime) -> bool:
        """Store a setting as the one worked with. Whether it differs from what was remembered (at first: it does)."""
        with self.begin() as tx:
            if tx.remembered(tenant, key) == value:
                return False
            tx.save_cursor(tenant, Cursor(name=SEEN + key, value=value, saved_at=at))
            return True


def _cursor(row: Row[Any]) -> Cursor:
    return Cursor(
        name=row.name,
        value=row.value,
        saved_at=row.saved_at,
        window_start=row.window_start,
        window_end=row.window_end,
        meta=json.loads(row.meta),
    )


def _row(tenant: str, one: Cursor) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "name": one.name,
        "value": one.value,
        "saved_at": one.saved_at,
        "window_start": one.window_start,
        "window_end": one.window_end,
        "meta": encode_mapping(one.meta),
    }
