"""Away and back: what happened while somebody could not be asked."""

from __future__ import annotations

import pytest
from conformance.behaviour import behaviour
from conformance.scene import Scene
from pipeline.team import ANN, BOB, ZOE, address, own


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
