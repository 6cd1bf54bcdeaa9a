"""What one run did to one meeting, as its history tells: what an undo starts from (G9), and a restored value (C5)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from calsync.core.model import Event, Side
from calsync.core.plan import Guest, Loss, Verb

UNDO = "G9"
"""The rule of every action of an undo."""

UNDONE = "a person undid what calsync had done; both sides are left as they are"
"""Why a meeting is unlinked, or retired, by an undo."""

TAKEN_BACK = "undone: what calsync had made goes again"
PUT_BACK = "undone: what calsync had ended is there again"
CHANGED_BACK = "undone: it shows again what it showed before"

RESTORED = "a person wants the value back that had yielded"
"""The reason of every action of a restored value (C5)."""

_OF_ONE_PERSON = frozenset({"E2", "E7"})
"""The rules by which single people get a copy of a meeting that goes on, or lose it."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One action that was done.

    target_id: the record or event, a created one too. before, after: what that side showed; None for what was not
    there, and where no value is kept. invite, uninvite, add, remove: as the action's.
    """

    verb: Verb
    side: Side
    rule: str
    reason: str = ""
    mailbox: str = ""
    target_id: str = ""
    before: Event | None = None
    after: Event | None = None
    fields: tuple[str, ...] = ()
    invite: tuple[Guest, ...] = ()
    uninvite: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether it was about the meeting as a whole, and not about a single person's copy of one that went on."""
        return self.rule not in _OF_ONE_PERSON and self.reason != CHANGED_BACK

    @property
    def erased(self) -> bool:
        """Whether the value it would go back to is no longer kept."""
        return self.verb is Verb.UPDATE and bool(self.fields) and self.before is None


@dataclass(frozen=True, slots=True)
class Past:
    """What a run did to a meeting.

    base: what was agreed before it, None when nothing was. losses: the values that yielded in it.
    later: a run that changed the meeting since, "" when none did. begun: that was an undo of this same run.
    complete: everything it did is still known.
    """

    run: str
    base: Event | None = None
    deeds: tuple[Deed, ...] = ()
    losses: tuple[Loss, ...] = ()
    later: str = ""
    begun: bool = False
    complete: bool = True

    @property
    def erased(self) -> bool:
        """Whether values that the undo needs are no longer kept."""
        return not self.complete or any(deed.erased for deed in self.deeds)

    @property
    def former(self) -> Event | None:
        """What both sides shall show again: what was agreed before, and the values that were overwritten (C5)."""
        event = self.base
        for loss in self.losses:
            if event and loss.rule == "C5" and loss.field:
                event = replace(event, **{loss.field: getattr(loss.event, loss.field)})
        return event

    def of(self, side: Side, mailbox: str = "", target_id: str = "") -> list[Deed]:
        """What was done on one side; in Outlook, to one event."""
        event = (mailbox, target_id)
        return [d for d in self.deeds if d.side is side and (side is Side.CRM or (d.mailbox, d.target_id) == event)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value that yielded and that a person wants back (C5).

    evidence: which entry of history tells of it. won: what was agreed on in its place, None when that is not kept.
    """

    evidence: str
    loss: Loss
    won: Event | None

    @property
    def fields(self) -> tuple[str, ...]:
        """What of the event yielded: one field, or the whole content of a copy (C8)."""
        return (self.loss.field,) if self.loss.field else ("title", "time", "private")

    def target(self, base: Event) -> Event:
        """What both sides shall show."""
        return replace(base, **{name: getattr(self.loss.event, name) for name in self.fields})
