"""Found by the model test: stories that went wrong once"""

from __future__ import annotations

from datetime import timedelta

import pytest
from conformance.behaviour import behaviour
from conformance.dates import Series, in_sharecrm, on, record_on, wall
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, DAY, address, old, own
from pipeline.workplace import CALENDAR

from sandbox.repeat import daily, weekly


@behaviour("D1", "D3", "G3", says="An event deleted after a run broke off between both sides takes its record along")
def test_deleted_after_a_broken_run(scene: Scene) -> None:
    scene.given()
    call = scene.meeting("Call", guests=(address(BOB),))
    scene.work.box.fault("sharecrm", {"lose_answer": True}, path="create")
    scene.work.run(may_fail=True)
    scene.work.box.clear_faults()
    scene.outlook(ANN).delete(call)
    scene.then(crm=[], outlook={}, mails=[], writes={"crm create": 1, "crm invalid": 1})


@behaviour("B6", "D1", "D3", says="A meeting made a series and deleted before the next run takes its record along")
def test_series_for_a_moment(scene: Scene) -> None:
    scene.given(outlook_events=[own("Call", guests=(address(BOB),))])
    call = scene.event(ANN)["id"]
    scene.outlook(ANN).make_series(call, weekly(3))
    scene.outlook(ANN).delete(call)
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 1})


@behaviour("D1", "F1", "G3", says="A series deleted after a run died between its dates takes its records along")
def test_series_deleted_after_a_broken_run(scene: Scene) -> None:
    scene.given()
    start, end = DAY.isoformat()[:19], (DAY + timedelta(hours=1)).isoformat()[:19]
    call = scene.outlook(ANN).create("Call", start, end, guests=(address(CAI),), recurrence=daily(4))["id"]
    scene.work.box.fault("sharecrm", {"status": 503}, path="create", skip=2)
    scene.work.run(may_fail=True)
    scene.work.box.clear_faults()
    scene.outlook(ANN).delete(call)
    scene.then(crm=[], outlook={}, mails=[], writes={"crm create": 2, "crm invalid": 2})


@behaviour("A3", "E6", says="A record recovered while its organiser connects again stands once in every calendar")
def test_recovered_while_its_organiser_comes_back(scene: Scene) -> None:
    scene.given(outlook_events=[own("Call", guests=(address(BOB),))])
    (record,) = scene.work.records()
    scene.revoke(ANN)
    scene.crm().cancel(record["id"])
    scene.settle(agree=False)
    scene.work.authorise(ANN)
    scene.crm().recover(record["id"])
    scene.then(crm=["Call"], outlook={ANN: ["Call"], BOB: ["Call"]}, mails=[], writes={})


def unheard(scene: Scene) -> tuple[str, str]:
    """Ann, who is not connected, has invited Bob; Cai was put on the record, which is deleted now: event and record."""
    scene.given(BOB, CAI, outlook_events=[own("Call", guests=(address(BOB),))])
    event = scene.event(ANN)["id"]
    (record,) = scene.work.records()
    scene.crm().change(record["id"], participants=[ANN, BOB, CAI])
    scene.settled(agree=False)
    assert [scene.titles(who) for who in (BOB, CAI)] == [["Call"], ["Call"]]
    scene.crm().cancel(record["id"])
    scene.settled(agree=False)
    return event, record["id"]


@behaviour("A3", "E6", says="A record deleted and recovered goes on in the invitations of who is not connected")
def test_recovered_beside_an_invitation(scene: Scene) -> None:
    _, record = unheard(scene)
    scene.crm().recover(record)
    scene.run()  # what stands of it is read by the next one
    everybody = {ANN: ["Call"], BOB: ["Call"], CAI: ["Call"]}
    scene.then(crm=["Call"], outlook=everybody, mails=[], writes={"outlook create": 1}, agree=False)


