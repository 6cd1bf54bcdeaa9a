"""The command line without any outside system: what it says, where, and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from calsync.cli.app import app
from calsync.core.model import Account
from calsync.errors import ConfigError
from calsync.store import open_store, upgrade
from calsync.store.records import RunState

WriteTenant = Callable[..., Path]

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def dsn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path) -> str:
    """Where the state database would be; the tenants are those of `folder`."""
    dsn = f"sqlite:///{tmp_path / 'state.db'}"
    monkeypatch.setenv("CALSYNC_TENANTS", str(folder))
    monkeypatch.setenv("CALSYNC_ENV_FILE", str(tmp_path / ".env"))
    monkeypatch.setenv("AIRFLOW_CONN_CALSYNC_STATE", json.dumps({"conn_type": "generic", "extra": {"dsn": dsn}}))
    monkeypatch.setenv("COLUMNS", "200")
    return dsn


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_a_fine_folder_is_counted(write_tenant: WriteTenant) -> None:
    write_tenant("a")
    write_tenant("b")

    done = call("validate")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "2 tenant files checked, no problem found.\n", "")


def test_every_problem_of_every_file_is_told_and_the_exit_code_says_so(write_tenant: WriteTenant) -> None:
    write_tenant("a")
    write_tenant("b", direction="both", colour="red")
    write_tenant("c", scope="some")

    done = call("validate")

    assert done.exit_code == 1
    assert done.stdout == "1 tenant file fine, 2 tenant files with problems.\n"
    assert done.stderr.splitlines() == [
        "b.yaml: direction: has no such choice: write 'bidirectional', 'crm_to_outlook' or 'outlook_to_crm'",
        "b.yaml: colour: is not a setting: remove it",
        "c.yaml: scope: has no such choice: write 'calendar' or 'all'",
    ]


def test_chosen_files_are_checked_against_the_whole_folder(write_tenant: WriteTenant) -> None:
    chosen = write_tenant("a", name="Sales")
    write_tenant("b", name="Sales")
    fine = write_tenant("c")
    write_tenant("d", direction="both")

    done = call("validate", str(chosen), str(fine))

    assert done.exit_code == 1
    assert done.stdout == "1 tenant file fine, 1 tenant file with problems.\n"
    assert done.stderr == "a.yaml: name: 'Sales' is also the name in b.yaml: names are unique, change one\n"


def test_a_chosen_file_that_is_not_there_is_told(folder: Path) -> None:
    done = call("validate", str(folder / "nobody.yaml"))

    assert done.exit_code == 1
    assert done.stderr.startswith("nobody.yaml: cannot be read (No such file or directory)")


def test_the_written_files_are_up_to_date() -> None:
    assert call("schema", "--check").exit_code == 0
    assert call("docs", "--check").exit_code == 0


def test_the_database_is_missing_until_it_is_upgraded() -> None:
    before = call("db", "version")
    upgraded = call("db", "upgrade")
    after = call("db", "version")

    assert (before.exit_code, after.exit_code) == (1, 0)
    assert "python -m calsync db upgrade" in before.stderr
    assert upgraded.stdout == after.stdout


@pytest.mark.parametrize("command", [("status", "acme"), ("accounts", "list", "acme")])
def test_without_tables_a_command_says_how_to_make_them(write_tenant: WriteTenant, command: tuple[str, ...]) -> None:
    write_tenant("acme")

    done = call(*command)

    assert done.exit_code == 1
    assert "python -m calsync db upgrade" in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("command", [("status",), ("accounts", "list"), ("accounts", "revoke", "--all"), ("run",)])
def test_an_unknown_tenant_is_told_in_one_sentence(command: tuple[str, ...]) -> None:
    done = call(*command, "nobody")

    assert done.exit_code == 1
    assert done.stderr == ("nobody: there is no tenant of this key: add nobody.yaml to tenants/, or correct the key\n")


def test_debug_keeps_the_traceback() -> None:
    assert isinstance(call("--debug", "status", "nobody").exception, ConfigError)


@pytest.mark.parametrize(
    "wrong",
    [("nonsense",), ("status",), ("validate", "--what"), ("accounts", "authorise", "acme"),
     ("accounts", "revoke", "acme", "1001", "--all")],
)  # fmt: skip
def test_a_command_that_is_not_understood_is_code_2(wrong: tuple[str, ...]) -> None:
    assert call(*wrong).exit_code == 2


def test_status_tells_accounts_meetings_and_runs(write_tenant: WriteTenant, dsn: str) -> None:
    write_tenant("acme")
    upgrade(dsn)
    with open_store(dsn) as store:
        store.save_accounts(
            "acme", [Account("1", "u1", "a@x.io", authorised_since=NOW), Account("2", "u2", "b@x.io")], "acme"
        )
        store.start_run("acme", "r1", "cli", NOW)
        store.end_run("acme", "r1", RunState.DONE, NOW, {"crm_created": 2}, "created 2 in ShareCRM")

    told, plain = call("status", "acme"), call("status", "acme", "--json")

    assert "1 of 2 accounts authorised, 0 of them unavailable" in told.stdout
    assert "created 2 in ShareCRM" in told.stdout
    said = json.loads(plain.stdout)
    assert (said["accounts"], said["authorised"], said["first_sync"]) == (2, 1, NOW.isoformat())
    assert [one["counters"] for one in said["runs"]] == [{"crm_created": 2}]
    assert "x.io" not in plain.stdout


def test_a_revocation_is_stored_and_a_second_one_refused(write_tenant: WriteTenant, dsn: str) -> None:
    write_tenant("acme")
    upgrade(dsn)
    with open_store(dsn) as store:
        store.save_accounts("acme", [Account("1", "u1", "a@x.io", authorised_since=NOW)], "acme")

    first, second = call("accounts", "revoke", "acme", "1"), call("accounts", "revoke", "acme", "1")

    assert (first.exit_code, first.stdout) == (0, "1 account revoked.\n")
    assert (second.exit_code, second.stderr) == (1, "employee 1: is not authorised: nothing to revoke\n")
    with open_store(dsn) as store:
        (account,) = store.accounts("acme")
    assert (account.authorised, account.authorised_since) == (False, NOW)


def test_the_command_line_starts_without_heavy_libraries(write_tenant: WriteTenant) -> None:
    write_tenant("acme")
    code = (
        "import sys; from typer.testing import CliRunner; from calsync.cli.app import app\n"
        "done = CliRunner().invoke(app, ['validate'])\n"
        "heavy = {'pandas', 'httpx', 'msal', 'sqlalchemy', 'airflow', 'pyarrow'} & set(sys.modules)\n"
        "print(done.exit_code, sorted(heavy))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "0 []\n"
