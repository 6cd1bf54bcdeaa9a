"""What those who keep the state database want to know of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from calsync.store.engine import Calls, shown
from calsync.store.tables import REVISION, history, metadata


class UpkeepCalls(Calls):
    """Where the state database is, what it has, how far back it goes."""

    @property
    def place(self) -> str:
        """Its address, without password and options."""
        return shown(self._engine.url)

    @property
    def version(self) -> str:
        """The version of its tables: a store of another one does not open."""
        return REVISION

    def tenants(self) -> list[str]:
        """The keys under which anything is stored, whether or not there is a file of such a tenant still."""
        with self._read() as connection:
            keys = (connection.scalars(select(table.c.tenant).distinct()) for table in metadata.sorted_tables)
            return sorted({key for found in keys for key in found})

    def oldest_history(self, tenant: str) -> datetime | None:
        """When the oldest entry of the history was written; None when there is none."""
        with self._read() as connection:
            first = select(func.min(history.c.at)).where(history.c.tenant == tenant)
            oldest: datetime | None = connection.scalar(first)
        return oldest
