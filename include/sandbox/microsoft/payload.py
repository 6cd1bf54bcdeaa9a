"""What a client may write to an event: each property checked and brought into the form that is stored.

Unknown properties are refused as Graph refuses them, read-only ones are ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.microsoft import content
from sandbox.microsoft.errors import invalid_property, invalid_request, unreadable_body
from sandbox.microsoft.zones import Moment

NEVER = "0001-01-01T00:00:00Z"
_SUBJECT_CHARS = 255
_MOST_ATTENDEES = 500

_ENUMS = {
    "importance": ("low", "normal", "high"),
    "sensitivity": ("normal", "personal", "private", "confidential"),
    "showAs": ("unknown", "free", "tentative", "busy", "oof", "workingElsewhere"),
    "onlineMeetingProvider": ("unknown", "teamsForBusiness", "skypeForBusiness", "skypeForConsumer"),
}
_BOOLEANS = (
    "isAllDay",
    "isDraft",
    "isReminderOn",
    "responseRequested",
    "allowNewTimeProposals",
    "hideAttendees",
    "isOnlineMeeting",
)
_READ_ONLY = {
    "id",
    "createdDateTime",
    "lastModifiedDateTime",
    "changeKey",
    "originalStart",
    "originalStartTimeZone",
    "originalEndTimeZone",
    "iCalUId",
    "uid",
    "occurrenceId",
    "bodyPreview",
    "isCancelled",
    "isOrganizer",
    "organizer",
    "responseStatus",
    "seriesMasterId",
    "type",
    "webLink",
    "onlineMeeting",
    "onlineMeetingUrl",
    "hasAttachments",
    "cancelledOccurrences",
    "exceptionOccurrences",
    "attachments",
    "calendar",
    "extensions",
    "instances",
    "multiValueExtendedProperties",
}
MAILED = {"subject", "start", "end", "isAllDay", "location", "locations", "body", "recurrence", "sensitivity"}
"""Properties whose change is told to every attendee."""


def defaults() -> dict[str, Any]:
    """The properties of an event of which nothing was said."""
    return {
        "subject": None,
        "body": content.rewritten(None),
        "importance": "normal",
        "sensitivity": "normal",
        "isAllDay": False,
        "isCancelled": False,
        "isDraft": False,
        "responseRequested": True,
        "allowNewTimeProposals": True,
        "hideAttendees": False,
        "showAs": "busy",
        "categories": [],
        "isReminderOn": True,
        "reminderMinutesBeforeStart": 15,
        "hasAttachments": False,
        "isOnlineMeeting": False,
        "onlineMeetingProvider": "unknown",
        "onlineMeeting": None,
        "onlineMeetingUrl": None,
        "responseStatus": {"response": "none", "time": NEVER},
        "attendees": [],
        **_location(None),
    }


@dataclass
class Draft:
    """A checked request body: what it sets, and which of Graph's properties it names."""

    props: dict[str, Any] = field(default_factory=dict)
    start: Moment | None = None
    end: Moment | None = None
    recurrence: dict[str, Any] | None = None
    transaction_id: str | None = None
    extended: dict[str, str] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)


def read(body: dict[str, Any]) -> Draft:
    """Check `body`. Raises GraphError."""
    draft = Draft()
    for name, value in body.items():
        if "@odata." in name or name in _READ_ONLY:
            continue
        draft.named.add(name)
        if name in _MOMENTS:
            setattr(draft, name, Moment.parse(value))
        elif name in _SETTERS:
            draft.props |= _SETTERS[name](name, value)
        else:
            _special(draft, name, value)
    return draft


def _special(draft: Draft, name: str, value: Any) -> None:
    if name == "recurrence":
        draft.recurrence = value
    elif name == "transactionId":
        draft.transaction_id = value
    elif name == "singleValueExtendedProperties":
        draft.extended = _extended(value)
    else:
        message = (
            f"The property '{name}' does not exist on type 'microsoft.graph.event'. Make sure to only use property"
        )
        raise unreadable_body(f"{message} names that are defined by the type.")


