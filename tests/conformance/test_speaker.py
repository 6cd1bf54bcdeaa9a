"""The speaker: whose event counts as Outlook's word, and what happens when it goes away."""

from __future__ import annotations

import secrets

import pytest
from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, ZOE, address, old, own

from calsync.core.plan import Word
from calsync.stages.answering import answer_now
from calsync.stages.context import Run
from calsync.stages.holds import what_waits

COPIES = [old("Visit", id="sch-1", attendees=[BOB, CAI])]


def away(scene: Scene, employee: str, state: str = "forbidden") -> None:
    scene.work.box.set_mailbox(address(employee), state)


def user_renames(scene: Scene, employee: str, title: str) -> None:
    scene.outlook(employee).rename(scene.event(employee)["id"], title)


@behaviour("E7", "C1", says="A new owner in ShareCRM moves nothing in Outlook: no cancellation, no new invitation")
def test_a_new_owner_moves_nothing(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.crm().give(visit, BOB)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={})
    scene.crm(BOB).rename(visit, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=mails("update", BOB, ZOE),
        writes={"outlook update": 1},
    )


@behaviour(
    "C1", "E7", says="With copies, a new owner's copy becomes the one that counts, and the former owner keeps theirs"
)
def test_a_new_owners_copy_speaks(scene: Scene) -> None:
    scene.given(crm_events=COPIES)
    scene.crm().give("sch-1", BOB)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"], CAI: ["Visit"]}, mails=[], writes={})
    user_renames(scene, BOB, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"], CAI: ["Demo"]},
        mails=[],
        writes={"crm update": 1, "outlook update": 2},
    )


@behaviour(
    "C1", "C6", says="While the speaker's mailbox is away the others get what ShareCRM changes, and it when it is back"
)
def test_a_speaker_away_for_a_while(scene: Scene) -> None:
    scene.given(crm_events=COPIES)
    away(scene, ANN)
    scene.crm().rename("sch-1", "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Visit"], BOB: ["Demo"], CAI: ["Demo"]},
        mails=[],
        writes={"outlook update": 2},
        reports=("it gets the change when it is back",),
        agree=False,  # Ann's mailbox is away
    )
    away(scene, ANN, "ok")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"], CAI: ["Demo"]},
        mails=[],
        writes={"outlook update": 1},
    )


@behaviour(
    "C1", "C5", says="What the speaker's user edited while the mailbox was away is an edit still when it is back"
)
def test_an_edit_made_while_away_is_heard(scene: Scene) -> None:
    scene.given(crm_events=COPIES)
    away(scene, ANN)
    scene.settled(agree=False)
    away(scene, ANN, "ok")
    user_renames(scene, ANN, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"], CAI: ["Demo"]},
        mails=[],
        writes={"crm update": 1, "outlook update": 2},
    )


@behaviour(
    "C1", says="After three days without its mailbox the next copy speaks for Outlook, and its user's edits count"
)
def test_the_word_goes_to_the_next(scene: Scene) -> None:
    scene.given(crm_events=[old("Visit", attendees=[BOB])])
    away(scene, ANN)
    scene.settled(agree=False)
    scene.later(days=3, hours=1)
    scene.settled(agree=False)
    user_renames(scene, BOB, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Visit"], BOB: ["Demo"]},
        mails=[],
        writes={"crm update": 1},
        agree=False,  # Ann's mailbox is away
    )
    away(scene, ANN, "ok")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[],
        writes={"outlook update": 1},
    )


@behaviour(
    "C1", "C8", says="What a new speaker's event said differently before it spoke is put right, never taken for an edit"
)
def test_a_new_speakers_older_words_are_no_edit(scene: Scene) -> None:
    scene.given(crm_events=COPIES)
    for number in range(4):
        user_renames(scene, BOB, f"My own words {number}")
        scene.settle(agree=False)
    scene.settled(agree=False)
    scene.revoke(ANN)
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"], CAI: ["Visit"]},
        mails=[],
        writes={"outlook update": 1},
    )


@behaviour(
    "C1", "A3", says="When the organiser's authorisation is withdrawn a guest's calendar speaks, and nobody is mailed"
)
def test_a_revoked_host(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.revoke(ANN)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={})
    scene.crm().rename(visit, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=[],
        writes={},
        agree=False,  # only the organiser's mailbox may be written, and it may not
    )


