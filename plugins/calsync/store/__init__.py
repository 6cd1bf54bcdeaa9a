"""The state database: what calsync remembers between runs, on SQLite or PostgreSQL (SQLAlchemy Core, Alembic).

Importing this package is cheap, a DAG file may do it: SQLAlchemy is imported by the first call that needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.store.dsn import dsn_from_connection

if TYPE_CHECKING:
    from calsync.store.store import Store

__all__ = ["dsn_from_connection", "open_store", "upgrade", "version"]


def open_store(dsn: str) -> Store:
    """The state database behind `dsn`, ready for use.

    :param dsn: a SQLAlchemy URL of SQLite or PostgreSQL, see `dsn_from_connection`.
    :raises StateError: it cannot be reached, has no tables yet, or those of another version of calsync.
    """
    from calsync.store.store import Store

    return Store.open(dsn)


def upgrade(dsn: str) -> str:
    """Create the tables, or bring those of an older calsync up to date. Changes nothing where they are.

    :returns: the version the database has now.
    :raises StateError: it cannot be reached, or belongs to a newer calsync or another application.
    """
    from calsync.store.migrate import upgrade as run

    return run(dsn)


def version(dsn: str) -> str | None:
    """The version of the tables behind `dsn`; None where there are none yet.

    :raises StateError: the database cannot be reached.
    """
    from calsync.store.versions import version as read

    return read(dsn)
