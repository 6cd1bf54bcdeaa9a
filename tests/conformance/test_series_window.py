"""Series and the window: its dates keep their records when they are moved past its end, and when they come back."""

from __future__ import annotations

import pytest
from conformance.behaviour import behaviour
from conformance.dates import Series, in_sharecrm, on, record_ids, record_on, wall
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, address

from sandbox.repeat import Repeat, weekly

WEEKLY = {ANN: ["Weekly"]}
BOTH = {ANN: ["Weekly"], BOB: ["Weekly"]}


@pytest.fixture(autouse=True)
def _forty_days(scene: Scene) -> None:
    scene.work.configure(window={"past_days": 7, "future_days": 40})
    scene.given()


def move(scene: Scene, series: Series, repeat: Repeat, *, days: float) -> None:
    """Ann moves the whole series: it begins so many days after the first day."""
    scene.outlook().move_series(series.master, wall(days=days), wall(days=days, hours=1), repeat)


@pytest.mark.parametrize(("whither", "weeks"), [("partly", 4), ("wholly", 9)])
@behaviour("B6", "F5", "D2", says="A series moved {whither} past the window's end keeps its records, and back again")
def test_a_series_is_moved_past_the_window(scene: Scene, whither: str, weeks: int) -> None:
    series = Series.made(scene)
    scene.settled()
    before = record_ids(scene)
    for days in (7 * weeks, 1):
        move(scene, series, weekly(3), days=days)
        scene.then(crm=["Weekly"] * 3, outlook=WEEKLY, mails=[], writes={"crm update": 3}, agree=False)
        assert record_ids(scene) == before
        assert in_sharecrm(scene) == series.shown()


@pytest.mark.parametrize(("whither", "weeks", "written"), [("partly", 4, 4), ("wholly", 9, 6)])
@behaviour("B6", "F5", says="An endless series moved {whither} past the window's end keeps its records, and back again")
def test_an_endless_series_is_moved_past_the_window(scene: Scene, whither: str, weeks: int, written: int) -> None:
    series = Series.made(scene, weekly())
    scene.settled()
    before = record_ids(scene)
    for days, updates in ((7 * weeks, written), (1, 6)):  # two of those moved by four weeks stand on days of the others
        move(scene, series, weekly(), days=days)
        scene.then(crm=["Weekly"] * 6, outlook=WEEKLY, mails=[], writes={"crm update": updates}, agree=False)
        assert record_ids(scene) == before
        assert in_sharecrm(scene) == series.shown()[:6]


@behaviour("B6", "D5", "F5", says="A record renamed while its series is moved past the window goes along, not doubled")
def test_renamed_while_its_series_is_moved_past_the_window(scene: Scene) -> None:
    series = Series.made(scene, guests=[BOB])
    scene.settled()
    before = record_ids(scene)
    scene.crm().rename(record_on(scene, 2), "Review")
    move(scene, series, weekly(3), days=28)
    scene.then(
        crm=["Weekly", "Weekly", "Review"],
        outlook=BOTH,
        mails=mails("update", BOB),
        writes={"crm update": 3, "outlook update": 1},
        agree=False,
    )
    assert record_ids(scene) == before
    assert in_sharecrm(scene) == series.shown() == [*on(4, 5), *on(6, title="Review")]


@behaviour("B6", "D2", "F5", says="A series moved past the window is followed also when its mailbox is read anew then")
def test_moved_past_the_window_when_the_mailbox_is_read_anew(scene: Scene) -> None:
    series = Series.made(scene, weekly(3))
    scene.settled()
    before = record_ids(scene)
    for days in (63, 64, 1):
        move(scene, series, weekly(3), days=days)
        scene.work.box.fault("graph", {"expire_delta": True}, path="delta", mailbox=address(ANN), times=1)
        scene.then(crm=["Weekly"] * 3, outlook=WEEKLY, mails=[], writes={"crm update": 3}, agree=False)
        assert record_ids(scene) == before
        assert in_sharecrm(scene) == series.shown()


@behaviour("B6", "D1", "F5", says="A series moved past the window and ended there takes its records with it")
def test_moved_past_the_window_and_ended(scene: Scene) -> None:
    series = Series.made(scene)
    scene.settled()
    move(scene, series, weekly(3), days=63)
    scene.settled(agree=False)
    series.end()
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 3})


@behaviour("F1", "F5", says="An endless series that takes place less often ends the records that it has no dates for")
def test_an_endless_series_takes_place_less_often(scene: Scene) -> None:
    series = Series.made(scene, weekly())
    scene.settled()
    move(scene, series, weekly(every=4), days=0)
    scene.then(crm=["Weekly"] * 2, outlook=WEEKLY, mails=[], writes={"crm invalid": 4})
    assert in_sharecrm(scene) == on(0, 4)


@behaviour("F5", "F1", says="A date of a series moved beyond the window and back takes its record along")
def test_a_date_is_moved_beyond_the_window(scene: Scene) -> None:
    series = Series.made(scene)
    scene.settled()
    before = record_ids(scene)
    for week in (9, 2):
        series.move(2, week, hours=1)
        scene.then(crm=["Weekly"] * 3, outlook=WEEKLY, mails=[], writes={"crm update": 1}, agree=False)
        assert record_ids(scene) == before
        assert in_sharecrm(scene) == [*on(0, 1), *on(week, hours=1)]


@behaviour("G2", "B6", says="What a calendar told before it broke off late in a run is read again by the next one")
def test_a_mailbox_breaks_off_late(scene: Scene) -> None:
    series = Series.made(scene)
    call = scene.meeting("Call", hours=5)
    scene.settled()
    scene.outlook().rename(call, "Talk")
    move(scene, series, weekly(3), days=63)
    scene.work.impatient = True
    scene.work.box.fault("graph", {"status": 504}, path="/instances")
    scene.work.run(may_fail=True)
    scene.work.box.clear_faults()
    titles = ["Talk", "Weekly", "Weekly", "Weekly"]
    scene.then(crm=titles, outlook={ANN: ["Talk", "Weekly"]}, mails=[], writes={"crm update": 4}, agree=False)


@behaviour("D2", "B6", says="A series moved past the window keeps its records where the listing of its dates was cut")
def test_the_listing_of_moved_dates_is_cut(scene: Scene) -> None:
    series = Series.made(scene)
    scene.settled()
    before = record_ids(scene)
    move(scene, series, weekly(3), days=63)
    scene.work.box.fault("graph", {"cut_page": True}, path="/instances")
    scene.work.run(may_fail=True)
    scene.work.box.clear_faults()
    scene.then(crm=["Weekly"] * 3, outlook=WEEKLY, mails=[], writes={"crm update": 3}, agree=False)
    assert record_ids(scene) == before
