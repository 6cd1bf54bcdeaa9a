"""What the sandbox's two systems hold, read from `GET /_control/state` into one shape.

Nothing here knows calsync: it is the second opinion on what calsync did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Json = Mapping[str, Any]

EMPTY_TITLE = "(no title)"

_PATTERNS = {"daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"}


@dataclass(frozen=True, slots=True)
class Rules:
    """The part of a tenant's rules that agreement depends on.

    calendar: the name in ShareCRM's Calendar field; first, last: the window's days in `zone`; empty_title: what
    ShareCRM shows for an Outlook event without a title.
    """

    calendar: str
    zone: ZoneInfo
    first: date
    last: date
    empty_title: str = EMPTY_TITLE


@dataclass(frozen=True, slots=True)
class Meeting:
    """One appearance of a meeting: a ShareCRM record, or an event in one mailbox.

    start, end: ISO dates of the first and last day of an all-day event, else ISO instants in UTC to the second.
    people: of a record its employees' ids; of an event the addresses on it, in lower case, the organiser's included.
    contacts: a record's contact ids. group: what Outlook's copies of one event have in common.
    unread: one date of a series whose rule nobody but Outlook can read, so that it may be missing in ShareCRM.
    """

    id: str
    where: str
    title: str
    start: str
    end: str
    all_day: bool
    private: bool
    people: frozenset[str]
    contacts: frozenset[str] = frozenset()
    group: str = ""
    hosted: bool = False
    marked: bool = False
    unread: bool = False


@dataclass(frozen=True, slots=True)
class People:
    """Who is who. connected: mailbox of each employee who takes part; employees and contacts: ids by address."""

    connected: Mapping[str, str]
    employees: Mapping[str, str]
    contacts: Mapping[str, frozenset[str]]
    internal: frozenset[str]


def read_people(state: Json, users: list[dict[str, Any]]) -> People:
    """Who is who, from the state and Microsoft's directory (`GET /users` with mail, names and addresses)."""
    boxes = state["outlook"]["mailboxes"]
    members = [user for user in users if user["userType"] == "Member"]
    by_address = {address: user for user in members for address in _addresses(user)}
    states = {box["id"]: (name, box["state"]) for name, box in boxes.items()}
    connected: dict[str, str] = {}
    employees: dict[str, str] = {}
    for employee in state["sharecrm"]["employees"]:
        address = employee["email"].lower()
        employees[address] = employee["id"]
        if user := by_address.get(address):
            employees |= dict.fromkeys(_addresses(user), employee["id"])
            mailbox, condition = states[user["id"]]
            if not employee["stopped"] and condition == "ok":
                connected[employee["id"]] = mailbox
    contacts: dict[str, frozenset[str]] = {}
    for contact in state["sharecrm"]["contacts"]:
        if contact["email"] and not contact["deleted"]:
            address = contact["email"].lower()
            contacts[address] = contacts.get(address, frozenset()) | {contact["id"]}
    return People(connected, employees, contacts, frozenset(by_address))


def records(state: Json, rules: Rules) -> list[Meeting]:
    """ShareCRM's living records of the calendar, in the window."""
    found = (_record(event) for event in state["sharecrm"]["events"] if _in_scope(event, rules))
    return [meeting for meeting in found if _in_window(meeting, rules)]


def events(state: Json, mailbox: str, people: People, rules: Rules) -> list[Meeting]:
    """A mailbox's living events that an internal person organises, in the window; of a series each date by itself."""
    box = state["outlook"]["mailboxes"][mailbox]
    return list(_events(box["events"], mailbox, people, rules))


def _events(found: list[dict[str, Any]], mailbox: str, people: People, rules: Rules) -> Iterator[Meeting]:
    for event in found:
        organiser = _address(event["organizer"]) or mailbox
        if event["deleted"] or event["isCancelled"] or event["isDraft"] or organiser not in people.internal:
            continue
        for one in dates(event):
            meeting = _event(one, mailbox, organiser, rules)
            if _in_window(meeting, rules):
                yield meeting


def dates(event: dict[str, Any]) -> list[dict[str, Any]]:
    """What of a mailbox's event is one meeting each: itself, or the dates of a series that still take place."""
    if event["type"] != "seriesMaster":
        return [event]
    return [event | one for one in event["occurrences"] if not one["isCancelled"]]


def _unread(event: Json) -> bool:
    """Whether `event` belongs to a series whose rule is none that Graph documents."""
    if "occurrences" not in event:
        return False
    rule = event["recurrence"] or {"pattern": {}}
    return rule["pattern"].get("type") not in _PATTERNS


def plain(text: str) -> str:
    """Text with single spaces and none around it."""
    return " ".join(text.split())


def _in_scope(event: Json, rules: Rules) -> bool:
    return not event["deleted"] and event["life_status"] == "normal" and event["calendar"] == rules.calendar


def _record(event: Json) -> Meeting:
    all_day = event["all_day"]
    return Meeting(
        id=event["id"],
        where="ShareCRM",
        title=plain(event["content"]),
        start=event["start"] if all_day else _instant(event["start"]),
        end=event["end"] if all_day else _instant(event["end"]),
        all_day=all_day,
        private=event["private"],
        people=frozenset(event["attendees"]),
        contacts=frozenset(event["contacts"]),
    )


def _event(event: Json, mailbox: str, organiser: str, rules: Rules) -> Meeting:
    all_day = event["isAllDay"]
    start, end = event["start"]["dateTime"], event["end"]["dateTime"]
    guests = {_address(attendee) for attendee in event["attendees"]}
    return Meeting(
        id=event["id"],
        where=mailbox,
        title=plain(event["subject"]) or rules.empty_title,
        start=start[:10] if all_day else _instant(start),
        end=str(date.fromisoformat(end[:10]) - timedelta(days=1)) if all_day else _instant(end),
        all_day=all_day,
        private=event["sensitivity"] != "normal",
        people=frozenset({organiser, *guests} - {""}),
        group=event["iCalUId"] or event["id"],
        hosted=event["isOrganizer"] and bool(guests),
        marked=bool(event["singleValueExtendedProperties"]),
        unread=_unread(event),
    )


def _instant(text: str) -> str:
    """An ISO time (UTC unless it says otherwise; Graph writes seven decimals) as an instant to the second."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()


def _in_window(meeting: Meeting, rules: Rules) -> bool:
    if meeting.all_day:
        first, last = date.fromisoformat(meeting.start), date.fromisoformat(meeting.end)
    else:
        days = (datetime.fromisoformat(at).astimezone(rules.zone).date() for at in (meeting.start, meeting.end))
        first, last = days
    return first <= rules.last and last >= rules.first


def _address(person: Json | None) -> str:
    return str(((person or {}).get("emailAddress") or {}).get("address") or "").lower()


def _addresses(user: Json) -> set[str]:
    names = [user["mail"], user["userPrincipalName"], *(proxy.split(":", 1)[-1] for proxy in user["proxyAddresses"])]
    return {name.lower() for name in names if name}
