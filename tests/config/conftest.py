"""Tenant files to change one thing in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from config.at_work import connect
from pipeline.workplace import Workplace

from sandbox.client import Sandbox
from sandbox.server import Server

WriteTenant = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of tenants."""
    path = tmp_path / "tenants"
    path.mkdir()
    return path


@pytest.fixture
def write_tenant(folder: Path) -> WriteTenant:
    """Write a valid tenant file, with these settings on top; a setting of `...` is left out."""

    def write(key: str = "acme", /, **settings: Any) -> Path:
        said: Mapping[str, Any] = {
            "name": f"Calendar of {key}",
            "installation": "production",
            "enterprise": key,
            "microsoft_tenant": "00000000-0000-0000-0000-000000000001",
            "time_zone": "Europe/Berlin",
            "connections": {"crm": "acme_crm", "graph": "acme_graph"},
            **settings,
        }
        path = folder / f"{key}.yaml"
        path.write_text(yaml.safe_dump({name: value for name, value in said.items() if value is not ...}))
        return path

    return write


@pytest.fixture
def work(box: Sandbox, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    """A tenant at work, which the command line reaches too."""
    work = Workplace.open(box, server, tmp_path)
    work.keep_open()
    connect(work, monkeypatch)
    yield work
    work.close()
