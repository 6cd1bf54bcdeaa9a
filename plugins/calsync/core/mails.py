"""Which mails Graph will send for a write (E1): it mails whenever an event with attendees is written or deleted.

A room or equipment is an attendee too, and is mailed like anybody; but nobody reads that mail: it is not outside (E5).
"""

from __future__ import annotations

from collections.abc import Iterable

from calsync.core.people import People
from calsync.core.plan import Mail


def mails(
    people: People, kind: str, addresses: Iterable[str], organizer: str, rooms: frozenset[str] = frozenset()
) -> tuple[Mail, ...]:
    """One mail of `kind` for each address but the organiser's own, and for each of the `rooms`."""
    everybody = sorted({*addresses, *rooms} - {organizer, ""})
    return tuple(Mail(kind, a, a not in people.employee_of and a not in rooms) for a in everybody)


def update_mails(
    people: People,
    organizer: str,
    listed: frozenset[str],
    content: bool,
    invited: Iterable[str],
    removed: Iterable[str],
    rooms: frozenset[str] = frozenset(),
) -> tuple[Mail, ...]:
    """The mails of an update of a host: content goes to everybody on it, people alone only to those concerned."""
    invited, removed = set(invited) - listed - rooms, set(removed) & listed
    stay = mails(people, "update", listed - removed, organizer, rooms) if content else ()
    return (
        *stay,
        *mails(people, "invitation", invited, organizer),
        *mails(people, "cancellation", removed, organizer),
    )
