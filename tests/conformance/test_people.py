"""People and mail: who is invited, who gets a copy, who is told, and who is left in peace."""

from __future__ import annotations

from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, YAN, ZOE, old


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


@behaviour("E2", "E1", says="Who joins the record of an invited meeting later is invited alone")
def test_who_joins_later_is_invited_alone(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB])
    scene.settle()
    scene.crm().change(visit, participants=[ANN, BOB, CAI], contacts=[YAN])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"], CAI: ["Visit"]},
        mails=mails("invitation", BOB, CAI, YAN),
        writes={"outlook create": 1, "outlook update": 1},
    )
