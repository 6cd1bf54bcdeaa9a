"""An Action on Outlook becomes the exact Graph request (stage `map`): wire format only, nothing is decided here."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from calsync.core.model import Event, Side, Time
from calsync.core.plan import Action, Request, Verb
from calsync.graph import marks, zones
from calsync.graph.paths import url
from calsync.graph.people import invited

_TRANSACTIONS = uuid.UUID("b1f5a9de-3c0f-4f2e-9a58-0f6f3c1d7e42")
"""Namespace of our transaction ids; it never changes, or a repeated create would make a second event."""


def outlook_request(action: Action) -> Request:
    """The request that does `action`, a create, update or delete on Outlook's side.

    An update that invites or uninvites comes without attendees and with `read_first`: they are composed from the list
    as it stands then, by `people_patch`. Raises ValueError for an action that is not Outlook's or lacks what it needs.
    """
    if action.side is not Side.OUTLOOK or action.verb not in _MAKERS:
        raise ValueError(f"Action {action.id} ({action.verb} in {action.side}) is no request to Graph")
    return _MAKERS[action.verb](action)


def transaction_id(link: str, mailbox: str, generation: int) -> str:
    """The same for the same creation, so that repeating it gives the event already made (RULES G3)."""
    return str(uuid.uuid5(_TRANSACTIONS, f"{link}\n{mailbox}\n{generation}"))


def _create(action: Action) -> Request:
    if action.event is None or action.mark is None:
        raise ValueError(f"Action {action.id} creates an event, and has no content or no mark")
    body: dict[str, Any] = {
        "subject": action.event.title,
        **_time(action.event.time, action.zone),
        "sensitivity": _sensitivity(action.event),
        "transactionId": transaction_id(action.link, action.mailbox, action.mark.generation),
        "singleValueExtendedProperties": [marks.as_property(action.mark)],
        **_body(action),
    }
    if action.invite:
        body["attendees"] = [invited(guest) for guest in action.invite]
    if not action.reminder:
        body["isReminderOn"] = False
    return Request(action.id, Side.OUTLOOK, "POST", url("users", action.mailbox, "events"), body=body)


def _update(action: Action) -> Request:
    if action.event is None:
        raise ValueError(f"Action {action.id} updates an event, and has no content")
    body: dict[str, Any] = {}
    if "title" in action.fields:
        body["subject"] = action.event.title
    if "time" in action.fields:
        body.update(_time(action.event.time, action.zone))
    if "private" in action.fields:
        body["sensitivity"] = _sensitivity(action.event)
    body.update(_body(action))
    people = bool(action.invite or action.uninvite)
    return Request(action.id, Side.OUTLOOK, "PATCH", _path(action), _condition(action), body, read_first=people)


def _delete(action: Action) -> Request:
    return Request(action.id, Side.OUTLOOK, "DELETE", _path(action), _condition(action))


_MAKERS: dict[Verb, Callable[[Action], Request]] = {
    Verb.CREATE: _create,
    Verb.UPDATE: _update,
    Verb.DELETE: _delete,
}


def _path(action: Action) -> str:
    return url("users", action.mailbox, "events", action.target_id)


def _condition(action: Action) -> dict[str, str]:
    return {"If-Match": action.expect} if action.expect else {}


def _body(action: Action) -> dict[str, Any]:
    return {"body": {"contentType": "text", "content": action.body}} if action.body else {}


def _sensitivity(event: Event) -> str:
    return "private" if event.private else "normal"


def _time(time: Time, zone: str) -> dict[str, Any]:
    """start, end and isAllDay as one unit: timed in UTC, all-day at the user's midnights, the end exclusive (F2)."""
    if isinstance(time.start, datetime) and isinstance(time.end, datetime):
        start, end, name = time.start.astimezone(UTC), time.end.astimezone(UTC), "UTC"
    else:
        last = max(time.end, time.start + timedelta(days=1))
        start, end = (datetime.combine(day, datetime.min.time()) for day in (time.start, last))
        name = zones.graph_name(zone or time.zone or "UTC")
    return {"start": _moment(start, name), "end": _moment(end, name), "isAllDay": time.all_day}


def _moment(moment: datetime, zone: str) -> dict[str, str]:
    """Wall time without offset beside its zone, the only form that Graph reads in one way."""
    return {"dateTime": moment.strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": zone}
