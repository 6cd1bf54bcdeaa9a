"""The post about single dates of a series.

Who is invited to the whole series has it as an exception of their copy. Who is invited to one date only has an event of
its own, of type `singleInstance`, whose `iCalUId` names that date (published: group calendar views).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sandbox.microsoft import ids
from sandbox.microsoft.delivery import (
    cancelled,
    copy_override,
    mail,
    recipients,
    shared,
    unanswered,
)
from sandbox.microsoft.items import Event, Occurrence, Override
from sandbox.microsoft.payload import MAILED

if TYPE_CHECKING:
    from sandbox.microsoft.mailbox import Mailbox
    from sandbox.microsoft.state import Microsoft

Guests = dict[Occurrence, list[str]]


def guests(item: Occurrence) -> list[str]:
    """The addresses of a date's attendees, without the organiser's own."""
    everybody = [person["emailAddress"]["address"].lower() for person in item.props["attendees"]]
    own = item.master.mailbox.addresses if item.master.is_organizer else [item.master.organizer["address"].lower()]
    return [address for address in everybody if address not in own]


def guests_of_dates(event: Event) -> Guests:
    """Who is invited to single dates of a series without being invited to the series."""
    invited = set(recipients(event))
    items = (Occurrence(event, day) for day in event.overrides)
    return {item: found for item in items if (found := [one for one in guests(item) if one not in invited])}


def changed(ms: Microsoft, item: Occurrence, named: set[str], before: list[str], *, moved: bool) -> None:
    """After a PATCH of one date by the organiser that named these properties: tell whom it concerns.

    A change of people alone is told only to those added and removed. `moved`: the time changed, answers are void.
    """
    if not item.master.tells_people:
        return
    now = guests(item)
    withdraw(ms, item, [address for address in before if address not in now])
    if named & MAILED:
        stayed = [address for address in now if address in before]
        mail(ms, "update", item.master, stayed, item.props)
        _refresh(ms, item, stayed, moved=moved)
    added = [address for address in now if address not in before]
    mail(ms, "invitation", item.master, added, item.props)
    _refresh(ms, item, added, moved=True)


def series_changed(ms: Microsoft, event: Event, named: set[str], before: Guests) -> None:
    """After a PATCH of the series: tell those who are invited to single dates, also to dates that are regular now."""
    if not event.tells_people:
        return
    now = guests_of_dates(event)
    everybody = recipients(event)
    for item, invited in before.items():
        left = now.get(item, [])
        withdraw(ms, item, [one for one in invited if one not in left and one not in everybody])
        if named & MAILED:
            mail(ms, "update", event, left, item.props)
            _refresh(ms, item, left, moved=False)


def withdraw(ms: Microsoft, item: Occurrence, addresses: Iterable[str]) -> None:
    """Tell `addresses` that this date is off for them; it stays in their calendars, marked as cancelled."""
    addresses = list(addresses)
    mail(ms, "cancellation", item.master, addresses, item.props)
    for address in addresses:
        box = ms.reached_by(address)
        if box is None:
            continue
        series, single = _series_copy(item, box), item.master.date_copies.get((box.id, item.day))
        if series:
            _cancel_in_series(ms, series, item)
        elif single and not single.deleted:
            single.props = single.props | cancelled(single.props)
            box.touch(single, ms.now)


def _cancel_in_series(ms: Microsoft, copy: Event, item: Occurrence) -> None:
    found = copy.occurrence(item.day)
    if found is None:
        return
    override = copy.overrides.setdefault(item.day, Override({}, found.span))
    override.props = override.props | cancelled(found.props)
    copy.mailbox.touch(copy, ms.now, override)


def _series_copy(item: Occurrence, box: Mailbox) -> Event | None:
    """The living copy of the whole series in a mailbox."""
    copy = item.master.copies.get(box.id)
    return copy if copy and not copy.deleted and not copy.props["isCancelled"] else None


def _refresh(ms: Microsoft, item: Occurrence, addresses: Iterable[str], *, moved: bool) -> None:
    """Bring the date up to date in these people's mailboxes; where there is none (any more), put one."""
    for address in addresses:
        box = ms.reached_by(address)
        if box is None or not box.receives or box is item.master.mailbox:
            continue
        series = _series_copy(item, box)
        if series:
            _refresh_in_series(ms, series, item, moved=moved)
            continue
        single = item.master.date_copies.get((box.id, item.day))
        if single is None or single.deleted:
            single = _put(ms, item, box)
        revived = single.props["isCancelled"]
        single.props = single.props | shared(item.props) | {"isCancelled": False}
        single.props |= unanswered(item.props) if moved or revived else {}
        single.span = item.span
        box.touch(single, ms.now)


def _refresh_in_series(ms: Microsoft, copy: Event, item: Occurrence, *, moved: bool) -> None:
    """An exception in a guest's series. A date that the guest removed comes back with the organiser's update."""
    copy.removed.discard(item.day)
    override = item.override or Override({}, item.span)
    mine = copy_override(copy, item.day, override, {} if moved else copy.overrides)
    if moved:
        mine.props |= unanswered(item.props)
    copy.mailbox.touch(copy, ms.now, mine)


def _put(ms: Microsoft, item: Occurrence, box: Mailbox) -> Event:
    event = item.master
    copy = Event(
        mailbox=box,
        number=box.next_number(),
        calendar_id=box.main_calendar,
        ical_uid=ids.dated(event.ical_uid, item.day) if event.ical_uid else None,
        organizer=event.organizer,
        is_organizer=False,
        props={**item.props, **unanswered(item.props), "categories": [], "isReminderOn": True},
        span=item.span,
        created=ms.now,
        modified=ms.now,
        source=event,
        source_day=item.day,
    )
    event.date_copies[box.id, item.day] = copy
    box.add(copy, ms.now)
    return copy
