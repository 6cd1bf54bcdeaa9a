"""Which mails Graph will send for a write (E1): it mails whenever an event with attendees is written or deleted."""

from __future__ import annotations

from collections.abc import Iterable

from calsync.core.people import People
from calsync.core.plan import Mail


def mails(people: People, kind: str, addresses: Iterable[str], organizer: str) -> tuple[Mail, ...]:
    """One mail of `kind` for each address but the organiser's own."""
    return tuple(Mail(kind, a, a not in people.employee_of) for a in sorted(set(addresses) - {organizer, ""}))


def update_mails(
    people: People,
    organizer: str,
    listed: frozenset[str],
    content: bool,
    invited: Iterable[str],
    removed: Iterable[str],
) -> tuple[Mail, ...]:
    """The mails of an update of a host: content goes to everybody on it, people alone only to those concerned."""
    invited, removed = set(invited) - listed, set(removed) & listed
    stay = mails(people, "update", listed - removed, organizer) if content else ()
    return (
        *stay,
        *mails(people, "invitation", invited, organizer),
        *mails(people, "cancellation", removed, organizer),
    )
