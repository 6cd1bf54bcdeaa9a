"""Starting twice, stopping from elsewhere, and what a killed demo leaves."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from demo import record
from demo.errors import DemoError
from demo.processes import Family, members
from demo.record import Record
from demo.session import refuse_second, stop_other
from demo.signals import Interrupts


def _record(pid: int, started: float, sessions: dict[int, float]) -> Record:
    return Record(
        pid=pid,
        started=started,
        airflow_url="http://127.0.0.1:1111",
        local_url="http://127.0.0.1:1111",
        airflow_home="home",
        sandbox_url="https://127.0.0.1:2222",
        sandbox_ca="ca.pem",
        user="admin",
        password="password",
        staging="file:///staging",
        sessions=sessions,
    )


def _sleeper(tmp_path: Path) -> Family:
    family = Family(
        [sys.executable, "-c", "import time; time.sleep(600)"], dict(os.environ), tmp_path, tmp_path / "log"
    )
    while not members(family.session):
        time.sleep(0.01)
    return family


def _begun(pid: int) -> float:
    started = record.started_at(pid)
    assert started is not None
    return started


def test_nothing_is_in_the_way_of_the_first(tmp_path: Path) -> None:
    refuse_second(tmp_path)
    assert stop_other(tmp_path) == "No demo is running."


def test_a_running_demo_is_named_with_its_addresses_and_how_to_end_it(tmp_path: Path) -> None:
    _record(os.getpid(), _begun(os.getpid()), {}).save(tmp_path)
    with pytest.raises(DemoError) as told:
        refuse_second(tmp_path)
    for part in (str(os.getpid()), "http://127.0.0.1:1111", "https://127.0.0.1:2222", "make demo-stop"):
        assert part in str(told.value)


def test_what_a_killed_demo_left_is_named_and_ended(tmp_path: Path) -> None:
    family = _sleeper(tmp_path)
    _record(os.getpid(), 1.0, {family.session: _begun(family.session)}).save(tmp_path)
    with pytest.raises(DemoError, match=f"left 1 processes behind \\({family.session}\\)"):
        refuse_second(tmp_path)
    assert stop_other(tmp_path) == "The demo is stopped."
    assert family.exit_code == -signal.SIGINT or family.exit_code == 1
    refuse_second(tmp_path)


def test_a_stranger_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    family = _sleeper(tmp_path)
    _record(os.getpid(), 1.0, {family.session: 1.0}).save(tmp_path)
    try:
        refuse_second(tmp_path)
        stop_other(tmp_path)
        assert family.exit_code is None
    finally:
        family.stop()


def test_the_record_is_for_its_user_alone_and_comes_back_whole(tmp_path: Path) -> None:
    written = _record(7, 1.5, {8: 2.5})
    written.save(tmp_path)
    assert record.read(tmp_path) == written
    assert (tmp_path / "state.json").stat().st_mode & 0o077 == 0


def test_a_signal_waits_for_the_step_that_must_not_be_cut() -> None:
    interrupts = Interrupts()
    done: list[str] = []

    def step() -> None:
        with interrupts.deferred():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("the rest of the step")

    with interrupts.heard(), pytest.raises(KeyboardInterrupt):
        step()
    assert done


def test_once_everything_is_being_stopped_signals_change_nothing() -> None:
    interrupts = Interrupts()
    with interrupts.heard():
        interrupts.ignore()
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
