"""Privacy: a private meeting is private on both sides, and its title is shown to nobody else."""

from __future__ import annotations

import pytest
from conformance.behaviour import behaviour
from conformance.days import hour
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, ZOE, address, old, own

from calsync.stages.report import shown_report


def shown(scene: Scene, run: str) -> str:
    """What people see today of a run's report."""
    with scene.work.at_work() as ports:
        return str(shown_report(ports.staging, ports.store, scene.work.tenant.key, run))


def last_run(scene: Scene) -> str:
    assert scene.work.last is not None
    return scene.work.last.id


@behaviour("F6", says="A private record is a private event in every calendar that has it")
def test_a_private_record(scene: Scene) -> None:
    scene.before_first_sync(crm_events=[old("Surgery", attendees=[BOB], private=True)])
    scene.then(
        crm=["Surgery"],
        outlook={ANN: ["Surgery"], BOB: ["Surgery"]},
        mails=[],
        writes={"outlook create": 2},
    )
    assert {scene.event(e)["sensitivity"] for e in (ANN, BOB)} == {"private"}


@behaviour("F6", says="An Outlook event marked {marked} is a private record, and keeps that mark whatever else changes")
@pytest.mark.parametrize("marked", ["private", "personal", "confidential"])
def test_marks_of_outlook(scene: Scene, marked: str) -> None:
    scene.before_first_sync(outlook_events=[own("Surgery", sensitivity=marked)])
    scene.then(crm=["Surgery"], outlook={ANN: ["Surgery"]}, mails=[], writes={"crm create": 1})
    (record,) = scene.work.records()
    assert record["private"]
    scene.crm().rename(record["id"], "Operation")
    scene.then(crm=["Operation"], outlook={ANN: ["Operation"]}, mails=[], writes={"outlook update": 1})
    assert scene.event(ANN)["sensitivity"] == marked


@behaviour(
    "F6", "C5", says="A meeting marked private in {side} after it was public is private on the other side, and back"
)
@pytest.mark.parametrize("side", ["ShareCRM", "Outlook"])
def test_turned_private_and_back(scene: Scene, side: str) -> None:
    scene.given(crm_events=[old("Surgery", id="surgery")])
    mine = scene.event(ANN)["id"]
    for private in (True, False):
        if side == "ShareCRM":
            scene.crm().change("surgery", private=private)
        else:
            scene.outlook().change(mine, sensitivity="private" if private else "normal")
        wrote = {"outlook update": 1} if side == "ShareCRM" else {"crm update": 1}
        scene.then(crm=["Surgery"], outlook={ANN: ["Surgery"]}, mails=[], writes=wrote)
        assert scene.state("surgery")["private"] is private
        assert scene.event(ANN)["sensitivity"] == ("private" if private else "normal")


@behaviour("F6", "C5", says="A confidential event that ShareCRM makes public is an ordinary event afterwards")
def test_confidential_made_public(scene: Scene) -> None:
    scene.given(outlook_events=[own("Surgery", sensitivity="confidential")])
    (record,) = scene.work.records()
    scene.crm().change(record["id"], private=False)
    scene.then(crm=["Surgery"], outlook={ANN: ["Surgery"]}, mails=[], writes={"outlook update": 1})
    assert scene.event(ANN)["sensitivity"] == "normal"


@behaviour("F6", "C5", says="Private on one side and another hour on the other are two changes, and both are kept")
def test_privacy_and_time_merge(scene: Scene) -> None:
    scene.given(crm_events=[old("Surgery", id="surgery")])
    scene.crm().change("surgery", private=True)
    scene.outlook().move(scene.event(ANN)["id"], hour(4).isoformat()[:19], hour(5).isoformat()[:19])
    scene.then(crm=["Surgery"], outlook={ANN: ["Surgery"]}, mails=[], writes={"outlook update": 1, "crm update": 1})
    assert scene.event(ANN)["sensitivity"] == "private"
    assert scene.state("surgery")["start"] == hour(4).isoformat()


