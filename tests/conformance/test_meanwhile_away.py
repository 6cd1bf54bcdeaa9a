"""Away and back: what happened while somebody could not be asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from conformance.behaviour import behaviour
from conformance.dates import Series, in_sharecrm, wall
from conformance.scene import Scene
from pipeline.team import ANN, BOB, CAI, DAY, YAN, ZOE, address, old, own, seed

from sandbox.repeat import daily, weekly


def from_outlook(scene: Scene) -> None:
    """Ann's own event with Bob and Zoe, which came from Outlook."""
    scene.given(outlook_events=[own(guests=(address(BOB), address(ZOE)))])


def invited(scene: Scene) -> None:
    """A record made after the first sync: Ann's event invites Bob and Zoe."""
    scene.given()
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()


FORMS = {"from Outlook": from_outlook, "by invitation": invited}


def away(scene: Scene, employee: str) -> None:
    """A mailbox cannot be read for a while, and calsync knows it."""
    scene.work.box.set_mailbox(address(employee), "forbidden")
    scene.settle(agree=False)


def back(scene: Scene, employee: str) -> None:
    scene.work.box.set_mailbox(address(employee), "ok")


def refuse(scene: Scene, system: str, **effect: Any) -> None:
    """One run in which requests like this are refused for reasons of their own: the action is parked."""
    where = {name: effect.pop(name) for name in ("method", "path") if name in effect}
    scene.work.box.fault(system, effect, **where)
    scene.work.run(may_fail=True)
    scene.work.box.clear_faults()


@pytest.mark.parametrize("form", FORMS)
@behaviour(
    "D3",
    "D1",
    "E1",
    says="Uninvited while their mailbox is away: the cancellation read later ends no meeting ({form}), whoever is "
    "revoked meanwhile, and nobody is mailed",
)
def test_an_old_cancellation(scene: Scene, form: str) -> None:
    FORMS[form](scene)
    away(scene, BOB)
    scene.outlook().uninvite(scene.event(ANN)["id"], address(BOB))
    scene.settle(agree=False)
    scene.revoke(ANN)
    scene.settled(agree=False)
    back(scene, BOB)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={}, agree=False)
    scene.work.authorise(ANN)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={})
    assert scene.people("Visit") == ({ANN}, {ZOE})


@behaviour("D3", "E2", says="Uninvited while their mailbox is away, and put on the record again: they get it again")
def test_uninvited_and_added_again(scene: Scene) -> None:
    invited(scene)
    (record,) = scene.work.records()
    away(scene, BOB)
    scene.outlook().uninvite(scene.event(ANN)["id"], address(BOB))
    scene.settle(agree=False)
    scene.crm().change(record["id"], participants=[ANN, BOB])
    scene.settled(agree=False)
    back(scene, BOB)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={})
    assert scene.listed(ANN) == {address(BOB), address(ZOE)}


def guests_of_a_stranger_to_calsync(scene: Scene) -> str:
    """Bob and Cai are invited by Ann, who is not connected; then Cai's mailbox is away. Ann's event."""
    scene.given(BOB, CAI, outlook_events=[own(guests=(address(BOB), address(CAI)))])
    away(scene, CAI)
    return str(scene.event(ANN)["id"])


@behaviour(
    "D3",
    "D1",
    says="An organiser who is not connected uninvites one guest while another's mailbox is away: the meeting goes on",
)
def test_one_uninvited_while_another_is_away(scene: Scene) -> None:
    event = guests_of_a_stranger_to_calsync(scene)
    scene.outlook().uninvite(event, address(BOB))
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], CAI: ["Visit"]},
        mails=[],
        writes={},
        reports=("another guest's mailbox cannot be asked now",),
        agree=False,
    )
    back(scene, CAI)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], CAI: ["Visit"]}, mails=[], writes={"crm update": 1}, agree=False)
    assert scene.people("Visit") == ({ANN, CAI}, set())


@behaviour("D3", says="An unconnected organiser cancels while a guest's mailbox is away: it ends when that is back")
def test_cancelled_while_a_guest_is_away(scene: Scene) -> None:
    event = guests_of_a_stranger_to_calsync(scene)
    scene.outlook().cancel(event)
    scene.then(crm=["Visit"], outlook={CAI: []}, mails=[], writes={}, agree=False)
    back(scene, CAI)
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 1}, agree=False)


@behaviour("D3", "C1", says="An unconnected organiser cancels, and a guest's mailbox stays away: it ends in three days")
def test_cancelled_while_a_guest_stays_away(scene: Scene) -> None:
    event = guests_of_a_stranger_to_calsync(scene)
    scene.outlook().cancel(event)
    scene.settled(agree=False)
    scene.later(days=3)
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 1}, agree=False)


