"""Connections from the environment and the env file, read as Airflow reads them; Airflow is asked last."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from calsync.connections import Conn, connection, find_connection, parse
from calsync.errors import ConfigError

SECRET = "s3cret-$HOME"


@pytest.fixture(autouse=True)
def _no_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CALSYNC_ENV_FILE", str(tmp_path / ".env"))
    monkeypatch.delenv("AIRFLOW_CONN_ACME_CRM", raising=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"conn_type": "generic", "host": "https://crm.example", "login": "app", "password": "s", "port": "8443", '
            '"schema": "v1", "extra": {"ea": "acme"}}',
            Conn("c", "generic", "app", "s", "v1", "https://crm.example", 8443, {"ea": "acme"}),
        ),
        ('{"conn_type": "generic", "extra": "{\\"ea\\": \\"acme\\"}"}', Conn("c", "generic", extra={"ea": "acme"})),
        ('{"conn_type": "my-type"}', Conn("c", "my_type")),
        (
            "generic://app:s%2Fs@crm.example:8443/v1?ea=acme&n=3&deep=%7B%22a%22%3A1%7D",
            Conn("c", "generic", "app", "s/s", "v1", "crm.example", 8443, {"ea": "acme", "n": 3, "deep": {"a": 1}}),
        ),
        ("generic://app:s@https://crm.example", None),
        (
            "generic://https://app:s@crm.example:8443/",
            Conn("c", "generic", "app", "s", "", "https://crm.example", 8443),
        ),
        (
            "generic:///?__extra__=%7B%22dsn%22%3A%22sqlite%3A%2F%2F%2Fx%22%7D",
            Conn("c", "generic", extra={"dsn": "sqlite:///x"}),
        ),
        ("postgresql://u:p@db/name", Conn("c", "postgres", "u", "p", "name", "db")),
    ],
)
def test_both_forms_read_as_airflow_reads_them(text: str, expected: Conn | None) -> None:
    if expected is None:
        with pytest.raises(ConfigError, match=r"^connection c: cannot be read"):
            parse("c", text)
    else:
        assert parse("c", text) == expected


URIS = [
    "generic://app:s%2Fs@crm.example:8443/v1?ea=acme&n=3",
    "generic://https://app:s@crm.example:8443/",
    "my-type://user@host",
    "generic://:pw@",
    "generic://h/?__extra__=%7B%22a%22%3A1%7D",
]
FIELDS = ("conn_type", "login", "password", "schema", "host", "port")
ASK_AIRFLOW = """
import json, sys
from airflow.models.connection import Connection
from calsync.connections import connection
asked = json.loads(sys.argv[1])
theirs = [Connection(conn_id="c", uri=uri) for uri in asked["uris"]]
said = [[*(getattr(one, name) or "" for name in asked["fields"]), one.extra_dejson] for one in theirs]
found = connection("kept_in_a_backend")
print(json.dumps({"said": said, "found": [found.login, found.password, found.host, dict(found.extra)]}))
"""


@pytest.mark.airflow
def test_airflow_reads_the_same_from_a_uri_and_its_secrets_backends_are_asked_last(tmp_path: Path) -> None:
    kept = {"conn_type": "generic", "login": "app", "password": SECRET, "host": "h", "extra": {"ea": "acme"}}
    (tmp_path / "connections.json").write_text(json.dumps({"kept_in_a_backend": kept}))
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(tmp_path / "connections.json")}),
    }
    question = json.dumps({"uris": URIS, "fields": FIELDS})

    done = subprocess.run(
        [sys.executable, "-c", ASK_AIRFLOW, question], env=environment, capture_output=True, text=True, check=True
    )

    answer = json.loads(done.stdout.splitlines()[-1])
    ours = [parse("c", uri) for uri in URIS]
    assert answer["said"] == [[*(getattr(one, name) or "" for name in FIELDS), dict(one.extra)] for one in ours]
    assert answer["found"] == ["app", SECRET, "h", {"ea": "acme"}]


def test_the_environment_wins_over_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        f"AIRFLOW_CONN_ACME_CRM='{json.dumps({'conn_type': 'generic', 'login': 'file', 'password': SECRET})}'\n"
    )
    from_file = connection("acme_crm")
    monkeypatch.setenv("AIRFLOW_CONN_ACME_CRM", '{"conn_type": "generic", "login": "environment"}')

    assert (from_file.login, from_file.password) == ("file", SECRET)
    assert connection("acme_crm").login == "environment"


@pytest.mark.parametrize(
    "text", ['{"conn_type": "generic", "password": "%s"', '{"password": "%s", "extra": [1]}', "%s"]
)
def test_what_cannot_be_read_is_told_without_its_content(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ACME_CRM", text % SECRET)

    with pytest.raises(ConfigError) as raised:
        connection("acme_crm")

    assert str(raised.value) == (
        "connection acme_crm: cannot be read: write AIRFLOW_CONN_ACME_CRM as the JSON or the URI that Airflow reads a "
        "connection from"
    )
    assert raised.value.__suppress_context__


def test_a_connection_shows_no_secret() -> None:
    shown = repr(Conn("c", "generic", "app", SECRET, host="h", extra={"permanent_code": SECRET}))

    assert shown == "Conn(conn_id='c', conn_type='generic')"


def test_a_missing_connection_says_how_to_make_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "airflow.models.connection", None)

    assert find_connection("acme_crm") is None
    with pytest.raises(ConfigError) as raised:
        connection("acme_crm")
    assert str(raised.value) == (
        "connection acme_crm: does not exist: add it in Airflow under Admin > Connections, or set "
        "AIRFLOW_CONN_ACME_CRM to its JSON in the environment or in the project's .env file"
    )
