"""Seeds: what the world is to hold, in shapes that are easy to write (README has an example of each)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.team import sales_team
from sandbox.world import World


class Employee(BaseModel):
    """A ShareCRM user; `stopped` is no longer active."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    id: str
    name: str
    email: str = ""
    account: str | None = None
    stopped: bool = False


class Account(BaseModel):
    """A ShareCRM customer (AccountObj)."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    id: str
    name: str


class Contact(BaseModel):
    """A ShareCRM contact (ContactObj), an outside person."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    id: str | None = None
    name: str
    email: str = ""
    account_id: str | None = None
    owner: str | None = None


class Mailbox(BaseModel):
    """A Microsoft user with a mailbox; `upn` is the address unless given, `proxy_addresses` are further addresses.

    A guest has no mailbox unless `state` says so. `enabled` false is a user who may not sign in.
    """

    model_config = ConfigDict(extra="forbid")

    address: str
    name: str | None = None
    id: str | None = None
    user_type: Literal["Member", "Guest"] = "Member"
    proxy_addresses: list[str] = Field(default_factory=list)
    upn: str | None = None
    state: Literal["ok", "none", "forbidden", "new", "deleted"] | None = None
    time_zone: str | None = None
    enabled: bool = True
    mail: str | None = None


class CrmEvent(BaseModel):
    """A ShareCRM schedule. `start` and `end` are ISO times; with `all_day` ISO dates, and `end` is the last day.

    A time without an offset is in the enterprise's zone.
    """

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    id: str | None = None
    content: str
    start: str
    end: str
    all_day: bool = False
    owner: str
    attendees: list[str] | None = None
    contacts: list[str] = Field(default_factory=list)
    calendar: str = "CRM Calendar"
    private: bool = False
    created: str | None = None
    modified: str | None = None
    life_status: Literal["normal", "ineffective", "in_change", "under_review", "invalid"] = "normal"


class Seed(BaseModel):
    """Everything a world can be planted with. An Outlook event is a Graph event body plus `mailbox`, an address."""

    model_config = ConfigDict(extra="forbid")

    employees: list[Employee] = Field(default_factory=list)
    accounts: list[Account] = Field(default_factory=list)
    contacts: list[Contact] = Field(default_factory=list)
    mailboxes: list[Mailbox] = Field(default_factory=list)
    crm_events: list[CrmEvent] = Field(default_factory=list)
    outlook_events: list[dict[str, Any]] = Field(default_factory=list)


def plant(world: World, seed: Seed) -> None:
    """Put `seed` into an empty world. Raises KeyError or ValueError when it contradicts itself."""
    world.sharecrm.seed(seed)
    mailboxes = [mailbox.model_dump(exclude_unset=True) for mailbox in seed.mailboxes]
    world.microsoft.seed(mailboxes, seed.outlook_events)


def team(now: datetime) -> Seed:
    """The believable sales team of the demo, around the day of `now`."""
    return Seed.model_validate(sales_team(now))


def crowd(now: datetime, mailboxes: int, events_each: int) -> Seed:
    """`mailboxes` people, each with `events_each` half-hour Outlook events of their own spread over thirty days."""
    people = [
        {"id": str(1000 + n), "name": f"Person {n}", "email": f"person{n}@contoso.example"} for n in range(mailboxes)
    ]
    monday = now.replace(hour=0, minute=0, second=0, microsecond=0)
    events = [
        _crowd_event(person["email"], n, monday + timedelta(days=n % 30, minutes=480 + 30 * (n // 30 % 20)))
        for person in people
        for n in range(events_each)
    ]
    boxes = [{"address": person["email"], "name": person["name"]} for person in people]
    return Seed.model_validate({"employees": people, "mailboxes": boxes, "outlook_events": events})


def _crowd_event(mailbox: str, n: int, start: datetime) -> dict[str, Any]:
    end = start + timedelta(minutes=30)
    return {
        "mailbox": mailbox,
        "subject": f"Meeting {n}",
        "start": {"dateTime": start.strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"},
        "end": {"dateTime": end.strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"},
    }
