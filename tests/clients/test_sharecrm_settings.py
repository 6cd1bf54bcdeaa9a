"""A `generic` connection as settings; and that a DAG file pays nothing for importing the hook."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from calsync.errors import ConfigError
from calsync.sharecrm.connection import settings_from_connection

EXTRA = {"permanent_code_secret": "code"}


@dataclass(frozen=True)
class Conn:
    conn_id: str = "crm"
    login: str | None = "app"
    password: str | None = "secret"
    schema: str | None = None
    host: str | None = "open.fxiaoke.com"
    port: int | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: EXTRA)


def test_the_least_that_is_needed() -> None:
    made = settings_from_connection(Conn())
    assert (made.base_url, made.app_id, made.app_secret, made.permanent_code) == (
        "https://open.fxiaoke.com",
        "app",
        "secret",
        "code",
    )
    assert (made.auth_mode, made.user, made.verify, made.codes.gone) == ("oauth", "1000", True, frozenset())


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("https://open.sharecrm.test/", None, "https://open.sharecrm.test"),
        ("127.0.0.1", 9443, "https://127.0.0.1:9443"),
        ("https://127.0.0.1:9443", None, "https://127.0.0.1:9443"),
    ],
)
def test_the_host_in_every_form(host: str, port: int | None, url: str) -> None:
    assert settings_from_connection(Conn(host=host, port=port)).base_url == url


def test_extra_and_the_tenants_word_over_it() -> None:
    conn = Conn(extra={**EXTRA, "auth_mode": "legacy", "user": "FSUID_1", "verify": "false", "ea": "contoso"})
    made = settings_from_connection(conn)
    assert (made.auth_mode, made.user, made.verify, made.ea) == ("legacy", "FSUID_1", False, "contoso")
    said = settings_from_connection(conn, auth_mode="oauth", user="1007", gone_codes=(7,), time_zone="Europe/Berlin")
    assert (said.auth_mode, said.user, said.codes.gone, said.zone.key) == ("oauth", "1007", {7}, "Europe/Berlin")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"host": None}, "host: is missing"),
        ({"host": "http://open.fxiaoke.com"}, "host: must be reached by https"),
        ({"host": "https://open.fxiaoke.com/cgi"}, "host: must stand without a path"),
        ({"login": None}, "login: is missing"),
        ({"password": ""}, "password: is missing"),
        ({"extra": {}}, "permanent_code_secret: is missing"),
        ({"extra": {**EXTRA, "auth_mode": "magic"}}, "auth_mode: must be"),
        ({"extra": {**EXTRA, "auth_mode": "legacy"}}, "user: is missing"),
        ({"extra": {**EXTRA, "calls_per_20s": "many"}}, "calls_per_20s: must be a whole number"),
        ({"extra": {**EXTRA, "verify": "no/such.pem"}}, "verify: is no CA file that can be read"),
    ],
)
def test_what_is_wrong_is_said_with_the_connection(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_from_connection(replace(Conn(), **change))
    assert caught.value.problems[0].startswith(f"connection crm: {problem}")


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        settings_from_connection(Conn(login=None, password=None, extra={}), time_zone="Mars/Base")
    assert len(caught.value.problems) == 4


def test_importing_the_hook_imports_nothing_heavy() -> None:
    code = (
        "import sys, calsync.hooks.sharecrm, calsync.sharecrm;"
        "print([m for m in ('httpx', 'bs4', 'pandas', 'airflow', 'sqlalchemy', 'tenacity') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
