"""The model: which meetings must live, which must be gone, and what nobody can ask for, from what people did alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from model.content import Content
from model.users import PEOPLE, Json, Scene, marked, name_of, token_of, tokens_of


class Fate(StrEnum):
    """What must become of a meeting. EITHER: both outcomes are right, as long as both sides agree."""

    LIVES = "lives"
    GONE = "gone"
    EITHER = "either"


@dataclass
class Meeting:
    """One meeting, by the number in its title.

    edited, deleted: the sides on which people did so since the last clean run. muddled: since then a run went wrong or
    somebody's mailbox was away. declined: mailboxes whose users removed it for themselves. fixes: how often a copy was
    changed that does not speak. excuse: why it need not agree. kept: the fields that a side may keep to itself, changed
    while the organiser could not be heard (C9). organised_in: who ever organised an event of it. read_in: which of them
    a clean run has read. ended: somebody has deleted it. stood, settled: in whose calendars it stood after the last
    run, and already before that run if it was a clean one. peopled, moved: since the last clean run its people were
    changed, or it left the calendar or came back. dropped_dates: how many records of a series people deleted.
    cancelled: how many of its dates calsync cancelled. taken_out, dropped: since the last clean run its organiser took
    dates out, and people deleted records of it.
    """

    token: int
    fate: Fate = Fate.LIVES
    revision: int = 1
    edited: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    muddled: bool = False
    new_owner: bool = False
    declined: set[str] = field(default_factory=set)
    fixes: Counter[str] = field(default_factory=Counter)
    excuse: str = ""
    series: bool = False
    content: Content = field(default_factory=Content)
    kept: set[str] = field(default_factory=set)
    organised_in: set[str] = field(default_factory=set)
    read_in: set[str] = field(default_factory=set)
    stood: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)
    ended: bool = False
    moved: bool = False
    peopled: bool = False
    dropped_dates: int = 0
    cancelled: int = 0
    taken_out: bool = False
    dropped: bool = False

    def edit(self, side: str) -> None:
        """An edit that counts; against a deletion on the other side it wins (D5)."""
        if self.deleted - {side} and self.fate is not Fate.LIVES:
            self.fate = Fate.EITHER if self.muddled else Fate.LIVES
        self.edited.add(side)

    def delete(self, side: str, *, sure: bool = True) -> None:
        """A deletion by somebody whose deletion counts; not `sure`: by somebody calsync may not hear (D3, D5)."""
        self.deleted.add(side)
        self.ended = True
        self.muddled |= not sure
        if len(self.deleted) == 2 and sure:
            self.fate = Fate.GONE
        elif self.edited - {side}:
            self.fate = Fate.EITHER if self.muddled or not sure else Fate.LIVES
        else:
            self.fate = Fate.GONE if sure else Fate.EITHER


@dataclass
class Expected:
    """Everything the story has made, and who may be heard at the moment.

    unreached: mailboxes that were not there for a while, so that what Exchange sent them then never arrived.
    leaving: whose mailbox or authorisation went since the last clean run, so that nobody speaks in their place yet.
    """

    meetings: dict[int, Meeting] = field(default_factory=dict)
    connected: dict[str, bool] = field(default_factory=dict)
    open: dict[str, bool] = field(default_factory=dict)
    unreached: set[str] = field(default_factory=set)
    leaving: set[str] = field(default_factory=set)

    def new(self) -> Meeting:
        meeting = Meeting(len(self.meetings) + 1)
        self.meetings[meeting.token] = meeting
        return meeting

    def served(self, name: str) -> bool:
        return self.connected[name] and self.open[name]

    @property
    def all_open(self) -> bool:
        return all(self.open.values())

    def heard(self, meeting: Meeting) -> bool:
        """Whether calsync can read all that people may have said of a meeting."""
        away = {name for name in self.connected if not self.served(name)}
        shut = {name for name in self.connected if self.connected[name] and not self.open[name]}
        return not shut and not away & meeting.organised_in

    def ran(self, scene: Scene, *, clean: bool) -> None:
        """A run is over. A clean one was undisturbed and left nothing open; it agrees the meetings that were heard."""
        if clean:
            self.leaving.clear()
        for meeting in self.meetings.values():
            events = scene.events_of(meeting.token)
            organisers = {name_of(e) for e in events if e["isOrganizer"]}
            meeting.organised_in |= organisers
            meeting.read_in |= {name for name in organisers if clean and self.served(name)}
            there = {name_of(e) for e in events}
            meeting.settled, meeting.stood = meeting.stood & there if clean else set(), there
            if clean and self.heard(meeting):
                meeting.content.agreed()
                meeting.moved = meeting.peopled = meeting.dropped = meeting.taken_out = False
                meeting.edited.clear()
                meeting.deleted.clear()
                meeting.muddled = False
            else:
                meeting.muddled = True

    def goes_away(self, name: str, scene: Scene) -> None:
        """Somebody's mailbox or authorisation goes: what changed just now may stay on its own side (C9), except what an
        organiser edited while a guest can tell it (C1).
        """
        self.leaving.add(name)
        for meeting in self.meetings.values():
            meeting.muddled = True
            events = scene.events_of(meeting.token)
            tells = any(self._tells(other, events) for other in self.connected if other != name)
            if hosts(name, events) or self.host_away(meeting, scene):
                said = {field: set(sides) for field, sides in meeting.content.pending.items() if sides}
                meeting.kept |= {field for field, sides in said.items() if not tells or sides != {"outlook"}}
            if self._speaks_by_a_copy(name, meeting, scene):  # its word passes to another copy, and does not come back
                pending = meeting.content.pending.items()
                meeting.kept |= {field for field, sides in pending if set(sides) == {"outlook"}}
            if hosts(name, events):
                meeting.kept |= {"people"} if meeting.peopled else set()
                meeting.kept |= {"dates"} if meeting.series and (meeting.edited or meeting.dropped) else set()

    def _tells(self, name: str, events: list[Json]) -> bool:
        """Whether somebody's invitation tells what its organiser edited, who cannot be heard (C1)."""
        there = any(name_of(e) == name and not e["isOrganizer"] for e in events)
        return there and self.served(name)

    def _speaks_by_a_copy(self, name: str, meeting: Meeting, scene: Scene) -> bool:
        """Whether somebody has the owner's copy, and others have theirs: what is older in it is put right (C1)."""
        record = scene.record_of(meeting.token) or scene.deleted_of(meeting.token)
        copies = [e for e in scene.events_of(meeting.token) if marked(e) and not e["attendees"]]
        mine = any(name_of(e) == name and counts(e, record, PEOPLE) for e in copies)
        return mine and any(name_of(e) != name for e in copies)

    def keeps(self, meeting: Meeting, fields: Iterable[str], scene: Scene) -> None:
        """An edit now: if the organiser cannot be heard, each side may keep its own; else it ends that (C9)."""
        if self.host_away(meeting, scene):
            meeting.kept |= set(fields)
        else:
            meeting.kept -= set(fields)

    def unread(self, meeting: Meeting, scene: Scene) -> bool:
        """Whether its organiser has not been read yet: what ShareCRM deletes now stays theirs when they come (A3)."""
        own = {name_of(e) for e in scene.events_of(meeting.token) if e["isOrganizer"] and not marked(e)}
        return bool(own - meeting.read_in)

    def host_away(self, meeting: Meeting, scene: Scene) -> bool:
        """Whether the organiser of its event cannot be heard now."""
        events = scene.events_of(meeting.token)
        return any(not self.served(name) and hosts(name, events) for name in self.connected)

    def failures(self, scene: Scene, sentences: list[str], calendar: str) -> Iterator[str]:
        """What is not as it must be, once the dust has settled; `sentences` are the judge's."""
        for meeting in self.meetings.values():
            records = scene.records_of(meeting.token)
            events = [
                e
                for e in scene.events_of(meeting.token)
                if e["isOrganizer"] or not (e["mailbox"] in self.unreached or _orphan(e, meeting))
            ]
            yield from self._lost_or_left(meeting, records, events)
            yield from _doubled(meeting, records, events)
            yield from _overwritten(meeting, records, calendar)
        for sentence in sentences:
            meeting = self.meetings[token_of(sentence)]
            if not (meeting.excuse or meeting.kept or self._excused(meeting, scene, sentence, calendar)):
                yield f"disagree: {sentence}"

    def _excused(self, meeting: Meeting, scene: Scene, sentence: str, calendar: str) -> bool:
        """Whether the judge's sentence is about what nobody can ask for."""
        named = re.search(r"[^\s'()]+@[^\s'()]+\w", sentence)
        mailbox = named.group(0) if named else ""
        # Where it is missing the judge may take another meeting of that time for it, and name both.
        missing = "is missing" in sentence or len(set(tokens_of(sentence))) > 1
        if missing and mailbox in meeting.declined:
            return True
        events = scene.events_of(meeting.token)
        invites = any(mailbox in addresses(e) for e in events)
        if mailbox in self.unreached and invites:
            return True
        if any(_orphan(e, meeting) and e["mailbox"] == mailbox for e in events):
            return True
        # Dates that its organiser moved away still stand with who never heard of it, and are dates to calsync.
        if meeting.series and any(e["mailbox"] in self.unreached and not e["isOrganizer"] for e in events):
            return True
        return any(r["calendar"] != calendar for r in scene.records_of(meeting.token))

    def _lost_or_left(self, meeting: Meeting, records: list[Json], events: list[Json]) -> Iterator[str]:
        if meeting.fate is Fate.LIVES and not records and not meeting.excuse:
            yield f"lost: №{meeting.token} is no longer in ShareCRM, and nobody deleted it"
        if meeting.fate is Fate.LIVES and not events and not records:
            yield f"lost: №{meeting.token} is nowhere, and nobody deleted it"
        if meeting.fate is Fate.GONE and (records or events) and not meeting.excuse:
            where = ["ShareCRM"] * bool(records) + sorted({e["mailbox"] for e in events})
            yield f"left over: №{meeting.token} was deleted and is still in {', '.join(where)}"


