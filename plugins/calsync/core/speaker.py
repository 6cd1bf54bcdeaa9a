"""Which placements can be heard, and which of them speaks: its content counts as Outlook's (A3, C1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from calsync.core.desk import Desk
from calsync.core.model import Availability, Kind, Origin, Placement, Standing

AWAY_FOR_GOOD = timedelta(days=3)
"""After so long without its mailbox a speaker's word goes to the next one."""


def audible(desk: Desk, placement: Placement) -> bool:
    """Whether a placement can be heard: it lives, or its mailbox is not away for good yet (C1)."""
    account = desk.account(placement.mailbox)
    if placement.standing is Standing.LIVING:
        return account is None or not (account.revoked_at or account.availability is Availability.GONE)
    if placement.standing is not Standing.ASLEEP or account is None or account.away_since is None:
        return False
    return account.authorised and desk.facts.now - account.away_since < AWAY_FOR_GOOD


def elect(desk: Desk) -> str:
    """The mailbox of the speaker: host, else the owner's copy, else the oldest living placement, copies first (C1)."""
    able = [p for p in desk.link.placements if audible(desk, p)]
    owner = desk.owner_mailbox()

    def rank(p: Placement) -> tuple[int, bool, str, str]:
        kind = 0 if p.kind is Kind.HOST else 2 if p.kind is Kind.COPY else 3
        if kind == 2 and p.mailbox == owner and p.origin is Origin.OURS:
            kind = 1
        return (kind, p.mailbox != desk.link.speaker, str(p.since or ""), p.mailbox)

    return min(able, key=rank).mailbox if able else ""


def wake_and_sleep(desk: Desk) -> None:
    """A placement sleeps while its mailbox or its authorisation is away, and wakes with it (A3).

    An ended invitation wakes when its organiser sends it again (E6).
    """
    for placement in desk.link.placements:
        account, row = desk.account(placement.mailbox), desk.row(placement)
        away = account is None or not account.served
        again = placement.kind is Kind.GUEST and row is not None and not row.cancelled
        if placement.standing is Standing.LIVING and away:
            desk.put(replace(placement, standing=Standing.ASLEEP))
        elif (placement.standing is Standing.ASLEEP and not away) or (placement.standing is Standing.ENDED and again):
            desk.put(replace(placement, standing=Standing.LIVING))
