"""Tenant files for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

GUID = "00000000-0000-4000-8000-000000000001"


def tenant_yaml(name: str, **said: Any) -> str:
    """A valid tenant file; `said` adds to it or replaces parts of it."""
    tenant = {
        "name": name,
        "installation": "tests",
        "enterprise": "acme",
        "microsoft_tenant": GUID,
        "time_zone": "Europe/Berlin",
        "connections": {"crm": "calsync_crm_tests", "graph": "calsync_graph_tests"},
    }
    return yaml.safe_dump(tenant | said, sort_keys=False)


def write_tenant(folder: Path, key: str, **said: Any) -> Path:
    """A valid tenant's file in `folder`; its name is its key unless `said` has another."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{key}.yaml"
    path.write_text(tenant_yaml(said.pop("name", key), **said), encoding="utf-8")
    return path