@behaviour(
    "F6", "E1", says="Guests hear once when their invited meeting turns private, and their calendars show it as that"
)
def test_guests_of_a_meeting_that_turns_private(scene: Scene) -> None:
    scene.given()
    record = scene.record("Surgery", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.crm().change(record, private=True)
    scene.then(
        crm=["Surgery"],
        outlook={ANN: ["Surgery"], BOB: ["Surgery"]},
        mails=mails("update", BOB, ZOE),
        writes={"outlook update": 1},
    )
    assert scene.event(BOB)["sensitivity"] == "private"


@behaviour("F6", says="A report names no private meeting that comes from {side}, whether it was written or left alone")
@pytest.mark.parametrize("side", ["ShareCRM", "Outlook"])
def test_reports_mask_private_titles(scene: Scene, side: str) -> None:
    if side == "ShareCRM":
        scene.before_first_sync(crm_events=[old("Surgery", private=True), old("Divorce", hours=9999, private=True)])
    else:
        private = {"sensitivity": "private"}
        scene.before_first_sync(outlook_events=[own("Surgery", **private), own("Divorce", isDraft=True, **private)])
    scene.run()
    told = str(scene.work.report())
    assert "Private" in told
    assert "Surgery" not in told
    assert "Divorce" not in told


@behaviour("F6", says="Once a meeting turns private in {side}, reports of earlier runs name it no longer")
@pytest.mark.parametrize("side", ["ShareCRM", "Outlook"])
def test_older_reports_are_masked(scene: Scene, side: str) -> None:
    scene.before_first_sync(crm_events=[old("Surgery", id="surgery")])
    scene.run()
    first = last_run(scene)
    assert "Surgery" in shown(scene, first)
    if side == "ShareCRM":
        scene.crm().change("surgery", private=True)
    else:
        scene.outlook().change(scene.event(ANN)["id"], sensitivity="private")
    scene.settled()
    assert "Surgery" not in shown(scene, first)
    assert "Private" in shown(scene, first)


@behaviour("F6", says="What is staged of calendars can be read by the service's own user alone")
def test_staging_is_the_services_own(scene: Scene) -> None:
    scene.given(crm_events=[old("Surgery", private=True)])
    staged = list((scene.work.folder / "staging").rglob("*"))
    assert staged
    assert not [path for path in staged if path.stat().st_mode & 0o077 or "Surgery" in path.name]


@behaviour("F6", says="Where ShareCRM's privacy is a choice between words, it is read and written as that")
def test_privacy_as_a_choice(scene: Scene) -> None:
    scene.before_first_sync(
        sharecrm={"describe": "modern"},
        crm_events=[old("Surgery", id="surgery", private=True)],
        outlook_events=[own("Divorce", hours=3, sensitivity="private")],
    )
    both = ["Divorce", "Surgery"]
    scene.then(crm=both, outlook={ANN: both}, mails=[], writes={"outlook create": 1, "crm create": 1})
    assert {event["sensitivity"] for event in scene.work.events("ann@contoso.example")} == {"private"}
    scene.crm().change("surgery", private=False)
    scene.then(crm=both, outlook={ANN: both}, mails=[], writes={"outlook update": 1})
    assert {record["content"]: record["private"] for record in scene.work.records()} == {
        "Divorce": True,
        "Surgery": False,
    }


@behaviour(
    "F6",
    "D1",
    "G1",
    says="A record that ShareCRM hides once it turns private is not taken for deleted, and its event follows",
)
def test_hidden_once_private(scene: Scene) -> None:
    scene.given(sharecrm={"hide_private": True}, crm_events=[old("Surgery", id="surgery")])
    scene.crm().change("surgery", private=True)
    scene.run()
    scene.later(hours=25)
    scene.then(crm=["Surgery"], outlook={ANN: ["Surgery"]}, mails=[], writes={"outlook update": 1})
    assert scene.event(ANN)["sensitivity"] == "private"


NO_PRIVACY = {"describe": "minimal"}


@behaviour(
    "F6", "C9", says="Where ShareCRM cannot keep a meeting private, a private event stays in Outlook, and is told"
)
def test_no_private_field(scene: Scene) -> None:
    scene.work.configure(scope="all")
    scene.before_first_sync(sharecrm=NO_PRIVACY, outlook_events=[own("Surgery", sensitivity="private")])
    scene.then(
        crm=[],
        outlook={ANN: ["Surgery"]},
        mails=[],
        writes={},
        reports=("it is private, and ShareCRM has no field that would keep it so",),
        agree=False,  # it stays on its own side
    )
    scene.outlook().change(scene.event(ANN)["id"], sensitivity="normal")
    scene.then(crm=["Surgery"], outlook={ANN: ["Surgery"]}, mails=[], writes={"crm create": 1}, agree=False)


@behaviour(
    "F6",
    "C9",
    says="Where ShareCRM cannot keep it private, what is said once a meeting turned private stays in Outlook",
)
def test_no_private_field_and_turned_private(scene: Scene) -> None:
    scene.work.configure(scope="all")
    scene.before_first_sync(sharecrm=NO_PRIVACY, outlook_events=[own("Visit")])
    scene.settled(agree=False)
    mine = scene.event(ANN)["id"]
    scene.outlook().change(mine, sensitivity="private", subject="Surgery")
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Surgery"]},
        mails=[],
        writes={},
        reports=("a change was kept to its own side",),
        agree=False,  # it stays on its own side
    )


@behaviour(
    "B4",
    "F6",
    "C5",
    says="Of a meeting that stood on both sides, private in {side} alone, nothing is opened; {later} was edited last",
)
@pytest.mark.parametrize("later", ["ShareCRM", "Outlook"])
@pytest.mark.parametrize("side", ["ShareCRM", "Outlook"])
def test_private_on_one_side_at_first_contact(scene: Scene, side: str, later: str) -> None:
    edited = {"modified": "2030-01-01T00:00:00Z"} if later == "ShareCRM" else {}
    record = old("Surgery", id="surgery", private=side == "ShareCRM", **edited)
    event = own("Surgery", sensitivity="private" if side == "Outlook" else "normal")
    scene.before_first_sync(ANN, crm_events=[record], outlook_events=[event])
    wrote = {"outlook update": 1} if side == "ShareCRM" else {"crm update": 1}
    scene.then(crm=["Surgery"], outlook={ANN: ["Surgery"]}, mails=[], writes=wrote)
    assert (scene.event(ANN)["sensitivity"], scene.state("surgery")["private"]) == ("private", True)


