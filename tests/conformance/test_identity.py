"""Identity: one meeting stays one, by link, by mark or by a unique match, and never by a guess."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, YAN, ZOE, address, old, own

from calsync.core.model import Mark
from calsync.graph.marks import as_property

BOTH = {ANN: ["Visit"], BOB: ["Visit"]}


def marked(scene: Scene, record: str, **other: Any) -> dict[str, Any]:
    """Graph properties of an event that carries our mark of a record, with `other` words in it."""
    box = scene.work.box.state()["outlook"]["mailboxes"][address(ANN)]["id"]
    words = {"installation": "sandbox", "tenant": "sandbox", "crm_id": record, "mailbox": box, "generation": 1}
    return {"singleValueExtendedProperties": [as_property(Mark(**{**words, **other}))]}


@behaviour("A1", "B4", says="What stood on both sides before the first sync is recognised, and nothing is written")
def test_what_stood_on_both_sides(scene: Scene) -> None:
    scene.before_first_sync(
        crm_events=[old(id="sch-1", attendees=[BOB], contacts=[ZOE])],
        outlook_events=[own(guests=(address(BOB), address(ZOE)))],
    )
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={})
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes={"crm update": 1})


@behaviour("B4", "C9", says="What the two sides of a recognised meeting say of its people is left as each side has it")
def test_people_at_first_contact(scene: Scene) -> None:
    scene.before_first_sync(crm_events=[old(id="sch-1", contacts=[YAN])], outlook_events=[own(guests=(address(ZOE),))])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={}, agree=False)
    assert scene.state("sch-1")["contacts"] == [YAN]


@behaviour("B4", "E2", says="A recognised meeting gets a silent copy where a connected attendee lacks it")
def test_first_contact_is_completed(scene: Scene) -> None:
    scene.before_first_sync(crm_events=[old(attendees=[BOB, CAI])], outlook_events=[own(guests=(address(BOB),))])
    scene.then(crm=["Visit"], outlook={**BOTH, CAI: ["Visit"]}, mails=[], writes={"outlook create": 1})


@behaviour("B4", says="People who had each noted a meeting in their own calendars get no second event for its record")
def test_first_contact_per_mailbox(scene: Scene) -> None:
    scene.before_first_sync(crm_events=[old(id="sch-1", attendees=[BOB])], outlook_events=[own(), own(of=BOB)])
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={})
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[],
        writes={"crm update": 1, "outlook update": 1},
    )


@behaviour("B4", says="A record made by hand for an Outlook meeting is paired with it, not sent out again")
def test_who_connects_later_had_noted_it(scene: Scene) -> None:
    scene.given(ANN, crm_events=[old(attendees=[BOB])], outlook_events=[own(of=BOB)])
    scene.work.authorise(BOB)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={})


@behaviour("B4", says="Two records that look like one event are left alone and reported")
def test_twins_in_sharecrm(scene: Scene) -> None:
    scene.before_first_sync(ANN, crm_events=[old(id="sch-1"), old(id="sch-2")], outlook_events=[own()])
    scene.then(
        crm=["Visit", "Visit"],
        outlook={ANN: ["Visit"]},
        mails=[],
        writes={},
        reports=("choose which belong together",),
        agree=False,  # a person has to choose
    )


@behaviour("B4", says="Two events of one calendar that look like one record are left alone and reported")
def test_twins_in_outlook(scene: Scene) -> None:
    scene.before_first_sync(ANN, crm_events=[old(id="sch-1")], outlook_events=[own(), own()])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit", "Visit"]},
        mails=[],
        writes={},
        reports=("choose which belong together",),
        agree=False,  # a person has to choose
    )


@behaviour("B4", says="Two records that looked like one event are told apart once one of them is deleted")
def test_twins_that_dissolve(scene: Scene) -> None:
    scene.before_first_sync(ANN, crm_events=[old(id="sch-1"), old(id="sch-2")], outlook_events=[own()])
    scene.settled(agree=False)
    scene.crm().cancel("sch-2")
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={})
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes={"crm update": 1})


@behaviour("B4", says="Two events that looked like one record are told apart once one of them has another title")
def test_twins_that_part(scene: Scene) -> None:
    scene.before_first_sync(ANN, crm_events=[old(id="sch-1")], outlook_events=[own(), own()])
    scene.settled(agree=False)
    scene.outlook().rename(scene.work.events(address(ANN))[0]["id"], "Other")
    both = ["Other", "Visit"]
    scene.then(crm=both, outlook={ANN: both}, mails=[], writes={"crm create": 1})


@behaviour("B4", says="The same title at another time, or with nobody in common, is another meeting")
def test_no_match_is_no_guess(scene: Scene) -> None:
    scene.before_first_sync(
        ANN, BOB, crm_events=[old(id="sch-1"), old(id="sch-2", owner=BOB, hours=4)], outlook_events=[own(hours=2)]
    )
    scene.then(
        crm=["Visit", "Visit", "Visit"],
        outlook={ANN: ["Visit", "Visit"], BOB: ["Visit"]},
        mails=[],
        writes={"outlook create": 2, "crm create": 1},
        agree=False,
    )


@behaviour("B1", "B2", says="One Outlook meeting in three calendars becomes one record")
def test_one_meeting_in_three_calendars(scene: Scene) -> None:
    scene.before_first_sync(outlook_events=[own("Call", guests=(address(BOB), address(CAI), address(ZOE)))])
    scene.then(crm=["Call"], outlook={ANN: ["Call"], BOB: ["Call"], CAI: ["Call"]}, mails=[], writes={"crm create": 1})


@behaviour("B2", "A5", says="A guest who connects later brings no second record of a meeting that is known")
def test_a_guest_connects_later(scene: Scene) -> None:
    scene.given(ANN, outlook_events=[own("Call", guests=(address(BOB), address(ZOE)))])
    scene.work.authorise(BOB)
    scene.then(crm=["Call"], outlook={ANN: ["Call"], BOB: ["Call"]}, mails=[], writes={})


@behaviour("B2", "A5", says="An organiser who connects later becomes the meeting's voice, and nothing is doubled")
def test_the_organiser_connects_later(scene: Scene) -> None:
    scene.given(BOB, outlook_events=[own("Call", guests=(address(BOB), address(ZOE)))])
    scene.work.authorise(ANN)
    scene.then(crm=["Call"], outlook={ANN: ["Call"], BOB: ["Call"]}, mails=[], writes={})
    (record,) = scene.work.records()
    scene.crm().rename(record["id"], "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=mails("update", BOB, ZOE),
        writes={"outlook update": 1},
    )


@behaviour("B2", says="Events without an iCalUId are never taken for one another")
def test_a_null_uid_matches_nothing(scene: Scene) -> None:
    scene.before_first_sync(outlook_events=[own("Call", iCalUId=None), own("Talk", of=BOB, hours=2, iCalUId=None)])
    scene.then(crm=["Call", "Talk"], outlook={ANN: ["Call"], BOB: ["Talk"]}, mails=[], writes={"crm create": 2})


@behaviour("B3", says="A copy of our event that its user makes in the same calendar is a meeting of its own")
def test_a_users_copy(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1")])
    mine = scene.event(ANN)
    scene.outlook().create("Visit again", mine["start"]["dateTime"], mine["end"]["dateTime"], **marked(scene, "sch-1"))
    scene.then(
        crm=["Visit", "Visit again"],
        outlook={ANN: ["Visit", "Visit again"]},
        mails=[],
        writes={"crm create": 1},
    )


@behaviour("A2", "A3", says="A meeting moved beyond the window and back is the same meeting, in {side}")
@pytest.mark.parametrize("side", ["ShareCRM", "Outlook"])
def test_moved_far_away(scene: Scene, side: str) -> None:
    from datetime import timedelta

    from pipeline.team import DAY

    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])])
    for days in (400, 1):
        start = DAY + timedelta(days=days)
        if side == "ShareCRM":
            scene.crm().move("sch-1", start, start + timedelta(hours=1))
        else:
            ends = [f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in (start, start + timedelta(hours=1))]
            scene.outlook().move(scene.event(ANN)["id"], *ends)
        writes = {"outlook update": 2} if side == "ShareCRM" else {"crm update": 1, "outlook update": 1}
        scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes=writes)
        assert scene.event(BOB)["start"]["dateTime"][:10] == start.date().isoformat()
