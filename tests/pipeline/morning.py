"""A morning in which people on both sides edit meetings of every kind, and how everything stands after a sync."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.workplace import CALENDAR, Workplace

from sandbox.client import Sandbox
from sandbox.server import Server

MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
"""Of one day for all mornings, so that those before and after a midnight can be compared."""

ANN, BOB = "ann@contoso.example", "bob@contoso.example"
CARLA, DIRK = "carla@northwind.example", "dirk@northwind.example"
TEAM = {
    "employees": [{"id": "1000", "name": "Ann", "email": ANN}, {"id": "1001", "name": "Bob", "email": BOB}],
    "contacts": [
        {"id": "c-carla", "name": "Carla", "email": CARLA, "owner": "1000"},
        {"id": "c-dirk", "name": "Dirk", "email": DIRK, "owner": "1000"},
    ],
    "mailboxes": [{"address": ANN, "name": "Ann"}, {"address": BOB, "name": "Bob"}],
}


class Standing(NamedTuple):
    """How the world stands, ids and stamps left out, and which mails it took to get there."""

    records: Counter[tuple[Any, ...]]
    events: Counter[tuple[Any, ...]]
    mails: Counter[tuple[str, str, str]]


def hour(days: int, hours: int = 9) -> datetime:
    return MIDNIGHT + timedelta(days=days, hours=hours)


def plain(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def invite(*addresses: str) -> list[dict[str, Any]]:
    return [{"type": "required", "emailAddress": {"address": address}} for address in addresses]


def prepare(box: Sandbox, server: Server, folder: Path) -> Workplace:
    """Meetings of every kind in agreement, then a morning's edits on both sides that the next run has to carry over."""
    box.reset(TEAM)
    folder.mkdir()
    work = Workplace.open(box, server, folder)
    work.keep_open()
    work.late = timedelta(minutes=-1)  # ShareCRM's stamps are whole seconds: what follows is plainly younger than this
    work.authorise()
    ann, bob, ann_crm = box.as_user(ANN), box.as_user(BOB), box.as_employee("1000")
    theirs = ann.create("Their talk", plain(hour(2)), plain(hour(2, 10)), attendees=invite(BOB, CARLA))
    unwanted = bob.create("Called off in Outlook", plain(hour(3)), plain(hour(3, 10)))
    work.run()
    work.late = timedelta()
    in_calendar = {"calendar": CALENDAR, "participants": ["1000", "1001"]}
    invited = ann_crm.create("Invited", hour(4), hour(4, 10), contacts=["c-carla"], **in_calendar)
    ended = ann_crm.create("Called off in ShareCRM", hour(5), hour(5, 10), contacts=["c-carla"], **in_calendar)
    kept = ann_crm.create("Deleted and edited", hour(6), hour(6, 10), calendar=CALENDAR, participants=["1000"])
    work.run()

    ann_crm.create("New with a guest", hour(7), hour(7, 10), contacts=["c-dirk"], **in_calendar)
    bob.create("New in Outlook", plain(hour(8)), plain(hour(8, 10)), attendees=invite(ANN, DIRK))
    bob.create("Newer in Outlook", plain(hour(8)), plain(hour(8, 10)))
    ann_crm.change(invited, contacts=["c-carla", "c-dirk"], start=hour(4, 11), end=hour(4, 12))
    ann.rename(theirs["id"], "Their talk, renamed")
    ann_crm.cancel(ended)
    bob.delete(unwanted["id"])
    ann_crm.cancel(kept)
    ours = next(event for event in work.events(ANN) if event["subject"] == "Deleted and edited")
    ann.rename(ours["id"], "Deleted and edited, the edit wins")
    work.close()
    work.keeping = False
    return work


def standing(work: Workplace) -> Standing:
    records = Counter(
        (r["content"], r["start"], r["end"], tuple(sorted(r["attendees"])), tuple(sorted(r["contacts"])))
        for r in work.records()
    )
    events = Counter(
        (address, e["subject"], str(e["start"]), tuple(sorted(a["emailAddress"]["address"] for a in e["attendees"])))
        for address in (ANN, BOB)
        for e in work.events(address)
        if not e["isCancelled"]
    )
    return Standing(records, events, Counter((m["kind"], m["to"], m["subject"]) for m in work.box.mails()))
