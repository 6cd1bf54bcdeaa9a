"""Ann, Bob and Cai, two contacts, and what must hold after every scenario: agreement, no surprise mail, then rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.workplace import CALENDAR, Workplace

from demo.check import disagreements
from sandbox.client import CrmUser, OutlookUser

ANN, BOB, CAI = "1000", "1001", "1002"
NAMES = {ANN: "ann", BOB: "bob", CAI: "cai"}
ZOE, YAN = "con-zoe", "con-yan"
STRANGER = "stranger@else.example"
DAY = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=2)


def address(person: str) -> str:
    return f"{NAMES[person]}@contoso.example" if person in NAMES else f"{person[4:]}@client.example"


def seed(**more: Any) -> dict[str, Any]:
    return {
        "employees": [{"id": e, "name": n.title(), "email": address(e), "account": n} for e, n in NAMES.items()],
        "contacts": [{"id": c, "name": c[4:].title(), "email": address(c), "owner": ANN} for c in (ZOE, YAN)],
        "mailboxes": [{"address": address(e), "name": n.title()} for e, n in NAMES.items()],
        **more,
    }


def old(title: str = "Visit", *, owner: str = ANN, hours: int = 0, **more: Any) -> dict[str, Any]:
    """A planted ShareCRM record."""
    start = DAY + timedelta(hours=hours)
    times = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
    people = [owner, *more.pop("attendees", ())]
    said = {"content": title, "owner": owner, "attendees": people, "calendar": CALENDAR, **times} | more
    return {"created": "2026-01-05T00:00:00Z", "modified": "2026-01-05T00:00:00Z"} | said


def own(title: str = "Visit", *, of: str = ANN, hours: int = 0, guests: tuple[str, ...] = (), **more: Any) -> Any:
    """A planted Outlook event."""
    start = DAY + timedelta(hours=hours)
    return {
        "mailbox": address(of),
        "subject": title,
        "start": {"dateTime": start.strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"},
        "end": {"dateTime": (start + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"},
        "attendees": [{"type": "required", "emailAddress": {"address": one}} for one in guests],
        **more,
    }


@dataclass
class Team:
    """The team at work with calsync."""

    work: Workplace

    @classmethod
    def start(cls, work: Workplace, *authorised: str, **planted: Any) -> Team:
        """Everything planted existed before calsync came; its first run was a minute ago."""
        work.box.reset(seed(**planted))
        work.late = timedelta(minutes=-1)
        work.authorise(*(authorised or (ANN, BOB, CAI)))
        team = cls(work)
        team.settle(agree=not authorised)
        work.late = timedelta()
        return team

    def crm(self, employee: str = ANN) -> CrmUser:
        return self.work.box.as_employee(employee)

    def outlook(self, employee: str = ANN) -> OutlookUser:
        return self.work.box.as_user(address(employee))

    def record(self, title: str = "Visit", *, owner: str = ANN, hours: int = 0, **roles: Any) -> str:
        """A person makes a record of this calendar, now."""
        start = DAY + timedelta(hours=hours)
        roles["participants"] = [owner, *roles.pop("attendees", ())]
        return self.crm(owner).create(title, start, start + timedelta(hours=1), calendar=CALENDAR, **roles)

    def meeting(self, title: str = "Call", *, of: str = ANN, hours: int = 0, guests: tuple[str, ...] = ()) -> str:
        """A person makes an event in Outlook, now; its id."""
        body = own(title, of=of, hours=hours, guests=guests)
        made = self.outlook(of).create(
            title, body["start"]["dateTime"], body["end"]["dateTime"], attendees=body["attendees"]
        )
        return str(made["id"])

    def state(self, record: str) -> dict[str, Any]:
        return next(r for r in self.work.box.state()["sharecrm"]["events"] if r["id"] == record)

    def titles(self, employee: str) -> list[str]:
        """The subjects in a calendar, cancelled ones left out."""
        return sorted(e["subject"] for e in self.work.events(address(employee)) if not e.get("isCancelled"))

    def event(self, employee: str) -> dict[str, Any]:
        """The one event in a calendar."""
        (found,) = [e for e in self.work.events(address(employee)) if not e.get("isCancelled")]
        return found

    def run(self) -> list[tuple[str, str]]:
        """One run; the mails it sent, which are exactly those its plan predicted (E1)."""
        before = len(self.work.box.mails())
        self.work.run()
        sent = [(mail["kind"], mail["to"]) for mail in self.work.box.mails()[before:]]
        planned = [(m.kind, m.to) for a in self.work.planned() if not a.held for m in a.mails]
        assert Counter(sent) == Counter(planned), (sent, planned)
        return sent

    def settle(self, *, agree: bool = True) -> list[tuple[str, str]]:
        """Runs until one writes nothing, the fourth at the latest; then both sides agree. The mails sent meanwhile."""
        sent: list[tuple[str, str]] = []
        for _ in range(4):
            before = len(self.work.writes())
            sent += self.run()
            if len(self.work.writes()) == before and not self.work.planned():
                break
        else:
            raise AssertionError(f"still writing: {self.work.writes()[before:]}")
        if agree:
            found = disagreements(self.work.box, self.work.folder / "sandbox.yaml")
            assert not found, found
        return sorted(sent)
