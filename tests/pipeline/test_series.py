"""Series through the whole pipeline: each date a record, moved, cut and ended as its users do it (B6, F1, F5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pipeline.team import ANN, BOB, DAY, Team, address
from pipeline.workplace import Workplace

from calsync.core.plan import ActionState
from sandbox.repeat import Repeat, weekly


@pytest.fixture
def team(work: Workplace) -> Team:
    return Team.start(work)


def wall(weeks: float = 0, hours: float = 0) -> str:
    return (DAY + timedelta(weeks=weeks, hours=hours)).strftime("%Y-%m-%dT%H:%M:%S")


def series(team: Team, repeat: Repeat | None = None, guests: tuple[str, ...] = (), hours: float = 0) -> str:
    """A weekly series of Ann's; its master's id."""
    people = [{"type": "required", "emailAddress": {"address": one}} for one in guests]
    begins, ends = wall(hours=hours), wall(hours=hours + 1)
    made = team.outlook().create("Weekly", begins, ends, recurrence=repeat or weekly(4), attendees=people)
    return str(made["id"])


def dates(team: Team, master: str, of: str = ANN) -> list[dict[str, Any]]:
    return team.outlook(of).occurrences(master, DAY.date() - timedelta(days=60), DAY.date() + timedelta(days=400))


def begins(team: Team) -> dict[str, str]:
    """When each living record starts, by its id."""
    return {r["id"]: r["start"][:16] for r in team.work.records()}


def shown(*weeks: float, hours: float = 0) -> list[str]:
    return [wall(week, hours)[:16] for week in weeks]


def outlook_writes(team: Team) -> list[dict[str, Any]]:
    return [entry for entry in team.work.writes() if entry["system"] == "graph"]


def test_a_series_with_an_exception_and_a_cancelled_date_is_imported(team: Team) -> None:
    master = series(team, guests=(address(BOB),))
    first, second, third, _ = dates(team, master)
    team.outlook().move(second["id"], wall(1, 2), wall(1, 3))
    team.outlook().delete(third["id"])
    team.settle()
    assert sorted(begins(team).values()) == sorted([*shown(0, 3), *shown(1, hours=2)])
    team.outlook().rename(first["id"], "Kick-off")
    team.settle()
    assert sorted(r["content"] for r in team.work.records()) == ["Kick-off", "Weekly", "Weekly"]
    assert outlook_writes(team) == []


def test_a_series_moved_to_another_weekday_keeps_its_records(team: Team) -> None:
    master = series(team, guests=(address(BOB),))
    team.settle()
    before = begins(team)
    team.outlook().move_series(master, wall(0, 24), wall(0, 25), weekly(4))
    team.settle()
    assert begins(team).keys() == before.keys()
    assert sorted(begins(team).values()) == shown(0, 1, 2, 3, hours=24)


def test_single_dates_are_deleted_and_changed_on_either_side(team: Team) -> None:
    master = series(team, guests=(address(BOB),))
    team.settle()
    by_start = {start: id_ for id_, start in begins(team).items()}
    _, second, _, _ = dates(team, master)
    team.outlook().delete(second["id"])
    team.crm().cancel(by_start[shown(2)[0]])
    team.crm().rename(by_start[shown(3)[0]], "Closing")
    sent = team.settle()
    assert sorted(begins(team).values()) == shown(0, 3)
    assert [(one["subject"], one["type"]) for one in dates(team, master)] == [
        ("Weekly", "occurrence"),
        ("Closing", "exception"),
    ]
    assert sent == [("cancellation", address(BOB)), ("update", address(BOB))]


def test_a_series_deleted_with_a_bare_tombstone_ends_its_records(team: Team) -> None:
    master = series(team, weekly(12))
    team.settle()
    assert len(begins(team)) == 12
    team.outlook().delete(master)
    team.settle()
    assert begins(team) == {}, "a series is one meeting to the guard"


def test_a_single_event_becomes_a_series_and_single_again(team: Team) -> None:
    event = team.meeting("Call")
    team.settle()
    (record,) = begins(team)
    team.outlook().make_series(event, weekly(3))
    team.settle()
    assert sorted(begins(team).values()) == shown(0, 1, 2)
    assert begins(team)[record] == shown(0)[0]
    team.outlook().make_single(event)
    team.settle()
    assert begins(team) == {record: shown(0)[0]}


def test_this_and_following_goes_on_with_the_same_records(team: Team) -> None:
    master = series(team)
    team.settle()
    before = begins(team)
    team.outlook().end_series(master, (DAY + timedelta(weeks=1)).date())
    team.outlook().create("Weekly", wall(2, 1), wall(2, 2), recurrence=weekly(2))
    team.settle()
    assert begins(team).keys() == before.keys()
    assert sorted(begins(team).values()) == sorted([*shown(0, 1), *shown(2, 3, hours=1)])


def test_dates_enter_and_leave_with_the_window_and_nothing_is_written_in_outlook_for_it(work: Workplace) -> None:
    work.configure(window={"past_days": 7, "future_days": 28})
    team = Team.start(work)
    series(team, weekly())
    team.settle(agree=False)
    before = begins(team)
    work.late = timedelta(weeks=2)
    work.box.set_clock(advance_s=work.late.total_seconds())
    team.settle(agree=False)
    assert before.items() <= begins(team).items()
    assert len(begins(team)) == len(before) + 2
    assert outlook_writes(team) == []


def test_a_change_beyond_the_days_that_the_mailbox_watches_is_seen(work: Workplace) -> None:
    """The window has moved on since the delta link was made; a date at its new end vanishes without a tombstone."""
    work.configure(window={"past_days": 7, "future_days": 28})
    team = Team.start(work)
    master = series(team, weekly())
    team.settle(agree=False)
    work.late = timedelta(weeks=2)
    work.box.set_clock(advance_s=work.late.total_seconds())
    team.settle(agree=False)
    last = max(begins(team).values())
    (there,) = [one for one in dates(team, master) if one["start"]["dateTime"][:16] == last]
    team.outlook().delete(there["id"])
    team.settle(agree=False)
    assert last not in begins(team).values()


def test_a_series_that_comes_again_unchanged_costs_no_reads_and_no_writes(team: Team) -> None:
    master = series(team, weekly(26))
    team.settle()
    assert len(begins(team)) >= 25
    team.outlook().change(master, showAs="free")
    asked = len(team.work.box.requests())
    written = len(team.work.writes())
    team.run()
    reads = [
        part
        for entry in team.work.box.requests()[asked:]
        for part in entry.get("parts") or [entry]
        if "/events/" in part["path"] and not str(entry["actor"]).startswith("user:")
    ]
    assert reads == []
    assert len(team.work.writes()) == written


def test_a_series_made_in_a_mailbox_with_the_state_lost_is_linked_again(team: Team) -> None:
    series(team, guests=(address(BOB),))
    team.settle()
    before = begins(team)
    written = len(team.work.writes())
    (team.work.folder / "calsync.db").unlink()
    fresh = Workplace.open(team.work.box, team.work.server, team.work.folder)
    fresh.authorise()
    Team(fresh).settle()
    assert begins(team) == before
    assert len(team.work.writes()) == written


def test_a_date_that_would_pass_its_neighbour_is_parked_and_blocks_nothing_else(team: Team) -> None:
    master = series(team)
    team.settle()
    by_start = {start: id_ for id_, start in begins(team).items()}
    beyond = DAY + timedelta(weeks=2, days=1)
    team.crm().move(by_start[shown(1)[0]], beyond, beyond + timedelta(hours=1))
    team.crm().rename(by_start[shown(3)[0]], "Closing")
    team.run()
    assert [one["subject"] for one in dates(team, master)] == ["Weekly", "Weekly", "Weekly", "Closing"]
    ports = team.work.ports()
    try:
        (parked,) = ports.store.actions(team.work.tenant.key, states=[ActionState.PARKED])
    finally:
        ports.close()
    assert parked.code == "ErrorOccurrenceCrossingBoundary"
    assert parked.sentence
