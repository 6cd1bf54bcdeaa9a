"""`python -m calsync parked`: what failed for its own reasons, and a person's word about it (G10)."""

from __future__ import annotations

import getpass
import json
import os
from pathlib import Path

import pytest
from config.at_work import call, connect
from pipeline.team import ANN, Team
from pipeline.workplace import Workplace

from sandbox.client import Sandbox
from sandbox.server import Server


@pytest.fixture
def team(box: Sandbox, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    """A call of Ann's that ShareCRM refuses once more than it has yet."""
    work = Workplace.open(box, server, tmp_path)
    connect(work, monkeypatch)
    team = Team.start(work)
    team.meeting("Call")
    box.fault("sharecrm", {"code": 10002}, path="data/create")
    work.run()
    return team


def listed() -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(call("parked", "list", "sandbox", "--json").stdout)
    return found


def test_the_list_says_what_a_person_needs(team: Team) -> None:
    (row,) = listed()

    assert (row["employee"], row["title"], row["code"], row["tries"]) == (ANN, "Call", "10002", 1)
    shown = call("parked", "list", "sandbox")
    assert row["id"] in shown.stdout
    assert "parked retry sandbox ID..." in shown.stdout


def test_retry_by_id_mends_it_once_its_cause_is_gone(team: Team) -> None:
    (row,) = listed()
    still = call("parked", "retry", "sandbox", row["id"])
    team.work.box.clear_faults()

    done = call("parked", "retry", "sandbox", row["id"])

    assert (still.exit_code, done.exit_code) == (1, 0), done.output
    assert still.stderr.startswith("1 parked.")
    assert "ShareCRM 1 created" in done.stdout
    assert [record["content"] for record in team.work.records()] == ["Call"]
    assert call("parked", "list", "sandbox").stdout == "Nothing is parked.\n"
    with team.work.at_work() as ports:
        assert [entry.who for entry in ports.store.history("sandbox")] == [getpass.getuser(), getpass.getuser(), ANN]


def test_drop_gives_it_up_and_says_who_did(team: Team) -> None:
    done = call("parked", "drop", "sandbox", "--all")

    assert (done.exit_code, done.stdout) == (0, "1 dropped; not tried again until the meeting changes.\n")
    assert listed() == []
    with team.work.at_work() as ports:
        assert [entry.who for entry in ports.store.history("sandbox")] == [getpass.getuser()]


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_where_the_system_has_no_name_for_the_person_their_number_is_kept(
    team: Team, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """As in a container that runs under a number of its own; Python 3.13 says so by another error."""

    def nameless() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nameless)

    done = call("parked", "drop", "sandbox", "--all")

    assert done.exit_code == 0, done.output
    with team.work.at_work() as ports:
        assert [entry.who for entry in ports.store.history("sandbox")] == [f"uid:{os.getuid()}"]


@pytest.mark.parametrize("command", ["retry", "drop"])
def test_an_id_that_is_not_parked_and_a_command_without_ids(team: Team, command: str) -> None:
    unknown, nothing = call("parked", command, "sandbox", "no-such-id"), call("parked", command, "sandbox")

    assert (unknown.exit_code, nothing.exit_code) == (1, 2)
    assert "no-such-id: nothing of this id is parked" in unknown.stderr
    assert len(listed()) == 1
