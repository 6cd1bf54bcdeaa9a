"""The shell's tests run in an Airflow home of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell.airflow_home import prepare

HOME = prepare()


@pytest.fixture
def tenants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tenants folder, which the product uses during the test."""
    folder = tmp_path / "tenants"
    folder.mkdir()
    monkeypatch.setenv("CALSYNC_TENANTS", str(folder))
    return folder
