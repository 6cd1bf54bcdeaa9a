"""How each side differs from what it showed when last agreed (C1-C3, E4)."""

from __future__ import annotations

from dataclasses import replace

from calsync.core.deletion import Fate
from calsync.core.desk import Desk
from calsync.core.fresh import adjusted
from calsync.core.match import ical_key
from calsync.core.merge import CONTENT, Change, content_change, from_crm
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


def change_since(desk: Desk, base: Event, fate: Fate, before: str) -> Change:
    """How Outlook differs from what it showed when last agreed, where another one may have spoken before (C1).

    Who hands the word over is heard a last time; where nobody spoke, what the one who does again shows otherwise is its
    user's edit. An organiser's event and its invitations are one: where the one that spoke was not read, what changes
    in the other is the organiser's edit, as far as the one that spoke had not told it.
    """
    old, new = desk.link.placement(before), desk.link.placement(desk.link.speaker)
    row = _read(desk, new) if new else None
    if old and new and row and Kind.COPY not in (old.kind, new.kind) and old.shown and not _read(desk, old):
        own = new.shown or replace(old.shown, private=row.event.private)
        return outlook_change(desk, base, fate, new.mailbox, _told(old.shown, own, row.event))
    return outlook_change(desk, base, fate, before or desk.link.speaker)


def _told(other: Event, own: Event, now: Event) -> Event:
    """What is known of an event from another mailbox and from its own: new is only what is so to both of them.

    Private it is in each mailbox for itself.
    """
    stays = frozenset(CONTENT) - content_change(own, now)
    guests = (other.guests & own.guests) | ((other.guests | own.guests) & now.guests)
    known = replace(other, private=own.private, guests=guests)
    return replace(known, **{name: getattr(now, name) for name in stays})


def _read(desk: Desk, placement: Placement) -> OutlookRow | None:
    return desk.row(placement) if placement.standing is Standing.LIVING else None


def outlook_change(desk: Desk, base: Event, fate: Fate, speaker: str, showed: Event | None = None) -> Change:
    """How the speaker differs from what it showed when last agreed; its people in ids (C1, C2, E4).

    :param showed: what that was, where another placement spoke for it
    """
    placement = desk.link.placement(speaker)
    row = _read(desk, placement) if placement else None
    shown = showed or (_showed(desk, placement, row) if placement and row else None)
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
