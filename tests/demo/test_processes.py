"""Processes that must not outlive the demo, whatever they do to stay."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.processes import Family, end_session, members

_READY = "open(sys.argv[1], 'a').write('x')\n"
_LINGER = "time.sleep(600)\n"
_HEAD = "import os, signal, sys, time\n"


@pytest.fixture
def families() -> Iterator[list[Family]]:
    started: list[Family] = []
    yield started
    for family in started:
        family.stop(0)


def _start(families: list[Family], script: str, tmp_path: Path, ready: int) -> Family:
    """Start `script` and wait until `ready` of its processes have said that they are there."""
    signs = tmp_path / "ready"
    family = Family([sys.executable, "-c", _HEAD + script, str(signs)], dict(os.environ), tmp_path, tmp_path / "log")
    families.append(family)
    until = time.monotonic() + 30
    while not signs.exists() or len(signs.read_text()) < ready:
        assert time.monotonic() < until, family.last_lines()
        time.sleep(0.01)
    return family


@pytest.mark.parametrize(
    ("script", "count"),
    [
        (_READY + _LINGER, 1),
        ("os.fork()\n" + _READY + _LINGER, 2),
        # Airflow's tasks lead process groups of their own.
        ("os.fork() or os.setpgid(0, 0)\n" + _READY + _LINGER, 2),
        # The leader has ended and its child lives on.
        ("os.fork() and os._exit(0)\n" + _READY + _LINGER, 1),
        ("signal.signal(signal.SIGINT, signal.SIG_IGN)\nos.fork()\n" + _READY + _LINGER, 2),
    ],
    ids=["one", "child", "own group", "orphan", "deaf to INT"],
)
def test_nobody_is_left(families: list[Family], script: str, count: int, tmp_path: Path) -> None:
    family = _start(families, script, tmp_path, count)
    assert len(members(family.session)) == count
    assert family.stop(grace_s=0.5)
    assert members(family.session) == []


def test_who_ends_in_time_is_not_killed(families: list[Family], tmp_path: Path) -> None:
    script = "signal.signal(signal.SIGINT, lambda *_: (print('tidy', flush=True), sys.exit(3)))\n" + _READY + _LINGER
    family = _start(families, script, tmp_path, 1)
    assert family.stop()
    assert (family.exit_code, family.last_lines()) == (3, "tidy")


def test_a_session_that_is_gone_needs_no_ending(families: list[Family], tmp_path: Path) -> None:
    family = _start(families, _READY, tmp_path, 1)
    assert family.stop()
    assert end_session(family.session)
