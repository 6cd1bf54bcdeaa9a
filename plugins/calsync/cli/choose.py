"""`choose`: a person's word where several meetings look the same (B4)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calsync.cli.run import this_run
from calsync.cli.show import complain, say, show_table

if TYPE_CHECKING:
    from calsync.stages.choice import Candidate


def choose(
    tenant: Annotated[str, typer.Argument(help="The tenant's key: its file's name without the ending.")],
    record: Annotated[str, typer.Argument(help="Id of a ShareCRM record; none: show what waits.")] = "",
    event: Annotated[str, typer.Argument(help="Id of the Outlook event that is the same meeting.")] = "",
    none: Annotated[bool, typer.Option("--none", help="No Outlook event is this record's: it gets its own.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what waits as one JSON list.")] = False,
) -> None:
    """Show meetings that wait because several look the same, or say which belong together.

    Nothing is written to either system; the next run acts on it, and decides what is left anew.
    """
    from calsync.config.load import load_one, tenants_folder
    from calsync.stages import choice
    from calsync.stages.lease import exclusively
    from calsync.stages.ports import open_ports

    if bool(record) != (bool(event) != none):
        raise typer.BadParameter("name a record and its event, or a record and --none, or neither")
    found = load_one(tenants_folder(), tenant)
    ports, run = open_ports(found), this_run("choose")
    try:
        if not record:
            _show(found.key, choice.waiting(found, ports), as_json)
            return
        with exclusively(found, ports, run):
            refusal = choice.choose(found, ports, run, record, event)
    finally:
        ports.close()
    if refusal:
        complain(refusal)
        raise typer.Exit(1)
    say("Noted; the next run acts on it.")


def _show(tenant: str, found: list[Candidate], as_json: bool) -> None:
    rows = _plain(found)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
    elif rows:
        cells = [(r["group"], r["side"], r["id"], r["start"], r["title"], ", ".join(r["people"])) for r in rows]
        show_table("These look the same", ("Group", "Side", "Id", "Starts", "Title", "Employees"), cells)
        say(f"Say `python -m calsync choose {tenant} RECORD EVENT`, or `... RECORD --none`; then run.")
    else:
        say("Nothing waits for a choice.")


def _plain(found: list[Candidate]) -> list[dict[str, Any]]:
    """What waits as plain values, numbered by what looks the same; private titles are masked (F6)."""
    from calsync.stages.masking import PRIVATE

    private = {one.look for one in found if one.event and one.event.private}
    numbers = {look: number for number, look in enumerate(dict.fromkeys(one.look for one in found), 1)}
    return [
        {
            "group": numbers[one.look],
            "side": "ShareCRM" if one.side == "crm" else "Outlook",
            "id": one.id,
            "start": str(one.event.time.start) if one.event else "",
            "title": PRIVATE if one.look in private else one.event.title if one.event else "(cannot be read now)",
            "people": list(one.people),
        }
        for one in found
    ]
