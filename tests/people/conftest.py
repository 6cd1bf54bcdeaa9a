"""An empty state database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from calsync.store import open_store, upgrade
from calsync.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    dsn = f"sqlite:///{tmp_path / 'state.db'}"
    upgrade(dsn)
    with open_store(dsn) as opened:
        yield opened
