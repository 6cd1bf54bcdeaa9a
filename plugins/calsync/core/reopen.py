"""A retired meeting lives again: its record or event has reappeared (RULES E6); what still stands of it ends (D4)."""

from __future__ import annotations

from dataclasses import replace

from calsync.core.change import seen_elsewhere
from calsync.core.deletion import (
    IN_OUTLOOK,
    KEPT,
    RECOVERED,
    RESTORED,
    end_placements,
    is_over,
    leave,
    put_back_crm,
    put_back_outlook,
)
from calsync.core.desk import Desk
from calsync.core.fresh import copies_in
from calsync.core.model import FOLLOWED, Event, Kind, Life, LinkState, Origin, Placement, Standing
from calsync.core.speaker import audible, elect


def reopen(desk: Desk) -> None:
    """A retired meeting whose record or event reappears lives again (E6); what of it still stands is ended (D4)."""
    row, link = desk.sight.crm, desk.link
    target = row.event if row else None
    desk.link = replace(desk.link, dirty=False)
    if link.reason == KEPT:
        _follow_kept(desk)
    else:
        _follow_guests(desk)
    if row and target and row.life is Life.NORMAL and row.version > link.crm_version and desk.rules.names(row):
        _with_its_record(desk, target)
        return
    if row and row.version > link.crm_version:
        desk.link = replace(desk.link, crm_version=row.version)
    if link.reason == KEPT:
        return
    for placement in link.placements:
        if placement.kind is Kind.HOST and placement.origin is Origin.THEIRS and placement.shown is None:
            leave(desk, placement)  # its organiser connected after the deletion, which was kept to its own side (C9)
    if any(_restored(desk, placement) for placement in link.placements):
        return
    if waiting := [p for p in link.placements if _waits_for_record(desk, p)]:
        desk.link = replace(desk.link, dirty=any(audible(desk, p) for p in waiting))
    else:
        end_placements(desk, "D4", link.reason)


def _follow_kept(desk: Desk) -> None:
    """Know what stands of a meeting whose deletion was kept to ShareCRM (C9): should its record be recovered, it goes
    on in that, and what was deleted here meanwhile is no deletion of what was recovered.
    """
    for placement in desk.link.placements:
        if placement.standing in FOLLOWED and is_over(desk, placement):
            desk.put(replace(placement, standing=Standing.ENDED))
        elif _taken_back(desk, placement):
            desk.put(replace(placement, standing=Standing.LIVING))


def _follow_guests(desk: Desk) -> None:
    """Know which invitations still stand: those of an organiser who is not connected outlast their record (A3)."""
    for placement in desk.link.placements:
        if placement.kind is Kind.GUEST and placement.standing in FOLLOWED and is_over(desk, placement):
            read = desk.row(placement)
            cancelled = read is not None and read.cancelled
            desk.put(replace(placement, standing=Standing.ENDED if cancelled else Standing.DECLINED))


def _with_its_record(desk: Desk, target: Event) -> None:
    """The record is back: the meeting goes on in what stands of it in Outlook, else it is put back there."""
    link = desk.link
    standing = [p for p in link.placements if p.standing in FOLLOWED]
    hosted = any(p.kind is Kind.HOST for p in link.placements)
    if any(p.kind is Kind.HOST or link.reason == KEPT or (p.kind is Kind.GUEST and not hosted) for p in standing):
        # Its event was never deleted, the mailbox was away say: the meeting goes on as it stood.
        desk.link = replace(link, state=LinkState.LIVING, reason="", dirty=True)
    elif restored := {p.mailbox: p for p in link.placements if _taken_back(desk, p) or _waits_for_record(desk, p)}:
        # Both were taken back, or a run ended after it had recovered the record: nothing is created beside it.
        for placement in restored.values():
            if placement.standing is Standing.ENDED:
                desk.put(replace(placement, standing=Standing.LIVING))
        desk.link = replace(desk.link, state=LinkState.LIVING, reason="", dirty=True, speaker=elect(desk))
    elif desk.rules.to_outlook:
        put_back_outlook(desk, target, "E6", RECOVERED)


def _restored(desk: Desk, placement: Placement) -> bool:
    """Whether a user brought an ended event back; then its record is put back too."""
    read, base = desk.row(placement), desk.link.base
    if read is None or read.cancelled or base is None or placement.kind is Kind.GUEST:
        return False
    if placement.standing is Standing.LIVING and placement.kind is Kind.HOST and desk.link.reason == IN_OUTLOOK:
        _goes_on(desk, placement, base)
        return True
    if not _taken_back(desk, placement):
        return False
    if desk.rules.to_crm:
        # Should the record not come back in this run, it is asked for again: until then the event is not ended again.
        desk.noted = desk.noted.standing(placement.mailbox, placement.id, Standing.LIVING)
        desk.noted = replace(desk.noted, reason=RESTORED, speaker=placement.mailbox)
        desk.put(replace(placement, standing=Standing.LIVING))
        desk.link = replace(desk.link, speaker=placement.mailbox)
        target = replace(base, title=read.event.title, time=read.event.time, private=read.event.private)
        put_back_crm(desk, target, "E6", RESTORED)
        if desk.rules.to_outlook:
            copies_in(desk, target, "E6", RESTORED)
    return True


def _taken_back(desk: Desk, placement: Placement) -> bool:
    """Whether an ended event of the meeting, no invitation, stands there again, changed since it was last read."""
    read = desk.row(placement)
    if read is None or read.cancelled or desk.link.base is None or placement.kind is Kind.GUEST:
        return False
    changed = read.etag not in (placement.etag, placement.replaced)
    return _waits_for_record(desk, placement) or (placement.standing is Standing.ENDED and changed)


def _waits_for_record(desk: Desk, placement: Placement) -> bool:
    """Whether a former run took an event for restored, and its record has not come back yet (G10)."""
    restored = desk.link.reason == RESTORED and placement.mailbox == desk.link.speaker
    stands = placement.kind is not Kind.GUEST and placement.standing in FOLLOWED
    return restored and stands and not is_over(desk, placement)


def _goes_on(desk: Desk, host: Placement, base: Event) -> None:
    """It was cancelled for everybody who was heard, yet its organiser, who comes back, still has it.

    The record is put back as it was agreed; what the organiser changed meanwhile is then an edit, also of one who is
    read for the first time: it is what their guests were shown that was agreed.
    """
    if desk.rules.to_crm:
        host = replace(host, shown=host.shown or seen_elsewhere(desk, host))
        put_back_crm(desk, base, "E6", RESTORED)
        desk.put(host)
        desk.link = replace(desk.link, speaker=host.mailbox, dirty=True)