@behaviour("B4", "F6", says="A public record made by hand does not open the private event that was there before it")
def test_a_later_record_of_a_private_event(scene: Scene) -> None:
    scene.given(ANN)
    times = own()
    scene.outlook().create("Surgery", times["start"]["dateTime"], times["end"]["dateTime"], sensitivity="private")
    scene.later(minutes=2)
    record = scene.record("Surgery")
    scene.then(crm=["Surgery"], outlook={ANN: ["Surgery"]}, mails=[], writes={"crm update": 1})
    assert (scene.event(ANN)["sensitivity"], scene.state(record)["private"]) == ("private", True)


@behaviour(
    "B4", "F6", "C9", says="Where the direction forbids to close the other side, private in {side} stays private"
)
@pytest.mark.parametrize(("side", "direction"), [("ShareCRM", "outlook_to_crm"), ("Outlook", "crm_to_outlook")])
def test_private_at_first_contact_one_way(scene: Scene, side: str, direction: str) -> None:
    scene.work.configure(direction=direction)
    closed = side == "ShareCRM", "normal" if side == "ShareCRM" else "private"
    record = old("Surgery", id="surgery", private=closed[0])
    scene.before_first_sync(ANN, crm_events=[record], outlook_events=[own("Surgery", sensitivity=closed[1])])
    scene.then(
        crm=["Surgery"],
        outlook={ANN: ["Surgery"]},
        mails=[],
        writes={},
        reports=("private on one side only, and the other may not be written",),
        agree=False,  # one side may not be written
    )
    if side == "ShareCRM":
        scene.outlook().rename(scene.event(ANN)["id"], "Operation")
    else:
        scene.crm().rename("surgery", "Operation")
    wrote = {"crm update": 1} if side == "ShareCRM" else {"outlook update": 1}
    scene.then(crm=["Operation"], outlook={ANN: ["Operation"]}, mails=[], writes=wrote, agree=False)
    assert (scene.state("surgery")["private"], scene.event(ANN)["sensitivity"]) == closed


@behaviour(
    "B4", "F6", "E2", says="A private record of a meeting with guests in Outlook stays private, and they hear nothing"
)
def test_a_private_record_of_a_meeting_with_guests(scene: Scene) -> None:
    record = old("Surgery", id="surgery", attendees=[BOB, CAI], private=True)
    scene.before_first_sync(crm_events=[record], outlook_events=[own("Surgery", guests=(address(BOB),))])
    scene.then(
        crm=["Surgery"],
        outlook={ANN: ["Surgery"], BOB: ["Surgery"], CAI: ["Surgery"]},
        mails=[],
        writes={"outlook create": 1},
        reports=("private on one side only, and the other may not be written",),
        agree=False,  # only the organiser can close it without a mail
    )
    assert scene.state("surgery")["private"]
    assert [scene.event(one)["sensitivity"] for one in (ANN, BOB, CAI)] == ["normal", "normal", "private"]


@behaviour(
    "B4", "F6", says="Where ShareCRM cannot keep it private, a private event of a record that stood there stays so"
)
def test_no_private_field_at_first_contact(scene: Scene) -> None:
    scene.work.configure(scope="all")
    scene.before_first_sync(
        ANN,
        sharecrm=NO_PRIVACY,
        crm_events=[old("Surgery", modified="2030-01-01T00:00:00Z")],
        outlook_events=[own("Surgery", sensitivity="private")],
    )
    scene.then(
        crm=["Surgery"],
        outlook={ANN: ["Surgery"]},
        mails=[],
        writes={},
        reports=("ShareCRM has no field that would keep it so",),
        agree=False,  # it stays on its own side
    )
    assert scene.event(ANN)["sensitivity"] == "private"


@behaviour("B4", "F6", says="A colleague who connects later keeps their own note of the meeting private")
def test_a_private_note_of_who_connects_later(scene: Scene) -> None:
    note = own(of=BOB, sensitivity="private")
    scene.given(ANN, crm_events=[old(id="sch-1", attendees=[BOB])], outlook_events=[note])
    scene.work.authorise(BOB)
    both = {ANN: ["Visit"], BOB: ["Visit"]}
    scene.then(crm=["Visit"], outlook=both, mails=[], writes={}, agree=False)  # it is Bob's to open
    scene.crm().rename("sch-1", "Demo")
    both = {ANN: ["Demo"], BOB: ["Demo"]}
    scene.then(crm=["Demo"], outlook=both, mails=[], writes={"outlook update": 2}, agree=False)
    assert (scene.event(ANN)["sensitivity"], scene.event(BOB)["sensitivity"]) == ("normal", "private")
