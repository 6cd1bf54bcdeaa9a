"""Marks: what bears a mark that is another's, or names no record of this calendar, stays out of ShareCRM."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.behaviour import behaviour
from conformance.dates import Series, wall
from conformance.scene import Scene
from conformance.test_identity import marked
from pipeline.team import ANN, BOB, address, old

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
