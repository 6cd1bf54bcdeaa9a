"""One meeting as its page shows it: both sides beside what was agreed, where it stands, what happened to it.

All of it is remembered; nothing is asked of the two systems.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from calsync.core.merge import CONTENT, as_crm, as_outlook, content_change
from calsync.core.model import Event, Kind, Link, Origin, Placement, Side, Standing
from calsync.core.plan import ActionState, Loss, Verb
from calsync.core.restore import outdated
from calsync.stages.changes import field_text, values_between
from calsync.stages.masking import PRIVATE, hidden, is_private, title_of
from calsync.stages.settings import rules_of
from calsync.stages.telling import happened_told, places_told, state_told, waiting_told
from calsync.stages.wishes import DELETED, HELD, UNKNOWN, wanted_of
from calsync.store.records import HistoryEntry, JournalRow, Wish

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.store.store import Store

ENTRIES = 200
"""So many of the latest entries of a history are shown."""

_OPEN = (ActionState.HELD, ActionState.PARKED, ActionState.FAILED, ActionState.SENT, ActionState.PLANNED)


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field on both sides and as it was agreed, in words; `*_differs`: from what that side should show of it."""

    field: str
    crm: str
    base: str
    outlook: str
    crm_differs: bool = False
    outlook_differs: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a meeting stands in Outlook. employee: "" when the mailbox is no account's any more."""

    employee: str
    kind: Kind
    origin: Origin
    standing: Standing
    since: datetime | None
    speaks: bool
    id: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A value that yielded. of: as `Wish.of`. why_not: why it cannot come back, "" when it can."""

    of: str
    at: datetime
    side: Side
    reason: str
    rule: str
    values: tuple[tuple[str, str], ...]
    why_not: str


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a history. values: as `changes.values_between`; of a private meeting without titles and people."""

    at: datetime
    run: str
    who: str
    sentence: str
    values: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Undoing:
    """The last run that wrote a meeting: what it did, newest first; why that cannot be undone here, "" if it can."""

    run: str
    at: datetime
    steps: tuple[Step, ...]
    why_not: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A meeting as a person may see it. private: whether anything of it is; masked: whether that is hidden."""

    link: Link
    title: str
    private: bool
    masked: bool
    state: tuple[str, ...]
    places_told: tuple[str, ...]
    waiting: tuple[str, ...]
    held: bool
    rows: tuple[FieldRow, ...]
    places: tuple[Place, ...]
    conflicts: tuple[Conflict, ...]
    undoing: Undoing | None
    history: tuple[Step, ...]
    wish: Wish | None


def meeting(tenant: Tenant, store: Store, link_id: str, *, unmasked: bool = False) -> Shown | None:
    """A meeting; None when there is none of this id.

    :param unmasked: show what is private, to an authorised admin (F6)
    """
    key = tenant.key
    link = next(iter(store.links(key, [link_id])), None)
    if link is None:
        return None
    entries = store.history(key, link=link.id, limit=ENTRIES)
    rows = store.actions(key, links=[link.id], states=[*_OPEN, ActionState.DONE])
    waiting = [row for row in rows if row.state in _OPEN]
    held = any(row.state is ActionState.HELD for row in waiting)
    employees = store.employees_of(key, {p.mailbox for p in link.placements} | {e.mailbox for e in entries})
    verbs = {row.action.id: row.action.verb for row in rows}
    private = _is_private(link, entries)
    hide = private and not unmasked
    return Shown(
        link=link,
        title=PRIVATE if hide else _title(link),
        private=private,
        masked=hide,
        state=tuple(state_told(link)),
        places_told=tuple(places_told(link, employees)),
        waiting=tuple(waiting_told(row, employees) for row in waiting),
        held=held,
        rows=tuple(_rows(tenant, link, hide=hide)),
        places=tuple(_place(link, p, employees) for p in link.placements),
        conflicts=tuple(_conflicts(link, entries, held=held, hide=hide)),
        undoing=_undoing(entries, rows, employees, held=held, hide=hide),
        history=tuple(_step(entry, employees, verbs, hide=hide) for entry in reversed(entries)),
        wish=store.wishes(key, [link.id]).get(link.id),
    )


def _is_private(link: Link, entries: Iterable[HistoryEntry]) -> bool:
    """Whether the meeting is private, or was: of its history as well nothing is shown then (F6)."""
    if title_of(link) == PRIVATE:
        return True
    return any(is_private(e.before, e.after, e.base, *(loss.event for loss in e.losses)) for e in entries)


def _title(link: Link) -> str:
    shown = (link.base, link.crm_shown, *(placement.shown for placement in link.placements))
    return next((event.title for event in shown if event), "")


def _rows(tenant: Tenant, link: Link, *, hide: bool) -> Iterable[FieldRow]:
    """Field by field; what a side cannot show is no difference (C2)."""
    speaker = link.placement(link.speaker) or next(iter(link.placements), None)
    outlook = speaker.shown if speaker else None
    base, crm = link.base, link.crm_shown
    in_crm = content_change(as_crm(base, rules_of(tenant)), crm) if base and crm else frozenset()
    in_outlook = content_change(as_outlook(base), outlook) if base and outlook else frozenset()
    for name in CONTENT:
        one, agreed, other = (_shown_text(name, event, hide=hide) for event in (crm, base, outlook))
        yield FieldRow(name, one, agreed, other, name in in_crm, name in in_outlook)
    for name, people in (("attendees", _attendees), ("contacts", _contacts), ("guests", _guests)):
        found = [people(event) for event in (crm, base, outlook)]
        if any(found):
            one, agreed, other = (_counted(each) if hide else ", ".join(each) for each in found)
            yield FieldRow(name, one, agreed, other, crm_differs=bool(base and crm) and found[0] != found[1])


_EMPTY = {"title": "(no title)", "private": "no"}


def _shown_text(name: str, event: Event | None, *, hide: bool) -> str:
    if event is None:
        return ""
    return PRIVATE if hide and name == "title" else field_text(name, event) or _EMPTY.get(name, "")


def _attendees(event: Event | None) -> list[str]:
    return sorted(event.attendees) if event else []


def _contacts(event: Event | None) -> list[str]:
    return sorted(event.contacts) if event else []


def _guests(event: Event | None) -> list[str]:
    return sorted(event.guests) if event else []


def _counted(people: Sequence[str]) -> str:
    return "" if not people else "1 person" if len(people) == 1 else f"{len(people)} people"


def _place(link: Link, placement: Placement, employees: Mapping[str, str]) -> Place:
    return Place(
        employee=employees.get(placement.mailbox, ""),
        kind=placement.kind,
        origin=placement.origin,
        standing=placement.standing,
        since=placement.since,
        speaks=placement.mailbox == link.speaker and placement.standing is Standing.LIVING,
        id=placement.id,
    )


def _conflicts(link: Link, entries: Sequence[HistoryEntry], *, held: bool, hide: bool) -> Iterable[Conflict]:
    """The values that yielded, the latest first."""
    for entry in reversed(entries):
        for number, loss in enumerate(entry.losses):
            of = f"{entry.id}:{number}"
            wanted = wanted_of(link, entries, of)
            why_not = HELD if held else outdated(link, wanted) if wanted else UNKNOWN
            values = tuple(_lost(loss, hide=hide))
            yield Conflict(of, entry.at, loss.side, loss.reason, loss.rule, values, why_not)


def _lost(loss: Loss, *, hide: bool) -> Iterable[tuple[str, str]]:
    fields = (loss.field,) if loss.field else CONTENT
    return ((name, _shown_text(name, loss.event, hide=hide) or "none") for name in fields)


def _undoing(
    entries: Sequence[HistoryEntry],
    rows: Sequence[JournalRow],
    employees: Mapping[str, str],
    *,
    held: bool,
    hide: bool,
) -> Undoing | None:
    """What the undo of the last write is about; None where history tells of no write."""
    written = [entry for entry in entries if entry.done]
    if not written:
        return None
    last = [entry for entry in reversed(written) if entry.run == written[-1].run]
    deletes = {row.action.id for row in rows if row.action.verb is Verb.DELETE and row.action.side is Side.OUTLOOK}
    verbs = {row.action.id: row.action.verb for row in rows}
    why = HELD if held else DELETED if any(e.action in deletes for e in last) else ""
    if not why and any(entry.action not in verbs for entry in last):
        why = UNKNOWN
    steps = tuple(_step(entry, employees, verbs, hide=hide) for entry in last)
    return Undoing(last[0].run, last[0].at, steps, why)


def _step(entry: HistoryEntry, employees: Mapping[str, str], verbs: Mapping[str, Verb], *, hide: bool) -> Step:
    values = values_between(entry.before, entry.after) if entry.action or entry.base else []
    if entry.side is Side.OUTLOOK and entry.before and entry.after:
        # Of a copy's people nothing is written; what an answer leaves out has not gone.
        values = [value for value in values if value["field"] != "people" or entry.after.guests]
    told = tuple(hidden(values) if hide else values)
    return Step(entry.at, entry.run, entry.who, happened_told(entry, employees, verbs), told)
