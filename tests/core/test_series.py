"""Series: one meeting for each date, which keeps its record when the series is moved, cut or turned (B6, F1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from core.make import NOW, address, at, event, mailbox
from core.world import Item, Key, World

from calsync.core.facts import Tally
from calsync.core.guard import hold
from calsync.core.model import Kind, Life, Link, LinkState, Mark, Origin, Placement, Shape, Standing, Time
from calsync.core.plan import Plan, Verb

WEEKS = (24, 24 + 168, 24 + 336)
"""Three dates a week apart, in hours from now."""


class Series:
    """A series in Ann's calendar, and in those of its guests, as Exchange keeps it: an id for each original date."""

    def __init__(self, world: World, hours: Iterable[int] = WEEKS, *guests: str, name: str = "S") -> None:
        self.world, self.name, self.boxes = world, name, ("1", *guests)
        self.pattern, self.title, self.organizer = "weekly", "Weekly", address("1")
        self.put(hours)

    def put(self, hours: Iterable[int], **more: object) -> None:
        """Let the series have exactly these dates; those that it had and has no longer vanish without a tombstone."""
        hours = list(hours)
        for person in self.boxes:
            kept = {self._item(person, hour) for hour in hours}
            self._forget(person, {item.id for item in kept})
            for item in (*kept, self.master(person)):
                before = self.world.outlook.get((item.mailbox, item.id))
                version = before.version + 1 if before else 1
                self.world._store(replace(item, version=version, **more))

    def end(self) -> None:
        for person in self.boxes:
            self._forget(person, set())
            self.world.outlook.pop((mailbox(person), self.id(person)), None)

    def single(self, hour: int) -> None:
        """The series becomes a single event with the master's id."""
        for person in self.boxes:
            self._forget(person, set())
            item = self._item(person, hour)
            self.world._store(
                replace(item, id=self.id(person), shape=Shape.SINGLE, master="", original=None, pattern="", version=9)
            )

    def _forget(self, person: str, kept: set[str]) -> None:
        items = [i for i in self.world.outlook.values() if (i.mailbox, i.master) == (mailbox(person), self.id(person))]
        for gone in {item.id for item in items} - kept:
            del self.world.outlook[mailbox(person), gone]
            self.world._gone.add((mailbox(person), gone))

    def id(self, person: str) -> str:
        return f"{self.name}-{person}"

    def key(self, hour: int, person: str = "1") -> Key:
        return mailbox(person), self._item(person, hour).id

    def master(self, person: str) -> Item:
        first = self._item(person, WEEKS[0])
        return replace(first, id=self.id(person), shape=Shape.MASTER, master="", original=None)

    def _item(self, person: str, hour: int) -> Item:
        time = at(hour)
        day = (NOW + timedelta(hours=hour)).date()
        people = [address(p) for p in self.boxes] if len(self.boxes) > 1 else []
        return Item(
            mailbox(person), f"{self.id(person)}@{day}", event(self.title, time, guests=people), self.organizer,
            f"uid-{self.name}", is_organizer=address(person) == self.organizer, shape=Shape.OCCURRENCE,
            master=self.id(person), original=day, pattern=self.pattern,
        )  # fmt: skip


def imported(*guests: str) -> tuple[World, Series]:
    world = World()
    series = Series(world, WEEKS, *guests)
    world.settled()
    return world, series


def records(world: World) -> dict[str, Time]:
    return {row.id: row.event.time for row in world.living() if row.event}


def dates(world: World) -> list[Time]:
    return sorted(records(world).values(), key=lambda time: str(time.start))


def times(hours: Iterable[int]) -> list[Time]:
    return [at(hour) for hour in hours]


def verbs(plans: list[Plan]) -> set[Verb]:
    return {action.verb for plan in plans for action in plan.actions}


