"""What a person wants of one meeting: a value back that had yielded (C5), or what a run did to it undone (G9).

It is written down at once, and carried out by the next run, or by one that looks at this meeting alone: on what is
there then, conditional, journalled and held like anything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from calsync.core.model import Link, LinkState, Side
from calsync.core.past import Wanted
from calsync.core.plan import ActionState, Verb
from calsync.store.records import HistoryEntry, Wish, WishKind

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Ports, Run
    from calsync.stages.ledger import Ledger
    from calsync.store.store import Store

RULES = {WishKind.RESTORE: "C5", WishKind.UNDO: "G9"}
_ASKED = {
    WishKind.RESTORE: "a person asked for a value back that had yielded",
    WishKind.UNDO: "a person asked for the last write to be undone",
}
HELD = "Something of this meeting waits for an answer. Answer that first."
ENDED = "Calsync does not keep this meeting the same any more, so it writes nothing of it."
UNKNOWN = "History does not tell of this any more."
DELETED = "That run deleted an event in Outlook. Undo it with `python -m calsync undo`, which reads that event anew."


def why_no_wish(tenant: Tenant, store: Store, link: Link | None, wish: Wish) -> str:
    """Why a person cannot wish this now, as a sentence; "" when they can. What both sides show is seen by the run."""
    if link is None:
        return UNKNOWN
    if store.actions(tenant.key, links=[link.id], states=[ActionState.HELD]):
        return HELD
    if wish.kind is WishKind.RESTORE:
        if link.state is not LinkState.LIVING:
            return ENDED
        return "" if link.id in wanted(store, tenant.key, {link.id: wish}) else UNKNOWN
    entries = [e for e in store.history(tenant.key, link=link.id, run=wish.of) if e.done]
    done = store.actions(tenant.key, ids={entry.action for entry in entries})
    if not done:
        return UNKNOWN
    deleted = any(row.action.verb is Verb.DELETE and row.action.side is Side.OUTLOOK for row in done)
    return DELETED if deleted else ""


def note(tenant: Tenant, store: Store, wish: Wish) -> None:
    """Write a wish down, and in history whose it is."""
    said = HistoryEntry(wish.at, "", wish.link, RULES[wish.kind], _ASKED[wish.kind], who=wish.who)
    with store.begin() as tx:
        tx.wish(tenant.key, wish)
        tx.add_history(tenant.key, [said])


def wishes_for(tenant: Tenant, ports: Ports, run: Run, chosen: Sequence[Link] | None) -> dict[str, Wish]:
    """The wishes that a run decides on: it has read all of their meetings.

    :param chosen: the meetings in focus, None in a run without one
    """
    if run.people or run.undo:
        return {}
    return ports.store.wishes(tenant.key, None if chosen is None else [link.id for link in chosen])


def wanted(store: Store, tenant: str, wishes: Mapping[str, Wish]) -> dict[str, Wanted]:
    """Per link, the value that a person wants back; without those of which history does not tell any more."""
    asked = {link: wish.of for link, wish in wishes.items() if wish.kind is WishKind.RESTORE}
    if not asked:
        return {}
    found = ((link, store.history(tenant, link=link.id)) for link in store.links(tenant, asked))
    told = {link.id: wanted_of(link, entries, asked[link.id]) for link, entries in found}
    return {link: value for link, value in told.items() if value}


def wanted_of(link: Link, entries: Sequence[HistoryEntry], of: str) -> Wanted | None:
    """The value that a wish is about, and what took its place; None when history does not tell of it.

    :param entries: the meeting's history, oldest first
    """
    entry_id, _, number = of.partition(":")
    entry = next((entry for entry in entries if str(entry.id) == entry_id), None)
    if entry is None or not number.isdigit() or int(number) >= len(entry.losses):
        return None
    later = (e.base for e in entries if e.id > entry.id and e.run != entry.run and e.base)
    return Wanted(of, entry.losses[int(number)], next(later, link.base))


def end_wishes(tenant: Tenant, ports: Ports, run: Run, ledger: Ledger) -> None:
    """Forget what is done by now, and what cannot be: then history tells why."""
    verdict = ports.staging.read_json(tenant.key, run.id, "verdict") or {}
    decided: dict[str, str] = verdict.get("wishes", {})
    if not decided:
        return
    known = ports.store.wishes(tenant.key, decided)
    over = [wish for link, wish in known.items() if wish.of == decided[link] and ledger.is_over(link, wish.of)]
    with ports.store.begin() as tx:
        tx.end_wishes(tenant.key, [wish.link for wish in over])
        refused = [e for wish in over if (e := _refused(wish, run, ports, ledger))]
        tx.add_history(tenant.key, refused)


def _refused(wish: Wish, run: Run, ports: Ports, ledger: Ledger) -> HistoryEntry | None:
    """What history says of a wish that could not be carried out."""
    meeting, rule = ledger.meetings[wish.link], RULES[wish.kind]
    if any(action.evidence == wish.of for action in meeting.actions):
        return None
    why = next((remark.reason for remark in meeting.remarks if remark.rule == rule), UNKNOWN)
    return HistoryEntry(ports.now(), run.id, wish.link, rule, why, who=wish.who)
