"""Exchange's post: copies in the attendees' mailboxes, and every mail it would have sent.

One mail is logged per recipient, outsiders included. The organiser is never mailed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from sandbox.microsoft.items import Event, Override
from sandbox.microsoft.payload import MAILED, NEVER

if TYPE_CHECKING:
    from sandbox.microsoft.mailbox import Mailbox
    from sandbox.microsoft.state import Microsoft

OWN = {"responseStatus", "showAs", "categories", "isReminderOn", "reminderMinutesBeforeStart", "isCancelled"}
"""Properties that belong to each copy alone."""

CANCELLED_PREFIX = "Canceled: "


def recipients(event: Event) -> list[str]:
    """The addresses of the attendees, without the organiser's own."""
    own = set(event.mailbox.addresses) if event.is_organizer else {event.organizer["address"].lower()}
    return [address for address in event.addresses if address not in own]


def mail(ms: Microsoft, kind: str, event: Event, to: Iterable[str], props: dict[str, Any] | None = None) -> None:
    """Log one mail of the organiser to each address; `props` are those of the date it is about, if not the event's."""
    sender, subject = event.organizer["address"], (props or event.props)["subject"] or ""
    for address in to:
        ms.world.mail(kind, event=event.immutable_id, sender=sender, to=address, subject=subject)


def invite(ms: Microsoft, event: Event, addresses: Iterable[str], *, silent: bool = False) -> None:
    """Put copies into the mailboxes of `addresses`; `silent` writes no mail into the log (seeds)."""
    addresses = list(addresses)
    if not silent:
        mail(ms, "invitation", event, addresses)
    _refresh(ms, event, addresses)


def changed(ms: Microsoft, event: Event, named: set[str], before: list[str], *, moved: bool) -> None:
    """After a PATCH by the organiser that named these properties: tell whom it concerns.

    A change of people alone is told only to those added and removed; what the others have is not touched then.
    `moved`: the time changed, answers are void.
    """
    if not event.tells_people:
        return
    now = recipients(event)
    added = [address for address in now if address not in before]
    gone = [address for address in before if address not in now]
    stayed = [address for address in now if address in before]
    _change_exceptions(event, added, gone)
    cancel(ms, event, gone)
    if named & MAILED:
        mail(ms, "update", event, stayed)
        _refresh(ms, event, stayed, reset_answers=moved)
    invite(ms, event, added)


def cancel(ms: Microsoft, event: Event, addresses: Iterable[str]) -> None:
    """Tell `addresses` that the meeting is off; their copies stay, marked as cancelled."""
    addresses = list(addresses)
    mail(ms, "cancellation", event, addresses)
    for copy in _copies(ms, event, addresses):
        copy.props = copy.props | cancelled(copy.props)
        copy.mailbox.touch(copy, ms.now)


def cancelled(props: dict[str, Any]) -> dict[str, Any]:
    """What a cancellation sets on an attendee's copy."""
    return {"subject": f"{CANCELLED_PREFIX}{props['subject'] or ''}", "isCancelled": True, "showAs": "free"}


def answered(ms: Microsoft, copy: Event, status: dict[str, Any], day: date | None, *, by_mail: bool) -> None:
    """An attendee answered: the organiser gets a mail, and its event notes the answer (a new etag).

    `day`: the date of the series that the answer is for, when it is not for all.
    """
    if not by_mail:
        return
    source = copy.source
    event_id = source.immutable_id if source else copy.immutable_id
    subject = copy.props["subject"] or ""
    sender, to = copy.mailbox.address, copy.organizer["address"]
    ms.world.mail("response", event=event_id, sender=sender, to=to, subject=subject)
    if source is None or source.deleted:
        return
    item = source.occurrence(day) if day else None
    if day and item is None:
        return
    shown = item or source
    override = source.overrides.setdefault(item.day, Override({}, item.span)) if item else None
    (override or source).props["attendees"] = [
        person | status if person["emailAddress"]["address"].lower() in copy.mailbox.addresses else person
        for person in shown.props["attendees"]
    ]
    source.mailbox.touch(source, ms.now, override)


