"""The lease: one writer, however many try; taken over only when it expired or its process is gone."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from store.values import NOW

from calsync.errors import LeaseHeld, LeaseLost
from calsync.store import open_store
from calsync.store.lease import TTL_S, cli_holder, dead
from calsync.store.records import Lease
from calsync.store.store import Store

T = "sales"
TTL = timedelta(seconds=TTL_S)
SECOND = timedelta(seconds=1)


def test_one_run_writes_and_the_other_is_told_how_long_to_wait(store: Store) -> None:
    assert store.acquire(T, "run:a", NOW) == NOW + TTL
    with pytest.raises(LeaseHeld, match="run:a") as caught:
        store.acquire(T, "run:b", NOW + 60 * SECOND)
    assert (caught.value.holder, caught.value.retry_after) == ("run:a", 540)
    assert store.acquire("other", "run:b", NOW) == NOW + TTL
    assert store.holder(T) == Lease("run:a", NOW, NOW + TTL)


def test_the_holder_renews_by_either_call_and_keeps_its_start(store: Store) -> None:
    store.acquire(T, "run:a", NOW)
    assert store.renew(T, "run:a", NOW + SECOND) == NOW + SECOND + TTL
    assert store.acquire(T, "run:a", NOW + 2 * SECOND, ttl=60) == NOW + 62 * SECOND
    assert store.holder(T) == Lease("run:a", NOW, NOW + 62 * SECOND)


def test_an_expired_lease_goes_to_the_next_and_the_first_notices(store: Store) -> None:
    store.acquire(T, "run:a", NOW)
    with pytest.raises(LeaseHeld):
        store.acquire(T, "run:b", NOW + TTL - SECOND)
    store.acquire(T, "run:b", NOW + TTL)
    with pytest.raises(LeaseLost, match="went to run:b"):
        store.renew(T, "run:a", NOW + TTL)
    assert store.release(T, "run:a") is False
    assert store.holder(T) == Lease("run:b", NOW + TTL, NOW + 2 * TTL)


def test_an_expired_lease_that_nobody_took_may_be_renewed(store: Store) -> None:
    store.acquire(T, "run:a", NOW)
    assert store.renew(T, "run:a", NOW + 2 * TTL) == NOW + 3 * TTL


def test_a_released_lease_is_free_and_cannot_be_renewed(store: Store) -> None:
    store.acquire(T, "run:a", NOW)
    assert store.release(T, "run:a") is True
    assert store.holder(T) is None
    with pytest.raises(LeaseLost, match="ended"):
        store.renew(T, "run:a", NOW)
    store.acquire(T, "run:b", NOW)


def test_of_many_threads_one_wins(dsn: str) -> None:
    crowd, rounds = 4, 5
    gate = threading.Barrier(crowd)
    with open_store(dsn) as store, ThreadPoolExecutor(crowd) as pool:

        def attempt(turn: int, number: int) -> bool:
            gate.wait()
            try:
                store.acquire(T, f"run:{turn}:{number}", NOW + turn * TTL)
            except LeaseHeld:
                return False
            return True

        for turn in range(rounds):  # the first time there is no lease, then an expired one
            assert sum(pool.map(attempt, [turn] * crowd, range(crowd))) == 1


def test_of_many_processes_one_wins(dsn: str) -> None:
    code = (
        "import sys; from calsync.store import open_store; from calsync.errors import LeaseHeld\n"
        "from datetime import datetime; now = datetime.fromisoformat(sys.argv[2])\n"
        "store = open_store(sys.argv[1]); print('ready', flush=True); sys.stdin.readline()\n"
        "try: store.acquire('sales', sys.argv[3], now); print('won')\n"
        "except LeaseHeld: print('held')\n"
    )
    plugins = str(Path(sys.modules["calsync.store"].__file__ or "").parents[2])
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", code, dsn, NOW.isoformat(), f"run:{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": plugins},
        )
        for number in range(3)
    ]
    for one in crowd:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in crowd:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    answers = sorted(one.communicate()[0].strip() for one in crowd)
    assert answers == ["held", "held", "won"]


@pytest.fixture
def ended_pid() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_a_command_line_run_that_died_here_is_taken_over_at_once(store: Store, ended_pid: int) -> None:
    host = cli_holder("r1").split(":")[1]
    store.acquire(T, f"cli:{host}:{ended_pid}:r1", NOW)
    assert store.acquire(T, "run:b", NOW + SECOND) == NOW + SECOND + TTL
    assert store.holder(T) == Lease("run:b", NOW + SECOND, NOW + SECOND + TTL)


def test_only_a_dead_process_of_this_host_counts_as_dead(ended_pid: int) -> None:
    host = cli_holder("r1").split(":")[1]
    assert dead(f"cli:{host}:{ended_pid}:scheduled__2026-01-01T00:00:00")
    for alive in (
        cli_holder("r1"),
        f"cli:{host}:1:r1",
        f"cli:elsewhere.{host}:{ended_pid}:r1",
        f"run:{host}:{ended_pid}:r1",
        f"cli:{host}:0:r1",
        f"cli:{host}:-5:r1",
        f"cli:{host}:99999999999999999999:r1",
        "cli",
        "",
    ):
        assert not dead(alive), alive
