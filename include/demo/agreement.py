"""Whether ShareCRM and Outlook agree under the field mapping, judged from the two systems' state alone.

Under the mapping a connected person's mailbox shows exactly the meetings that ShareCRM lists that person for: the same
title, time, all-day and private, each once; each date of a series is a meeting by itself. Of the people on a meeting,
those on an Outlook event stand in its record, and those whom calsync invited for a record stand on its event. A silent
copy names nobody, so it is not asked; nor is a series whose rule cannot be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

from demo.meetings import Json, Meeting, People, Rules, events, plain, read_people, records

TITLE_LIMIT = 255
_KEY_LENGTH = 200


def differences(state: Json, users: list[dict[str, Any]], rules: Rules) -> list[str]:
    """What does not agree, a sentence each; empty when all does.

    `state` is the sandbox's `GET /_control/state`, `users` Microsoft's directory.
    """
    people = read_people(state, users)
    in_crm = records(state, rules)
    in_outlook = {mailbox: events(state, mailbox, people, rules) for mailbox in people.connected.values()}
    found: list[str] = []
    for employee, mailbox in people.connected.items():
        wanted = [record for record in in_crm if employee in record.people]
        found += _compare(mailbox, wanted, in_outlook[mailbox], people)
    shown = [event for mailbox in in_outlook for event in in_outlook[mailbox]]
    return [*found, *_split(shown, in_crm, people)]


def _compare(mailbox: str, wanted: list[Meeting], shown: list[Meeting], people: People) -> Iterator[str]:
    """One mailbox against the records that belong in it."""
    pairs, missing, extra = _pair(wanted, shown)
    for record, event in pairs:
        yield from _compare_pair(record, event, people)
    for record in missing:
        yield from _explain_missing(mailbox, record, extra)
    for event in (one for one in extra if not one.unread):
        again = any(_key(event) == _key(other) for _, other in pairs)
        said = "stands there more often than ShareCRM lists it" if again else "is not in ShareCRM"
        yield f"{_name(event)} in {mailbox} {said}."


def _pair(
    wanted: list[Meeting], shown: list[Meeting]
) -> tuple[list[tuple[Meeting, Meeting]], list[Meeting], list[Meeting]]:
    """Records and events of one title and time, two by two; then the records and the events left over."""
    waiting: dict[tuple[str, str, str], list[Meeting]] = defaultdict(list)
    for event in shown:
        waiting[_key(event)].append(event)
    pairs, missing = [], []
    for record in wanted:
        same = waiting[_key(record)]
        if same:
            pairs.append((record, same.pop(0)))
        else:
            missing.append(record)
    return pairs, missing, [event for rest in waiting.values() for event in rest]


def _explain_missing(mailbox: str, record: Meeting, extra: list[Meeting]) -> Iterator[str]:
    """Say how a record without its event differs from the nearest one, which is taken out of `extra`."""
    same_title = [event for event in extra if _title_key(event.title) == _title_key(record.title)]
    if same_title:
        event = min(same_title, key=lambda one: abs(_day(one) - _day(record)))
        extra.remove(event)
        if not event.unread:
            yield f"{_name(record)} is at {_when(record)} in ShareCRM and at {_when(event)} in {mailbox}."
        return
    for event in extra:
        if _when(event) == _when(record):
            extra.remove(event)
            yield f"{_name(record)} of {_when(record)} is called {_name(event)} in {mailbox}."
            return
    yield f"{_name(record)} of {_when(record)} is missing in {mailbox}."


def _compare_pair(record: Meeting, event: Meeting, people: People) -> Iterator[str]:
    if not _same_title(record.title, event.title):
        yield f"{_name(record)} has another title in {event.where}."
    if record.all_day != event.all_day:
        yield f"{_name(record)} is all-day on one side only ({event.where})."
    if record.private != event.private:
        yield f"{_name(record)} is private on one side only ({event.where})."
    if event.hosted:
        yield from _compare_people(record, event, people)


def _compare_people(record: Meeting, event: Meeting, people: People) -> Iterator[str]:
    for address in sorted(event.people):
        employee, contacts = people.employees.get(address), people.contacts.get(address, frozenset())
        if employee and employee not in record.people:
            yield f"Employee {employee} is on {_name(event)} in {event.where} and not on its record."
        if contacts and not employee and not contacts & record.contacts:
            yield f"Contact {min(contacts)} is on {_name(event)} in {event.where} and not on its record."
    if not event.marked:
        return
    for address, contacts in sorted(people.contacts.items()):
        if contacts & record.contacts and address not in event.people:
            yield f"Contact {min(contacts & record.contacts)} is on the record {_name(record)} and not on its event."


def _split(shown: list[Meeting], in_crm: list[Meeting], people: People) -> Iterator[str]:
    """Meetings that Outlook holds as one and ShareCRM as several records."""
    employee_of = {mailbox: employee for employee, mailbox in people.connected.items()}
    groups: dict[str, list[Meeting]] = defaultdict(list)
    for event in shown:
        groups[event.group].append(event)
    for group in groups.values():
        listed = {employee_of[event.where] for event in group}
        alike = [record for record in in_crm if _key(record) == _key(group[0]) and listed & record.people]
        if alike and not any(listed <= record.people for record in alike):
            yield f"{_name(group[0])} is one meeting in Outlook and {len(alike)} records in ShareCRM."


def _same_title(record: str, event: str) -> bool:
    """Equal, or cut to the length that may go out."""
    return record == event or (len(record) > TITLE_LIMIT and len(event) > _KEY_LENGTH and record.startswith(event))


def _title_key(title: str) -> str:
    return plain(title[:_KEY_LENGTH])


def _key(meeting: Meeting) -> tuple[str, str, str]:
    return _title_key(meeting.title), meeting.start, meeting.end


def _day(meeting: Meeting) -> int:
    return date.fromisoformat(meeting.start[:10]).toordinal()


def _when(meeting: Meeting) -> str:
    return meeting.start if meeting.all_day and meeting.start == meeting.end else f"{meeting.start} to {meeting.end}"


def _name(meeting: Meeting) -> str:
    return f"'{meeting.title[:60]}'"
