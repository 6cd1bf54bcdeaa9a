"""One person's mailbox: calendars, events, the indexes that find them and the journal that delta reads."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from sandbox.microsoft import ids
from sandbox.microsoft.errors import (
    access_blocked_by_policy,
    item_not_found,
    mailbox_not_enabled,
    malformed_id,
    no_such_mailbox,
)
from sandbox.microsoft.items import Event, Occurrence, Override

_REFUSALS_OF_A_NEW_MAILBOX = 3


@dataclass(eq=False)
class Mailbox:
    """A directory user and, unless its state says otherwise, a mailbox.

    state: `ok`; `none` (no mailbox in Exchange Online); `forbidden` (an access policy); `new` (answers like `none` to
    its first three requests); `deleted` (the user is gone).
    """

    id: str
    address: str
    name: str
    upn: str
    user_type: str = "Member"
    proxy_addresses: list[str] = field(default_factory=list)
    time_zone: str = "UTC"
    state: str = "ok"
    enabled: bool = True
    mail: str | None = None
    refused: int = 0
    change: int = 0
    requests: int = 0
    changed_at: list[int] = field(default_factory=list)
    number: int = 0
    events: dict[int, Event] = field(default_factory=dict)
    gone: list[Event] = field(default_factory=list)
    journal: dict[int, Event] = field(default_factory=dict)
    by_id: dict[str, Event] = field(default_factory=dict)
    by_transaction: dict[str, Event] = field(default_factory=dict)
    calendars: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.add_calendar("Calendar")

    @cached_property
    def addresses(self) -> list[str]:
        """Every address that reaches the mailbox, in lower case."""
        proxies = [proxy.split(":", 1)[-1] for proxy in self.proxy_addresses]
        return list(dict.fromkeys(text.lower() for text in (self.address, self.upn, *proxies)))

    @property
    def person(self) -> dict[str, str]:
        """As an `emailAddress`."""
        return {"name": self.name, "address": self.address}

    @property
    def main_calendar(self) -> str:
        return next(iter(self.calendars))

    @property
    def receives(self) -> bool:
        """Whether Exchange can deliver into it."""
        return self.state in ("ok", "forbidden", "new")

    def add_calendar(self, name: str) -> str:
        """Add a calendar; returns its id."""
        salt = f"calendar {len(self.calendars)} of {self.id}"
        calendar_id = ids.item_id(salt, len(self.calendars), immutable=False)
        self.calendars[calendar_id] = name
        return calendar_id

    def calendar(self, calendar_id: str) -> str:
        """Check a calendar's id. Raises GraphError (ErrorItemNotFound)."""
        if calendar_id not in self.calendars:
            raise item_not_found()
        return calendar_id

    def open(self) -> None:
        """Let a request in and count it. Raises GraphError as the mailbox's state demands."""
        self.requests += 1
        if self.state == "new":
            self.refused += 1
            if self.refused > _REFUSALS_OF_A_NEW_MAILBOX:
                self.state = "ok"
        if self.state in ("none", "new"):
            raise mailbox_not_enabled()
        if self.state == "forbidden":
            raise access_blocked_by_policy()
        if self.state == "deleted":
            raise no_such_mailbox(self.id)

    def next_number(self) -> int:
        self.number += 1
        return self.number

    def add(self, event: Event, now: datetime) -> None:
        self.events[event.number] = event
        self.by_id[event.immutable_id] = self.by_id[event.ordinary_id] = event
        if event.transaction_id:
            self.by_transaction[event.transaction_id] = event
        self.touch(event, now)

    def touch(self, event: Event, now: datetime, override: Override | None = None) -> None:
        """Note that `event` (or one exception of it) changed: a new change key and a place in the next delta round."""
        self.change += 1
        self.changed_at.append(self.requests)
        event.change, event.modified, event.rendered = self.change, now, None
        if override is not None:
            override.change, override.modified = self.change, now
        self.journal.pop(event.number, None)
        self.journal[event.number] = event

    def visible(self, lag: int) -> int:
        """The last change that is older than `lag` requests: delta knows of nothing later."""
        return bisect_left(self.changed_at, self.requests - lag) if lag else self.change

    def remove(self, event: Event, now: datetime) -> None:
        """Move `event` to the deleted items: no id finds it any more."""
        event.deleted = True
        del self.events[event.number]
        for event_id in (event.immutable_id, event.ordinary_id):
            self.by_id.pop(event_id, None)
        self.gone.append(event)
        self.touch(event, now)

    def move(self, event: Event, calendar_id: str, now: datetime) -> None:
        """Move `event` to another calendar: its ordinary id changes, its immutable id stays."""
        self.by_id.pop(event.ordinary_id, None)
        event.calendar_id, event.moves = calendar_id, event.moves + 1
        self.by_id[event.ordinary_id] = event
        self.touch(event, now)

    def find(self, event_id: str) -> Event | Occurrence:
        """The event or occurrence with this id, in either form. Raises GraphError (400 malformed, 404 not found)."""
        event = self.by_id.get(event_id)
        if event is not None:
            return event
        if not ids.well_formed(event_id, self.id):
            raise malformed_id()
        split = ids.split_occurrence(event_id)
        master = self.by_id.get(split[0]) if split else None
        found = master.occurrence(split[1]) if master and split else None
        if found is None:
            raise item_not_found()
        return found
