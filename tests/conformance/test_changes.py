"""Changes: what somebody edits on one side shows on the other, once, and nothing else moves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, DAY, YAN, ZOE, address, old, own

LATER = DAY + timedelta(hours=5)


def iso(hours: float) -> str:
    return (LATER + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S")


def ann_and_bob(scene: Scene) -> Scene:
    """A record of Ann's with Bob, which both have as a copy."""
    return scene.given(crm_events=[old(id="sch-1", attendees=[BOB])])


@behaviour("C5", "C6", says="A record renamed in ShareCRM is renamed in each calendar that has it")
def test_content_from_sharecrm(scene: Scene) -> None:
    ann_and_bob(scene).crm().rename("sch-1", "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes={"outlook update": 2})


@behaviour("C1", "C5", "C6", says="What its owner changes in Outlook changes the record and the colleagues' copies")
def test_content_from_outlook(scene: Scene) -> None:
    ann_and_bob(scene).outlook().change(scene.event(ANN)["id"], subject="Demo", sensitivity="private")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[],
        writes={"crm update": 1, "outlook update": 1},
    )
    assert scene.state("sch-1")["private"]


@behaviour("C5", says="Different fields changed on both sides at once are all kept")
def test_different_fields_merge(scene: Scene) -> None:
    ann_and_bob(scene).crm().change("sch-1", content="Demo", private=True)
    scene.outlook().move(scene.event(ANN)["id"], iso(0), iso(1))
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[],
        writes={"crm update": 1, "outlook update": 2},
    )
    assert scene.state("sch-1")["start"].startswith(iso(0))


@behaviour("C5", "E1", says="Guests added on both sides at once are all on the meeting afterwards")
def test_people_merge_one_by_one(scene: Scene) -> None:
    scene.given()
    visit = scene.record(attendees=[BOB])
    scene.settled()
    scene.crm().change(visit, contacts=[YAN])
    scene.outlook().invite(scene.event(ANN)["id"], address(ZOE))
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=mails("invitation", YAN),
        writes={"crm update": 1, "outlook update": 1},
    )
    assert sorted(scene.state(visit)["contacts"]) == [YAN, ZOE]


@behaviour("C5", says="The same edit on both sides is no conflict: nothing has to be written for it")
def test_equal_edits(scene: Scene) -> None:
    ann_and_bob(scene).crm().rename("sch-1", "Demo")
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes={"outlook update": 1})
    assert not scene.yielded()[1:], "at most Bob's"


@behaviour("C5", says="With `conflicts: {conflicts}` that side wins one field changed on both, and the other is kept")
@pytest.mark.parametrize(("conflicts", "winner", "loser"), [("crm", "CRM's", "Mine"), ("outlook", "Mine", "CRM's")])
def test_a_configured_winner(scene: Scene, conflicts: str, winner: str, loser: str) -> None:
    scene.work.configure(conflicts=conflicts)
    scene.given(crm_events=[old(id="sch-1")])
    scene.crm().rename("sch-1", "CRM's")
    scene.outlook().rename(scene.event(ANN)["id"], "Mine")
    side = {"crm": "outlook", "outlook": "crm"}[conflicts]
    scene.then(crm=[winner], outlook={ANN: [winner]}, mails=[], writes={f"{side} update": 1})
    assert scene.yielded() == [loser]


@behaviour("C5", says="One field changed on both sides: the later edit wins, here {later}")
@pytest.mark.parametrize(("later", "writes"), [("ShareCRM's", {"outlook update": 1}), ("Outlook's", {"crm update": 1})])
def test_the_later_edit_wins(scene: Scene, later: str, writes: dict[str, int]) -> None:
    scene.given(crm_events=[old(id="sch-1")])
    edits = [
        ("ShareCRM's", lambda: scene.crm().rename("sch-1", "ShareCRM's")),
        ("Outlook's", lambda: scene.outlook().rename(scene.event(ANN)["id"], "Outlook's")),
    ]
    for _, edit in sorted(edits, key=lambda one: one[0] == later):
        edit()
        scene.later(minutes=1)
    scene.then(crm=[later], outlook={ANN: [later]}, mails=[], writes=writes)


