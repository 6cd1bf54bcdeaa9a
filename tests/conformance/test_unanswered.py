"""A record or event that was made although nobody heard so: what people do to it before the next run counts (G3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from pipeline.death import Death
from pipeline.morning import invite
from pipeline.team import ANN, BOB, CAI, DAY, YAN, ZOE, address


def unheard(scene: Scene) -> tuple[str, str]:
    """Ann's meeting with Bob and Zoe and the record that was made of it, of which calsync never heard."""
    scene.given()
    scene.work.impatient = True
    event = scene.meeting("Visit", guests=(address(BOB), address(ZOE)))
    scene.run_while("load", lambda: never_answers(scene))
    scene.work.box.clear_faults()
    (record,) = scene.work.records()
    return event, record["id"]


def never_answers(scene: Scene) -> None:
    """ShareCRM makes the next record, and can be asked nothing any more."""
    scene.work.box.fault("sharecrm", {"lose_answer": True}, path="data/create", times=1)
    scene.work.box.fault("sharecrm", {"code": 1, "message": "busy"}, path="data/query")


@behaviour("G3", "C5", says="An event edited between a lost answer and the next run gives its record the edit, no twin")
def test_edited_in_outlook(scene: Scene) -> None:
    event, _ = unheard(scene)
    scene.outlook().rename(event, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[],
        writes={"crm create": 1, "crm update": 1},
    )


@behaviour("G3", "C5", says="A record whose {what} was edited after its answer was lost gives its event that, no twin")
@pytest.mark.parametrize("what", ["title", "time"])
def test_edited_in_sharecrm(scene: Scene, what: str) -> None:
    _, record = unheard(scene)
    if what == "title":
        scene.crm().rename(record, "Demo")
    else:
        scene.crm().move(record, DAY + timedelta(hours=3), DAY + timedelta(hours=4))
    title = "Demo" if what == "title" else "Visit"
    scene.then(
        crm=[title],
        outlook={ANN: [title], BOB: [title]},
        mails=mails("update", BOB, ZOE),
        writes={"crm create": 1, "outlook update": 1},
    )


@behaviour("G3", "E4", "E10", says="Guests who change between a lost answer and the next run change on the record")
def test_guests_changed_in_outlook(scene: Scene) -> None:
    event, _ = unheard(scene)
    scene.outlook().change(event, attendees=invite(address(CAI), address(YAN)))
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], CAI: ["Visit"]},
        mails=[],
        writes={"crm create": 1, "crm update": 1},
    )
    assert scene.people("Visit") == ({ANN, CAI}, {YAN})


@behaviour("G3", "E4", says="Who is taken off a record whose answer was lost is uninvited by the next run")
def test_people_changed_in_sharecrm(scene: Scene) -> None:
    _, record = unheard(scene)
    scene.crm().change(record, participants=[ANN], contacts=[ZOE])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"]},
        mails=mails("cancellation", BOB),
        writes={"crm create": 1, "outlook update": 1},
    )
    assert scene.listed(ANN) == {address(ZOE)}


@behaviour("G3", "D4", says="A meeting deleted {where} before its record's lost answer was found ends on both sides")
@pytest.mark.parametrize("where", ["in Outlook", "in ShareCRM"])
def test_deleted(scene: Scene, where: str) -> None:
    event, record = unheard(scene)
    if where == "in Outlook":
        scene.outlook().delete(event)
        scene.then(crm=[], outlook={}, mails=[], writes={"crm create": 1, "crm invalid": 1})
    else:
        scene.crm().cancel(record)
        told = mails("cancellation", BOB, ZOE)
        scene.then(crm=[], outlook={}, mails=told, writes={"crm create": 1, "outlook delete": 1})


def died_over(scene: Scene) -> str:
    """Ann's record with Bob and Zoe, whose event a run has made and died over."""
    scene.given()
    record = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    death = Death(1, sent=True)
    with death.awaited(scene.work):
        scene.work.run()
    assert death.fallen
    return record


LAG = pytest.mark.parametrize("lag", [0, 1], ids=["known at once", "known later"])


