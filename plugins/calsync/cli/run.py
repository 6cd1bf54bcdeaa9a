"""`run`, `status`: one run of a tenant in this process, and how a tenant stands."""

from __future__ import annotations

import getpass
import json
import os
import secrets
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from calsync.cli.show import complain, say, show_table
from calsync.clock import utc

if TYPE_CHECKING:
    from datetime import datetime

    from calsync.core.model import Account, LinkState
    from calsync.stages.context import Run
    from calsync.store.records import Run as StoredRun

_Tenant = Annotated[str, typer.Argument(help="The tenant's key: its file's name without the ending.")]
_Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


def run(
    tenant: _Tenant,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide and show, write to neither system.")] = False,
    as_json: _Json = False,
) -> None:
    """Run all stages once, in this process, and show what was done or would be; exit 1 when a stage failed."""
    from calsync.config.load import load_one, tenants_folder
    from calsync.stages.ports import open_ports
    from calsync.stages.report import read_report
    from calsync.stages.run import run_tenant

    found = load_one(tenants_folder(), tenant)
    ports, this = open_ports(found), this_run("cli", dry_run=dry_run)
    try:
        counters = run_tenant(found, ports, this)
        report = read_report(ports.staging, found.key, this.id) or {}
    finally:
        ports.close()
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        _show_report(report)
        (complain if counters["failed"] else say)(str(counters["sentence"]))
    if counters["failed"]:
        raise typer.Exit(1)


def _show_report(report: dict[str, Any]) -> None:
    """What was written, or would be, and what was skipped and why; private titles are masked in the report already."""
    changes = [
        (
            c["side"],
            c["verb"],
            c["employee"],
            c["title"][:40],
            "\n".join(map(_change, c["values"])),
            "\n".join(map(_mails, c["mail_kinds"])),
            c["state"],
            f"{c['rule']} {c['sentence'] or c['reason']}",
        )
        for c in report["changes"]
    ]
    if changes:
        columns = ("Side", "What", "Employee", "Title", "Changes", "Mails", "State", "Why")
        show_table("Would change" if report["dry_run"] else "Changes", columns, changes)
    reasons = Counter((r["side"], r["rule"], r["reason"]) for r in report["remarks"])
    if reasons:
        rows = [(count, side, f"{rule} {reason}") for (side, rule, reason), count in reasons.most_common()]
        show_table("Left alone", ("Meetings", "Side", "Why"), rows)


def _change(value: dict[str, Any]) -> str:
    """A field's old and new value, or who comes and who goes, in a line."""
    if value["field"] != "people":
        return f"{value['field']}: " + " → ".join(side for side in (value["old"], value["new"]) if side)
    marked = [f"+{person}" for person in value["added"]] + [f"-{person}" for person in value["removed"]]
    return f"people: {', '.join(marked)}"


def _mails(kind: dict[str, Any]) -> str:
    outside = f" ({kind['outside']} outside)" if kind["outside"] else ""
    return f"{kind['count']} {kind['kind']}{'' if kind['count'] == 1 else 's'}{outside}"


def this_run(kind: str, *, dry_run: bool = False) -> Run:
    """A run of this process that begins now."""
    from calsync.stages.context import Run
    from calsync.store.lease import cli_holder

    now = utc()
    run_id = f"cli-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    return Run(id=run_id, kind=kind, at=now, holder=cli_holder(run_id), dry_run=dry_run)


def this_person() -> str:
    """Who types the command, as the history names them: by number where the system has no name, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid:{os.getuid()}"


def status(tenant: _Tenant, as_json: _Json = False) -> None:
    """Say how a tenant stands: accounts, meetings, what waits for a person, the last runs."""
    from calsync.cli.database import opened_store
    from calsync.config.load import load_one, tenants_folder
    from calsync.core.choice import waits
    from calsync.store.overview import Waits

    key = load_one(tenants_folder(), tenant).key
    with opened_store() as store:
        standing = Standing(
            store.accounts(key),
            store.count_links(key),
            store.runs(key, limit=10),
            store.first_sync(key),
            sum(map(waits, store.dirty_links(key))),
            store.waiting_counts([key]).get(key, Waits()).held,
        )
    if as_json:
        typer.echo(json.dumps(standing.plain()))
    else:
        _show(key, standing)


class Standing(NamedTuple):
    """What the state database says of a tenant."""

    accounts: list[Account]
    links: dict[LinkState, int]
    runs: list[StoredRun]
    first_sync: datetime | None
    choices: int
    held: int

    def plain(self) -> dict[str, Any]:
        """Counters, times and sentences as JSON holds them; no address and no content."""
        return {
            "accounts": len(self.accounts),
            "authorised": sum(account.authorised for account in self.accounts),
            "away": sum(account.authorised and not account.served for account in self.accounts),
            "meetings": {str(state): count for state, count in self.links.items()},
            "waiting_for_a_choice": self.choices,
            "waiting_for_an_answer": self.held,
            "first_sync": self.first_sync.isoformat() if self.first_sync else None,
            "runs": [
                {
                    "id": one.id,
                    "kind": one.kind,
                    "started_at": one.started_at.isoformat(),
                    "state": str(one.state),
                    "sentence": one.sentence,
                    "counters": dict(one.counters),
                }
                for one in self.runs
            ],
        }


def _show(key: str, standing: Standing) -> None:
    said = standing.plain()
    say(f"{key}: {said['authorised']} of {said['accounts']} accounts authorised, {said['away']} of them unavailable.")
    meetings = ", ".join(f"{count} {state}" for state, count in said["meetings"].items() if count)
    say(f"Meetings: {meetings or 'none yet'}.")
    if standing.choices:
        say(f"{standing.choices} of them look the same and wait: see `python -m calsync choose {key}`.")
    if standing.held:
        wait = "1 meeting waits" if standing.held == 1 else f"{standing.held} meetings wait"
        say(f"{wait} for a person's answer: see `python -m calsync held {key}`.")
    if standing.runs:
        rows = [(f"{one.started_at:%Y-%m-%d %H:%M}", one.kind, one.state, one.sentence) for one in standing.runs]
        show_table("Last runs (UTC)", ("Started", "Kind", "State", "What it did"), rows)
    else:
        say(f"No run yet: start one with `python -m calsync run {key}`, or unpause the DAG.")
