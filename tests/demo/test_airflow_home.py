from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from demo.airflow_home import USER, local_url, prepare
from demo.connections import sandbox_connections
from demo.ports import Ports

PORTS = Ports(api=1001, sandbox=1002, worker_log=1003, trigger_log=1004)
READY: dict[str, Any] = {
    "url": "https://127.0.0.1:1002",
    "ca": "ca.pem",
    "tenant_id": "tenant",
    "client_id": "client",
    "client_secret": "client-secret",
    "ea": "contoso",
    "crm_app_id": "app",
    "crm_app_secret": "app-secret",
    "crm_permanent_code": "code",
    "crm_user": "1",
}


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_CALSYNC_CRM_REAL", "{}")
    monkeypatch.setenv("CALSYNC_TENANTS", "elsewhere")
    monkeypatch.setenv("NO_PROXY", "intranet")
    found, password = prepare(tmp_path, tmp_path, PORTS, "http://devbox:8080/airflow", READY)
    assert json.loads(Path(found["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]).read_text()) == {USER: password}
    return found


def test_nothing_of_another_installation_reaches_the_demo(env: dict[str, str]) -> None:
    assert {"AIRFLOW__CORE__EXECUTOR", "AIRFLOW_CONN_CALSYNC_CRM_REAL", "CALSYNC_TENANTS"}.isdisjoint(env)
    assert env["CALSYNC_ENV_FILE"] == os.devnull


def test_this_machine_is_not_asked_through_a_proxy(env: dict[str, str]) -> None:
    assert env["NO_PROXY"].split(",") == ["intranet", "127.0.0.1", "localhost"]


def test_each_port_and_url_is_told_to_airflow(env: dict[str, str]) -> None:
    settings = {name: value for name, value in env.items() if "PORT" in name or name.endswith("_URL")}
    assert settings == {
        "AIRFLOW__API__PORT": "1001",
        "AIRFLOW__API__BASE_URL": "http://devbox:8080/airflow",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://127.0.0.1:1001/airflow/execution/",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": "1003",
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": "1004",
    }
    assert local_url(PORTS) == "http://127.0.0.1:1001"


def test_the_login_is_for_its_user_alone(env: dict[str, str]) -> None:
    path = Path(env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    assert path.stat().st_mode & 0o077 == 0


def test_the_connections_lead_to_the_sandbox(env: dict[str, str]) -> None:
    for name, connection in sandbox_connections(READY).items():
        assert json.loads(env[f"AIRFLOW_CONN_{name.upper()}"]) == connection
    graph = sandbox_connections(READY)["calsync_graph_sandbox"]
    assert (graph["schema"], graph["host"]) == ("https", "127.0.0.1:1002")
    # With a port in it no token would be sent.
    assert graph["extra"]["allowed_hosts"] == "127.0.0.1"
