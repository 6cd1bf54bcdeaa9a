"""The tables brought up to date with Alembic (no alembic.ini)."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from calsync.errors import StateError
from calsync.store.engine import file_of, make_engine, make_file, shown, understood
from calsync.store.versions import current

SCRIPTS = Path(__file__).parent / "migrations"

_LOCK = 0x63616C73  # "cals": one upgrade at a time on a PostgreSQL server


def upgrade(dsn: str) -> str:
    """See `calsync.store.upgrade`. Two upgrades at once wait for each other; one that fails leaves nothing behind."""
    engine = make_engine(dsn)
    if (path := file_of(engine)) and not path.exists():
        make_file(path)
    try:
        with understood(engine), engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            _refuse_foreign(engine, current(connection))
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            return str(current(connection))
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _refuse_foreign(engine: Engine, found: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise StateError(
            f"The database {shown(engine.url)} is at version {found}, which this calsync does not know: it "
            "belongs to a newer calsync or to another application. Upgrade calsync, or point calsync_state to a "
            "database of its own."
        )