def _change_exceptions(event: Event, added: list[str], gone: list[str]) -> None:
    """Who joins or leaves a series joins or leaves the dates that have a list of people of their own."""
    new = [person for person in event.props["attendees"] if person["emailAddress"]["address"].lower() in added]
    for override in event.overrides.values():
        if "attendees" in override.props:
            kept = [
                p for p in override.props["attendees"] if p["emailAddress"]["address"].lower() not in {*added, *gone}
            ]
            override.props["attendees"] = [*kept, *new]


def _copies(ms: Microsoft, event: Event, addresses: Iterable[str]) -> list[Event]:
    """The living copies in the mailboxes of `addresses`."""
    boxes = (ms.reached_by(address) for address in addresses)
    found = (event.copies.get(box.id) for box in boxes if box)
    return [copy for copy in found if copy and not copy.deleted]


def _refresh(ms: Microsoft, event: Event, addresses: Iterable[str], *, reset_answers: bool = False) -> None:
    """Bring the copies of `addresses` up to date; where there is none (any more), put one.

    So a meeting that its guest deleted comes back with the organiser's next update, as Exchange has it.
    """
    for address in addresses:
        box = ms.reached_by(address)
        if box is None or not box.receives or box is event.mailbox:
            continue
        copy = event.copies.get(box.id)
        if copy is None or copy.deleted:
            _put(ms, event, box)
        else:
            _overwrite(copy, event, reset_answers=reset_answers)
            box.touch(copy, ms.now)


def _put(ms: Microsoft, event: Event, box: Mailbox) -> None:
    copy = Event(
        mailbox=box,
        number=box.next_number(),
        calendar_id=box.main_calendar,
        ical_uid=event.ical_uid,
        organizer=event.organizer,
        is_organizer=False,
        props={**event.props, "categories": [], "isReminderOn": True, "reminderMinutesBeforeStart": 15},
        span=event.span,
        created=event.created if event.change == 1 else ms.now,
        modified=ms.now,
        source=event,
        disguise=event.disguise,
    )
    _take_dates_back(ms, event, box)
    event.copies[box.id] = copy
    _overwrite(copy, event, reset_answers=True)
    box.add(copy, ms.now)


def _take_dates_back(ms: Microsoft, event: Event, box: Mailbox) -> None:
    """Invitations to single dates become part of the series."""
    for (box_id, _), single in event.date_copies.items():
        if box_id == box.id and not single.deleted:
            box.remove(single, ms.now)


def _overwrite(copy: Event, event: Event, *, reset_answers: bool) -> None:
    """The organiser's version wins over what the attendee changed locally."""
    revived = copy.props["isCancelled"]
    copy.props = copy.props | shared(event.props)
    copy.props["isCancelled"] = False
    if reset_answers or revived:
        copy.props |= unanswered(event.props)
    copy.span, copy.recurrence = event.span, event.recurrence
    own, copy.overrides, copy.removed = copy.overrides, {}, set(event.removed)
    for day, override in event.overrides.items():
        if concerns(override, copy.mailbox):
            copy_override(copy, day, override, {} if reset_answers else own)
        else:
            copy.removed.add(day)


def shared(props: dict[str, Any]) -> dict[str, Any]:
    """What all copies of an event have in common."""
    return {name: value for name, value in props.items() if name not in OWN}


def unanswered(props: dict[str, Any]) -> dict[str, Any]:
    """What an attendee's copy says of the attendee before an answer."""
    shows = "free" if props["showAs"] == "free" else "tentative"
    return {"responseStatus": {"response": "notResponded", "time": NEVER}, "showAs": shows}


def concerns(override: Override, box: Mailbox) -> bool:
    """Whether the mailbox's user is still invited to a date that has a list of people of its own."""
    people = override.props.get("attendees")
    return people is None or any(person["emailAddress"]["address"].lower() in box.addresses for person in people)


def copy_override(copy: Event, day: date, override: Override, own: dict[date, Override]) -> Override:
    """Give a copy the organiser's exception; `own` is what the attendee's copy had, whose answers stay."""
    kept = {name: value for name, value in own[day].props.items() if name in OWN} if day in own else {}
    kept = {} if kept.get("isCancelled") else kept
    copy.overrides[day] = replace(override, props=shared(override.props) | kept, extended={})
    return copy.overrides[day]