@behaviour("C5", says="A ShareCRM clock that is ten minutes {wrong} does not decide a conflict: the later edit wins")
@pytest.mark.parametrize(("wrong", "skew"), [("fast", 600), ("slow", -600)])
def test_clocks_that_disagree(scene: Scene, wrong: str, skew: int) -> None:
    scene.before_first_sync(crm_events=[old(id="sch-1")])
    scene.work.box.set_clock(skew_s={"crm": skew})
    scene.settled()
    scene.crm().rename("sch-1", "Earlier")
    scene.later(minutes=1)
    scene.outlook().rename(scene.event(ANN)["id"], "Later")
    scene.then(crm=["Later"], outlook={ANN: ["Later"]}, mails=[], writes={"crm update": 1})


@behaviour("C5", says="Edits within the same five seconds are a tie, and ShareCRM wins it")
def test_a_tie(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1")])
    scene.work.box.set_clock(freeze=True)
    scene.crm().rename("sch-1", "CRM's")
    scene.work.box.set_clock(advance_s=3)
    scene.outlook().rename(scene.event(ANN)["id"], "Mine")
    scene.then(crm=["CRM's"], outlook={ANN: ["CRM's"]}, mails=[], writes={"outlook update": 1})
    assert scene.yielded() == ["Mine"]


@behaviour("C3", "C7", says="A save that changes nothing of what is synchronised is no change")
def test_noise(scene: Scene) -> None:
    ann_and_bob(scene)
    scene.outlook().change(scene.event(ANN)["id"], categories=["Red"], showAs="free")
    scene.outlook(BOB).rename(scene.event(BOB)["id"], "  Visit ")
    scene.crm().rename("sch-1", "Visit")
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["  Visit "]}, mails=[], writes={})


@behaviour("C3", "C7", says="An edit taken back before the next sync was never one")
def test_there_and_back(scene: Scene) -> None:
    ann_and_bob(scene).outlook().rename(scene.event(ANN)["id"], "Demo")
    scene.outlook().rename(scene.event(ANN)["id"], "Visit")
    scene.crm().rename("sch-1", "Demo")
    scene.crm().rename("sch-1", "Visit")
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={})


@behaviour("C3", "C4", "C7", says="What Exchange writes or tells once more after our write is not taken for an edit")
def test_echoes(scene: Scene) -> None:
    scene.given()
    scene.work.box.set_microsoft(late_rewrite=True, replay=True, empty_first_page=True)
    visit = scene.record(attendees=[BOB])
    scene.settled()
    scene.crm().rename(visit, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=mails("update", BOB),
        writes={"outlook update": 1},
    )


@behaviour("C6", says="Where one of a meeting's calendars refuses a change, the next run writes that one alone")
def test_what_is_missing_is_written_alone(scene: Scene) -> None:
    ann_and_bob(scene).crm().rename("sch-1", "Demo")
    scene.work.box.fault("graph", {"status": 412}, method="PATCH", mailbox=address(BOB), times=1)
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes={"outlook update": 2})


@behaviour(
    "C4", "C3", says="A change feed that lags behind what was written undoes nothing, and brings edits in the end"
)
def test_a_feed_that_lags(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1")])
    scene.work.box.set_microsoft(delta_lag=2)
    scene.crm().rename("sch-1", "Demo")
    scene.run()
    scene.outlook().move(scene.event(ANN)["id"], iso(0), iso(1))
    scene.crm().rename("sch-1", "Talk")
    for _ in range(4):
        scene.run()
    scene.then(crm=["Talk"], outlook={ANN: ["Talk"]}, mails=[], writes={"outlook update": 2, "crm update": 1})


@behaviour(
    "C9", "E9", says="A colleague who is not connected organises: what ShareCRM changes stays there, and is told"
)
def test_a_meeting_that_may_not_be_written(scene: Scene) -> None:
    scene.given(BOB, outlook_events=[own("Call", guests=(address(BOB),))])
    (record,) = scene.work.records()
    scene.crm().rename(record["id"], "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Call"], BOB: ["Call"]},
        mails=[],
        writes={},
        reports=("kept to its own side",),
        agree=False,  # Ann's mailbox is not ours to write
    )
    scene.outlook().rename(scene.event(ANN)["id"], "Review")
    scene.then(crm=["Review"], outlook={ANN: ["Review"], BOB: ["Review"]}, mails=[], writes={"crm update": 1})


