"""What keeps every mailbox from being read fails the run; what keeps one of them is told and stops nobody (G10)."""

from __future__ import annotations

from typing import Any

import pytest
from pipeline.team import ANN, BOB, DAY, Team, address, old
from pipeline.workplace import Workplace

from calsync.errors import StateUnreachable
from calsync.stages import cursors


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
        ("graph", {"status": 410}, "check the connection's host"),
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
    event = team.meeting()
    team.settle()
    (record,) = team.work.records()
    team.outlook().rename(event, "Edited")
    team.crm().cancel(record["id"])
    team.work.box.set_mailbox(address(ANN), "none")

    team.work.run()

    team.work.box.set_mailbox(address(ANN), "ok")
    team.settle()
    assert team.titles(ANN) == ["Edited"]
    assert [r["content"] for r in team.work.records()] == ["Edited"]


@pytest.mark.parametrize("breaks_off", [True, False])
def test_who_was_away_while_a_run_broke_off_or_looked_at_days_of_its_own_gets_what_it_missed(
    work: Workplace, monkeypatch: pytest.MonkeyPatch, breaks_off: bool
) -> None:
    team = Team.start(work, crm_events=[old(id="sch-1", attendees=[BOB])])
    team.crm().rename("sch-1", "Renamed")
    work.box.set_mailbox(address(BOB), "forbidden")
    with monkeypatch.context() as breaking:
        if breaks_off:
            breaking.setattr(cursors, "save", _unreachable)
        work.run(may_fail=breaks_off, window=None if breaks_off else (DAY.date(), DAY.date()))
    assert (team.titles(ANN), team.titles(BOB)) == (["Renamed"], ["Visit"])

    work.box.set_mailbox(address(BOB), "ok")
    team.settle()

    assert team.titles(BOB) == ["Renamed"]


def _unreachable(*_: object) -> None:
    raise StateUnreachable("the state database does not answer")
