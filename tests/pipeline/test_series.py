"""Series in mailboxes: what has to be read beside a delta round, and what has not (F1, F5, G1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pipeline.team import DAY, Team
from pipeline.workplace import Workplace

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
