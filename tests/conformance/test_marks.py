"""Marks: what bears a mark that is another's, or names no record of this calendar, stays out of ShareCRM."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.behaviour import behaviour
from conformance.dates import Series, wall
from conformance.scene import Scene
from conformance.test_identity import marked
from pipeline.team import ANN, BOB, CAI, address, old

TOOL = "String {00020329-0000-0000-c000-000000000046} Name OtherTool"
ONES = pytest.mark.parametrize("what", ["meeting", "series"])


def made(scene: Scene, what: str, **mark: Any) -> Series:
    """Ann makes a marked meeting, or a series of three, and invites Bob."""
    if what == "series":
        return Series.made(scene, title="Call", guests=[BOB], **mark)
    said = scene.outlook().create("Call", wall(), wall(hours=1), guests=(address(BOB),), **mark)
    return Series(scene, said["id"])


def stays_out(scene: Scene, sentence: str = "") -> None:
    """Beside Ann's other meeting, whose record stands already, nothing is written and nothing waits."""
    scene.then(
        crm=["Other"],
        outlook={ANN: ["Call", "Other"], BOB: ["Call"]},
        mails=[],
        writes={},
        reports=(sentence,) if sentence else (),
        agree=False,
    )
    assert scene.held() == []


@behaviour("B2", "B3", says="A {what} that bears the mark of another {whose} is left alone, with its guests' copies")
@ONES
@pytest.mark.parametrize("whose", ["installation", "tenant"])
def test_a_foreign_mark(scene: Scene, whose: str, what: str) -> None:
    scene.given(crm_events=[old("Other", hours=5)])
    made(scene, what, **marked(scene, "sch-9", **{whose: "elsewhere"}))
    stays_out(scene, "another installation or tenant")


@behaviour("B2", "B3", says="A {what} that another sync tool has made stays out of ShareCRM, with its guests' copies")
@ONES
def test_another_tools_mark(scene: Scene, what: str) -> None:
    scene.work.configure(foreign_marks=[TOOL])
    scene.given(crm_events=[old("Other", hours=5)])
    made(scene, what, singleValueExtendedProperties=[{"id": TOOL, "value": "1"}])
    stays_out(scene, "another tool")


@behaviour("B2", "B3", says="A {what} whose mark names a record that is gone does not come back, nor do guests' copies")
@ONES
def test_a_mark_of_a_record_that_is_gone(scene: Scene, what: str) -> None:
    scene.given(crm_events=[old("Other", hours=5)])
    made(scene, what, **marked(scene, "sch-gone"))
    stays_out(scene, "its mark names a record that is gone")


@behaviour("B2", "B3", says="A guest who connects later brings no record of a {what} that another tool has made")
@ONES
def test_a_guest_of_a_foreign_mark_connects_later(scene: Scene, what: str) -> None:
    scene.work.configure(foreign_marks=[TOOL])
    scene.given(ANN, crm_events=[old("Other", hours=5)])
    made(scene, what, singleValueExtendedProperties=[{"id": TOOL, "value": "1"}])
    stays_out(scene)
    scene.work.authorise(BOB)
    stays_out(scene, "its meeting is left alone")


@behaviour("B2", "B3", says="A {what} left alone as another tool's is synchronised once that tool is listed no more")
@ONES
def test_a_tool_that_is_listed_no_more(scene: Scene, what: str) -> None:
    scene.work.configure(foreign_marks=[TOOL])
    scene.given(crm_events=[old("Other", hours=5)])
    made(scene, what, singleValueExtendedProperties=[{"id": TOOL, "value": "1"}])
    stays_out(scene)
    scene.work.configure(foreign_marks=[])
    dates = 3 if what == "series" else 1
    scene.then(
        crm=["Other", *["Call"] * dates],
        outlook={ANN: ["Call", "Other"], BOB: ["Call"]},
        mails=[],
        writes={"crm create": dates},
    )


@behaviour("B2", "B3", "B5", says="After a loss of state, a meeting whose record is {gone} is offered to nobody again")
@pytest.mark.parametrize("gone", ["deleted", "in another calendar"])
def test_gone_while_the_state_was_lost(scene: Scene, gone: str) -> None:
    scene.given(crm_events=[old("Other", hours=5)])
    record = scene.record("Call", attendees=[BOB])
    scene.settled()
    scene.work.lose_state()
    if gone == "deleted":
        scene.crm().cancel(record)
    else:
        scene.crm().change(record, calendar="CRM Calendar")
    scene.work.authorise()
    scene.then(
        crm=["Other"] if gone == "deleted" else ["Call", "Other"],
        outlook={ANN: ["Call", "Other"], BOB: ["Call"]},
        mails=[],
        writes={},
        agree=False,
    )
    assert scene.held() == []


@behaviour("B3", says="Our event that its user cuts and pastes between two runs stays the one of its record")
def test_cut_and_pasted(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])])
    mine = scene.event(ANN)
    scene.outlook().create("Demo", mine["start"]["dateTime"], mine["end"]["dateTime"], **marked(scene, "sch-1"))
    scene.outlook().delete(mine["id"])
    both = {ANN: ["Demo"], BOB: ["Demo"]}
    scene.then(crm=["Demo"], outlook=both, mails=[], writes={"crm update": 1, "outlook update": 1})
    assert scene.state("sch-1")["content"] == "Demo"


@behaviour(
    "B3", "B5", says="A record that came into another configuration while the state was lost keeps its one event"
)
def test_moved_while_the_state_was_lost(scene: Scene) -> None:
    scene.given(ANN, crm_events=[old(id="sch-1")])
    service = scene.beside("service", name="Service calendar")
    scene.work.lose_state()
    scene.crm().change("sch-1", calendar="Service calendar")
    (scene.work.folder / "sandbox.yaml").unlink()
    scene.work = service
    service.authorise(ANN)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={}, agree=False)
    assert scene.held() == []
    scene.crm().rename("sch-1", "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes={"outlook update": 1}, agree=False)


@behaviour("B3", says="A copy of our event in somebody else's calendar is a meeting of its own")
def test_a_mark_of_another_mailbox(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1")])
    mine = scene.event(ANN)
    scene.outlook(CAI).create("Visit", mine["start"]["dateTime"], mine["end"]["dateTime"], **marked(scene, "sch-1"))
    both = {ANN: ["Visit"], CAI: ["Visit"]}
    scene.then(crm=["Visit", "Visit"], outlook=both, mails=[], writes={"crm create": 1})


@behaviour("B3", "B5", says="After a loss of state, of our event and its user's copy the one created first is ours")
def test_a_users_copy_while_the_state_was_lost(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1")])
    mine = scene.event(ANN)
    scene.outlook().create("Visit", mine["start"]["dateTime"], mine["end"]["dateTime"], **marked(scene, "sch-1"))
    two = {ANN: ["Visit", "Visit"]}
    scene.then(crm=["Visit", "Visit"], outlook=two, mails=[], writes={"crm create": 1})
    scene.work.lose_state()
    scene.work.authorise()
    scene.then(crm=["Visit", "Visit"], outlook=two, mails=[], writes={})
    assert scene.held() == []
    scene.outlook().rename(mine["id"], "Demo")
    scene.then(crm=["Demo", "Visit"], outlook={ANN: ["Demo", "Visit"]}, mails=[], writes={"crm update": 1})
    assert scene.state("sch-1")["content"] == "Demo"
