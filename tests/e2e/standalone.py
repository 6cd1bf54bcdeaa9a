"""A real Airflow with the sandbox, logging everything, in which every title, name and secret is one of a kind.

Its database is PostgreSQL, as for everybody but the demo: on SQLite Airflow may lose its scheduler over a backfill
(docs/operations.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from embedded_postgres import Postgres, serving
from rich.console import Console

from calsync.config.load import TENANTS_VARIABLE, load_tenant, tenants_folder
from demo.paths import ROOT
from demo.ports import choose
from demo.record import Record
from demo.rest import Airflow, airflow
from demo.runs import DAG_ID, TENANT, synchronise
from demo.session import Session, running
from sandbox.client import Sandbox

PUBLIC, PRIVATE, SAID = "Needle-open-4711", "Needle-private-4712", "Needle of what was said 4713"
GUEST = "needle-guest-4714@client.example"
EVERYTHING = {"AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG"}
SOON = {"AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1"}
"""How soon the scheduler looks again: between the tasks of many short runs the waiting adds up."""
OTHERS = ("viewer", "user", "op")
"""Airflow's users beside the administrator, each named like its role."""
USERS = {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{name}" for name in (*OTHERS, "admin"))}
NEVER = 'cron: "0 0 29 2 *"'
"""A schedule whose next run is years away, and whose last one was before the DAG's start."""


@dataclass(frozen=True)
class Run:
    """The first run of the sandbox tenant, while its Airflow is up. folder: the demo's.

    postgres, database: where Airflow keeps what it knows. problem: why that Airflow cannot go on, if it cannot.
    """

    folder: Path
    postgres: Postgres
    database: str
    record: Record
    id: str
    report: dict[str, Any]
    env: dict[str, str]
    problem: Callable[[], str | None]

    def get(self, path: str) -> dict[str, Any]:
        """An answer of Airflow's REST API about the sync DAG, for the administrator."""
        login = {"username": self.record.user, "password": self.record.password}
        with httpx.Client(base_url=self.record.local_url, trust_env=False) as http:
            token = http.post("/auth/token", json=login).json()["access_token"]
            answer = http.get(f"/api/v2/dags/{DAG_ID}/{path}", headers={"Authorization": f"Bearer {token}"})
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def sandbox(self) -> Sandbox:
        return Sandbox(self.record.sandbox_url, self.record.sandbox_ca)

    @contextmanager
    def airflow(self) -> Iterator[Airflow]:
        with airflow(self.record.local_url, self.record.user, self.record.password) as client:
            yield client


@contextmanager
def first_run(folder: Path) -> Iterator[Run]:
    """The demo in `folder` after its first run."""
    console = Console(quiet=True)
    tenants = unscheduled(folder.parent / "tenants")
    with serving(folder.parent / "postgres") as postgres:
        database = postgres.create()
        url = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.dsn(database, driver="psycopg2")}
        settings = {**EVERYTHING, **SOON, **USERS, **url, TENANTS_VARIABLE: str(tenants)}
        with running(folder, ROOT, choose({}), "", console, settings) as session:
            first = _first_report(session, console)
            yield Run(folder, postgres, database, session.record, first["run"], first, session.env, session.problem)


def _first_report(session: Session, console: Console) -> dict[str, Any]:
    record = session.record
    with Sandbox(record.sandbox_url, record.sandbox_ca) as box:
        plant(box)
    with airflow(record.local_url, record.user, record.password, session.problem) as client:
        client.wait_until_healthy()
        client.wait_for_dag(DAG_ID)
        return synchronise(console, client, record, unpause=True)[0]


def unscheduled(folder: Path) -> Path:
    """The sandbox tenant in `folder`, whose schedule adds no run of its own to those that a test starts."""
    folder.mkdir()
    file = f"{TENANT}.yaml"
    text, times = re.subn(r"every_minutes: \d+", NEVER, (tenants_folder() / file).read_text())
    assert times == 1, file
    (folder / file).write_text(text)
    return folder


def plant(box: Sandbox) -> None:
    """A meeting in each system whose words are found nowhere else, one of them private, one with an outside guest."""
    calendar = load_tenant(tenants_folder() / f"{TENANT}.yaml").name
    state = box.state()
    owner = state["sharecrm"]["employees"][0]
    start = (datetime.now(UTC) + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    end = start + timedelta(hours=1)
    box.as_employee(owner["id"]).create(
        PRIVATE, start, end, calendar=calendar, participants=[owner["id"]], private=True
    )
    guest = {"type": "required", "emailAddress": {"address": GUEST, "name": GUEST}}
    first, last = (moment.strftime("%Y-%m-%dT%H:%M:%S") for moment in (start, end))
    box.as_user(owner["email"]).create(PUBLIC, first, last, attendees=[guest])


def personal(box: Sandbox) -> set[str]:
    """Every title, name and address of both systems."""
    told: set[str] = set()

    def walk(value: Any, name: str = "") -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, key)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, name)
        elif isinstance(value, str):
            told.update(re.findall(r"[\w.-]+@[\w.-]+", value))
            told.update({value} if name in ("subject", "content", "name", "title") and len(value) > 5 else set())

    walk(box.state())
    return told | {PUBLIC, PRIVATE, GUEST, SAID}
