"""Series in mailboxes: what has to be read beside a delta round, and what has not (F1, F5, G1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pipeline.team import DAY, Team
from pipeline.workplace import Workplace

from calsync.stages.settings import days
from sandbox.repeat import Repeat, weekly


@pytest.fixture
def team(work: Workplace) -> Team:
    return Team.start(work)


def series(team: Team, repeat: Repeat) -> str:
    """A series of Ann's; its master's id."""
    begins, ends = (f"{DAY + timedelta(hours=n):%Y-%m-%dT%H:%M:%S}" for n in (0, 1))
    return str(team.outlook().create("Weekly", begins, ends, recurrence=repeat)["id"])


def dates(team: Team, master: str) -> list[dict[str, Any]]:
    return team.outlook().occurrences(master, DAY.date() - timedelta(days=60), DAY.date() + timedelta(days=400))


def begins(team: Team) -> dict[str, str]:
    """When each living record starts, by its id."""
    return {r["id"]: r["start"][:16] for r in team.work.records()}


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


def a_round(team: Team) -> None:
    """Nothing special: the next run reads on."""


def a_token_that_died(team: Team) -> None:
    team.work.box.fault("graph", {"expire_delta": True}, path="delta", times=1)


def a_mailbox_read_anew(team: Team) -> None:
    team.work.configure(conflicts="crm")


def a_reconciliation(team: Team) -> None:
    assert team.work.last is not None
    team.work.run(window=days(team.work.tenant, team.work.last))


def a_backfill_of_its_first_day(team: Team) -> None:
    team.work.run(window=(DAY.date(), DAY.date()))


@pytest.mark.parametrize("ahead", [175, 300])
@pytest.mark.parametrize(
    "reading", [a_round, a_token_that_died, a_mailbox_read_anew, a_reconciliation, a_backfill_of_its_first_day]
)
def test_dates_that_are_moved_beyond_the_window_have_not_ended(
    team: Team, ahead: int, reading: Callable[[Team], None]
) -> None:
    """Some of a series or all of it, however calsync comes to see it: each record goes where its date went (B6, F5)."""
    master = series(team, weekly(3))
    team.settle()
    was = begins(team)
    starts, ends = (f"{DAY + timedelta(days=ahead, hours=n):%Y-%m-%dT%H:%M:%S}" for n in (0, 1))
    team.outlook().move_series(master, starts, ends, weekly(3))

    reading(team)
    team.settle(agree=False)

    weeks = [f"{DAY + timedelta(days=ahead, weeks=n):%Y-%m-%dT%H:%M}" for n in range(3)]
    assert begins(team) == dict(zip(sorted(was, key=was.__getitem__), weeks, strict=True))
