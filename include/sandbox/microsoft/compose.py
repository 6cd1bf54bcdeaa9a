"""Making an event out of a checked request, and changing one: the rules about times and series."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.microsoft import ids, teams
from sandbox.microsoft.errors import invalid_property, invalid_request
from sandbox.microsoft.items import Event, at_midnight
from sandbox.microsoft.payload import NEVER, Draft, defaults
from sandbox.microsoft.recurrence import Recurrence
from sandbox.microsoft.zones import Moment, Span

if TYPE_CHECKING:
    from sandbox.microsoft.mailbox import Mailbox
    from sandbox.microsoft.state import Microsoft


def checked_span(start: Moment, end: Moment, *, all_day: bool) -> Span:
    """Raises GraphError when an all-day event is not from midnight to a later midnight, or when the end comes first."""
    if all_day:
        for name, moment in (("Start", start), ("End", end)):
            if not at_midnight(moment):
                message = f"The Event.{name} property for an all-day event needs to be set to midnight."
                raise invalid_request(message)
        if start.zone_name != end.zone_name:
            raise invalid_request("Start and end of an all-day event need to be in the same time zone.")
        if end.wall - start.wall < timedelta(days=1):
            raise invalid_request("The duration of an all-day event needs to be at least 24 hours.")
    elif end.utc < start.utc:
        raise invalid_property("The end of an event cannot be before its start.")
    return Span(start, end)


def new_event(ms: Microsoft, mailbox: Mailbox, draft: Draft, calendar_id: str) -> Event:
    """The event that `draft` describes, organised by the mailbox's user, not yet in the mailbox. Raises GraphError."""
    if draft.start is None or draft.end is None:
        raise invalid_property("start and end are required.")
    props: dict[str, Any] = defaults() | draft.props
    span = checked_span(draft.start, draft.end, all_day=props["isAllDay"])
    recurrence = _recurrence(draft.recurrence, span) if draft.recurrence else None
    number = mailbox.next_number()
    props["responseStatus"] = {"response": "organizer", "time": NEVER}
    props["attendees"] = [_named(ms, person) for person in props["attendees"]]
    event = Event(
        mailbox=mailbox,
        number=number,
        calendar_id=calendar_id,
        ical_uid=ids.global_object_id(f"{ms.generation}/{mailbox.id}/{number}"),
        organizer=mailbox.person,
        is_organizer=True,
        props=props,
        span=span,
        created=ms.now,
        modified=ms.now,
        recurrence=recurrence,
        transaction_id=draft.transaction_id,
        extended=draft.extended,
    )
    teams.settle(event)
    return event


def _named(ms: Microsoft, person: dict[str, Any]) -> dict[str, Any]:
    """Exchange fills in the directory's name for an attendee of whom only the address was given."""
    email = person["emailAddress"]
    found = ms.reached_by(email["address"]) if email["name"] == email["address"] else None
    return person | {"emailAddress": {**email, "name": found.name}} if found else person


def _recurrence(given: Any, span: Span) -> Recurrence:
    return Recurrence(given, span.start.wall.date(), span.start.zone_name)


def apply(ms: Microsoft, event: Event, draft: Draft) -> bool:
    """Change `event` as a PATCH does; whether its time changed. Raises GraphError and leaves the event alone then."""
    old = event.span
    all_day: bool = (event.props | draft.props)["isAllDay"]
    span = checked_span(draft.start or old.start, draft.end or old.end, all_day=all_day)
    moved = span != old or all_day != event.props["isAllDay"]
    recurrence = _changed_recurrence(event, draft, span)
    _keep_exceptions(event, None if moved else recurrence)
    event.span, event.recurrence = span, recurrence
    before = event.props
    event.props = before | draft.props
    teams.settle(event, before)
    if moved or "attendees" in draft.props:
        event.props["attendees"] = people(ms, [] if moved else before["attendees"], event.props["attendees"])
    event.extended = event.extended | draft.extended
    event.first_request = None
    return moved


def _keep_exceptions(event: Event, recurrence: Recurrence | None) -> None:
    """Exchange drops exceptions and cancelled dates with a new time or rule; a new end alone keeps those before it."""
    old = event.recurrence
    if recurrence is None or old is None or not recurrence.continues(old):
        event.overrides, event.removed = {}, set()
        return
    event.overrides = {day: override for day, override in event.overrides.items() if recurrence.has(day)}
    event.removed = {day for day in event.removed if recurrence.has(day)}


def _changed_recurrence(event: Event, draft: Draft, span: Span) -> Recurrence | None:
    """The series' recurrence after the change."""
    if "recurrence" in draft.named:
        return _recurrence(draft.recurrence, span) if draft.recurrence else None
    if event.recurrence is None or span == event.span:
        return event.recurrence
    if span.start.zone_name != event.span.start.zone_name:
        raise invalid_property("recurrence.range.recurrenceTimeZone must be the time zone of the event.")
    shown = event.recurrence.shown
    limits = shown["range"] | {"startDate": span.start.wall.date().isoformat()}
    return _recurrence({"pattern": shown["pattern"], "range": limits}, span)


def people(ms: Microsoft, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The attendees `after`, named, with the answers they gave `before`; what a client says of answers is ignored."""
    known = {person["emailAddress"]["address"].lower(): person["status"] for person in before}
    nobody = {"response": "none", "time": NEVER}
    return [
        _named(ms, person | {"status": known.get(person["emailAddress"]["address"].lower(), nobody)})
        for person in after
    ]
