"""Series and colleagues: one record for each date, whoever is on it; what a guest does to theirs is their own."""

from __future__ import annotations

import pytest
from conformance.behaviour import behaviour
from conformance.dates import Series, in_sharecrm, on, record_ids, record_on
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, STRANGER, ZOE, address, own

from sandbox.repeat import weekly

BOTH = {ANN: ["Weekly"], BOB: ["Weekly"]}


def people(scene: Scene, *weeks: int) -> list[tuple[set[str], set[str]]]:
    """The employees and the contacts of the records of these weeks."""
    records = [scene.state(record_on(scene, week)) for week in weeks]
    return [(set(record["attendees"]), set(record["contacts"])) for record in records]


@behaviour("B2", "E10", "F1", says="A series with colleagues and contacts is one record a date, with all of them on it")
def test_a_series_with_people(scene: Scene) -> None:
    scene.given()
    Series.made(scene, guests=[BOB, ZOE])
    scene.then(crm=["Weekly"] * 3, outlook=BOTH, mails=[], writes={"crm create": 3})
    assert people(scene, 0, 1, 2) == [({ANN, BOB}, {ZOE})] * 3


@behaviour(
    "E8", "E9", "F1", says="A colleague's series comes in through its one connected guest, and is the colleague's"
)
def test_only_a_guest_is_connected(scene: Scene) -> None:
    scene.given(BOB)
    series = Series.made(scene, guests=[BOB])
    scene.then(crm=["Weekly"] * 3, outlook=BOTH, mails=[], writes={"crm create": 3}, agree=False)
    assert in_sharecrm(scene) == on(0, 1, 2)
    assert {record["owner"] for record in scene.work.records()} == {ANN}
    series.cancel(1)
    scene.then(crm=["Weekly"] * 2, outlook=BOTH, mails=[], writes={"crm invalid": 1}, agree=False)
    assert in_sharecrm(scene) == on(0, 2)


@pytest.mark.parametrize("what", ["one date", "the whole series"])
@behaviour("D3", "F1", says="A guest who removes {what} from their calendar has declined it: nothing else changes")
def test_a_guest_removes_it(scene: Scene, what: str) -> None:
    scene.given()
    series = Series.made(scene, guests=[BOB])
    scene.settled()
    (copy,) = [event["id"] for event in scene.work.events(address(BOB))]
    scene.outlook(BOB).delete(series.nth(1, BOB) if what == "one date" else copy)
    left = BOTH if what == "one date" else {ANN: ["Weekly"]}
    scene.then(crm=["Weekly"] * 3, outlook=left, mails=[], writes={}, agree=False)  # Bob declined
    scene.outlook().rename(series.master, "Jour fixe")
    scene.run()
    assert in_sharecrm(scene) == on(0, 1, 2, title="Jour fixe")


@behaviour("E10", "F1", says="A guest who declines one date stays on its record")
def test_a_guest_declines_a_date(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=[BOB])
    scene.settled()
    scene.outlook(BOB).decline(series.nth(1, BOB))
    scene.then(crm=["Weekly"] * 3, outlook=BOTH, mails=[], writes={})
    assert people(scene, 1) == [({ANN, BOB}, set())]


@behaviour(
    "D3", "F1", says="A date that its organiser calls off leaves a cancelled copy with the guests, and no record"
)
def test_the_organiser_calls_a_date_off(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=[BOB, CAI])
    scene.settled()
    scene.outlook().cancel(series.nth(1), "Holiday")
    scene.then(crm=["Weekly"] * 2, outlook={**BOTH, CAI: ["Weekly"]}, mails=[], writes={"crm invalid": 1})
    assert in_sharecrm(scene) == on(0, 2)


@behaviour("B2", "E10", says="Who is invited to a single date of a series is on that date's record alone")
def test_invited_to_a_single_date(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=[BOB])
    scene.settled()
    scene.outlook().invite(series.nth(1), address(CAI))
    scene.then(crm=["Weekly"] * 3, outlook={**BOTH, CAI: ["Weekly"]}, mails=[], writes={"crm update": 1})
    assert people(scene, 0, 1, 2) == [({ANN, BOB}, set()), ({ANN, BOB, CAI}, set()), ({ANN, BOB}, set())]


@behaviour("E4", "F1", says="Who is taken off a single date of a series leaves that date's record alone")
def test_taken_off_a_single_date(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=[BOB])
    scene.settled()
    scene.outlook().uninvite(series.nth(1), address(BOB))
    scene.then(crm=["Weekly"] * 3, outlook=BOTH, mails=[], writes={"crm update": 1})
    assert people(scene, 0, 1, 2) == [({ANN, BOB}, set()), ({ANN}, set()), ({ANN, BOB}, set())]


@behaviour(
    "E1",
    "E4",
    "F1",
    says="Who is taken off one date in ShareCRM is told, and leaves that date alone; unknown guests stay",
)
def test_taken_off_a_single_date_in_sharecrm(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=[BOB, ZOE, STRANGER])
    scene.settled()
    scene.crm().change(record_on(scene, 1), participants=[ANN], contacts=[])
    off = mails("cancellation", BOB, ZOE)
    scene.then(crm=["Weekly"] * 3, outlook=BOTH, mails=off, writes={"outlook update": 1})
    assert people(scene, 0, 1, 2) == [({ANN, BOB}, {ZOE}), ({ANN}, set()), ({ANN, BOB}, {ZOE})]
    assert [one["emailAddress"]["address"] for one in series.dates()[1]["attendees"]] == [STRANGER]


