"""Where the state database is: the Airflow connection `calsync_state`, else a file beside Airflow's home."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calsync.errors import ConfigError

CONNECTION = "calsync_state"
FILE = "calsync.db"

POSTGRES = ("postgresql", "postgres")
"""Backends that mean PostgreSQL; whatever driver the URL names, ours is psycopg 3."""


def dsn_from_connection(extra: Mapping[str, Any] | None) -> str:
    """The SQLAlchemy URL for `open_store`.

    :param extra: the extra of the Airflow connection `calsync_state`, `{"dsn": URL}`; None or {} when there is no such
        connection: then SQLite in `$AIRFLOW_HOME/calsync.db`.
    :raises ConfigError: `dsn` is missing, of another database, or a SQLite path relative to the working directory.
    """
    if not extra:
        home = Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser().resolve()
        return f"sqlite:///{home / FILE}"
    dsn = extra.get("dsn")
    if not isinstance(dsn, str) or not dsn:
        raise _wrong("is missing: give a SQLAlchemy URL, postgresql://user:password@host/calsync say")
    if dsn.startswith("sqlite:///"):
        if not Path(dsn.removeprefix("sqlite:///")).is_absolute():
            raise _wrong("is a relative path, which every process reads differently: write sqlite:////full/path.db")
        return dsn
    if dsn.partition("://")[0].partition("+")[0] in POSTGRES:
        return dsn
    raise _wrong("is neither a PostgreSQL URL nor a SQLite file: write postgresql://... or sqlite:////full/path.db")


def _wrong(what: str) -> ConfigError:
    return ConfigError([f"connection {CONNECTION}: extra.dsn: {what}"])