@pytest.mark.parametrize("guests", [(), ("2",), ("2", "3")])
def test_each_date_becomes_one_record_and_the_series_costs_nothing_more(guests: tuple[str, ...]) -> None:
    world, series = imported(*guests)
    assert dates(world) == times(WEEKS)
    assert {link.series for link in world.links.values()} == {f"{mailbox('1')}|S-1"}
    series.put(WEEKS)
    assert verbs(world.settled()) == set()
    assert not world.mails


@pytest.mark.parametrize("guests", [(), ("2",), ("2", "3")])
@pytest.mark.parametrize("moved", [(48, 216, 384), (25, 193, 361), (48, 216), (48, 216, 384, 552)])
def test_a_series_that_is_moved_keeps_its_records(guests: tuple[str, ...], moved: tuple[int, ...]) -> None:
    """From Mondays to Tuesdays, and within the day; what is left over is deleted or new."""
    world, series = imported(*guests)
    before = sorted(records(world), key=lambda id_: str(records(world)[id_].start))
    series.pattern = "weekly" if moved[0] == 25 else "another weekday"
    series.put(moved)
    world.settled()
    now = records(world)
    assert dates(world) == times(moved)
    assert [now[id_] for id_ in before if id_ in now] == times(moved[: len(before)])
    assert len(set(before) & set(now)) == min(3, len(moved))
    for link in world.links.values():
        living = [p for p in link.placements if p.standing is Standing.LIVING]
        assert len(living) == (0 if link.state is LinkState.RETIRED else 1 + len(guests))


def test_a_moved_series_whose_organiser_nobody_reads_keeps_its_records() -> None:
    world = World()
    del world.accounts["1"]
    series = Series(world, WEEKS, "2", "3")
    world.settled()
    before = set(records(world))
    series.pattern = "another weekday"
    series.put((48, 216, 384))
    world.settled()
    assert set(records(world)) == before
    assert dates(world) == times((48, 216, 384))


def test_a_date_that_vanishes_without_a_change_of_the_pattern_is_deleted_and_no_other_takes_its_place() -> None:
    world, series = imported("2")
    before = records(world)
    series.put((WEEKS[0], WEEKS[2], WEEKS[2] + 168))
    world.settled()
    assert dates(world) == times((WEEKS[0], WEEKS[2], WEEKS[2] + 168))
    assert len(before.keys() & records(world).keys()) == 2
    gone = next(id_ for id_, time in before.items() if time == at(WEEKS[1]))
    assert world.crm[gone].life is Life.INVALID


def test_a_guest_who_removes_one_date_has_declined_it() -> None:
    world, series = imported("2")
    world.remove(series.key(WEEKS[1], "2"))
    assert verbs(world.settled()) == set()
    assert len(records(world)) == 3
    (link,) = [link for link in world.links.values() if link.base and link.base.time == at(WEEKS[1])]
    assert {p.mailbox: p.standing for p in link.placements}[mailbox("2")] is Standing.DECLINED


def test_this_and_following_goes_on_with_the_same_records() -> None:
    world, series = imported("2")
    before = records(world)
    series.put(WEEKS[:1])
    rest = Series(world, (WEEKS[1] + 2, WEEKS[2] + 2), "2", name="N")
    assert rest.title == series.title
    world.settled()
    now = records(world)
    assert now.keys() == before.keys()
    assert dates(world) == times((WEEKS[0], WEEKS[1] + 2, WEEKS[2] + 2))


def test_another_series_on_the_same_days_is_not_taken_for_the_rest_of_one_that_was_cut() -> None:
    world, series = imported()
    before = set(records(world))
    series.put(WEEKS[:1])
    other = Series.__new__(Series)
    other.__dict__ = {**series.__dict__, "name": "N", "title": "Something else"}
    other.put((WEEKS[1] + 2, WEEKS[2] + 2))
    world.settled()
    assert len(before & set(records(world))) == 1
    assert len(records(world)) == 3