@behaviour("D3", "E6", says="An invitation {how} while its record was deleted is no deletion of the recovered one")
@pytest.mark.parametrize("how", ["cancelled", "removed by its guest"])
def test_recovered_after_its_invitation_went(scene: Scene, how: str) -> None:
    event, record = unheard(scene)
    if how == "cancelled":
        scene.outlook().delete(event)
    else:
        scene.outlook(BOB).delete(scene.event(BOB)["id"])
    scene.settled(agree=False)
    scene.crm().recover(record)
    scene.run()
    again = {BOB: ["Call"], CAI: ["Call"]} if how == "cancelled" else {ANN: ["Call"], CAI: ["Call"]}
    writes = {"outlook create": 2 if how == "cancelled" else 1}
    scene.then(crm=["Call"], outlook=again, mails=[], writes=writes, agree=False)


@behaviour("D6", "D4", says="A record put back into the calendar and deleted at once takes its events along")
def test_put_back_and_deleted_at_once(scene: Scene) -> None:
    scene.given(crm_events=[old("Visit", id="sch-1", attendees=[BOB])])
    scene.crm().change("sch-1", calendar="CRM Calendar")
    scene.settle(agree=False)
    scene.crm().change("sch-1", calendar=CALENDAR)
    scene.crm().cancel("sch-1")
    scene.then(crm=[], outlook={}, mails=[], writes={"outlook delete": 2})


@behaviour("D3", "E6", "A3", says="A guest's old cancellation, read later, does not end a meeting that was put back")
def test_an_old_cancellation_is_read_later(scene: Scene) -> None:
    scene.given()
    record = scene.record("Visit", attendees=[BOB])
    scene.settled()
    scene.crm().cancel(record)
    scene.run()
    scene.revoke(BOB)
    scene.crm().recover(record)
    scene.settle(agree=False)
    scene.work.authorise(BOB)
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=mails("cancellation", BOB),
        writes={"outlook delete": 1, "outlook create": 2},
    )


@behaviour("D3", "D4", says="A date cancelled while its organiser was not connected is not cancelled a second time")
def test_a_date_cancelled_while_its_organiser_was_away(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=(BOB,))
    scene.settled()
    scene.revoke(ANN)
    series.cancel(1)
    scene.settle(agree=False)
    scene.work.authorise(ANN)
    both = {ANN: ["Weekly"], BOB: ["Weekly"]}
    scene.then(crm=["Weekly"] * 2, outlook=both, mails=[], writes={"crm invalid": 1})


@behaviour("D3", "A3", "E6", says="An organiser who comes back keeps a meeting that seemed cancelled, and its record")
def test_an_organiser_comes_back(scene: Scene) -> None:
    scene.given(outlook_events=[own("Call", guests=(address(BOB),))])
    call = scene.event(ANN)["id"]
    scene.revoke(ANN)
    scene.outlook(ANN).uninvite(call, address(BOB))
    scene.settle(agree=False)
    assert not scene.work.records()
    scene.work.authorise(ANN)
    scene.then(
        crm=["Call"],
        outlook={ANN: ["Call"]},
        mails=[],
        writes={"crm invalid": 1, "crm recover": 1, "crm update": 1},
    )


@behaviour("D3", "E6", says="An organiser who connects for the first time keeps what seemed cancelled, as it is now")
def test_an_organiser_comes_for_the_first_time(scene: Scene) -> None:
    scene.given(BOB, outlook_events=[own("Call", guests=(address(BOB),))], agree=False)
    call = scene.event(ANN)["id"]
    scene.outlook(ANN).uninvite(call, address(BOB))
    scene.settle(agree=False)
    assert not scene.work.records()
    scene.outlook(ANN).rename(call, "Demo")
    scene.work.authorise(ANN)
    scene.settled()
    assert [(r["content"], r["attendees"]) for r in scene.work.records()] == [("Demo", [ANN])]
    assert scene.titles(ANN) == ["Demo"]


@behaviour("C1", says="What an organiser changed just before connecting again is heard from a guest's calendar")
def test_the_last_word_of_a_guest(scene: Scene) -> None:
    scene.given(outlook_events=[own("Call", guests=(address(BOB),))])
    scene.revoke(ANN)
    scene.settle(agree=False)
    scene.outlook(ANN).rename(scene.event(ANN)["id"], "Demo")
    scene.work.authorise(ANN)
    both = {ANN: ["Demo"], BOB: ["Demo"]}
    scene.then(crm=["Demo"], outlook=both, mails=[], writes={"crm update": 1})


