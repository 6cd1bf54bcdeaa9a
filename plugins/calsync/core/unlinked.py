"""Meetings that a cleanup unlinked: when they come back, and how (D6, D7)."""

from __future__ import annotations

from dataclasses import replace

from calsync.core.desk import Desk
from calsync.core.model import FOLLOWED, Event, Kind, Life, Link, Origin, Placement, Proof, Standing

CLEANED = "removed from Outlook by a cleanup"


def hosted(link: Link) -> list[Placement]:
    """The invitations of ours that the meeting had or has."""
    return [p for p in link.placements if p.kind is Kind.HOST and p.origin is Origin.OURS]


def bring_back(desk: Desk) -> Event | None:
    """What a cleaned meeting shall show in Outlook again; None while its reason lasts, or its record is not known.

    The record is read by id in the next run: nobody followed it meanwhile.
    """
    row, rules = desk.sight.crm, desk.rules
    if not rules.to_outlook or not _reason_ended(desk):
        return None
    if row is None and not desk.noted.dirty:
        desk.link = replace(desk.link, dirty=True)
        return None
    target = desk.link.base if row is None else row.event if row.life is Life.NORMAL else None
    return target if target and not rules.behind_window(target.time, desk.facts.now) else None


def _reason_ended(desk: Desk) -> bool:
    """Whether the reason of a cleaned meeting has ended: whose event was removed is authorised again.

    What is missing of ours was removed by the cleanup, even if it stopped halfway; it is no user's deletion.
    """
    ours = [p for p in desk.link.placements if p.origin is Origin.OURS]
    standing = [p for p in ours if p.standing in FOLLOWED]
    if not all(_served(desk, p) for p in standing) or not any(_served(desk, p) for p in hosted(desk.link) or ours):
        return False
    for placement in standing:
        absence = desk.sight.absences.get((placement.mailbox, placement.id))
        if absence and absence.proof is Proof.UNKNOWN:
            return False
        if absence:
            desk.put(replace(placement, standing=Standing.ENDED))
    return True


def _served(desk: Desk, placement: Placement) -> bool:
    account = desk.account(placement.mailbox)
    return account is not None and account.served
