"""What changed in the two systems between two looks at their state, as a person would say it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from demo.meetings import dates

Look = dict[tuple[str, str], dict[str, str]]
"""What is visible, by place (ShareCRM, or a mailbox) and id."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that appeared, changed or went: `changes` holds "field: before → after" lines."""

    place: str
    verb: str
    title: str
    changes: tuple[str, ...]


def difference(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """What changed between two answers of `GET /_control/state`."""
    return list(_compare(_look(before), _look(after)))


def _compare(before: Look, after: Look) -> Iterator[Difference]:
    for key in dict.fromkeys([*before, *after]):
        was, now = before.get(key), after.get(key)
        place = key[0]
        if was is None and now is not None:
            yield Difference(place, "created", now["title"], (now["time"], *filter(None, [now["people"]])))
        elif was is not None and now is None:
            yield Difference(place, "deleted", was["title"], ())
        elif was is not None and now is not None and was != now:
            changes = tuple(
                f"{name}: {was[name] or 'none'} → {now[name] or 'none'}" for name in was if was[name] != now[name]
            )
            yield Difference(place, "changed", now["title"], changes)


def _look(state: dict[str, Any]) -> Look:
    look: Look = {}
    for record in state["sharecrm"]["events"]:
        if not record["deleted"]:
            look["ShareCRM", record["id"]] = {
                "title": record["content"],
                "time": f"{_short(record['start'])} to {_short(record['end'])}",
                "people": ", ".join(sorted([*record["attendees"], *record["contacts"]])),
                "private": "yes" if record["private"] else "no",
                "calendar": record["calendar"],
            }
    for mailbox, box in state["outlook"]["mailboxes"].items():
        for event in box["events"]:
            if not event["deleted"] and not event["isCancelled"]:
                look |= {(mailbox, one["id"]): _event(one) for one in dates(event)}
    return look


def _event(event: dict[str, Any]) -> dict[str, str]:
    guests = [guest["emailAddress"]["address"].lower() for guest in event["attendees"]]
    return {
        "title": event["subject"],
        "time": f"{_short(event['start']['dateTime'])} to {_short(event['end']['dateTime'])}",
        "people": ", ".join(sorted(guests)),
        "private": "no" if event["sensitivity"] == "normal" else "yes",
    }


def _short(time: str) -> str:
    return time[:16].replace("T", " ")
