"""`python -m calsync choose`: a person's way out when several meetings look the same (B4)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from config.at_work import call
from pipeline.team import ANN, BOB, Team, old, own
from pipeline.workplace import Workplace


def waiting() -> list[dict[str, Any]]:
    """What waits for a choice."""
    shown = call("choose", "sandbox", "--json")
    assert shown.exit_code == 0, shown.output
    found: list[dict[str, Any]] = json.loads(shown.stdout)
    return found


def ids(side: str) -> list[str]:
    return [one["id"] for one in waiting() if one["side"] == side]


def at_rest(team: Team) -> None:
    """Nothing waits any more, and three runs write nothing."""
    assert waiting() == []
    writes = len(team.work.writes())
    for _ in range(3):
        team.work.run()
    assert len(team.work.writes()) == writes
    assert not team.work.box.mails()


def contents(team: Team) -> list[str]:
    return sorted(record["content"] for record in team.work.records())


def test_what_waits_is_shown_together_and_private_titles_are_masked(work: Workplace) -> None:
    """One of them is private: then the title is, whoever else shows it."""
    twins = [old("Merger talks", id=id_) for id_ in ("sch-1", "sch-2")]
    Team.start(work, ANN, crm_events=twins, outlook_events=[own("Merger talks", sensitivity="private")])

    shown, status = call("choose", "sandbox"), call("status", "sandbox")

    assert shown.exit_code == 0
    assert "Merger" not in shown.output
    assert "3 of them look the same and wait: see `python -m calsync choose sandbox`" in status.stdout
    assert [(one["group"], one["side"], one["title"], one["people"]) for one in waiting()] == [
        (1, "ShareCRM", "Private", [ANN]),
        (1, "ShareCRM", "Private", [ANN]),
        (1, "Outlook", "Private", [ANN]),
    ]


def test_a_chosen_pair_is_one_meeting_and_the_other_record_gets_its_own_event(work: Workplace) -> None:
    team = Team.start(work, ANN, crm_events=[old(id="sch-1"), old(id="sch-2")], outlook_events=[own()])
    (event,) = ids("Outlook")

    done = call("choose", "sandbox", "sch-2", event)
    team.settle()

    assert (done.exit_code, done.stdout) == (0, "Noted; the next run acts on it.\n")
    assert team.titles(ANN) == ["Visit", "Visit"]
    team.outlook().rename(event, "Renamed")
    team.settle()
    assert team.state("sch-2")["content"] == "Renamed"
    assert contents(team) == ["Renamed", "Visit"]
    at_rest(team)


def test_none_holds_although_the_first_try_to_create_fails(work: Workplace) -> None:
    team = Team.start(work, ANN, crm_events=[old(id="sch-1")], outlook_events=[own(), own()])
    call("choose", "sandbox", "sch-1", "--none")
    work.box.fault("graph", {"status": 503}, method="POST", path="/events$")
    work.impatient = True
    work.run(may_fail=True)
    work.box.clear_faults()

    team.settle()

    assert (len(team.titles(ANN)), len(contents(team))) == (3, 3)
    at_rest(team)


def test_a_record_may_be_one_event_in_each_colleagues_calendar(work: Workplace) -> None:
    team = Team.start(
        work,
        ANN,
        BOB,
        crm_events=[old(id="sch-1", attendees=[BOB])],
        outlook_events=[own(), own(), own(of=BOB)],
    )
    mine = next(one["id"] for one in waiting() if one["side"] == "Outlook" and one["people"] == [ANN])
    bobs = next(one["id"] for one in waiting() if one["people"] == [BOB])

    assert call("choose", "sandbox", "sch-1", mine).exit_code == 0
    assert call("choose", "sandbox", "sch-1", bobs).exit_code == 0
    team.settle()

    team.crm().rename("sch-1", "Both")
    team.settle()
    assert (team.titles(ANN), team.titles(BOB)) == (["Both", "Visit"], ["Both"])
    at_rest(team)


def test_a_second_event_of_one_calendar_is_refused(work: Workplace) -> None:
    Team.start(work, ANN, crm_events=[old(id="sch-1")], outlook_events=[own(), own()])
    first, second = ids("Outlook")
    call("choose", "sandbox", "sch-1", first)

    again = call("choose", "sandbox", "sch-1", second)

    assert again.exit_code == 1
    assert "has an event in that calendar already" in again.stderr


@pytest.mark.parametrize("chosen", [("sch-1", "no-such-event"), ("sch-9", "--none")])
def test_what_waits_for_no_choice_is_refused(work: Workplace, chosen: tuple[str, ...]) -> None:
    Team.start(work, ANN, crm_events=[old(id="sch-1")], outlook_events=[own()])

    done = call("choose", "sandbox", *chosen)

    assert done.exit_code == 1
    assert "waits for no choice; `choose sandbox` shows what does" in done.stderr


def test_a_choice_needs_a_record_and_one_answer(work: Workplace) -> None:
    assert call("choose", "sandbox", "sch-1").exit_code == 2
    assert call("choose", "sandbox", "sch-1", "event", "--none").exit_code == 2
    assert call("choose", "sandbox", "--none").exit_code == 2


def test_nothing_waits(work: Workplace) -> None:
    Team.start(work, crm_events=[old(id="sch-1")], outlook_events=[own()])

    assert call("choose", "sandbox").stdout == "Nothing waits for a choice.\n"