@behaviour("B6", "D3", says="A meeting made a series while its organiser is not connected keeps its record")
def test_a_series_made_while_its_organiser_is_away(scene: Scene) -> None:
    scene.given(outlook_events=[own("Call", of=BOB, guests=(address(CAI),))])
    (record,) = scene.work.records()
    scene.revoke(BOB)
    scene.outlook(BOB).make_series(scene.event(BOB)["id"], daily(3))
    scene.settle(agree=False)
    scene.work.authorise(BOB)
    both = {BOB: ["Call"], CAI: ["Call"]}
    scene.then(crm=["Call"] * 3, outlook=both, mails=[], writes={"crm create": 2})
    assert record["id"] in {one["id"] for one in scene.work.records()}


@behaviour(
    "E2", "E6", "B6", says="A date recovered after its series became a single event comes back to every calendar"
)
def test_a_date_recovered_beside_what_became_of_its_series(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=(BOB,))
    scene.settled()
    last = record_on(scene, 2)
    scene.outlook(ANN).make_single(series.master)
    scene.settle()
    scene.crm().recover(last)
    both = {ANN: ["Weekly"] * 2, BOB: ["Weekly"] * 2}
    scene.then(crm=["Weekly"] * 2, outlook=both, mails=[], writes={"crm invalid": 2, "outlook create": 2})


@behaviour(
    "E1", "D4", says="A date that goes on both sides with the end of a moved series counts no mail that nobody got"
)
def test_a_date_deleted_while_its_series_moves_and_ends_before_it(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, daily(4), guests=(BOB,), days=7)
    scene.settled()
    scene.crm().cancel(record_on(scene, 8 / 7))
    begins, ends = wall(days=4), wall(days=4, hours=1)
    scene.outlook(ANN).move_series(series.master, begins, ends, daily(3))
    assert scene.work.run()["mails"] == 0  # whether that date has gone from Outlook too is proven by the next run (D2)
    both = {ANN: ["Weekly"], BOB: ["Weekly"]}
    scene.then(crm=["Weekly"] * 3, outlook=both, mails=[], writes={"crm update": 3})


@behaviour("E2", "E6", "B6", says="A date put back as copies and then made again by its organiser stands once")
def test_a_date_put_back_whose_series_begins_again(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=(BOB,))
    scene.settled()
    second = record_on(scene, 1)
    scene.outlook(ANN).make_single(series.master)
    scene.settle()
    scene.crm().recover(second)
    scene.settle()
    scene.outlook(ANN).make_series(series.master, weekly(3))
    both = {ANN: ["Weekly"], BOB: ["Weekly"]}  # the series, and nothing beside it
    writes = {"crm invalid": 2, "outlook create": 2, "crm recover": 1, "outlook delete": 2}
    scene.then(crm=["Weekly"] * 3, outlook=both, mails=[], writes=writes)


@pytest.mark.parametrize(
    ("week", "writes"),
    [
        (0, {"crm update": 1, "crm invalid": 1}),  # the next record takes the place of the one that was deleted
        (1, {"crm invalid": 1}),
        (2, {"crm invalid": 1}),
    ],
)
@behaviour(
    "B6", "D4", says="A series made single while its record in week {week} is deleted keeps its organiser's event"
)
def test_a_date_deleted_while_its_series_becomes_single(scene: Scene, week: int, writes: dict[str, int]) -> None:
    scene.given()
    series = Series.made(scene)
    scene.settled()
    scene.crm().cancel(record_on(scene, week))
    scene.outlook(ANN).make_single(series.master)
    scene.then(crm=["Weekly"], outlook={ANN: ["Weekly"]}, mails=[], writes=writes)


@behaviour("C3", "E4", "F1", says="People who join or leave a series join or leave its changed dates too")
def test_people_of_a_series_with_a_changed_date(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, guests=(BOB,))
    scene.settled(agree=False)
    scene.crm().rename(record_on(scene, 1), "In person")
    scene.settled(agree=False)
    scene.outlook(ANN).uninvite(series.master, address(BOB))
    scene.outlook(ANN).invite(series.master, "zoe@client.example")
    scene.then(
        crm=["In person", "Weekly", "Weekly"],
        outlook={ANN: ["Weekly"]},
        mails=[],
        writes={"crm update": 3},
    )
    assert scene.people("In person") == ({ANN}, {"con-zoe"})