@pytest.mark.parametrize("guests", [(), ("2",)])
def test_a_single_event_becomes_a_series_and_single_again(guests: tuple[str, ...]) -> None:
    world = World()
    series = Series.__new__(Series)
    series.world, series.name, series.boxes = world, "S", ("1", *guests)
    series.pattern, series.title, series.organizer = "weekly", "Weekly", address("1")
    series.single(WEEKS[0])
    world.settled()
    (record,) = records(world)
    series.put(WEEKS)
    world.settled()
    assert records(world)[record] == at(WEEKS[0])
    assert len(records(world)) == 3
    series.single(WEEKS[0])
    world.settled()
    assert records(world) == {record: at(WEEKS[0])}


def test_our_own_event_that_its_user_repeats_stays_our_meeting_on_its_date() -> None:
    """The first date carries the record on, the others are the user's own meetings (B3)."""
    world = World(accounts={"1": World().accounts["1"]})
    record = world.record(time=at(WEEKS[0]))
    world.settled()
    ours = world.only("1")
    del world.outlook[ours.mailbox, ours.id]
    series = Series.__new__(Series)
    series.__dict__ = {**Series(World()).__dict__, "world": world, "title": ours.event.title}
    series.id = lambda person: ours.id  # type: ignore[method-assign]
    series.put(WEEKS)
    world.settled()
    assert len(records(world)) == 3
    assert records(world)[record] == at(WEEKS[0])
    (kept,) = world.link(record).placements
    assert (kept.kind, kept.master, kept.id) == (Kind.HOST, ours.id, series.key(WEEKS[0])[1])


def test_a_series_with_the_state_lost_finds_its_records_by_their_look() -> None:
    world, _ = imported("2")
    before = records(world)
    world.forget()
    world.settled()
    assert records(world) == before


def test_a_linked_series_that_cannot_be_read_waits_without_being_asked_about() -> None:
    world, series = imported()
    series.put(WEEKS, problem="the series' time zone is not known")
    assert not world.run().actions
    assert not any(link.dirty for link in world.links.values())
    by_time = {str(time): id_ for id_, time in records(world).items()}
    world.edit_record(by_time[str(at(WEEKS[1]))], title="Renamed")
    series.put(WEEKS, problem="the series' time zone is not known")
    assert not world.run().actions
    assert [link.dirty for link in world.links.values()].count(True) == 1, "an edit in ShareCRM is not forgotten"
    series.put(WEEKS, problem="")
    world.settled()
    assert world.outlook[series.key(WEEKS[1])].event.title == "Renamed"


@pytest.mark.parametrize(("organizer", "shift", "rule"), [("x@else.example", 0, "E9"), (address("1"), 24 * 400, "F5")])
def test_of_a_series_that_does_not_enter_is_told_once(organizer: str, shift: int, rule: str) -> None:
    world = World()
    series = Series.__new__(Series)
    box = "2" if rule == "E9" else "1"
    series.__dict__ = {**Series(World()).__dict__, "world": world, "boxes": (box,), "organizer": organizer}
    series.put([hour + shift for hour in WEEKS])
    assert [remark.rule for remark in world.run().remarks] == [rule]


def test_a_series_of_an_outsider_never_enters() -> None:
    world = World()
    series = Series.__new__(Series)
    series.__dict__ = {**Series(World()).__dict__, "world": world, "boxes": ("2",), "organizer": "x@else.example"}
    series.put(WEEKS)
    world.settled()
    assert not records(world)


def test_a_series_that_cannot_be_read_is_skipped_with_one_reason_and_nothing_of_it_deleted() -> None:
    world, series = imported("2")
    before = records(world)
    series.put(WEEKS[:1])
    broken = world.outlook[mailbox("1"), "S-1"]
    world._store(replace(broken, problem="the series' time zone is not known", version=7))
    plan = world.run()
    assert not plan.actions
    assert [r.reason for r in plan.remarks] == ["the series' time zone is not known"]
    assert records(world) == before
    world._store(replace(broken, version=8))
    world.settled()
    assert dates(world) == times(WEEKS[:1])


