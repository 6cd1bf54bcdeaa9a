"""`explain`: why a meeting is, or is not, on both sides, what happened to it, and what comes next."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from calsync.cli.run import this_run
from calsync.cli.show import complain, say, show_table

if TYPE_CHECKING:
    from calsync.stages.explain import Explanation


def explain(
    tenant: Annotated[str, typer.Argument(help="The tenant's key: its file's name without the ending.")],
    crm: Annotated[str, typer.Option("--crm", metavar="ID", help="The id of its ShareCRM record.")] = "",
    outlook: Annotated[str, typer.Option("--outlook", metavar="ID", help="The immutable id of its event.")] = "",
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="A part of a title that is not private.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Say whether and why a meeting is synchronised, what happened to it and when, and what will happen next.

    It reads the meeting on both sides and writes nothing. Exit 1 when there is no such meeting, or too many.
    """
    from calsync.config.load import load_one, tenants_folder
    from calsync.stages.explain import About
    from calsync.stages.explain import explain as explained
    from calsync.stages.ports import open_ports

    if sum(map(bool, (crm, outlook, title.strip()))) != 1:
        raise typer.BadParameter("say which meeting by one of --crm, --outlook and --title")
    found = load_one(tenants_folder(), tenant)
    ports = open_ports(found)
    try:
        told = explained(found, ports, this_run("explain", dry_run=True), About(crm, outlook, title.strip()))
    finally:
        ports.close()
    if as_json:
        typer.echo(json.dumps(asdict(told), ensure_ascii=False, default=str))
    else:
        _show(told)
    if len(told.meetings) != 1:
        raise typer.Exit(1)


def _show(told: Explanation) -> None:
    for sentence in told.unsure:
        complain(sentence)
    if len(told.meetings) > 1:
        rows = [(m.time, m.title, m.state, m.crm_id, "\n".join(m.events)) for m in told.meetings]
        show_table("Several meetings fit", ("Time", "Title", "State", "ShareCRM id", "Outlook ids"), rows)
        say("Say which one by --crm or --outlook.")
        return
    for meeting in told.meetings:
        say(f"{meeting.title or '(no title)'}, {meeting.time}")
    for sentence in told.state:
        say(sentence)
    happened = [f"{each.at:%Y-%m-%d %H:%M} UTC  {each.sentence}" for each in told.happened]
    parts = {"It stands in": told.places, "What happened": happened, "Waiting": told.waiting, "Next": told.coming}
    for heading, sentences in parts.items():
        if sentences:
            say(f"\n{heading}:")
        for sentence in sentences:
            say(f"  {sentence}")
