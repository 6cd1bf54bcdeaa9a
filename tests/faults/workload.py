"""A day's edits of every kind on both sides, which one run has to carry over, and how everything stands after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from pipeline.morning import ANN, BOB, CARLA, DIRK, TEAM, hour, invite, plain
from pipeline.workplace import CALENDAR, Workplace

from sandbox.repeat import weekly
from sandbox.world import World

CAI = "cai@contoso.example"
EVERYBODY = ["1000", "1001", "1002"]
CROWD: dict[str, Any] = {
    "employees": [*TEAM["employees"], {"id": "1002", "name": "Cai", "email": CAI}],
    "contacts": TEAM["contacts"],
    "mailboxes": [*TEAM["mailboxes"], {"address": CAI, "name": "Cai"}],
    "crm_events": [
        {"id": id_, "content": title, "owner": "1000", "attendees": ["1000", "1001"],
         "start": hour(3, at).isoformat(), "end": hour(3, at + 1).isoformat(), "calendar": CALENDAR,
         "created": "2026-01-05T00:00:00Z", "modified": "2026-01-05T00:00:00Z"}
        for id_, title, at in (("sch-old", "Older than calsync", 7), ("sch-older", "Older, removed and edited", 8))
    ],
}  # fmt: skip
LIMITS = {"tenant_meetings": 1000, "mailbox_meetings": 1000, "max_mails_per_run": 1000}
"""The guard is not what is tried here."""

FAR = 200
"""So many days ahead nothing is looked for: what moves there is followed by what is known of it."""

_SHOWN = ("content", "start", "end", "private", "owner")


class Standing(NamedTuple):
    """How the world stands, ids and stamps left out, and which mails it took to get there."""

    records: Counter[tuple[Any, ...]]
    events: Counter[tuple[Any, ...]]
    mails: Counter[tuple[str, str, str]]


class Days:
    """Two days of a team: `agreed` brings them up to last night, `edit` is what they do in the morning.

    In between, the run after `made_late` dies before it has noted the event that it makes.
    """

    def __init__(self, work: Workplace) -> None:
        self.work = work
        self.ann, self.bob, self.cai = (work.box.as_user(address) for address in (ANN, BOB, CAI))
        self.crm = work.box.as_employee("1000")

    def agreed(self) -> None:
        """Meetings of every kind, in agreement on both sides."""
        self.work.box.reset(CROWD)
        self.work.box.set_limits(crm_token_calls_per_minute=None)
        self.work.late = timedelta(minutes=-1)  # ShareCRM's stamps are whole seconds: what follows is plainly younger
        self.work.authorise()
        self._old_ones()
        self.work.run()
        self.work.late = timedelta()
        self._younger_ones()
        self.work.run()

    def made_late(self) -> None:
        """One more meeting, of somebody who is alone on it."""
        said = {"calendar": CALENDAR, "participants": ["1002"]}
        self.late = self.work.box.as_employee("1002").create("Half made", hour(6, 18), hour(6, 19), **said)

    def edit(self) -> None:
        """People join and leave, dates move, meetings come and go, on both sides."""
        self._in_sharecrm()
        self._in_outlook()
        self._removed_and_edited()
        self._edited_unnoticed()

    def _old_ones(self) -> None:
        """What the first sync finds."""
        said = {"calendar": CALENDAR, "participants": ["1000", "1001"]}
        self.secret = self.crm.create("Soon private", hour(3, 13), hour(3, 14), **said)
        self.theirs = self._event(self.ann, "Their talk", 2, attendees=invite(BOB, CARLA))
        self.unwanted = self._event(self.bob, "Called off in Outlook", 3)
        self.quiet = self._event(self.bob, "Soon private, too", 3, 15)
        self.round = self._event(self.bob, "Round", 2, 16, attendees=invite(ANN), recurrence=weekly(4))
        self.course = self._event(self.cai, "Course", 2, 12, recurrence=weekly(2))

    def _younger_ones(self) -> None:
        """Made since: their owner's mailbox invites."""
        said = {"calendar": CALENDAR, "contacts": ["c-carla"]}
        self.invited = self.crm.create("Invited", hour(4), hour(4, 10), participants=["1000", "1001"], **said)
        self.ended = self.crm.create("Called off in ShareCRM", hour(5), hour(5, 10), participants=EVERYBODY, **said)
        self.crowded = self.crm.create("One leaves", hour(5, 12), hour(5, 13), participants=EVERYBODY, **said)
        self.crm.create("Removed and edited", hour(6, 12), hour(6, 13), participants=["1000", "1001"], **said)
        alone = {"calendar": CALENDAR, "participants": ["1000"]}
        self.kept = self.crm.create("Deleted and edited", hour(6), hour(6, 10), **alone)

    def _in_sharecrm(self) -> None:
        said = {"calendar": CALENDAR, "contacts": ["c-dirk"]}
        self.crm.create("New with a guest", hour(7), hour(7, 10), participants=["1000", "1001"], **said)
        self.crm.change(self.invited, contacts=["c-carla", "c-dirk"], start=hour(4, 11), end=hour(4, 12))
        self.crm.change("sch-old", content="Older, renamed")
        self.crm.change(self.crowded, participants=["1000", "1001"])
        self.crm.change(self.secret, private=True)
        self.crm.cancel(self.ended)
        self.crm.cancel(self.kept)

    def _in_outlook(self) -> None:
        self._event(self.bob, "New in Outlook", 8, attendees=invite(ANN, DIRK))
        self._event(self.cai, "Newer in Outlook", 8)
        self._event(self.ann, "New series", 8, 12, recurrence=weekly(2))
        self.ann.rename(self.theirs, "Their talk, renamed")
        self.ann.invite(self.theirs, CAI)
        self.bob.delete(self.unwanted)
        self.bob.change(self.quiet, sensitivity="private")
        self._move_a_date()
        self._move_a_series_away()
        self.ann.rename(self._ours(ANN, "Deleted and edited"), "Deleted and edited, the edit wins")

    def _move_a_date(self) -> None:
        """The second date of the series to another hour; its third does not take place."""
        dates = self.bob.occurrences(self.round, hour(0).date(), hour(60).date())
        moved = hour(9, 18)
        self.bob.move(dates[1]["id"], plain(moved), plain(moved + timedelta(hours=1)))
        self.bob.cancel(dates[2]["id"])

    def _move_a_series_away(self) -> None:
        """All of it beyond the days that calsync looks at."""
        begins = plain(hour(FAR, 12))
        self.cai.move_series(self.course, begins, plain(hour(FAR, 13)), weekly(2))

    def _removed_and_edited(self) -> None:
        """Their owner removes an invitation and a copy in Outlook, and edits them in ShareCRM."""
        for title in ("Removed and edited", "Older, removed and edited"):
            (record,) = (record["id"] for record in self.work.records() if record["content"] == title)
            self.ann.delete(self._ours(ANN, title))
            self.crm.change(record, content=f"{title}: the edit wins")

    def _edited_unnoticed(self) -> None:
        """What calsync has made without noting it is moved to where it does not look, and renamed in ShareCRM."""
        self.cai.move(self._ours(CAI, "Half made"), plain(hour(FAR, 18)), plain(hour(FAR, 19)))
        self.work.box.as_employee("1002").rename(self.late, "Half made, renamed")

    def _ours(self, address: str, title: str) -> str:
        """The event of this title that calsync has made in a mailbox."""
        (ours,) = (event for event in self.work.events(address) if event["subject"] == title)
        return str(ours["id"])

    @staticmethod
    def _event(user: Any, title: str, day: int, at: int = 9, **more: Any) -> str:
        made = user.create(title, plain(hour(day, at)), plain(hour(day, at + 1)), **more)
        return str(made["id"])


