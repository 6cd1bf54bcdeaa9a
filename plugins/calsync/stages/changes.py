"""Actions as people read them: what changes, old and new, who comes and goes, which mails that sends (RULES F6, G8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from calsync.core.model import Event, Side, Time
from calsync.core.plan import Action, ActionState, Mail, Verb
from calsync.stages.masking import hidden, is_private, masked
from calsync.store.records import JournalRow

CONTENT = ("title", "time", "private")


def shown_change(action: Action, row: JournalRow | None, employees: Mapping[str, str]) -> dict[str, Any]:
    """An action as `report.json` holds it; titles and people of private meetings are masked.

    :param row: what the journal says of it, None when it was never to be done
    :param employees: Microsoft object id -> employee id
    """
    event = action.event or action.before
    people = action.invite or action.uninvite or action.add or action.remove
    values = _values(action)
    return {
        "id": action.id,
        "link": action.link,
        "side": str(action.side),
        "verb": str(action.verb),
        "employee": employees.get(action.mailbox, action.actor),
        "title": masked(event, action.before),
        "start": str(event.time.start) if event else "",
        "fields": [*action.fields, *(["people"] if people else [])],
        "values": hidden(values) if is_private(action.event, action.before) else values,
        "rule": action.rule,
        "reason": action.reason,
        "mails": len(action.mails),
        "mail_kinds": mail_kinds(action.mails),
        "state": str(state_of(action, row)),
        "sentence": (row.sentence if row else "") or action.held,
    }


def state_of(action: Action, row: JournalRow | None) -> ActionState:
    """What the journal says of an action, else what the plan does."""
    return row.state if row else ActionState.HELD if action.held else ActionState.PLANNED


def mail_kinds(mails: Iterable[Mail]) -> list[dict[str, Any]]:
    """Mails by kind: how many, and how many of them go to people outside."""
    found = list(mails)
    every, outside = Counter(m.kind for m in found), Counter(m.kind for m in found if m.outside)
    return [{"kind": kind, "count": count, "outside": outside[kind]} for kind, count in sorted(every.items())]


def _values(action: Action) -> list[dict[str, Any]]:
    """What changes: per field the old and the new value, "" where there is none; of people, who comes and who goes."""
    old = action.before if action.verb in (Verb.UPDATE, Verb.DELETE) else None
    new = action.event if action.verb in (Verb.CREATE, Verb.UPDATE) else None
    if not (old or new):
        return []
    fields = [name for name in CONTENT if action.verb is not Verb.UPDATE or name in action.fields]
    return _told(old, new, fields, *_people(action))


def values_between(old: Event | None, new: Event | None) -> list[dict[str, Any]]:
    """In what an event differs from what it was, as `shown_change` has it; all of it where there was, or is, none."""
    before, after = _persons(old), _persons(new)
    return _told(old, new, CONTENT, sorted(after - before), sorted(before - after))


def _told(
    old: Event | None, new: Event | None, fields: Iterable[str], came: list[str], went: list[str]
) -> list[dict[str, Any]]:
    told = [{"field": name, "old": field_text(name, old), "new": field_text(name, new)} for name in fields]
    told = [each for each in told if each["old"] != each["new"]]
    return [*told, {"field": "people", "added": came, "removed": went}] if came or went else told


def _persons(event: Event | None) -> frozenset[str]:
    if event is None:
        return frozenset()
    return event.attendees | {f"c:{contact}" for contact in event.contacts} | event.guests


def _people(action: Action) -> tuple[list[str], list[str]]:
    """Who comes and who goes: employee ids, contact ids after "c:", and addresses as the plan has them."""
    came = {*action.add, *(guest.address for guest in action.invite)}
    if action.verb is Verb.CREATE and action.side is Side.CRM and action.event:
        came |= action.event.attendees | {f"c:{contact}" for contact in action.event.contacts}
    return sorted(came), sorted({*action.remove, *action.uninvite})


def field_text(field: str, event: Event | None) -> str:
    """One of CONTENT in words, "" where there is no event."""
    if event is None:
        return ""
    if field == "time":
        return when(event.time)
    return event.title if field == "title" else "yes" if event.private else ""


def when(time: Time) -> str:
    """A meeting's time for people: in UTC, or as days, the last one included."""
    if time.all_day:
        last = time.end - timedelta(days=1)
        return f"{time.start}, all day" if last <= time.start else f"{time.start} to {last}, all day"
    same_day = f"{time.start:%Y%m%d}" == f"{time.end:%Y%m%d}"
    return (
        f"{time.start:%Y-%m-%d %H:%M} to {time.end:%H:%M} UTC"
        if same_day
        else (f"{time.start:%Y-%m-%d %H:%M} to {time.end:%Y-%m-%d %H:%M} UTC")
    )
