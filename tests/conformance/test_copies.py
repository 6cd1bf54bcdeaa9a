"""Copies: silent, each in its own mailbox, and what their users do with them."""

from __future__ import annotations

from datetime import timedelta

from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, DAY, YAN, ZOE, address, old
from pipeline.workplace import CALENDAR

ONE = {"outlook update": 1}


def given_copies(scene: Scene, *attendees: str, **more: object) -> str:
    """A record from before the first sync: a copy for Ann, its owner, and for each attendee."""
    scene.given(crm_events=[old("Visit", id="sch-1", attendees=list(attendees), **more)])
    return "sch-1"


def user_renames(scene: Scene, employee: str, title: str) -> None:
    scene.outlook(employee).rename(scene.event(employee)["id"], title)


@behaviour("A4", "E10", says="A copy lists no attendees; it names the people of the meeting in its text")
def test_a_copy_names_people_as_text(scene: Scene) -> None:
    given_copies(scene, BOB, contacts=[ZOE])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={})
    assert not scene.listed(ANN)
    assert all(name in scene.event(ANN)["body"]["content"] for name in (address(BOB), "Zoe"))


@behaviour("C6", "E1", says="A change in ShareCRM reaches every copy, and nobody is mailed")
def test_a_change_reaches_every_copy(scene: Scene) -> None:
    visit = given_copies(scene, BOB, CAI, contacts=[ZOE])
    scene.crm().rename(visit, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"], CAI: ["Demo"]},
        mails=[],
        writes={"outlook update": 3},
    )


@behaviour("C6", "C1", says="An edit of the owner's copy reaches ShareCRM and the other copies")
def test_an_edit_of_the_owners_copy(scene: Scene) -> None:
    given_copies(scene, BOB)
    user_renames(scene, ANN, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[],
        writes={"crm update": 1, "outlook update": 1},
    )


@behaviour(
    "E2", "E1", says="Who leaves a record of copies loses the copy, and gets one again on return; nobody is mailed"
)
def test_who_leaves_and_rejoins(scene: Scene) -> None:
    visit = given_copies(scene, BOB)
    scene.crm().change(visit, participants=[ANN])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={"outlook delete": 1})
    scene.crm().change(visit, participants=[ANN, BOB])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={"outlook create": 1})


@behaviour("E2", says="Employees who join a record of copies get a copy; its contacts are told nothing")
def test_who_joins_copies_later(scene: Scene) -> None:
    visit = given_copies(scene, BOB)
    scene.crm().change(visit, participants=[ANN, BOB, CAI], contacts=[ZOE])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"], CAI: ["Visit"]},
        mails=[],
        writes={"outlook create": 1},
    )


@behaviour("E10", says="People who join or leave change the text of a copy with its next change, not by themselves")
def test_the_text_is_rewritten_with_another_change(scene: Scene) -> None:
    visit = given_copies(scene, contacts=[ZOE])
    scene.crm().change(visit, contacts=[YAN])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={})
    scene.crm().change(visit, content="Demo", contacts=[YAN, ZOE])
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes=ONE)
    assert all(name in scene.event(ANN)["body"]["content"] for name in ("Yan", "Zoe"))


@behaviour(
    "D3", "A3", says="An attendee who deletes their copy has declined: it is not made again, everybody else keeps it"
)
def test_an_attendee_deletes_their_copy(scene: Scene) -> None:
    visit = given_copies(scene, BOB)
    scene.outlook(BOB).delete(scene.event(BOB)["id"])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"]},
        mails=[],
        writes={},
        reports=("its user removed it from this calendar",),
        agree=False,  # Bob did away with it
    )
    assert scene.people("Visit") == ({ANN, BOB}, set())
    scene.crm().rename(visit, "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes=ONE, agree=False)


@behaviour("D3", "D4", says="An owner who deletes their copy deletes the meeting, and the other copies go silently")
def test_the_owner_deletes_their_copy(scene: Scene) -> None:
    given_copies(scene, BOB)
    scene.outlook(ANN).delete(scene.event(ANN)["id"])
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 1, "outlook delete": 1})


@behaviour("C8", says="What an attendee changes in their own copy is put right, goes nowhere else, and is kept")
def test_an_attendees_copy_is_put_right(scene: Scene) -> None:
    given_copies(scene, BOB)
    user_renames(scene, BOB, "My own words")
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes=ONE)
    assert scene.yielded() == ["My own words"]


@behaviour(
    "C8", says="A copy is put right three times a week; then it is left to its user, reported, until the week is over"
)
def test_a_copy_is_put_right_three_times_a_week(scene: Scene) -> None:
    visit = given_copies(scene, BOB)
    for number in range(3):
        user_renames(scene, BOB, f"My own words {number}")
        scene.settled()
    user_renames(scene, BOB, "My very own words")
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["My very own words"]},
        mails=[],
        writes={},
        reports=("its user keeps changing this copy; it is left as it is",),
        agree=False,  # it is left to its user
    )
    scene.crm().rename(visit, "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes={"outlook update": 2})
    scene.later(days=8)
    user_renames(scene, BOB, "My words of another week")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes=ONE)


