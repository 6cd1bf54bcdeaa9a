"""`undo`: shows what would go back of a run, or of the last one that wrote a meeting, and takes it back (G9)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calsync.cli.cleanup import interactive
from calsync.cli.run import this_run
from calsync.cli.show import complain, say, show_table

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Counters, Focus, Ports

SHOWN = 50
"""So many meetings are shown one by one; the counts are of all."""


def undo(
    tenant: Annotated[str, typer.Argument(help="The tenant's key: its file's name without the ending.")],
    run: Annotated[str, typer.Option(help="Undo what this run wrote; `status` and the pages name the runs.")] = "",
    meeting: Annotated[str, typer.Option(help="Undo the last run that wrote this meeting; its link's id.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for a confirmation.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object; asks nothing.")] = False,
) -> None:
    """Put both sides back to what they were before a run, meeting by meeting, after showing it.

    What people or later runs have changed since is left as it is, and said. Without --yes and without a terminal it
    only shows.
    """
    from calsync.config.load import load_one, tenants_folder
    from calsync.stages.ports import open_ports
    from calsync.stages.undo import focus_of, run_to_undo

    if bool(run) == bool(meeting):
        raise typer.BadParameter("name a run or a meeting: --run RUN or --meeting LINK")
    found = load_one(tenants_folder(), tenant)
    ports = open_ports(found)
    counters: Counters | None = None
    try:
        undone = run or run_to_undo(found, ports.store, meeting)
        focus = focus_of(found, ports.store, undone, meeting)
        told, _ = _carry_out(found, ports, undone, focus, dry_run=True)
        if not as_json:
            _show(told)
        if _wanted(told, yes=yes, ask=not as_json):
            told, counters = _carry_out(found, ports, undone, focus, dry_run=False)
    finally:
        ports.close()
    _end(told, counters, yes=yes, as_json=as_json)


def _carry_out(
    tenant: Tenant, ports: Ports, undone: str, focus: Focus, *, dry_run: bool
) -> tuple[dict[str, Any], Counters]:
    """A run of its own that undoes another, or only shows what that would be; what it says and counts."""
    from calsync.stages.run import run_tenant
    from calsync.stages.undo import told

    this = replace(this_run("undo", dry_run=dry_run), undo=undone, focus=focus)
    counters = run_tenant(tenant, ports, this)
    if dry_run and counters["failed"]:
        complain(str(counters["sentence"]))
        raise typer.Exit(1)
    return told(tenant, ports, this), counters


def _wanted(told: dict[str, Any], *, yes: bool, ask: bool) -> bool:
    """Whether it is to be done: something can go back, and a person has said so."""
    if not told["meetings"]:
        return False
    if yes or not ask or not interactive():
        return yes
    typed = typer.prompt(f"Type {told['tenant']} to undo this", default="", show_default=False)
    return bool(typed == told["tenant"])


def _show(told: dict[str, Any]) -> None:
    meetings, refused = told["meetings"], told["refused"]
    if meetings:
        rows = [
            (
                one["start"],
                one["title"][:40],
                "\n".join(line for change in one["changes"] for line in _lines(change)),
                one["mails"] or "",
                one["held"],
            )
            for one in meetings[:SHOWN]
        ]
        columns = ("Starts", "Title", "What goes back", "Mails", "Waits for a person")
        show_table(f"Run {told['run']}{_first_of(len(meetings))}", columns, rows)
    if refused:
        left = [(one["start"], one["title"][:40], one["reason"], one["link"]) for one in refused[:SHOWN]]
        show_table(f"Stays as it is{_first_of(len(refused))}", ("Starts", "Title", "Why", "Link"), left)
    if meetings:
        mails = f"{told['mails']} mail{'' if told['mails'] == 1 else 's'}"
        say(f"Undoing {_count(len(meetings))} sends {mails}, {told['mails_outside']} of them to people outside.")


def _lines(change: dict[str, Any]) -> list[str]:
    """One action, as a person reads it: where, and which value takes the place of which."""
    side = "ShareCRM" if change["side"] == "crm" else "Outlook"
    where = f"{side}, {change['employee']}" if change["employee"] else side
    if change["state"] in ("parked", "dropped"):
        return [f"{where}: {change['state']}: {change['sentence']}"]
    if change["verb"] != "update":
        words = {"create": "put back", "delete": "removed", "link": "joined again", "unlink": "no longer synced"}
        return [f"{where}: {words[change['verb']]}"]
    return [f"{where}: {_value(value)}" for value in change["values"]]


def _value(value: dict[str, Any]) -> str:
    if value["field"] != "people":
        return f"{value['field']} {value['new'] or '-'} ← {value['old'] or '-'}"
    marked = [f"+{person}" for person in value["added"]] + [f"-{person}" for person in value["removed"]]
    return f"people {', '.join(marked)}"


def _first_of(count: int) -> str:
    return f", the first {SHOWN} of {count}" if count > SHOWN else ""


def _count(number: int) -> str:
    return f"{number} meeting{'' if number == 1 else 's'}"


def _end(told: dict[str, Any], counters: Counters | None, *, yes: bool, as_json: bool) -> None:
    """What became of it; exit code 1 when something of what was wanted was not undone."""
    names = ("failed", "parked", "stale", "left", "held")
    open_still = sum(int(counters[name]) for name in names) if counters else 0
    wanted = yes or counters is not None
    if as_json:
        typer.echo(json.dumps({**told, "done": counters is not None, "result": counters}, ensure_ascii=False))
    elif counters is not None:
        (complain if open_still else say)(str(counters["sentence"]))
    elif not told["meetings"]:
        say("Nothing can go back; nothing was changed.")
    elif interactive():
        say("Nothing was changed.")
    else:
        say(f"Nothing was changed. Do it with `python -m calsync undo {told['tenant']} ... --yes`, or in a terminal.")
    if wanted and told["refused"] and not as_json:
        complain(f"Of the run's meetings {_count(len(told['refused']))} could not go back.")
    if wanted and (open_still or told["refused"]):
        raise typer.Exit(1)
