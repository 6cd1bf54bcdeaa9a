"""A live sandbox over TLS for the whole session, emptied before each test that asks for its client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.client import Sandbox
from sandbox.server import Server

pytest.register_assert_rewrite("conformance.scene")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("sandbox")) as server:
        yield server


@pytest.fixture
def box(server: Server) -> Iterator[Sandbox]:
    """The client of an empty sandbox."""
    with Sandbox(server.url, server.ca) as box:
        box.reset()
        yield box
