"""What can be done with an event: create, read, change, delete, cancel, move, answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.microsoft import dates, delivery, payload, rewriting, series
from sandbox.microsoft.call import Answer, Call
from sandbox.microsoft.compose import apply, new_event
from sandbox.microsoft.errors import (
    duplicate_transaction,
    etag_mismatch,
    invalid_request,
    is_organizer,
    item_not_found,
    not_organizer,
)
from sandbox.microsoft.items import Event, Occurrence
from sandbox.microsoft.payload import Draft
from sandbox.microsoft.render import etag, extended, shown
from sandbox.microsoft.zones import Moment, format_stamp

if TYPE_CHECKING:
    from sandbox.microsoft.mailbox import Mailbox
    from sandbox.microsoft.state import Microsoft

_ANSWERS = {
    "accept": ("accepted", None),
    "tentativelyaccept": ("tentativelyAccepted", "tentative"),
    "decline": ("declined", "free"),
}


def context(call: Call, box: Mailbox, fragment: str) -> str:
    return f"{call.root}/$metadata#users('{box.id}')/{fragment}"


def selected(call: Call) -> list[str] | None:
    """The names in `$select`, or None when everything is wanted."""
    names = call.query.get("$select")
    return [name.strip() for name in names.split(",") if name.strip()] if names else None


def expanded_ids(call: Call) -> set[str] | None:
    """The extended properties that `$expand` asks for, in lower case; None when it asks for none."""
    text = call.query.get("$expand", "")
    if "singlevalueextendedproperties" not in text.lower():
        return None
    found = re.findall(r"id\s+eq\s+'((?:[^']|'')*)'", text, re.IGNORECASE)
    return {name.replace("''", "'").lower() for name in found}


def as_answered(call: Call, item: Event | Occurrence) -> dict[str, Any]:
    """`item` with what the request selects and expands."""
    body = shown(item, call.prefer, selected(call))
    wanted = expanded_ids(call)
    if wanted is not None and (properties := extended(item, wanted)):
        body["singleValueExtendedProperties"] = properties
    return body


def _entity(call: Call, box: Mailbox, item: Event | Occurrence, status: int = 200) -> Answer:
    names = selected(call)
    fragment = f"events({','.join(names)})/$entity" if names else "events/$entity"
    body = {"@odata.context": context(call, box, fragment), **as_answered(call, item)}
    return Answer(status, body)


def _log(ms: Microsoft, call: Call, action: str, event: Event) -> None:
    ms.world.write("graph", action, kind="event", id=event.immutable_id, actor=call.actor, owner=event.mailbox.address)


def _check_etag(call: Call, item: Event | Occurrence) -> None:
    expected = call.headers.get("if-match")
    if expected and expected != "*" and expected != etag(item):
        raise etag_mismatch()


def create(ms: Microsoft, box: Mailbox, call: Call, calendar_id: str | None = None) -> Answer:
    """POST …/events: 201. The same `transactionId` with the same content gives the event that it made before."""
    calendar_id = box.calendar(calendar_id) if calendar_id else box.main_calendar
    body = call.json_object()
    draft = payload.read(body)
    earlier = box.by_transaction.get(draft.transaction_id or "")
    if earlier is not None:
        if earlier.deleted or earlier.first_request != body:
            raise duplicate_transaction(ms.quirks.duplicate_transaction_status)
        return _entity(call, box, earlier, 201)
    rewriting.at_once(ms, draft)
    event = new_event(ms, box, draft, calendar_id)
    event.first_request = body if draft.transaction_id else None
    box.add(event, ms.now)
    _log(ms, call, "create", event)
    if event.tells_people:
        delivery.invite(ms, event, delivery.recipients(event))
    answer = _entity(call, box, event, 201)
    rewriting.late(ms, event)
    return answer


def read(_: Microsoft, box: Mailbox, call: Call, event_id: str) -> Answer:
    return _entity(call, box, box.find(event_id))


def update(ms: Microsoft, box: Mailbox, call: Call, event_id: str) -> Answer:
    """PATCH: 200 with the whole event; 412 when `If-Match` names another state."""
    item = box.find(event_id)
    _check_etag(call, item)
    draft = payload.read(call.json_object())
    rewriting.at_once(ms, draft)
    if isinstance(item, Occurrence):
        series.update_occurrence(ms, item, draft)
    else:
        _update_event(ms, item, draft)
    _log(ms, call, "update", item.master if isinstance(item, Occurrence) else item)
    answer = _entity(call, box, item)
    rewriting.late(ms, item)
    return answer


def _update_event(ms: Microsoft, event: Event, draft: Draft) -> None:
    before, was_draft = delivery.recipients(event), event.props["isDraft"]
    of_dates = dates.guests_of_dates(event)
    moved = apply(ms, event, draft)
    event.mailbox.touch(event, ms.now)
    delivery.changed(ms, event, draft.named, [] if was_draft else before, moved=moved)
    dates.series_changed(ms, event, draft.named, of_dates)


def delete(ms: Microsoft, box: Mailbox, call: Call, event_id: str) -> Answer:
    """DELETE: 204. The organiser's deletion cancels the meeting, an attendee's removes that copy only."""
    item = box.find(event_id)
    _check_etag(call, item)
    _remove(ms, item)
    _log(ms, call, "delete", item.master if isinstance(item, Occurrence) else item)
    return Answer(204)


def _remove(ms: Microsoft, item: Event | Occurrence) -> None:
    if isinstance(item, Occurrence):
        series.remove_occurrence(ms, item)
        return
    if item.tells_people:
        delivery.cancel(ms, item, delivery.recipients(item))
        for one, invited in dates.guests_of_dates(item).items():
            dates.withdraw(ms, one, invited)
    item.mailbox.remove(item, ms.now)


def cancel(ms: Microsoft, box: Mailbox, call: Call, event_id: str) -> Answer:
    """POST …/cancel: 202, for the organiser only. Without attendees it deletes (the documentation is silent)."""
    item = box.find(event_id)
    event = item.master if isinstance(item, Occurrence) else item
    if not event.is_organizer:
        raise not_organizer()
    _remove(ms, item)
    _log(ms, call, "cancel", event)
    return Answer(202)


def move(ms: Microsoft, box: Mailbox, call: Call, event_id: str) -> Answer:
    """POST …/move {"destinationId"}: what a user does by dragging an event to another calendar (undocumented in v1.0).

    An event in the deleted items is found by its immutable id and comes back with a new ordinary id.
    """
    target = box.calendar(str(call.json_object().get("destinationId")))
    event = next((gone for gone in box.gone if gone.immutable_id == event_id), None)
    if event is not None:
        _restore(ms, box, event)
    else:
        found = box.find(event_id)
        if isinstance(found, Occurrence):
            raise invalid_request("An occurrence cannot be moved to another calendar.")
        event = found
    box.move(event, target, ms.now)
    _log(ms, call, "update", event)
    return _entity(call, box, event, 201)


def _restore(ms: Microsoft, box: Mailbox, event: Event) -> None:
    box.gone.remove(event)
    event.deleted = False
    box.add(event, ms.now)


def answer_invitation(ms: Microsoft, box: Mailbox, call: Call, event_id: str, verb: str) -> Answer:
    """POST …/accept, …/tentativelyAccept, …/decline: 202; 400 for the organiser."""
    item = box.find(event_id)
    event = item.master if isinstance(item, Occurrence) else item
    if event.is_organizer:
        raise is_organizer()
    body = {name.lower(): value for name, value in (call.body or {}).items()}
    by_mail = str(body.get("sendresponse", True)).lower() != "false"
    status = _status(ms, event, verb, body.get("proposednewtime"), by_mail=by_mail)
    shows = _ANSWERS[verb][1] or (event.source.props["showAs"] if event.source else "busy")
    own = {"responseStatus": status["status"], "showAs": shows}
    day = item.day if isinstance(item, Occurrence) else event.source_day
    if isinstance(item, Occurrence):
        series.set_own(ms, item, own)
    else:
        event.props = event.props | own
        box.touch(event, ms.now)
    delivery.answered(ms, event, status, day, by_mail=by_mail)
    if verb == "decline" and ms.quirks.declined_disappear:
        _leave(ms, item)
    _log(ms, call, "respond", event)
    return Answer(202)


def _leave(ms: Microsoft, item: Event | Occurrence) -> None:
    """A declined event, or date of a series, leaves the calendar."""
    if isinstance(item, Occurrence):
        series.remove_occurrence(ms, item)
    else:
        item.mailbox.remove(item, ms.now)


def _status(ms: Microsoft, event: Event, verb: str, proposal: Any, *, by_mail: bool) -> dict[str, Any]:
    status: dict[str, Any] = {"status": {"response": _ANSWERS[verb][0], "time": format_stamp(ms.now)}}
    if proposal is None:
        return status
    if not by_mail or not event.props["allowNewTimeProposals"]:
        raise invalid_request("A new time can be proposed only with a response, to a meeting that allows proposals.")
    given = {name.lower(): value for name, value in proposal.items()} if isinstance(proposal, dict) else {}
    times = {name: Moment.parse(given.get(name)).shown("UTC") for name in ("start", "end")}
    return status | {"proposedNewTime": times}


def calendar_of(box: Mailbox, call: Call, calendar_id: str) -> dict[str, Any]:
    """A calendar as Graph describes it."""
    if calendar_id not in box.calendars:
        raise item_not_found()
    return {
        "@odata.id": f"{call.root}/users('{box.id}')/calendars('{calendar_id}')",
        "id": calendar_id,
        "name": box.calendars[calendar_id],
        "color": "auto",
        "changeKey": "nfZyf7VcrEKLNoU37KWlkQAAA0x0+w==",
        "canShare": True,
        "canViewPrivateItems": True,
        "hexColor": "",
        "canEdit": True,
        "isDefaultCalendar": calendar_id == box.main_calendar,
        "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness",
        "isTallyingResponses": True,
        "isRemovable": calendar_id != box.main_calendar,
        "owner": box.person,
    }