def test_records_of_single_dates_go_back_as_exceptions_and_cancelled_dates() -> None:
    world, series = imported("2")
    by_time = {str(time): id_ for id_, time in records(world).items()}
    world.edit_record(by_time[str(at(WEEKS[1]))], title="Moved", time=at(WEEKS[1] + 1))
    world.edit_record(by_time[str(at(WEEKS[2]))], life=Life.INVALID)
    world.settled()
    assert world.outlook[series.key(WEEKS[1])].event.title == "Moved"
    assert world.outlook[series.key(WEEKS[1], "2")].event.title == "Moved"
    assert series.key(WEEKS[2]) not in world.outlook
    assert world.outlook[series.key(WEEKS[2], "2")].cancelled
    assert sorted(world.mails) == [("cancellation", address("2")), ("update", address("2"))]


def test_the_guard_counts_a_series_once() -> None:
    hours = range(24, 24 + 24 * 30, 24)
    world = World()
    series = Series(world, hours)
    world.settled()
    series.end()
    facts = replace(world.facts(), tenant=Tally(meetings=2, dates=60))
    plan = world.run(carry_out=False)
    assert len(plan.actions) == 30
    assert not any(action.held for action in hold(facts, plan).actions)


def test_a_series_is_named_by_its_host() -> None:
    guest = Placement("b", "1", Kind.GUEST, Origin.THEIRS, master="x")
    host = replace(guest, mailbox="a", kind=Kind.HOST, master="y")
    assert Link("l", placements=(guest, host)).series == "a|y"
    assert Link("l", placements=(guest,)).series == "b|x"
    assert Link("l", placements=(replace(guest, master=""),)).series == ""


GLOBAL = "040000008200E00074C5B7101A82E008"


def test_an_invitation_to_single_dates_of_a_series_is_those_meetings() -> None:
    """The guest has two single events, whose iCalUIds bear the dates; the host's dates may bear their master's (B2)."""
    world = World()
    series = Series(world, WEEKS)
    for key, item in list(world.outlook.items()):
        world.outlook[key] = replace(item, ical=GLOBAL + "00000000FF")
    for hour in WEEKS[:2]:
        day = (NOW + timedelta(hours=hour)).date()
        uid = f"{GLOBAL}{day.year:04X}{day.month:02X}{day.day:02X}FF"
        shown = world.outlook[series.key(hour)].event
        world._store(Item(mailbox("2"), f"single {hour}", shown, address("1"), uid, is_organizer=False))
    world.settled()
    assert dates(world) == times(WEEKS)
    assert sorted(len(link.placements) for link in world.links.values()) == [1, 2, 2]


def test_with_the_state_lost_the_mark_of_a_series_is_that_of_its_one_date() -> None:
    world = World(accounts={"1": World().accounts["1"]})
    record = world.record(time=at(WEEKS[0]))
    world.settled()
    ours = world.only("1")
    world.remove((ours.mailbox, ours.id))
    world.links.clear()
    world._gone.clear()
    series = Series(world, WEEKS)
    master = world.outlook[mailbox("1"), series.id("1")]
    world._store(replace(master, mark=ours.mark))
    world.configure()
    plan = world.run()
    (first,) = [link for link in world.links.values() if link.crm_id == record]
    assert [p.id for p in first.placements] == [series.key(WEEKS[0])[1]]
    assert all(action.held for action in plan.actions if action.verb is Verb.CREATE)
    assert sum(action.verb is Verb.CREATE for action in plan.actions) == 2


def test_a_series_that_another_tool_made_is_left_alone() -> None:
    world = World()
    series = Series(world, WEEKS)
    master = world.outlook[mailbox("1"), series.id("1")]
    world._store(replace(master, mark=Mark("another", "t", "r9", mailbox("1"), 1)))
    plan = world.run()
    assert not plan.actions
    assert [remark.rule for remark in plan.remarks] == ["B3"]
