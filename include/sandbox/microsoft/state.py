"""The whole of this Microsoft tenant: its application, its users and their mailboxes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sandbox.microsoft.errors import no_such_mailbox, no_such_user
from sandbox.microsoft.identity import Application
from sandbox.microsoft.items import Disguise, Occurrence
from sandbox.microsoft.mailbox import Mailbox
from sandbox.microsoft.render import dumped
from sandbox.microsoft.seeding import plant
from sandbox.titles import Way

if TYPE_CHECKING:
    from sandbox.world import World

_NAMESPACE = uuid.UUID("6c1f3c0e-4c5e-4b7a-9f53-0d8c6d5f7a10")
STATES = ("ok", "none", "forbidden", "new", "deleted")


@dataclass
class Quirks:
    """What the service is known to do in some places and not in others (POST /_control/microsoft changes it).

    duplicate_transaction_status: of ErrorDuplicateTransactionId, met as 400 and 409.
    empty_first_page: a delta round of more than nothing begins with an empty page and a nextLink.
    replay: a delta round also brings an unchanged item.
    late_rewrite: after the answer to a creation or a change the server normalises the event and touches it once more.
    late_touch: it touches the event once more, and nothing else.
    subjects: what becomes of a written subject (`sandbox.titles`).
    delta_lag: how many requests by anybody to a mailbox must pass until its delta shows a change.
    role_based: RBAC for Applications gives access to mailboxes, so that the token needs no calendar role.
    declined_disappear: a declined event leaves the calendar.
    """

    duplicate_transaction_status: int = 400
    empty_first_page: bool = False
    replay: bool = False
    late_rewrite: bool = False
    late_touch: bool = False
    subjects: Way = "as_written"
    delta_lag: int = 0
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

    def dump(self, first: date, last: date) -> dict[str, Any]:
        """Every mailbox with its events, deleted ones marked; series are expanded from `first` to `last`.

        See `sandbox.microsoft.render.dumped`.
        """
        boxes = {
            box.address: {
                "id": box.id,
                "state": box.state,
                "events": [dumped(e, first, last) for e in (*box.events.values(), *box.gone)],
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

    def disguise(self, address: str, event_id: str, disguise: Disguise) -> None:
        """Show an event of a mailbox (by an id of it), and the copies of it, as in `disguise` from now on.

        Raises KeyError for an unknown address, GraphError for an unknown id.
        """
        found = self._by_name[address.lower()].find(event_id)
        event = found.master if isinstance(found, Occurrence) else found
        for one in (event, *event.copies.values()):
            one.disguise = disguise
            one.mailbox.touch(one, self.now)

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
