"""What people change while a run is under way counts in the next one (RULES A5, C10)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from pipeline.team import ANN, BOB, Team, old, own
from pipeline.workplace import Workplace

from calsync.stages.context import Run
from calsync.stages.lease import leased, release
from calsync.stages.run import STAGES, staged


def run_with(work: Workplace, stage: str, act: Callable[[], None]) -> None:
    """One run, with something that happens just before a stage."""
    run = Run(f"test-{secrets.token_hex(4)}", "cli", datetime.now(UTC), f"test:{secrets.token_hex(4)}")
    ports = work.ports()
    with leased(work.tenant, ports, run):
        for name in STAGES:
            if name == stage:
                act()
            staged(name, work.tenant, ports, run)
        release(work.tenant, ports, run)
    ports.close()


@pytest.mark.parametrize("stage", ["diff", "map", "load"])
def test_who_connects_while_a_run_is_under_way_gets_old_meetings_in_the_next(work: Workplace, stage: str) -> None:
    team = Team.start(work, ANN, crm_events=[old("Both", attendees=[BOB]), old("Bob's", owner=BOB, hours=2)])
    team.meeting("Call", hours=4)
    run_with(work, stage, lambda: work.authorise(BOB))
    team.settle()
    assert team.titles(BOB) == ["Bob's", "Both"]


@pytest.mark.parametrize("stage", ["diff", "map", "load"])
def test_what_stands_in_a_mailbox_that_was_not_read_yet_is_not_doubled(work: Workplace, stage: str) -> None:
    team = Team.start(work, ANN, crm_events=[old(owner=BOB)], outlook_events=[own(of=BOB)])
    team.meeting("Call", hours=4)
    run_with(work, stage, lambda: work.authorise(BOB))
    team.settle()
    assert team.titles(BOB) == ["Visit"]
    assert sorted(record["content"] for record in work.records()) == ["Call", "Visit"]


def test_rules_that_change_while_a_run_is_under_way_count_in_the_next(work: Workplace) -> None:
    work.configure(direction="outlook_to_crm")
    team = Team.start(work, ANN, crm_events=[old()])
    team.meeting("Call", hours=4)
    run_with(work, "load", lambda: work.configure(direction="bidirectional"))
    team.settle()
    assert team.titles(ANN) == ["Call", "Visit"]
