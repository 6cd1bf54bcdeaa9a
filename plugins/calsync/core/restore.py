"""Restore: a value that yielded takes the place of the one that won, on both sides, by a person's word (C5). Pure.

Only while nothing has changed since: nobody's later work is overwritten.
"""

from __future__ import annotations

from dataclasses import replace

from calsync.core.desk import Desk
from calsync.core.merge import CONTENT, as_crm, content_change, unlike
from calsync.core.model import Event, Kind, Link, LinkState, Side, Standing
from calsync.core.past import RESTORED, Past, Wanted
from calsync.core.plan import Verb
from calsync.core.speaker import wake_and_sleep
from calsync.core.undo import NOT_AGREED, ONE_WAY, READ_ONLY
from calsync.core.untouched import AWAY, ERASED, why_not

NOT_NOW = "not restored: "
CHANGED = "it was changed again since"
SHOWN = "both sides show that value already"


def restore(desk: Desk, wanted: Wanted) -> bool:
    """Whether the meeting is decided by it; else that and why is remarked, and the ordinary decision is to follow."""
    wake_and_sleep(desk)
    why = _why_not(desk, wanted)
    if not why:
        _write(desk, wanted)
        why = _forbidden(desk)
    if not why:
        return True
    desk.link = desk.noted
    desk.actions.clear()
    desk.remark("C5", f"{NOT_NOW}{why}")
    return False


def outdated(link: Link, wanted: Wanted) -> str:
    """Why a value cannot come back by what is remembered alone, "" when it can."""
    base = link.base
    if base is None or link.state is not LinkState.LIVING:
        return NOT_AGREED
    if wanted.won is None:
        return ERASED
    if not content_change(base, wanted.target(base)):
        return SHOWN
    return CHANGED if content_change(base, wanted.won) & frozenset(wanted.fields) else ""


def _why_not(desk: Desk, wanted: Wanted) -> str:
    speaker = desk.link.placement(desk.link.speaker)
    if why := outdated(desk.link, wanted):
        return why
    if speaker is None or speaker.standing is not Standing.LIVING:
        return AWAY
    return READ_ONLY if speaker.kind is Kind.GUEST else why_not(desk, Past(run=""))


def _write(desk: Desk, wanted: Wanted) -> None:
    base = desk.link.base
    if base is None:
        return
    target = wanted.target(base)
    _write_record(desk, target)
    for placement in desk.living():
        shown = desk.shown(placement)
        if placement.kind is Kind.GUEST or shown is None:
            continue
        if fields := unlike(desk.as_outlook(target), shown, CONTENT):
            desk.update(placement, target, fields, "C5", RESTORED)
    desk.actions[:] = [replace(action, evidence=wanted.evidence) for action in desk.actions]
    desk.note_crm(desk.sight.crm)
    desk.note_rows()
    desk.link = replace(desk.link, base=target, dirty=False)


def _write_record(desk: Desk, target: Event) -> None:
    row = desk.sight.crm
    if row and row.event and (fields := unlike(as_crm(target, desk.rules), row.event)):
        desk.write_crm(Verb.UPDATE, "C5", RESTORED, target, fields=fields)


def _forbidden(desk: Desk) -> str:
    """Why what has been decided may not be written (C9); and without an action there is nothing to do."""
    sides = {action.side for action in desk.actions}
    if Side.CRM in sides and not desk.rules.to_crm:
        return ONE_WAY.format(side="ShareCRM")
    if Side.OUTLOOK in sides and not desk.rules.to_outlook:
        return ONE_WAY.format(side="Outlook")
    return "" if sides else SHOWN
