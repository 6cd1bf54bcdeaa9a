"""A tenant at work in the live sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline.morning import Standing, prepare, standing
from pipeline.workplace import Workplace

from sandbox.client import Sandbox
from sandbox.server import Server


@pytest.fixture
def work(box: Sandbox, server: Server, tmp_path: Path) -> Iterator[Workplace]:
    """A tenant at work in an empty sandbox."""
    work = Workplace.open(box, server, tmp_path)
    work.keep_open()
    yield work
    work.close()


@pytest.fixture(scope="session")
def undisturbed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Standing:
    """How everything stands when nobody dies."""
    with Sandbox(server.url, server.ca) as box:
        work = prepare(box, server, tmp_path_factory.mktemp("undisturbed") / "work")
        work.run()
        return standing(work)