@behaviour("E10", "F1", says="Who is invited to a whole series later joins the record of each date")
def test_invited_to_the_whole_series(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene)
    scene.settled()
    scene.outlook().invite(series.master, address(BOB), address(ZOE))
    scene.then(crm=["Weekly"] * 3, outlook=BOTH, mails=[], writes={"crm update": 3})
    assert people(scene, 0, 1, 2) == [({ANN, BOB}, {ZOE})] * 3


@behaviour("E2", "F1", says="A colleague put on one date's record in ShareCRM gets a silent copy of that date alone")
def test_added_to_a_date_in_sharecrm(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene)
    scene.settled()
    scene.crm().change(record_on(scene, 1), participants=[ANN, CAI])
    scene.then(crm=["Weekly"] * 3, outlook={ANN: ["Weekly"], CAI: ["Weekly"]}, mails=[], writes={"outlook create": 1})
    (copy,) = scene.work.events(address(CAI))
    assert (copy["type"], copy["start"]["dateTime"]) == ("singleInstance", series.dates()[1]["start"]["dateTime"])


@behaviour("A5", "B2", says="A guest of a series who connects later changes nothing: they have every date already")
def test_a_guest_connects_later(scene: Scene) -> None:
    scene.given(ANN)
    Series.made(scene, guests=[BOB])
    scene.settled(agree=False)
    scene.later(minutes=1)
    scene.work.authorise(BOB)
    scene.then(crm=["Weekly"] * 3, outlook=BOTH, mails=[], writes={})


@behaviour("C1", "C9", "F1", says="What a guest changes in their copy of one date stays theirs")
def test_a_guest_edits_their_copy(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=[BOB])
    scene.settled()
    scene.outlook(BOB).rename(series.nth(1, BOB), "Ann again")
    scene.then(crm=["Weekly"] * 3, outlook=BOTH, mails=[], writes={}, agree=False)
    series.rename(1, "Review")
    scene.then(crm=["Weekly", "Review", "Weekly"], outlook=BOTH, mails=[], writes={"crm update": 1}, agree=False)


@behaviour("D3", "B6", says="{who} shows that its organiser, not connected, made one meeting of a series: one is left")
@pytest.mark.parametrize("who", ["The one guest's mailbox", "Each guest's mailbox"])
def test_their_series_becomes_a_single_meeting(scene: Scene, who: str) -> None:
    guests = [BOB] if who.startswith("The") else [BOB, CAI]
    scene.given(*guests)
    series = Series.made(scene, guests=guests)
    scene.settled(agree=False)
    scene.outlook().make_single(series.master)
    left = {person: ["Weekly"] for person in (ANN, *guests)}
    scene.then(crm=["Weekly"], outlook=left, mails=[], writes={"crm invalid": 2}, agree=False)
    assert in_sharecrm(scene) == on(0)
    scene.outlook().rename(series.master, "Jour fixe")
    left = {person: ["Jour fixe"] for person in left}
    scene.then(crm=["Jour fixe"], outlook=left, mails=[], writes={"crm update": 1}, agree=False)


@behaviour(
    "D3", "D1", says="Where a guest's mailbox is away, what became of a colleague's series waits until it is back"
)
def test_their_series_becomes_single_while_a_guest_is_away(scene: Scene) -> None:
    scene.given(BOB, CAI)
    series = Series.made(scene, guests=[BOB, CAI])
    scene.settled(agree=False)
    scene.work.box.set_mailbox(address(CAI), "forbidden")
    scene.outlook().make_single(series.master)
    everybody = {ANN: ["Weekly"], BOB: ["Weekly"], CAI: ["Weekly"]}
    scene.then(crm=["Weekly"] * 3, outlook=everybody, mails=[], writes={}, agree=False)
    scene.work.box.set_mailbox(address(CAI), "ok")
    scene.then(crm=["Weekly"], outlook=everybody, mails=[], writes={"crm invalid": 2}, agree=False)
    assert in_sharecrm(scene) == on(0)


@behaviour(
    "D3", "D5", says="A date of a colleague's series that is edited in ShareCRM stands on when it becomes single"
)
def test_their_series_becomes_single_and_a_date_is_edited(scene: Scene) -> None:
    scene.given(BOB)
    series = Series.made(scene, guests=[BOB])
    scene.settled(agree=False)
    scene.crm().rename(record_on(scene, 1), "Mine")
    scene.outlook().make_single(series.master)
    left = {ANN: ["Weekly"], BOB: ["Mine", "Weekly"]}
    done = {"crm invalid": 1, "outlook create": 1}
    scene.then(crm=["Mine", "Weekly"], outlook=left, mails=[], writes=done, agree=False)


@behaviour(
    "B6", "A5", says="A colleague's event that becomes a series as they connect keeps its record as its first date"
)
def test_becomes_a_series_as_its_organiser_connects(scene: Scene) -> None:
    scene.given(BOB, outlook_events=[own("Weekly", guests=(address(BOB),))], agree=False)
    (record,) = record_ids(scene)
    scene.outlook().make_series(scene.event(ANN)["id"], weekly(3))
    scene.work.authorise(ANN)
    scene.then(crm=["Weekly"] * 3, outlook=BOTH, mails=[], writes={"crm create": 2})
    assert record in record_ids(scene)
