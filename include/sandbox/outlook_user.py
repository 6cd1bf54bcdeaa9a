"""A person who works in Outlook, through Microsoft Graph."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sandbox.repeat import Repeat

if TYPE_CHECKING:
    from sandbox.client import Sandbox

Json = dict[str, Any]


class OutlookUser:
    """A person who works in Outlook. Ids are immutable ones: of an event, of a series' master, or of one of its dates.

    Every method raises httpx.HTTPStatusError when Graph refuses.
    """

    def __init__(self, sandbox: Sandbox, address: str) -> None:
        self.sandbox = sandbox
        self.address = address

    def request(self, method: str, path: str, body: Any = None, prefer: str = "") -> Any:
        """A Graph call below `/v1.0/me`; returns the JSON body (None when there is none)."""
        wanted = ", ".join(filter(None, ['IdType="ImmutableId"', prefer]))
        headers = {"authorization": f"Bearer user:{self.address}", "prefer": wanted}
        answer = self.sandbox.http.request(method, f"/v1.0/me{path}", json=body, headers=headers)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def create(
        self,
        subject: str,
        start: str,
        end: str,
        *,
        zone: str = "UTC",
        guests: tuple[str, ...] = (),
        recurrence: Repeat | Json | None = None,
        **more: Any,
    ) -> Json:
        """A new event, or with `recurrence` a new series (the answer is its master).

        start, end: ISO wall times in `zone`, without an offset. guests: addresses. more: further Graph properties.
        """
        body = {"subject": subject, **_times(start, end, zone), **more}
        if guests:
            body["attendees"] = [_attendee(address) for address in guests]
        if recurrence is not None:
            body["recurrence"] = _recurrence(recurrence, start)
        event: Json = self.request("POST", "/events", body)
        return event

    def create_all_day(
        self, subject: str, first: date, last: date | None = None, *, zone: str = "UTC", **more: Any
    ) -> Json:
        """An all-day event, or a series of them, on the days from `first` to `last`, both included."""
        after = (last or first) + timedelta(days=1)
        return self.create(subject, _midnight(first), _midnight(after), zone=zone, isAllDay=True, **more)

    def event(self, event_id: str) -> Json:
        event: Json = self.request("GET", f"/events/{quote(event_id)}")
        return event

    def occurrences(self, master_id: str, first: date, last: date) -> list[Json]:
        """What a series shows between two days (UTC, both included), by start; a guest's cancelled dates too."""
        span = f"startDateTime={_midnight(first)}Z&endDateTime={_midnight(last + timedelta(days=1))}Z"
        found = self.request("GET", f"/events/{quote(master_id)}/instances?{span}&$top=1000")["value"]
        return sorted(found, key=lambda one: str(one["start"]["dateTime"]))

    def change(self, event_id: str, **fields: Any) -> Json:
        """Change Graph properties of an event, of a whole series, or of one date of it (an exception)."""
        event: Json = self.request("PATCH", f"/events/{quote(event_id)}", fields)
        return event

    def rename(self, event_id: str, subject: str) -> None:
        self.change(event_id, subject=subject)

    def move(self, event_id: str, start: str, end: str, zone: str = "UTC") -> None:
        """An event or one date of a series, to another time: ISO wall times in `zone`, without an offset."""
        self.change(event_id, **_times(start, end, zone))

    def move_series(self, master_id: str, start: str, end: str, recurrence: Repeat | Json, zone: str = "UTC") -> Json:
        """A whole series to another time and rule; its exceptions are gone then."""
        return self.change(master_id, **_times(start, end, zone), recurrence=_recurrence(recurrence, start))

    def make_series(self, event_id: str, recurrence: Repeat | Json) -> Json:
        """Let a single event repeat, or a series by another rule; it begins where it is."""
        return self.change(event_id, recurrence=_recurrence(recurrence, self._own_start(event_id)))

    def end_series(self, master_id: str, last: date) -> Json:
        """Cut a series after its date `last` (what Outlook does first when one changes "this and following")."""
        rule = self.event(master_id)["recurrence"]
        limits = rule["range"] | {"type": "endDate", "endDate": last.isoformat()}
        return self.change(master_id, recurrence={"pattern": rule["pattern"], "range": limits})

    def make_single(self, master_id: str) -> Json:
        """Let a series be a single event again, at its first date."""
        return self.change(master_id, recurrence=None)

    def invite(self, event_id: str, *addresses: str) -> None:
        """Add guests to those who are there; to an event, a whole series or one date of it."""
        guests = self.event(event_id)["attendees"]
        self.change(event_id, attendees=[*guests, *(_attendee(address) for address in addresses)])

    def uninvite(self, event_id: str, *addresses: str) -> None:
        """Take guests off an event, a whole series or one date of it."""
        off = {address.lower() for address in addresses}
        guests = self.event(event_id)["attendees"]
        self.change(event_id, attendees=[g for g in guests if g["emailAddress"]["address"].lower() not in off])

    def cancel(self, event_id: str, comment: str = "") -> None:
        """As the organiser, telling the guests; an event, a whole series or one date of it."""
        self.request("POST", f"/events/{quote(event_id)}/cancel", {"comment": comment})

    def delete(self, event_id: str) -> None:
        """An event, a whole series by its master's id, or one date of it. The organiser's guests are told."""
        self.request("DELETE", f"/events/{quote(event_id)}")

    remove = delete

    def respond(self, event_id: str, answer: str, *, send: bool = True) -> None:
        """`answer` is accept, decline or tentativelyAccept; to an event, a whole series or one date of it."""
        self.request("POST", f"/events/{quote(event_id)}/{answer}", {"sendResponse": send})

    def accept(self, event_id: str, *, send: bool = True) -> None:
        self.respond(event_id, "accept", send=send)

    def decline(self, event_id: str, *, send: bool = True) -> None:
        self.respond(event_id, "decline", send=send)

    def _own_start(self, event_id: str) -> str:
        """When an event starts, as wall time in its own zone."""
        zone = self.event(event_id)["originalStartTimeZone"]
        shown = self.request("GET", f"/events/{quote(event_id)}", prefer=f'outlook.timezone="{zone}"')
        return str(shown["start"]["dateTime"])


def _times(start: str, end: str, zone: str) -> Json:
    return {"start": {"dateTime": start, "timeZone": zone}, "end": {"dateTime": end, "timeZone": zone}}


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00"


def _attendee(address: str) -> Json:
    return {"type": "required", "emailAddress": {"address": address}}


def _recurrence(rule: Repeat | Json, start: str) -> Json:
    """`rule` as Graph has it; one that says no beginning begins at `start`."""
    return rule.starting(date.fromisoformat(start[:10])) if isinstance(rule, Repeat) else rule
