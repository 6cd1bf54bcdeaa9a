"""What waits for a person: the questions about held actions, and the answers to them (G6).

A question shows counts, ids and mails; never a title, a name or an address.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from calsync.core.answers import HeldKind, kind_of, possible
from calsync.core.model import Link, Side
from calsync.core.plan import Action, ActionState, Answer, Word
from calsync.stages.masking import masked, title_of
from calsync.store.records import HistoryEntry, JournalRow

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Ports, Run
    from calsync.store.store import Store

SHOWN_IDS = 50

_SIDES = {Side.CRM: "ShareCRM", Side.OUTLOOK: "Outlook"}
_OPEN = (ActionState.HELD, ActionState.PLANNED, ActionState.SENT, ActionState.FAILED, ActionState.PARKED)
_EFFECTS = {
    Word.APPROVE: "does what is held, and sends {mails}",
    Word.RESTORE: "puts deleted meetings back where they are missing, makes silent copies in place of invitations, "
    "and sends no mail; for creations there is no such answer",
    Word.UNLINK: "leaves both sides as they are, and sends no mail; deleted and new meetings are no longer synced",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What people are asked at once.

    kinds: how many meetings, by what is held of them. sides: how many held actions, by "<side> <verb>".
    links: ids of the first 50 of `meetings` meetings. mails: by answer, how many it sends. why: sentences of the guard.
    """

    id: str
    meetings: int
    kinds: Mapping[HeldKind, int]
    sides: Mapping[str, int]
    links: tuple[str, ...]
    mails: Mapping[Word, int]
    why: tuple[str, ...]

    def markdown(self, link: str) -> str:
        """The question as people read it.

        :param link: where more can be seen, "" for nowhere
        """
        kinds = ", ".join(f"{count} × {kind}" for kind, count in self.kinds.items())
        sides = ", ".join(f"{what}: {count}" for what, count in self.sides.items())
        lines = [
            f"**{_count(self.meetings, 'meeting')} of calsync's plan {'waits' if self.meetings == 1 else 'wait'} for "
            "a person.** Nothing of it is written until somebody answers; everything else goes on.",
            "",
            *(f"- Why: {why}" for why in self.why),
            f"- What: {kinds} ({sides})",
            "",
            "What each answer does:",
            "",
            *(
                f"- **{word}** {_EFFECTS[word].format(mails=_count(mails, 'mail'))}."
                for word, mails in self.mails.items()
            ),
            *(["", f"[See which meetings these are]({link})"] if link else []),
            "",
            f"Their ids: {', '.join(self.links)}"
            + (f" and {self.meetings - len(self.links)} more" if self.meetings > len(self.links) else ""),
        ]
        return "\n".join(lines)


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def waiting(store: Store, tenant: str) -> list[JournalRow]:
    """The held actions that nobody has answered for."""
    return [row for row in store.actions(tenant, states=[ActionState.HELD]) if not row.answer]


def assign(tenant: Tenant, ports: Ports) -> str:
    """Gather everything held that nobody is asked about yet into one new question.

    :returns: the oldest question that has not been put yet, "" when there is none
    """
    with ports.store.begin() as tx:
        _gather(tx, tenant.key, f"{ports.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}")
        return min((row.asked for row in waiting(tx, tenant.key) if row.asked_at is None), default="")


def unanswered(store: Store, tenant: str) -> list[str]:
    """The questions that have been put and still wait for an answer, the oldest first."""
    return sorted({row.asked for row in waiting(store, tenant) if row.asked_at})


def gather(tenant: Tenant, ports: Ports, question: str) -> None:
    """Let this question be about everything held that nobody is asked about yet, beside what it is about already."""
    with ports.store.begin() as tx:
        _gather(tx, tenant.key, question)


def _gather(store: Store, tenant: str, question: str) -> None:
    fresh = [row.action.id for row in waiting(store, tenant) if not row.asked]
    if fresh:
        store.ask(tenant, fresh, question)


def put(tenant: Tenant, ports: Ports, question: str) -> None:
    """Note that a question has been put to people."""
    ports.store.put_question(tenant.key, question, ports.now())


def question(tenant: Tenant, store: Store, id_: str) -> Question:
    """What is asked under an id, as far as it still waits: of an answered question nothing is left, and "" is none."""
    asked = store.actions(tenant.key, asked=id_) if id_ else []
    return asked_about(id_, [row for row in asked if row.state is ActionState.HELD and not row.answer])


def asked_about(id_: str, rows: Iterable[JournalRow]) -> Question:
    """The question about these held actions."""
    held = by_link(rows)
    actions = [action for each in held.values() for action in each]
    sides = Counter(f"{action.verb} in {_SIDES[action.side]}" for action in actions)
    return Question(
        id=id_,
        meetings=len(held),
        kinds=dict(Counter(kind_of(each) for each in held.values())),
        sides=dict(sorted(sides.items())),
        links=tuple(sorted(held))[:SHOWN_IDS],
        mails={word: sum(mails_of(each, word) for each in held.values()) for word in Word},
        why=tuple(dict.fromkeys(action.held for action in actions)),
    )


