"""Invitations: who is invited, who is told, and who is left in peace."""

from __future__ import annotations

from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, STRANGER, YAN, ZOE, address, old

UPDATE = {"outlook update": 1}


@behaviour("A4", "E1", "E2", says="A record made after the first sync invites its employees and contacts, each once")
def test_a_new_record_invites(scene: Scene) -> None:
    scene.given()
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=mails("invitation", BOB, ZOE),
        writes={"outlook create": 1},
    )


@behaviour("A4", "E1", says="What stood in ShareCRM before the first sync goes out as silent copies")
def test_the_first_sync_mails_nobody(scene: Scene) -> None:
    scene.before_first_sync(crm_events=[old("Visit", attendees=[BOB], contacts=[ZOE])])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=[],
        writes={"outlook create": 2},
    )


@behaviour("A4", says="A tenant that says `first_sync: full` has older records invite their people as well")
def test_a_full_first_sync_invites(scene: Scene) -> None:
    scene.work.configure(first_sync="full")
    scene.before_first_sync(crm_events=[old("Visit", attendees=[BOB], contacts=[ZOE])])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=mails("invitation", BOB, ZOE),
        writes={"outlook create": 1},
    )


@behaviour("E2", "E1", says="Who joins the record of an invited meeting later is invited alone")
def test_who_joins_later_is_invited_alone(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB])
    scene.settled()
    scene.crm().change(visit, participants=[ANN, BOB, CAI], contacts=[YAN])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"], CAI: ["Visit"]},
        mails=mails("invitation", CAI, YAN),
        writes=UPDATE,
    )


@behaviour(
    "E4", "E1", says="Who leaves the record of an invited meeting is uninvited alone, and invited again on return"
)
def test_who_leaves_is_uninvited_and_may_come_back(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB, CAI], contacts=[ZOE])
    scene.settled()
    scene.crm().change(visit, participants=[ANN, CAI], contacts=[])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], CAI: ["Visit"]},
        mails=mails("cancellation", BOB, ZOE),
        writes=UPDATE,
    )
    scene.crm().change(visit, participants=[ANN, BOB, CAI])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"], CAI: ["Visit"]},
        mails=mails("invitation", BOB),
        writes=UPDATE,
    )


@behaviour("E1", "C5", says="A new title or time of an invited meeting is told once to everybody on it, outsiders too")
def test_new_content_is_told_to_everybody(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.crm().rename(visit, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=mails("update", BOB, ZOE),
        writes=UPDATE,
    )


@behaviour(
    "E1", says="New content and new people in one edit are one write: an invitation, a cancellation, and updates"
)
def test_content_and_people_change_together(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.crm().change(visit, content="Demo", participants=[ANN, BOB, CAI], contacts=[])
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"], CAI: ["Demo"]},
        mails=[*mails("update", BOB), *mails("invitation", CAI), *mails("cancellation", ZOE)],
        writes=UPDATE,
    )


@behaviour("E1", "D4", says="An invited meeting deleted in ShareCRM is called off once for everybody on it")
def test_deleted_in_sharecrm_it_is_called_off(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.crm().cancel(visit)
    scene.then(crm=[], outlook={}, mails=mails("cancellation", BOB, ZOE), writes={"outlook delete": 1})


@behaviour("A5", "E3", says="An employee without a connected account stays in ShareCRM and is not invited")
def test_an_unconnected_employee_is_not_invited(scene: Scene) -> None:
    scene.given(ANN)
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"]},
        mails=mails("invitation", ZOE),
        writes={"outlook create": 1},
        agree=False,  # Bob is not connected
    )
    assert scene.people("Visit") == ({ANN, BOB}, {ZOE})


@behaviour("A4", "A5", says="A record whose owner is not connected becomes silent copies for those who are")
def test_an_unconnected_owner_means_copies(scene: Scene) -> None:
    scene.given(BOB)
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.then(crm=["Visit"], outlook={BOB: ["Visit"]}, mails=[], writes={"outlook create": 1}, agree=False)
    assert not scene.listed(BOB)


@behaviour("A4", says="A record made before its owner connected goes out as silent copies when the owner connects")
def test_made_before_its_owner_connected(scene: Scene) -> None:
    scene.given(CAI)
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled(agree=False)
    scene.later(minutes=1)
    scene.work.authorise(ANN, BOB)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={"outlook create": 2})


@behaviour("A2", "A4", says="A new record waits while its owner's mailbox is away, and invites once when it is back")
def test_an_owner_whose_mailbox_is_away_is_waited_for(scene: Scene) -> None:
    scene.given()
    scene.work.box.set_mailbox(address(ANN), "forbidden")
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.then(
        crm=["Visit"],
        outlook={},
        mails=[],
        writes={},
        reports=("its owner's mailbox is not available yet",),
        agree=False,  # it waits for its owner's mailbox
    )
    scene.work.box.set_mailbox(address(ANN), "ok")
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=mails("invitation", BOB, ZOE),
        writes={"outlook create": 1},
    )


@behaviour(
    "E1", "E10", "C2", says="Guests whom the organiser adds to an invited meeting join its record; a stranger stays too"
)
def test_guests_added_in_outlook_join_the_record(scene: Scene) -> None:
    scene.given()
    scene.record("Visit")
    scene.settled()
    scene.outlook().invite(scene.event(ANN)["id"], address(BOB), address(ZOE), STRANGER)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={"crm update": 1})
    assert scene.people("Visit") == ({ANN, BOB}, {ZOE})
    assert scene.listed(ANN) == {address(BOB), address(ZOE), STRANGER}


@behaviour("E4", "C5", says="A guest whom the organiser takes off in Outlook leaves the record")
def test_a_guest_removed_in_outlook_leaves_the_record(scene: Scene) -> None:
    scene.given()
    scene.record("Visit", attendees=[BOB], contacts=[ZOE, YAN])
    scene.settled()
    stay = [{"type": "required", "emailAddress": {"address": address(YAN)}}]
    scene.outlook().change(scene.event(ANN)["id"], attendees=stay)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={"crm update": 1})
    assert scene.people("Visit") == ({ANN}, {YAN})


@behaviour("C5", "E2", says="A colleague whom both sides add at once is invited by the organiser alone")
def test_a_colleague_added_on_both_sides(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit")
    scene.settled()
    scene.outlook().invite(scene.event(ANN)["id"], address(BOB))
    scene.crm().change(visit, participants=[ANN, BOB])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={})
    assert scene.people("Visit") == ({ANN, BOB}, set())


@behaviour("E1", "E4", says="A guest whom ShareCRM does not know survives every write of calsync")
def test_a_stranger_survives(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", contacts=[ZOE])
    scene.settled()
    scene.outlook().invite(scene.event(ANN)["id"], STRANGER)
    scene.crm().change(visit, content="Demo", contacts=[YAN])
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"]},
        mails=[*mails("update", STRANGER), *mails("invitation", YAN), *mails("cancellation", ZOE)],
        writes=UPDATE,
    )
    assert scene.listed(ANN) == {address(YAN), STRANGER}
