"""Rules about recurring series, for the state machine."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from model.expected import Fate
from model.users import (
    FIRST_DAY,
    WORDS,
    Json,
    Scene,
    guests_of,
    mailbox,
    marked,
    name_of,
    recurrence,
    stamps,
    token_of,
)

if TYPE_CHECKING:
    from model.expected import Expected, Meeting
    from model.story import Stage, Story
    from model.users import Users

SERIES = True
"""Whether stories have series in them."""

WHICH = st.integers(0, 3)
DAY = st.integers(0, 11)
HOW = st.sampled_from(["daily 4", "weekly 3", "daily 3", "weekly endless"])
ENOUGH = 6
"""So many meetings are made; from then on people work with those."""


def _start(event: Json) -> str:
    """When an event begins, in UTC."""
    return str(event["start"]["dateTime"][:19])


_with_series = precondition(lambda self: SERIES)


class SeriesRules:
    """What people do to series in Outlook; what they do to an occurrence's record is among the other rules."""

    stage: Stage
    story: Story
    users: Users
    expected: Expected

    @_with_series
    @rule(by=st.sampled_from(["ann", "bob"]), guests=st.sampled_from(["", "bob zoe", "cai"]), day=DAY, how=HOW)
    def series(self, by: str, guests: str, day: int, how: str) -> None:
        if not self.expected.open[by] or len(self.expected.meetings) >= ENOUGH:
            return
        meeting = self.expected.new()
        meeting.series = True
        others = " ".join(name for name in guests.split() if name != by)
        body = stamps(day, meeting.token, False) | {"attendees": guests_of(others), "recurrence": recurrence(day, how)}
        self.users.box.as_user(mailbox(by)).request("POST", "/events", body | {"subject": f"Review №{meeting.token}"})
        self.story.acted()

    @_with_series
    @rule(which=WHICH, day=DAY, hour=st.integers(0, 8), how=HOW)
    def move_series(self, which: int, day: int, hour: int, how: str) -> None:
        if event := self._master(which):
            times = stamps(day, hour, event["isAllDay"])
            self.users.change_event(event, **times, recurrence=recurrence(day, how))
            if self.expected.served(name_of(event)):
                self.expected.meetings[token_of(event["subject"])].kept.discard("dates")
            self._changed(event)

    @_with_series
    @rule(which=WHICH, nth=st.integers(0, 4), what=st.sampled_from(["cancel", "rename", "later"]))
    def occurrence(self, which: int, nth: int, what: str) -> None:
        """One date of a series is cancelled, named otherwise, or two hours later."""
        if not (event := self._master(which)):
            return
        dates = self._dates(event)
        if not dates:
            return
        one, user = dates[nth % len(dates)], self.users.box.as_user(event["mailbox"])
        if what == "cancel":
            user.delete(one["id"])
        elif what == "rename":
            user.rename(one["id"], f"{WORDS[nth % len(WORDS)]} {event['subject']}")
        else:
            at = FIRST_DAY.fromisoformat(one["start"]["dateTime"]) + timedelta(hours=2)
            user.move(one["id"], at.isoformat(), (at + timedelta(hours=1)).isoformat())
        self._changed(event)
        if what == "cancel":
            meeting, scene = self.expected.meetings[token_of(event["subject"])], Scene(self.stage.box)
            meeting.taken_out = True
            if all(scene.deleted_of(meeting.token, _start(date)) for date in dates if date is not one):
                meeting.ended, meeting.fate = True, Fate.EITHER  # a series without dates may stay in Outlook

    def ends_series(self, record: Json, meeting: Meeting) -> bool:
        """Whether with this record, just deleted, went the last date that ShareCRM knows, the last one that its
        organiser has not just taken out, or the single event that was left of the series."""
        scene = Scene(self.stage.box)
        own = [e for e in scene.events_of(meeting.token) if e["isOrganizer"]]
        single = [e for e in own if e["type"] == "singleInstance" and not marked(e)]
        if any(_start(e) == record["start"][:19] for e in single) or not scene.records_of(meeting.token):
            return True
        masters = [e for e in own if e["type"] == "seriesMaster" and e in scene.reachable and meeting.taken_out]
        dates = {_start(date) for master in masters for date in self._dates(master)}
        return bool(masters) and not any(one["start"][:19] in dates for one in scene.records_of(meeting.token))

    def _dates(self, master: Json) -> list[Json]:
        """The dates of a series that still stand."""
        first, until = (day.strftime("%Y-%m-%dT00:00:00Z") for day in (FIRST_DAY, FIRST_DAY + timedelta(days=60)))
        path = f"/events/{master['id']}/instances?startDateTime={first}&endDateTime={until}&$top=50"
        found: list[Json] = self.users.box.as_user(master["mailbox"]).request("GET", path)["value"]
        return found

    @_with_series
    @rule(which=WHICH, how=HOW)
    def single_or_series(self, which: int, how: str) -> None:
        """A single event begins to recur, or a series becomes a single event."""
        mine = [e for e in Scene(self.stage.box).reachable if e["isOrganizer"] and not e["isAllDay"]]
        mine = [e for e in mine if not e["singleValueExtendedProperties"]]
        if not mine:
            return
        event = mine[which % len(mine)]
        meeting = self.expected.meetings[token_of(event["subject"])]
        gone = Scene(self.stage.box).deleted_of(meeting.token, _start(event))
        if event["recurrence"] and gone:
            meeting.ended, meeting.fate = True, Fate.EITHER  # the date that it goes on as was deleted in ShareCRM
        day = (FIRST_DAY.fromisoformat(event["start"]["dateTime"]).replace(tzinfo=FIRST_DAY.tzinfo) - FIRST_DAY).days
        self.users.change_event(event, recurrence=None if event["recurrence"] else recurrence(day, how))
        meeting.series = True
        if event["recurrence"] and not self.expected.served(name_of(event)):
            meeting.kept.add("dates")  # that they vanish from guests alone ends no date (D3)
        self._changed(event)

    @_with_series
    @rule(which=WHICH, nth=st.integers(0, 4), hours=st.sampled_from([1, 3, -2, 25]))
    def move_date(self, which: int, nth: int, hours: int) -> None:
        """ShareCRM moves one date of a series: by some hours, or to the other side of the next day's."""
        scene = Scene(self.stage.box)
        known = {token_of(record["content"]) for record in scene.records}
        tokens = sorted(token for token in known if self.expected.meetings[token].series)
        if not tokens:
            return
        meeting = self.expected.meetings[tokens[which % len(tokens)]]
        dates = sorted(scene.records_of(meeting.token), key=lambda record: (record["start"], record["id"]))
        record = dates[nth % len(dates)]
        start, end = (datetime.fromisoformat(record[name]) + timedelta(hours=hours) for name in ("start", "end"))
        self.users.change_record(record, start=start, end=end)
        if self.expected.host_away(meeting, scene):
            meeting.kept.add("dates")
        meeting.edit("crm")
        self.story.acted()

    def _master(self, which: int) -> Json | None:
        mine = [e for e in Scene(self.stage.box).reachable if e["type"] == "seriesMaster" and e["isOrganizer"]]
        return mine[which % len(mine)] if mine else None

    def _changed(self, event: Json) -> None:
        meeting = self.expected.meetings[token_of(event["subject"])]
        if not self.expected.served(name_of(event)):
            meeting.muddled = True
            if name_of(event) in self.expected.leaving:
                meeting.kept.add("dates")  # whoever speaks next shows it from the beginning: no edit (C1)
        meeting.edit("outlook")
        self.story.acted()
