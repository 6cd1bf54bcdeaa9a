"""The `invitations` setting: everyone, colleagues or nobody, decides whom calsync adds and never removes anybody."""

from __future__ import annotations

import pytest
from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, ZOE, address

UPDATE = {"outlook update": 1}


@pytest.mark.parametrize(("setting", "invited"), [("everyone", [BOB, ZOE]), ("colleagues", [BOB])])
@behaviour("E3", "E2", says="With `invitations: {setting}` a new record invites only whom that names")
def test_the_invitations_setting(scene: Scene, setting: str, invited: list[str]) -> None:
    scene.work.configure(invitations=setting)
    scene.given()
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=mails("invitation", *invited),
        writes={"outlook create": 1},
        agree=setting == "everyone",  # under `colleagues` the contact stands in ShareCRM alone, as the tenant wants it
    )
    assert scene.listed(ANN) == {address(one) for one in invited}


@behaviour("A4", "E3", says="With `invitations: nobody` every new record is silent copies")
def test_nobody_is_invited(scene: Scene) -> None:
    scene.work.configure(invitations="nobody")
    scene.given()
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={"outlook create": 2})


@behaviour(
    "E2", "E3", says="With `invitations: colleagues` late joiners who are employees are invited, contacts are not"
)
def test_late_joiners_among_colleagues(scene: Scene) -> None:
    scene.work.configure(invitations="colleagues")
    scene.given()
    visit = scene.record("Visit")
    scene.settled()
    scene.crm().change(visit, participants=[ANN, BOB], contacts=[ZOE])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=mails("invitation", BOB),
        writes=UPDATE,
        agree=False,  # the contact stands in ShareCRM alone, as the tenant wants it
    )
    assert scene.people("Visit") == ({ANN, BOB}, {ZOE})


@behaviour("E3", "C10", says="A stricter `invitations` setting takes nobody off a meeting and mails nobody")
def test_a_stricter_setting_removes_nobody(scene: Scene) -> None:
    scene.given()
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.work.configure(invitations="nobody")
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={})
    assert scene.listed(ANN) == {address(BOB), address(ZOE)}


@behaviour("E5", "G6", says="Under `invitations: nobody` what would mail anybody is held, told, and not done")
def test_under_nobody_mailing_actions_are_held(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.work.configure(invitations="nobody")
    scene.crm().rename(visit, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=[],
        writes={},
        reports=("`invitations: nobody` lets nothing mail without a person's word",),
        agree=False,  # it waits for a person
    )
    assert scene.held() == ["C5"]


@behaviour("E5", says="Under `invitations: nobody` a meeting that lists nobody else is synced as ever")
def test_under_nobody_silent_changes_go_on(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit")
    scene.settled()
    scene.work.configure(invitations="nobody")
    scene.crm().rename(visit, "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes=UPDATE)