@behaviour("G3", "E2", "E4", says="Who joins and leaves a record is told so, though a run died over its event ({lag})")
@LAG
def test_people_changed_in_sharecrm_after_a_death(scene: Scene, lag: int) -> None:
    record = died_over(scene)
    scene.work.box.set_microsoft(delta_lag=lag)
    scene.crm().change(record, participants=[ANN, CAI], contacts=[ZOE, YAN])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], CAI: ["Visit"]},
        mails=[*mails("invitation", BOB, ZOE), *mails("invitation", CAI, YAN), *mails("cancellation", BOB)],
        writes={"outlook create": 1, "outlook update": 1},
    )
    assert scene.listed(ANN) == {address(CAI), address(YAN), address(ZOE)}


@behaviour("G3", "E4", "E10", says="Guests who change after a run died over their event change on the record ({lag})")
@LAG
def test_guests_changed_in_outlook_after_a_death(scene: Scene, lag: int) -> None:
    died_over(scene)
    event = scene.event(ANN)["id"]
    scene.work.box.set_microsoft(delta_lag=lag)
    scene.outlook().change(event, attendees=invite(address(CAI), address(YAN)))
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], CAI: ["Visit"]},
        mails=mails("invitation", BOB, ZOE),
        writes={"outlook create": 1, "crm update": 1},
    )
    assert scene.people("Visit") == ({ANN, CAI}, {YAN})


@behaviour("G3", "A4", "C5", says="Both sides' edits after a run died over an event last until its mailbox can be read")
def test_away_after_a_death(scene: Scene) -> None:
    record = died_over(scene)
    event = scene.event(ANN)["id"]
    scene.crm().rename(record, "Demo")
    scene.outlook().change(event, attendees=invite(address(BOB), address(YAN)))
    scene.work.box.set_mailbox(address(ANN), "forbidden")
    scene.run()
    scene.work.box.set_mailbox(address(ANN), "ok")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[*mails("invitation", BOB, ZOE), *mails("update", BOB, YAN)],
        writes={"outlook create": 1, "outlook update": 1, "crm update": 1},
    )
    assert scene.people("Demo") == ({ANN, BOB}, {YAN})


@behaviour("G3", "E2", says="Who is taken off a record after a run died over its copies loses the copy")
def test_taken_off_after_a_death(scene: Scene) -> None:
    scene.work.configure(invitations="nobody")
    scene.given()
    record = scene.record("Visit", attendees=[BOB, CAI])
    with Death(1, sent=True).awaited(scene.work):
        scene.work.run()
    assert [scene.titles(who) for who in (ANN, BOB, CAI)] == [["Visit"]] * 3
    scene.crm().change(record, participants=[ANN, CAI])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], CAI: ["Visit"]},
        mails=[],
        writes={"outlook create": 3, "outlook delete": 1},
    )


@behaviour("D1", "G3", "E2", says="An event deleted after a run died over it is not made again; its record stays")
def test_deleted_after_a_death(scene: Scene) -> None:
    record = died_over(scene)
    scene.outlook().delete(scene.event(ANN)["id"])
    scene.work.run()
    assert "it is not in the calendar any more: it is not made again" in str(scene.work.report())
    scene.then(
        crm=["Visit"],
        outlook={BOB: ["Visit"]},
        mails=mails("invitation", BOB, ZOE),
        writes={"outlook create": 2},
        agree=False,  # nobody can prove who removed Ann's
    )
    assert not scene.listed(BOB)
    scene.crm().cancel(record)
    scene.then(crm=[], outlook={}, mails=[], writes={"outlook delete": 1})


@behaviour("D1", "G3", says="Who alone is on a record and deletes its event after a run died over it is left in peace")
def test_deleted_alone_after_a_death(scene: Scene) -> None:
    scene.given()
    record = scene.record("Visit")
    with Death(1, sent=True).awaited(scene.work):
        scene.work.run()
    scene.outlook().delete(scene.event(ANN)["id"])
    scene.then(crm=["Visit"], outlook={}, mails=[], writes={"outlook create": 1}, agree=False)
    scene.crm().rename(record, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={},
        mails=[],
        writes={},
        reports=("its user removed its event before it was agreed; the record stays",),
        agree=False,
    )