def mails_of(held: Iterable[Action], word: Word) -> int:
    """How many mails an answer about one meeting sends."""
    return sum(len(action.mails) for action in held) if word is Word.APPROVE else 0


def by_link(rows: Iterable[JournalRow]) -> dict[str, tuple[Action, ...]]:
    """The held actions of each meeting."""
    found: dict[str, list[Action]] = defaultdict(list)
    for row in rows:
        if row.state is ActionState.HELD:
            found[row.action.link].append(row.action)
    return {link: tuple(actions) for link, actions in found.items()}


def waiting_for_people(store: Store, tenant: str) -> tuple[list[JournalRow], dict[str, Answer]]:
    """The held rows, and per link what a person has said: until it is done, whatever fails in between."""
    rows = store.actions(tenant, states=_OPEN)
    answered: dict[str, list[JournalRow]] = defaultdict(list)
    for row in rows:
        if row.answer:
            answered[row.action.link].append(row)
    begun = _begun(store, tenant, answered)
    answers = {
        link: Answer(Word(said[0].answer), frozenset(row.action.id for row in said), said[0].answered_by, link in begun)
        for link, said in answered.items()
    }
    return [row for row in rows if row.state is ActionState.HELD], answers


def _begun(store: Store, tenant: str, answered: Mapping[str, list[JournalRow]]) -> set[str]:
    """The meetings of which something was sent since a person has answered."""
    since = {link: said[0].answered_at for link, said in answered.items()}
    rows = store.actions(tenant, links=answered) if answered else []
    return {row.action.link for row in rows if row.sent_at and (at := since[row.action.link]) and row.sent_at >= at}


def answer(tenant: Tenant, ports: Ports, run: Run, id_or_link: str, word: Word, who: str) -> list[str]:
    """Note a person's word about a question, or about one meeting; the next run acts on it.

    What no longer is held, what somebody has answered otherwise, and creations that shall be put back are left out;
    the latter are asked about again. "" is no meeting and no question: it names nothing.

    :param who: whose word it is, as history shall tell it
    :returns: the ids of the meetings that it was said of
    """
    key, at = tenant.key, ports.now()
    with ports.store.begin() as tx:
        rows = [
            row
            for row in tx.actions(key, states=[ActionState.HELD])
            if is_named(row, id_or_link) and row.answer in ("", word)
        ]
        held = by_link(rows)
        refused = {link for link, actions in held.items() if not possible(actions, word)}
        tx.ask(key, [row.action.id for row in rows if row.action.link in refused], "")
        fresh = [row for row in rows if row.action.link not in refused and not row.answer]
        tx.answer(key, [row.action.id for row in fresh], word, who, at)
        links = {row.action.link for row in fresh}
        tx.save_links(key, [replace(link, dirty=True) for link in tx.links(key, links)])
        said = f"a person answered: {word}"
        tx.add_history(key, [HistoryEntry(at, run.id, link, "G6", said, who=who) for link in sorted(links)])
        return sorted(held.keys() - refused)


def is_named(row: JournalRow, id_: str) -> bool:
    """Whether an id is that of the row's meeting, or of the question about it."""
    return bool(id_) and id_ in (row.asked, row.action.link)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One meeting that waits, as a person may see it.

    question: under which it is asked about, "" when it is not yet. actions: what is held, in words. title: masked (F6).
    start: ISO text. mails: how many an approval sends.
    """

    link: str
    question: str
    kind: str
    actions: tuple[str, ...]
    since: datetime
    start: str
    title: str
    mails: int
    why: str


def what_waits(tenant: Tenant, store: Store, chosen: Collection[str] | None = None) -> list[Waiting]:
    """Every meeting that waits for a person's answer, those first that have waited longest.

    :param chosen: ids of the meetings to tell of, None for all
    """
    held_rows = store.actions(tenant.key, states=[ActionState.HELD], links=chosen)
    rows = sorted((row for row in held_rows if not row.answer), key=lambda row: row.planned_at)
    links = {link.id: link for link in store.links(tenant.key, {row.action.link for row in rows})}
    held: dict[str, list[JournalRow]] = defaultdict(list)
    for row in rows:
        held[row.action.link].append(row)
    return [_shown(found, links.get(link)) for link, found in held.items()]


def _shown(rows: list[JournalRow], link: Link | None) -> Waiting:
    actions = [row.action for row in rows]
    events = [event for action in actions for event in (action.event, action.before) if event]
    return Waiting(
        link=actions[0].link,
        question=rows[0].asked,
        kind=str(kind_of(actions)),
        actions=tuple(f"{action.verb} in {_SIDES[action.side]}" for action in actions),
        since=rows[0].planned_at,
        start=str(events[0].time.start) if events else "",
        title=title_of(link, *events) if link else masked(*events),
        mails=mails_of(actions, Word.APPROVE),
        why=actions[0].held,
    )
