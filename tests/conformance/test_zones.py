"""Time zones: whole days are dates wherever people sit, and a zone's name, whatever it is, moves nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conformance.behaviour import behaviour
from conformance.days import (
    around,
    event_days,
    event_times,
    graph_days,
    graph_times,
    hour,
    plant_in_outlook,
    record_days,
    record_times,
    whole,
    whole_record,
    written_in,
)
from conformance.scene import Scene
from pipeline.team import ANN, BOB, ZOE, address, old
from pipeline.workplace import CALENDAR

FORWARD, BACK, ORDINARY = "when clocks go forward", "when clocks go back", "on ordinary days"
YEAR = {"future_days": 400}
ZONES = [
    ("Pacific/Pago_Pago", ORDINARY),
    ("America/New_York", BACK),
    ("Europe/Berlin", FORWARD),
    ("Europe/Berlin", BACK),
    ("Asia/Kolkata", ORDINARY),
    ("Asia/Shanghai", ORDINARY),
    ("Pacific/Auckland", FORWARD),
]


@behaviour("F2", "A5", says="Whole days of a record are the same days for somebody in {zone}, {when}")
@pytest.mark.parametrize(("zone", "when"), ZONES)
def test_whole_days_of_a_record_in_the_users_zone(scene: Scene, zone: str, when: str) -> None:
    days = around(zone, when)
    scene.work.configure(time_zones={ANN: zone}, window=YEAR)
    scene.given(crm_events=[old("Fair", id="fair") | whole(*days)])
    mine = scene.event(ANN)
    assert event_days(mine) == days
    assert written_in(mine, zone)
    scene.outlook().rename(mine["id"], "Trade fair")
    scene.then(crm=["Trade fair"], outlook={ANN: ["Trade fair"]}, mails=[], writes={"crm update": 1})
    assert record_days(scene.state("fair")) == days


@behaviour("F2", "A5", says="Two people at two ends of the world have the same whole days, each in their own zone")
def test_whole_days_of_people_in_different_zones(scene: Scene) -> None:
    days = around("Pacific/Auckland", ORDINARY)
    scene.work.configure(time_zones={ANN: "Pacific/Auckland", BOB: "Pacific/Pago_Pago"})
    scene.before_first_sync(crm_events=[old("Fair", attendees=[BOB]) | whole(*days)])
    scene.then(crm=["Fair"], outlook={ANN: ["Fair"], BOB: ["Fair"]}, mails=[], writes={"outlook create": 2})
    assert event_days(scene.event(ANN)) == event_days(scene.event(BOB)) == days
    assert written_in(scene.event(ANN), "Pacific/Auckland")
    assert written_in(scene.event(BOB), "Pacific/Pago_Pago")


@behaviour("F2", says="Whole days that somebody in {zone} enters in Outlook are the same days in ShareCRM, {when}")
@pytest.mark.parametrize(("zone", "when"), [ZONES[0], ZONES[2], ZONES[6]])
def test_whole_days_from_outlook(scene: Scene, zone: str, when: str) -> None:
    first, last = around(zone, when)
    scene.work.configure(window=YEAR)
    scene.before_first_sync(outlook_events=[plant_in_outlook(ANN, "Fair", graph_days(first, last, zone))])
    scene.then(crm=["Fair"], outlook={ANN: ["Fair"]}, mails=[], writes={"crm create": 1})
    (record,) = scene.work.records()
    assert record_days(record) == (first, last)


@behaviour("F2", says="Where the company's own clocks change, whole days keep their dates both ways: {zone}, {when}")
@pytest.mark.parametrize(
    ("zone", "when"), [("Europe/Berlin", FORWARD), ("Europe/Berlin", BACK), ("America/Santiago", FORWARD)]
)
def test_whole_days_where_the_tenants_clocks_change(scene: Scene, zone: str, when: str) -> None:
    first, last = around(zone, when)
    scene.work.configure(time_zone=zone, window=YEAR)
    scene.before_first_sync(
        sharecrm={"time_zone": zone},
        crm_events=[old("Fair") | whole(first, last)],
        outlook_events=[plant_in_outlook(ANN, "Leave", graph_days(first, last))],
    )
    scene.then(
        crm=["Fair", "Leave"],
        outlook={ANN: ["Fair", "Leave"]},
        mails=[],
        writes={"outlook create": 1, "crm create": 1},
    )
    assert {event_days(event) for event in scene.work.events(address(ANN))} == {(first, last)}
    assert {record_days(record) for record in scene.work.records()} == {(first, last)}


@behaviour("F2", says="A meeting in the night {when} keeps its two instants in ShareCRM")
@pytest.mark.parametrize("when", [FORWARD, BACK])
def test_a_meeting_over_a_change_of_the_clocks(scene: Scene, when: str) -> None:
    scene.work.configure(window=YEAR)
    day = around("Europe/Berlin", when)[0] + timedelta(days=1)
    start = hour(0).replace(year=day.year, month=day.month, day=day.day, hour=0)
    end = start + timedelta(hours=3)
    times = graph_times(start, end, "Europe/Berlin")
    scene.before_first_sync(outlook_events=[plant_in_outlook(ANN, "Release", times)])
    scene.then(crm=["Release"], outlook={ANN: ["Release"]}, mails=[], writes={"crm create": 1})
    (record,) = scene.work.records()
    assert record_times(record) == (start, end)


@behaviour("F3", says="A time zone is understood by its name: {name}")
@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("India Standard Time", "Asia/Kolkata"),
        ("America/Los_Angeles", "America/Los_Angeles"),
        ("Asia/Calcutta", "Asia/Kolkata"),
    ],
)
def test_names_of_zones(scene: Scene, name: str, zone: str) -> None:
    times = graph_times(hour(0), hour(1), zone)
    named = {edge: times[edge] | {"timeZone": name} for edge in ("start", "end")}
    scene.given(outlook_events=[plant_in_outlook(ANN, "Call", times | named)])
    (record,) = scene.work.records()
    assert record_times(record) == (hour(0), hour(1))
    first = hour(0).date()
    scene.crm().change(record["id"], **whole_record(first, first))
    scene.then(crm=["Call"], outlook={ANN: ["Call"]}, mails=[], writes={"outlook update": 1})
    assert event_days(scene.event(ANN)) == (first, first)


@behaviour("F2", "F3", says="A flight that leaves in one zone and lands in another keeps both instants")
def test_start_and_end_in_different_zones(scene: Scene) -> None:
    times = graph_times(hour(0), hour(11), "Asia/Shanghai", "Europe/Berlin")
    scene.given(outlook_events=[plant_in_outlook(ANN, "Flight", times)])
    (record,) = scene.work.records()
    assert record_times(record) == (hour(0), hour(11))
    scene.crm().move(record["id"], hour(2), hour(13))
    scene.then(crm=["Flight"], outlook={ANN: ["Flight"]}, mails=[], writes={"outlook update": 1})
    assert event_times(scene.event(ANN)) == (hour(2), hour(13))


@behaviour("A5", says="Where nobody says in which zone a person works, their own events tell")
def test_the_zone_is_learnt_from_ones_own_events(scene: Scene) -> None:
    own_call = plant_in_outlook(ANN, "Call", graph_times(hour(4), hour(5), "America/New_York"))
    days = around("America/New_York", ORDINARY)
    scene.before_first_sync(crm_events=[old("Fair") | whole(*days)], outlook_events=[own_call])
    scene.then(
        crm=["Call", "Fair"],
        outlook={ANN: ["Call", "Fair"]},
        mails=[],
        writes={"outlook create": 1, "crm create": 1},
    )
    (fair,) = [event for event in scene.work.events(address(ANN)) if event["subject"] == "Fair"]
    assert written_in(fair, "America/New_York")


@behaviour("A5", says="Where a person's own events tell no zone, whole days are written in the company's")
def test_our_own_events_tell_no_zone(scene: Scene) -> None:
    scene.given(crm_events=[old("Visit")])
    scene.run()
    days = around("Asia/Shanghai", ORDINARY)
    record = scene.crm().create("Fair", **whole_record(*days), calendar=CALENDAR, participants=[ANN])
    scene.then(
        crm=["Fair", "Visit"],
        outlook={ANN: ["Fair", "Visit"]},
        mails=[],
        writes={"outlook create": 1},
    )
    (fair,) = [event for event in scene.work.events(address(ANN)) if event["subject"] == "Fair"]
    assert written_in(fair, "Asia/Shanghai")
    assert record_days(scene.state(record)) == days


@behaviour(
    "F3", "F2", says="A zone that nobody knows ({name}) moves nothing: instants stay instants and days stay days"
)
@pytest.mark.parametrize("name", ["Customized Time Zone", "tzone://Microsoft/Custom", "Mars/Olympus Mons"])
def test_zones_that_nobody_knows(scene: Scene, name: str) -> None:
    first = hour(0).date()
    unknown = {"disguise": {"zone": name}}
    scene.given(
        outlook_events=[
            plant_in_outlook(ANN, "Call", graph_times(hour(0), hour(1)), **unknown),
            plant_in_outlook(ANN, "Fair", graph_days(first, first), **unknown),
        ]
    )
    by_title = {record["content"]: record for record in scene.work.records()}
    assert record_times(by_title["Call"]) == (hour(0), hour(1))
    assert record_days(by_title["Fair"]) == (first, first)
    later = first + timedelta(days=2)
    scene.crm().move(by_title["Call"]["id"], hour(3), hour(4))
    scene.crm().change(by_title["Fair"]["id"], **whole_record(later, later))
    both = ["Call", "Fair"]
    scene.then(crm=both, outlook={ANN: both}, mails=[], writes={"outlook update": 2})
    by_title = {event["subject"]: event for event in scene.work.events(address(ANN))}
    assert event_times(by_title["Call"]) == (hour(3), hour(4))
    assert event_days(by_title["Fair"]) == (later, later)


@behaviour(
    "F2", "C3", says="A company that corrects its time zone in the tenant's file moves no meeting and mails nobody"
)
def test_another_zone_of_the_tenant(scene: Scene) -> None:
    scene.given()
    days = whole_record(hour(0).date(), hour(24).date())
    people = {"participants": [ANN, BOB], "contacts": [ZOE], "calendar": CALENDAR}
    scene.crm().create("Fair", **days, **people)
    scene.settled()
    scene.work.configure(time_zone="Europe/Berlin")
    scene.then(
        crm=["Fair"],
        outlook={ANN: ["Fair"], BOB: ["Fair"]},
        mails=[],
        writes={},
        agree=False,  # the second opinion reads ShareCRM's days in the zone of ShareCRM
    )
