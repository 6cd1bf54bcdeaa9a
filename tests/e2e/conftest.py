"""One real Airflow for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from e2e.people import Ops
from e2e.standalone import Run, first_run

from sandbox.client import Sandbox


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What Airflow keeps is looked at last, when everything else has taken place in it."""
    places = [number for number, item in enumerate(items) if item.nodeid.startswith("tests/e2e/")]
    here = sorted((items[number] for number in places), key=lambda item: "test_secrets.py" in item.nodeid)
    for number, item in zip(places, here, strict=True):
        items[number] = item


_standing = ExitStack()


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The sandbox tenant's first run, and the Airflow in which it took place."""
    with _standing:
        yield _standing.enter_context(first_run(tmp_path_factory.mktemp("e2e") / "demo"))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """After its last test here Airflow ends: its scheduler would take a fifth of a core from all that follows."""
    if nextitem is None or not nextitem.nodeid.startswith("tests/e2e/"):
        _standing.close()


@pytest.fixture
def ops(run: Run) -> Ops:
    return Ops(run)


@pytest.fixture
def box(run: Run) -> Iterator[Sandbox]:
    with run.sandbox() as box:
        yield box
