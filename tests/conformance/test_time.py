"""Time: start, end and all-day are one thing, to the second, whatever the two systems' clocks say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from conformance.behaviour import behaviour
from conformance.days import (
    event_days,
    event_times,
    graph_days,
    graph_times,
    hour,
    midnight,
    plant_in_outlook,
    record_days,
    record_times,
    whole,
    whole_record,
)
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, ZOE, old, own
from pipeline.workplace import CALENDAR

TODAY = hour(0).date()
IN_TWO_DAYS = TODAY + timedelta(days=2)


@behaviour(
    "F2", "C5", says="A timed record that is made all-day in ShareCRM is all-day in Outlook, and timed again later"
)
def test_all_day_toggled_in_sharecrm(scene: Scene) -> None:
    scene.given(crm_events=[old("Fair", id="fair")])
    scene.crm().change("fair", **whole_record(TODAY, IN_TWO_DAYS))
    scene.then(crm=["Fair"], outlook={ANN: ["Fair"]}, mails=[], writes={"outlook update": 1})
    assert event_days(scene.event(ANN)) == (TODAY, IN_TWO_DAYS)
    scene.crm().change("fair", start=hour(3), end=hour(4), all_day=False)
    scene.then(crm=["Fair"], outlook={ANN: ["Fair"]}, mails=[], writes={"outlook update": 1})
    assert event_times(scene.event(ANN)) == (hour(3), hour(4))


@behaviour(
    "F2", "C5", says="A timed event that is made all-day in Outlook is all-day in ShareCRM, and timed again later"
)
def test_all_day_toggled_in_outlook(scene: Scene) -> None:
    scene.given(crm_events=[old("Fair", id="fair")])
    mine = scene.event(ANN)["id"]
    scene.outlook().change(mine, **graph_days(TODAY, IN_TWO_DAYS))
    scene.then(crm=["Fair"], outlook={ANN: ["Fair"]}, mails=[], writes={"crm update": 1})
    assert record_days(scene.state("fair")) == (TODAY, IN_TWO_DAYS)
    scene.outlook().change(mine, **graph_times(hour(3), hour(4)))
    scene.then(crm=["Fair"], outlook={ANN: ["Fair"]}, mails=[], writes={"crm update": 1})
    assert record_times(scene.state("fair")) == (hour(3), hour(4))


@behaviour(
    "C5", "F2", says="All-day on one side and another hour on the other is one conflict: no mixture of both comes out"
)
def test_time_is_one_unit(scene: Scene) -> None:
    scene.work.configure(conflicts="crm")
    scene.given(crm_events=[old("Fair", id="fair")])
    scene.crm().change("fair", **whole_record(TODAY, IN_TWO_DAYS))
    scene.outlook().change(scene.event(ANN)["id"], **graph_times(hour(5), hour(6)))
    scene.then(crm=["Fair"], outlook={ANN: ["Fair"]}, mails=[], writes={"outlook update": 1})
    assert event_days(scene.event(ANN)) == record_days(scene.state("fair")) == (TODAY, IN_TWO_DAYS)


@behaviour("F2", says="An all-day meeting that a guest list hears of is moved with one update to each guest")
def test_an_all_day_invitation_moves(scene: Scene) -> None:
    scene.given()
    days = whole_record(TODAY, TODAY)
    fair = scene.crm().create("Fair", **days, calendar=CALENDAR, participants=[ANN, BOB], contacts=[ZOE])
    scene.settle()
    scene.crm().change(fair, **whole_record(IN_TWO_DAYS, IN_TWO_DAYS))
    scene.then(
        crm=["Fair"],
        outlook={ANN: ["Fair"], BOB: ["Fair"]},
        mails=mails("invitation", BOB, ZOE) + mails("update", BOB, ZOE),
        writes={"outlook create": 1, "outlook update": 1},
    )
    assert event_days(scene.event(BOB)) == (IN_TWO_DAYS, IN_TWO_DAYS)


@behaviour(
    "E5", "F2", says="An all-day meeting is over when its last day is, where the company is: today's still invites"
)
def test_an_all_day_meeting_of_today(scene: Scene) -> None:
    scene.given()
    today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
    yesterday = today - timedelta(days=1)
    people = {"participants": [ANN, BOB], "contacts": [ZOE], "calendar": CALENDAR}
    scene.crm().create("Fair", **whole_record(yesterday, today), **people)
    scene.crm().create("Past fair", **whole_record(yesterday, yesterday), **people)
    both = ["Fair", "Past fair"]
    scene.then(
        crm=both,
        outlook={ANN: both, BOB: both},
        mails=mails("invitation", BOB, ZOE),
        writes={"outlook create": 3},
    )


@behaviour("F2", says="A timed meeting from midnight to midnight that starts in {side} stays timed on both sides")
@pytest.mark.parametrize("side", ["ShareCRM", "Outlook"])
def test_midnight_to_midnight(scene: Scene, side: str) -> None:
    start, end = midnight(TODAY), midnight(TODAY + timedelta(days=1))
    times = {"start": start.isoformat(), "end": end.isoformat()}
    if side == "ShareCRM":
        scene.before_first_sync(crm_events=[old("Shift") | times])
    else:
        times = graph_times(start, end, "Asia/Shanghai")
        scene.before_first_sync(outlook_events=[plant_in_outlook(ANN, "Shift", times)])
    made = {"outlook create": 1} if side == "ShareCRM" else {"crm create": 1}
    scene.then(crm=["Shift"], outlook={ANN: ["Shift"]}, mails=[], writes=made)
    (record,) = scene.work.records()
    assert record_times(record) == event_times(scene.event(ANN)) == (start, end)


@behaviour("F2", says="All-day records whose end is stored {form} are read alike, and written as the tenant says")
@pytest.mark.parametrize("form", ["inclusive", "exclusive"])
def test_both_forms_of_an_all_day_end(scene: Scene, form: str) -> None:
    scene.work.configure(crm={"gone_codes": [320002], "all_day_end": form})
    scene.given(sharecrm={"end_of_day": form}, crm_events=[old("Fair", id="fair") | whole(TODAY, IN_TWO_DAYS)])
    assert event_days(scene.event(ANN)) == (TODAY, IN_TWO_DAYS)
    scene.outlook().change(scene.event(ANN)["id"], **graph_days(TODAY, TODAY))
    scene.then(crm=["Fair"], outlook={ANN: ["Fair"]}, mails=[], writes={"crm update": 1})
    end = midnight(TODAY + timedelta(days=1)).timestamp() * 1000
    assert scene.crm().event("fair")["end_time"] == end - (form == "inclusive")


@behaviour("F2", says="A meeting without length, a reminder say, is kept as that when it comes from {side}")
@pytest.mark.parametrize("side", ["ShareCRM", "Outlook"])
def test_zero_length(scene: Scene, side: str) -> None:
    if side == "ShareCRM":
        scene.before_first_sync(crm_events=[old("Call back", end=hour(0).isoformat())])
    else:
        scene.before_first_sync(outlook_events=[plant_in_outlook(ANN, "Call back", graph_times(hour(0), hour(0)))])
    made = {"outlook create": 1} if side == "ShareCRM" else {"crm create": 1}
    scene.then(crm=["Call back"], outlook={ANN: ["Call back"]}, mails=[], writes=made)
    (record,) = scene.work.records()
    assert record_times(record) == event_times(scene.event(ANN)) == (hour(0), hour(0))


@behaviour("F2", "C3", says="Fractions of a second in {side} are no difference and no edit")
@pytest.mark.parametrize("side", ["ShareCRM", "Outlook"])
def test_fractions_of_a_second(scene: Scene, side: str) -> None:
    scene.given(crm_events=[old(id="visit")])
    fraction = timedelta(milliseconds=400)
    if side == "ShareCRM":
        scene.crm().move("visit", hour(0) + fraction, hour(1) + 2 * fraction)
    else:
        times = graph_times(hour(0), hour(1))
        start = times["start"] | {"dateTime": times["start"]["dateTime"] + ".4560000"}
        scene.outlook().change(scene.event(ANN)["id"], start=start)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={})


@behaviour("C3", "G2", says="No edit is missed where {system}'s clock is {minutes} minutes off")
@pytest.mark.parametrize(
    ("system", "minutes"), [("ShareCRM", -10), ("ShareCRM", 10), ("Outlook", -10), ("Outlook", 10)]
)
def test_clocks_that_are_off(scene: Scene, system: str, minutes: int) -> None:
    scene.before_first_sync(crm_events=[old(id="visit")], outlook_events=[own("Call", hours=3)])
    scene.work.box.set_clock(skew_s={"crm" if system == "ShareCRM" else "graph": minutes * 60.0})
    scene.settled()
    scene.crm().rename("visit", "Demo")
    call = next(e["id"] for e in scene.work.events("ann@contoso.example") if e["subject"] == "Call")
    scene.outlook().move(call, hour(6).isoformat()[:19], hour(7).isoformat()[:19])
    scene.then(
        crm=["Call", "Demo"],
        outlook={ANN: ["Call", "Demo"]},
        mails=[],
        writes={"outlook update": 1, "crm update": 1},
    )


@behaviour("A4", "C5", says="A fast clock in ShareCRM makes no invitation of what stood there before the first sync")
def test_a_fast_clock_invites_nobody(scene: Scene) -> None:
    scene.before_first_sync()
    scene.work.box.set_clock(skew_s={"crm": 600})
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.later(minutes=1)
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=[],
        writes={"outlook create": 2},
    )


@behaviour(
    "A4", "C5", says="Days after the first sync a ShareCRM clock ten minutes {wrong} changes nothing of who is invited"
)
@pytest.mark.parametrize(("wrong", "skew"), [("fast", 600), ("slow", -600)])
def test_a_wrong_clock_days_later(scene: Scene, wrong: str, skew: int) -> None:
    scene.given(CAI)
    scene.work.box.set_clock(skew_s={"crm": skew})
    scene.later(days=3)
    scene.record("Before", hours=100, attendees=[BOB], contacts=[ZOE])
    scene.later(minutes=2)
    scene.work.authorise(ANN, BOB)
    scene.later(minutes=2)
    scene.record("After", hours=102, attendees=[BOB], contacts=[ZOE])
    both = ["After", "Before"]
    scene.then(
        crm=both,
        outlook={ANN: both, BOB: both},
        mails=mails("invitation", BOB, ZOE),
        writes={"outlook create": 3},
    )
