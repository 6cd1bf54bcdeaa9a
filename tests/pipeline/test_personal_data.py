"""Whatever happens, no log and no error holds a title, an address, a secret or a token (F6)."""

from __future__ import annotations

import json
import logging
import re
import traceback
from typing import Any

import pytest
from pipeline.workplace import Workplace

from calsync.errors import CalsyncError
from calsync.stages.context import Run
from calsync.stages.extract_crm import extract_crm
from calsync.stages.extract_graph import extract_graph

SAID = "Salary of zoe@client.example"
"""What a service says in an error: a title and an address."""

TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}|Bearer \S{8,}")

GRAPH_SAYS = {"error": {"code": SAID, "message": SAID, "innerError": {"request-id": SAID}}}
CRM_SAYS = {"errorCode": 999999, "errorMessage": SAID, "errorDescription": SAID, "traceId": SAID}
LOGIN_SAYS = {"error": SAID, "error_description": SAID, "error_codes": [7000215]}


@pytest.fixture
def team(work: Workplace, caplog: pytest.LogCaptureFixture) -> Workplace:
    """The sales team, authorised; from now on everything is logged."""
    caplog.set_level(logging.DEBUG)
    work.box.reset({"team": "sales"})
    work.impatient = True
    work.authorise()
    return work


def secrets_of(work: Workplace) -> set[str]:
    """Every title, address and name in both systems, and the credentials of both."""
    state = json.dumps(work.box.state(), ensure_ascii=False)
    told = set(re.findall(r'"(?:subject|content|name)": "([^"]{6,})"', state)) | set(
        re.findall(r"[\w.]+@[\w.]+", state)
    )
    credentials = {work.server.info[name] for name in ("client_secret", "crm_app_secret", "crm_permanent_code")}
    return told | credentials | {SAID, "zoe@client.example"}


def assert_discreet(text: str, work: Workplace) -> None:
    assert [word for word in secrets_of(work) if word in text] == []
    assert TOKEN.findall(text) == []


def test_a_run_that_writes_logs_nothing_personal(team: Workplace, caplog: pytest.LogCaptureFixture) -> None:
    result = team.run()

    assert int(result["crm_created"]) > 0
    assert int(result["outlook_created"]) > 0
    assert {"calsync.graph.client", "calsync.sharecrm.client"} <= {record.name for record in caplog.records}
    assert_discreet(caplog.text + json.dumps(result), team)


def test_libraries_that_are_told_to_log_everything_tell_nothing(
    team: Workplace, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("httpx", "httpcore", "msal", "urllib3", "sqlalchemy.engine", "alembic", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)

    team.run()

    assert "urllib3.connectionpool" in {record.name for record in caplog.records}
    assert not {record.name for record in caplog.records if record.name.startswith(("httpx", "httpcore", "sqlalchemy"))}
    assert_discreet(caplog.text, team)


@pytest.mark.parametrize(
    ("system", "path", "effect"),
    [
        ("graph", "calendarView", {"status": 403, "body": GRAPH_SAYS}),
        ("graph", "calendarView", {"status": 500, "body": GRAPH_SAYS}),
        ("graph", "events", {"status": 400, "body": GRAPH_SAYS}),
        ("sharecrm", "data/query", {"body": CRM_SAYS}),
        ("sharecrm", "data/create", {"body": CRM_SAYS}),
        ("sharecrm", "data/create", {"status": 500, "body": CRM_SAYS}),
        ("login", "token", {"status": 401, "body": LOGIN_SAYS}),
        ("login", "token", {"status": 503, "body": LOGIN_SAYS}),
    ],
)
def test_what_a_service_says_in_an_error_goes_nowhere(
    team: Workplace, caplog: pytest.LogCaptureFixture, system: str, path: str, effect: dict[str, Any]
) -> None:
    team.close()  # with the tokens it was given: the next run asks for one
    team.box.fault(system, effect, path=path)

    result = team.run(may_fail=True)

    assert result["failed"] or result["parked"] or result["left"] or "could not be read" in str(result["sentence"])
    report = team.report()
    told = [stage.get("error", "") for stage in report["stages"].values()]
    told += [change["sentence"] + change["reason"] for change in report["changes"]]
    assert_discreet(caplog.text + json.dumps([result, *told]), team)


@pytest.mark.parametrize(
    ("system", "path", "body", "stage"),
    [
        ("graph", "calendarView", GRAPH_SAYS, extract_graph),
        ("login", "token", LOGIN_SAYS, extract_graph),
        ("sharecrm", "data/query", CRM_SAYS, extract_crm),
    ],
)
def test_an_error_and_what_it_was_raised_from_quote_nothing(
    team: Workplace, system: str, path: str, body: dict[str, Any], stage: Any
) -> None:
    ports = team.ports()
    team.box.fault(system, {"status": 403 if system == "graph" else 200, "body": body}, path=path)

    with pytest.raises(CalsyncError) as caught:
        stage(team.tenant, ports, Run("r", "cli", ports.now(), "test:r"))

    ports.close()
    assert_discreet("".join(traceback.format_exception(caught.value)), team)
