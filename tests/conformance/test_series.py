"""Series: each of its dates in the window is a record, whatever the series is made of."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conformance.behaviour import behaviour
from conformance.dates import Series, in_sharecrm, on, record_ids
from conformance.days import around, event_days, record_days
from conformance.scene import Scene
from pipeline.team import ANN, BOB, DAY, old, own

from sandbox.repeat import Repeat, daily, monthly, weekly

AHEAD = {"past_days": 7, "future_days": 40}
"""The window of the scenarios with endless series, in days."""


@pytest.mark.parametrize(
    ("kind", "repeat", "count"),
    [
        ("of three weeks", weekly(3), 3),
        ("of four days in a row", daily(4), 4),
        ("of two months", monthly(2), 2),
        ("up to a day", weekly(until=DAY.date() + timedelta(days=15)), 3),
        ("of two days a week", weekly(4, "tuesday", "thursday"), 4),
        ("without an end", weekly(), 6),
    ],
)
@behaviour("A1", "B6", "F1", says="A series {kind} becomes one record for each of its dates in the window")
def test_a_series_is_its_dates(scene: Scene, kind: str, repeat: Repeat, count: int) -> None:
    scene.work.configure(window=AHEAD)
    scene.given()
    series = Series.made(scene, repeat)
    scene.then(crm=["Weekly"] * count, outlook={ANN: ["Weekly"]}, mails=[], writes={"crm create": count})
    assert in_sharecrm(scene) == series.shown()[:count]


@behaviour("F1", says="What was moved, renamed or cancelled before the first sync comes in as it stands")
def test_exceptions_before_the_first_sync(scene: Scene) -> None:
    scene.before_first_sync()
    series = Series.made(scene, weekly(4))
    series.move(1, 1, hours=3)
    series.rename(3, "Closing")
    series.cancel(2)
    scene.then(crm=["Weekly", "Weekly", "Closing"], outlook={ANN: ["Weekly"]}, mails=[], writes={"crm create": 3})
    assert in_sharecrm(scene) == series.shown() == [*on(0), *on(1, hours=3), *on(3, title="Closing")]


@pytest.mark.parametrize("zone", ["China Standard Time", "Pacific Standard Time", "Tonga Standard Time"])
@behaviour("F1", "F2", says="Whole days that repeat keep their days, written in {zone}")
def test_an_all_day_series(scene: Scene, zone: str) -> None:
    scene.given()
    first = DAY.date()
    made = scene.outlook().create_all_day("Stocktaking", first, zone=zone, recurrence=weekly(3))
    series = Series(scene, made["id"])
    scene.then(crm=["Stocktaking"] * 3, outlook={ANN: ["Stocktaking"]}, mails=[], writes={"crm create": 3})
    days = [first + timedelta(weeks=n) for n in range(3)]
    assert sorted(record_days(one) for one in scene.work.records()) == [(day, day) for day in days]
    assert [event_days(one) for one in series.dates()] == [(day, day) for day in days]


@behaviour("F1", "F2", says="Whole days that repeat, several at a time, are records over the same days")
def test_several_whole_days_that_repeat(scene: Scene) -> None:
    scene.given()
    first = DAY.date()
    scene.outlook().create_all_day("Fair", first, first + timedelta(days=2), recurrence=weekly(3))
    scene.then(crm=["Fair"] * 3, outlook={ANN: ["Fair"]}, mails=[], writes={"crm create": 3})
    days = [(first + timedelta(weeks=n), first + timedelta(weeks=n, days=2)) for n in range(3)]
    assert sorted(record_days(one) for one in scene.work.records()) == days


@pytest.mark.parametrize(
    ("when", "pattern", "count"),
    [
        ("on the first Monday of a month", {"type": "relativeMonthly", "daysOfWeek": ["monday"], "index": "first"}, 3),
        ("once a year", {"type": "absoluteYearly", "dayOfMonth": DAY.day, "month": DAY.month}, 2),
    ],
)
@behaviour("A1", "F1", says="A series that takes place {when} becomes one record for each of its dates in the window")
def test_a_series_by_the_month_or_year(scene: Scene, when: str, pattern: dict[str, object], count: int) -> None:
    scene.work.configure(window={"past_days": 7, "future_days": 400})
    scene.given()
    series = Series.made(scene, Repeat({"interval": 1, **pattern}, count))
    scene.then(crm=["Weekly"] * count, outlook={ANN: ["Weekly"]}, mails=[], writes={"crm create": count})
    shown = series.shown()
    assert len(shown) == count
    assert in_sharecrm(scene) == shown


@pytest.mark.parametrize("when", ["when clocks go forward", "when clocks go back"])
@behaviour("F1", "F2", says="A daily meeting at nine in Berlin is at nine on each day, also {when}")
def test_a_series_over_a_change_of_the_clocks(scene: Scene, when: str) -> None:
    scene.work.configure(window={"past_days": 7, "future_days": 400})
    scene.given()
    first, _ = around("Europe/Berlin", when)
    begins, ends = f"{first}T09:00:00", f"{first}T10:00:00"
    scene.outlook().create("Stand-up", begins, ends, zone="Europe/Berlin", recurrence=daily(3))
    scene.then(crm=["Stand-up"] * 3, outlook={ANN: ["Stand-up"]}, mails=[], writes={"crm create": 3})
    hours = ["08:00", "07:00", "07:00"] if when == "when clocks go forward" else ["07:00", "08:00", "08:00"]
    assert [begins[11:] for begins, _ in in_sharecrm(scene)] == hours


@behaviour("F1", "F6", says="The dates of a private series are private records, and follow when it is so no more")
def test_a_private_series(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, title="Physio", sensitivity="private")
    scene.then(crm=["Physio"] * 3, outlook={ANN: ["Physio"]}, mails=[], writes={"crm create": 3})
    assert {record["private"] for record in scene.work.records()} == {True}
    scene.outlook().change(series.master, sensitivity="normal")
    scene.then(crm=["Physio"] * 3, outlook={ANN: ["Physio"]}, mails=[], writes={"crm update": 3})
    assert {record["private"] for record in scene.work.records()} == {False}


@behaviour("F5", "D2", "F1", says="As the window moves on, dates of an endless series come in, and none is taken away")
def test_the_window_moves_over_a_series(scene: Scene) -> None:
    scene.work.configure(window=AHEAD)
    scene.given()
    Series.made(scene, weekly())
    scene.settled()
    before = record_ids(scene)
    scene.later(days=13)
    scene.then(crm=["Weekly"] * 8, outlook={ANN: ["Weekly"]}, mails=[], writes={"crm create": 2}, agree=False)
    assert before < record_ids(scene)


@behaviour(
    "F5", "D2", "D7", says="Dates that have left the window stay as they are when the series is changed, none ends"
)
def test_a_series_is_changed_when_dates_have_left_the_window(scene: Scene) -> None:
    scene.work.configure(window=AHEAD)
    scene.given()
    series = Series.made(scene, weekly(4))
    scene.settled()
    scene.later(days=12)
    scene.run()
    scene.outlook().rename(series.master, "Jour fixe")
    scene.then(crm=["Weekly", *["Jour fixe"] * 3], outlook={ANN: ["Jour fixe"]}, mails=[], writes={"crm update": 3})


@behaviour("F5", "F1", says="A series that begins after the window waits until its first date comes near enough")
def test_a_series_that_begins_after_the_window(scene: Scene) -> None:
    scene.work.configure(window={"past_days": 7, "future_days": 20})
    scene.given()
    Series.made(scene, weekly(2), days=28)
    scene.then(crm=[], outlook={ANN: ["Weekly"]}, mails=[], writes={})
    scene.later(days=12)
    scene.then(crm=["Weekly"], outlook={ANN: ["Weekly"]}, mails=[], writes={"crm create": 1})
    assert in_sharecrm(scene) == on(4)


@pytest.mark.parametrize(
    ("what", "disguise"),
    [
        ("a rule that nobody knows", {"rule": "unknown_type"}),
        ("no rule to be read", {"rule": "missing"}),
    ],
)
@behaviour("F1", "D2", says="A series with {what} is skipped and told; what was synced of it stays, and goes on later")
def test_an_unreadable_series(scene: Scene, what: str, disguise: dict[str, str]) -> None:
    scene.given()
    known, new = Series.made(scene), Series.made(scene, weekly(2), title="Other", days=1)
    scene.work.box.disguise("ann@contoso.example", new.master, **disguise)
    titles = {ANN: ["Weekly", "Other"]}
    scene.then(crm=["Weekly"] * 3, outlook=titles, mails=[], writes={"crm create": 3})
    scene.work.box.disguise("ann@contoso.example", known.master, **disguise)
    known.cancel(1)
    known.rename(0, "Kick-off")
    scene.then(
        crm=["Weekly"] * 3,
        outlook=titles,
        mails=[],
        writes={},
        reports=("F1",),
        agree=False,  # what was changed in Outlook meanwhile waits
    )
    scene.work.box.disguise("ann@contoso.example", known.master)
    scene.work.box.disguise("ann@contoso.example", new.master)
    scene.then(
        crm=["Kick-off", "Weekly", "Other", "Other"],
        outlook=titles,
        mails=[],
        writes={"crm create": 2, "crm update": 1, "crm invalid": 1},
    )


@behaviour("F3", "F1", says="A series in a zone of its user's own making is synced by the instants of its dates")
def test_a_series_in_an_unknown_zone(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene)
    scene.work.box.disguise("ann@contoso.example", series.master, zone="Customized Time Zone")
    scene.then(crm=["Weekly"] * 3, outlook={ANN: ["Weekly"]}, mails=[], writes={"crm create": 3})
    series.cancel(1)
    scene.then(crm=["Weekly"] * 2, outlook={ANN: ["Weekly"]}, mails=[], writes={"crm invalid": 1})
    assert in_sharecrm(scene) == on(0, 2)


@behaviour("E9", "F1", says="No date of an outsider's series enters ShareCRM")
def test_an_outsiders_series(scene: Scene) -> None:
    outside = {"emailAddress": {"name": "Someone", "address": "someone@else.example"}}
    rule = weekly(3).starting(DAY.date())
    scene.given(outlook_events=[own("Webinar", organizer=outside, isOrganizer=False, recurrence=rule)])
    scene.then(crm=[], outlook={ANN: ["Webinar"]}, mails=[], writes={}, agree=False)


@behaviour("B4", "B6", says="Records that stood there for the dates of a series are joined with them, nothing is made")
def test_first_contact_with_a_series(scene: Scene) -> None:
    scene.before_first_sync(crm_events=[old("Weekly", id=f"w{n}", hours=168 * n) for n in range(3)])
    series = Series.made(scene)
    scene.then(crm=["Weekly"] * 3, outlook={ANN: ["Weekly"]}, mails=[], writes={})
    series.rename(1, "Review")
    scene.then(crm=["Weekly", "Review", "Weekly"], outlook={ANN: ["Weekly"]}, mails=[], writes={"crm update": 1})
    assert scene.state("w1")["content"] == "Review"


@behaviour("B5", "B6", says="With the state database lost, the dates of a series find their records again")
def test_the_state_is_lost(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=[BOB])
    series.move(1, 1, hours=2)
    scene.settled()
    scene.work.lose_state()
    scene.work.authorise()
    both = {ANN: ["Weekly"], BOB: ["Weekly"]}
    scene.then(crm=["Weekly"] * 3, outlook=both, mails=[], writes={})
    series.rename(2, "Closing")
    scene.then(crm=["Weekly", "Weekly", "Closing"], outlook=both, mails=[], writes={"crm update": 1})


@behaviour("B6", "F1", says="A series that gets more dates gets more records; one cut short loses only those cut off")
def test_a_series_grows_and_shrinks(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene)
    scene.settled()
    before = record_ids(scene)
    scene.outlook().make_series(series.master, weekly(4))
    scene.then(crm=["Weekly"] * 4, outlook={ANN: ["Weekly"]}, mails=[], writes={"crm create": 1})
    assert before < record_ids(scene)
    scene.outlook().end_series(series.master, (DAY + timedelta(weeks=1)).date())
    scene.then(crm=["Weekly"] * 2, outlook={ANN: ["Weekly"]}, mails=[], writes={"crm invalid": 2})
    assert in_sharecrm(scene) == on(0, 1)
