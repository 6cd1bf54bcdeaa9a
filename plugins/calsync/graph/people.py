"""A host's attendee list, read, changed by single people, written back: unknown guests survive (RULES E1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from calsync.core.plan import Guest, Request
from calsync.core.text import sound
from calsync.errors import Refused, Remote
from calsync.graph.event import address


def invited(guest: Guest) -> dict[str, Any]:
    """A Guest as Graph's required attendee."""
    named = {"name": guest.name} if guest.name else {}
    return {"type": "required", "emailAddress": {"address": guest.address, **named}}


def people_patch(
    raw: Mapping[str, Any], invite: Iterable[Guest], uninvite: Iterable[str]
) -> list[dict[str, Any]] | None:
    """The attendee list to PATCH onto the raw event as just read; None when it already is as it shall be.

    Whoever is not named stays, with type and name as they are. Answers are left out: writing `status` has sent
    cancellations that nobody asked for (microsoft-graph-docs issue 12500). The organiser is never put on the list.

    Raises Refused for a list that cannot be understood: writing it anew would uninvite people.
    """
    gone = {text.lower() for text in uninvite}
    present = _present(raw)
    kept = [entry for entry in present if address(entry) not in gone]
    taken = {address(entry) for entry in kept} | {address(raw.get("organizer"))}
    added: dict[str, Guest] = {}
    for guest in invite:
        if guest.address.lower() not in taken:
            added.setdefault(guest.address.lower(), guest)
    if len(kept) == len(present) and not added:
        return None
    return [_as_it_is(entry) for entry in kept] + [invited(guest) for guest in added.values()]


def _present(raw: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    attendees = raw.get("attendees", ())
    listed = [] if attendees is None else attendees
    if not isinstance(listed, list) or not all(_understood(entry) for entry in listed):
        raise Refused("The event's attendees cannot be read, so they are not written", Remote("graph", 200))
    return listed


def _understood(entry: object) -> bool:
    holder = entry.get("emailAddress") if isinstance(entry, Mapping) else ()
    return holder is None or (
        isinstance(holder, Mapping) and all(isinstance(value, str | None) for value in holder.values())
    )


def with_people(
    request: Request, raw: Mapping[str, Any], invite: Iterable[Guest], uninvite: Iterable[str]
) -> Request | None:
    """A `read_first` update completed from the raw event as just read; None when nothing is left to write.

    It is bound to that reading by its etag, unless the plan already bound it to an earlier one. Raises Refused.
    """
    people = people_patch(raw, invite, uninvite)
    body = {**request.body, **({} if people is None else {"attendees": people})}
    etag = raw.get("@odata.etag")
    headers = {"If-Match": etag, **request.headers} if isinstance(etag, str) else request.headers
    return replace(request, headers=headers, body=body, read_first=False) if body else None


def _as_it_is(entry: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"type": entry["type"]} if isinstance(entry.get("type"), str) else {}
    if entry.get("emailAddress") is not None:
        said["emailAddress"] = {name: text and sound(text) for name, text in entry["emailAddress"].items()}
    return said