@behaviour("C1", "E7", says="An organiser whose mailbox vanished cancels nothing: record and guests keep the meeting")
def test_a_host_whose_user_is_gone(scene: Scene) -> None:
    scene.given()
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    away(scene, ANN, "deleted")
    scene.later(days=1, hours=1)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={}, agree=False)
    assert scene.people("Visit") == ({ANN, BOB}, {ZOE})


@behaviour("C1", "B2", says="An organiser who connects later takes the word over from the guests; nothing is written")
def test_an_organiser_connects_later(scene: Scene) -> None:
    scene.given(BOB, outlook_events=[own("Call", of=ANN, guests=(address(BOB),))])
    scene.later(minutes=1)
    scene.work.authorise(ANN)
    scene.then(crm=["Call"], outlook={ANN: ["Call"], BOB: ["Call"]}, mails=[], writes={})
    user_renames(scene, ANN, "Conference")
    scene.then(
        crm=["Conference"],
        outlook={ANN: ["Conference"], BOB: ["Conference"]},
        mails=[],
        writes={"crm update": 1},
    )


@behaviour("C1", "C6", says="The copy of an owner who connects later speaks from the run that made it")
def test_an_owner_connects_later(scene: Scene) -> None:
    scene.given(BOB, crm_events=[old("Visit", id="sch-1", attendees=[BOB])])
    scene.work.authorise(ANN)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={"outlook create": 1})
    user_renames(scene, ANN, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[],
        writes={"crm update": 1, "outlook update": 1},
    )


@behaviour(
    "E7",
    "G6",
    says="A host gone for good, thirty days or more: new content is held until a person lets it go out as copies",
)
def test_a_lost_host(scene: Scene) -> None:
    scene.work.configure(retention={"staging_days": 60})
    scene.given()
    scene.record("Visit", attendees=[BOB], hours=24 * 60)
    scene.settled()
    away(scene, ANN)
    scene.settled(agree=False)
    scene.later(days=31)
    scene.settled(agree=False)
    scene.crm(BOB).rename(scene.work.records()[0]["id"], "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=[],
        writes={},
        reports=("its organiser's mailbox is gone for good",),
        agree=False,  # it waits for a person
    )
    assert scene.held() == ["E7"]


def held_beside_a_lost_host(scene: Scene) -> str:
    """Ann's mailbox is gone for good; her record has a new title, which waits to go out as copies (E7)."""
    scene.work.configure(retention={"staging_days": 60})
    scene.given()
    record = scene.record("Visit", attendees=[BOB, CAI], hours=24 * 60)
    scene.settled()
    away(scene, ANN)
    scene.settled(agree=False)
    scene.later(days=31)
    scene.settled(agree=False)
    scene.crm(BOB).rename(record, "Demo")
    scene.run()
    return record


def approved(scene: Scene) -> None:
    """A person lets what is held go out."""
    with scene.work.at_work() as ports:
        waits = [one.link for one in what_waits(scene.work.tenant, ports.store)]
        name = f"answer-{secrets.token_hex(4)}"
        answer_now(scene.work.tenant, ports, Run(name, "cli", ports.now(), name), waits, Word.APPROVE, "ops")


BESIDE = {ANN: ["Visit"], BOB: ["Demo", "Visit"], CAI: ["Demo", "Visit"]}


@behaviour("E7", "D3", says="A copy beside a lost host's invitation is a copy: who deletes theirs ends nothing")
def test_a_copy_beside_is_deleted(scene: Scene) -> None:
    record = held_beside_a_lost_host(scene)
    approved(scene)
    scene.settled(agree=False)
    for who in (BOB, CAI):
        (copy,) = (event["id"] for event in scene.work.events(address(who)) if event["subject"] == "Demo")
        scene.outlook(who).delete(copy)
    each = {ANN: ["Visit"], BOB: ["Visit"], CAI: ["Visit"]}
    scene.then(crm=["Demo"], outlook=each, mails=[], writes={}, agree=False)  # Ann's mailbox is gone
    scene.crm(BOB).rename(record, "Expo")
    scene.then(crm=["Expo"], outlook=each, mails=[], writes={}, agree=False)
    assert not scene.held()