@behaviour(
    "E7", "C8", says="An attendee who invites people to their copy keeps it for themselves: it is never written again"
)
def test_a_copy_with_guests_is_released(scene: Scene) -> None:
    visit = given_copies(scene, BOB)
    scene.outlook(BOB).invite(scene.event(BOB)["id"], address(YAN))
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=[],
        writes={},
        reports=("its user invited people to this copy; it is theirs now",),
        agree=False,  # Bob's meeting with Yan is his own
    )
    scene.crm().rename(visit, "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Visit"]}, mails=[], writes=ONE, agree=False)
    assert scene.listed(BOB) == {address(YAN)}


@behaviour("E7", says="Whom an attendee invites to their own copy gets that invitation, and the meeting is not doubled")
def test_a_colleague_invited_to_a_released_copy(scene: Scene) -> None:
    given_copies(scene, BOB)
    scene.outlook(BOB).invite(scene.event(BOB)["id"], address(CAI))
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"], CAI: ["Visit"]},
        mails=[],
        writes={},
        agree=False,  # Bob's meeting with Cai is their own
    )


@behaviour(
    "E7", "A4", says="The owner who invites people to their copy makes it a meeting of their own, with those people"
)
def test_the_owners_copy_with_guests_becomes_a_host(scene: Scene) -> None:
    visit = given_copies(scene, contacts=[ZOE])
    scene.outlook(ANN).invite(scene.event(ANN)["id"], address(YAN))
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={"crm update": 1}, agree=False)
    assert scene.people("Visit") == ({ANN}, {ZOE, YAN})
    scene.crm().rename(visit, "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=mails("update", YAN), writes=ONE, agree=False)


@behaviour(
    "E7", "C7", says="The owner's copy that gains guests and loses them again is followed as a meeting of the owner's"
)
def test_the_owners_copy_gains_and_loses_guests(scene: Scene) -> None:
    visit = given_copies(scene)
    mine = scene.event(ANN)["id"]
    scene.outlook(ANN).invite(mine, address(YAN))
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={"crm update": 1})
    scene.outlook(ANN).uninvite(mine, address(YAN))
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={"crm update": 1})
    assert scene.people("Visit") == ({ANN}, set())
    scene.crm().rename(visit, "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes=ONE)
    scene.crm().cancel(visit)
    scene.then(crm=[], outlook={}, mails=[], writes={"outlook delete": 1})


@behaviour(
    "E2", "E7", says="A colleague whom the owner invites to their copy has the invitation instead of the silent copy"
)
def test_a_copy_yields_to_the_invitation(scene: Scene) -> None:
    given_copies(scene, BOB)
    scene.outlook(ANN).invite(scene.event(ANN)["id"], address(BOB))
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={"outlook delete": 1})
    assert scene.event(BOB)["isOrganizer"] is False


@behaviour(
    "E5", "A4", says="A meeting that has ended when it is first written goes out as silent copies without a reminder"
)
def test_the_past_is_quiet(scene: Scene) -> None:
    scene.given()
    start = DAY - timedelta(days=5)
    people = {"participants": [ANN, BOB], "contacts": [ZOE]}
    scene.crm().create("Visited", start, start + timedelta(hours=1), calendar=CALENDAR, **people)
    scene.then(
        crm=["Visited"],
        outlook={ANN: ["Visited"], BOB: ["Visited"]},
        mails=[],
        writes={"outlook create": 2},
    )
    assert not scene.event(ANN)["isReminderOn"]
    assert not scene.event(BOB)["isReminderOn"]


@behaviour("E5", "G6", says="A later change to an ended meeting that would mail outsiders is held, told, and not done")
def test_a_change_to_an_ended_meeting_with_outsiders(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.later(days=4)
    scene.crm().rename(visit, "Visited")
    scene.then(
        crm=["Visited"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=[],
        writes={},
        reports=("it would mail people outside about a meeting that has ended",),
        agree=False,  # it waits for a person
    )
    assert scene.held() == ["C5"]


@behaviour(
    "E5", "D4", "G6", says="The deletion of an ended meeting that would mail outsiders is held, told, and not done"
)
def test_an_ended_meeting_with_outsiders_is_deleted(scene: Scene) -> None:
    scene.given()
    record = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.later(days=4)
    scene.crm().cancel(record)
    scene.then(
        crm=[],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=[],
        writes={},
        reports=("it would mail people outside about a meeting that has ended",),
        agree=False,  # it waits for a person
    )
    assert scene.held() == ["D4"]


@behaviour("E5", says="A later change to an ended meeting among colleagues is carried over as ever")
def test_a_change_to_an_ended_meeting_among_colleagues(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB])
    scene.settled()
    scene.later(days=4)
    scene.crm().rename(visit, "Visited")
    scene.then(
        crm=["Visited"],
        outlook={ANN: ["Visited"], BOB: ["Visited"]},
        mails=mails("update", BOB),
        writes=ONE,
    )


@behaviour("E6", "D5", says="A meeting put back because it was edited meanwhile comes back as silent copies")
def test_put_back_it_mails_nobody(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.outlook(ANN).cancel(scene.event(ANN)["id"])
    scene.crm().rename(visit, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[],
        writes={"outlook create": 2},
    )
