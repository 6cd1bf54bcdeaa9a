"""Accounts matched from a live sandbox and authorised through the command line (RULES A5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from calsync.cli.app import app
from calsync.core.model import Account
from calsync.store import open_store, upgrade
from calsync.store.store import Store
from sandbox.client import Sandbox
from sandbox.server import Server

TENANT = """name: {name}
installation: tests
enterprise: contoso
microsoft_tenant: 5a1c0d3e-7f2b-4d0a-9c55-0f6a1e2b3c4d
time_zone: Europe/Berlin
connections: {{crm: crm, graph: graph}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("sandbox")) as server:
        yield server


@pytest.fixture
def box(server: Server) -> Iterator[Sandbox]:
    with Sandbox(server.url, server.ca) as box:
        yield box


@pytest.fixture
def store(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path) -> Iterator[Store]:
    """The state database behind tenant `acme`, whose connections lead to the sandbox."""
    info = server.info
    dsn = f"sqlite:///{tmp_path / 'state.db'}"
    connections: dict[str, dict[str, Any]] = {
        "CALSYNC_STATE": {"conn_type": "generic", "extra": {"dsn": dsn}},
        "CRM": {
            "conn_type": "generic",
            "host": info["url"],
            "login": info["crm_app_id"],
            "password": info["crm_app_secret"],
            "extra": {
                "permanent_code_secret": info["crm_permanent_code"], "user": info["crm_user"], "verify": info["ca"]
            },
        },
        "GRAPH": {
            "conn_type": "msgraph",
            "host": info["url"],
            "login": info["client_id"],
            "password": info["client_secret"],
            "extra": {
                "tenant_id": info["tenant_id"], "authority": info["url"], "disable_instance_discovery": True,
                "verify": info["ca"],
            },
        },
    }  # fmt: skip
    for name, said in connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(said))
    monkeypatch.setenv("CALSYNC_TENANTS", str(folder))
    monkeypatch.setenv("CALSYNC_STAGING", str(tmp_path / "staging"))
    monkeypatch.setenv("CALSYNC_ENV_FILE", str(tmp_path / ".env"))
    monkeypatch.setenv("COLUMNS", "200")
    (folder / "acme.yaml").write_text(TENANT.format(name="Sales"))
    upgrade(dsn)
    with open_store(dsn) as store:
        yield store


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["accounts", *arguments])


def authorised(store: Store, tenant: str = "acme") -> dict[str, str]:
    return {one.employee: one.address for one in store.accounts(tenant) if one.authorised}


def employee(number: str, email: str = "", **more: Any) -> dict[str, Any]:
    return {"id": number, "name": f"Employee {number}", "email": email, **more}


ANN, BOB = {"address": "ann@x.io"}, {"address": "bob@x.io"}
PEOPLE = {"employees": [employee("1001", "ann@x.io"), employee("1002", "Bob@X.io")], "mailboxes": [ANN, BOB]}


def test_the_sales_team_is_authorised_except_the_awkward_ones_who_are_told(box: Sandbox, store: Store) -> None:
    box.reset({"team": "sales"})

    done = call("authorise", "acme", "--all")

    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "5 accounts authorised.")
    assert authorised(store) == {
        "1000": "lin.mei@contoso.example",
        "1001": "anna.berg@contoso.example",
        "1002": "raj.patel@contoso.example",
        "1003": "sofia.rossi@contoso.example",
        "1005": "chen.wei@contoso.example",
    }
    told = {line.split()[1]: line for line in done.stdout.splitlines() if line.startswith("│ 100")}
    assert "no Microsoft member has this employee's address" in told["1004"]
    assert "the employee is stopped in ShareCRM" in told["1006"]
    assert "the address belongs to a guest user" in told["1007"]


def test_matching_authorises_nobody_and_list_shows_what_was_matched(box: Sandbox, store: Store) -> None:
    box.reset(PEOPLE)

    matched, listed = call("match", "acme"), call("list", "acme")

    assert (matched.exit_code, listed.exit_code) == (0, 0)
    assert authorised(store) == {}
    assert "ann@x.io" in listed.stdout
    assert "bob@x.io" in listed.stdout


def test_an_ambiguous_employee_is_refused_with_the_reason_and_others_are_authorised(box: Sandbox, store: Store) -> None:
    box.reset({**PEOPLE, "mailboxes": [ANN, BOB, {"address": "ann.two@x.io", "proxy_addresses": ["smtp:ann@x.io"]}]})

    done = call("authorise", "acme", "1001", "1002", "9999")

    assert done.exit_code == 1
    assert done.stdout == "1 account authorised.\n"
    assert done.stderr.splitlines() == [
        "employee 1001: several Microsoft users have this employee's address: map the employee under 'employees'",
        "employee 9999: there is no such employee in ShareCRM: correct the id",
    ]
    assert authorised(store) == {"1002": "bob@x.io"}


