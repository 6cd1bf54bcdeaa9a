"""People at work: a few edits on both sides, through the same APIs their programs use.

Each edit takes the next future meeting that suits it and that no other edit took, so that all can be done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.meetings import dates
from sandbox.client import Sandbox

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(slots=True)
class _Desk:
    """What the edits work on: the sandbox, its state and time, the calendar's name, and the meetings already taken."""

    sandbox: Sandbox
    state: dict[str, Any]
    calendar: str
    now: datetime
    taken: set[str] = field(default_factory=set)

    def hosted(self, *, guests: bool) -> Iterator[tuple[str, dict[str, Any]]]:
        """Single future events that a mailbox's own user made, with or without guests; with their mailbox."""
        found = [
            (mailbox, event)
            for mailbox, box in self.state["outlook"]["mailboxes"].items()
            for event in box["events"]
            if box["state"] == "ok" and self._usable(event) and bool(event["attendees"]) == guests
        ]
        yield from sorted(found, key=lambda pair: pair[1]["start"]["dateTime"])

    def series_dates(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Future dates of the series that a mailbox's own user made; with their mailbox."""
        for mailbox, box in self.state["outlook"]["mailboxes"].items():
            for event in box["events"]:
                if box["state"] == "ok" and event["type"] == "seriesMaster" and event["isOrganizer"]:
                    yield from ((mailbox, one) for one in dates(event) if _moment(one["start"]) > self.now + _DAY)

    def records(self) -> Iterator[dict[str, Any]]:
        """Future ShareCRM records of the calendar that were made there, by start."""
        boxes = self.state["outlook"]["mailboxes"].values()
        from_outlook = {
            one["subject"] for box in boxes for event in box["events"] if not _marked(event) for one in dates(event)
        }
        found = [
            record
            for record in self.state["sharecrm"]["events"]
            if not record["deleted"]
            and record["calendar"] == self.calendar
            and record["content"] not in from_outlook
            and not record["all_day"]
            and not record["private"]
            and record["id"] not in self.taken
            and datetime.fromisoformat(record["start"]) > self.now + _DAY
        ]
        yield from sorted(found, key=lambda record: str(record["start"]))

    def contacts(self) -> list[dict[str, Any]]:
        """Contacts that can be invited."""
        return [one for one in self.state["sharecrm"]["contacts"] if one["email"] and not one["deleted"]]

    def _usable(self, event: dict[str, Any]) -> bool:
        return (
            not event["deleted"]
            and event["isOrganizer"]
            and not event["isAllDay"]
            and event["type"] == "singleInstance"
            and event["sensitivity"] == "normal"
            and not _marked(event)
            and event["id"] not in self.taken
            and _moment(event["start"]) > self.now + _DAY
        )


def make_edits(sandbox: Sandbox, calendar: str) -> list[str]:
    """Do the edits; returns what was done, a sentence each."""
    now = datetime.fromisoformat(sandbox.clock()["now"])
    desk = _Desk(sandbox, sandbox.state(), calendar, now)
    return [sentence for edit in _EDITS if (sentence := edit(desk))]


def _move(desk: _Desk) -> str | None:
    for mailbox, event in desk.hosted(guests=True):
        desk.taken.add(event["id"])
        start, end = _moment(event["start"]) + _HOUR, _moment(event["end"]) + _HOUR
        desk.sandbox.as_user(mailbox).move(event["id"], _graph(start), _graph(end))
        return f"In Outlook, {mailbox} moves '{event['subject']}' an hour later."
    return None


def _move_date(desk: _Desk) -> str | None:
    for mailbox, one in desk.series_dates():
        start, end = _moment(one["start"]) + _HOUR, _moment(one["end"]) + _HOUR
        desk.sandbox.as_user(mailbox).move(one["id"], _graph(start), _graph(end))
        return f"In Outlook, {mailbox} moves '{one['subject']}' of {start:%d %B} an hour later, and no other date."
    return None


def _add_guest(desk: _Desk) -> str | None:
    for mailbox, event in desk.hosted(guests=True):
        present = {guest["emailAddress"]["address"].lower() for guest in event["attendees"]}
        for contact in desk.contacts():
            if contact["email"].lower() not in present:
                desk.taken.add(event["id"])
                desk.sandbox.as_user(mailbox).invite(event["id"], contact["email"])
                return f"In Outlook, {mailbox} invites {contact['name']} to '{event['subject']}'."
    return None


def _cancel_event(desk: _Desk) -> str | None:
    for mailbox, event in desk.hosted(guests=False):
        desk.taken.add(event["id"])
        desk.sandbox.as_user(mailbox).delete(event["id"])
        return f"In Outlook, {mailbox} deletes '{event['subject']}'."
    return None


def _new_event(desk: _Desk) -> str | None:
    boxes = desk.state["outlook"]["mailboxes"].items()
    mailbox = next(address for address, box in boxes if box["state"] == "ok")
    guest, start = desk.contacts()[0], _next_morning(desk.now)
    attendees = [{"type": "required", "emailAddress": {"address": guest["email"], "name": guest["name"]}}]
    desk.sandbox.as_user(mailbox).create(
        f"Coffee with {guest['name']}", _graph(start), _graph(start + _HOUR), attendees=attendees
    )
    return f"In Outlook, {mailbox} makes 'Coffee with {guest['name']}' and invites the contact."


def _rename(desk: _Desk) -> str | None:
    for record in desk.records():
        desk.taken.add(record["id"])
        title = f"{record['content'][:100]} (confirmed)"
        desk.sandbox.as_employee(record["owner"]).rename(record["id"], title)
        return f"In ShareCRM, employee {record['owner']} renames '{record['content'][:60]}' to '{title[:80]}'."
    return None


def _cancel_record(desk: _Desk) -> str | None:
    for record in desk.records():
        desk.taken.add(record["id"])
        desk.sandbox.as_employee(record["owner"]).cancel(record["id"])
        return f"In ShareCRM, employee {record['owner']} cancels '{record['content'][:60]}'."
    return None


def _new_record(desk: _Desk) -> str | None:
    owner = next(employee["id"] for employee in desk.state["sharecrm"]["employees"] if not employee["stopped"])
    contact, start = desk.contacts()[-1], _next_morning(desk.now) + 2 * _HOUR
    desk.sandbox.as_employee(owner).create(
        f"Renewal talk with {contact['name']}",
        start,
        start + _HOUR,
        participants=[owner],
        contacts=[contact["id"]],
        calendar=desk.calendar,
    )
    return f"In ShareCRM, employee {owner} makes 'Renewal talk with {contact['name']}' with the contact on it."


_EDITS: list[Callable[[_Desk], str | None]] = [
    _move,
    _move_date,
    _add_guest,
    _cancel_event,
    _new_event,
    _rename,
    _cancel_record,
    _new_record,
]


def _moment(stamp: dict[str, str]) -> datetime:
    """A Graph time of the sandbox's state, which is in UTC."""
    return datetime.fromisoformat(stamp["dateTime"]).replace(tzinfo=UTC)


def _marked(event: dict[str, Any]) -> bool:
    """Whether a program, not a person, made the event."""
    return bool(event["singleValueExtendedProperties"])


def _graph(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()


def _next_morning(now: datetime) -> datetime:
    return (now + 2 * _DAY).replace(hour=1, minute=0, second=0, microsecond=0)
