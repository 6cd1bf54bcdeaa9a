"""What is stored of one person, found and written anew without them; a SQLite file keeps no trace of it either."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, Text, and_, delete, false, or_, select, update

from calsync.core.codec import to_json
from calsync.core.model import Account, Link
from calsync.store.engine import chunks, encode, understood
from calsync.store.history import HistoryCalls
from calsync.store.journal import journal_row
from calsync.store.links import LinkCalls
from calsync.store.records import HistoryEntry, JournalRow
from calsync.store.tables import account, action, history, link, metadata, placement, run

_LASTING = frozenset({"account", "contact", "link", "placement", "calendar", "action", "history", "run", "lease"})
"""Tables whose rows hold what nobody could read again, and what is written along with it."""

_JOURNAL = ("value", "outcome", "answered_by", "sentence")
_HISTORY = ("before", "after", "base", "losses", "reason", "who")
"""The columns in which people may be named."""


class ForgetCalls(LinkCalls, HistoryCalls):
    """Finding and rewriting what is stored of a person. Nothing here decides what may be forgotten."""

    def links_naming(self, tenant: str, texts: Collection[str], mailboxes: Collection[str]) -> list[Link]:
        """The links in which one of these texts stands, or that have a placement in one of these mailboxes."""
        named = _contains(placement, "value", texts)
        here = select(placement.c.link).where(
            placement.c.tenant == tenant, or_(named, placement.c.mailbox.in_(list(mailboxes)))
        )
        return self._links_where(tenant, [_contains(link, "value", texts), link.c.id.in_(here)])

    def links_owned(self, tenant: str, employees: Iterable[str]) -> list[Link]:
        """The links whose ShareCRM record one of these employees owns."""
        owned = (f'"crm_owner":"{employee}"' for employee in employees)
        return self._links_where(tenant, [link.c.value.contains(text, autoescape=True) for text in owned])

    def count_about(self, tenant: str, links: Collection[str], texts: Collection[str]) -> tuple[int, int]:
        """How many entries of the history, and how many rows of the journal, would be written anew."""
        with self._read() as connection:
            entries = _about(connection, history, tenant, links, texts, _HISTORY)
            return len(entries), len(_about(connection, action, tenant, links, texts, _JOURNAL))

    def rewrite_accounts(self, tenant: str, accounts: Iterable[Account]) -> None:
        """Write these accounts anew; of which enterprise they are stays as it is stored."""
        with self._write() as connection:
            for one in accounts:
                here = and_(account.c.tenant == tenant, account.c.employee == one.employee)
                said = {"authorised": one.authorised, "standing": one.authorisation.value, "address": one.address}
                connection.execute(update(account).where(here).values(**said, value=encode(one)))

    def rewrite_actions(
        self,
        tenant: str,
        links: Collection[str],
        texts: Collection[str],
        rewritten: Callable[[JournalRow], JournalRow],
    ) -> int:
        """Write anew what the journal says of these links, and where one of these texts stands; how many rows.

        What was to be done, its outcome, who answered and why it failed are taken over; states and times stay.
        """
        with self._write() as connection:
            found = _about(connection, action, tenant, links, texts, _JOURNAL)
            for key in found:
                here = and_(action.c.tenant == tenant, action.c.id == key)
                new = rewritten(journal_row(connection.execute(select(action).where(here)).one()))
                values = {"value": encode(new.action), "outcome": encode(new.outcome)}
                said = {"answered_by": new.answered_by, "sentence": new.sentence}
                connection.execute(update(action).where(here).values(values | said))
        return len(found)

    def rewrite_history(
        self,
        tenant: str,
        links: Collection[str],
        texts: Collection[str],
        rewritten: Callable[[HistoryEntry], HistoryEntry],
    ) -> int:
        """Write the values anew of the entries of these links, and of those in which one of these texts stands."""
        with self.begin() as tx, tx._write() as connection:
            found = _about(connection, history, tenant, links, texts, _HISTORY)
            for entry in (entry for part in chunks(found) for entry in tx.history(tenant, ids=part)):
                new = rewritten(entry)
                values = {"before": new.before, "after": new.after, "base": new.base}
                texts_of = {"reason": new.reason, "who": new.who, "losses": to_json(new.losses)}
                encoded = {name: encode(value) for name, value in values.items()} | texts_of
                connection.execute(update(history).where(history.c.id == entry.id).values(encoded))
        return len(found)

    def rewrite_runs(self, tenant: str, texts: Collection[str], rewritten: Callable[[str], str]) -> None:
        """Write the sentences anew that say how runs ended, where one of these texts stands."""
        named = and_(run.c.tenant == tenant, _contains(run, "sentence", texts))
        with self._write() as connection:
            for id_, sentence in connection.execute(select(run.c.id, run.c.sentence).where(named)).all():
                here = and_(run.c.tenant == tenant, run.c.id == id_)
                connection.execute(update(run).where(here).values(sentence=rewritten(sentence)))

    def forget_what_is_read_anew(self, tenant: str, texts: Collection[str]) -> None:
        """Remove the rows in which one of these texts stands from tables that the next look at the systems fills: the
        directory among the cursors, say."""
        with self._write() as connection:
            for table in metadata.sorted_tables:
                texts_in = [column.name for column in table.columns if isinstance(column.type, Text)]
                named = or_(false(), *(_contains(table, name, texts) for name in texts_in))
                if table.name not in _LASTING:
                    connection.execute(delete(table).where(table.c.tenant == tenant, named))

    def compact(self) -> None:
        """Overwrite what was deleted, where that is in this process' hands: a SQLite file is written anew.

        PostgreSQL frees and overwrites dead rows by its own vacuum.
        """
        if self._engine.dialect.name != "sqlite":
            return
        with understood(self._engine):
            raw = self._engine.raw_connection()
            try:
                for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    raw.cursor().execute(statement).fetchall()
            finally:
                raw.close()


def _contains(table: Table, column: str, texts: Iterable[str]) -> ColumnElement[bool]:
    return or_(false(), *(table.c[column].icontains(text, autoescape=True) for text in texts))


def _about(
    connection: Connection,
    table: Table,
    tenant: str,
    links: Collection[str],
    texts: Collection[str],
    columns: Iterable[str],
) -> list[Any]:
    """The ids of the rows of these links, and of those in which one of these texts stands."""
    ours = select(table.c.id).where(table.c.tenant == tenant)
    found = set(connection.scalars(ours.where(or_(false(), *(_contains(table, name, texts) for name in columns)))))
    for part in chunks(links):
        found |= set(connection.scalars(ours.where(table.c.link.in_(part))))
    return sorted(found)
