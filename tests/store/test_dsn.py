"""Which database the connection `calsync_state` means."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from calsync.errors import ConfigError
from calsync.store import dsn_from_connection
from calsync.store.engine import make_engine


@pytest.mark.parametrize("extra", [None, {}])
def test_without_a_connection_it_is_a_file_beside_airflows_home(
    extra: dict[str, str] | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    assert dsn_from_connection(extra) == f"sqlite:///{tmp_path}/calsync.db"
    monkeypatch.delenv("AIRFLOW_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert dsn_from_connection(extra) == f"sqlite:///{tmp_path}/airflow/calsync.db"


@pytest.mark.parametrize("dsn", ["postgresql://u:p@h/d", "sqlite:////var/lib/calsync.db"])
def test_a_connection_says_where_it_is(dsn: str) -> None:
    assert dsn_from_connection({"dsn": dsn}) == dsn


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_means_our_driver(scheme: str) -> None:
    dsn = dsn_from_connection({"dsn": f"{scheme}://u:p@h:5433/d?sslmode=require"})
    engine = make_engine(dsn)
    assert engine.url == make_url("postgresql+psycopg://u:p@h:5433/d?sslmode=require")


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ({"DSN": "sqlite:////x.db"}, "is missing"),
        ({"dsn": 5}, "is missing"),
        ({"dsn": "sqlite:///x.db"}, "relative path"),
        ({"dsn": "sqlite://"}, "neither"),
        ({"dsn": "mysql://u:hidden@h/d"}, "neither"),
    ],
)
def test_what_cannot_be_used_is_told_with_what_to_write(extra: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=rf"connection calsync_state: extra.dsn: .*{says}") as caught:
        dsn_from_connection(extra)
    assert "hidden" not in str(caught.value)
