"""What keeps every mailbox from being read fails the run; what keeps one of them is told and stops nobody (G10)."""

from __future__ import annotations

from typing import Any

import pytest
from pipeline.team import ANN, BOB, Team, address
from pipeline.workplace import Workplace


@pytest.fixture
def team(work: Workplace) -> Team:
    team = Team.start(work)
    work.impatient = True
    return team


@pytest.mark.parametrize(
    ("system", "effect", "says"),
    [
        ("graph", {"refuse": True}, "Graph"),
        ("graph", {"html": True}, "check the connection's host"),
        ("graph", {"status": 503}, "Graph is unavailable at the moment"),
        ("login", {"status": 503}, "The login service is unavailable at the moment"),
    ],
)
def test_an_outage_is_no_quiet_day_and_nothing_is_lost(
    team: Team, system: str, effect: dict[str, Any], says: str
) -> None:
    team.record("Made meanwhile")
    team.work.box.fault(system, effect)

    result = team.work.run(may_fail=True)

    assert result["failed"]
    assert says in str(result["sentence"])
    team.work.box.clear_faults()
    team.settle()
    assert team.titles("1000") == ["Made meanwhile"]


def test_a_mailbox_that_cannot_be_read_is_told_and_the_others_go_on(team: Team) -> None:
    team.work.box.set_mailbox(address(BOB), "forbidden")
    team.record("Goes on")

    result = team.work.run()

    assert str(result["sentence"]).endswith("1 mailbox could not be read.")
    assert team.titles("1000") == ["Goes on"]


def test_a_mailbox_that_goes_away_on_a_quiet_day_is_remembered(team: Team) -> None:
    team.work.box.set_mailbox(address(BOB), "forbidden")

    team.work.run()

    ports = team.work.ports()
    away = [account.employee for account in ports.store.accounts(team.work.tenant.key) if not account.served]
    ports.close()
    assert away == [BOB]


def test_an_edit_that_could_not_be_read_wins_over_a_deletion_all_the_same(team: Team) -> None:
    record = team.record()
    team.settle()
    team.outlook().rename(team.event(ANN)["id"], "Edited")
    team.crm().cancel(record)
    team.work.box.set_mailbox(address(ANN), "none")

    team.work.run()

    team.work.box.set_mailbox(address(ANN), "ok")
    team.settle()
    assert team.titles(ANN) == ["Edited"]
    assert [r["content"] for r in team.work.records()] == ["Edited"]
