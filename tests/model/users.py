"""What people do in ShareCRM and Outlook, and what the two systems show of a meeting.

A meeting is known by the number in its title: "Visit №3", renamed "Lunch №3 v2".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.team import ANN, BOB, CAI, STRANGER, YAN, ZOE, address
from pipeline.workplace import CALENDAR

from sandbox.client import Sandbox

Json = dict[str, Any]

EPOCH = datetime(2026, 3, 2, 6, tzinfo=UTC)
"""When the story begins, a Monday: stories with equal scripts have equal days."""

FIRST_DAY = datetime(2026, 3, 23, tzinfo=UTC)
"""Before the first meeting, and so late that none is over when a story ends."""

ZONE = ZoneInfo("Asia/Shanghai")
PEOPLE = {"ann": ANN, "bob": BOB, "cai": CAI}
CONTACTS = {"zoe": ZOE, "yan": YAN}
WORDS = ("Visit", "Lunch", "Demo", "Fair", "Call", "Review")
_TOKEN = re.compile(r"№(\d+)")


def token_of(title: str) -> int:
    """The number a title bears, 0 without one."""
    return next(iter(tokens_of(title)), 0)


def tokens_of(text: str) -> list[int]:
    """Every number that a text names."""
    return [int(found) for found in _TOKEN.findall(text)]


def mailbox(name: str) -> str:
    return address(PEOPLE[name])


def guests_of(names: str) -> list[Json]:
    """Outlook's attendees, from names such as "bob zoe stranger"."""
    ids = PEOPLE | CONTACTS
    found = [address(ids[name]) if name in ids else STRANGER for name in names.split()]
    return [{"type": "required", "emailAddress": {"address": one, "name": one.split("@")[0]}} for one in found]


def moments(day: int, hour: int, all_day: bool) -> tuple[datetime, datetime]:
    """Start and end in ShareCRM: an hour, or a whole day of the enterprise's zone to its last second."""
    at = FIRST_DAY + timedelta(days=day)
    if all_day:
        start = at.replace(tzinfo=ZONE)
        return start, start + timedelta(days=1, seconds=-1)
    start = at + timedelta(hours=1 + hour)
    return start, start + timedelta(hours=1)


def stamps(day: int, hour: int, all_day: bool) -> Json:
    """The same as properties of an Outlook event."""
    at = FIRST_DAY + timedelta(days=day)
    start = at if all_day else at + timedelta(hours=1 + hour)
    end = start + (timedelta(days=1) if all_day else timedelta(hours=1))
    said = [{"dateTime": one.strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"} for one in (start, end)]
    return {"start": said[0], "end": said[1], "isAllDay": all_day}


def recurrence(day: int, how: str) -> Json:
    """Graph's recurrence from a day on: "daily 4", "weekly 3", "daily endless"."""
    first = FIRST_DAY + timedelta(days=day)
    kind, times = how.split()
    pattern: Json = {"type": kind, "interval": 1}
    if kind == "weekly":
        pattern["daysOfWeek"] = [first.strftime("%A").lower()]
    ends = {"type": "noEnd"} if times == "endless" else {"type": "numbered", "numberOfOccurrences": int(times)}
    return {"pattern": pattern, "range": ends | {"startDate": first.date().isoformat()}}


class Scene:
    """What both systems hold at one moment; what was made first stands first. reachable: where users can act."""

    def __init__(self, box: Sandbox) -> None:
        state = box.state()
        known = [r for r in state["sharecrm"]["events"] if token_of(r["content"])]
        self.bin = [r for r in known if r["life_status"] == "invalid"]
        self.records = [r for r in known if not r["deleted"] and r["life_status"] == "normal"]
        self.events = [
            event | {"mailbox": name}
            for name, box in state["outlook"]["mailboxes"].items()
            for event in box["events"]
            if token_of(event["subject"]) and not event["deleted"] and not event["isCancelled"]
        ]
        self.reachable = [e for e in self.events if state["outlook"]["mailboxes"][e["mailbox"]]["state"] == "ok"]

    def record_of(self, token: int) -> Json | None:
        return next((r for r in self.records if token_of(r["content"]) == token), None)

    def deleted_of(self, token: int, start: str = "") -> Json | None:
        """Its record in the recycle bin; with `start`, in UTC, the one of that date."""
        there = (r for r in self.bin if token_of(r["content"]) == token and r["start"].startswith(start))
        return next(there, None)

    def records_of(self, token: int) -> list[Json]:
        return [r for r in self.records if token_of(r["content"]) == token]

    def events_of(self, token: int) -> list[Json]:
        return [e for e in self.events if token_of(e["subject"]) == token]


def marked(event: Json) -> bool:
    """Whether calsync made the event."""
    return bool(event["singleValueExtendedProperties"])


def name_of(event: Json) -> str:
    """Whose mailbox an event stands in."""
    return str(event["mailbox"]).split("@")[0]


class Users:
    """The team and its calendars."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box

    def make_record(self, by: str, title: str, guests: str, times: tuple[int, int, bool], private: bool) -> None:
        names = guests.split()
        start, end = moments(*times)
        self.box.as_employee(PEOPLE[by]).create(
            title,
            start,
            end,
            participants=[PEOPLE[by], *(PEOPLE[n] for n in names if n in PEOPLE and n != by)],
            contacts=[CONTACTS[n] for n in names if n in CONTACTS],
            calendar=CALENDAR,
            all_day=times[2],
            private=private,
        )

    def make_event(self, by: str, title: str, guests: str, times: tuple[int, int, bool], private: bool) -> Json:
        body = stamps(*times) | {"subject": title, "sensitivity": "private" if private else "normal"}
        others = " ".join(name for name in guests.split() if name != by)
        return dict(self.box.as_user(mailbox(by)).request("POST", "/events", body | {"attendees": guests_of(others)}))

    def change_record(self, record: Json, **roles: Any) -> None:
        self.box.as_employee(record["owner"]).change(record["id"], **roles)

    def change_event(self, event: Json, **fields: Any) -> None:
        self.box.as_user(event["mailbox"]).change(event["id"], **fields)