def _orphan(event: Json, meeting: Meeting) -> bool:
    """Whether it is a date of a series that its organiser changed after this guest had removed the series: it arrives
    alone, and Exchange does not take it away again with the series.
    """
    alone = event["type"] == "singleInstance" and not event["isOrganizer"]
    return meeting.series and alone and event["mailbox"] in meeting.declined


def _doubled(meeting: Meeting, records: list[Json], events: list[Json]) -> Iterator[str]:
    if len(records) > 1 and not meeting.series:
        yield f"doubled: №{meeting.token} is {len(records)} records"
    # A date of a series may be put back beside what has become of the series, whose own start is its first date's.
    places = Counter((e["mailbox"], (e["type"], e["start"]["dateTime"]) if meeting.series else "") for e in events)
    for (mailbox, _), times in places.items():
        if times > 1:
            yield f"doubled: №{meeting.token} stands {times} times in {mailbox}"


def _overwritten(meeting: Meeting, records: list[Json], calendar: str) -> Iterator[str]:
    """Edits that are gone although nothing was in their way."""
    if meeting.series or meeting.excuse or meeting.kept or len(records) != 1 or records[0]["calendar"] != calendar:
        return
    for fault in meeting.content.faults(records[0]):
        yield f"overwritten: of №{meeting.token} the {fault}"


def addresses(event: Json) -> set[str]:
    """Who is invited to an event."""
    return {guest["emailAddress"]["address"] for guest in event["attendees"]}


def hosts(name: str, events: list[Json]) -> bool:
    """Whether somebody organises an event with guests among these."""
    return any(e["isOrganizer"] and e["attendees"] and name_of(e) == name for e in events)


def counts(event: Json, record: Json | None, people: dict[str, str]) -> bool:
    """Whether what its mailbox's user does to an event counts (D3, D5): a host's, or the owner's copy."""
    if not event["isOrganizer"]:
        return False
    if not marked(event) or event["attendees"]:
        return True
    return record is None or record["owner"] == people[name_of(event)]
