"""How each side differs from what it showed when last agreed (C1-C3, E4)."""

from __future__ import annotations

from dataclasses import replace

from calsync.core.deletion import Fate
from calsync.core.desk import Desk
from calsync.core.fresh import adjusted
from calsync.core.match import ical_key
from calsync.core.merge import Change, content_change, from_crm
from calsync.core.model import Event, Kind, Life, OutlookRow, Placement, Side, Standing
from calsync.core.people import persons


def crm_change(desk: Desk, base: Event) -> Change:
    """How the record differs from what ShareCRM showed when last agreed (C3).

    In the version that was agreed nobody has edited it: it is read in another zone or by other rules now.
    """
    row = desk.sight.crm
    if row is None or row.event is None or row.life is not Life.NORMAL or row.version == desk.link.crm_version:
        return Change(base)
    now, shown = from_crm(row.event, base, desk.rules), from_crm(desk.link.crm_shown or base, base, desk.rules)
    fields = content_change(shown, now)
    at = adjusted(desk, Side.CRM, row.modified)
    return Change(now, fields, persons(now) - persons(shown), persons(shown) - persons(now), at)


def outlook_change(desk: Desk, base: Event, fate: Fate, speaker: str) -> Change:
    """How the speaker differs from what it showed when last agreed; its people in ids (C1, C2, E4)."""
    placement = desk.link.placement(speaker)
    row = desk.row(placement) if placement and placement.standing is Standing.LIVING else None
    shown = _showed(desk, placement, row) if placement and row else None
    if placement is None or row is None or shown is None or fate in (Fate.OUTLOOK, Fate.BOTH):
        return people_change(desk, base)
    came: set[str] = set(_arrived(desk))
    went: set[str] = set(desk.sight.uninvited)
    if placement.kind is not Kind.COPY:
        organizer = {row.organizer}
        came_in, went_out = row.event.guests - shown.guests, shown.guests - row.event.guests
        came |= {p for a in came_in - organizer if (p := desk.people.person_at(a, base.contacts))}
        went |= _people_leaving(desk, went_out - organizer, row.event.guests)
    at = adjusted(desk, Side.OUTLOOK, row.modified)
    now = replace(row.event, attendees=base.attendees, contacts=base.contacts)
    return Change(
        now,
        content_change(shown, row.event),
        frozenset(came - persons(base)),
        frozenset(went & persons(base)),
        at,
        shown.title,
    )


def _showed(desk: Desk, placement: Placement, row: OutlookRow) -> Event | None:
    """What the speaker showed when last agreed.

    An invitation that is read for the first time, where nobody has spoken yet, is a copy of what the meeting last
    showed in a mailbox that is not read here (B2): what differs is its organiser's edit. Whom it lists is compared with
    nothing but itself (C2), and what was private is not opened by it (F6).
    """
    if placement.shown or placement.kind is not Kind.GUEST:
        return placement.shown
    agreed = seen_elsewhere(desk, placement)
    private = bool(agreed and agreed.private and row.event.private)
    return replace(agreed, guests=row.event.guests, private=private) if agreed else None


def seen_elsewhere(desk: Desk, placement: Placement) -> Event | None:
    """What the same event last showed in another mailbox, its organiser's first."""
    key = ical_key(placement.ical_uid, placement.original)
    others = [p for p in desk.link.placements if p.shown and key and ical_key(p.ical_uid, p.original) == key]
    return next((p.shown for p in sorted(others, key=lambda p: p.kind is not Kind.HOST)), None)


def people_change(desk: Desk, base: Event) -> Change:
    """Who was reached by an invitation, or lost it, whoever speaks (D3, E10)."""
    return Change(base, came=_arrived(desk) - persons(base), went=frozenset(desk.sight.uninvited) & persons(base))


def _arrived(desk: Desk) -> frozenset[str]:
    """The employees whom an invitation reached that names them by no address we know, by a list say (E10)."""
    fresh = [p for p in desk.living() if p.kind is Kind.GUEST and p.shown is None]
    accounts = [desk.account(p.mailbox) for p in fresh if (row := desk.row(p)) and not row.cancelled]
    return frozenset(f"e:{a.employee}" for a in accounts if a)


def _people_leaving(desk: Desk, addresses: frozenset[str], stay: frozenset[str]) -> set[str]:
    """Everybody whom the leaving addresses stood for and no other address on the event still does (E4)."""
    known = dict(desk.link.addresses)
    leaving = {person for address in addresses for person in known.get(address, ())}
    related = desk.link.base.contacts if desk.link.base else frozenset()
    leaving |= {p for a in addresses if (p := desk.people.person_at(a, related))}
    return {p for p in leaving if not desk.people.addresses_of(p) & stay and p != f"e:{desk.link.crm_owner}"}
