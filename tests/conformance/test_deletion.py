"""Deletion: nothing ends without proof, and only by the word of those whose meeting it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from pipeline.death import Death
from pipeline.team import ANN, BOB, CAI, ZOE, address, old, own

BOTH = {ANN: ["Visit"], BOB: ["Visit"]}


def copies(scene: Scene) -> Scene:
    """A record of Ann's with Bob, which both have as a copy."""
    return scene.given(crm_events=[old(id="sch-1", attendees=[BOB], contacts=[ZOE])])


def invitation(scene: Scene) -> str:
    """A record made after the first sync: Ann's event invites Bob and Zoe."""
    scene.given()
    record = scene.record(attendees=[BOB], contacts=[ZOE])
    scene.settled()
    return record


def answers(scene: Scene, method: str) -> list[int]:
    """How calsync's own requests of this method to Outlook were answered, alone or in a batch."""
    asked = [r for r in scene.work.box.requests() if r["system"] == "graph" and str(r["actor"]).startswith("app:")]
    every = [part for request in asked for part in request.get("parts", [request])]
    return [part["status"] for part in every if part["method"] == method]


FORMS: dict[str, Callable[[Scene], str]] = {"in copies": lambda scene: copies(scene) and "sch-1", "invited": invitation}


@behaviour("D3", "D4", says="Its owner deletes their copy in Outlook: the record becomes invalid and the copies go")
def test_the_owners_deletion(scene: Scene) -> None:
    copies(scene).outlook().delete(scene.event(ANN)["id"])
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 1, "outlook delete": 1})


@behaviour("D3", says="A colleague deletes their copy: it is gone for them alone, and does not come back")
def test_a_colleagues_deletion(scene: Scene) -> None:
    copies(scene).outlook(BOB).delete(scene.event(BOB)["id"])
    scene.crm().rename("sch-1", "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes={"outlook update": 1}, agree=False)


@behaviour("D4", says="A record that becomes invalid in ShareCRM takes its copies with it, and tells nobody")
def test_an_invalid_record(scene: Scene) -> None:
    copies(scene).crm().cancel("sch-1")
    scene.then(crm=[], outlook={}, mails=[], writes={"outlook delete": 2})


@behaviour("D4", "E1", says="An invalid record with an invitation cancels the meeting for its guests")
def test_a_cancelled_invitation(scene: Scene) -> None:
    scene.crm().cancel(invitation(scene))
    scene.then(crm=[], outlook={}, mails=mails("cancellation", BOB, ZOE), writes={"outlook delete": 1})


@behaviour("E6", "D4", says="A record taken out of the recycle bin, once {before}, comes back as silent copies")
@pytest.mark.parametrize("before", FORMS)
def test_a_recovered_record(scene: Scene, before: str) -> None:
    record = FORMS[before](scene)
    scene.crm().cancel(record)
    scene.settled()
    scene.crm().recover(record)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={"outlook create": 2})


def from_outlook(scene: Scene) -> str:
    """A meeting that Ann made in Outlook, with Bob."""
    scene.given(outlook_events=[own(guests=(address(BOB),))])
    return str(scene.work.records()[0]["id"])


MADE: dict[str, tuple[Callable[[Scene], str], int, tuple[str, ...]]] = {
    "in copies": (FORMS["in copies"], 2, ()),
    "invited": (FORMS["invited"], 1, (BOB, ZOE)),
    "from Outlook": (from_outlook, 1, (BOB,)),
}
"""How a meeting came to be: how many events go with its record, and who is told."""


@behaviour("E6", "G3", says="A run is killed as it deleted the event ({form}), its record recovered {how}: all have it")
@pytest.mark.parametrize("how", ["as it was", "and renamed"])
@pytest.mark.parametrize("form", MADE)
def test_a_record_recovered_after_a_killed_run(scene: Scene, form: str, how: str) -> None:
    make, deletes, told = MADE[form]
    record = make(scene)
    scene.crm().cancel(record)
    death = Death(1, sent=True)
    with death.awaited(scene.work):
        scene.work.run()
    assert death.fallen
    assert scene.titles(ANN) == []
    scene.later(seconds=10)
    scene.crm().recover(record)
    title = "Visit"
    if how == "and renamed":
        title = "Demo"
        scene.crm().rename(record, title)
    scene.then(
        crm=[title],
        outlook={ANN: [title], BOB: [title]},
        mails=mails("cancellation", *told),
        writes={"outlook delete": deletes, "outlook create": 2},
    )


@behaviour("D3", "D4", says="An organiser who cancels in Outlook ends the record")
def test_the_organiser_cancels(scene: Scene) -> None:
    scene.given(outlook_events=[own(guests=(address(BOB), address(ZOE)))])
    scene.outlook().cancel(scene.event(ANN)["id"])
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 1})


