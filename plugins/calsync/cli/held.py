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
    from calsync.stages.context import Counters
    from calsync.stages.holds import Waiting
    from calsync.stages.upshot import Upshot
    from calsync.store.attention import Answered

NOTHING = "Nothing waits for a person."
SHOWN = 50
"""So many meetings are shown one by one; --json has all."""

_UPSHOTS = {
    "moved on": "has moved on since it was held, so the answer counts no more; the next run decides it anew.",
    "noted": "the answer is noted and not done yet; the next run that can read and write all it concerns does it.",
    "parked": "a system refused it; `parked list` shows why and when it is tried again.",
    "held again": "is held again and waits for another answer; `held` shows why.",
    "unlinked instead": "cannot be put back; both sides stay as they are, and it is no longer synced.",
    "no such answer": "what was never there cannot be put back; it waits for --approve or --unlink.",
    "answered otherwise": "was answered otherwise, and that is not done yet; this answer was not noted.",
    "unknown": "nothing of this id waits for an answer; `held` shows what does.",
}
"""What a person has to know of each meeting that was not done as they said."""


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

    What has changed on either side since it was held is not done; the next run decides it anew. Exit 1 when something
    was not done as it was said.
    """
    from calsync.config.load import load_one, tenants_folder
    from calsync.stages.answering import answer_now
    from calsync.stages.holds import what_waits
    from calsync.stages.ports import open_ports
    from calsync.stages.upshot import named, upshots

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
            _show(found.key, waits, ports.store.answered(found.key), as_json)
            return
        this, ids = this_run("answer"), [one.link for one in waits] if everything else ids or []
        wanted = named(ports.store, found.key, ids)
        answered, counters = answer_now(found, ports, this, ids, word, this_person())
        became = upshots(found, ports, this, wanted, answered, word)
    finally:
        ports.close()
    _end(answered, counters, became, as_json)


def _word(approve: bool, restore: bool, unlink: bool) -> Word | None:
    from calsync.core.plan import Word

    said = [word for word, given in zip(Word, (approve, restore, unlink), strict=True) if given]
    if len(said) > 1:
        raise typer.BadParameter("only one of --approve, --restore and --unlink can be meant")
    return said[0] if said else None


def _show(tenant: str, waits: list[Waiting], answered: list[Answered], as_json: bool) -> None:
    if as_json:
        noted = [{"question": one.question, "word": one.word, "meetings": one.meetings} for one in answered]
        told = {"tenant": tenant, "waiting": [asdict(one) for one in waits], "answered": noted}
        typer.echo(json.dumps(told, ensure_ascii=False, default=datetime.isoformat))
        return
    if waits:
        _show_waiting(tenant, waits)
    else:
        say(NOTHING)
    for one in answered:
        of = f" of question {one.question}" if one.question else ""
        say(
            f"{one.meetings} meeting{'' if one.meetings == 1 else 's'}{of} answered with {one.word}: not done yet; the "
            "next run that can read and write all that it concerns does it."
        )


def _show_waiting(tenant: str, waits: list[Waiting]) -> None:
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


def _end(answered: list[str], counters: Counters, became: dict[str, Upshot], as_json: bool) -> None:
    """What became of the answer; exit code 1 when something was not done as it was said."""
    from calsync.stages.upshot import UNHEARD, Upshot

    open_still = {id_: upshot for id_, upshot in became.items() if upshot is not Upshot.DONE}
    if as_json:
        left = [id_ for id_, upshot in became.items() if upshot in UNHEARD]
        told = {"answered": answered, "left": left, "became": became, "result": counters}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        if counters:
            (complain if counters["failed"] else say)(str(counters["sentence"]))
        elif not became:
            say(NOTHING)
        for id_, upshot in open_still.items():
            complain(f"{id_}: {_UPSHOTS[upshot]}")
    if open_still or counters.get("failed"):
        raise typer.Exit(1)
