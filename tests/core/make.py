"""Small builders of the engine's values: what a test does not say is ordinary."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from calsync.core.facts import Rules
from calsync.core.model import Account, Contact, Event, Time

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BEFORE = NOW - timedelta(days=30)
NAMES = {"1": "ann", "2": "bob", "3": "cai", "4": "dee"}
CONTACTS = {"c1": "zoe@client.example", "c2": "yan@client.example", "c3": "zoe@client.example"}


def at(hours: float, length: float = 1) -> Time:
    """A meeting that begins so many hours from now."""
    start = NOW + timedelta(hours=hours)
    return Time(start, start + timedelta(hours=length))


def days(first: int, length: int = 1) -> Time:
    """An all-day meeting that begins so many days from today."""
    begins = NOW.date() + timedelta(days=first)
    return Time(date.fromisoformat(begins.isoformat()), begins + timedelta(days=length))


def event(title: str = "Visit", time: Time | None = None, **more: Any) -> Event:
    for name in ("attendees", "contacts", "guests"):
        more[name] = frozenset(more.get(name, ()))
    return Event(title, time or at(24), **more)


def address(employee: str) -> str:
    return f"{NAMES[employee]}@x.example"


def mailbox(employee: str) -> str:
    return f"box-{NAMES[employee]}"


def account(employee: str, **more: Any) -> Account:
    said = {"addresses": frozenset({address(employee)}), "authorised_since": BEFORE} | more
    return Account(employee, mailbox(employee), address(employee), **said)


def contact(id_: str) -> Contact:
    return Contact(id_, CONTACTS[id_], name=f"Contact {id_}")


def rules(**more: Any) -> Rules:
    return Rules(**({"tenant": "t", "name": "Sales", "installation": "i"} | more))
