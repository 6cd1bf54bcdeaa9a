"""A part of Airflow that ends by itself, while the others go on."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from rich.console import Console

from demo.parts import PARTS, ended
from demo.processes import Family
from demo.session import AIRFLOW, Session
from demo.signals import Interrupts

# As `airflow standalone` does it: every part is a child that nobody waits for, each line begins with its part's name.
STANDALONE = """
import json, subprocess, sys, time
parts = sys.argv[1:]
print("scheduler  | the last words of it", flush=True)
print("triggerer  | goes on", flush=True)
sleep = "import time; time.sleep(600)"
children = {part: subprocess.Popen([sys.executable, "-c", sleep, part]).pid for part in parts}
print(json.dumps(children), flush=True)
time.sleep(600)
"""


@pytest.fixture
def standalone(tmp_path: Path) -> Iterator[tuple[Family, dict[str, int]]]:
    """A leader, and its children by their parts; its folder's name is that of a part."""
    folder = tmp_path / "scheduler"
    folder.mkdir()
    # The API server sets its command line itself.
    names = [f"{folder}/airflow {part}".replace("api-server", "api_server") for part in PARTS]
    family = Family([sys.executable, "-c", STANDALONE, *names], dict(os.environ), folder, folder / "log")
    while not (lines := family.last_lines(start="{")):
        time.sleep(0.01)
    children = json.loads(lines)
    yield family, dict(zip(PARTS, children.values(), strict=True))
    family.stop(0)


def test_nothing_has_ended_while_all_parts_live(standalone: tuple[Family, dict[str, int]]) -> None:
    family, _ = standalone
    assert ended(family.session) == []


@pytest.mark.parametrize("part", PARTS)
def test_who_has_ended_is_named(standalone: tuple[Family, dict[str, int]], part: str) -> None:
    family, children = standalone
    _kill(children[part])
    assert ended(family.session) == [part]


def test_parts_of_a_leader_that_is_gone_have_not_ended_by_themselves(
    standalone: tuple[Family, dict[str, int]],
) -> None:
    family, _ = standalone
    assert family.stop(0)
    assert ended(family.session) == []


def test_the_demo_says_which_part_ended_and_what_to_do(standalone: tuple[Family, dict[str, int]]) -> None:
    family, children = standalone
    session = Session(family.log.parent, family.log.parent, Console(quiet=True), Interrupts(), {})
    session.families[AIRFLOW] = family
    assert session.problem() is None
    _kill(children["scheduler"])
    problem = session.problem()
    assert problem
    for told in (
        "Airflow's scheduler has ended by itself",
        "the last words of it",
        "docs/operations.md",
        "`make demo`",
    ):
        assert told in problem
    assert "goes on" not in problem


def _kill(pid: int) -> None:
    """End a process, and wait until it has."""
    os.kill(pid, signal.SIGKILL)
    while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