@pytest.mark.parametrize("guest", [address(BOB), "zoe@client.example"])
@behaviour(
    "D5", "E6", "C5", says="Who is uninvited ({guest}) while the record is deleted is not on the recovered record"
)
def test_uninvited_while_the_record_is_deleted(scene: Scene, guest: str) -> None:
    scene.given(crm_events=[])
    record = scene.record("Visit", attendees=[BOB], contacts=["con-zoe"])
    scene.settled()
    scene.outlook(ANN).uninvite(scene.event(ANN)["id"], guest)
    scene.crm().cancel(record)
    staying = ({ANN}, {"con-zoe"}) if guest == address(BOB) else ({ANN, BOB}, set())
    outlook = {ANN: ["Visit"]} if guest == address(BOB) else {ANN: ["Visit"], BOB: ["Visit"]}
    scene.then(crm=["Visit"], outlook=outlook, mails=[], writes={"crm recover": 1, "crm update": 1})
    assert scene.people("Visit") == staying


@behaviour("B6", "F1", says="A date that comes back after its record went on to another date gets a record of its own")
def test_a_date_comes_back(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, weekly(2))
    scene.settled()
    scene.outlook(ANN).move_series(series.master, wall(days=1), wall(days=1, hours=1), daily(2))
    scene.settled()
    scene.outlook(ANN).move_series(series.master, wall(days=5), wall(days=5, hours=1), daily(3))
    scene.then(crm=["Weekly"] * 3, outlook={ANN: ["Weekly"]}, mails=[], writes={"crm update": 2, "crm create": 1})
    assert in_sharecrm(scene) == series.shown() == on(5 / 7, 6 / 7, 1)


def _call_with_a_copy_for_ann(scene: Scene) -> str:
    """Bob's event with Cai, whose record has Ann on it too; its id."""
    scene.given(outlook_events=[own("Call", of=BOB, guests=(address(CAI),))])
    (record,) = scene.work.records()
    scene.crm(BOB).change(record["id"], participants=[BOB, CAI, ANN])
    scene.settled()
    return str(scene.event(BOB)["id"])


@behaviour("E2", "A3", says="Who is invited while not connected loses the silent copy when connected again")
def test_invited_beside_a_sleeping_copy(scene: Scene) -> None:
    call = _call_with_a_copy_for_ann(scene)
    scene.revoke(ANN)
    scene.outlook(BOB).invite(call, address(ANN))
    scene.settle(agree=False)
    scene.work.authorise(ANN)
    everybody = {ANN: ["Call"], BOB: ["Call"], CAI: ["Call"]}
    scene.then(crm=["Call"], outlook=everybody, mails=[], writes={"outlook delete": 1})


@behaviour("E2", "G3", says="A silent copy that cannot be removed beside an invitation goes with a later run")
def test_a_copy_beside_an_invitation_is_removed_later(scene: Scene) -> None:
    call = _call_with_a_copy_for_ann(scene)
    scene.outlook(BOB).invite(call, address(ANN))
    scene.work.box.fault("graph", {"status": 412}, method="DELETE", path="/events")
    scene.run()
    assert scene.titles(ANN) == ["Call", "Call"]
    scene.work.box.clear_faults()
    everybody = {ANN: ["Call"], BOB: ["Call"], CAI: ["Call"]}
    scene.then(crm=["Call"], outlook=everybody, mails=[], writes={"outlook delete": 1})


@behaviour("D3", "D5", "E6", says="An organiser who uninvited everybody and comes back has an edited meeting once")
def test_an_edited_meeting_whose_organiser_comes_back(scene: Scene) -> None:
    scene.given()
    record = scene.record("Visit", attendees=[BOB])
    scene.settled()
    scene.outlook(ANN).uninvite(scene.event(ANN)["id"], address(BOB))
    scene.revoke(ANN)
    scene.crm().rename(record, "Trip")
    scene.settle(agree=False)
    assert scene.titles(BOB) == ["Trip"]
    scene.work.authorise(ANN)
    both = {ANN: ["Trip"], BOB: ["Trip"]}
    scene.then(crm=["Trip"], outlook=both, mails=[], writes={"outlook create": 1, "outlook update": 1})


