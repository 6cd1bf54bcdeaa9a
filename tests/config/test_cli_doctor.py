"""`python -m calsync doctor`: one line for each thing that a run needs; what is wrong, and how it is mended."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from config.at_work import call
from pipeline.team import ANN, BOB, CAI, Team, address, old
from pipeline.workplace import Workplace

from calsync.stages.check import Check, Level
from calsync.stages.doctor import doctor


@pytest.fixture
def team(work: Workplace) -> Team:
    return Team.start(work, crm_events=[old()])


def looked(team: Team, **pools: Any) -> dict[str, Check]:
    """The checks by name, by a clinician who sits no pause out."""
    team.work.impatient = True
    ports = team.work.ports()
    try:
        return {check.name: check for check in doctor(team.work.tenant, ports, **pools)}
    finally:
        ports.close()


def test_where_all_is_well_every_line_is_ok_and_nothing_was_written(team: Team) -> None:
    before = (_digests(team.work.folder), len(team.work.box.writes()))

    done = call("doctor", "sandbox", "--json")

    assert done.exit_code == 0, done.output
    checks = json.loads(done.stdout)
    assert {check["name"]: check["level"] for check in checks} == dict.fromkeys(
        [
            "tenant file", "installation",
            "ShareCRM connection", "ShareCRM token", "ShareCRM clock", "ShareCRM fields", "ShareCRM calendar",
            "ShareCRM deletions",
            "Microsoft connection", "Microsoft token", "Microsoft permissions", "Microsoft directory",
            "Microsoft mailbox", "Microsoft clock",
            "pools", "state database", "lease", "accounts", "held and parked", "retention",
        ],
        "ok",
    )  # fmt: skip
    assert (_digests(team.work.folder), len(team.work.box.writes())) == before


def test_people_read_a_table(team: Team) -> None:
    done = call("doctor", "sandbox")

    assert "content = schedule_content" in done.stdout
    assert "0 bad, 0 to look at, 20 ok." in done.stdout
    assert not any(address(one) in done.stdout for one in (ANN, BOB, CAI))


@pytest.mark.parametrize(
    ("system", "effect", "path", "name", "says"),
    [
        ("login", {"status": 503}, "", "Microsoft token", "The login service is unavailable at the moment"),
        ("graph", {"html": True}, "", "Microsoft directory", "check the connection's host"),
        ("graph", {"status": 403, "code": "Authorization_RequestDenied"}, r"/users\?", "Microsoft directory",
         "grant it User.Read.All with admin consent"),
        ("graph", {"status": 403, "code": "ErrorAccessDenied"}, "/calendar", "Microsoft mailbox",
         "check Calendars.ReadWrite, its consent and the access policies"),
        ("sharecrm", {"code": 20016}, "", "ShareCRM token", "token"),
        ("sharecrm", {"code": 30002}, "describe", "ShareCRM fields", "quota"),
        ("sharecrm", {"refuse": True}, "", "ShareCRM token", "ShareCRM's answer did not arrive"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_bad_and_says_what_mends_it(
    team: Team, system: str, effect: dict[str, Any], path: str, name: str, says: str
) -> None:
    team.work.box.fault(system, effect, **({"path": path} if path else {}))

    found = looked(team)[name]

    assert found.level is Level.BAD
    assert says in found.sentence


def test_what_builds_on_something_that_is_missing_is_not_looked_at(team: Team) -> None:
    team.work.box.fault("login", {"status": 503})

    found = looked(team)

    assert found["Microsoft mailbox"].sentence == "Not looked at: mend 'Microsoft token' first."
    assert found["ShareCRM fields"].level is Level.OK
    assert found["state database"].level is Level.OK


@pytest.mark.parametrize(
    ("roles", "level", "says"),
    [
        (["Calendars.ReadWrite"], Level.BAD, "lacks User.Read.All"),
        (["User.Read.All"], Level.WARN, "lacks Calendars.ReadWrite"),
        (["User.Read.All", "Calendars.ReadWrite"], Level.OK, "Calendars.ReadWrite, User.Read.All"),
        ([], Level.WARN, "names no application permissions"),
    ],
)
def test_the_permissions_of_the_token(team: Team, roles: list[str], level: Level, says: str) -> None:
    team.work.box.set_microsoft(roles=roles)

    found = looked(team)["Microsoft permissions"]

    assert (found.level, says in found.sentence) == (level, True)


def test_a_calendar_field_that_does_not_carry_the_name(team: Team) -> None:
    team.work.configure(name="Another calendar")

    found = looked(team)["ShareCRM calendar"]

    assert found.level is Level.WARN
    assert "No event says 'Another calendar' in its Calendar field calendar" in found.sentence


@pytest.mark.parametrize(("visible", "says"), [(True, "come with"), (False, "do not come with")])
def test_whether_deleted_records_come_with_the_watermark_is_found_out(team: Team, visible: bool, says: str) -> None:
    assert "not known yet" in looked(team)["ShareCRM deletions"].sentence
    event = team.meeting("Call")
    team.settle()
    team.outlook().delete(event)
    team.settle()
    team.work.box.set_sharecrm(invalid_visible_in_query=visible)

    assert f"Deleted records {says} the watermark" in looked(team)["ShareCRM deletions"].sentence


def test_clocks_that_are_apart(team: Team) -> None:
    team.work.box.set_clock(skew_s={"crm": 300})

    found = looked(team)["ShareCRM clock"]

    assert found.level is Level.WARN
    assert "ahead of this machine's" in found.sentence


@pytest.mark.parametrize(
    ("pools", "level", "says"),
    [
        (lambda: {"default_pool", "crm"}, Level.OK, "exist"),
        (lambda: {"default_pool"}, Level.BAD, "There is no pool crm"),
        (lambda: None, Level.WARN, "known to Airflow alone"),
    ],
)
def test_pools(team: Team, pools: Any, level: Level, says: str) -> None:
    team.work.configure(pools={"crm": "crm"})

    found = looked(team, pools=pools)["pools"]

    assert (found.level, says in found.sentence) == (level, True)


def test_a_lease_and_accounts_that_are_away(team: Team) -> None:
    with team.work.at_work() as ports:
        ports.store.acquire("sandbox", "airflow:other", ports.now() - timedelta(hours=1))
    team.work.box.set_mailbox(address(BOB), "forbidden")
    team.work.revoke(CAI)
    with team.work.at_work() as ports:
        ports.store.release("sandbox", "airflow:other")
    team.work.run()
    with team.work.at_work() as ports:
        ports.store.acquire("sandbox", "airflow:other", ports.now() - timedelta(hours=1))

    found = looked(team)

    assert "2 of 3 accounts are authorised. 1 of them unavailable: access denied." in found["accounts"].sentence
    assert (found["lease"].level, "takes it over by itself" in found["lease"].sentence) == (Level.WARN, True)


def test_history_that_nobody_prunes(team: Team) -> None:
    team.record("Visit")
    team.settle()
    team.work.late = timedelta(days=200)

    assert "calendar_sync_maintenance" in looked(team)["retention"].sentence


def test_without_a_state_database_the_systems_are_looked_at_all_the_same(team: Team) -> None:
    team.work.close()
    (team.work.folder / "calsync.db").unlink()

    done = call("doctor", "sandbox", "--json")

    assert done.exit_code == 1
    found = {check["name"]: check for check in json.loads(done.stdout)}
    assert "python -m calsync db upgrade" in found["state database"]["sentence"]
    assert found["ShareCRM fields"]["level"] == "ok"
    assert found["Microsoft directory"]["level"] == "ok"
    assert not (team.work.folder / "calsync.db").exists()


def test_a_broken_tenant_file_and_a_missing_connection(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CALSYNC_GRAPH_SANDBOX", json.dumps({"conn_type": "msgraph", "login": "me"}))
    incomplete = call("doctor", "sandbox", "--json")
    (team.work.folder / "sandbox.yaml").write_text("name: 1")
    broken = call("doctor", "sandbox", "--json")

    assert (incomplete.exit_code, broken.exit_code) == (1, 1)
    said = {check["name"]: check["sentence"] for check in json.loads(incomplete.stdout)}
    assert "tenant_id: is missing" in said["Microsoft connection"]
    assert [check["name"] for check in json.loads(broken.stdout)] == ["tenant file"]


def _digests(folder: Path) -> dict[str, str]:
    """Every file there is, by its content; what SQLite keeps beside a database that is open is its own matter."""
    files = (file for file in folder.rglob("*") if file.is_file() and not file.name.endswith(("-shm", "-wal")))
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
