"""What `python -m calsync run` says when something is wrong: one sentence, exit code 1, nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from config import at_work
from pipeline.morning import TEAM, hour
from pipeline.workplace import CALENDAR, Workplace
from typer.testing import CliRunner

from calsync.cli.app import app, main
from calsync.config.load import tenants_folder
from calsync.graph import auth
from calsync.sharecrm.auth import OF_THIS_PROCESS
from calsync.store import open_store, upgrade
from demo.connections import sandbox_connections
from sandbox.client import Sandbox
from sandbox.server import Server

Connect = Callable[..., None]

CRM, GRAPH = "calsync_crm_sandbox", "calsync_graph_sandbox"
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def dsn(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state.db'}"


@pytest.fixture
def connect(server: Server, dsn: str, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Gives the environment of the sandbox's tenant; fields and extras of one of its connections can be changed."""
    (folder / "sandbox.yaml").write_text((tenants_folder() / "sandbox.yaml").read_text())
    monkeypatch.setenv("CALSYNC_TENANTS", str(folder))
    monkeypatch.setenv("CALSYNC_STAGING", str(tmp_path / "staging"))
    monkeypatch.setenv("CALSYNC_ENV_FILE", str(tmp_path / ".env"))
    monkeypatch.setenv("AIRFLOW_CONN_CALSYNC_STATE", json.dumps({"conn_type": "generic", "extra": {"dsn": dsn}}))
    # Tokens that other tests of this process were given would hide a wrong secret.
    monkeypatch.setattr(auth, "_caches", {})
    OF_THIS_PROCESS.clear()

    def connect(conn_id: str = "", extra: dict[str, Any] | None = None, **fields: Any) -> None:
        for name, said in sandbox_connections(server.info).items():
            changed = {**said, **fields, "extra": {**said["extra"], **(extra or {})}} if name == conn_id else said
            monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(changed))

    return connect


@pytest.fixture
def ready(box: Sandbox, dsn: str, connect: Connect) -> Sandbox:
    """The sales team in both systems, everybody authorised."""
    box.reset({"team": "sales"})
    upgrade(dsn)
    connect()
    assert call("accounts", "authorise", "sandbox", "--all").exit_code == 0
    auth._caches.clear()
    OF_THIS_PROCESS.clear()
    return box


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def complaint(box: Sandbox) -> str:
    """What a run that cannot work complains of."""
    done = call("run", "sandbox")
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert [entry for entry in box.writes() if str(entry["actor"]).startswith("app:")] == []
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("conn_id", "wrong", "says"),
    [
        (GRAPH, {"password": "wrong"}, "client secret is wrong: put the secret's value"),
        (GRAPH, {"login": NOBODY}, "application is unknown in this Microsoft tenant: check the connection's login"),
        (GRAPH, {"extra": {"tenant_id": NOBODY}}, "Microsoft tenant is unknown: check the connection's tenant_id"),
        (GRAPH, {"extra": {"verify": "no/such.pem"}}, f"connection {GRAPH}: verify: is no CA file"),
        (GRAPH, {"extra": {"verify": True}}, "not trusted; name your CA's file in the extra `verify`"),
        (CRM, {"password": "wrong"}, "ShareCRM refuses the app: check app id, app secret and permanent code"),
        (CRM, {"extra": {"user": "99999"}}, "acting employee is unknown to ShareCRM or stopped: check it"),
        (CRM, {"extra": {"verify": "no/such.pem"}}, f"connection {CRM}: verify: is no CA file"),
        (CRM, {"host": "http://127.0.0.1"}, f"connection {CRM}: host: must be reached by https"),
    ],
)
def test_a_wrong_connection(ready: Sandbox, connect: Connect, conn_id: str, wrong: dict[str, Any], says: str) -> None:
    connect(conn_id, **wrong)

    said = complaint(ready)

    assert said.startswith("extract_")
    assert says in said


