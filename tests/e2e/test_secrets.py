"""Nothing that Airflow keeps or logs, at its most talkative, holds a title, a name, an address or a secret (F6)."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.standalone import PRIVATE, PUBLIC, SAID, Run, personal

from demo.airflow_home import home_of
from demo.runs import DAG_ID

TOKEN = re.compile(rb"eyJhbGciOi[\w-]{20,}\.eyJhdWQi[\w-]{20,}|Bearer [\w.-]{20,}")
"""An access token of Microsoft's login, or any in a header."""
BINARY = re.compile(rb"\\x((?:[0-9a-f]{2})+)")
"""How PostgreSQL writes bytes."""

DATABASE = "the database"


@pytest.fixture(scope="module")
def failed(run: Run) -> str:
    """A later run that Graph refuses, quoting content in every part of its answer; its id."""
    said = {"error": {"code": SAID, "message": SAID, "innerError": {"request-id": SAID}}}
    with run.sandbox() as box, run.airflow() as airflow:
        box.fault("graph", {"status": 403, "body": said}, path="calendarView")
        id_ = airflow.trigger(DAG_ID)
        *_, states = airflow.follow(DAG_ID, id_)
        box.clear_faults()
    assert states[id_] == "failed"
    return id_


def kept(run: Run) -> Iterator[tuple[str, bytes]]:
    """Everything below Airflow's home, what its processes printed, and what stands in its database.

    That is: XComs, rendered fields, run notes, asset events, audit log, and the questions that the tests before this
    one let be put to a person and answered.
    """
    home = home_of(run.folder)
    files = [path for path in home.rglob("*") if path.is_file() and path.name != "passwords.json"]
    for path in [*files, run.folder / "airflow.log"]:
        yield str(path.relative_to(run.folder)), path.read_bytes()
    dump = run.postgres.dump(run.database)
    yield DATABASE, dump
    yield f"{DATABASE}, what its binary columns hold", b"\n".join(map(_bytes, BINARY.findall(dump)))


def _bytes(digits: bytes) -> bytes:
    return bytes.fromhex(digits.decode())


def secrets(run: Run) -> set[str]:
    """The credentials of both systems and of the administrator."""
    line = next(text for text in (run.folder / "sandbox.log").read_text().splitlines() if text.startswith("{"))
    info = json.loads(line)
    return {info["client_secret"], info["crm_app_secret"], info["crm_permanent_code"], run.record.password}


@pytest.mark.airflow
def test_airflow_keeps_and_logs_nothing_personal_and_no_secret(run: Run, failed: str) -> None:
    with run.sandbox() as box:
        words = {word.encode() for word in personal(box) | secrets(run)}
    assert {PUBLIC.encode(), PRIVATE.encode()} < words
    found = dict(kept(run))
    assert any(failed in name for name in found)
    assert failed.encode() in found[DATABASE]
    assert any(b"[DEBUG]" in text or b'"debug"' in text for text in found.values())
    leaks = {name: [word for word in words if word in text] for name, text in found.items()}
    assert {name: told for name, told in leaks.items() if told} == {}
    assert {name: tokens for name, text in found.items() if (tokens := TOKEN.findall(text))} == {}


@pytest.mark.airflow
def test_private_titles_stand_in_no_report_and_no_files_name(run: Run, failed: str) -> None:
    staging = Path(run.record.staging.removeprefix("file://"))
    reports = [path.read_text() for path in staging.rglob("report.json")]
    assert any(PUBLIC in text for text in reports)
    assert not [text for text in reports if PRIVATE in text]
    assert not [name for _, folders, files in os.walk(run.folder) for name in [*folders, *files] if "Needle" in name]
