"""One writer per tenant (G7): runs of every kind never interleave their writes; who lost the lease writes no more."""

from __future__ import annotations

import json
import secrets
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from pipeline.team import ANN, BOB, CAI, DAY, Team
from pipeline.workplace import Workplace

from calsync.core.plan import ActionState
from calsync.errors import LeaseHeld
from calsync.stages import run as pipeline
from calsync.stages import write_crm
from calsync.stages.context import Counters, Run
from calsync.stages.run import run_tenant
from sandbox.server import Server

KINDS = {"scheduled": None, "backfill": (DAY.date(), DAY.date() + timedelta(days=6)), "manual": None}
PATIENCE_S = 60.0


class Noted(httpx.AsyncBaseTransport):
    """Notes of each writing request which run sent it, in one list for all; `before` may stop a request first."""

    def __init__(self, server: Server, run: str, told: list[str], before: Callable[[httpx.Request], None]) -> None:
        self.run, self.told, self.before = run, told, before
        self.inner = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(cafile=server.ca))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.before(request)
        if writes(request):
            self.told.append(self.run)
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self.inner.aclose()


def writes(request: httpx.Request) -> bool:
    if request.url.path.endswith("/$batch"):
        return any(part["method"] != "GET" for part in json.loads(request.content)["requests"])
    return request.url.path.endswith(("/data/create", "/data/update", "/data/invalid", "/data/recover"))


def another(work: Workplace, kind: str, told: list[str], before: Callable[[httpx.Request], None]) -> Workplace:
    """The same tenant as a process of its own has it: other connections, other clients."""
    other = work.beside(work.tenant.key)
    other.impatient = True
    other.transport = lambda: Noted(work.server, kind, told, before)
    return other


def run_of(kind: str, work: Workplace) -> Run:
    at = datetime.now(UTC) + work.late
    return Run(f"{kind}-{secrets.token_hex(4)}", kind, at, f"airflow:{kind}", window=KINDS[kind])


@pytest.fixture
def team(work: Workplace) -> Team:
    team = Team.start(work)
    team.record("Agreed", attendees=[BOB])
    team.settle()
    return team


def test_runs_started_together_never_interleave_their_writes(team: Team) -> None:
    told: list[str] = []
    refused = threading.Semaphore(0)
    freed = threading.Condition()
    people = iter(range(len(KINDS)))
    diff = pipeline.STAGES["diff"]

    def meanwhile(*given: Any) -> Counters:
        """Whoever runs first waits until the others met its lease; after each has read, people make more meetings."""
        number = next(people)
        if number == 0:
            for _ in range(len(KINDS) - 1):
                assert refused.acquire(timeout=PATIENCE_S)
        found = diff(*given)
        team.record(f"Made in ShareCRM {number}", hours=3 * number, attendees=[BOB])
        team.meeting(f"Made in Outlook {number}", of=CAI, hours=3 * number + 1)
        return found

    def process(kind: str) -> list[str]:
        """A run that comes back when the lease is free, as a rescheduled task does."""
        work = works[kind]
        met: list[str] = []
        while True:
            ports = work.ports()
            try:
                result = run_tenant(work.tenant, ports, run_of(kind, work))
                assert not result["failed"], result["sentence"]
                return met
            except LeaseHeld as held:
                met.append(held.holder)
                refused.release()
                with freed:
                    freed.wait(timeout=0.05)
            finally:
                ports.close()
                with freed:
                    freed.notify_all()

    team.record("Made before", hours=10, attendees=[BOB])
    works = {kind: another(team.work, kind, told, lambda _: None) for kind in KINDS}
    with patch.dict(pipeline.STAGES, {"diff": meanwhile}), ThreadPoolExecutor(len(KINDS)) as pool:
        met = list(pool.map(process, KINDS))

    writers = [kind for kind, _ in groupby(told)]
    assert len(writers) == len(set(writers)) == len(KINDS), f"writes interleave: {writers}"
    assert sum(not one for one in met) <= 1, "two of them never met the lease of another"
    team.settle()
    assert team.titles(CAI) == sorted(f"Made in Outlook {number}" for number in range(len(KINDS)))


NUMBER = 8


@pytest.mark.parametrize(("read", "written"), [(8, 4), (10, 4)], ids=["between two waves", "in the middle of a wave"])
def test_who_lost_the_lease_stops_before_its_next_write(
    read: int, written: int, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight updates in waves of four, each between two reads. At one of them the run stands still for longer than a
    lease lives, and another one comes.
    """
    monkeypatch.setattr(write_crm, "WAVE", 4)
    made = [team.meeting(f"Visit {number}", hours=number) for number in range(NUMBER)]
    team.settle()
    for number, event in enumerate(made):
        team.outlook(ANN).rename(event, f"Visit {number}, renamed")
    told: list[str] = []
    reads = iter(range(1, 1000))
    second = another(team.work, "manual", told, lambda _: None)
    second.late = timedelta(minutes=11)
    others: list[Counters] = []

    def stand_still(request: httpx.Request) -> None:
        if "/data/get" in request.url.path and next(reads) == read:
            ports = second.ports()
            with ThreadPoolExecutor(1) as pool:
                others.append(pool.submit(run_tenant, second.tenant, ports, run_of("manual", second)).result())
            ports.close()

    first = another(team.work, "scheduled", told, stand_still)
    ports = first.ports()
    result = run_tenant(first.tenant, ports, run_of("scheduled", first))
    ports.close()

    assert result["failed"]
    assert "load failed: This run no longer may write tenant sandbox: its lease" in str(result["sentence"])
    assert not others[0]["failed"], others[0]["sentence"]
    assert told == ["scheduled"] * written + ["manual"] * (NUMBER - written)
    team.work.late = timedelta(minutes=11)
    team.settle()
    assert len(told) == NUMBER
    assert sorted(r["content"] for r in team.work.records()) == [
        "Agreed", *(f"Visit {number}, renamed" for number in range(NUMBER))
    ]  # fmt: skip


def test_a_lease_that_ran_out_is_taken_over_and_what_was_under_way_is_found(team: Team) -> None:
    """A run dies without a word right after ShareCRM made its record; the next one takes over when the lease is old."""
    team.meeting("Visit", of=ANN)
    told: list[str] = []

    class Died(BaseException):
        pass

    def die(request: httpx.Request) -> None:
        if told:
            raise Died

    work = another(team.work, "scheduled", told, die)
    ports = work.ports()
    with patch("calsync.stages.lease.release"), pytest.raises(Died):  # who is dead gives nothing back
        run_tenant(work.tenant, ports, run_of("scheduled", work))
    with pytest.raises(LeaseHeld, match="airflow:scheduled"):
        team.work.run()
    ports.close()

    team.work.late = timedelta(minutes=11)
    team.settle()
    assert sorted(r["content"] for r in team.work.records()) == ["Agreed", "Visit"]
    with team.work.at_work() as ports:
        assert not ports.store.actions(team.work.tenant.key, states=[ActionState.SENT])