@behaviour("E7", "E1", "A3", says="A copy beside a lost host's invitation invites nobody, whoever joins the record")
def test_a_copy_beside_mails_nobody(scene: Scene) -> None:
    record = held_beside_a_lost_host(scene)
    approved(scene)
    scene.settled(agree=False)
    scene.crm(BOB).change(record, contacts=[ZOE])
    scene.then(crm=["Demo"], outlook=BESIDE, mails=[], writes={}, agree=False)  # Ann's mailbox is gone


@behaviour("E7", "C6", says="Content that changes again brings the copies beside a lost host's invitations up to date")
def test_content_changes_again(scene: Scene) -> None:
    record = held_beside_a_lost_host(scene)
    approved(scene)
    scene.settled(agree=False)
    scene.crm(BOB).rename(record, "Expo")
    each = {ANN: ["Visit"], BOB: ["Expo", "Visit"], CAI: ["Expo", "Visit"]}
    scene.then(crm=["Expo"], outlook=each, mails=[], writes={"outlook update": 2}, agree=False)
    assert not scene.held()


@behaviour(
    "E7", "G6", says="A copy beside a lost host's invitation that could not be made, {who}'s, is asked about again"
)
@pytest.mark.parametrize("who", ["Bob", "Cai"])
def test_a_copy_beside_is_refused(scene: Scene, who: str) -> None:
    held_beside_a_lost_host(scene)
    lacks = {"Bob": BOB, "Cai": CAI}[who]
    scene.work.box.fault("graph", {"status": 400}, method="POST", path="/events", mailbox=address(lacks))
    approved(scene)
    scene.work.box.clear_faults()
    scene.later(hours=20)
    scene.then(crm=["Demo"], outlook=BESIDE, mails=[], writes={"outlook create": 2}, agree=False)


@behaviour("E7", "E2", "C6", says="A lost host that comes back takes over what went out as copies, and the copies go")
def test_a_lost_host_comes_back(scene: Scene) -> None:
    held_beside_a_lost_host(scene)
    approved(scene)
    scene.settled(agree=False)
    away(scene, ANN, "ok")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"], CAI: ["Demo"]},
        mails=mails("update", BOB, CAI),
        writes={"outlook update": 1, "outlook delete": 2},
    )


@pytest.mark.parametrize(
    ("word", "spoke", "speaks", "knew"),
    [
        ("the organiser to a guest", ANN, BOB, True),
        ("a guest to the organiser", BOB, ANN, True),
        ("a guest to an organiser who connects", BOB, ANN, False),
        ("a guest to another guest", BOB, CAI, True),
    ],
)
@behaviour("C1", "A5", says="What an organiser edits as the word passes from {word} is carried to ShareCRM")
def test_edited_as_the_word_passes(scene: Scene, word: str, spoke: str, speaks: str, knew: bool) -> None:
    scene.given(spoke, outlook_events=[own(guests=(address(BOB), address(CAI)))])
    if knew:
        scene.work.authorise(speaks)
        scene.settled(agree=False)
    if speaks == ANN:
        scene.revoke(ANN)
        scene.settled(agree=False)
    scene.outlook().rename(scene.event(ANN)["id"], "Trip")
    scene.revoke(spoke)
    scene.work.authorise(speaks)
    everybody = {person: ["Trip"] for person in (ANN, BOB, CAI)}
    scene.then(crm=["Trip"], outlook=everybody, mails=[], writes={"crm update": 1}, agree=False)


@behaviour("C1", says="An invitation that an update never reached is no edit when its guest speaks for the organiser")
def test_an_old_invitation_speaks(scene: Scene) -> None:
    scene.given(ANN, BOB, outlook_events=[own(guests=(address(BOB),))])
    away(scene, BOB, "none")
    scene.settled(agree=False)
    user_renames(scene, ANN, "Trip")
    scene.settled(agree=False)
    away(scene, BOB, "ok")
    scene.outlook(BOB).respond(scene.event(BOB)["id"], "accept")
    scene.revoke(ANN)
    scene.then(crm=["Trip"], outlook={ANN: ["Trip"], BOB: ["Visit"]}, mails=[], writes={}, agree=False)
