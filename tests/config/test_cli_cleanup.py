"""`python -m calsync cleanup`: shows what calsync made, removes it, and nothing of it comes back by itself (D7)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from config.at_work import call
from pipeline.team import ANN, BOB, CAI, DAY, STRANGER, ZOE, Team, address, old
from pipeline.workplace import Workplace

from calsync.store import open_store


@pytest.fixture
def team(work: Workplace) -> Team:
    """An old record in two copies, a young one that Ann invites to, and a meeting of Bob's own."""
    team = Team.start(work, crm_events=[old(id="old", attendees=[BOB])])
    team.record("Kickoff", hours=2, attendees=[BOB], contacts=[ZOE])
    team.meeting("Bob's own", of=BOB, hours=4, guests=(STRANGER,))
    team.settle()
    return team


def cleaned(*arguments: str) -> dict[str, Any]:
    """What a cleanup says it did."""
    done = call("cleanup", "sandbox", "--yes", "--json", *arguments)
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def at_rest(team: Team) -> None:
    """Three runs, none of which writes or mails anything."""
    writes, mails = len(team.work.writes()), len(team.work.box.mails())
    for _ in range(3):
        team.work.run()
    assert (len(team.work.writes()), len(team.work.box.mails())) == (writes, mails)


def records(team: Team) -> list[str]:
    return sorted(record["content"] for record in team.work.records())


def test_a_second_cleanup_finds_nothing(team: Team) -> None:
    cleaned()
    writes = len(team.work.writes())

    again = call("cleanup", "sandbox", "--yes")

    assert (again.exit_code, again.stdout) == (0, "Nothing that calsync made was found; nothing was changed.\n")
    assert len(team.work.writes()) == writes


def test_without_a_terminal_it_only_shows(team: Team) -> None:
    writes = len(team.work.writes())

    shown = call("cleanup", "sandbox")

    assert shown.exit_code == 0
    assert "Removing 3 events in Outlook sends 2 cancellations, 1 of them to 1 person outside." in shown.stdout
    assert "Nothing was removed." in shown.stdout
    assert len(team.work.writes()) == writes
    at_rest(team)
    team.crm().rename("old", "Still synced")
    team.settle()
    assert "Still synced" in team.titles(BOB)


@pytest.mark.parametrize(("typed", "gone"), [("sandbox\n", True), ("yes\n", False), ("\n", False)])
def test_a_person_types_the_tenants_key(team: Team, monkeypatch: pytest.MonkeyPatch, typed: str, gone: bool) -> None:
    monkeypatch.setattr("calsync.cli.cleanup.interactive", lambda: True)

    done = call("cleanup", "sandbox", typed=typed)

    assert done.exit_code == 0
    assert (team.titles(ANN) == []) is gone
    assert ("Syncing these calendars again needs" in done.stdout) is gone


def test_one_account_comes_back(team: Team) -> None:
    cleaned("--account", ANN)

    team.work.authorise(ANN)
    team.settle()

    assert team.titles(ANN) == ["Kickoff", "Visit"]
    assert records(team) == ["Bob's own", "Kickoff", "Visit"]


def test_a_lost_state_database_hides_nothing(team: Team) -> None:
    team.work.lose_state()

    told = cleaned()

    assert len(told["events"]) == 3
    assert (team.titles(ANN), team.titles(BOB)) == ([], ["Bob's own"])
    at_rest(team)
    mails = len(team.work.box.mails())
    team.work.authorise(ANN, BOB)
    team.settle()
    assert team.titles(ANN) == ["Kickoff", "Visit"]
    assert len(team.work.box.mails()) == mails
    assert records(team) == ["Bob's own", "Kickoff", "Visit"]


def test_what_a_user_made_their_own_stays_and_is_said(team: Team) -> None:
    (copy,) = [event for event in team.work.events(address(BOB)) if event["subject"] == "Visit"]
    team.outlook(BOB).invite(copy["id"], STRANGER)
    team.settle(agree=False)
    mails = len(team.work.box.mails())

    told = cleaned()

    assert "Visit" in team.titles(BOB)
    assert ("E7", "its user has made this event their own") in {(one["rule"], one["reason"]) for one in told["left"]}
    assert STRANGER not in {mail["to"] for mail in team.work.box.mails()[mails:]}


def test_an_ended_invitation_stays_unless_the_past_is_asked_for(work: Workplace) -> None:
    team = Team.start(work)
    record = team.record("Talk", attendees=[BOB])
    team.settle()
    team.crm().move(record, DAY - timedelta(days=5), DAY - timedelta(days=5, hours=-1))
    team.settle()
    mails = len(work.box.mails())

    told = cleaned()

    assert [one["rule"] for one in told["left"]] == ["E5"]
    assert team.titles(ANN) == ["Talk"]
    assert len(work.box.mails()) == mails
    assert cleaned("--past")["cancellations"] == 1
    assert team.titles(ANN) == []
    assert len(work.box.mails()) == mails + 1
    at_rest(team)


