"""A live sandbox over TLS for the whole session, emptied before each test that asks for its client."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.client import Sandbox
from sandbox.server import Server

pytest.register_assert_rewrite("conformance.scene")

# Thousands of tests and what they import stay to the end: looking through them again and again frees nothing.
gc.set_threshold(20_000, 20, 100)

LONG = ("tests/model/", "tests/e2e/", "tests/demo/", "tests/pipeline/", "tests/conformance/", "tests/shell/")
"""What takes minutes, or a file of it a good part of one, by when it begins; all the rest is short."""


def pytest_configure() -> None:
    """In the background a suite ignores interrupts, and all that it starts would too: tests end Airflow by them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: else one core does the last of them while the other has nothing left."""
    items.sort(key=lambda item: next((n for n, part in enumerate(LONG) if item.nodeid.startswith(part)), len(LONG)))


def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `-n`, the files of tests/e2e go to one worker: they share one Airflow."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return "tests/e2e" if nodeid.startswith("tests/e2e/") else str(super()._split_scope(nodeid))

    return Scheduling(config, log)


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
