"""Which version of the tables a database has, read without Alembic (every start does)."""

from __future__ import annotations

from sqlalchemy import Connection, column, inspect, select, table

from calsync.store.engine import file_of, make_engine, reader, understood

VERSION_TABLE = "alembic_version"


def version(dsn: str) -> str | None:
    """See `calsync.store.version`."""
    engine = make_engine(dsn)
    if (path := file_of(engine)) and not path.exists():
        return None
    try:
        with understood(engine), reader(engine) as connection:
            return current(connection)
    finally:
        engine.dispose()


def current(connection: Connection) -> str | None:
    """The version that this database says it has; None when it says nothing."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalar()
    return None if found is None else str(found)
