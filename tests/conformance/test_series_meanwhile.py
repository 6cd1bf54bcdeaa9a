"""Series, several things at once: what happens to a date while its series, its calendar or its rules change."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conformance.behaviour import behaviour
from conformance.dates import Series, in_sharecrm, on, record_ids, record_on, wall
from conformance.days import event_days, record_days, whole_record
from conformance.scene import Scene
from pipeline.team import ANN, BOB, CAI, DAY, address

from sandbox.repeat import daily, weekly

WEEKLY = {ANN: ["Weekly"]}
BOTH = {ANN: ["Weekly"], BOB: ["Weekly"]}
FIRST = DAY.date()
PACIFIC = "Pacific Standard Time"


def a_day_later(scene: Scene, series: Series) -> None:
    """Ann moves the whole series by a day."""
    scene.outlook().move_series(series.master, wall(days=1), wall(days=1, hours=1), weekly(3))


@pytest.fixture
def series(scene: Scene) -> Series:
    """Three weekly dates that are synced."""
    scene.given()
    made = Series.made(scene)
    scene.settled()
    return made


@pytest.fixture
def whole_days(scene: Scene) -> Series:
    """Three weekly whole days, made on the other side of the ocean, that are synced."""
    scene.given()
    made = scene.outlook().create_all_day("Weekly", FIRST, zone=PACIFIC, recurrence=weekly(3))
    scene.settled()
    return Series(scene, made["id"])


@behaviour("B6", "C5", says="A series moved while one of its records was renamed has the new days and the new name")
def test_moved_while_a_record_is_renamed(scene: Scene, series: Series) -> None:
    before = record_ids(scene)
    scene.crm().rename(record_on(scene, 1), "Demo")
    a_day_later(scene, series)
    scene.then(
        crm=["Weekly", "Demo", "Weekly"],
        outlook=WEEKLY,
        mails=[],
        writes={"crm update": 3, "outlook update": 1},
    )
    assert record_ids(scene) == before
    assert in_sharecrm(scene) == series.shown()


@behaviour("B6", "D5", says="A series moved while one of its records was deleted has it back: the edit wins")
def test_moved_while_a_record_is_deleted(scene: Scene, series: Series) -> None:
    before = record_ids(scene)
    scene.crm().cancel(record_on(scene, 1))
    a_day_later(scene, series)
    scene.then(crm=["Weekly"] * 3, outlook=WEEKLY, mails=[], writes={"crm update": 3, "crm recover": 1})
    assert record_ids(scene) == before


@behaviour("B6", "F1", says="A date with a name of its own is an ordinary one again when the whole series is moved")
def test_moved_with_an_exception(scene: Scene, series: Series) -> None:
    series.rename(1, "Review")
    scene.settled()
    before = record_ids(scene)
    a_day_later(scene, series)
    scene.then(crm=["Weekly"] * 3, outlook=WEEKLY, mails=[], writes={"crm update": 3})
    assert record_ids(scene) == before


@behaviour("B6", "F2", says="An all-day series moved by a day moves its records by a day, whatever zone it is kept in")
def test_whole_days_are_moved(scene: Scene, whole_days: Series) -> None:
    before = record_ids(scene)
    begins, ends = (f"{FIRST + timedelta(days=n)}T00:00:00" for n in (1, 2))
    scene.outlook().move_series(whole_days.master, begins, ends, weekly(3), zone=PACIFIC)
    scene.then(crm=["Weekly"] * 3, outlook=WEEKLY, mails=[], writes={"crm update": 3})
    days = [FIRST + timedelta(days=1, weeks=n) for n in range(3)]
    assert sorted(record_days(one) for one in scene.work.records()) == [(day, day) for day in days]
    assert record_ids(scene) == before


@behaviour("F1", "F2", says="A whole day of a series moved in ShareCRM is that day in Outlook too, in the series' zone")
def test_a_whole_day_is_moved_in_sharecrm(scene: Scene, whole_days: Series) -> None:
    second = sorted(scene.work.records(), key=lambda record: str(record["start"]))[1]["id"]
    day = FIRST + timedelta(days=9)
    scene.crm().change(second, **whole_record(day, day))
    scene.then(crm=["Weekly"] * 3, outlook=WEEKLY, mails=[], writes={"outlook update": 1})
    assert event_days(whole_days.dates()[1]) == (day, day)


@behaviour("B6", "F1", says='"This and following" renamed: the later records bear the new name and are the same ones')
def test_this_and_following_is_renamed(scene: Scene, series: Series) -> None:
    before = record_ids(scene)
    scene.outlook().end_series(series.master, FIRST)
    scene.outlook().create("Jour fixe", wall(1), wall(1, hours=1), recurrence=weekly(2))
    both = ["Weekly", "Jour fixe"]
    scene.then(crm=[*both, "Jour fixe"], outlook={ANN: both}, mails=[], writes={"crm update": 2})
    assert record_ids(scene) == before


@behaviour("B6", "F1", says='"This and following" on another day of the week: the later records are the same ones')
def test_this_and_following_on_another_day(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, weekly(4), guests=[BOB])
    scene.settled()
    before = record_ids(scene)
    scene.outlook().end_series(series.master, FIRST + timedelta(weeks=1))
    Series.made(scene, weekly(2), guests=[BOB], days=15)
    twice = {ANN: ["Weekly"] * 2, BOB: ["Weekly"] * 2}
    scene.then(crm=["Weekly"] * 4, outlook=twice, mails=[], writes={"crm update": 2})
    assert record_ids(scene) == before
    assert in_sharecrm(scene) == [*on(0, 1), *on(2, 3, hours=24)]


@behaviour("B6", "F1", says='"This and following" at a new hour and renamed: its guests and days tell that it goes on')
def test_this_and_following_at_another_hour_and_renamed(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, weekly(4), guests=[BOB])
    scene.settled()
    before = record_ids(scene)
    scene.outlook().end_series(series.master, FIRST + timedelta(weeks=1))
    Series.made(scene, weekly(2), title="Jour fixe", guests=[BOB], days=14 + 1 / 24)
    both = ["Weekly", "Jour fixe"]
    scene.then(
        crm=["Weekly", "Weekly", "Jour fixe", "Jour fixe"],
        outlook={ANN: both, BOB: both},
        mails=[],
        writes={"crm update": 2},
    )
    assert record_ids(scene) == before


@pytest.mark.parametrize(
    ("what", "title", "guests", "days"),
    [
        ("of other people", "Weekly", [CAI], 15),
        ("of another name on other days", "Review", [BOB], 15),
        ("of another name without guests", "Review", [], 14 + 1 / 24),
    ],
)
@behaviour("B6", "D1", says="A new series {what} does not take the records of one cut short the same day")
def test_another_series_on_the_day_of_a_cut(
    scene: Scene, what: str, title: str, guests: list[str], days: float
) -> None:
    scene.given()
    series = Series.made(scene, weekly(4), guests=guests and [BOB])
    scene.settled()
    before = record_ids(scene)
    scene.outlook().end_series(series.master, FIRST + timedelta(weeks=1))
    Series.made(scene, weekly(2), title=title, guests=guests, days=days)
    scene.settled()
    assert len(record_ids(scene) & before) == 2
    assert len(record_ids(scene)) == 4


@behaviour("A5", "C1", "D2", says="What became of a series while its user was not connected is caught up afterwards")
def test_changed_while_revoked(scene: Scene, series: Series) -> None:
    scene.revoke(ANN)
    scene.run()
    series.rename(0, "Kick-off")
    series.cancel(1)
    scene.later(minutes=1)
    scene.then(crm=["Weekly"] * 3, outlook=WEEKLY, mails=[], writes={}, agree=False)  # nobody is connected
    scene.work.authorise(ANN)
    scene.then(crm=["Kick-off", "Weekly"], outlook=WEEKLY, mails=[], writes={"crm update": 1, "crm invalid": 1})


@behaviour("C9", "F1", says="Into ShareCRM only: dates that are edited or deleted there leave the series as it is")
def test_one_way_into_sharecrm(scene: Scene) -> None:
    scene.work.configure(direction="outlook_to_crm")
    scene.given()
    series = Series.made(scene)
    scene.settled()
    scene.crm().rename(record_on(scene, 1), "Demo")
    scene.crm().cancel(record_on(scene, 2))
    scene.then(crm=["Weekly", "Demo"], outlook=WEEKLY, mails=[], writes={}, agree=False)  # kept to its own side
    assert series.shown() == on(0, 1, 2)


@behaviour("C9", "F1", says="Out of ShareCRM only: no date of a series comes in")
def test_one_way_out_of_sharecrm(scene: Scene) -> None:
    scene.work.configure(direction="crm_to_outlook")
    scene.given()
    Series.made(scene)
    scene.then(crm=[], outlook=WEEKLY, mails=[], writes={}, agree=False)  # it is Ann's own


@behaviour("D6", "D7", says="A date's record taken out of the calendar stays as it is when the series changes and ends")
def test_a_date_is_taken_out_of_the_calendar(scene: Scene, series: Series) -> None:
    scene.crm().change(record_on(scene, 1), calendar="CRM Calendar")
    scene.run()
    scene.outlook().rename(series.master, "Jour fixe")
    named = {ANN: ["Jour fixe"]}
    scene.then(
        crm=["Jour fixe", "Weekly", "Jour fixe"], outlook=named, mails=[], writes={"crm update": 2}, agree=False
    )  # the date is in Outlook still, and its record is another calendar's
    series.end()
    scene.then(crm=["Weekly"], outlook={}, mails=[], writes={"crm invalid": 2})


@pytest.mark.parametrize("what", ["moved", "deleted"])
@behaviour("B6", "D3", says="A series of a colleague who is not connected is {what}: its guest's calendar tells")
def test_only_a_guest_sees_it(scene: Scene, what: str) -> None:
    scene.given(BOB)
    series = Series.made(scene, guests=[address(BOB)])
    scene.settled(agree=False)
    before = record_ids(scene)
    if what == "deleted":
        series.end()
        scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 3}, agree=False)  # Ann is not connected
        return
    a_day_later(scene, series)
    scene.then(crm=["Weekly"] * 3, outlook=BOTH, mails=[], writes={"crm update": 3}, agree=False)
    assert record_ids(scene) == before
    assert in_sharecrm(scene) == series.shown()


@behaviour("B6", "D3", says="A date is cancelled, and its series moved by an unconnected organiser: each date is new")
def test_moved_after_a_date_was_cancelled(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=[BOB])
    scene.settled()
    series.cancel(0)
    scene.settled()
    scene.revoke(ANN)
    scene.settled(agree=False)
    before = record_ids(scene)
    scene.outlook().move_series(series.master, wall(days=1), wall(days=1, hours=1), weekly(4))
    scene.settled(agree=False)
    assert in_sharecrm(scene) == series.shown()
    assert len(series.shown()) == 4
    assert before < record_ids(scene)


@pytest.mark.parametrize("who", ["organiser", "guest"])
@behaviour("B6", "A3", says="A series moved onto former dates while its {who} is away, and again as they come back")
def test_moved_twice_while_away(scene: Scene, who: str) -> None:
    scene.given()
    series = Series.made(scene, weekly(3), guests=[BOB])
    scene.settled()
    before = record_ids(scene)
    scene.revoke(ANN if who == "organiser" else BOB)
    scene.settled(agree=False)
    scene.outlook().move_series(series.master, wall(1, days=1), wall(1, days=1, hours=1), daily(3))
    scene.then(
        crm=["Weekly"] * 3, outlook=BOTH, mails=[], writes={"crm update": 3}, agree=False
    )  # the calendar of who is connected tells
    scene.outlook().move_series(series.master, wall(1, hours=2), wall(1, hours=3), daily(3))
    scene.work.authorise(ANN if who == "organiser" else BOB)
    scene.then(crm=["Weekly"] * 3, outlook=BOTH, mails=[], writes={"crm update": 3})
    assert record_ids(scene) == before
    assert in_sharecrm(scene) == series.shown()


@pytest.mark.parametrize("then", ["stays away", "connects"])
@behaviour("B6", "D3", says="An organiser not connected makes a series one of fewer dates, and {then}: the others end")
def test_rearranged_by_an_unconnected_organiser(scene: Scene, then: str) -> None:
    scene.given(BOB)
    series = Series.made(scene, weekly(6), guests=[BOB])
    scene.settled(agree=False)
    before = record_ids(scene)
    scene.outlook().move_series(series.master, wall(days=1), wall(days=1, hours=1), weekly(2))
    if then == "connects":
        scene.work.authorise(ANN)
    writes = {"crm update": 2, "crm invalid": 4}
    scene.then(crm=["Weekly"] * 2, outlook=BOTH, mails=[], writes=writes, agree=then == "connects")
    assert record_ids(scene) < before
    assert in_sharecrm(scene) == series.shown()
    scene.work.authorise(ANN)
    scene.then(crm=["Weekly"] * 2, outlook=BOTH, mails=[], writes={})


@pytest.mark.parametrize("says", ["so many times", "until a day"])
@behaviour("B6", "D3", says="An organiser not connected ends a series earlier, told as {says}: its last dates end")
def test_ended_earlier_by_an_unconnected_organiser(scene: Scene, says: str) -> None:
    scene.given(BOB)
    series = Series.made(scene, weekly(6), guests=[BOB])
    scene.settled(agree=False)
    scene.outlook(BOB).delete(series.nth(1, BOB))
    scene.settled(agree=False)  # Bob declined one of those that stay
    until = weekly(2) if says == "so many times" else weekly(until=FIRST + timedelta(weeks=1))
    scene.outlook().move_series(series.master, wall(), wall(hours=1), until)
    scene.then(crm=["Weekly"] * 2, outlook=BOTH, mails=[], writes={"crm invalid": 4}, agree=False)
    scene.work.authorise(ANN)
    scene.then(crm=["Weekly"] * 2, outlook=BOTH, mails=[], writes={}, agree=False)  # as Bob declined one
    assert in_sharecrm(scene) == series.shown()


@behaviour("D3", "F1", says="Dates that a guest takes out of an unconnected colleague's series stay in ShareCRM")
def test_a_guest_takes_dates_out(scene: Scene) -> None:
    scene.given(BOB)
    series = Series.made(scene, weekly(4), guests=[BOB])
    scene.settled(agree=False)
    for _ in range(3):
        scene.outlook(BOB).delete(series.nth(1, BOB))
    scene.then(crm=["Weekly"] * 4, outlook=BOTH, mails=[], writes={}, agree=False)  # Bob declined three
