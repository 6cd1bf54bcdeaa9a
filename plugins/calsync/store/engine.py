"""Connections to the state database: the two kinds, their settings, and errors a person can act on."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import ValidationError
from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError

from calsync.core.codec import from_json, to_json
from calsync.errors import Contradiction, StateError, StateUnreachable
from calsync.store.dsn import POSTGRES

T = TypeVar("T")
Insert = sqlite.Insert | postgresql.Insert

BUSY_S = 30
"""How long a SQLite connection waits for another one's transaction."""

_LOGGED_AS = "calsync"
CONNECT_S = 10
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
"""SQLite's result codes by which nothing is said about the statement or the tables: a later try may succeed."""

CHUNK = 500
"""Ids in one IN list: far below what either database allows."""


def make_engine(dsn: str) -> Engine:
    """An engine with our settings; it connects later.

    Failing statements never show their parameters, and whoever has SQLAlchemy log everything sees nothing of this
    engine's statements and rows: they are calendar content.

    :raises StateError: the URL cannot be read, or is of another kind of database.
    """
    try:
        url = make_url(dsn)
        backend = url.get_backend_name()
    except (SQLAlchemyError, ValueError):
        raise StateError("The address of the state database is not a SQLAlchemy URL; correct calsync_state.") from None
    if backend in POSTGRES:
        defaults = {"connect_timeout": CONNECT_S, "application_name": "calsync"}
        options = {name: value for name, value in defaults.items() if name not in url.query}
        url = url.set(drivername="postgresql+psycopg")
        return create_engine(url, pool_pre_ping=True, connect_args=options, **_quiet())
    if backend != "sqlite" or not url.database:
        raise StateError("The state database is a SQLite file or a PostgreSQL, nothing else; correct calsync_state.")
    engine = create_engine(url, connect_args={"timeout": BUSY_S}, **_quiet())
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _quiet() -> dict[str, Any]:
    """What keeps an engine from telling; its logger is its own, so that Airflow's statements may still be logged."""
    logging.getLogger(f"sqlalchemy.engine.Engine.{_LOGGED_AS}").setLevel(logging.WARNING)
    return {"hide_parameters": True, "logging_name": _LOGGED_AS}


def file_of(engine: Engine) -> Path | None:
    """The file of a SQLite database; None for PostgreSQL."""
    return Path(engine.url.database) if engine.dialect.name == "sqlite" and engine.url.database else None


def make_file(path: Path) -> None:
    """Make an empty SQLite database, readable by its owner alone (it holds calendar content).

    :raises StateError: the file, or a folder it is to stand in, cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StateError(
            f"The state database {path} cannot be made ({error.strerror}). Give this user a folder it may write in, or "
            "let calsync_state name another place."
        ) from None


def _set_pragmas(connection: Any, _record: object) -> None:
    # Without pysqlite's own transactions, which neither cover DDL nor can be IMMEDIATE; _begin opens ours.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_S * 1000}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A writer takes its lock first: a reader that turns writer is refused at once instead of waiting.
    reads = connection.get_execution_options().get("calsync_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def shown(url: URL) -> str:
    """An address without its password and options."""
    return url.set(query={}).render_as_string(hide_password=True)


@contextmanager
def understood(engine: Engine) -> Iterator[None]:
    """Turn a database's refusal into one of our errors, which tells constraint and cause but no value.

    :raises StateUnreachable: it may pass: the transaction may or may not have been committed if it was the commit.
    :raises Contradiction: rows break a constraint; other ones may be stored.
    :raises StateError: trying again changes nothing.
    """
    try:
        yield
    except IntegrityError as error:
        raise Contradiction(
            f"The state database refused rows that contradict what it holds ({_primary(error)}); nothing was stored. "
            "Run again; report it if it stays."
        ) from None
    except DBAPIError as error:
        kind = StateUnreachable if _may_pass(error) else StateError
        raise kind(
            f"The state database {shown(engine.url)} cannot be used ({_primary(error)}). "
            "See that it is running and that the connection calsync_state leads to it."
        ) from None


def _may_pass(error: DBAPIError) -> bool:
    """Whether the database rather than the statement is at fault. SQLite calls a missing table operational, too."""
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _PASSING
    return isinstance(error, OperationalError | InterfaceError)


def _primary(error: DBAPIError) -> str:
    """The driver's first line. PostgreSQL puts values into its DETAIL only, SQLite nowhere."""
    diagnosis = getattr(error.orig, "diag", None)
    said = getattr(diagnosis, "message_primary", None) or str(error.orig)
    return said.strip().splitlines()[0] if said.strip() else type(error.orig).__name__


class Calls:
    """What every group of store calls stands on: a connection of its own, or that of the transaction it is in."""

    def __init__(self, engine: Engine, connection: Connection | None = None) -> None:
        self._engine = engine
        self._connection = connection

    @contextmanager
    def begin(self) -> Iterator[Self]:
        """One transaction over the calls made on what it yields; an error undoes them all. Inside one, joins it."""
        with self._write() as connection:
            yield type(self)(self._engine, connection)

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with understood(self._engine), self._connection_or(reads=False) as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with understood(self._engine), self._connection_or(reads=True) as connection:
            yield connection

    @contextmanager
    def _connection_or(self, reads: bool) -> Iterator[Connection]:
        if self._connection is not None:
            yield self._connection
            return
        with _connected(self._engine, reads=reads) as connection, connection.begin():
            yield connection


def reader(engine: Engine) -> Connection:
    """A connection that only reads, and so waits for no writer."""
    return _connected(engine, reads=True)


def _connected(engine: Engine, *, reads: bool) -> Connection:
    return engine.connect().execution_options(calsync_reads=reads)


def insert(connection: Connection, table: Table) -> Any:
    """The dialect's INSERT, which knows ON CONFLICT."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, or overwrite those with their primary key."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    statement = insert(connection, table)
    values = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values), list(rows))


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Lists of at most `size` different items."""
    rest = iter(dict.fromkeys(items))
    while part := list(islice(rest, size)):
        yield part


def decode(kind: type[T], stored: str) -> T:
    """The value that `encode` wrote. Raises StateError, without the value, when it cannot be read."""
    try:
        return from_json(kind, stored)
    except ValidationError:
        name = getattr(kind, "__name__", "value")
        raise StateError(
            f"A stored {name} is not what this calsync writes. Run: python -m calsync db upgrade"
        ) from None


def decode_optional(kind: type[T], stored: str) -> T | None:
    return decode(kind, stored) if stored else None


def encode(value: object | None) -> str:
    """JSON text of a frozen value; "" of None."""
    return "" if value is None else to_json(value)


def encode_mapping(value: Mapping[str, Any]) -> str:
    """JSON text of a plain mapping."""
    return json.dumps(dict(value), sort_keys=True, ensure_ascii=False)
