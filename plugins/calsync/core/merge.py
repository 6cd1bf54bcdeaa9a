"""What changed on each side, and what both sides shall show: projections, changes, conflicts (C2, C3, C5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from calsync.core.codec import fingerprint
from calsync.core.facts import Rules
from calsync.core.match import alike
from calsync.core.model import Event, Side
from calsync.core.plan import Loss
from calsync.core.text import compared, outgoing, returning, squeeze

Fields = frozenset[str] | tuple[str, ...]

CONTENT = ("title", "time", "private")
PEOPLE = ("attendees", "contacts")
TIE_S = 5.0


@dataclass(frozen=True, slots=True)
class Change:
    """How one side differs from what it showed when last agreed: fields with a new value, people who came or went.

    fields: among CONTENT. people: "e:..." or "c:..." names. at: when that side says it was last modified.
    title: the title it showed when last agreed, "" when that is not known.
    """

    now: Event
    fields: frozenset[str] = frozenset()
    came: frozenset[str] = frozenset()
    went: frozenset[str] = frozenset()
    at: datetime | None = None
    title: str = ""

    def __bool__(self) -> bool:
        return bool(self.fields or self.came or self.went)


def content_change(shown: Event, now: Event) -> frozenset[str]:
    """Which content fields differ, by content and not by clocks (C3)."""
    differs = {
        "title": compared(shown.title) != compared(now.title),
        "time": shown.time != now.time,
        "private": shown.private != now.private,
    }
    return frozenset(name for name, changed in differs.items() if changed)


def same(before: Event | None, now: Event) -> bool:
    """Whether a side shows the content that it showed before, as far as that is known."""
    return before is not None and not content_change(before, now)


def asked(event: Event) -> str:
    """A digest of content that is asked for, by which it is known again without being kept (C3, F6)."""
    return fingerprint(Event(compared(event.title), event.time, event.private))


def as_outlook(event: Event) -> Event:
    """The base as Outlook can show it (C2): the title cut and flattened, people left to the placement itself."""
    return replace(event, title=outgoing(event.title), attendees=frozenset(), contacts=frozenset())


def as_crm(event: Event, rules: Rules) -> Event:
    """The base as ShareCRM can show it: an empty title as the configured placeholder (F4), private where it can be."""
    title = event.title if squeeze(event.title) else rules.empty_title
    return replace(event, title=title, private=event.private and rules.crm_private)


def from_crm(event: Event, base: Event | None, rules: Rules) -> Event:
    """A record's Event with the placeholder read back as the empty title it stands for (F4)."""
    stands_for_empty = base is not None and not squeeze(base.title) and alike(event.title, rules.empty_title)
    return replace(event, title="") if stands_for_empty else event


def unlike(wanted: Event, shown: Event, fields: Fields = CONTENT) -> tuple[str, ...]:
    """The fields among `fields` in which what is shown is not what is wanted, in a fixed order."""
    differs = content_change(wanted, shown)
    return tuple(name for name in CONTENT if name in differs and name in fields)


@dataclass(frozen=True, slots=True)
class Merged:
    """What both sides shall show, and what had to yield."""

    target: Event
    losses: tuple[Loss, ...] = ()


def merge(base: Event, crm: Change, outlook: Change, rules: Rules) -> Merged:
    """Both sides' changes in one Event: different fields merge, sets element by element, one field to two values is a
    conflict that one side wins and whose loser is kept (C5)."""
    target, losses = base, []
    for name in CONTENT:
        sides = [s for s, change in ((Side.CRM, crm), (Side.OUTLOOK, outlook)) if name in change.fields]
        if not sides:
            continue
        winner = sides[0]
        if len(sides) == 2 and not _same(name, crm.now, outlook.now):
            winner = _winner(crm, outlook, rules)
            loser = outlook if winner is Side.CRM else crm
            other = Side.OUTLOOK if winner is Side.CRM else Side.CRM
            won = "ShareCRM" if winner is Side.CRM else "Outlook"
            losses.append(Loss("C5", f"{name} changed on both sides; {won} won", other, name, loser.now))
        target, lost = _take(name, target, base, crm if winner is Side.CRM else outlook, winner)
        losses += lost
    came, went = crm.came | outlook.came, crm.went | outlook.went
    target = replace(
        target,
        attendees=(target.attendees | _ids("e:", came)) - _ids("e:", went - came),
        contacts=(target.contacts | _ids("c:", came)) - _ids("c:", went - came),
    )
    return Merged(target, tuple(losses))


def _same(name: str, crm: Event, outlook: Event) -> bool:
    """Whether two new values are one: equal edits are no conflict."""
    if name == "title":
        return alike(crm.title, outlook.title)
    return bool(getattr(crm, name) == getattr(outlook, name))


def _winner(crm: Change, outlook: Change, rules: Rules) -> Side:
    if rules.conflicts != "latest":
        return Side(rules.conflicts)
    if crm.at and outlook.at and (outlook.at - crm.at).total_seconds() > TIE_S:
        return Side.OUTLOOK
    return Side.CRM


def _take(name: str, target: Event, base: Event, change: Change, side: Side) -> tuple[Event, list[Loss]]:
    now = change.now
    if name == "title" and side is Side.OUTLOOK:
        title, lost = returning(base.title, now.title, change.title)
        reason = "a longer title was replaced in Outlook"
        return replace(target, title=title), [Loss("C2", reason, Side.CRM, "title", base)] if lost else []
    return replace(target, **{name: getattr(now, name)}), []


def _ids(prefix: str, people: frozenset[str]) -> frozenset[str]:
    return frozenset(p[2:] for p in people if p.startswith(prefix))


def lacking(
    wanted: Event, shown: Event | None, before: Event | None, kept: str, fields: Fields = CONTENT
) -> tuple[str, ...]:
    """The fields among `fields` in which a side that shows anything does not show what is wanted.

    It does in what its server made of our last write, as long as it shows just that (C3, C7).

    :param before: what it showed when last agreed
    :param kept: what that write asked for, as of `asked`, where its server keeps it otherwise
    """
    if shown is None or (kept and kept == asked(wanted) and same(before, shown)):
        return ()
    return unlike(wanted, shown, fields)
