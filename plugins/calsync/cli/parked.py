"""`parked list|retry|drop`: what failed for its own reasons, and a person's word about it (G10)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from calsync.cli.run import this_person, this_run
from calsync.cli.show import complain, say, show_table

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Ports
    from calsync.stages.parked import Parked

app = typer.Typer(no_args_is_help=True, help="Changes that failed for their own reasons: see them, try or drop them.")

NOTHING = "Nothing is parked."

_Tenant = Annotated[str, typer.Argument(help="The tenant's key: its file's name without the ending.")]
_Ids = Annotated[list[str] | None, typer.Argument(help="Ids, as `parked list` shows them; or give --all.")]
_All = Annotated[bool, typer.Option("--all", help="Everything that is parked.")]


@app.command("list")
def list_parked(
    tenant: _Tenant,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as one JSON list.")] = False,
) -> None:
    """Show what is parked: where, why, how often it was tried and when it is tried next."""
    from calsync.stages.parked import parked

    with _opened(tenant) as (found, ports):
        rows = parked(found, ports)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, default=datetime.isoformat))
    elif rows:
        columns = ("Id", "Side", "What", "Employee", "Starts", "Title", "Code", "Why", "Tries", "Next try (UTC)")
        show_table(f"Parked in {tenant}", columns, map(_cells, rows))
        say(f"Each is tried again by itself. Now: `parked retry {tenant} ID...`; never: `parked drop {tenant} ID...`.")
    else:
        say(NOTHING)


@app.command()
def retry(tenant: _Tenant, ids: _Ids = None, everything: _All = False) -> None:
    """Try parked changes now, and show what became of them; exit 1 when something is parked still."""
    from calsync.stages import parked

    with _opened(tenant) as (found, ports):
        wanted, unknown = parked.among(found, ports, _wanted(ids, everything))
        told = parked.retry(found, ports, this_run("retry"), wanted, this_person()) if wanted else {}
    again = bool(told.get("failed") or told.get("parked"))
    if not unknown or wanted:
        (complain if again else say)(str(told.get("sentence", NOTHING)))
    _end(unknown, again=again)


@app.command()
def drop(tenant: _Tenant, ids: _Ids = None, everything: _All = False) -> None:
    """Give parked changes up: they are not tried again until their meetings change. Nothing is written or undone."""
    from calsync.stages import parked

    with _opened(tenant) as (found, ports):
        wanted, unknown = parked.among(found, ports, _wanted(ids, everything))
        dropped = parked.drop(found, ports, this_run("drop"), wanted, this_person()) if wanted else 0
    if dropped:
        say(f"{dropped} dropped; not tried again until the meeting changes.")
    elif not unknown:
        say(NOTHING)
    _end(unknown)


@contextmanager
def _opened(key: str) -> Iterator[tuple[Tenant, Ports]]:
    from calsync.config.load import load_one, tenants_folder
    from calsync.stages.ports import open_ports

    tenant = load_one(tenants_folder(), key)
    ports = open_ports(tenant)
    try:
        yield tenant, ports
    finally:
        ports.close()


def _wanted(ids: list[str] | None, everything: bool) -> list[str] | None:
    if bool(ids) == everything:
        raise typer.BadParameter("name ids, or give --all")
    return ids or None


def _cells(row: Parked) -> tuple[object, ...]:
    next_try = f"{row.next_try:%Y-%m-%d %H:%M}" if row.next_try else ""
    what = (row.id, row.side, row.verb, row.employee, row.start, row.title[:40])
    return (*what, row.code, row.sentence, row.tries, next_try)


def _end(unknown: list[str], *, again: bool = False) -> None:
    """Say what could not be done; exit code 1 where anything is left."""
    for id_ in unknown:
        complain(f"{id_}: nothing of this id is parked; `parked list` shows what is")
    if unknown or again:
        raise typer.Exit(1)
