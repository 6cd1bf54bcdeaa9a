"""An Action as the request ShareCRM gets. Pure.

Updates name changed fields only. What an update may write of people and of a content with files depends on the record
at that moment, so `load` reads it first and lets `compose` fill that in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from calsync.core.model import Event, Side
from calsync.core.plan import Action, Request, Verb
from calsync.sharecrm import moments
from calsync.sharecrm.describe import SCHEDULE, Fields
from calsync.sharecrm.schedule import Shape, content, ids
from calsync.sharecrm.text import written

CONTACT = "c:"
"""Before a contact's id in `Action.add` and `Action.remove`; employees stand there by their bare id."""

_NO_ACCOUNTS: Mapping[str, str] = {}


def to_request(action: Action, shape: Shape, *, calendar: str, accounts: Mapping[str, str] = _NO_ACCOUNTS) -> Request:
    """The request behind a create, update or delete in ShareCRM. Raises ValueError for an action that is none.

    :param calendar: the configuration's name, which a new record's Calendar field bears.
    :param accounts: contact id -> AccountObj id; a related contact brings its account (E10).

    A create with a target puts that record back: its method is `recover`, and its body the update that follows.
    """
    if action.verb is Verb.DELETE:
        return _request(action, "invalid", {"_id": action.target_id}, read_first=True)
    if action.event is None or action.verb not in (Verb.CREATE, Verb.UPDATE):
        raise ValueError(f"action {action.id} ({action.verb}) writes nothing in ShareCRM")
    if action.verb is Verb.CREATE and not action.target_id:
        return _request(action, "create", _new(action, action.event, shape, calendar, accounts))
    if action.verb is Verb.UPDATE:
        body = {"_id": action.target_id, **_content_of(action.event, shape, set(action.fields))}
        return _request(action, "update", body, read_first=True)
    everything = {"_id": action.target_id, **_content_of(action.event, shape, {"title", "time", "private"})}
    everything |= _people_of(action.event, shape.fields, accounts) | _calendar(shape.fields, calendar)
    return _request(action, "recover", everything, read_first=True)


def compose(
    request: Request,
    action: Action,
    record: Mapping[str, Any],
    shape: Shape,
    accounts: Mapping[str, str] = _NO_ACCOUNTS,
) -> Request:
    """`request` for `record` as it stands now: its people changed one by one, the files in its content kept.

    Of a request other than an update of people or title nothing changes.
    """
    if request.method not in ("update", "recover"):
        return request
    body = dict(request.body)
    field = shape.fields.content
    if field.name in body and action.event is not None:
        body[field.name] = written(action.event.title, content(record, field), field.rich)
    if request.method == "update":
        body |= people_patch(record, action.add, action.remove, shape.fields, accounts)
    return replace(request, body=body)


def people_patch(
    record: Mapping[str, Any],
    add: Iterable[str],
    remove: Iterable[str],
    fields: Fields,
    accounts: Mapping[str, str] = _NO_ACCOUNTS,
) -> dict[str, Any]:
    """The list fields of `record` that change when people are added and removed: everybody else on them stays.

    Contacts stand in `add` and `remove` after "c:". A contact that is added brings its account; nothing takes one away.
    """
    adds, removes = list(add), set(remove)
    employees = [person for person in adds if not person.startswith(CONTACT)]
    contacts = [person.removeprefix(CONTACT) for person in adds if person.startswith(CONTACT)]
    no_contacts = {person.removeprefix(CONTACT) for person in removes if person.startswith(CONTACT)}
    lists = [(fields.participants, employees, removes)]
    if fields.contacts:
        lists.append((fields.contacts, contacts, no_contacts))
    if fields.accounts:
        lists.append((fields.accounts, [accounts[each] for each in contacts if accounts.get(each)], set()))
    patch: dict[str, Any] = {}
    for field, more, less in lists:
        now = ids(record.get(field.name))
        wanted = list(dict.fromkeys((*(each for each in now if each not in less), *more)))
        if set(wanted) != set(now):
            patch[field.name] = wanted
    return patch


def _new(action: Action, event: Event, shape: Shape, calendar: str, accounts: Mapping[str, str]) -> dict[str, Any]:
    return {
        "owner": [action.actor or shape.settings.user],
        **_content_of(event, shape, {"title", "time", "private"}),
        **_people_of(event, shape.fields, accounts),
        **_calendar(shape.fields, calendar),
    }


def _content_of(event: Event, shape: Shape, changed: set[str]) -> dict[str, Any]:
    """The fields named, without people. Without an all-day field the inclusive form is what says all-day."""
    fields, settings = shape.fields, shape.settings
    body: dict[str, Any] = {}
    if "title" in changed:
        body[fields.content.name] = written(event.title, rich=fields.content.rich)
    if "time" in changed:
        form = settings.all_day_end if fields.all_day else "inclusive"
        body[fields.start.name], body[fields.end.name] = moments.bounds(event.time, settings.zone, form)
        if fields.all_day:
            body[fields.all_day.name] = event.time.all_day
    if "private" in changed and fields.private:
        body[fields.private.name] = fields.private_values[0] if event.private else fields.public_value
    return body


def _people_of(event: Event, fields: Fields, accounts: Mapping[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {fields.participants.name: sorted(event.attendees)}
    if fields.contacts:
        body[fields.contacts.name] = sorted(event.contacts)
    brought = sorted({accounts[each] for each in event.contacts if accounts.get(each)})
    if fields.accounts and brought:
        body[fields.accounts.name] = brought
    return body


def _calendar(fields: Fields, name: str) -> dict[str, str]:
    return {fields.calendar.name: fields.calendar.value(name)} if fields.calendar else {}


def _request(action: Action, method: str, body: Mapping[str, Any], *, read_first: bool = False) -> Request:
    object_data = {"dataObjectApiName": SCHEDULE, **body}
    return Request(action.id, Side.CRM, method, SCHEDULE, body=object_data, read_first=read_first)