def test_records_made_from_outlook_go_only_when_asked_for(team: Team) -> None:
    told = cleaned("--records")

    assert [one["title"] for one in told["records"]] == ["Bob's own"]
    assert records(team) == ["Kickoff", "Visit"]
    assert team.titles(BOB) == ["Bob's own"]
    at_rest(team)
    team.work.authorise(ANN, BOB)
    team.settle(agree=False)
    assert team.titles(BOB) == ["Bob's own", "Kickoff", "Visit"]
    assert records(team) == ["Kickoff", "Visit"]


def test_private_titles_are_masked(work: Workplace) -> None:
    Team.start(work, crm_events=[old("Merger talks", private=True)])

    shown = call("cleanup", "sandbox")

    assert "Merger" not in shown.output
    assert "Private" in shown.stdout


def test_interrupted_it_deletes_no_record_and_is_finished_by_the_next(team: Team) -> None:
    team.work.box.fault("graph", {"status": 403, "code": "ErrorAccessDenied"}, method="DELETE", path="/events/")

    stopped = call("cleanup", "sandbox", "--yes")

    assert stopped.exit_code == 1
    assert "repeat the command" in stopped.stderr
    team.work.box.clear_faults()
    at_rest(team)
    cleaned()
    assert (team.titles(ANN), team.titles(BOB)) == ([], ["Bob's own"])
    assert records(team) == ["Bob's own", "Kickoff", "Visit"]
    at_rest(team)


def test_what_it_removed_before_it_was_interrupted_is_no_users_deletion(team: Team) -> None:
    """Answers lost after the work was done; somebody authorises again without repeating the cleanup."""
    team.work.box.fault("graph", {"lose_answer": True}, path=r"\$batch")

    assert call("cleanup", "sandbox", "--yes").exit_code == 1

    assert team.titles(ANN) == []
    team.work.box.clear_faults()
    team.work.authorise(ANN, BOB, CAI)
    team.settle()
    assert team.titles(ANN) == ["Kickoff", "Visit"]
    assert records(team) == ["Bob's own", "Kickoff", "Visit"]


def test_a_calendar_that_cannot_be_read_is_told(team: Team) -> None:
    team.work.box.set_mailbox(address(ANN), "none")

    done = call("cleanup", "sandbox", "--yes")

    assert done.exit_code == 1
    assert f"The calendar of {ANN} could not be read" in done.stderr
    assert team.titles(BOB) == ["Bob's own", "Kickoff"]


def test_the_calendar_of_a_former_user_is_cleaned_too(work: Workplace) -> None:
    team = Team.start(work, ANN, crm_events=[old(id="old")])
    work.configure(employees={ANN: address(BOB)})
    work.authorise(ANN)

    cleaned()

    assert team.titles(ANN) == []
    at_rest(team)


def test_a_users_copy_of_our_event_is_theirs(team: Team) -> None:
    pasted = {"singleValueExtendedProperties": _marks(team, ANN)}
    team.outlook(BOB).create("Pasted", f"{DAY:%Y-%m-%d}T12:00:00", f"{DAY:%Y-%m-%d}T13:00:00", **pasted)

    told = cleaned()

    assert "Pasted" in team.titles(BOB)
    assert "B3" in {one["rule"] for one in told["left"]}


def _marks(team: Team, employee: str) -> list[dict[str, str]]:
    """The mark of one of our events in this calendar."""
    from calsync.graph.marks import MARK_ID

    (event,) = [e for e in team.work.events(address(employee)) if e["subject"] == "Visit"]
    raw = team.outlook(employee).request(
        "GET", f"/events/{event['id']}?$expand=singleValueExtendedProperties($filter=id eq '{MARK_ID}')"
    )
    found: list[dict[str, str]] = raw["singleValueExtendedProperties"]
    return found


def test_what_a_person_confirmed_does_not_count_for_the_guard(work: Workplace) -> None:
    """Else the next deletion by a user would be taken for the twelfth of a disaster (G5)."""
    team = Team.start(work, crm_events=[old(f"Visit {n}", id=f"r{n}", hours=n, attendees=[BOB]) for n in range(11)])
    cleaned("--account", ANN)

    team.crm().cancel("r0")
    team.run()

    assert "Visit 0" not in team.titles(BOB)
    assert len(team.titles(BOB)) == 10


def test_while_another_run_writes_it_shows_but_removes_nothing(team: Team) -> None:
    with open_store(f"sqlite:///{team.work.folder / 'calsync.db'}") as store:
        store.acquire("sandbox", "airflow:other", datetime.now(UTC))

    shown, refused = call("cleanup", "sandbox"), call("cleanup", "sandbox", "--yes")

    assert (shown.exit_code, refused.exit_code) == (0, 1)
    assert "Another run writes tenant sandbox" in refused.stderr
    assert team.titles(ANN) == ["Kickoff", "Visit"]


def test_an_account_nobody_knows(team: Team) -> None:
    done = call("cleanup", "sandbox", "--account", "nobody@else.example")

    assert done.exit_code == 1
    assert "there is no such account" in done.stderr


def test_before_anything_was_synced_nothing_is_found(work: Workplace) -> None:
    assert "Nothing that calsync made was found" in call("cleanup", "sandbox").stdout
