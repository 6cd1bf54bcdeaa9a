"""Planting the events of a seed: silent, dated, and also those that an outsider organises."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sandbox.microsoft import delivery, payload
from sandbox.microsoft.compose import new_event
from sandbox.microsoft.errors import GraphError
from sandbox.microsoft.items import Disguise, Event, Occurrence, Override
from sandbox.microsoft.payload import NEVER
from sandbox.microsoft.zones import Span

if TYPE_CHECKING:
    from sandbox.microsoft.state import Microsoft

_OURS = {"mailbox", "created", "organizer", "iCalUId", "id", "disguise", "exceptions", "cancelledOccurrences"}


def plant(ms: Microsoft, seed: dict[str, Any]) -> Event:
    """Put one event of a seed into its mailbox, and copies into its attendees' mailboxes.

    `seed` is a Graph event body with `mailbox` (an address) and optionally `created` (ISO), `iCalUId` (also null), and
    an `organizer`; if that is nobody here, the event lands in `mailbox` as somebody else's. Attendees may bring their
    `status`.

    A series may bring `exceptions` (what differs, by original date), `cancelledOccurrences` (original dates), and a
    `disguise`.

    Raises KeyError for an unknown mailbox, ValueError for a body that Graph would refuse.
    """
    box = ms.reached_by(seed["mailbox"])
    if box is None:
        raise KeyError(f"the seed's event is for a mailbox that the seed does not have: {seed['mailbox']}")
    try:
        draft = payload.read({name: value for name, value in seed.items() if name not in _OURS})
        event = new_event(ms, box, draft, box.main_calendar)
    except GraphError as error:
        raise ValueError(f"an event of {box.address} is not accepted: {error.message}") from error
    _set_answers(event, seed.get("attendees") or [])
    if seed.get("created"):
        event.created = datetime.fromisoformat(seed["created"].replace("Z", "+00:00"))
    if "iCalUId" in seed:
        event.ical_uid = seed["iCalUId"]
    event.disguise = Disguise(**seed.get("disguise") or {})
    _change_dates(event, seed)
    if seed.get("isCancelled"):
        event.props["isCancelled"] = True
    organizer = (seed.get("organizer") or {}).get("emailAddress")
    if organizer and organizer["address"].lower() not in box.addresses:
        _give_away(event, organizer)
    box.add(event, event.created if seed.get("created") else ms.now)
    if not event.props["isDraft"]:
        delivery.invite(ms, event, delivery.recipients(event), silent=True)
        _copy_answers(event)
    return event


def _change_dates(event: Event, seed: dict[str, Any]) -> None:
    """Give a series the exceptions and the cancelled dates that its seed names."""
    event.removed = {_date_of(event, text) for text in seed.get("cancelledOccurrences") or []}
    for text, body in (seed.get("exceptions") or {}).items():
        item, draft = Occurrence(event, _date_of(event, text)), payload.read(body)
        span = Span(draft.start or item.span.start, draft.end or item.span.end)
        event.overrides[item.day] = Override(draft.props, span)


def _date_of(event: Event, text: str) -> date:
    """An original date of the series. Raises ValueError when it is none."""
    day = date.fromisoformat(text)
    if event.recurrence is None or not event.recurrence.has(day):
        raise ValueError(f"{text} is no date of a series of {event.mailbox.address}")
    return day


def _give_away(event: Event, organizer: dict[str, str]) -> None:
    """Make `event` the copy of an outsider's meeting."""
    event.organizer = {"name": organizer.get("name") or organizer["address"], "address": organizer["address"]}
    event.is_organizer = False
    event.props["responseStatus"] = {"response": "notResponded", "time": NEVER}
    event.props["showAs"] = "tentative"


def _set_answers(event: Event, given: list[dict[str, Any]]) -> None:
    answers = {
        person["emailAddress"]["address"].lower(): {"time": NEVER, **person["status"]}
        for person in given
        if person.get("status")
    }
    event.props["attendees"] = [
        person | {"status": answers.get(person["emailAddress"]["address"].lower(), person["status"])}
        for person in event.props["attendees"]
    ]


def _copy_answers(event: Event) -> None:
    """Let each copy's own answer be the one that the seed gives its attendee."""
    for copy in event.copies.values():
        for person in event.props["attendees"]:
            answer = person["status"]["response"]
            if person["emailAddress"]["address"].lower() in copy.mailbox.addresses and answer != "none":
                copy.props["responseStatus"] = dict(person["status"])
                copy.props["showAs"] = "busy" if answer == "accepted" else copy.props["showAs"]
                copy.rendered = None
