"""What fails for its own reasons is parked, tried again ever later, heals by itself and blocks nobody (G10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from pipeline.team import ANN, BOB, Team, address
from pipeline.workplace import Workplace

from calsync.core.plan import ActionState
from calsync.stages.context import Run
from calsync.stages.meeting import meeting
from calsync.stages.parked import drop, parked, retry, retry_next
from calsync.stages.undo import run_to_undo
from calsync.store.records import JournalRow

RECORDS = "data/create"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def team(work: Workplace) -> Iterator[Team]:
    team = Team.start(work)
    work.impatient = True
    work.keep_open()
    yield team
    work.close()


def rows(team: Team) -> list[JournalRow]:
    with team.work.at_work() as ports:
        return ports.store.actions(team.work.tenant.key, states=[ActionState.FAILED, ActionState.PARKED])


def refuse(team: Team, path: str = RECORDS, **more: Any) -> None:
    """ShareCRM rejects such a request for its own content."""
    team.work.box.fault("sharecrm", {"code": 10002}, path=path, **more)


def a_run(team: Team) -> Run:
    with team.work.at_work() as ports:
        return Run("test-person", "cli", ports.now(), "test:person")


def test_a_refused_change_is_tried_again_ever_later_and_heals_by_itself(team: Team) -> None:
    team.meeting("Call")
    refuse(team)
    waits = []

    for _ in range(11):
        told = team.work.run()
        assert str(told["sentence"]).startswith("1 parked.")
        (row,) = rows(team)
        assert row.next_at is not None
        assert row.settled_at is not None
        waits.append(round((row.next_at - row.settled_at) / MINUTE))
        tried = row.attempts
        team.work.run()
        assert [row.attempts for row in rows(team)] == [tried], "it waits for its time"
        with team.work.at_work() as ports:
            team.work.late += row.next_at - ports.now() + MINUTE

    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440]
    team.work.box.clear_faults()
    told = team.work.run()
    assert (told["parked"], told["crm_created"]) == (0, 1)
    assert rows(team) == []


def test_a_passing_failure_fails_the_run_twice_and_is_parked_at_the_third(team: Team) -> None:
    """Of one item alone: others are written to the same system meanwhile, so it is not the system's fault."""
    stubborn = team.meeting("Stubborn")
    team.settle()
    team.outlook().rename(stubborn, "Stubborn, renamed")
    team.work.box.fault("sharecrm", {"status": 503}, path="data/update")

    told = []
    for number in range(3):
        team.meeting(f"Other {number}", hours=3 + number)
        told.append(team.work.run(may_fail=True))

    assert [(t["failed"], t["parked"], t["crm_created"]) for t in told] == [(1, 0, 1), (1, 0, 1), (0, 1, 1)]
    assert "tried again, nothing is lost" in str(told[0]["sentence"])
    assert str(told[2]["sentence"]).startswith("1 parked. ShareCRM 1 created")
    (row,) = rows(team)
    assert row.next_at is not None
    assert row.settled_at is not None
    assert row.next_at - row.settled_at == 20 * MINUTE
    team.work.box.clear_faults()
    team.work.late += timedelta(minutes=21)
    team.settle()
    assert "Stubborn, renamed" in [record["content"] for record in team.work.records()]


def test_it_is_shown_with_what_a_person_needs_and_private_titles_are_masked(team: Team) -> None:
    team.work.box.as_user(address(BOB)).create(
        "Merger", "2030-05-06T10:00:00", "2030-05-06T11:00:00", sensitivity="private"
    )
    team.meeting("Call")
    refuse(team)
    team.work.run()

    with team.work.at_work() as ports:
        shown = parked(team.work.tenant, ports)

    assert {(one.side, one.verb, one.employee, one.title, one.code, one.tries) for one in shown} >= {
        ("crm", "create", ANN, "Call", "10002", 1)
    }
    assert "Merger" not in str(shown)
    assert all(one.sentence and one.next_try for one in shown)


def test_retry_carries_it_out_at_once_and_touches_nothing_else(team: Team) -> None:
    team.meeting("Call")
    refuse(team, times=1)
    team.work.run()
    team.meeting("Another", hours=4)
    (row,) = rows(team)

    with team.work.at_work() as ports:
        told = retry(team.work.tenant, ports, a_run(team), [row.action.id], "ops")

    assert (told["failed"], told["parked"], told["crm_created"]) == (0, 0, 1)
    assert [record["content"] for record in team.work.records()] == ["Call"]
    team.settle()
    assert len(team.work.records()) == 2


def test_a_retry_that_fails_again_parks_it_for_longer(team: Team) -> None:
    team.meeting("Call")
    refuse(team)
    team.work.run()
    (row,) = rows(team)

    with team.work.at_work() as ports:
        told = retry(team.work.tenant, ports, a_run(team), [row.action.id], "ops")

    assert told["parked"] == 1
    assert str(told["sentence"]).startswith("1 parked.")
    assert [row.attempts for row in rows(team)] == [2]


