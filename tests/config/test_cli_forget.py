"""`python -m calsync forget`: asks once, refuses who takes part, leaves no tenant out, and says what was erased."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from config.at_work import call, connect
from pipeline.team import ANN, BOB, ZOE, Team, address, old
from pipeline.workplace import Workplace

from calsync.config.save import retire_tenant, version_of
from calsync.core.model import Account, Contact
from sandbox.client import Sandbox
from sandbox.server import Server


@pytest.fixture
def team(box: Sandbox, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    work = Workplace.open(box, server, tmp_path)
    connect(work, monkeypatch)
    return Team.start(work, crm_events=[old(attendees=[BOB], contacts=[ZOE])])


def contacts(team: Team, key: str = "sandbox") -> set[str]:
    with team.work.at_work() as ports:
        return {contact.address for contact in ports.store.contacts(key)}


def beside(team: Team, *, authorised: bool = False) -> None:
    """A second configuration, which knows Zoe too: as a contact, and as an employee who takes part or does not."""
    team.work.beside("second", name="Second calendar")
    since = datetime.now(UTC) if authorised else None
    zoe = Account("2001", "zoe-object", address(ZOE), frozenset({address(ZOE)}), authorised_since=since)
    with team.work.at_work() as ports:
        ports.store.save_contacts("second", [Contact("c-zoe", address(ZOE), name="Zoe")])
        ports.store.save_accounts("second", [zoe], "elsewhere")


def account(team: Team, key: str, employee: str) -> Account:
    with team.work.at_work() as ports:
        (found,) = ports.store.accounts(key, [employee])
    return found


def break_file(team: Team, key: str = "sandbox") -> None:
    (team.work.folder / f"{key}.yaml").write_text("direction: sideways\n")


def delete(team: Team, key: str = "sandbox") -> None:
    """What *Delete* on the configuration page does to the tenant's file."""
    file = team.work.folder / f"{key}.yaml"
    retire_tenant(team.work.folder, key, version_of(file), datetime.now(UTC))


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


def test_json_asks_nothing_and_without_a_yes_only_shows(team: Team) -> None:
    shown = call("forget", "--person", address(ZOE), "--json")
    erased = call("forget", "--person", address(ZOE), "--json", "--yes")

    assert (shown.exit_code, erased.exit_code) == (0, 0), shown.output + erased.output
    would, was = json.loads(shown.stdout)["sandbox"], json.loads(erased.stdout)["sandbox"]
    assert (would.pop("done"), was.pop("done")) == (False, True)
    assert would == was, "what it shows is what it does"
    assert was["folders"] > 0


def test_what_json_shows_is_still_there(team: Team) -> None:
    call("forget", "--person", address(ZOE), "--json")

    assert address(ZOE) in contacts(team)
    assert list((team.work.folder / "staging" / "sandbox").iterdir())


@pytest.mark.parametrize("tenant", [(), ("sandbox",)])
def test_a_file_that_cannot_be_used_hides_nobody(team: Team, tenant: tuple[str, ...]) -> None:
    break_file(team)

    done = call("forget", "--person", address(ZOE), *tenant, "--yes", "--json")

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["sandbox"]["contacts"] == 1
    assert address(ZOE) not in contacts(team)
    assert account(team, "sandbox", ANN).authorised


@pytest.mark.parametrize("tenant", [(), ("sandbox",)])
def test_a_configuration_that_was_deleted_keeps_nobody(team: Team, tenant: tuple[str, ...]) -> None:
    """Nobody can be revoked there any more: should its file come back, who was forgotten does not take part."""
    delete(team)

    done = call("forget", "--person", address(BOB), *tenant, "--yes", "--json")

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["sandbox"]["accounts"] == 1
    bob, ann = account(team, "sandbox", BOB), account(team, "sandbox", ANN)
    assert (bob.address, bob.authorised, ann.authorised) == ("", False, True)
    assert not list((team.work.folder / "staging" / "sandbox").iterdir())
    with team.work.at_work() as ports:
        assert ports.store.neighbours(team.work.tenant.enterprise, "") == ["sandbox"], "its enterprise is not forgotten"


def test_who_is_asked_hears_which_tenants_have_no_file(team: Team) -> None:
    beside(team)
    delete(team)

    asked = call("forget", "--person", address(ZOE), typed="y\n")

    assert asked.exit_code == 0, asked.output
    assert "Erase this person in sandbox (which has no file any more), second, for good?" in asked.stdout
    assert address(ZOE) not in contacts(team) | contacts(team, "second")


@pytest.mark.parametrize("broken", [False, True])
def test_a_refusal_of_one_tenant_erases_nothing_in_any(team: Team, broken: bool) -> None:
    beside(team, authorised=True)
    if broken:
        break_file(team, "second")

    done = call("forget", "--person", address(ZOE), "--yes", "--json")

    assert (done.exit_code, done.stdout) == (1, "")
    assert "accounts revoke second 2001" in done.stderr
    assert address(ZOE) in contacts(team) & contacts(team, "second")


def test_what_cannot_be_erased_now_is_told_beside_what_was(team: Team) -> None:
    beside(team)
    with team.work.at_work() as ports:
        ports.store.acquire("sandbox", "airflow:a-run", ports.now())

    done = call("forget", "--person", address(ZOE), "--yes", "--json")

    assert done.exit_code == 1
    assert {key: told["done"] for key, told in json.loads(done.stdout).items()} == {"sandbox": False, "second": True}
    assert "sandbox: the person is not forgotten there yet; repeat this command. Another run writes" in done.stderr
    assert (address(ZOE) in contacts(team), address(ZOE) in contacts(team, "second")) == (True, False)


def test_a_key_that_nothing_is_stored_under_is_none(team: Team) -> None:
    done = call("forget", "--person", address(ZOE), "sandbx", "--yes")

    assert done.exit_code == 1
    assert "sandbx: there is no tenant of this key, and nothing is stored under it" in done.stderr


@pytest.mark.parametrize(
    ("person", "says"),
    [(address(ANN), f"accounts revoke sandbox {ANN}"), ("Zoe", "is no e-mail address")],
)
def test_who_takes_part_and_what_is_no_address_are_refused(team: Team, person: str, says: str) -> None:
    done = call("forget", "--person", person, "sandbox", "--yes")

    assert done.exit_code == 1
    assert says in done.stderr
