"""Meetings from Outlook: whose record they become, who stands on it, and what stays with their organiser."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, STRANGER, YAN, ZOE, address, old, own, seed

BOSS = "boss@contoso.example"
HALL = "hall@contoso.example"
EVERYBODY = "everybody@contoso.example"
NEW = {"crm create": 1}
OTHER = "Service calendar"


def outsiders(title: str, *guests: str) -> dict[str, Any]:
    """A planted meeting that somebody outside organises, in the calendars of these people."""
    organizer = {"emailAddress": {"address": STRANGER}}
    planted: dict[str, Any] = own(title, organizer=organizer, guests=tuple(address(one) for one in guests))
    return planted


@behaviour(
    "A1", "E8", "E10", says="A meeting made in Outlook becomes its organiser's record, with its employees and contacts"
)
def test_a_meeting_becomes_its_organisers_record(scene: Scene) -> None:
    scene.given()
    scene.meeting("Call", of=BOB, guests=(address(ANN), address(ZOE), STRANGER))
    scene.then(crm=["Call"], outlook={ANN: ["Call"], BOB: ["Call"]}, mails=[], writes=NEW)
    assert scene.people("Call") == ({ANN, BOB}, {ZOE})
    assert scene.work.records()[0]["owner"] == BOB
    assert scene.listed(BOB) == {address(ANN), address(ZOE), STRANGER}


@behaviour("E1", "E3", says="Meetings that stood in Outlook before the first sync enter ShareCRM and mail nobody")
def test_the_first_sync_of_outlook_is_quiet(scene: Scene) -> None:
    scene.before_first_sync(outlook_events=[own("Call", of=BOB, guests=(address(ANN), address(YAN), STRANGER))])
    scene.then(crm=["Call"], outlook={ANN: ["Call"], BOB: ["Call"]}, mails=[], writes=NEW)


@behaviour("E10", "A5", says="An employee among the guests stands on the record whether connected or not")
def test_an_unconnected_guest_stands_on_the_record(scene: Scene) -> None:
    scene.given(ANN)
    scene.meeting("Call", guests=(address(BOB),))
    scene.then(crm=["Call"], outlook={ANN: ["Call"], BOB: ["Call"]}, mails=[], writes=NEW)
    assert scene.people("Call") == ({ANN, BOB}, set())


@behaviour("E8", "E9", says="A meeting of an internal user who is no employee belongs to its first connected attendee")
def test_an_internal_organiser_without_an_employee(scene: Scene) -> None:
    scene.given(mailboxes=[*seed()["mailboxes"], {"address": BOSS, "name": "Boss"}])
    invited = [{"type": "required", "emailAddress": {"address": address(e)}} for e in (BOB, CAI)]
    times = own("Review")
    boss = scene.work.box.as_user(BOSS)
    boss.create("Review", times["start"]["dateTime"], times["end"]["dateTime"], attendees=invited)
    scene.then(crm=["Review"], outlook={BOB: ["Review"], CAI: ["Review"]}, mails=[], writes=NEW)
    assert scene.people("Review") == ({BOB, CAI}, set())
    assert scene.work.records()[0]["owner"] == BOB


@behaviour("E9", says="A meeting that an outsider organises never enters ShareCRM and is never written")
def test_an_outsiders_meeting_stays_out(scene: Scene) -> None:
    scene.before_first_sync(outlook_events=[outsiders("Pitch", ANN, BOB)])
    scene.then(
        crm=[],
        outlook={ANN: ["Pitch"], BOB: ["Pitch"]},
        mails=[],
        writes={},
        reports=("its organiser is not a member",),
    )


@behaviour(
    "E9",
    "B4",
    "E2",
    says="A record of an outsider's meeting gets no copy beside it, in nobody's calendar, and stays apart",
)
def test_a_record_of_an_outsiders_meeting(scene: Scene) -> None:
    record = old("Pitch", id="sch-1", attendees=[BOB])
    scene.before_first_sync(ANN, crm_events=[record], outlook_events=[outsiders("Pitch", ANN, BOB)])
    scene.then(crm=["Pitch"], outlook={ANN: ["Pitch"], BOB: ["Pitch"]}, mails=[], writes={}, agree=False)
    scene.later(minutes=1)
    scene.work.authorise(BOB)
    scene.crm().rename("sch-1", "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Pitch"], BOB: ["Pitch"]},
        mails=[],
        writes={},
        agree=False,  # only the outsider can change their meeting
    )


@behaviour(
    "C9", "E7", says="What ShareCRM changes in a meeting whose organiser is not connected stays there, told once"
)
def test_content_of_a_guest_meeting_stays_in_sharecrm(scene: Scene) -> None:
    scene.given(BOB)
    scene.meeting("Call", of=ANN, guests=(address(BOB),))
    scene.settled(agree=False)
    (record,) = scene.work.records()
    assert record["owner"] == ANN
    scene.crm().rename(record["id"], "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Call"], BOB: ["Call"]},
        mails=[],
        writes={},
        reports=("it is organised in a mailbox that calsync may not write",),
        agree=False,  # only the organiser can change it
    )


@behaviour("C9", says="A change kept in ShareCRM yields when the organiser changes the same thing in Outlook")
def test_a_kept_change_yields(scene: Scene) -> None:
    scene.given(BOB)
    call = scene.meeting("Call", of=ANN, guests=(address(BOB),))
    scene.settled(agree=False)
    scene.crm().rename(scene.work.records()[0]["id"], "Demo")
    scene.settled(agree=False)
    scene.outlook(ANN).rename(call, "Conference")
    scene.then(
        crm=["Conference"], outlook={ANN: ["Conference"], BOB: ["Conference"]}, mails=[], writes={"crm update": 1}
    )


@behaviour(
    "C8", "A3", says="What a guest changes in their own calendar's copy of an invitation is neither spread nor undone"
)
def test_a_guests_own_words(scene: Scene) -> None:
    scene.given()
    scene.meeting("Call", guests=(address(BOB),))
    scene.settled()
    scene.outlook(BOB).rename(scene.event(BOB)["id"], "Call, dull")
    scene.then(crm=["Call"], outlook={ANN: ["Call"], BOB: ["Call, dull"]}, mails=[], writes={}, agree=False)


@behaviour(
    "E2", "A4", says="An employee added to the record of a meeting from Outlook gets a silent copy, not an invitation"
)
def test_an_employee_joins_a_meeting_of_theirs(scene: Scene) -> None:
    scene.given()
    scene.meeting("Call", guests=(address(BOB),))
    scene.settled()
    scene.crm().change(scene.work.records()[0]["id"], participants=[ANN, BOB, CAI], contacts=[ZOE])
    scene.then(
        crm=["Call"],
        outlook={ANN: ["Call"], BOB: ["Call"], CAI: ["Call"]},
        mails=[],
        writes={"outlook create": 1},
    )
    assert scene.listed(ANN) == {address(BOB)}


@behaviour(
    "E4", "E1", says="Who is taken off the record of a meeting from Outlook is taken off its guests, and only they"
)
def test_who_leaves_a_meeting_of_theirs(scene: Scene) -> None:
    scene.given()
    scene.meeting("Call", guests=(address(BOB), address(ZOE), STRANGER))
    scene.settled()
    scene.crm().change(scene.work.records()[0]["id"], participants=[ANN])
    scene.then(
        crm=["Call"],
        outlook={ANN: ["Call"]},
        mails=mails("cancellation", BOB),
        writes={"outlook update": 1},
    )
    assert scene.listed(ANN) == {address(ZOE), STRANGER}


@pytest.mark.parametrize("answer", ["accept", "tentativelyAccept", "decline"])
@behaviour("E10", "C7", says="An invited colleague's answer ({answer}) is left as it is and changes nobody else")
def test_an_answer_changes_nothing(scene: Scene, answer: str) -> None:
    scene.given()
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.outlook(BOB).respond(scene.event(BOB)["id"], answer)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={})
    assert scene.people("Visit") == ({ANN, BOB}, {ZOE})


@behaviour(
    "D3", "A3", says="A guest who deletes an invitation stays on the record, gets nothing in its place, and no mail"
)
def test_a_guest_deletes_the_invitation(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.outlook(BOB).delete(scene.event(BOB)["id"])
    scene.crm().change(visit, contacts=[])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"]},
        mails=mails("cancellation", ZOE),
        writes={"outlook update": 1},
        agree=False,  # Bob did away with it
    )
    assert scene.people("Visit") == ({ANN, BOB}, set())


@behaviour("D3", "E10", says="Whom the organiser uninvites leaves the record; the meeting stays for the others")
def test_the_organiser_uninvites_somebody(scene: Scene) -> None:
    scene.given()
    call = scene.meeting("Call", guests=(address(BOB), address(CAI)))
    scene.settled()
    scene.outlook().change(call, attendees=[{"type": "required", "emailAddress": {"address": address(CAI)}}])
    scene.then(crm=["Call"], outlook={ANN: ["Call"], CAI: ["Call"]}, mails=[], writes={"crm update": 1})
    assert scene.people("Call") == ({ANN, CAI}, set())


@behaviour(
    "D3", says="One of two guests is uninvited by an organiser who is not connected: the meeting stays for the other"
)
def test_uninvited_without_a_readable_host(scene: Scene) -> None:
    scene.given(BOB, CAI)
    call = scene.meeting("Call", of=ANN, guests=(address(BOB), address(CAI)))
    scene.settled(agree=False)
    scene.outlook(ANN).change(call, attendees=[{"type": "required", "emailAddress": {"address": address(CAI)}}])
    scene.then(crm=["Call"], outlook={ANN: ["Call"], CAI: ["Call"]}, mails=[], writes={"crm update": 1})
    assert scene.people("Call") == ({ANN, CAI}, set())


@behaviour(
    "D3", "D1", says="A meeting called off by an organiser who is not connected goes when all its guests show it"
)
def test_called_off_without_a_readable_host(scene: Scene) -> None:
    scene.given(BOB, CAI)
    call = scene.meeting("Call", of=ANN, guests=(address(BOB), address(CAI)))
    scene.settled(agree=False)
    scene.outlook(ANN).cancel(call)
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 1})


@behaviour("E4", says="Rooms and distribution lists stay on the Outlook event and out of ShareCRM")
def test_rooms_and_lists_stay_in_outlook(scene: Scene) -> None:
    scene.given()
    call = scene.meeting("Call", guests=(address(BOB), EVERYBODY))
    room = {"type": "resource", "emailAddress": {"address": HALL}}
    scene.outlook().change(call, attendees=[*scene.event(ANN)["attendees"], room])
    scene.then(crm=["Call"], outlook={ANN: ["Call"], BOB: ["Call"]}, mails=[], writes=NEW)
    assert scene.people("Call") == ({ANN, BOB}, set())
    scene.crm().change(scene.work.records()[0]["id"], participants=[ANN])
    scene.then(crm=["Call"], outlook={ANN: ["Call"]}, mails=mails("cancellation", BOB), writes={"outlook update": 1})
    assert scene.listed(ANN) == {EVERYBODY, HALL}


def moves(scene: Scene) -> None:
    """The one record is given to the calendar of another configuration."""
    (record,) = scene.work.records()
    scene.crm().change(record["id"], calendar=OTHER)


@pytest.mark.parametrize("connected", ["its organiser", "a guest"])
@pytest.mark.parametrize("when", ["just before it moves", "just after it has moved", "once it has settled there"])
@behaviour(
    "C1",
    "D6",
    says="A meeting that {connected} showed moves to another guest's configuration: an edit {when} is carried over",
)
def test_edited_around_a_move(scene: Scene, connected: str, when: str) -> None:
    scene.given(ANN if connected == "its organiser" else BOB, agree=False)
    call = scene.meeting(guests=(address(BOB), address(CAI)))
    scene.settled(agree=False)
    service = scene.work.beside("service", name=OTHER)
    service.authorise(CAI)
    service.run()
    acts = [lambda: moves(scene), lambda: scene.outlook().rename(call, "Talk")]
    for act in acts if when != "just before it moves" else reversed(acts):
        act()
        for _ in range(2 if when == "once it has settled there" else 0):
            service.run()
            scene.run()
    for _ in range(2):
        service.run()
        scene.run()
    shown = {ANN: ["Talk"], BOB: ["Talk"], CAI: ["Talk"]}
    scene.then(crm=["Talk"], outlook=shown, mails=[], writes={"crm update": 1}, agree=False)
    wrote = len(scene.work.writes())
    service.run()
    assert len(scene.work.writes()) == wrote


@behaviour("F6", "C1", says="Moved to another configuration, a private meeting is not opened by what a guest shows")
def test_a_private_meeting_moves(scene: Scene) -> None:
    scene.given(ANN, agree=False)
    call = scene.meeting(guests=(address(BOB),))
    scene.outlook().change(call, sensitivity="private")
    scene.settled(agree=False)
    scene.outlook(BOB).change(scene.event(BOB)["id"], sensitivity="normal")
    service = scene.work.beside("service", name=OTHER)
    service.authorise(BOB)
    service.run()
    moves(scene)
    scene.outlook(BOB).change(scene.event(BOB)["id"], showAs="free")
    for _ in range(2):
        service.run()
        scene.run()
    (record,) = scene.work.records()
    assert record["private"]