def test_what_was_dropped_is_not_tried_again_until_the_meeting_changes(team: Team) -> None:
    event = team.meeting("Call")
    refuse(team)
    team.work.run()
    (row,) = rows(team)
    with team.work.at_work() as ports:
        drop(team.work.tenant, ports, a_run(team), [row.action.id], "ops")
    team.work.box.clear_faults()
    team.work.late += timedelta(days=2)

    assert "1 dropped by a person." in str(team.work.run()["sentence"])
    assert str(team.work.run()["sentence"]).startswith("Nothing to do")
    team.work.configure(conflicts="crm")  # every meeting is looked at again
    team.work.run()
    assert team.work.records() == []

    team.outlook().rename(event, "Call about the offer")
    team.settle()
    assert [record["content"] for record in team.work.records()] == ["Call about the offer"]


@pytest.mark.parametrize("say", [drop, retry, retry_next])
def test_who_said_what_is_in_the_history(team: Team, say: Callable[..., object]) -> None:
    team.meeting("Call")
    refuse(team)
    team.work.run()
    (row,) = rows(team)

    with team.work.at_work() as ports:
        say(team.work.tenant, ports, a_run(team), [row.action.id], "ops")
        (entry,) = ports.store.history(team.work.tenant.key, link=row.action.link)

    assert (entry.rule, entry.who, entry.action) == ("G10", "ops", row.action.id)


@pytest.mark.parametrize("say", [retry, retry_next])
def test_what_somebody_dropped_meanwhile_is_not_tried_again(team: Team, say: Callable[..., object]) -> None:
    team.meeting("Call")
    refuse(team, times=1)
    team.work.run()
    (row,) = rows(team)

    with team.work.at_work() as ports:
        drop(team.work.tenant, ports, a_run(team), [row.action.id], "colleague")
        assert not say(team.work.tenant, ports, a_run(team), [row.action.id], "ops")
        entries = ports.store.history(team.work.tenant.key, link=row.action.link)
    team.work.run()

    assert [entry.who for entry in entries] == ["colleague"]
    assert team.work.records() == []


@pytest.mark.parametrize("say", [drop, retry])
def test_a_persons_word_is_no_write_that_an_undo_takes_back(team: Team, say: Callable[..., object]) -> None:
    record = team.record("Visit")
    team.settle()
    team.work.close()
    team.crm().rename(record, "Long visit")
    team.work.run()
    wrote = team.work.last
    team.crm().rename(record, "Longer visit")
    team.work.box.fault("graph", DENIED, method="PATCH")
    team.work.run()
    (row,) = rows(team)

    with team.work.at_work() as ports:
        say(team.work.tenant, ports, a_run(team), [row.action.id], "ops")
        last = run_to_undo(team.work.tenant, ports.store, row.action.link)
        shown = meeting(team.work.tenant, ports.store, row.action.link)

    assert wrote
    assert shown
    assert shown.undoing
    assert (last, shown.undoing.run) == (wrote.id, wrote.id)


DENIED = {"status": 403, "code": "ErrorAccessDenied"}
RENAMES = {"system": "graph", "method": "PATCH"}
CREATES = {"system": "sharecrm", "path": RECORDS}


@pytest.mark.parametrize(
    ("count", "where", "effect", "red", "says"),
    [
        (1, CREATES, {"code": 10002}, False, "1 parked. Nothing was written"),
        (2, CREATES, {"code": 10002}, False, "2 parked. Nothing was written"),
        (3, CREATES, {"code": 10002}, True, "Every change in ShareCRM was refused for one reason"),
        (1, RENAMES, DENIED, False, "1 parked. Nothing was written"),
        (3, RENAMES, DENIED, True, "check Calendars.ReadWrite, its consent and the access policies"),
        (3, RENAMES, {"status": 503}, True, "3 changes met a passing failure; they are tried again, nothing is lost"),
        (1, CREATES, {"status": 503}, False, "1 left for the next run"),
        (3, CREATES, {"status": 503}, True, "3 new records got no answer from ShareCRM; each is looked for"),
        (1, CREATES, {"code": 30002}, True, "quota"),
        (1, CREATES, {"code": 20006}, True, "ShareCRM"),
        (1, {"system": "graph", "path": "calendarView"}, {"status": 503}, True, "extract_graph failed: Graph is"),
        (1, {"system": "graph", "path": "calendarView"}, DENIED, True, "The application may use none of the mailboxes"),
        (1, {"system": "sharecrm", "path": "describe"}, {"status": 502}, True, "extract_crm failed: ShareCRM"),
        (1, {"system": "login"}, {"status": 401}, True, "check the connection's tenant_id and authority"),
    ],
)
def test_a_run_is_red_when_a_system_or_a_permission_is_at_fault_and_says_what_to_do(
    team: Team, count: int, where: dict[str, Any], effect: dict[str, Any], red: bool, says: str
) -> None:
    records = [team.record(f"Visit {number}", hours=number) for number in range(count)]
    team.settle()
    team.work.close()
    for number, record in enumerate(records):
        team.crm().rename(record, f"Visit {number}, renamed") if where is not CREATES else None
        team.meeting(f"Call {number}", hours=8 + number) if where is CREATES else None
    team.work.box.fault(where["system"], effect, **{k: v for k, v in where.items() if k != "system"})

    told = team.work.run(may_fail=True)

    assert (bool(told["failed"]), says in str(told["sentence"])) == (red, True), told["sentence"]
    team.work.box.clear_faults()
    team.work.late += timedelta(hours=1)
    team.settle()