@behaviour("C2", "C6", says="A long title shortened in Outlook keeps its hidden rest, and its guests hear of it once")
def test_a_cut_title_is_shortened(scene: Scene) -> None:
    scene.given()
    full = " ".join(f"Point {number} of the agenda" for number in range(20))
    scene.record(full, attendees=[BOB])
    scene.settled()
    for shorter in (230, 210):
        shown = scene.event(ANN)["subject"]
        scene.outlook().rename(scene.event(ANN)["id"], shown[:shorter])
        full = shown[:shorter] + full[len(shown) :]
        scene.then(
            crm=[full],
            outlook={ANN: [shown[:shorter]], BOB: [shown[:shorter]]},
            mails=[],
            writes={"crm update": 1},
        )


@behaviour(
    "C3", "C6", "G3", says="An edit in {side} while a run is under way (before {stage}) waits for the next, unharmed"
)
@pytest.mark.parametrize("side", ["ShareCRM", "Outlook"])
@pytest.mark.parametrize("stage", ["diff", "load"])
def test_edits_made_meanwhile(scene: Scene, stage: str, side: str) -> None:
    ann_and_bob(scene)
    mine = scene.event(ANN)["id"]
    if side == "ShareCRM":
        scene.outlook().move(mine, iso(0), iso(1))
        scene.run_while(stage, lambda: scene.crm().rename("sch-1", "Demo"))
    else:
        scene.crm().move("sch-1", LATER, LATER + timedelta(hours=1))
        scene.run_while(stage, lambda: scene.outlook().rename(mine, "Demo"))
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[],
        writes={"crm update": 1, "outlook update": 3},
    )
    assert scene.event(ANN)["start"]["dateTime"].startswith(iso(0))


@behaviour("C10", says="A rule that changes is applied to what stood unchanged before it")
def test_a_changed_rule_looks_again(scene: Scene) -> None:
    scene.work.configure(direction="outlook_to_crm")
    scene.given(crm_events=[old()], agree=False)
    scene.work.configure(direction="bidirectional")
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={"outlook create": 1})


@behaviour("C10", "A5", says="Who is connected later gets what stood before, as copies, and nobody else gets anything")
def test_who_connects_later(scene: Scene) -> None:
    scene.given(ANN, crm_events=[old(attendees=[BOB, CAI], contacts=[ZOE])])
    scene.work.authorise(BOB)
    scene.then(
        crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={"outlook create": 1}, agree=False
    )


@behaviour(
    "E1", "C4", "G3", says="Guests whom an edit told that overtook a run hear nothing of what the run had in mind"
)
def test_an_edit_that_mails_meanwhile(scene: Scene) -> None:
    scene.work.configure(conflicts="outlook")
    scene.given()
    record = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    mine = scene.event(ANN)["id"]
    scene.crm().rename(record, "Demo")
    scene.run_while("load", lambda: scene.outlook().rename(mine, "Expo"))
    shown = {ANN: ["Expo"], BOB: ["Expo"]}
    scene.then(crm=["Expo"], outlook=shown, mails=[], writes={"crm update": 1})


@behaviour("E1", "G3", says="A run that brings a meeting up to date mails its guests once, whoever else mails then")
def test_a_run_that_mails_while_people_do(scene: Scene) -> None:
    scene.given(outlook_events=[own("Call", hours=3, guests=(address(BOB),))])
    record = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    call = next(e["id"] for e in scene.work.events(address(ANN)) if e["subject"] == "Call")
    scene.crm().rename(record, "Demo")
    scene.run_while("load", lambda: scene.outlook().rename(call, "Talk"))
    both = ["Demo", "Talk"]
    scene.then(
        crm=both,
        outlook={ANN: both, BOB: both},
        mails=mails("update", BOB, ZOE),
        writes={"crm update": 1, "outlook update": 1},
    )


@behaviour(
    "E1", "D4", says="An event that its user deletes before a run can cancels once, and is not counted as mailed"
)
def test_deleted_before_the_run_deletes_it(scene: Scene) -> None:
    scene.given()
    record = scene.record("Visit", contacts=[ZOE])
    scene.settled()
    mine = scene.event(ANN)["id"]
    scene.crm().cancel(record)
    scene.run_while("load", lambda: scene.outlook().delete(mine))
    scene.then(crm=[], outlook={}, mails=[], writes={})
