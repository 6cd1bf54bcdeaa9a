"""Twins: one Outlook event that stands twice in a calendar, such as a file imported twice, is one meeting"""

from __future__ import annotations

import pytest
from conformance.behaviour import behaviour
from conformance.scene import Scene
from pipeline.team import ANN, BOB, address, own

ICAL = "040000008200E00074C5B7101A82E00800000000AAAAAAAAAAAAAA010000000000000000100000001122334455667788"
LEFT = "another event of this calendar is the same meeting"


def twice(scene: Scene, second: str = "Call") -> list[str]:
    """Ann's calendar has an event twice, with another title the second time if one is named; their ids."""
    scene.given(ANN, outlook_events=[own("Call", iCalUId=ICAL), own(second, iCalUId=ICAL)])
    assert [record["content"] for record in scene.work.records()] == ["Call"]
    return [str(event["id"]) for event in sorted(scene.work.events(address(ANN)), key=lambda event: event["id"])]


@behaviour("A1", "B2", says="An event that stands twice in a calendar becomes one record, and the second is reported")
def test_imported_twice(scene: Scene) -> None:
    scene.before_first_sync(ANN, outlook_events=[own("Call", iCalUId=ICAL), own("Call", iCalUId=ICAL)])
    both = {ANN: ["Call", "Call"]}
    scene.then(crm=["Call"], outlook=both, mails=[], writes={"crm create": 1}, reports=(LEFT,), agree=False)


@pytest.mark.parametrize("which", ["first", "second"])
@behaviour("A1", "B2", "D3", says="Deleting the {which} of two equal events keeps the meeting, and the other goes on")
def test_one_of_two_is_deleted(scene: Scene, which: str) -> None:
    first, second = twice(scene)
    deleted, other = (first, second) if which == "first" else (second, first)
    scene.outlook().delete(deleted)
    scene.then(crm=["Call"], outlook={ANN: ["Call"]}, mails=[], writes={})
    scene.outlook().rename(other, "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes={"crm update": 1})
    scene.outlook().delete(other)
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 1})


@behaviour("B2", "C2", "D3", says="The event that goes on brings its own title, and people who come later see it once")
def test_the_other_shows_otherwise(scene: Scene) -> None:
    first, _ = twice(scene, "Call again")
    scene.outlook().delete(first)
    scene.run()  # sees that one go, and reads the other in the next
    scene.then(crm=["Call again"], outlook={ANN: ["Call again"]}, mails=[], writes={"crm update": 1})
    (record,) = scene.work.records()
    scene.work.authorise(BOB)
    scene.crm().change(record["id"], participants=[ANN, BOB])
    both = {ANN: ["Call again"], BOB: ["Call again"]}
    scene.then(crm=["Call again"], outlook=both, mails=[], writes={"outlook create": 1})


@behaviour("A1", "B2", "D3", says="Both of two equal events deleted end the meeting")
def test_both_are_deleted(scene: Scene) -> None:
    for event in twice(scene):
        scene.outlook().delete(event)
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 1})


@behaviour(
    "A1", "B2", "D3", says="A second import of an event that is synchronised changes nothing, nor does its deletion"
)
def test_imported_again_later(scene: Scene) -> None:
    scene.given(ANN, outlook_events=[own("Call", iCalUId=ICAL)])
    again = scene.meeting("Call again", hours=2)
    world = scene.work.server.world.microsoft
    box = world.user(address(ANN))
    event = next(one for one in box.events.values() if one.props["subject"] == "Call again")
    event.ical_uid = ICAL
    box.touch(event, world.now)
    both = {ANN: ["Call", "Call again"]}
    scene.then(crm=["Call"], outlook=both, mails=[], writes={}, reports=(LEFT,), agree=False)
    scene.outlook().delete(again)
    scene.then(crm=["Call"], outlook={ANN: ["Call"]}, mails=[], writes={})
