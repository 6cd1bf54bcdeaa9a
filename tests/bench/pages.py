"""How fast the pages answer with 100,000 meetings and 10,000 runs in the state database, and with how many queries.

    python tests/bench/pages.py [--links 100000] [--runs 10000] [--times 7] [--dsn postgresql+psycopg://...]

SQLite, or a new database of a PostgreSQL server; one tenant that has it all and 200 small ones. Each page is asked for
as an administrator, through the auth manager, several times after a first one that does not count. Queries are those
to the state database.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / folder) for folder in ("tests", "plugins", "include")]

from shell.airflow_home import migrate, prepare  # noqa: E402 - found through the line above
from shell.tenant_files import write_tenant  # noqa: E402

prepare()

import sqlalchemy  # noqa: E402
from store.values import HOLIDAY, MEETING, full_link, person, some_action  # noqa: E402

from calsync.core.accounts import Refusal, Why  # noqa: E402
from calsync.core.codec import to_json  # noqa: E402
from calsync.core.model import Account, Availability, Link, Side, Time  # noqa: E402
from calsync.core.plan import ActionState, Loss  # noqa: E402
from calsync.staging import Staging  # noqa: E402
from calsync.store import open_store, upgrade  # noqa: E402
from calsync.store.calendar import calendar_row, folded  # noqa: E402
from calsync.store.history import _row as history_row  # noqa: E402
from calsync.store.journal import _row as action_row  # noqa: E402
from calsync.store.links import _link_row, _placement_rows  # noqa: E402
from calsync.store.records import HistoryEntry, Run, RunState  # noqa: E402
from calsync.store.tables import action, calendar, history, link, placement, run  # noqa: E402

BIG, SMALL = "big", 200
NOW = datetime.now(UTC).replace(microsecond=0)
ACCOUNTS, REFUSED, HELD, PARKED, CHANGES = 2_000, 300, 2_000, 500, 20_000
RUN = f"scheduled__{NOW.isoformat()}"
LINK = "L0000042"
COMMON, RARE = "Review", "Kolloquium"
LIMIT_MS = 300


class Ask(NamedTuple):
    """What is asked of a page: its path, and a form that is posted to it or None."""

    path: str
    form: dict[str, str] | None = None


ACCOUNTS_PAGE, MEETINGS_PAGE = f"/tenants/{BIG}/accounts/", f"/tenants/{BIG}/meetings/"


def _narrowed(**form: str) -> Ask:
    return Ask(MEETINGS_PAGE, form)


PAGES = {
    "overview": Ask("/"),
    "attention": Ask("/attention/"),
    "attention of one": Ask(f"/tenants/{BIG}/attention/"),
    "configuration": Ask(f"/tenants/{BIG}/"),
    "new configuration": Ask("/tenants/new/"),
    "accounts": Ask(ACCOUNTS_PAGE),
    "accounts, last page": Ask(f"{ACCOUNTS_PAGE}?page=40"),
    "accounts of a state": Ask(f"{ACCOUNTS_PAGE}?group=away"),
    "accounts by id": Ask(f"{ACCOUNTS_PAGE}find/", {"text": "00042"}),
    "accounts by address": Ask(f"{ACCOUNTS_PAGE}find/", {"text": "00042@example.com"}),
    "meetings, month": Ask(MEETINGS_PAGE),
    "meetings, week": Ask(f"{MEETINGS_PAGE}?view=week"),
    "meetings, day": Ask(f"{MEETINGS_PAGE}?view=day"),
    **{f"month, {circle}": Ask(f"{MEETINGS_PAGE}?circle={circle}") for circle in ("internal", "external", "private")},
    "month of an account": _narrowed(who="00042"),
    "week of an account": _narrowed(who="00042", view="week"),
    "external of an account": _narrowed(who="00042", circle="external"),
    "search, common word": _narrowed(words=COMMON),
    "search, its 50th page": _narrowed(words=COMMON, number="50"),
    "search, rare word": _narrowed(words=RARE, first="2000-01-01", last="2100-01-01"),
    "search, nothing found": _narrowed(words="zzz", first="2000-01-01", last="2100-01-01"),
    "search, of an account": _narrowed(words=COMMON, who="00042"),
    "a meeting": Ask(f"{MEETINGS_PAGE}{LINK}/"),
    "changes of a run": Ask(f"/dags/calendar_sync__{BIG}/runs/{RUN}/changes/"),
    "connect": Ask(f"/connect/{BIG}/"),
}
"""What is measured; a new page adds its line."""


def fill(folder: Path, dsn: str, links: int, runs: int) -> None:
    """The tenants, the state database and one run's report."""
    for key in (BIG, *(f"small-{number:03}" for number in range(SMALL))):
        write_tenant(folder / "tenants", key, enterprise=key)
    os.environ |= {
        "CALSYNC_TENANTS": str(folder / "tenants"),
        "CALSYNC_STAGING": f"file://{folder / 'staging'}",
        "CALSYNC_ENV_FILE": str(folder / "no.env"),
        "AIRFLOW_CONN_CALSYNC_STATE": json.dumps({"conn_type": "generic", "extra": {"dsn": dsn}}),
    }
    upgrade(dsn)
    with open_store(dsn) as store:
        store.save_accounts(BIG, [_account(number) for number in range(ACCOUNTS)], BIG)
        store.save_refusals(BIG, [_refusal(number) for number in range(REFUSED)], {})
        ended = Run(RUN, "scheduled", NOW - timedelta(minutes=5), RunState.DONE, NOW, {}, "Both calendars agree.")
        for number in range(SMALL):
            store.note_last_run(f"small-{number:03}", ended, synced=True)
        store.note_last_run(BIG, ended, synced=True)
        with store._engine.begin() as connection:
            for table, rows in (
                (link, _links(links)),
                (calendar, _calendar(links)),
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


def _account(number: int) -> Account:
    """Every tenth is not authorised; of the others every tenth has no mailbox."""
    one = person(f"{number:05}", f"m{number}", authorised=number % 10 != 0)
    return replace(one, availability=Availability.NO_MAILBOX) if number % 10 == 1 else one


def _refusal(number: int) -> Refusal:
    why = Why.SEVERAL_USERS if number % 3 == 0 else Why.NO_USER
    return Refusal(f"x{number:05}", why, address=f"x{number}@example.com")


def _title(number: int) -> str:
    return f"{RARE} {number}" if number % 30_000 == 7 else f"{COMMON} of quarter {number % 400}, room {number}"


@cache
def _meeting(day: str, private: bool, external: bool) -> Link:
    """A link as those of its kind are, with words in angle brackets for what each has for itself."""
    start = datetime.fromisoformat(f"{day}T09:00:00+00:00")
    time_ = Time(start, start + timedelta(hours=1))
    contacts = MEETING.contacts if external else frozenset[str]()
    event = replace(MEETING, title="<title>", time=time_, private=private, contacts=contacts)
    more = {"crm_owner": "<who>", "base": event, "crm_shown": event, "dirty": False, "placements": ()}
    return replace(full_link("<id>", "<crm>"), **more)


@cache
def _rows_of(one: Link) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rows of a link."""
    return _link_row(BIG, one), calendar_row(BIG, one) or {}


def _links(count: int) -> Iterator[dict[str, Any]]:
    """Links with the meetings of a year; every tenth is private, every third without a contact."""
    for number in range(count):
        id_, day = _of(number)
        row, _ = _rows_of(_meeting(day, number % 10 == 0, number % 3 != 0))
        value = str(row["value"])
        for place, said in (
            ("<id>", id_),
            ("<crm>", f"R{number}"),
            ("<who>", f"{number % ACCOUNTS:05}"),
            ("<title>", _title(number)),
        ):
            value = value.replace(place, said)
        yield row | {"id": id_, "crm_id": f"R{number}", "value": value}


def _calendar(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        id_, day = _of(number)
        _, row = _rows_of(_meeting(day, number % 10 == 0, number % 3 != 0))
        title = str(row["title"]).replace("<title>", folded(_title(number)))
        yield row | {"link": id_, "owner": f"{number % ACCOUNTS:05}", "title": title}


def _placements(count: int) -> Iterator[dict[str, Any]]:
    rows = {}
    for private in (False, True):
        place = replace(full_link("<id>").placements[0], shown=replace(MEETING, private=private))
        (rows[private],) = _placement_rows(BIG, replace(full_link("<id>"), placements=(place,)))
    for number in range(count):
        id_, _ = _of(number)
        row = rows[number % 10 == 0]
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
def counted(dsn: str) -> Iterator[list[str]]:
    """The statements that go to the state database."""
    asked: list[str] = []
    database = sqlalchemy.make_url(dsn).database

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if connection.engine.url.database == database and statement.lstrip().upper().startswith(("SELECT", "WITH")):
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
    words.add_argument("--dsn", default="")
    said = words.parse_args()
    table = Table("page", "status", "median ms", "slowest ms", "CPU ms", "queries", "bytes")
    slow = []
    with tempfile.TemporaryDirectory() as folder:
        dsn = said.dsn or f"sqlite:///{Path(folder, 'calsync.db')}"
        fill(Path(folder), dsn, said.links, said.runs)
        client = browser()
        for name, ask in PAGES.items():
            answer = _asked(client, ask)
            answer()
            with counted(dsn) as asked:
                first = answer()
            spent = [_spent(answer) for _ in range(said.times)]
            median, work = (statistics.median(each) for each in zip(*spent, strict=True))
            slow += [name] if median > LIMIT_MS or first.status_code != 200 else []
            slowest = max(wall for wall, _ in spent)
            numbers = (f"{median:.0f}", f"{slowest:.0f}", f"{work:.0f}", str(len(asked)), f"{len(first.content):,}")
            table.add_row(name, str(first.status_code), *numbers)
    Console(width=120).print(table)
    Console().print(f"Over {LIMIT_MS} ms, or not answered: {', '.join(slow)}" if slow else f"All under {LIMIT_MS} ms.")
    return 1 if slow else 0


def _asked(client: Any, ask: Ask) -> Callable[[], Any]:
    """What asks for a page; a form carries the token of the page it stands on."""
    path = f"/calsync{ask.path}"
    if ask.form is None:
        return lambda: client.get(path)
    page = client.get(path.removesuffix("find/")).text
    form = {"form_token": page.partition('name="form_token" value="')[2].partition('"')[0], **ask.form}
    return lambda: client.post(path, data=form)


def _spent(answer: Callable[[], Any]) -> tuple[float, float]:
    """Milliseconds of one request: by the clock, and of work; they differ on a machine that does other things, too."""
    began, worked = time.perf_counter(), time.process_time()
    answer()
    return (time.perf_counter() - began) * 1000, (time.process_time() - worked) * 1000


if __name__ == "__main__":
    sys.exit(main())