@behaviour("D4", "E1", says="A record that came from Outlook, deleted in ShareCRM, cancels its organiser's meeting")
def test_a_deleted_record_of_a_meeting_from_outlook(scene: Scene) -> None:
    scene.given(outlook_events=[own(guests=(address(BOB), address(ZOE)))])
    (record,) = scene.work.records()
    scene.crm().cancel(record["id"])
    scene.then(crm=[], outlook={}, mails=mails("cancellation", BOB, ZOE), writes={"outlook delete": 1})


@behaviour("D3", says="An unconnected organiser cancels: it ends once every connected guest's calendar shows it")
def test_an_unconnected_organiser_cancels(scene: Scene) -> None:
    scene.given(BOB, CAI, outlook_events=[own(guests=(address(BOB), address(CAI)))])
    scene.outlook().cancel(scene.event(ANN)["id"])
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 1}, agree=False)


@behaviour("D3", says="Whom the organiser uninvites leaves the record; the others keep the meeting")
def test_one_guest_is_uninvited(scene: Scene) -> None:
    scene.given(outlook_events=[own(guests=(address(BOB), address(CAI)))])
    (record,) = scene.work.records()
    stay = [one for one in scene.event(ANN)["attendees"] if one["emailAddress"]["address"] != address(BOB)]
    scene.outlook().change(scene.event(ANN)["id"], attendees=stay)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], CAI: ["Visit"]}, mails=[], writes={"crm update": 1})
    assert sorted(scene.state(record["id"])["attendees"]) == [ANN, CAI]


@behaviour("D3", "E10", says="A guest who {leaves} an invitation stays on the record; the meeting goes on for others")
@pytest.mark.parametrize("leaves", ["declines", "deletes"])
def test_a_guest_leaves(scene: Scene, leaves: str) -> None:
    decline = leaves == "declines"
    scene.given(outlook_events=[own(guests=(address(BOB), address(CAI)))])
    (record,) = scene.work.records()
    theirs = scene.event(BOB)["id"]
    if decline:
        scene.outlook(BOB).respond(theirs, "decline")
    else:
        scene.outlook(BOB).delete(theirs)
    shown = {ANN: ["Visit"], CAI: ["Visit"]} | ({BOB: ["Visit"]} if decline else {})
    scene.then(crm=["Visit"], outlook=shown, mails=[], writes={}, agree=decline)
    assert BOB in scene.state(record["id"])["attendees"]


@behaviour("D1", "D4", says="Deleted on both sides: nothing is left to do")
def test_deleted_on_both_sides(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1")])
    scene.crm().cancel("sch-1")
    scene.outlook().delete(scene.event(ANN)["id"])
    scene.then(crm=[], outlook={}, mails=[], writes={})


@behaviour("D5", "E6", says="An edit in ShareCRM beats a deletion in Outlook: a meeting {before} is put back silently")
@pytest.mark.parametrize("before", FORMS)
def test_an_edit_in_sharecrm_wins(scene: Scene, before: str) -> None:
    record = FORMS[before](scene)
    scene.outlook().delete(scene.event(ANN)["id"])
    scene.crm().rename(record, "Demo")
    writes = {"outlook create": 2} if before == "invited" else {"outlook create": 1, "outlook update": 1}
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes=writes)


@behaviour("D5", "E6", says="An edit in Outlook beats a deletion in ShareCRM: the record is put back with it")
def test_an_edit_in_outlook_wins(scene: Scene) -> None:
    copies(scene).crm().cancel("sch-1")
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[],
        writes={"crm recover": 1, "crm update": 1, "outlook update": 1},
    )


@behaviour("D5", says="With `deletions: win` the deletion in {side} stands, whatever was edited on the other")
@pytest.mark.parametrize("side", ["ShareCRM", "Outlook"])
def test_deletions_win(scene: Scene, side: str) -> None:
    scene.work.configure(deletions="win")
    copies(scene)
    if side == "ShareCRM":
        scene.crm().cancel("sch-1")
        scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    else:
        scene.outlook().delete(scene.event(ANN)["id"])
        scene.crm().rename("sch-1", "Demo")
    writes = {"outlook delete": 2} if side == "ShareCRM" else {"outlook delete": 1, "crm invalid": 1}
    scene.then(crm=[], outlook={}, mails=[], writes=writes)


@behaviour("D1", says="A record deleted for good ends its meeting when a second run does not find it either")
def test_a_record_that_vanished(scene: Scene) -> None:
    copies(scene).crm().cancel("sch-1")
    scene.crm().delete("sch-1")
    scene.later(days=1)
    scene.run()
    scene.then(crm=[], outlook={}, mails=[], writes={"outlook delete": 2})


