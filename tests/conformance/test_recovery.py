"""Recovery: a lost state database, lost answers and half-done runs end in the same two calendars."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, ZOE, address, old, own
from pipeline.test_holds import said

from calsync.core.model import Kind, Link, Origin, Placement
from calsync.core.plan import ActionState, Outcome, Word
from calsync.stages.ledger import Ledger
from calsync.stages.outcomes import CONTRADICTS


def lose_state(scene: Scene) -> None:
    """The state database is gone; the people are authorised anew."""
    scene.work.lose_state()
    scene.work.authorise()


@behaviour("B3", "B5", says="After the loss of the whole state database all is recognised and nothing is written")
def test_a_lost_state(scene: Scene) -> None:
    scene.given(crm_events=[old(attendees=[BOB])], outlook_events=[own("Call", hours=2, guests=(address(CAI),))])
    scene.record("New", hours=4, attendees=[BOB], contacts=[ZOE])
    scene.settled()
    lose_state(scene)
    three = {ANN: ["Call", "New", "Visit"], BOB: ["New", "Visit"], CAI: ["Call"]}
    scene.then(crm=["Call", "New", "Visit"], outlook=three, mails=[], writes={})
    record = next(r for r in scene.work.records() if r["content"] == "New")
    scene.crm().rename(record["id"], "Newer")
    scene.then(
        crm=["Call", "Newer", "Visit"],
        outlook={ANN: ["Call", "Newer", "Visit"], BOB: ["Newer", "Visit"], CAI: ["Call"]},
        mails=mails("update", BOB, ZOE),
        writes={"outlook update": 1},
    )


@behaviour("B5", says="After a loss of state, what could not be paired is created only with a person's word")
def test_creations_are_held(scene: Scene) -> None:
    scene.given(crm_events=[old()])
    scene.work.lose_state()
    scene.record("New", hours=4)
    scene.work.authorise()
    scene.then(crm=["New", "Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={}, agree=False)


@behaviour("B5", "C5", says="An event edited while the state was lost is recognised, and its edit goes everywhere")
def test_edited_while_the_state_was_lost(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])])
    scene.work.lose_state()
    scene.later(minutes=1)
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    scene.work.authorise()
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[],
        writes={"crm update": 1, "outlook update": 1},
    )


@behaviour("B5", "F4", says="An event without a title is recognised by its record's placeholder after a loss of state")
def test_an_empty_title_after_a_loss(scene: Scene) -> None:
    scene.given(outlook_events=[own("", guests=(address(BOB),))])
    lose_state(scene)
    scene.then(crm=["(no title)"], outlook={ANN: [""], BOB: [""]}, mails=[], writes={})


@behaviour("B5", "D4", says="A record ended while the state was lost takes no new form in Outlook")
def test_ended_while_the_state_was_lost(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1")])
    scene.work.lose_state()
    scene.crm().cancel("sch-1")
    scene.work.authorise()
    scene.then(crm=[], outlook={ANN: ["Visit"]}, mails=[], writes={}, agree=False)  # its event is left to its user
    assert scene.held() == []


@behaviour("G3", "B1", says="An answer lost after {what} was written does not write it twice")
@pytest.mark.parametrize("what", ["an event", "a record"])
def test_a_lost_answer(scene: Scene, what: str) -> None:
    scene.given()
    scene.work.impatient = True
    if what == "an event":
        scene.record("Visit", attendees=[BOB], contacts=[ZOE])
        scene.work.box.fault("graph", {"lose_answer": True}, method="POST", path="/events", times=1)
        told, writes = mails("invitation", BOB, ZOE), {"outlook create": 1}
    else:
        scene.meeting("Visit", guests=(address(BOB),))
        scene.work.box.fault("sharecrm", {"lose_answer": True}, path="data/create", times=1)
        told, writes = [], {"crm create": 1}
    scene.run()
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=told, writes=writes)


@behaviour("B5", "C1", says="A mailbox that was away when the state was lost gets no second event")
def test_a_loss_with_a_mailbox_away(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])])
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    lose_state(scene)
    scene.work.box.set_mailbox(address(ANN), "forbidden")
    scene.run()
    scene.work.box.set_mailbox(address(ANN), "ok")
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=[],
        writes={"outlook update": 1},
    )


@behaviour("B5", says="A run that is told to recover holds what it would create, until a person has said yes")
def test_told_to_recover(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1")])
    scene.record("New", hours=4)
    scene.meeting("Call", hours=6)
    scene.work.run(recover=True)
    assert sorted(scene.held()) == ["A4", "E8"]
    scene.then(crm=["New", "Visit"], outlook={ANN: ["Call", "Visit"]}, mails=[], writes={}, agree=False)
    said(scene, Word.APPROVE)
    three = ["Call", "New", "Visit"]
    scene.then(crm=three, outlook={ANN: three}, mails=[], writes={"crm create": 1, "outlook create": 1})


def remember(scene: Scene, *links: Link) -> None:
    """The state database says this, whoever wrote it there."""
    with scene.work.at_work() as ports:
        ports.store.save_links(scene.work.tenant.key, links)


def parked_for(scene: Scene) -> list[str]:
    """The codes of what is parked."""
    with scene.work.at_work() as ports:
        return [row.code for row in ports.store.actions(scene.work.tenant.key, states=[ActionState.PARKED])]


@behaviour("A1", "G10", says="A record that belongs to another meeting is parked and not written; the others go on")
def test_a_record_of_another_meeting(scene: Scene) -> None:
    scene.given()
    scene.record("Visit")
    other = Link("other", crm_id=scene.record("Demo", hours=4))
    scene.run_while("load", lambda: remember(scene, other))
    assert (scene.titles(ANN), parked_for(scene)) == (["Visit"], [CONTRADICTS])
    both = ["Demo", "Visit"]  # the other meeting goes on with its record
    scene.then(crm=both, outlook={ANN: both}, mails=[], writes={"outlook create": 2}, agree=False)


@behaviour("A1", "G10", says="A new event that turns out to be another meeting's is made once; the others go on")
def test_an_event_of_another_meeting(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.given()
    scene.record("Visit", contacts=[ZOE])
    scene.record("Demo", hours=4, contacts=[ZOE])
    done, claimed = Ledger.done, []

    def claiming(ledger: Ledger, outcomes: Iterable[Outcome]) -> None:
        known = list(outcomes)
        for made in (outcome.placement for outcome in known if outcome.placement):
            if not claimed and made.shown and made.shown.title == "Demo":
                theirs = Placement(made.mailbox, made.id, Kind.HOST, Origin.OURS)
                claimed.append(Link("other", placements=(theirs,)))
                remember(scene, *claimed)
        done(ledger, known)

    monkeypatch.setattr(Ledger, "done", claiming)
    scene.run()
    assert (scene.titles(ANN), parked_for(scene)) == (["Demo", "Visit"], [CONTRADICTS])
    remember(scene, replace(claimed[0], placements=()))
    scene.later(hours=1)
    both = ["Demo", "Visit"]
    told = mails("invitation", ZOE, ZOE)
    scene.then(crm=both, outlook={ANN: both}, mails=told, writes={"outlook create": 2}, reports=("1 parked.",))
    assert parked_for(scene) == []
