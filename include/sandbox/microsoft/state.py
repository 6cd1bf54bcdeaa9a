"""The whole of this Microsoft tenant: its application, its users and their mailboxes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sandbox.microsoft import ids
from sandbox.microsoft.errors import (
    access_blocked_by_policy,
    item_not_found,
    mailbox_not_enabled,
    malformed_id,
    no_such_mailbox,
    no_such_user,
)
from sandbox.microsoft.identity import Application
from sandbox.microsoft.items import Event, Occurrence, Override
from sandbox.microsoft.render import dumped
from sandbox.microsoft.seeding import plant

if TYPE_CHECKING:
    from sandbox.world import World

_NAMESPACE = uuid.UUID("6c1f3c0e-4c5e-4b7a-9f53-0d8c6d5f7a10")
STATES = ("ok", "none", "forbidden", "new", "deleted")
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
    number: int = 0
    events: dict[int, Event] = field(default_factory=dict)
    gone: list[Event] = field(default_factory=list)
    journal: dict[int, Event] = field(default_factory=dict)
    by_id: dict[str, Event] = field(default_factory=dict)
    by_uid: dict[str, Event] = field(default_factory=dict)
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
        """Let a request in. Raises GraphError as the mailbox's state demands."""
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
        if event.ical_uid:
            self.by_uid[event.ical_uid] = event
        if event.transaction_id:
            self.by_transaction[event.transaction_id] = event
        self.touch(event, now)

    def touch(self, event: Event, now: datetime, override: Override | None = None) -> None:
        """Note that `event` (or one exception of it) changed: a new change key and a place in the next delta round."""
        self.change += 1
        event.change, event.modified, event.rendered = self.change, now, None
        if override is not None:
            override.change, override.modified = self.change, now
        self.journal.pop(event.number, None)
        self.journal[event.number] = event

    def remove(self, event: Event, now: datetime) -> None:
        """Move `event` to the deleted items: no id finds it any more."""
        event.deleted = True
        del self.events[event.number]
        for event_id in (event.immutable_id, event.ordinary_id):
            self.by_id.pop(event_id, None)
        if event.ical_uid and self.by_uid.get(event.ical_uid) is event:
            del self.by_uid[event.ical_uid]
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


@dataclass
class Quirks:
    """What the service is known to do in some places and not in others (POST /_control/microsoft changes it).

    duplicate_transaction_status: of ErrorDuplicateTransactionId, met as 400 and 409.
    empty_first_page: a delta round of more than nothing begins with an empty page and a nextLink.
    replay: a delta round also brings an unchanged item.
    late_rewrite: the server touches an event once more after its creation.
    role_based: RBAC for Applications gives access to mailboxes, so that the token needs no calendar role.
    declined_disappear: a declined event leaves the calendar.
    """

    duplicate_transaction_status: int = 400
    empty_first_page: bool = False
    replay: bool = False
    late_rewrite: bool = False
    role_based: bool = False
    declined_disappear: bool = False


class Microsoft:
    """One Microsoft 365 tenant. `generation` marks its delta tokens; those of an earlier one are lost (410)."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.application = Application()
        self.reset()

    def reset(self) -> None:
        """Empty the tenant; the application and its secrets stay, its permissions and the quirks go back to normal."""
        self.generation = uuid.uuid4().hex
        self.quirks = Quirks()
        self.application.reset()
        self.mailboxes: dict[str, Mailbox] = {}
        self._by_name: dict[str, Mailbox] = {}

    @property
    def tenant_id(self) -> str:
        return self.application.tenant_id

    @property
    def client_id(self) -> str:
        return self.application.client_id

    @property
    def client_secret(self) -> str:
        return self.application.client_secret

    @property
    def roles(self) -> list[str]:
        """The application permissions consented; tokens issued from now on carry them."""
        return self.application.roles

    @roles.setter
    def roles(self, roles: list[str]) -> None:
        self.application.roles = roles

    @property
    def now(self) -> datetime:
        return self.world.clock.now("graph")

    def add_mailbox(self, seed: dict[str, Any]) -> Mailbox:
        """Add a user; `seed` is one entry of a seed's `mailboxes`. An external member has no mailbox of his own."""
        address = seed["address"]
        user_type = seed.get("user_type", "Member")
        mailbox = Mailbox(
            id=seed.get("id") or str(uuid.uuid5(_NAMESPACE, address.lower())),
            address=address,
            name=seed.get("name") or address.split("@")[0],
            upn=seed.get("upn") or address,
            user_type=user_type,
            proxy_addresses=seed.get("proxy_addresses") or [f"SMTP:{address}"],
            time_zone=seed.get("time_zone") or "UTC",
            state=seed.get("state") or ("none" if user_type == "Guest" else "ok"),
            enabled=seed.get("enabled", True),
            mail=seed.get("mail", address),
        )
        self.mailboxes[mailbox.id] = mailbox
        for name in (mailbox.id.lower(), *mailbox.addresses):
            self._by_name[name] = mailbox
        return mailbox

    def seed(self, mailboxes: list[dict[str, Any]], events: list[dict[str, Any]]) -> None:
        """Fill the tenant silently: no mail and no write is logged."""
        for mailbox in mailboxes:
            self.add_mailbox(mailbox)
        for event in events:
            plant(self, event)

    def dump(self) -> dict[str, Any]:
        """Every mailbox with its events, deleted ones marked (see `sandbox.microsoft.render.dumped`)."""
        boxes = {
            box.address: {
                "id": box.id,
                "state": box.state,
                "events": [dumped(e) for e in (*box.events.values(), *box.gone)],
            }
            for box in self.mailboxes.values()
        }
        return {"mailboxes": boxes}

    def set_mailbox_state(self, address: str, state: str) -> None:
        """Put a mailbox into one of `STATES`. Raises KeyError for an unknown address, ValueError for another state."""
        if state not in STATES:
            raise ValueError(f"a mailbox's state is one of {', '.join(STATES)}, not {state!r}")
        mailbox = self._by_name[address.lower()]
        mailbox.state, mailbox.refused = state, 0

    def reached_by(self, address: str) -> Mailbox | None:
        """The mailbox that receives mail for `address`."""
        return self._by_name.get(address.lower())

    def user(self, name: str) -> Mailbox:
        """The directory's user by object id or user principal name. Raises GraphError (Request_ResourceNotFound)."""
        found = self._by_name.get(name.lower())
        if found is None or found.state == "deleted" or name.lower() not in (found.id.lower(), found.upn.lower()):
            raise no_such_user(name)
        return found

    def mailbox(self, name: str) -> Mailbox:
        """A mailbox by object id, principal name or address; lets the request in. Raises GraphError."""
        found = self._by_name.get(name.lower())
        if found is None:
            raise no_such_mailbox(name)
        found.open()
        return found
