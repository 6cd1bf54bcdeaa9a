"""Rooms: Graph mails what is booked like any guest, so it is foreseen; but a room is nobody, on neither side."""

from __future__ import annotations

from typing import Any

from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from conformance.test_theirs import EVERYBODY, HALL
from pipeline.team import ANN, BOB, CAI, ZOE, address, old, own

BOTH = {ANN: ["Visit"], BOB: ["Visit"]}
UPDATE = {"outlook update": 1}


def booked(scene: Scene, employee: str = ANN) -> None:
    """Somebody books the hall for the one event in their calendar."""
    event = scene.event(employee)
    scene.outlook(employee).change(event["id"], attendees=[*event["attendees"], hall()])


def hall() -> dict[str, Any]:
    return {"type": "resource", "emailAddress": {"address": HALL}}


@behaviour(
    "E1", "E4", says="What a meeting's room will be mailed is foreseen, when it is renamed and when it is deleted"
)
def test_a_room_is_mailed_and_foreseen(scene: Scene) -> None:
    scene.given()
    scene.meeting("Call", guests=(address(BOB), EVERYBODY))
    booked(scene)
    scene.settled()
    (record,) = scene.work.records()
    assert scene.people("Call") == ({ANN, BOB}, set())
    scene.crm().rename(record["id"], "Demo")
    told = mails("update", BOB, EVERYBODY, HALL)
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=told, writes=UPDATE)
    scene.crm().cancel(record["id"])
    off = mails("cancellation", BOB, EVERYBODY, HALL)
    scene.then(crm=[], outlook={}, mails=off, writes={"outlook delete": 1})


@behaviour("E5", "G6", says="Under `invitations: nobody` a change that would mail no more than a room is held too")
def test_under_nobody_a_room_is_not_mailed(scene: Scene) -> None:
    scene.given()
    scene.meeting("Call")
    booked(scene)
    scene.settled()
    scene.work.configure(invitations="nobody")
    scene.crm().rename(scene.work.records()[0]["id"], "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Call"]},
        mails=[],
        writes={},
        reports=("`invitations: nobody` lets nothing mail without a person's word",),
        agree=False,  # it waits for a person
    )
    assert scene.held() == ["C5"]


@behaviour(
    "E5", says="A room is nobody outside: a change to an ended meeting that mails only colleagues and it goes out"
)
def test_a_room_of_an_ended_meeting(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB])
    scene.settled()
    booked(scene)
    scene.later(days=4)
    scene.settled()
    scene.crm().rename(visit, "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=mails("update", BOB, HALL), writes=UPDATE)


@behaviour(
    "E7",
    "C8",
    says="An attendee's copy with a room is theirs: it is neither written again nor deleted, nor the room told",
)
def test_a_room_for_a_copy(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])])
    booked(scene, BOB)
    said = ("its user booked a room for this copy; it is theirs now",)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={}, reports=said)
    scene.crm().rename("sch-1", "Demo")
    left = {ANN: ["Demo"], BOB: ["Visit"]}
    scene.then(crm=["Demo"], outlook=left, mails=[], writes=UPDATE, agree=False)  # it is Bob's own
    scene.crm().change("sch-1", participants=[ANN])
    scene.then(crm=["Demo"], outlook=left, mails=[], writes={}, agree=False)


@behaviour("E2", "E7", says="Who books a room and leaves the record before the next run keeps the copy")
def test_a_room_for_a_copy_whose_person_leaves(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])])
    booked(scene, BOB)
    scene.crm().change("sch-1", participants=[ANN])
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={}, agree=False)  # it is Bob's own


@behaviour(
    "E7", "E1", says="The owner's copy with a room is the owner's meeting: what ShareCRM changes reaches the room"
)
def test_a_room_for_the_owners_copy(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])])
    booked(scene)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={})
    scene.crm().rename("sch-1", "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=mails("update", HALL),
        writes={"outlook update": 2},
    )
    scene.crm().cancel("sch-1")
    scene.then(crm=[], outlook={}, mails=mails("cancellation", HALL), writes={"outlook delete": 2})


@behaviour("B4", "E1", says="A meeting with a room that stood on both sides is not written when it is found")
def test_a_room_at_first_contact(scene: Scene) -> None:
    booking = own() | {"attendees": [hall()]}
    scene.before_first_sync(ANN, crm_events=[old(id="sch-1", private=True)], outlook_events=[booking])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={}, agree=False)  # it would mail the room


@behaviour(
    "E4", "C7", says="A room comes and goes without a write, and people come and go beside it without a mail to it"
)
def test_people_come_and_go_beside_a_room(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB])
    scene.settled()
    booked(scene)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={})
    scene.crm().change(visit, participants=[ANN, CAI], contacts=[ZOE])
    now = {ANN: ["Visit"], CAI: ["Visit"]}
    told = [*mails("invitation", CAI, ZOE), *mails("cancellation", BOB)]
    scene.then(crm=["Visit"], outlook=now, mails=told, writes=UPDATE)
    assert scene.listed(ANN) == {address(CAI), address(ZOE), HALL}
    scene.outlook().uninvite(scene.event(ANN)["id"], HALL)
    scene.then(crm=["Visit"], outlook=now, mails=[], writes={})
