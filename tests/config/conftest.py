"""Tenant files to change one thing in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

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
