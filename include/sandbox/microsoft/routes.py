"""Which of the paths below `/v1.0` is served by what.

A mailbox's events are reached by three ways (`events`, `calendar/events`, `calendars/{id}/events`), so is its view.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.microsoft import delta, events, views, zones
from sandbox.microsoft.call import Answer, Call
from sandbox.microsoft.errors import GraphError, invalid_request, method_not_allowed, unknown_segment

if TYPE_CHECKING:
    from sandbox.microsoft.mailbox import Mailbox
    from sandbox.microsoft.state import Microsoft

Handler = Callable[["Microsoft", "Mailbox", Call], Answer]


@dataclass(frozen=True)
class Target:
    """What a path below a mailbox leads to. `shape` has `*` for ids."""

    shape: str
    calendar_id: str | None = None
    event_id: str = ""


def target(rest: list[str]) -> Target:
    """Read the path segments behind `/users/{id}` or `/me`."""
    calendar_id = None
    names = [segment.lower() for segment in rest]
    if len(rest) > 1 and names[0] == "calendar":
        rest, names = rest[1:], names[1:]
    elif len(rest) > 2 and names[0] == "calendars":
        calendar_id = rest[1]
        rest, names = rest[2:], names[2:]
    if names[:1] == ["events"] and len(rest) > 1 and not names[1].startswith("delta"):
        return Target("/".join(["events", "*", *names[2:]]), calendar_id, rest[1])
    if names[:1] == ["calendars"] and len(rest) == 2:
        return Target("calendars/*", rest[1])
    if len(names) > 1 and names[1] == "delta()":
        names[1] = "delta"
    return Target("/".join(names), calendar_id)


def handler(method: str, to: Target) -> Handler:
    """What serves `method` on `to`. Raises GraphError (BadRequest, or 405 for another method)."""
    if to.shape.startswith("outlook/supportedtimezones"):
        return _time_zones(iana="'iana'" in to.shape)
    found = _ROUTES.get(to.shape)
    if found is None:
        raise unknown_segment(to.shape.split("/")[-1])
    if method not in found:
        raise method_not_allowed()
    make = found[method]
    return make(to)


def _by_calendar(serve: Callable[..., Answer]) -> Callable[[Target], Handler]:
    return lambda to: lambda ms, box, call: serve(ms, box, call, to.calendar_id)


def _by_event(serve: Callable[..., Answer], *more: Any) -> Callable[[Target], Handler]:
    return lambda to: lambda ms, box, call: serve(ms, box, call, to.event_id, *more)


def _time_zones(*, iana: bool) -> Handler:
    names = zones.iana_names() if iana else zones.windows_names()

    def serve(_: Microsoft, __: Mailbox, call: Call) -> Answer:
        value = [{"alias": name, "displayName": name} for name in names]
        context = f"{call.root}/$metadata#Collection(microsoft.graph.timeZoneInformation)"
        return Answer(200, {"@odata.context": context, "value": value})

    return serve


def _calendar(_: Microsoft, box: Mailbox, call: Call, calendar_id: str | None) -> Answer:
    body = events.calendar_of(box, call, calendar_id or box.main_calendar)
    return Answer(200, {"@odata.context": events.context(call, box, "calendars/$entity"), **body})


def _calendars(_: Microsoft, box: Mailbox, call: Call, __: str | None) -> Answer:
    value = [events.calendar_of(box, call, calendar_id) for calendar_id in box.calendars]
    return Answer(200, {"@odata.context": events.context(call, box, "calendars"), "value": value})


def _new_calendar(_: Microsoft, box: Mailbox, call: Call, __: str | None) -> Answer:
    name = call.json_object().get("name")
    if not isinstance(name, str) or not name:
        raise invalid_request("A calendar needs a name.")
    if name in box.calendars.values():
        raise GraphError(409, "ErrorFolderExists", "A folder with the specified name already exists.")
    return Answer(201, events.calendar_of(box, call, box.add_calendar(name)))


def _translate(_: Microsoft, box: Mailbox, call: Call, __: str | None) -> Answer:
    """POST …/translateExchangeIds: ordinary and immutable ids into each other, up to 1000 at once."""
    body = call.json_object()
    given, immutable = body.get("inputIds") or [], "immutable" in str(body.get("targetIdType", "")).lower()
    if not isinstance(given, list) or len(given) > 1000:
        raise invalid_request("inputIds must be an array of at most 1000 ids.")
    found = [(one, box.by_id.get(one)) for one in given]
    value = [
        {"sourceId": one, "targetId": event.immutable_id if immutable else event.ordinary_id}
        for one, event in found
        if event
    ]
    return Answer(200, {"value": value})


_EVENTS: dict[str, Callable[[Target], Handler]] = {
    "GET": _by_calendar(views.list_events),
    "POST": _by_calendar(events.create),
}
_EVENT: dict[str, Callable[[Target], Handler]] = {
    "GET": _by_event(events.read),
    "PATCH": _by_event(events.update),
    "DELETE": _by_event(events.delete),
}
_ROUTES: dict[str, dict[str, Callable[[Target], Handler]]] = {
    "calendar": {"GET": _by_calendar(_calendar)},
    "calendars": {"GET": _by_calendar(_calendars), "POST": _by_calendar(_new_calendar)},
    "calendars/*": {"GET": _by_calendar(_calendar)},
    "events": _EVENTS,
    "events/delta": {"GET": _by_calendar(delta.unsupported)},
    "events/*": _EVENT,
    "events/*/instances": {"GET": _by_event(views.instances)},
    "events/*/cancel": {"POST": _by_event(events.cancel)},
    "events/*/move": {"POST": _by_event(events.move)},
    **{
        f"events/*/{verb}": {"POST": _by_event(events.answer_invitation, verb)}
        for verb in ("accept", "tentativelyaccept", "decline")
    },
    "calendarview": {"GET": _by_calendar(views.calendar_view)},
    "calendarview/delta": {"GET": _by_calendar(delta.delta)},
    "translateexchangeids": {"POST": _by_calendar(_translate)},
}
