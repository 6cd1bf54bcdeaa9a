"""One real Airflow for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from e2e.standalone import Run, first_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The sandbox tenant's first run, and the Airflow in which it took place."""
    with first_run(tmp_path_factory.mktemp("e2e") / "demo") as run:
        yield run