@pytest.mark.parametrize("who", ["its organiser", "the owner of a copy"])
@behaviour(
    "D5", "E6", "G3", says="A meeting put back by a run that heard no answer stands once: it was deleted by {who}"
)
def test_put_back_without_an_answer(scene: Scene, who: str) -> None:
    scene.given(crm_events=[old("Visit", id="sch-1", attendees=[BOB])] if "copy" in who else [])
    record = "sch-1" if "copy" in who else scene.record("Visit", attendees=[BOB])
    scene.settled()
    scene.outlook(ANN).delete(scene.event(ANN)["id"])
    scene.crm().rename(record, "Trip")
    scene.work.box.fault("graph", {"lose_answer": True}, method="POST", path="/events$")
    scene.work.run(may_fail=True)
    scene.work.box.clear_faults()
    both = {ANN: ["Trip"], BOB: ["Trip"]}
    wrote = {"outlook create": 1, "outlook update": 1} if "copy" in who else {"outlook create": 2}
    scene.then(crm=["Trip"], outlook=both, mails=[], writes=wrote)


@pytest.mark.parametrize(
    ("records", "events"), [pytest.param(1, 2, id="two events"), pytest.param(2, 1, id="two records")]
)
@behaviour("B4", "E2", says="{events} of a late colleague's events, {records} equal records: nothing is made of them")
def test_ambiguous_in_a_late_mailbox(scene: Scene, records: int, events: int) -> None:
    planted = [old("Visit", id=f"sch-{n}", attendees=[BOB]) for n in range(records)]
    scene.given(ANN, crm_events=planted, outlook_events=[own(of=BOB)] * events)
    scene.work.authorise(BOB)
    shown = {ANN: ["Visit"] * records, BOB: ["Visit"] * events}
    scene.then(crm=["Visit"] * records, outlook=shown, mails=[], writes={}, agree=False, reports=("look the same",))
    scene.crm().change("sch-0", private=True)
    scene.then(crm=["Visit"] * records, outlook=shown, mails=[], writes={"outlook update": 1}, agree=False)


@behaviour("B4", "E2", says="Where a late colleague's equal events are deleted, the record's own copy is made")
def test_an_ambiguity_ends(scene: Scene) -> None:
    scene.given(ANN, crm_events=[old("Visit", attendees=[BOB])], outlook_events=[own(of=BOB)] * 2)
    scene.work.authorise(BOB)
    scene.settled(agree=False)
    for event in scene.work.events(address(BOB)):
        scene.outlook(BOB).delete(event["id"])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={"outlook create": 1})


@behaviour(
    "C9", "D4", "A3", says="A deletion that was kept to ShareCRM does not cancel the event once its host connects"
)
def test_deleted_before_its_organiser_connects(scene: Scene) -> None:
    scene.given(BOB)
    scene.meeting("Call", of=ANN, guests=(address(BOB), "zoe@client.example"))
    scene.settled(agree=False)
    scene.crm().cancel(scene.work.records()[0]["id"])
    both = {ANN: ["Call"], BOB: ["Call"]}
    scene.then(crm=[], outlook=both, mails=[], writes={}, agree=False)
    scene.work.authorise(ANN)
    scene.then(crm=[], outlook=both, mails=[], writes={}, agree=False)


@pytest.mark.parametrize("day", [1, 4])
@behaviour(
    "C6",
    "C1",
    "E4",
    says="What ShareCRM changes on day {day} of a host's mailbox being away reaches it when it is back",
)
def test_changed_while_a_host_is_away_for_days(scene: Scene, day: int) -> None:
    scene.given()
    record = scene.record("Visit", attendees=[BOB], contacts=["con-zoe", "con-yan"], hours=24 * 9)
    scene.settled()
    scene.work.box.set_mailbox(address(ANN), "forbidden")
    scene.run()
    for today in (1, 4):
        if today == day:
            scene.crm().change(record, content="Demo", contacts=["con-yan"])
        scene.settle(agree=False)
        scene.later(days=3)
    scene.settled(agree=False)
    scene.work.box.set_mailbox(address(ANN), "ok")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[*mails("update", BOB, "yan@client.example"), *mails("cancellation", "zoe@client.example")],
        writes={"outlook update": 1},
    )
