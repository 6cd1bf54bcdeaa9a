"""Events that are left alone for their marks, and with them what other mailboxes show of the same meetings (B2, B3).

A mark stands on one mailbox's event only. What Exchange delivered of it to others bears none, and may be read in a
later run: a link remembers the meeting by its iCalUId, and names no event, so that the marked one is judged anew
whenever it is read.
"""

from __future__ import annotations

from dataclasses import replace

from calsync.core.match import LEFT_ALONE, Sight, ical_key, link_id, unagreed
from calsync.core.model import Kind, Link, LinkState, Origin, OutlookRow, Placement, Shape, Side, Standing
from calsync.core.register import Register

ANOTHERS = "another installation or tenant made this event"
NO_RECORD = "its mark names a record that is gone, invalid or not in this calendar"


def leave(register: Register, row: OutlookRow, reason: str, link: Link | None = None) -> None:
    """Leave an event alone for its mark. Of a meeting that has a link already, that is this mailbox's matter alone.

    :param link: the meeting that the mark names
    """
    register.remark(row, "B3", reason, link)
    key = ical_key(row.ical_uid, row.original)
    known = register.links.get(register.by_ical.get(key, ""))
    if key and (known is None or unagreed(known)):
        register.left[key] = row


def leave_their_guests(register: Register) -> None:
    """Leave alone whatever belongs to a meeting that is left alone, a series' dates with their series."""
    _lift(register)
    for key in list(register.groups):
        if {key, f"{key.rpartition('|')[0]}|"} & (register.left.keys() | register.left_links.keys()):
            for row in register.taken(key, LEFT_ALONE):
                register.remark_once(row, "B3", LEFT_ALONE)
    for key, row in register.left.items():
        if key not in register.left_links and row.event.guests - {row.organizer}:
            _remember(register, key, row)


def _lift(register: Register) -> None:
    """A meeting is looked at again once its event is read without such a mark, or with one that is ours now."""
    for row in register.facts.outlook:
        key = ical_key(row.ical_uid, row.original)
        link = register.left_links.get(key)
        tells = row.marked and row.shape in (Shape.SINGLE, Shape.MASTER) and not row.problem
        if link and tells and row.mailbox == link.placements[0].mailbox and key not in register.left:
            del register.left_links[key]
            ends = replace(link, state=LinkState.RETIRED, reason="its mark no longer says so", placements=())
            register.sights[link.id] = Sight(ends)


def _remember(register: Register, key: str, row: OutlookRow) -> None:
    bears = Placement(
        row.mailbox, "", Kind.GUEST, Origin.THEIRS, Standing.RELEASED, ical_uid=row.ical_uid, original=row.original
    )
    id_ = link_id(register.rules.tenant, Side.OUTLOOK, "left alone", key)
    register.sights[id_] = Sight(Link(id_, placements=(bears,), reason=LEFT_ALONE, created=register.facts.now))
