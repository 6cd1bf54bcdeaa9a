"""How fast the pages answer with 100,000 meetings and 10,000 runs in the state database, and with how many queries.

    python tests/bench/pages.py [--links 100000] [--runs 10000] [--times 7]

SQLite, one tenant that has it all and 200 small ones; each page is asked for as an administrator, through the auth
manager, several times after a first one that does not count. Queries are those to the state database.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / folder) for folder in ("tests", "plugins", "include")]

from shell.airflow_home import migrate, prepare  # noqa: E402 - found through the line above
from shell.tenant_files import write_tenant  # noqa: E402

prepare()

import sqlalchemy  # noqa: E402
from store.values import HOLIDAY, MEETING, full_link, person, some_action  # noqa: E402

from calsync.core.codec import to_json  # noqa: E402
from calsync.core.model import Side, Time  # noqa: E402
from calsync.core.plan import ActionState, Loss  # noqa: E402
from calsync.staging import Staging  # noqa: E402
from calsync.store import open_store, upgrade  # noqa: E402
from calsync.store.history import _row as history_row  # noqa: E402
from calsync.store.journal import _row as action_row  # noqa: E402
from calsync.store.links import _link_row, _placement_rows  # noqa: E402
from calsync.store.records import HistoryEntry, Run, RunState  # noqa: E402
from calsync.store.tables import action, history, link, placement, run  # noqa: E402

BIG, SMALL = "big", 200
NOW = datetime.now(UTC).replace(microsecond=0)
ACCOUNTS, HELD, PARKED, CHANGES = 2_000, 2_000, 500, 20_000
RUN = f"scheduled__{NOW.isoformat()}"
LINK = "L0000042"
LIMIT_MS = 300

PAGES = {
    "overview": "/",
    "attention": "/attention/",
    "attention of one": f"/tenants/{BIG}/attention/",
    "configuration": f"/tenants/{BIG}/",
    "new configuration": "/tenants/new/",
    "accounts": f"/tenants/{BIG}/accounts/",
    "meetings, month": f"/tenants/{BIG}/meetings/",
    "a meeting": f"/tenants/{BIG}/meetings/{LINK}/",
    "changes of a run": f"/dags/calendar_sync__{BIG}/runs/{RUN}/changes/",
    "connect": f"/connect/{BIG}/",
}
"""What is measured; a new page adds its line."""


def fill(folder: Path, links: int, runs: int) -> None:
    """The tenants, the state database and one run's report."""
    for key in (BIG, *(f"small-{number:03}" for number in range(SMALL))):
        write_tenant(folder / "tenants", key, enterprise=key)
    dsn = f"sqlite:///{folder / 'calsync.db'}"
    os.environ |= {
        "CALSYNC_TENANTS": str(folder / "tenants"),
        "CALSYNC_STAGING": f"file://{folder / 'staging'}",
        "CALSYNC_ENV_FILE": str(folder / "no.env"),
        "AIRFLOW_CONN_CALSYNC_STATE": json.dumps({"conn_type": "generic", "extra": {"dsn": dsn}}),
    }
    upgrade(dsn)
    with open_store(dsn) as store:
        store.save_accounts(BIG, [person(f"{n:05}", f"m{n}") for n in range(ACCOUNTS)], BIG)
        ended = Run(RUN, "scheduled", NOW - timedelta(minutes=5), RunState.DONE, NOW, {}, "Both calendars agree.")
        for number in range(SMALL):
            store.note_last_run(f"small-{number:03}", ended, synced=True)
        store.note_last_run(BIG, ended, synced=True)
        with store._engine.begin() as connection:
            for table, rows in (
                (link, _links(links)),
                (placement, _placements(links)),
                (run, _runs(runs)),
                (action, _actions(links)),
                (history, _history(links)),
            ):
                for part in _parts(rows):
                    connection.execute(sqlalchemy.insert(table), part)
    Staging(f"file://{folder / 'staging'}").write_json(BIG, RUN, "report", _report())


