"""Matching anew on request: one at a time, noted for everybody, given up in time."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from people.make import ANN, NOW, TWINS, tenant

from calsync.errors import Remote, Unavailable
from calsync.stages import matching
from calsync.stages.matching import LONGEST, State, begin, latest, match_anew
from calsync.store.store import Store


@pytest.fixture
def ports(store: Store) -> Any:
    @asynccontextmanager
    async def client() -> Any:
        yield object()

    return SimpleNamespace(store=store, crm=client, graph=client, now=lambda: NOW)


def test_one_runs_at_a_time_and_a_lost_one_does_not_bar_the_next(store: Store) -> None:
    assert latest(store, "acme", NOW).state is State.NONE
    assert begin(store, "acme", NOW)
    assert latest(store, "acme", NOW).state is State.RUNNING
    assert not begin(store, "acme", NOW + LONGEST)
    assert begin(store, "other", NOW)
    later = NOW + LONGEST + timedelta(seconds=1)
    assert "match anew" in latest(store, "acme", later).sentence
    assert begin(store, "acme", later)


def test_what_came_of_it_is_noted(store: Store, ports: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def listed(crm: object, graph: object) -> Any:
        return [ANN], TWINS

    monkeypatch.setattr("calsync.accounts.listed", listed)
    begin(store, "acme", NOW)
    assert match_anew(tenant(), ports).sentence == "0 matched; 1 not, or not clearly."
    assert latest(store, "acme", NOW).state is State.DONE
    assert begin(store, "acme", NOW)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Unavailable("Graph does not answer", Remote("graph", 503)), "Graph does not answer"),
        (KeyError("ann@x.io"), "An unexpected KeyError"),
    ],
)
def test_a_failure_is_told_without_what_others_may_not_know(
    store: Store, ports: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    async def refresh(*_: object) -> None:
        raise error

    monkeypatch.setattr("calsync.accounts.refresh", refresh)
    begin(store, "acme", NOW)
    match_anew(tenant(), ports)
    told = latest(store, "acme", NOW)
    assert told.state is State.FAILED
    assert told.sentence.startswith(sentence)
    assert "ann@" not in told.sentence


def test_one_that_takes_too_long_is_given_up(store: Store, ports: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refresh(*_: object) -> None:
        await matching.asyncio.Event().wait()

    monkeypatch.setattr("calsync.accounts.refresh", refresh)
    begin(store, "acme", NOW)
    assert "was given up" in match_anew(tenant(), ports, timedelta(0)).sentence