@behaviour("D1", says="An answer that nobody has named as proof deletes nothing, however often it comes")
def test_an_unknown_code_is_no_proof(scene: Scene) -> None:
    copies(scene)
    scene.work.box.set_sharecrm(gone_code=320099)
    scene.crm().cancel("sch-1")
    scene.crm().delete("sch-1")
    scene.later(days=1)
    scene.then(crm=[], outlook=BOTH, mails=[], writes={}, agree=False)  # nobody can tell what became of the record


@behaviour("D2", says="A mailbox that is {state} deletes nothing, and is caught up with when it is back")
@pytest.mark.parametrize("state", ["none", "forbidden", "deleted"])
def test_a_mailbox_goes_away(scene: Scene, state: str) -> None:
    copies(scene)
    scene.work.box.set_mailbox(address(BOB), state)
    scene.run()
    scene.crm().rename("sch-1", "Demo")
    scene.run()
    scene.work.box.set_mailbox(address(BOB), "ok")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes={"outlook update": 2})


@behaviour("D2", says="A dead delta token deletes nothing by itself, and hides no deletion")
def test_a_dead_delta_token(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1"), old("Talk", hours=2)])
    gone = next(e["id"] for e in scene.work.events(address(ANN)) if e["subject"] == "Talk")
    scene.work.box.fault("graph", {"expire_delta": True}, path="delta", mailbox=address(ANN), times=1)
    scene.outlook().delete(gone)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={"crm invalid": 1})


BROKEN: dict[str, dict[str, Any]] = {
    "leaves out half": {"cut_page": True},
    "comes empty": {"status": 200, "body": {"value": []}},
    "is refused for a while": {"status": 503},
    "is not found": {"status": 404},
}


@behaviour("D1", "D2", says="A full listing that {ends} deletes nothing, and the next one hides no deletion")
@pytest.mark.parametrize("ends", BROKEN)
def test_a_bad_listing(scene: Scene, ends: str) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB]), old("Talk", hours=2)])
    scene.work.impatient = True
    scene.work.box.fault("graph", {"expire_delta": True}, path="delta", mailbox=address(ANN), times=1)
    scene.work.box.fault("graph", BROKEN[ends], path="calendarView", mailbox=address(ANN), skip=1)
    scene.run()
    scene.work.box.clear_faults()
    gone = next(e["id"] for e in scene.work.events(address(ANN)) if e["subject"] == "Talk")
    scene.outlook().delete(gone)
    told = () if ends == "leaves out half" else ("1 mailbox could not be read",)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={"crm invalid": 1}, reports=told)


@behaviour("D4", says="An event that is to be deleted and already gone ({status}) counts as deleted")
@pytest.mark.parametrize("status", [404, 403])
def test_already_gone(scene: Scene, status: int) -> None:
    scene.given(crm_events=[old(id="sch-1")])
    mine = scene.event(ANN)["id"]
    scene.crm().cancel("sch-1")

    def gone_meanwhile() -> None:
        scene.outlook().delete(mine)
        if status == 403:
            scene.work.box.fault("graph", {"status": 403, "code": "ErrorAccessDenied"}, method="DELETE")

    scene.run_while("load", gone_meanwhile)
    scene.work.box.clear_faults()
    assert answers(scene, "DELETE")[-1] == status
    scene.then(crm=[], outlook={}, mails=[], writes={})


@behaviour("D1", "D3", says="A deleted event whose absence cannot be proved today is asked for again tomorrow")
def test_proof_that_cannot_be_had(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1")])
    mine = scene.event(ANN)["id"]
    scene.outlook().delete(mine)
    scene.work.box.fault("graph", {"status": 403, "code": "ErrorAccessDenied"}, method="GET", path=f"/events/{mine}")
    scene.run()
    assert len(scene.work.records()) == 1
    scene.work.box.clear_faults()
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 1})


@behaviour("E6", "D3", says="An event that its owner takes back out of the deleted items brings its record back")
def test_out_of_the_deleted_items(scene: Scene) -> None:
    mine = copies(scene).event(ANN)["id"]
    scene.outlook().delete(mine)
    scene.settled()
    calendar = scene.outlook().request("GET", "/calendar")["id"]
    scene.outlook().request("POST", f"/events/{mine}/move", {"destinationId": calendar})
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={"crm recover": 1, "outlook create": 1})


@behaviour("D4", says="A meeting edited and then deleted in ShareCRM between two runs ends, whatever it said last")
def test_edited_then_deleted(scene: Scene) -> None:
    copies(scene).crm().rename("sch-1", "Demo")
    scene.crm().cancel("sch-1")
    scene.then(crm=[], outlook={}, mails=[], writes={"outlook delete": 2})


@behaviour(
    "D5", "E2", says="Its owner deletes their copy as a colleague is taken off the record: only the owner's returns"
)
def test_the_owners_deletion_while_a_colleague_leaves(scene: Scene) -> None:
    copies(scene).outlook().delete(scene.event(ANN)["id"])
    scene.crm().change("sch-1", participants=[ANN])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={"outlook create": 1, "outlook delete": 1})
