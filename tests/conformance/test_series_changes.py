"""Changes to series: a date keeps its record whatever becomes of the series, and a date may go its own way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from conformance.behaviour import behaviour
from conformance.dates import Series, in_sharecrm, on, record_ids, record_on, wall
from conformance.days import around, event_days, event_times, hour, record_times, whole_record
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, DAY, ZOE, old

from sandbox.repeat import Repeat, daily, weekly

WEEKLY = {ANN: ["Weekly"]}
WEEK_H = 7 * 24


@pytest.mark.parametrize(
    ("whither", "hours", "repeat"),
    [
        ("another hour", 2, weekly(3)),
        ("another day of the week", 24, weekly(3)),
        ("every other week", 0, weekly(3, every=2)),
    ],
)
@behaviour("B6", "F1", says="A whole series moved to {whither} keeps its records")
def test_a_series_is_moved(scene: Scene, whither: str, hours: float, repeat: Repeat) -> None:
    scene.given()
    series = Series.made(scene)
    scene.settled()
    before = record_ids(scene)
    scene.outlook().move_series(series.master, wall(hours=hours), wall(hours=hours + 1), repeat)
    moved = 3 if hours else 1
    scene.then(crm=["Weekly"] * 3, outlook=WEEKLY, mails=[], writes={"crm update": moved})
    assert record_ids(scene) == before
    assert in_sharecrm(scene) == series.shown()


@behaviour(
    "F1", "F2", says="A series moved by an hour in its zone is moved by an hour on either side of the clock change"
)
def test_a_series_is_moved_over_a_change_of_the_clocks(scene: Scene) -> None:
    scene.work.configure(window={"past_days": 7, "future_days": 400})
    scene.given()
    first, _ = around("Europe/Berlin", "when clocks go back")
    berlin = "Europe/Berlin"
    made = scene.outlook().create("Weekly", f"{first}T09:00:00", f"{first}T10:00:00", zone=berlin, recurrence=daily(2))
    scene.settled()
    scene.outlook().move_series(made["id"], f"{first}T15:00:00", f"{first}T16:00:00", daily(2), zone=berlin)
    scene.then(crm=["Weekly"] * 2, outlook=WEEKLY, mails=[], writes={"crm update": 2})
    assert [begins[11:] for begins, _ in in_sharecrm(scene)] == ["13:00", "14:00"]


@behaviour("F1", "C5", says="A renamed series renames its records; a date with a title of its own keeps that")
def test_a_series_is_renamed(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene)
    series.rename(1, "Review")
    scene.settled()
    scene.outlook().rename(series.master, "Jour fixe")
    named = ["Jour fixe", "Review", "Jour fixe"]
    scene.then(crm=named, outlook={ANN: ["Jour fixe"]}, mails=[], writes={"crm update": 2})
    assert [title for _, title in in_sharecrm(scene)] == [title for _, title in series.shown()] == named


@behaviour("B6", "F1", says='After "this and following" the later dates go on with the records they had')
def test_this_and_following(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, weekly(4), guests=[BOB])
    scene.settled()
    before = record_ids(scene)
    scene.outlook().end_series(series.master, (DAY + timedelta(weeks=1)).date())
    scene.outlook().create(
        "Weekly", wall(2, hours=1), wall(2, hours=2), recurrence=weekly(2), guests=("bob@contoso.example",)
    )
    both = ["Weekly"] * 2
    scene.then(crm=["Weekly"] * 4, outlook={ANN: both, BOB: both}, mails=[], writes={"crm update": 2})
    assert record_ids(scene) == before
    assert in_sharecrm(scene) == [*on(0, 1), *on(2, 3, hours=1)]


def _in_outlook(scene: Scene) -> None:
    scene.given()
    scene.meeting("Weekly")


def _as_copy(scene: Scene) -> None:
    scene.given(crm_events=[old("Weekly")])


def _as_invitation(scene: Scene) -> None:
    scene.given()
    scene.record("Weekly", attendees=[BOB])


@pytest.mark.parametrize(
    ("what", "stands", "calendars"),
    [
        ("made in Outlook", _in_outlook, [ANN]),
        ("copied from ShareCRM", _as_copy, [ANN]),
        ("that calsync sent invitations for", _as_invitation, [ANN, BOB]),
    ],
)
@behaviour("B6", "B3", says="A meeting {what} that its user lets repeat keeps its record, also when it is single again")
def test_a_single_meeting_becomes_a_series(
    scene: Scene, what: str, stands: Callable[[Scene], None], calendars: list[str]
) -> None:
    stands(scene)
    scene.settled()
    (record,) = record_ids(scene)
    event = scene.event(ANN)["id"]
    scene.outlook().make_series(event, weekly(3))
    everywhere = {one: ["Weekly"] for one in calendars}
    scene.then(crm=["Weekly"] * 3, outlook=everywhere, mails=[], writes={"crm create": 2})
    assert record_on(scene, 0) == record
    scene.outlook().make_single(event)
    scene.then(crm=["Weekly"], outlook=everywhere, mails=[], writes={"crm invalid": 2})
    assert record_ids(scene) == {record}


@behaviour("D1", "D4", "G5", says="A deleted series takes all its records with it; to the guard it is one meeting")
def test_a_series_is_deleted(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, daily(12), guests=[BOB])
    scene.settled()
    series.end()
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 12})


@behaviour("D1", "F1", says="A date cancelled in Outlook ends its own record alone")
def test_a_date_is_cancelled(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene)
    scene.settled()
    series.cancel(1)
    scene.then(crm=["Weekly"] * 2, outlook=WEEKLY, mails=[], writes={"crm invalid": 1})
    assert in_sharecrm(scene) == on(0, 2)


@behaviour("D1", "F1", says="The first date cancelled in Outlook ends its own record alone, also with guests")
def test_the_first_date_is_cancelled(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=[BOB])
    scene.settled()
    series.cancel(0)
    both = {ANN: ["Weekly"], BOB: ["Weekly"]}
    scene.then(crm=["Weekly"] * 2, outlook=both, mails=[], writes={"crm invalid": 1})
    assert in_sharecrm(scene) == series.shown() == on(1, 2)


@behaviour("F1", "D4", "E1", says="The first date edited and then deleted in ShareCRM is changed and goes alone")
def test_the_first_date_is_edited_and_deleted_in_sharecrm(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=[BOB])
    scene.settled()
    first, both = record_on(scene, 0), {ANN: ["Weekly"], BOB: ["Weekly"]}
    scene.crm().change(first, content="Kick-off", start=hour(2), end=hour(3))
    named = ["Kick-off", "Weekly", "Weekly"]
    scene.then(crm=named, outlook=both, mails=mails("update", BOB), writes={"outlook update": 1})
    assert series.shown() == [*on(0, hours=2, title="Kick-off"), *on(1, 2)]
    scene.crm().cancel(first)
    scene.then(crm=["Weekly"] * 2, outlook=both, mails=mails("cancellation", BOB), writes={"outlook delete": 1})
    assert series.shown() == on(1, 2)


@behaviour(
    "F1", "F6", "F2", says="A date made private, then a whole day in ShareCRM is so in Outlook, the others are not"
)
def test_a_date_is_made_private_and_a_whole_day_in_sharecrm(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene)
    scene.settled()
    record, day = record_on(scene, 1), DAY.date() + timedelta(weeks=1)
    scene.crm().change(record, private=True)
    scene.then(crm=["Weekly"] * 3, outlook=WEEKLY, mails=[], writes={"outlook update": 1})
    assert [one["sensitivity"] for one in series.dates()] == ["normal", "private", "normal"]
    scene.crm().change(record, **whole_record(day, day))
    scene.then(crm=["Weekly"] * 3, outlook=WEEKLY, mails=[], writes={"outlook update": 1})
    assert [one["isAllDay"] for one in series.dates()] == [False, True, False]
    assert event_days(series.dates()[1]) == (day, day)


@pytest.mark.parametrize("first", [0, 1])
@behaviour("F1", "B6", says="Date {first} of a series renamed and moved in Outlook changes its own record alone")
def test_a_date_is_changed(scene: Scene, first: int) -> None:
    scene.given()
    series = Series.made(scene)
    scene.settled()
    record = record_on(scene, first)
    series.rename(first, "Review")
    series.move(first, first, hours=3)
    scene.then(crm=["Review", "Weekly", "Weekly"], outlook=WEEKLY, mails=[], writes={"crm update": 1})
    assert scene.state(record)["content"] == "Review"
    assert record_times(scene.state(record))[0] == hour(WEEK_H * first + 3)


@behaviour("B6", "D1", "F1", says="A date moved to where a cancelled one had stood keeps its record; the other's ends")
def test_a_date_takes_the_place_of_a_cancelled_one(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene)
    scene.settled()
    moved = record_on(scene, 1)
    series.cancel(2)
    series.move(1, 2)
    scene.then(crm=["Weekly"] * 2, outlook=WEEKLY, mails=[], writes={"crm update": 1, "crm invalid": 1})
    assert record_on(scene, 2) == moved


@behaviour(
    "F1", "E1", says="A date edited in ShareCRM becomes an exception of the series, and its guests are told once"
)
def test_a_date_is_edited_in_sharecrm(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=[BOB])
    scene.settled()
    scene.crm().change(record_on(scene, 1), content="Review", start=hour(WEEK_H + 3), end=hour(WEEK_H + 4))
    scene.then(
        crm=["Weekly", "Review", "Weekly"],
        outlook={ANN: ["Weekly"], BOB: ["Weekly"]},
        mails=mails("update", BOB),
        writes={"outlook update": 1},
    )
    assert series.shown() == [*on(0), *on(1, hours=3, title="Review"), *on(2)]
    assert [one["type"] for one in series.dates()] == ["occurrence", "exception", "occurrence"]


@behaviour("F1", "D4", "E1", says="A date deleted in ShareCRM is cancelled in Outlook alone, and its guests are told")
def test_a_date_is_deleted_in_sharecrm(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=[BOB, ZOE])
    scene.settled()
    scene.crm().cancel(record_on(scene, 1))
    scene.then(
        crm=["Weekly"] * 2,
        outlook={ANN: ["Weekly"], BOB: ["Weekly"]},
        mails=mails("cancellation", BOB, ZOE),
        writes={"outlook delete": 1},
    )
    assert series.shown() == on(0, 2)


@behaviour("F1", "G10", says="A date that ShareCRM moves past its neighbour is parked and told; it follows when it can")
def test_a_date_would_pass_its_neighbour(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene)
    scene.settled()
    record = record_on(scene, 1)
    scene.crm().move(record, hour(WEEK_H * 2 + 24), hour(WEEK_H * 2 + 25))
    scene.crm().rename(record_on(scene, 0), "Kick-off")
    scene.then(
        crm=["Kick-off", "Weekly", "Weekly"],
        outlook=WEEKLY,
        mails=[],
        writes={"outlook update": 1},
        reports=("cannot pass its neighbours",),
        agree=False,  # the refused date waits
    )
    assert series.shown() == [*on(0, title="Kick-off"), *on(1, 2)]
    scene.crm().move(record, hour(WEEK_H + 24), hour(WEEK_H + 25))
    scene.then(crm=["Kick-off", "Weekly", "Weekly"], outlook=WEEKLY, mails=[], writes={"outlook update": 1})
    assert event_times(series.dates()[1])[0] == hour(WEEK_H + 24)


@behaviour(
    "C5", "F1", says="Of a date named on both sides at once the later name wins, the other dates stay as they are"
)
def test_a_date_is_renamed_on_both_sides(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene)
    scene.settled()
    scene.crm().rename(record_on(scene, 1), "Demo")
    scene.later(minutes=1)
    series.rename(1, "Review")
    scene.then(crm=["Weekly", "Review", "Weekly"], outlook=WEEKLY, mails=[], writes={"crm update": 1})
    assert scene.yielded() == ["Demo"]


@behaviour("C5", "F1", says="A date moved in Outlook and renamed in ShareCRM has both its new time and its new name")
def test_a_date_is_changed_on_both_sides(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene)
    scene.settled()
    scene.crm().rename(record_on(scene, 1), "Demo")
    series.move(1, 1, hours=2)
    scene.then(
        crm=["Weekly", "Demo", "Weekly"], outlook=WEEKLY, mails=[], writes={"crm update": 1, "outlook update": 1}
    )
    assert series.shown()[1] == on(1, hours=2, title="Demo")[0]


@behaviour(
    "D5", "E6", says="A date cancelled in Outlook and edited in ShareCRM comes back as an event of its own, silently"
)
def test_a_date_is_cancelled_and_edited_in_sharecrm(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=[BOB])
    scene.settled()
    scene.crm().rename(record_on(scene, 1), "Demo")
    series.cancel(1)
    both = ["Weekly", "Demo"]
    scene.then(crm=["Weekly", "Demo", "Weekly"], outlook={ANN: both, BOB: both}, mails=[], writes={"outlook create": 2})
    assert series.shown() == on(0, 2)


@behaviour("D5", "E6", says="A date deleted in ShareCRM and edited in Outlook is recovered with its edit")
def test_a_date_is_deleted_and_edited_in_outlook(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene)
    scene.settled()
    record = record_on(scene, 1)
    scene.crm().cancel(record)
    series.rename(1, "Review")
    scene.then(crm=["Weekly", "Review", "Weekly"], outlook=WEEKLY, mails=[], writes={"crm recover": 1, "crm update": 1})
    assert scene.state(record)["content"] == "Review"