def _subject(name: str, value: Any) -> dict[str, Any]:
    if value is not None and not isinstance(value, str):
        raise unreadable_body("Cannot convert a value to target type 'Edm.String' for subject.")
    if value and len(value) > _SUBJECT_CHARS:
        raise invalid_property(f"subject is longer than {_SUBJECT_CHARS} characters.")
    return {name: value}


def _boolean(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, bool):
        raise unreadable_body(f"Cannot convert the literal '{value}' to the expected type 'Edm.Boolean' for {name}.")
    return {name: value}


def _enum(name: str, value: Any) -> dict[str, Any]:
    for known in _ENUMS[name]:
        if isinstance(value, str) and value.lower() == known.lower():
            return {name: known}
    raise unreadable_body(f"Requested value '{value}' was not found for {name}.")


def _minutes(name: str, value: Any) -> dict[str, Any]:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise unreadable_body(f"Cannot convert the literal '{value}' to the expected type 'Edm.Int32' for {name}.")
    return {name: value or 0}


def _categories(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise unreadable_body("categories must be an array of strings.")
    return {name: value}


def _body(name: str, value: Any) -> dict[str, Any]:
    return {name: content.rewritten(value)}


def _place(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise unreadable_body("A location must be an object.")
    name = given.get("displayName") or ""
    known = {"displayName": name, "locationType": "default"}
    unique = {"uniqueId": name, "uniqueIdType": "private"} if name else {"uniqueIdType": "unknown"}
    return known | unique | {k: v for k, v in given.items() if v is not None and "@odata." not in k}


def _location(given: Any) -> dict[str, Any]:
    place = _place(given or {})
    return {"location": place, "locations": [place] if place["displayName"] else []}


def _one_location(_: str, value: Any) -> dict[str, Any]:
    return _location(value)


def _locations(_: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, list):
        raise unreadable_body("locations must be an array.")
    places = [_place(one) for one in value]
    title = "; ".join(place["displayName"] for place in places)
    return {"location": _place({"displayName": title}), "locations": places}


def _attendees(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, list):
        raise unreadable_body("attendees must be an array.")
    if len(value) > _MOST_ATTENDEES:
        raise invalid_request(f"An event can have at most {_MOST_ATTENDEES} attendees.")
    people = [attendee(one) for one in value]
    return {name: list({one["emailAddress"]["address"].lower(): one for one in reversed(people)}.values())[::-1]}


def attendee(given: Any) -> dict[str, Any]:
    """One attendee as stored: nobody has answered yet. Raises GraphError."""
    email = given.get("emailAddress") if isinstance(given, dict) else None
    address = email.get("address") if isinstance(email, dict) else None
    if not isinstance(address, str) or "@" not in address.strip("@"):
        raise invalid_request("An attendee needs a valid e-mail address.")
    kind = str(given.get("type") or "required").lower()
    if kind not in ("required", "optional", "resource"):
        raise unreadable_body(f"Requested value '{kind}' was not found for attendeeType.")
    return {
        "type": kind,
        "status": {"response": "none", "time": NEVER},
        "emailAddress": {"name": (email or {}).get("name") or address, "address": address},
    }


def _extended(value: Any) -> dict[str, str]:
    if not isinstance(value, list):
        raise unreadable_body("singleValueExtendedProperties must be an array.")
    found = {}
    for one in value:
        if not isinstance(one, dict) or not isinstance(one.get("id"), str) or not isinstance(one.get("value"), str):
            raise unreadable_body("A single-value extended property needs an id and a value, both strings.")
        found[one["id"]] = one["value"]
    return found


_MOMENTS = ("start", "end")
_SETTERS: dict[str, Callable[[str, Any], dict[str, Any]]] = {
    "subject": _subject,
    "body": _body,
    "categories": _categories,
    "reminderMinutesBeforeStart": _minutes,
    "location": _one_location,
    "locations": _locations,
    "attendees": _attendees,
    **dict.fromkeys(_ENUMS, _enum),
    **dict.fromkeys(_BOOLEANS, _boolean),
}