@behaviour(
    "E2", "B6", "D3", says="A series has fewer dates as its organiser comes back: what waits for a guest gets no copies"
)
def test_fewer_dates_as_the_organiser_comes_back(scene: Scene) -> None:
    scene.given()
    series = Series.made(scene, weekly(4), guests=[BOB, CAI])
    scene.settled()
    scene.revoke(ANN)
    scene.settled(agree=False)
    scene.outlook().move_series(series.master, wall(days=8), wall(days=8, hours=1), daily(4))
    scene.settled(agree=False)
    away(scene, CAI)
    scene.outlook().move_series(series.master, wall(3), wall(3, hours=1), daily(2))
    scene.work.authorise(ANN)
    everybody = {person: ["Weekly"] for person in (ANN, BOB, CAI)}
    scene.then(
        crm=["Weekly"] * 3,
        outlook=everybody,
        mails=[],
        writes={"crm update": 2, "crm invalid": 1},  # of the other one a date has the id that was Ann's for it
        reports=("another guest's mailbox cannot be asked now",),
        agree=False,
    )
    back(scene, CAI)
    scene.then(crm=["Weekly"] * 2, outlook=everybody, mails=[], writes={"crm invalid": 1})
    assert in_sharecrm(scene) == series.shown()


@behaviour(
    "E2", "G10", says="An organiser who comes back keeps their one event, also when Outlook refuses its first write"
)
def test_a_host_that_wakes_is_refused_once(scene: Scene) -> None:
    scene.given()
    record = scene.record("Visit", attendees=[BOB])
    scene.settled()
    scene.outlook().uninvite(scene.event(ANN)["id"], address(BOB))
    scene.revoke(ANN)
    scene.crm().rename(record, "Trip")
    scene.settled(agree=False)
    scene.work.authorise(ANN)
    refuse(scene, "graph", status=400, method="PATCH", path="/events")
    scene.later(hours=30)
    scene.then(crm=["Trip"], outlook={ANN: ["Trip"], BOB: ["Trip"]}, mails=[], writes={"outlook update": 1})


@behaviour("D3", says="A colleague deletes their copy and is then made its owner: only they no longer have the meeting")
def test_deleted_before_it_was_theirs(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB, CAI])])
    scene.outlook(BOB).delete(scene.event(BOB)["id"])
    scene.crm().give("sch-1", BOB)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], CAI: ["Visit"]}, mails=[], writes={}, agree=False)


@behaviour("C1", "C5", says="Given to a colleague whose mailbox is away: what the last owner had just changed is heard")
def test_given_to_somebody_who_is_away(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB, CAI])])
    away(scene, BOB)
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    scene.crm().give("sch-1", BOB)
    start = DAY + timedelta(hours=5)
    scene.crm(BOB).move("sch-1", start, start + timedelta(hours=1))
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Visit"], CAI: ["Demo"]},
        mails=[],
        writes={"crm update": 1, "outlook update": 2},
        agree=False,
    )
    back(scene, BOB)
    shown = {ANN: ["Demo"], BOB: ["Demo"], CAI: ["Demo"]}
    scene.then(crm=["Demo"], outlook=shown, mails=[], writes={"outlook update": 1})


@behaviour(
    "D3",
    "C6",
    says="Uninvited while another's mailbox is waited for with an edit: taken off the record once it is back",
)
def test_uninvited_while_an_edit_waits(scene: Scene) -> None:
    dan = "dan@contoso.example"  # no employee: calsync hears of his meeting in the calendars of his guests
    event = own(guests=(address(BOB), address(CAI))) | {"mailbox": dan}
    boxes = [*seed()["mailboxes"], {"address": dan, "name": "Dan"}]
    scene.given(mailboxes=boxes, outlook_events=[event], agree=False)
    (record,) = scene.work.records()
    crm = scene.crm(record["owner"])
    crm.change(record["id"], participants=[ANN, BOB, CAI])
    scene.settle(agree=False)
    away(scene, ANN)  # her copy is the one that speaks
    (his,) = scene.work.events(dan)
    scene.work.box.as_user(dan).uninvite(his["id"], address(CAI))
    crm.rename(record["id"], "Trip")
    scene.settled(agree=False)
    back(scene, ANN)
    shown = {ANN: ["Trip"], BOB: ["Visit"]}  # Bob's is Dan's event, which calsync may not write
    scene.then(crm=["Trip"], outlook=shown, mails=[], writes={"crm update": 1, "outlook update": 1}, agree=False)
    assert scene.people("Trip") == ({ANN, BOB}, set())


UNTOLD = "it is organised in a mailbox that calsync may not write"


@behaviour("C9", "E1", says="Changed in ShareCRM while its organiser is revoked and nobody else has it: it is reported")
def test_content_that_nobody_can_carry(scene: Scene) -> None:
    scene.given()
    record = scene.record("Visit", contacts=[ZOE])
    scene.settled()
    scene.revoke(ANN)
    scene.crm().rename(record, "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Visit"]}, mails=[], writes={}, reports=(UNTOLD,), agree=False)


PEOPLE: dict[str, dict[str, list[str]]] = {
    "a contact comes": {"contacts": [ZOE, YAN]},
    "a contact leaves": {"contacts": []},
    "a colleague leaves": {"participants": [ANN]},
}


@pytest.mark.parametrize("who", PEOPLE)
@behaviour("C9", "E4", says="People change in ShareCRM while the organiser is revoked ({who}): it is reported")
def test_people_whom_nobody_can_tell(scene: Scene, who: str) -> None:
    invited(scene)
    (record,) = scene.work.records()
    scene.revoke(ANN)
    scene.crm().change(record["id"], **PEOPLE[who])
    shown = {ANN: ["Visit"], BOB: ["Visit"]}
    scene.then(crm=["Visit"], outlook=shown, mails=[], writes={}, reports=(UNTOLD,), agree=False)