def standing(world: World) -> Standing:
    """How everything stands, looked up in the sandbox itself: over its interface it takes longer than a run."""
    records = Counter(
        (*(r[name] for name in _SHOWN), tuple(sorted(r["attendees"])), tuple(sorted(r["contacts"])))
        for r in world.sharecrm.dump()["events"]
        if not r["deleted"] and r["life_status"] == "normal"
    )
    first, last = hour(-1).date(), hour(FAR + 60).date()
    mailboxes = world.microsoft.dump(first, last)["mailboxes"]
    events = Counter(
        (address, one["subject"], str(one["start"]), str(one["end"]), one["sensitivity"], _guests(one))
        for address, box in mailboxes.items()
        for event in box["events"]
        for one in _shown(event)
    )
    return Standing(records, events, Counter((m["kind"], m["to"], m["subject"]) for m in world.logs.mails))


def _shown(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a calendar shows of an event: itself, or the dates of the series it is."""
    if not event["deleted"]:
        yield from (one for one in event.get("occurrences", [event]) if not one["isCancelled"])


def _guests(event: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(guest["emailAddress"]["address"] for guest in event["attendees"]))


def differences(now: Standing, wanted: Standing) -> list[str]:
    """What is missing and what is too much, a line each."""
    found = []
    for name in Standing._fields:
        have, want = getattr(now, name), getattr(wanted, name)
        found += [f"{name}: missing {one}" for one in (want - have).elements()]
        found += [f"{name}: too much {one}" for one in (have - want).elements()]
    return found
