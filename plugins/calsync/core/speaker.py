"""Which placements can be heard, and which of them speaks: its content counts as Outlook's (A3, C1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from calsync.core.desk import Desk
from calsync.core.model import (
    STANDS,
    Account,
    Availability,
    Kind,
    LinkState,
    Origin,
    OutlookRow,
    Placement,
    Standing,
)
from calsync.core.plan import Verb

AWAY_FOR_GOOD = timedelta(days=3)
"""After so long without its mailbox a speaker's word goes to the next one (C1)."""

LOST_AFTER = timedelta(days=30)
"""After so long without its mailbox a host is lost (E7)."""


def passed(account: Account, now: datetime) -> str:
    """Which of these limits a connected mailbox's absence has passed: when it passes one, meetings change (C10)."""
    if lost(account, now):
        return "lost"
    long = account.away_since is not None and now - account.away_since >= AWAY_FOR_GOOD
    return "long" if account.authorised and long else ""


def lost(account: Account, now: datetime) -> bool:
    """Whether a mailbox is gone for good: the directory says so, or it has been away for thirty days (E7)."""
    gone = account.availability is Availability.GONE
    return gone or (account.away_since is not None and now - account.away_since >= LOST_AFTER)


def audible(desk: Desk, placement: Placement) -> bool:
    """Whether a placement can be heard: it lives, or its mailbox is not away for good yet (C1)."""
    account = desk.account(placement.mailbox)
    if placement.standing is Standing.LIVING:
        return account is None or not (account.revoked_at or account.availability is Availability.GONE)
    if placement.standing is not Standing.ASLEEP or account is None or account.away_since is None:
        return False
    return account.authorised and desk.facts.now - account.away_since < AWAY_FOR_GOOD


def elect(desk: Desk) -> str:
    """The mailbox of the speaker: host, else the owner's copy, else the oldest living placement, copies first (C1).

    One whose mailbox is away takes over once it is back: until then who speaks goes on being heard.
    """
    able = [p for p in desk.link.placements if audible(desk, p)]
    speaker = desk.link.placement(desk.link.speaker)
    if speaker in able and speaker.standing is Standing.LIVING:
        able = [p for p in able if p.standing is Standing.LIVING]
    owner = desk.owner_mailbox()

    def rank(p: Placement) -> tuple[int, bool, str, str]:
        kind = 0 if p.kind is Kind.HOST else 2 if p.kind is Kind.COPY else 3
        if kind == 2 and p.mailbox == owner and p.origin is Origin.OURS:
            kind = 1
        return (kind, p.mailbox != desk.link.speaker, str(p.since or ""), p.mailbox)

    return min(able, key=rank).mailbox if able else ""


def hand_over(desk: Desk) -> None:
    """The owner's copy speaks from the run that makes it (C1): what its user changes afterwards is an edit."""
    speaker, mine = desk.link.placement(desk.link.speaker), desk.owner_mailbox()
    made = any(action.verb is Verb.CREATE and mine and action.mailbox == mine for action in desk.actions)
    if made and speaker is not None and speaker.kind is not Kind.HOST:
        desk.link = replace(desk.link, speaker=mine)


def wake_and_sleep(desk: Desk) -> None:
    """A placement sleeps while its mailbox or its authorisation is away, and wakes with it (A3).

    An ended invitation wakes when its organiser sends it again (E6), and a host that was taken for ended while its
    mailbox was away; a declined event when its user takes it back. A host is lost once its mailbox is gone for good.
    """
    for placement in sorted(desk.link.placements, key=lambda p: p.kind is not Kind.HOST):  # invitations follow it
        standing = _standing(desk, placement)
        if standing is placement.standing:
            continue
        desk.put(replace(placement, standing=standing))
        if placement.standing not in STANDS and not put_back_beside(desk, placement):
            # It stands, whatever becomes of this run's writes.
            desk.noted = desk.noted.standing(placement.mailbox, placement.id, standing)


def _standing(desk: Desk, placement: Placement) -> Standing:
    account, row, before = desk.account(placement.mailbox), desk.row(placement), placement.standing
    if before in (Standing.ENDED, Standing.DECLINED):
        return Standing.LIVING if row and not row.cancelled and _again(desk, placement, row) else before
    if before not in STANDS:
        return before
    if account is not None and account.served:
        return Standing.LIVING
    for_good = account is not None and placement.kind is Kind.HOST and lost(account, desk.facts.now)
    return Standing.LOST if for_good else Standing.ASLEEP


def _again(desk: Desk, placement: Placement, row: OutlookRow) -> bool:
    """Whether an event that had ended, or that its user had done away with, stands there after all.

    Not beside what took its place: an invitation only if its host stands, whose copy it supersedes (E2), and a user's
    own event that stands again, whose copies the meeting was put back as. A host whose guests were all cancelled while
    it could not be asked counted as ended (D3); it has changed since it was last read, since its people left it, and so
    has what was taken out of the deleted items; an old read of one that was deleted has not.
    """
    standing = [p for p in desk.link.placements if p.standing in STANDS]
    alone = not any(p.mailbox == placement.mailbox for p in standing) or put_back_beside(desk, placement)
    declined = placement.standing is Standing.DECLINED
    if placement.kind is Kind.GUEST and not declined:
        return alone or any(p.kind is Kind.HOST for p in standing)
    changed = row.etag not in (placement.etag, placement.replaced)
    may = declined or placement.kind is Kind.HOST
    return may and desk.link.state is LinkState.LIVING and alone and changed


def put_back_beside(desk: Desk, host: Placement) -> bool:
    """Whether a user's own event has nothing but our copies beside it: the meeting was put back as those (E6)."""
    others = [p for p in desk.link.placements if p.standing in STANDS and (p.mailbox, p.id) != (host.mailbox, host.id)]
    copies = bool(others) and all(p.kind is Kind.COPY and p.origin is Origin.OURS for p in others)
    return copies and host.kind is Kind.HOST and host.origin is Origin.THEIRS