def test_a_broken_connection(ready: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{GRAPH.upper()}", "{broken")

    assert f"connection {GRAPH}: cannot be read: write AIRFLOW_CONN_" in complaint(ready)


def test_a_missing_permission_is_no_quiet_day(ready: Sandbox) -> None:
    ready.set_microsoft(roles=["User.Read.All"])

    assert "may use none of the mailboxes: grant it Calendars.ReadWrite with admin consent" in complaint(ready)

    ready.set_microsoft(roles=["User.Read.All", "Calendars.ReadWrite"])
    auth._caches.clear()
    assert call("run", "sandbox").exit_code == 0
    assert ready.writes()


def test_a_field_that_sharecrm_does_not_have(ready: Sandbox, folder: Path) -> None:
    file = folder / "sandbox.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"crm": {"fields": {"calendar": "none_such"}}}))

    assert "crm.fields.calendar: ScheduleObj has no active field none_such; correct the name" in complaint(ready)


def test_another_run_holds_the_lease(ready: Sandbox, dsn: str) -> None:
    with open_store(dsn) as store:
        store.acquire("sandbox", "airflow:other", datetime.now(UTC))

    assert complaint(ready).startswith("Another run writes tenant sandbox: airflow:other, at most until ")


def test_no_state_database_yet(box: Sandbox, connect: Connect) -> None:
    connect()

    assert complaint(box).endswith("Run: python -m calsync db upgrade")


def test_a_state_database_that_cannot_be_made(
    box: Sandbox, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect()
    (tmp_path / "file").touch()
    extra = {"dsn": f"sqlite:///{tmp_path / 'file' / 'state.db'}"}
    monkeypatch.setenv("AIRFLOW_CONN_CALSYNC_STATE", json.dumps({"conn_type": "generic", "extra": extra}))

    done = call("db", "upgrade")

    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "Give this user a folder it may write in" in done.stderr


def test_a_staging_folder_that_cannot_be_made(ready: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CALSYNC_STAGING", f"file://{tmp_path / 'file' / 'staging'}")

    assert complaint(ready).endswith("name a folder this user may write in")


def test_an_error_nobody_foresaw_quotes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its text may hold what was being worked on."""

    def stumble(**_: object) -> None:
        raise ValueError("Merger talks with ann@contoso.example")

    monkeypatch.setattr("calsync.cli.app.app", stumble)
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 1
    assert "unexpected ValueError" in said.err
    assert "Merger" not in said.err + said.out


def test_a_dry_run_shows_old_and_new_and_the_mails(
    box: Sandbox, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.reset(TEAM)
    work = Workplace.open(box, server, tmp_path)
    work.settle_in()
    at_work.connect(work, monkeypatch)
    crm = box.as_employee("1000")
    people = {"calendar": CALENDAR, "participants": ["1000", "1001"], "contacts": ["c-carla"]}
    visit = crm.create("Visit", hour(3), hour(3, 10), **people)
    secret = crm.create("Merger", hour(4), hour(4, 10), private=True, **people)
    work.run()
    crm.rename(visit, "Long visit")
    crm.rename(secret, "Merger talks")
    monkeypatch.setenv("COLUMNS", "300")

    shown = call("run", "sandbox", "--dry-run")
    report = json.loads(call("run", "sandbox", "--dry-run", "--json").stdout)

    assert "Would change" in shown.stdout
    assert "title: Visit → Long visit" in shown.stdout
    assert "title: Private → Private" in shown.stdout
    assert "2 updates (1 outside)" in shown.stdout
    assert "Merger" not in shown.stdout + json.dumps(report)
    assert sorted(change["mails"] for change in report["changes"]) == [2, 2]
    assert report["sentence"] == "Would write (dry run): Outlook 2 updated; 0 skipped, 4 mails."
    assert {event["subject"] for event in work.events("ann@contoso.example")} == {"Visit", "Merger"}
