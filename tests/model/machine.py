"""The state machine: people, trouble and runs in any order; in the end the dust settles and everything is judged."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from model.content import shown, time_of
from model.expected import Fate, Meeting, counts
from model.series import ENOUGH, SeriesRules
from model.story import Stage, Story
from model.trouble import FAULTS, QUIRKS
from model.users import CONTACTS, PEOPLE, WORDS, Json, Scene, guests_of, marked, name_of, stamps, token_of
from model.users import moments as crm_moments
from pipeline.workplace import CALENDAR

NAMES = st.sampled_from(sorted(PEOPLE))
GUESTS = st.sampled_from(["", "bob", "ann cai", "zoe", "ann bob cai", "bob zoe", "cai zoe yan", "ann stranger", "yan"])
WHICH = st.integers(0, 15)
VALUE = st.integers(0, 11)
WHAT = st.sampled_from(["title", "time", "all day", "private", "title and time"])
SETTLED = ("invitation", "old", "theirs", "series")


class Calendars(SeriesRules, RuleBasedStateMachine):
    """One tenant, Ann, Bob and Cai, two contacts and a stranger. Every rule is something that somebody does."""

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(self.stage)
        self.users, self.expected = self.story.users, self.story.expected
        self.troubled = False

    @initialize(
        connected=st.sampled_from(["ann bob cai", "ann bob cai", "ann bob", "bob"]),
        settled=st.lists(st.sampled_from(SETTLED), min_size=2, max_size=4, unique=True),
        pace=st.sampled_from([1, 2, 2, 3, 3]),
        troubled=st.sampled_from([False, False, True]),
    )
    def begin(self, connected: str, settled: list[str], pace: int, troubled: bool) -> None:
        """A tenant at work, with some meetings that are settled; calsync runs after every `pace` acts."""
        self.troubled = troubled
        first = connected.split()[0]
        self.story.begin(connected.split(), planted="old" in settled)
        if "invitation" in settled:
            self.record(by=first, guests="ann bob zoe", day=2, all_day=False, private=False)
        if "theirs" in settled:
            self.event(by="bob", guests="ann zoe stranger", day=3, all_day=False, private=False)
        if "series" in settled:
            self.series(by=first, guests="ann bob", day=1, how="weekly 3")
        with self.stage.tally.judged():
            self.story.run(15)
        self.story.pace = pace

    # --- People make meetings ----------------------------------------------------------------------------------------

    @rule(by=NAMES, guests=GUESTS, day=VALUE, all_day=st.booleans(), private=st.booleans())
    def record(self, by: str, guests: str, day: int, all_day: bool, private: bool) -> None:
        if len(self.expected.meetings) >= ENOUGH:
            self.edit_both(which=day, crm="title", outlook="title and time", value=day)
            return
        meeting = self.expected.new()
        title, times = f"Visit №{meeting.token}", (day, meeting.token, all_day)
        self.users.make_record(by, title, guests, times, private)
        meeting.content.said("crm", {"title": title, "time": time_of(*times), "private": str(private)})
        self.story.acted()

    @rule(by=NAMES, guests=GUESTS, day=VALUE, all_day=st.booleans(), private=st.booleans())
    def event(self, by: str, guests: str, day: int, all_day: bool, private: bool) -> None:
        if not self.expected.open[by] or len(self.expected.meetings) >= ENOUGH:
            return
        meeting = self.expected.new()
        title, times = f"Call №{meeting.token}", (day, meeting.token, all_day)
        self.users.make_event(by, title, guests, times, private)
        meeting.content.said("outlook", {"title": title, "time": time_of(*times), "private": str(private)})
        self.story.acted()

    # --- People change them ------------------------------------------------------------------------------------------

    @rule(which=WHICH, what=WHAT, value=VALUE)
    def edit_record(self, which: int, what: str, value: int) -> None:
        scene, record, meeting = self._record(which)
        changes, said = {}, {}
        what = "title" if meeting.series else what
        if "title" in what:
            said["title"] = changes["content"] = _title(meeting, value)
        if what == "private":
            changes["private"] = not record["private"]
            said["private"] = str(changes["private"])
        if "time" in what or what == "all day":
            all_day = record["all_day"] != (what == "all day")
            if shown(record)["time"] == time_of(value, meeting.token, all_day):
                value = (value + 1) % 12  # who says what is said already has edited nothing (C3)
            start, end = crm_moments(value, meeting.token, all_day)
            changes |= {"start": start, "end": end, "all_day": all_day}
            said["time"] = time_of(value, meeting.token, all_day)
        self.users.change_record(record, **changes)
        self.expected.keeps(meeting, said, scene)
        meeting.content.said("crm", said, sure=not meeting.muddled and record["calendar"] == CALENDAR)
        self._edited(meeting, "crm")

    @rule(which=WHICH, crm=WHAT, outlook=WHAT, value=VALUE)
    def edit_both(self, which: int, crm: str, outlook: str, value: int) -> None:
        """The same meeting in ShareCRM and in Outlook between two runs."""
        with self.story.between_two_runs():
            self.edit_record(which=which, what=crm, value=value)
            self.edit_event(which=which, what=outlook, value=(value + 5) % 12)
        self.story.acted()

    @rule(which=WHICH, guests=GUESTS)
    def people_of_record(self, which: int, guests: str) -> None:
        scene, record, meeting = self._record(which)
        if meeting.series:
            return
        names = guests.split()
        people = [record["owner"], *(PEOPLE[n] for n in names if n in PEOPLE and PEOPLE[n] != record["owner"])]
        self.users.change_record(record, participants=people, contacts=[CONTACTS[n] for n in names if n in CONTACTS])
        meeting.muddled = meeting.peopled = True
        self.expected.keeps(meeting, {"people"}, scene)
        self._edited(meeting, "crm")

    @rule(which=WHICH, to=NAMES)
    def new_owner(self, which: int, to: str) -> None:
        _, record, meeting = self._record(which)
        if meeting.series:
            return
        people = list(dict.fromkeys([PEOPLE[to], *record["attendees"]]))
        self.users.change_record(record, owner=[PEOPLE[to]], participants=people)
        meeting.new_owner = meeting.muddled = True
        self._edited(meeting, "crm")

    @rule(which=WHICH, what=WHAT, value=VALUE)
    def edit_event(self, which: int, what: str, value: int) -> None:
        """By the organiser of an event, or by the user of a copy: only the owner's counts (C8)."""
        scene = self._with_events()
        event = chosen([e for e in scene.reachable if e["isOrganizer"]], which, "subject")
        if event is None:
            return
        meeting = self.expected.meetings[token_of(event["subject"])]
        record = scene.record_of(meeting.token)
        speaks = counts(event, record or scene.deleted_of(meeting.token), PEOPLE)
        speaks &= not (meeting.new_owner and marked(event))
        if not speaks:
            meeting.fixes[event["mailbox"]] += 1
            if meeting.fixes[event["mailbox"]] > 2:
                return
        changes, said = {}, {}
        what = "title" if meeting.series else what
        if "title" in what:
            said["title"] = changes["subject"] = _title(meeting, value)
        if what == "private":
            changes["sensitivity"] = "normal" if event["sensitivity"] != "normal" else "private"
            said["private"] = str(event["sensitivity"] == "normal")
        if "time" in what or what == "all day":
            all_day = event["isAllDay"] != (what == "all day")
            if _stands_at(event, stamps(value, meeting.token, all_day)):
                value = (value + 1) % 12  # who says what is said already has edited nothing (C3)
            changes |= stamps(value, meeting.token, all_day)
            said["time"] = time_of(value, meeting.token, all_day)
        self.users.change_event(event, **changes)
        sure = speaks and self.expected.served(name_of(event))
        if not self._spoken_for(event, record, meeting, scene):
            meeting.content.said("outlook", said, sure=sure and not meeting.muddled and in_calendar(record))
            self.expected.keeps(meeting, said, scene)
        meeting.muddled |= not sure
        self._edited(meeting, "outlook")

    def _spoken_for(self, event: Json, record: Json | None, meeting: Meeting, scene: Scene) -> bool:
        """Whether a host or the owner's own copy speaks for certain, so that another person's copy is put right (C8):
        whoever spoke until that one was made is heard a last time (C1)."""
        if record is None or counts(event, record, PEOPLE) or meeting.new_owner or meeting.muddled:
            return False
        speak = {name_of(e) for e in scene.events_of(meeting.token) if counts(e, record, PEOPLE)}
        return any(self.expected.served(name) and name in meeting.settled for name in speak)

    @rule(which=WHICH, guests=GUESTS)
    def people_of_event(self, which: int, guests: str) -> None:
        scene = self._with_events()
        mine = [e for e in scene.reachable if e["isOrganizer"] and (e["attendees"] or not marked(e))]
        event = chosen(mine, which, "subject")
        if event is None:
            return
        meeting = self.expected.meetings[token_of(event["subject"])]
        others = " ".join(name for name in guests.split() if name != name_of(event))
        self.users.change_event(event, attendees=guests_of(others))
        meeting.muddled = meeting.peopled = True
        self.expected.keeps(meeting, {"people"}, scene)
        self._edited(meeting, "outlook")

    # --- People delete them ------------------------------------------------------------------------------------------

    @rule(which=WHICH)
    def delete_record(self, which: int) -> None:
        scene, record, meeting = self._record(which)
        self.users.box.as_employee(record["owner"]).cancel(record["id"])
        unread = self.expected.unread(meeting, scene)
        if meeting.series:
            meeting.kept |= {"dates"} if unread else set()
            meeting.dropped_dates += 1
            meeting.dropped = True  # no edit that would save the series if its organiser deletes it (D5)
            if meeting.ended or self.ends_series(record, meeting):
                meeting.ended, meeting.fate = True, Fate.EITHER
            self.story.acted()
            return
        outside = record["calendar"] != CALENDAR or meeting.moved
        meeting.delete("crm", sure=not outside)
        if outside or unread:
            meeting.excuse = "deleted while it was out of the calendar, or before its organiser was read"
        self.story.acted()

    @rule(which=WHICH)
    def recover_record(self, which: int) -> None:
        binned = Scene(self.stage.box).bin
        if not binned:
            self.delete_record(which)
            return
        record = binned[which % len(binned)]
        meeting = self.expected.meetings[token_of(record["content"])]
        self.users.box.as_employee(record["owner"]).recover(record["id"])
        meeting.deleted.discard("crm")
        meeting.fate = Fate.EITHER if meeting.deleted else Fate.LIVES
        meeting.content.said("crm", shown(record), sure=False)
        meeting.muddled = True  # to a run that saw neither deletion nor recovery it is no edit (C3)
        self.story.acted()

    @rule(which=WHICH)
    def delete_event(self, which: int) -> None:
        """From one's own calendar: the meeting's end, or a decline (D3)."""
        scene = self._with_events()
        if not scene.reachable:
            return
        event = chosen(scene.reachable, which, "subject") or scene.reachable[0]
        meeting = self.expected.meetings[token_of(event["subject"])]
        record = scene.record_of(meeting.token)
        self.users.box.as_user(event["mailbox"]).delete(event["id"])
        unsure = meeting.new_owner or (record is not None and record["calendar"] != CALENDAR)
        if meeting.series and any(marked(one) for one in scene.events_of(meeting.token)):
            unsure = True  # a date that was put back is a meeting of its own, and stays
        if marked(event) and name_of(event) not in meeting.read_in:
            unsure = True  # who knows its id? that it was made and is gone is no proof (D1)
        if counts(event, record or scene.deleted_of(meeting.token), PEOPLE) or (
            meeting.new_owner and event["isOrganizer"]
        ):
            meeting.delete("outlook", sure=not unsure and self.expected.served(name_of(event)) and not meeting.muddled)
            if unsure:
                meeting.declined.add(event["mailbox"])
        else:
            meeting.declined.add(event["mailbox"])
        self.story.acted()

    @rule(which=WHICH)
    def decline(self, which: int) -> None:
        guests = [e for e in self._with_events().reachable if not e["isOrganizer"]]
        if not guests:
            return
        event = guests[which % len(guests)]
        self.users.box.as_user(event["mailbox"]).respond(event["id"], "decline")
        self.story.acted()

    # --- Calendar, accounts, mailboxes -------------------------------------------------------------------------------

    @rule(which=WHICH)
    def change_calendar(self, which: int) -> None:
        """Out of the synced calendar, or back into it (D6)."""
        _, record, meeting = self._record(which)
        if meeting.series:
            return
        self.users.change_record(record, calendar="CRM Calendar" if record["calendar"] == CALENDAR else CALENDAR)
        meeting.muddled = meeting.moved = True
        if meeting.fate is Fate.GONE:
            meeting.fate = Fate.EITHER  # out of the calendar before its deletion was carried over: left as it is (D6)
        self.story.acted()

    @rule(who=NAMES)
    def connect_or_revoke(self, who: str) -> None:
        if self.expected.connected[who]:
            self.expected.goes_away(who, Scene(self.stage.box))
            self.stage.work.revoke(PEOPLE[who])
        else:
            self.stage.work.authorise(PEOPLE[who])
        self.expected.connected[who] = not self.expected.connected[who]
        self.story.acted()

    @rule(who=NAMES, state=st.sampled_from(["ok", "ok", "forbidden", "none"]))
    def mailbox(self, who: str, state: str) -> None:
        if state != "ok":
            self.expected.goes_away(who, Scene(self.stage.box))
        self.story.mailbox(who, state)

    @rule(name=st.sampled_from(sorted(QUIRKS)))
    def quirk(self, name: str) -> None:
        self.stage.box.set_microsoft(**QUIRKS[name])

    # --- Runs --------------------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 15, 120, 600, 1440]))
    def run(self, minutes: int) -> None:
        with self.stage.tally.judged():
            self.story.run(minutes)

    @rule(faults=st.lists(st.tuples(st.sampled_from(sorted(FAULTS)), VALUE, st.integers(1, 3)), min_size=1, max_size=3))
    def run_in_trouble(self, faults: list[tuple[str, int, int]]) -> None:
        """Each fault by name, how many requests it spares first, and how many it hits."""
        with self.stage.tally.judged():
            self.story.run(15, faults=faults if self.troubled else None)

    @rule(fault=st.sampled_from(["graph refuses", "graph 503", "crm refuses", "crm 503"]), skip=st.integers(0, 25))
    def run_that_loses_a_system(self, fault: str, skip: int) -> None:
        with self.stage.tally.judged():
            self.story.run(15, faults=[(fault, skip, None)] if self.troubled else None)

    @rule(at=st.integers(1, 30), sent=st.booleans())
    def run_that_dies(self, at: int, sent: bool) -> None:
        """At a remote call: before it was sent, or after it was done."""
        with self.stage.tally.judged():
            self.story.run(15, dies=(at, sent) if self.troubled else None)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None and self.story.begun:
                with self.stage.tally.judged():
                    self.story.settle()
        finally:
            self.story.close()

    # --- Helpers -----------------------------------------------------------------------------------------------------

    def _record(self, which: int) -> tuple[Scene, Json, Meeting]:
        """A living record; the first one where there is none yet."""
        scene = Scene(self.stage.box)
        if not scene.records:
            meeting = self.expected.new()
            self.users.make_record("ann", f"Visit №{meeting.token}", "bob zoe", (which, meeting.token, False), False)
            scene = Scene(self.stage.box)
        record = chosen(scene.records, which, "content") or scene.records[0]
        return scene, record, self.expected.meetings[token_of(record["content"])]

    def _with_events(self) -> Scene:
        """What there is, with at least one event if anybody's mailbox is there."""
        by = next((name for name in ("bob", "ann", "cai") if self.expected.open[name]), "")
        if by and not Scene(self.stage.box).events:
            meeting = self.expected.new()
            others = " ".join(name for name in ("ann", "bob", "cai") if name != by)
            self.users.make_event(by, f"Call №{meeting.token}", others, (1, meeting.token, False), False)
        return Scene(self.stage.box)

    def _edited(self, meeting: Meeting, side: str) -> None:
        meeting.edit(side)
        self.story.acted()


def chosen(found: list[Json], which: int, title: str) -> Json | None:
    """One of these records or events: first a meeting, so that the same `which` means the same meeting everywhere."""
    tokens = sorted({token_of(one[title]) for one in found})
    if not tokens:
        return None
    same = [one for one in found if token_of(one[title]) == tokens[which % len(tokens)]]
    return same[which // len(tokens) % len(same)]


def _stands_at(event: Json, times: Json) -> bool:
    """Whether an event has these times already."""
    same = event["start"]["dateTime"][:19] == times["start"]["dateTime"]
    return same and event["isAllDay"] == times["isAllDay"]


def in_calendar(record: Json | None) -> bool:
    return record is not None and record["calendar"] == CALENDAR


def _title(meeting: Meeting, value: int) -> str:
    meeting.revision += 1
    return f"{WORDS[value % len(WORDS)]} №{meeting.token} v{meeting.revision}"


def generating(stories: int, steps: int, **more: Any) -> settings:
    """Settings for so many stories of at most so many steps. Scripts are made short by `model.replay`, in less time."""
    return settings(
        max_examples=stories,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        **more,
    )
