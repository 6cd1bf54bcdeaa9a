"""What a person's answer to held actions does (G6): approve, restore or unlink. Decided anew from what is there now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import StrEnum

from calsync.core.change import crm_change, outlook_change
from calsync.core.deletion import Fate, fate_of, put_back_crm, put_back_outlook
from calsync.core.desk import Desk
from calsync.core.guard import ends_meeting
from calsync.core.merge import Change, as_outlook, content_change, merge
from calsync.core.model import Event, Life, LinkState, Side
from calsync.core.past import UNDO
from calsync.core.plan import Action, Answer, Verb, Word
from calsync.core.scope import SCOPE, SCOPE_DELETES
from calsync.core.speaker import wake_and_sleep

PARTED = "a person said: leave both sides as they are"
"""Why a meeting is unlinked by an answer; nothing ends this reason by itself (D6)."""

RESTORED = "a person said: put it back"


class HeldKind(StrEnum):
    """What is held of a meeting: its end, mails about it, or its creation (B5, E7)."""

    DELETION = "deletion"
    MAILS = "mails"
    CREATION = "creation"


def kind_of(held: Iterable[Action]) -> HeldKind:
    """What the held actions of one meeting are about, its end first."""
    actions = list(held)
    if any(ends_meeting(action) for action in actions):
        return HeldKind.DELETION
    return HeldKind.MAILS if any(action.mails for action in actions) else HeldKind.CREATION


def possible(held: Iterable[Action], word: Word) -> bool:
    """Whether a person may answer so: what was never there cannot be put back."""
    return word is not Word.RESTORE or kind_of(held) is not HeldKind.CREATION


def carry_out(desk: Desk, answer: Answer, held: tuple[Action, ...], decide: Callable[[Desk], None]) -> None:
    """Decide a meeting by a person's word.

    :param decide: the ordinary decision, for what the word leaves to it
    """
    kind = kind_of(held)
    creates = any(action.verb is Verb.CREATE for action in held)
    if answer.word is Word.APPROVE:
        decide(desk)
    elif answer.word is Word.UNLINK and (kind is not HeldKind.MAILS or creates):
        part(desk)
    elif kind is HeldKind.MAILS:
        desk.silent = answer.word
        decide(desk)
    elif any(action.rule == UNDO for action in held):
        decide(desk)  # what was to be undone stays as it is
    else:
        _restore(desk, decide)


def overtaken(desk: Desk, held: Iterable[Action]) -> bool:
    """Whether ShareCRM's record says something that no held mail was asked about: a person's word is not about that.

    What the answer itself has written of the record, it was asked about.
    """
    actions, base = list(held), desk.link.base
    if base is None or kind_of(actions) is not HeldKind.MAILS:
        return False
    asked = [as_outlook(event) for action in actions for event in (action.event, action.before) if event]
    crm = crm_change(desk, base)
    return any(all(name in content_change(event, as_outlook(crm.now)) for event in asked) for name in crm.fields)


def part(desk: Desk) -> None:
    """Unlink the meeting; both sides stay as they are, and what they show now counts as known (D6)."""
    if desk.link.base is not None:
        wake_and_sleep(desk)
        fate_of(desk)
    desk.act(Verb.UNLINK, Side.CRM, "D6", PARTED, target_id=desk.link.crm_id)
    desk.link = replace(desk.link, state=LinkState.UNLINKED, reason=PARTED)
    stay_apart(desk)


def parted(desk: Desk) -> bool:
    """Whether a person has unlinked the meeting."""
    return desk.link.state is LinkState.UNLINKED and desk.link.reason == PARTED


def stay_apart(desk: Desk) -> None:
    """Note what both sides show, so that it is no news; nothing follows from it."""
    desk.note_crm(desk.sight.crm)
    desk.note_rows()
    desk.link = replace(desk.link, dirty=False, missed=0)


def _restore(desk: Desk, decide: Callable[[Desk], None]) -> None:
    """Put back the side that lacks the meeting, as the other shows it now (E6); once begun, neither may lack it."""
    row, rules = desk.sight.crm, desk.rules
    left = row is not None and row.life is Life.NORMAL and rules.left(row)
    if left or desk.link.reason == SCOPE_DELETES:  # what is still to be deleted of it stays now
        desk.act(Verb.UNLINK, Side.CRM, "D6", SCOPE, target_id=desk.link.crm_id)
        desk.link = replace(desk.link, state=LinkState.UNLINKED, reason=SCOPE, dirty=not left)
        return
    wake_and_sleep(desk)
    fate = fate_of(desk)
    lacks_record = row is not None and row.life is not Life.NORMAL
    writable = rules.to_crm and row is not None and row.life is not Life.GONE if lacks_record else rules.to_outlook
    target = _as_it_is_now(desk, fate)
    if fate is Fate.NONE and not lacks_record:
        decide(desk)
    elif target is None or not writable:
        desk.remark("E6", "it cannot be put back: the other side stays as it is", Side.CRM if lacks_record else None)
        part(desk)
    elif lacks_record:
        put_back_crm(desk, target, "E6", RESTORED)
    else:
        put_back_outlook(desk, target, "E6", RESTORED)


def _as_it_is_now(desk: Desk, fate: Fate) -> Event | None:
    """What the meeting shall show when it is put back: what was agreed, with what was edited since."""
    base, row = desk.link.base, desk.sight.crm
    if base is None:
        return row.event if row else None
    crm, outlook = crm_change(desk, base), Change(base)
    if row is not None and row.life is not Life.NORMAL:
        outlook = outlook_change(desk, base, fate, desk.link.speaker)
    return merge(base, crm, outlook, desk.rules).target
