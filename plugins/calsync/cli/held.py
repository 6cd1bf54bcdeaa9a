"""`held`: what waits for a person, and a person's answer to it (G6)."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from calsync.cli.run import this_person, this_run
from calsync.cli.show import complain, say, show_table

if TYPE_CHECKING:
    from calsync.core.plan import Word
    from calsync.stages.holds import Waiting

NOTHING = "Nothing waits for a person."
SHOWN = 50
"""So many meetings are shown one by one; --json has all."""


def held(
    tenant: Annotated[str, typer.Argument(help="The tenant's key: its file's name without the ending.")],
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of meetings or of questions, as shown.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that waits.")] = False,
    approve: Annotated[bool, typer.Option("--approve", help="Do what is held, mails included.")] = False,
    restore: Annotated[
        bool, typer.Option("--restore", help="Put back what was deleted; copies in place of invitations; no mail.")
    ] = False,
    unlink: Annotated[bool, typer.Option("--unlink", help="Leave both sides as they are; no mail.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what waits for a person, or answer it: the answer is carried out at once, for these meetings alone.

    What has changed on either side since it was held is not done; the next run decides it anew.
    """
    from calsync.config.load import load_one, tenants_folder
    from calsync.stages.answering import answer_now
    from calsync.stages.holds import what_waits
    from calsync.stages.ports import open_ports

    word = _word(approve, restore, unlink)
    if (word is None and (ids or everything)) or (word is not None and bool(ids) == everything):
        raise typer.BadParameter("name ids or --all, and one of --approve, --restore, --unlink; or none of them")
    if not all(id_.strip() for id_ in ids or ()):
        raise typer.BadParameter("an id is empty, as a shell variable is that was never set: `held` shows the ids")
    found = load_one(tenants_folder(), tenant)
    ports = open_ports(found)
    try:
        waits = what_waits(found, ports.store)
        if word is None:
            _show(found.key, waits, as_json)
            return
        wanted = [one.link for one in waits] if everything else list(ids or ())
        answered, counters = answer_now(found, ports, this_run("answer"), wanted, word, this_person())
    finally:
        ports.close()
    left = [id_ for id_ in wanted if not any(id_ in (one.link, one.question) for one in waits if one.link in answered)]
    if as_json:
        typer.echo(json.dumps({"answered": answered, "left": left, "result": counters}, ensure_ascii=False))
    else:
        _end(counters, left)
    if left or counters.get("failed"):
        raise typer.Exit(1)


def _word(approve: bool, restore: bool, unlink: bool) -> Word | None:
    from calsync.core.plan import Word

    said = [word for word, given in zip(Word, (approve, restore, unlink), strict=True) if given]
    if len(said) > 1:
        raise typer.BadParameter("only one of --approve, --restore and --unlink can be meant")
    return said[0] if said else None


def _show(tenant: str, waits: list[Waiting], as_json: bool) -> None:
    if as_json:
        told = [asdict(one) for one in waits]
        typer.echo(json.dumps({"tenant": tenant, "waiting": told}, ensure_ascii=False, default=datetime.isoformat))
        return
    if not waits:
        say(NOTHING)
        return
    columns = ("Meeting", "Question", "What", "Since (UTC)", "Starts", "Title", "Mails", "Why")
    first = f", the first {SHOWN} of {len(waits)}" if len(waits) > SHOWN else ""
    show_table(f"Waiting for a person in {tenant}{first}", columns, map(_cells, waits[:SHOWN]))
    mails = sum(one.mails for one in waits)
    say(f"Approving all sends {mails} mail{'' if mails == 1 else 's'}; restoring or unlinking sends none.")
    say(f"Answer: `python -m calsync held {tenant} ID... --approve`, or --restore, or --unlink; --all for everything.")


def _cells(one: Waiting) -> tuple[object, ...]:
    what = f"{one.kind}: {', '.join(one.actions)}"
    since = f"{one.since:%Y-%m-%d %H:%M}"
    return (one.link, one.question, what, since, one.start, one.title[:40], one.mails or "", one.why)


def _end(counters: dict[str, int | str], left: list[str]) -> None:
    if counters:
        (complain if counters.get("failed") else say)(str(counters["sentence"]))
    elif not left:
        say(NOTHING)
    for id_ in left:
        complain(f"{id_}: nothing of this id waits for such an answer; `held` shows what does.")
