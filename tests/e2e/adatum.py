"""Adatum: an enterprise with a Microsoft tenant of its own, in a sandbox beside the demo's, which no file names yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.client import Sandbox
from sandbox.server import Server

NAME, KEY, ZONE = "Adatum visits", "adatum-visits", "Europe/Berlin"
"""The configuration that the tests make for it, and the key that calsync makes from its name."""
ENTERPRISE, TENANT_ID = "adatum", "7b1f5f0e-3a51-4f3e-9d0c-2f4f6f3f9a10"

MARA, JONAS, AIKO = "2000", "2001", "2002"
ADDRESSES = {MARA: "mara.lind@adatum.example", JONAS: "jonas.weber@adatum.example", AIKO: "aiko.sato@adatum.example"}
VISITOR = "vera.stone@adatum.example"
"""Has a mailbox, and is no employee."""

TOURS = ("Hamburg", "Bremen", "Hanover", "Kassel", "Erfurt", "Leipzig")
"""Jonas plans a visit in each of these places, with a customer."""
LAUNCH, PRICES, LUNCH, OWN = "Launch of the spring catalogue", "Prices for Litware", "Lunch with Carla", "Dentist"
_NAMES = {MARA: "Mara Lind", JONAS: "Jonas Weber", AIKO: "Aiko Sato"}
_CARLA = "carla@northwind.example"


@contextmanager
def adatum(folder: Path) -> Iterator[tuple[Server, Sandbox]]:
    """Both systems of Adatum while they are up, with their people and what is in their calendars."""
    server = Server(folder)
    server.world.microsoft.application.tenant_id = TENANT_ID
    server.world.sharecrm.auth.ea = ENTERPRISE
    with server, Sandbox(server.url, server.ca) as box:
        box.reset(_seed(next_monday()))
        back = f"http://127.0.0.1/calsync/connect/{KEY}/signed-in/"
        box.set_microsoft(redirect_uris=[back])
        yield server, box


def today() -> date:
    """The day that it is there, whatever day it is here."""
    return datetime.now(ZoneInfo(ZONE)).date()


def next_monday() -> date:
    """Where the week begins in which everything takes place."""
    return today() + timedelta(days=7 - today().weekday())


def _seed(monday: date) -> dict[str, Any]:
    people = [*ADDRESSES.values(), VISITOR]
    tours = [
        _record(f"Visit in {place}", monday + timedelta(days=number), 10, JONAS, contacts=["con-1"])
        for number, place in enumerate(TOURS)
    ]
    return {
        "employees": [{"id": id_, "name": _NAMES[id_], "email": mail} for id_, mail in ADDRESSES.items()],
        "accounts": [{"id": "acc-1", "name": "Northwind Traders"}],
        "contacts": [{"id": "con-1", "name": "Carla Ricci", "email": _CARLA, "account_id": "acc-1", "owner": MARA}],
        "mailboxes": [{"address": mail, "name": mail.split("@")[0], "time_zone": ZONE} for mail in people],
        "crm_events": [
            *tours,
            _record(LAUNCH, monday + timedelta(days=2), 14, MARA, attendees=[MARA, JONAS]),
            _record("Talk about pay", monday + timedelta(days=3), 9, MARA, private=True),
        ],
        "outlook_events": [
            _event(LUNCH, monday + timedelta(days=1), 12, MARA, _CARLA),
            _event(PRICES, monday + timedelta(days=3), 15, MARA),
            _event(OWN, monday + timedelta(days=1), 9, AIKO),
        ],
        "sharecrm": {"time_zone": ZONE},
    }


def _record(content: str, day: date, hour: int, owner: str, **more: Any) -> dict[str, Any]:
    start = datetime(day.year, day.month, day.day, hour - 1, tzinfo=UTC)
    times = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
    return {"content": content, **times, "owner": owner, "calendar": NAME, "attendees": [owner], **more}


def _event(subject: str, day: date, hour: int, whose: str, *guests: str) -> dict[str, Any]:
    times = {
        name: {"dateTime": f"{day}T{at:02}:00:00", "timeZone": ZONE}
        for name, at in (("start", hour), ("end", hour + 1))
    }
    attendees = [{"type": "required", "emailAddress": {"address": guest}} for guest in guests]
    return {"mailbox": ADDRESSES[whose], "subject": subject, **times, "attendees": attendees}


def in_sharecrm(box: Sandbox) -> dict[str, str]:
    """The titles that stand in ShareCRM, with the ids of their records."""
    events = box.state()["sharecrm"]["events"]
    return {one["content"]: one["id"] for one in events if not one["deleted"] and one["life_status"] == "normal"}


def in_outlook(box: Sandbox, employee: str) -> dict[str, str]:
    """The titles that somebody's calendar shows in Outlook, with the ids of their events."""
    events = box.state()["outlook"]["mailboxes"][ADDRESSES[employee]]["events"]
    return {one["subject"]: one["id"] for one in events if not one["deleted"] and not one["isCancelled"]}


def in_both(box: Sandbox, *employees: str) -> bool:
    """Whether ShareCRM shows what the calendars of these employees show in Outlook, no more and no less."""
    return {title for employee in employees for title in in_outlook(box, employee)} == set(in_sharecrm(box))