def test_all_does_not_take_back_a_revocation_but_naming_the_employee_does(box: Sandbox, store: Store) -> None:
    box.reset(PEOPLE)
    call("authorise", "acme", "--all")
    call("revoke", "acme", "1001")

    call("authorise", "acme", "--all")
    after_all = authorised(store)
    call("authorise", "acme", "1001")

    assert after_all == {"1002": "bob@x.io"}
    assert authorised(store) == {"1001": "ann@x.io", "1002": "bob@x.io"}


def test_an_address_given_to_another_user_changes_nothing_until_authorised_anew(box: Sandbox, store: Store) -> None:
    box.reset(PEOPLE)
    call("authorise", "acme", "--all")
    before = _account(store, "1001")
    renamed = {"address": "ann.old@x.io", "id": before.object_id}
    box.reset({**PEOPLE, "mailboxes": [renamed, BOB, {**ANN, "id": "0000ffff-0000-4000-8000-000000000009"}]})

    told = call("authorise", "acme", "--all")
    kept = _account(store, "1001")
    call("authorise", "acme", "1001")

    assert "authorise anew to change to that user" in told.stdout
    assert (kept.object_id, kept.authorised_since) == (before.object_id, before.authorised_since)
    assert _account(store, "1001").object_id == "0000ffff-0000-4000-8000-000000000009"


def test_a_user_is_authorised_in_one_configuration_of_an_enterprise(box: Sandbox, store: Store, folder: Path) -> None:
    (folder / "other.yaml").write_text(TENANT.format(name="Service"))
    box.reset(PEOPLE)
    call("authorise", "acme", "1001")

    refused = call("authorise", "other", "1001")
    call("revoke", "acme", "1001")
    allowed = call("authorise", "other", "1001")

    assert refused.exit_code == 1
    assert refused.stderr == "employee 1001: the Microsoft user is authorised in tenant acme: revoke it there first\n"
    assert allowed.exit_code == 0
    assert authorised(store, "other") == {"1001": "ann@x.io"}


def test_an_alias_of_an_authorised_colleagues_mailbox_connects_it_no_second_time(box: Sandbox, store: Store) -> None:
    """One mailbox, one employee: two accounts of it would copy every meeting into the same calendar twice."""
    shared = {**ANN, "proxy_addresses": ["smtp:office@x.io"]}
    box.reset({"employees": [employee("1001", "ann@x.io")], "mailboxes": [shared]})
    call("authorise", "acme", "1001")
    box.reset({"employees": [employee("1001", "ann@x.io"), employee("1002", "Office@X.io")], "mailboxes": [shared]})

    refused = call("authorise", "acme", "1001", "1002")

    assert refused.exit_code == 1
    assert refused.stderr == (
        "employee 1002: the Microsoft user belongs to another employee's account: revoke that account first\n"
    )
    assert authorised(store) == {"1001": "ann@x.io"}


def test_two_employees_of_one_mailbox_are_both_refused_until_the_tenant_file_says_who(
    box: Sandbox, store: Store, folder: Path
) -> None:
    shared = {**ANN, "proxy_addresses": ["smtp:office@x.io"]}
    box.reset({"employees": [employee("1001", "ann@x.io"), employee("1002", "office@x.io")], "mailboxes": [shared]})

    refused = call("authorise", "acme", "1001", "1002")
    (folder / "acme.yaml").write_text(TENANT.format(name="Sales") + "employees: {'1002': ann@x.io}\n")
    allowed = call("authorise", "acme", "--all")

    assert refused.exit_code == 1
    assert refused.stderr.count("several employees match the same Microsoft user: map the right one") == 2
    assert "this Microsoft user was given to another employee" in allowed.stdout
    assert authorised(store) == {"1002": "ann@x.io"}


def test_an_employees_new_address_of_the_same_mailbox_changes_nothing(box: Sandbox, store: Store) -> None:
    shared = {**ANN, "proxy_addresses": ["smtp:office@x.io"]}
    box.reset({"employees": [employee("1001", "ann@x.io")], "mailboxes": [shared]})
    call("authorise", "acme", "--all")
    before = _account(store, "1001")
    box.reset({"employees": [employee("1001", "office@x.io")], "mailboxes": [shared]})

    call("authorise", "acme", "1001")

    assert _account(store, "1001") == before


def test_a_system_that_cannot_be_read_is_told_and_changes_nothing(box: Sandbox, store: Store) -> None:
    box.reset(PEOPLE)
    call("authorise", "acme", "--all")
    box.fault("graph", {"status": 403, "code": "Authorization_RequestDenied"}, path="/users")

    done = call("authorise", "acme", "1001")

    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert "HTTP 403" in done.stderr
    assert authorised(store) == {"1001": "ann@x.io", "1002": "bob@x.io"}


def _account(store: Store, number: str) -> Account:
    return next(one for one in store.accounts("acme") if one.employee == number)
