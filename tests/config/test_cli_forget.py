"""`python -m calsync forget`: asks once, refuses who takes part, and says what was erased."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from config.at_work import call, connect
from pipeline.team import ANN, BOB, ZOE, Team, address, old
from pipeline.workplace import Workplace

from sandbox.client import Sandbox
from sandbox.server import Server


@pytest.fixture
def team(box: Sandbox, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    work = Workplace.open(box, server, tmp_path)
    connect(work, monkeypatch)
    return Team.start(work, crm_events=[old(attendees=[BOB], contacts=[ZOE])])


def contacts(team: Team) -> set[str]:
    with team.work.at_work() as ports:
        return {contact.address for contact in ports.store.contacts("sandbox")}


def test_it_asks_once_and_without_a_yes_nothing_is_erased(team: Team) -> None:
    done = call("forget", "--person", address(ZOE), "sandbox", typed="n\n")

    assert done.exit_code == 0
    assert "Nothing was erased." in done.stdout
    assert address(ZOE) in contacts(team)


def test_in_every_tenant_when_none_is_named(team: Team) -> None:
    done = call("forget", "--person", address(ZOE), "--yes", "--json")

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["sandbox"]["contacts"] == 1
    assert address(ZOE) not in contacts(team)
    assert "docs/privacy.md" in call("forget", "--person", address(ZOE), "sandbox", "--yes").stdout


@pytest.mark.parametrize(
    ("person", "says"),
    [(address(ANN), f"accounts revoke sandbox {ANN}"), ("Zoe", "is no e-mail address")],
)
def test_who_takes_part_and_what_is_no_address_are_refused(team: Team, person: str, says: str) -> None:
    done = call("forget", "--person", person, "sandbox", "--yes")

    assert done.exit_code == 1
    assert says in done.stderr