def _parts(rows: Iterator[dict[str, Any]], size: int = 5_000) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def _of(number: int, days: int = 360) -> tuple[str, str]:
    """The id and the day of a meeting."""
    return f"L{number:07}", (NOW.date() + timedelta(days=number % days - days // 2)).isoformat()


def _links(count: int) -> Iterator[dict[str, Any]]:
    """Links with the meetings of a year; every tenth is private."""
    whole = {}
    for number in range(count):
        id_, day = _of(number)
        if (day, private := number % 10 == 0) not in whole:
            start = datetime.fromisoformat(f"{day}T09:00:00+00:00")
            event = replace(MEETING, time=Time(start, start + timedelta(hours=1)), private=private)
            found = replace(full_link("<id>", "<crm>"), base=event, crm_shown=event, dirty=False)
            whole[day, private] = _link_row(BIG, found)
        row = whole[day, private]
        value = row["value"].replace("<id>", id_).replace("<crm>", f"R{number}")
        yield row | {"id": id_, "crm_id": f"R{number}", "value": value}


def _placements(count: int) -> Iterator[dict[str, Any]]:
    row, _ = _placement_rows(BIG, full_link("<id>"))
    for number in range(count):
        id_, _ = _of(number)
        names = {"link": id_, "id": f"E{number}", "mailbox": f"m{number % ACCOUNTS}"}
        yield row | names | {"standing": "living", "ical_uid": f"U{number}", "ical_key": f"u{number}"}


def _runs(count: int) -> Iterator[dict[str, Any]]:
    counters = json.dumps({"crm_created": 2, "outlook_updated": 5, "conflicts": 1, "requests_graph": 40})
    for number in range(count):
        at = NOW - timedelta(minutes=15 * number)
        yield {
            "tenant": BIG,
            "id": f"scheduled__{at.isoformat()}",
            "kind": "scheduled",
            "state": RunState.DONE.value,
            "started_at": at,
            "ended_at": at,
            "counters": counters,
            "sentence": "ShareCRM 2 created; Outlook 5 updated; 0 skipped, 0 mails.",
            "meta": "{}",
        }


def _actions(count: int) -> Iterator[dict[str, Any]]:
    """One done for each meeting; some are held or parked."""
    for number in range(count):
        id_, _ = _of(number)
        held = "20 of 30 meetings would end; the limit is 10" if number < HELD else ""
        row = action_row(BIG, RUN, number, some_action(f"A{number}", id_, held), NOW - timedelta(hours=1))
        state = "held" if held else "parked" if number < HELD + PARKED else "done"
        yield row | {"state": ActionState(state).value, "asked": "q1" if held else "", "settled_at": NOW}


def _history(count: int) -> Iterator[dict[str, Any]]:
    loss = Loss("C5", "both sides changed it", Side.CRM, "title", HOLIDAY)
    entry = HistoryEntry(NOW, RUN, "", "C1", "changed", Side.OUTLOOK, "m1", "E1", "A1", before=HOLIDAY, after=MEETING)
    row = history_row(BIG, entry)
    for number in range(2 * count):
        losses = {"losses": to_json((loss,))} if number % 200 == 0 else {}
        at = NOW - timedelta(seconds=45 * number)
        yield row | {"link": _of(number % count)[0], "at": at} | losses


def _report() -> dict[str, Any]:
    change = {"side": "outlook", "verb": "update", "employee": "00001", "title": "Review", "state": "done", "mails": 1}
    return {
        "tenant": BIG,
        "run": RUN,
        "at": NOW.isoformat(),
        "sentence": "Many were written.",
        "changes": [change | {"id": f"A{n}", "link": _of(n)[0], "rule": "C1"} for n in range(CHANGES)],
    }


@contextmanager
def counted(database: str) -> Iterator[list[str]]:
    """The statements that go to the state database."""
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if database in str(connection.engine.url) and statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append(statement)

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", note)


def browser() -> Any:
    """A signed-in administrator's, on the pages as Airflow mounts them."""
    migrate()
    from airflow.api_fastapi.app import init_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from calsync.web.app import create_app

    site = FastAPI()
    site.mount("/calsync", create_app())
    manager = init_auth_manager(site)
    client = TestClient(site, raise_server_exceptions=False)
    client.cookies.set("_token", manager.generate_jwt(SimpleAuthManagerUser(username="admin", role="admin")))
    return client


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--links", type=int, default=100_000)
    words.add_argument("--runs", type=int, default=10_000)
    words.add_argument("--times", type=int, default=7)
    said = words.parse_args()
    table = Table("page", "status", "median ms", "slowest ms", "CPU ms", "queries", "bytes")
    slow = []
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), said.links, said.runs)
        client = browser()
        for name, path in PAGES.items():
            with counted(folder) as asked:
                first = client.get(f"/calsync{path}")
            spent = [_spent(client, path) for _ in range(said.times)]
            median, work = (statistics.median(each) for each in zip(*spent, strict=True))
            slow += [name] if median > LIMIT_MS or first.status_code != 200 else []
            slowest = max(wall for wall, _ in spent)
            numbers = (f"{median:.0f}", f"{slowest:.0f}", f"{work:.0f}", str(len(asked)), f"{len(first.content):,}")
            table.add_row(name, str(first.status_code), *numbers)
    Console(width=120).print(table)
    Console().print(f"Over {LIMIT_MS} ms, or not answered: {', '.join(slow)}" if slow else f"All under {LIMIT_MS} ms.")
    return 1 if slow else 0


def _spent(client: Any, path: str) -> tuple[float, float]:
    """Milliseconds of one request: by the clock, and of work; they differ on a machine that does other things, too."""
    began, worked = time.perf_counter(), time.process_time()
    client.get(f"/calsync{path}")
    return (time.perf_counter() - began) * 1000, (time.process_time() - worked) * 1000


if __name__ == "__main__":
    sys.exit(main())
