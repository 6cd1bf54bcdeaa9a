"""The command line over a workplace: the same tenant, state database and staging as its runs use."""

from __future__ import annotations

import json
from functools import partial

import pytest
from click.testing import Result
from pipeline.workplace import Workplace
from typer.testing import CliRunner

from calsync.cli.app import app
from calsync.stages.ports import open_ports
from demo.connections import sandbox_connections


def connect(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead the command line to the workplace, and let its clock be what it is there."""
    monkeypatch.setattr("calsync.stages.ports.open_ports", partial(open_ports, here=work.now))
    monkeypatch.setattr("calsync.cli.run.utc", work.now)
    state = {"conn_type": "generic", "extra": {"dsn": f"sqlite:///{work.folder / 'calsync.db'}"}}
    for name, said in {**sandbox_connections(work.server.info), "calsync_state": state}.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(said))
    monkeypatch.setenv("CALSYNC_TENANTS", str(work.folder))
    monkeypatch.setenv("CALSYNC_STAGING", str(work.folder / "staging"))
    monkeypatch.setenv("CALSYNC_ENV_FILE", str(work.folder / ".env"))
    monkeypatch.setenv("COLUMNS", "200")


def call(*arguments: str, typed: str = "") -> Result:
    """What a person types; `typed` is their answer to a question."""
    return CliRunner().invoke(app, list(arguments), input=typed)
