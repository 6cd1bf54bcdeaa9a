"""What people want of single meetings: a value back (RULES C5), or what a run did undone (G9). The next run does it.

They stand beside what a run remembers of its settings; one for each meeting, the last one counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, select, true

from calsync.store.engine import Calls, chunks, upsert
from calsync.store.records import Wish, WishKind
from calsync.store.tables import cursor

_WISH = "seen:wish:"
"""How the names of these rows begin; the rest is the link's id."""


class WishCalls(Calls):
    """The wishes of a tenant that are not carried out yet."""

    def wish(self, tenant: str, wish: Wish) -> None:
        """Store a wish in the place of the one there may be for its meeting."""
        said = json.dumps({"kind": wish.kind, "of": wish.of, "who": wish.who}, ensure_ascii=False)
        row = {"tenant": tenant, "name": _WISH + wish.link, "value": said, "saved_at": wish.at,
               "window_start": None, "window_end": None, "meta": "{}"}  # fmt: skip
        with self._write() as connection:
            upsert(connection, cursor, [row])

    def wishes(self, tenant: str, links: Iterable[str] | None = None) -> dict[str, Wish]:
        """The wishes about these meetings, or about all, by link."""
        names: list[ColumnElement[bool]] = [true()]
        if links is not None:
            names = [cursor.c.name.in_(part) for part in chunks(_WISH + one for one in links)]
        with self._read() as connection:
            rows = [
                row
                for condition in names
                for row in connection.execute(select(cursor).where(_of(tenant), condition).order_by(cursor.c.name))
            ]
        return {wish.link: wish for wish in map(_wish, rows)}

    def end_wishes(self, tenant: str, links: Iterable[str]) -> None:
        """Forget the wishes about these meetings: they are done, or cannot be."""
        with self._write() as connection:
            for part in chunks(_WISH + one for one in links):
                connection.execute(delete(cursor).where(_of(tenant), cursor.c.name.in_(part)))


def wished_links(tenant: str) -> Select[tuple[str]]:
    """The ids of the meetings that somebody wants something of."""
    return select(func.substr(cursor.c.name, len(_WISH) + 1)).where(_of(tenant))


def _of(tenant: str) -> ColumnElement[bool]:
    # A range, which uses the index; there are as many cursors as mailboxes.
    return and_(cursor.c.tenant == tenant, cursor.c.name >= _WISH, cursor.c.name < _WISH[:-1] + ";")


def _wish(row: Row[tuple[object, ...]]) -> Wish:
    said = json.loads(row.value)
    return Wish(row.name.removeprefix(_WISH), WishKind(said["kind"]), said["of"], said["who"], row.saved_at)
