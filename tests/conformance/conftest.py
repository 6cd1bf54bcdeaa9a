"""Each scenario gets its own stage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance.scene import Scene
from pipeline.workplace import Workplace

from sandbox.client import Sandbox
from sandbox.server import Server


@pytest.fixture
def scene(box: Sandbox, server: Server, tmp_path: Path) -> Iterator[Scene]:
    work = Workplace.open(box, server, tmp_path)
    work.keep_open()
    yield Scene(work)
    work.close()
