"""Airflow's `msgraph` connection becomes settings, or says everything that is wrong with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from calsync.errors import ConfigError
from calsync.graph.connection import settings_from_connection
from calsync.graph.settings import GraphSettings

KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
PUBLIC = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----"


@dataclass
class Conn:
    extra: dict[str, Any] = field(default_factory=dict)
    conn_id: str = "graph"
    login: str | None = "app"
    password: str | None = "secret"
    schema: str | None = None
    host: str | None = None
    port: int | None = None


def made(extra: dict[str, Any] | None = None, **more: Any) -> GraphSettings:
    return settings_from_connection(Conn({"tenant_id": "t", **(extra or {})}, **more))


def test_the_least_that_is_needed_is_the_public_cloud() -> None:
    settings = made()
    assert (settings.tenant_id, settings.client_id, settings.client_secret) == ("t", "app", "secret")
    assert settings.base_url == "https://graph.microsoft.com/v1.0"
    assert settings.authority == "https://login.microsoftonline.com"
    assert settings.scope == "https://graph.microsoft.com/.default"
    assert settings.verify is True
    assert settings.instance_discovery


@pytest.mark.parametrize(
    ("more", "extra", "base_url"),
    [
        ({"host": "127.0.0.1:9701", "schema": "http"}, {}, "http://127.0.0.1:9701/v1.0"),
        ({"host": "127.0.0.1", "port": 9701}, {}, "https://127.0.0.1:9701/v1.0"),
        ({"host": "127.0.0.1:9701", "port": 1}, {}, "https://127.0.0.1:9701/v1.0"),
        ({"host": "https://graph.microsoft.us"}, {}, "https://graph.microsoft.us/v1.0"),
        ({"host": "https://graph.microsoft.us/"}, {"api_version": "v1.0"}, "https://graph.microsoft.us/v1.0"),
        ({"host": "h"}, {"base_url": "https://proxy.example/graph/v1.0/"}, "https://proxy.example/graph/v1.0"),
    ],
)
def test_where_graph_is(more: dict[str, Any], extra: dict[str, Any], base_url: str) -> None:
    assert made(extra, **more).base_url == base_url


@pytest.mark.parametrize(
    ("host", "authority", "scope"),
    [
        (
            "https://microsoftgraph.chinacloudapi.cn",
            "https://login.partner.microsoftonline.cn",
            "https://microsoftgraph.chinacloudapi.cn/.default",
        ),
        ("https://graph.microsoft.us", "https://login.microsoftonline.us", "https://graph.microsoft.us/.default"),
        ("https://127.0.0.1:1", "https://login.microsoftonline.com", "https://graph.microsoft.com/.default"),
    ],
)
def test_login_and_scope_belong_to_the_cloud(host: str, authority: str, scope: str) -> None:
    settings = made(host=host)
    assert (settings.authority, settings.scope) == (authority, scope)


@pytest.mark.parametrize(
    ("extra", "name", "value"),
    [
        ({"authority": "https://localhost:9702/"}, "authority", "https://localhost:9702"),
        ({"authority": "login.example"}, "authority", "https://login.example"),
        ({"scopes": "https://a/.default, https://b/.default"}, "scope", "https://a/.default"),
        ({"scopes": ["https://a/.default"]}, "scope", "https://a/.default"),
        ({"verify": False}, "verify", False),
        ({"verify": "false"}, "verify", False),
        ({"verify": ""}, "verify", True),
        ({"disable_instance_discovery": True}, "instance_discovery", False),
        ({"disable_instance_discovery": "true"}, "instance_discovery", False),
        ({"proxies": {"https": "http://proxy:3128"}}, "proxy", "http://proxy:3128"),
    ],
)
def test_what_the_extra_says(extra: dict[str, Any], name: str, value: object) -> None:
    assert getattr(made(extra), name) == value


def test_a_ca_file_is_trusted_when_it_can_be_read(tmp_path: Path) -> None:
    good, bad = tmp_path / "ca.pem", tmp_path / "bad.pem"
    trustme.CA().cert_pem.write_to_path(str(good))
    bad.write_text("no certificate")
    assert made({"verify": str(good)}).verify == str(good)
    for path in (bad, tmp_path / "none.pem", tmp_path):
        with pytest.raises(ConfigError, match=r"^connection graph: verify: is no CA file that can be read"):
            made({"verify": str(path)})


def test_a_certificate_from_a_file_or_as_text(tmp_path: Path) -> None:
    path = tmp_path / "app.pem"
    path.write_text(f"Bag Attributes\n{PUBLIC}\n{KEY}\n")
    for extra in ({"certificate_path": str(path)}, {"certificate_data": f"{KEY}\n{PUBLIC}"}):
        certificate = made(extra, password="passphrase").certificate
        assert certificate is not None
        assert (certificate.private_key, certificate.public, certificate.passphrase) == (KEY, PUBLIC, "passphrase")
    with_thumbprint = made({"certificate_data": KEY, "certificate_thumbprint": "AB"}, password=None).certificate
    assert with_thumbprint is not None
    assert (with_thumbprint.public, with_thumbprint.thumbprint) == ("", "AB")


@pytest.mark.parametrize(
    ("conn", "sentences"),
    [
        (
            Conn(login=None, password=None),
            ["login: is missing", "tenant_id: is missing", "password: is missing"],
        ),
        (Conn({"tenant_id": "t"}, host="http://graph.example"), ["host: must be reached by https"]),
        (Conn({"tenant_id": "t", "authority": "http://login.example"}), ["authority: must be reached by https"]),
        (Conn({"tenant_id": "t", "certificate_path": "no/such.pem"}), ["certificate_path: cannot be read"]),
        (Conn({"tenant_id": "t", "certificate_data": PUBLIC}), ["certificate: needs a PEM private key"]),
        (Conn({"tenant_id": "t", "certificate_data": KEY}), ["certificate: needs a PEM private key"]),
    ],
)
def test_everything_that_is_wrong_is_said_at_once(conn: Conn, sentences: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_from_connection(conn)
    assert len(caught.value.problems) == len(sentences)
    for problem, sentence in zip(caught.value.problems, sentences, strict=True):
        assert problem.startswith(f"connection graph: {sentence}")


@pytest.mark.airflow
def test_the_hook_reads_airflows_own_connection(tmp_path: Path) -> None:
    conn = {"conn_type": "msgraph", "login": "app", "password": "pw", "host": "127.0.0.1:9701", "schema": "https"}
    extra = {"tenant_id": "t", "authority": "https://localhost:9702", "verify": False}
    code = (
        "from calsync.hooks.graph import GraphHook; s = GraphHook('graph').settings(); print(s.base_url, s.verify, s)"
    )
    variables = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW_CONN_GRAPH": json.dumps({**conn, "extra": extra})}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **variables}
    )
    assert "https://127.0.0.1:9701/v1.0 False" in done.stdout
    assert "pw" not in done.stdout


def test_secrets_do_not_show() -> None:
    settings = made({"certificate_data": f"{KEY}\n{PUBLIC}"})
    assert "AAAA" not in repr(settings)
    assert "secret" not in repr(made()).replace("client_secret", "")


def test_a_dag_file_may_import_the_hook_cheaply() -> None:
    heavy = "{'httpx', 'msal', 'requests', 'pandas', 'sqlalchemy', 'airflow'}"
    code = f"import sys, calsync.graph, calsync.hooks.graph; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
