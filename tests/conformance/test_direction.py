"""Scope and direction: which meetings are carried over, which way, and what an admin's change does."""

from __future__ import annotations

import pytest
from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, STRANGER, YAN, ZOE, address, old, own
from pipeline.workplace import CALENDAR

OTHER = "Service calendar"
RENAMED = "Renamed calendar"
BOTH = {ANN: ["Visit"], BOB: ["Visit"]}


@behaviour("D6", says="Only records of this configuration's calendar go out")
def test_only_this_calendar(scene: Scene) -> None:
    others = [old("Other", calendar="CRM Calendar"), old("Elsewhere", hours=2, calendar=OTHER)]
    scene.before_first_sync(crm_events=[old("Visit", hours=4), *others])
    scene.then(crm=["Elsewhere", "Other", "Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={"outlook create": 1})


@behaviour("A1", "D6", says="What comes from Outlook is created in this configuration's calendar")
def test_what_comes_from_outlook(scene: Scene) -> None:
    scene.before_first_sync(outlook_events=[own()])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={"crm create": 1})
    assert [r["calendar"] for r in scene.work.records()] == [CALENDAR]


@behaviour("D6", "D7", says="Taken out of the calendar, a meeting stays on both sides, each for itself")
def test_taken_out(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])])
    scene.crm().change("sch-1", calendar="CRM Calendar", content="Elsewhere")
    scene.outlook().rename(scene.event(ANN)["id"], "Mine")
    shown = {ANN: ["Mine"], BOB: ["Visit"]}
    scene.then(crm=["Elsewhere"], outlook=shown, mails=[], writes={}, agree=False)  # they are two meetings now


@behaviour("D6", "C5", says="Put back into the calendar, it is the same meeting again, with what changed meanwhile")
def test_put_back(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])])
    scene.crm().change("sch-1", calendar="CRM Calendar")
    scene.settled(agree=False)
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    scene.settled(agree=False)
    scene.crm().change("sch-1", calendar=CALENDAR)
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[],
        writes={"crm update": 1, "outlook update": 1},
    )


@behaviour("D7", "E6", says="A tenant may have what leaves the calendar deleted in Outlook; put back, it comes again")
def test_out_of_scope_deletes(scene: Scene) -> None:
    scene.work.configure(out_of_scope="delete")
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])])
    scene.crm().change("sch-1", calendar="CRM Calendar")
    scene.then(crm=["Visit"], outlook={}, mails=[], writes={"outlook delete": 2})
    scene.crm().change("sch-1", calendar=CALENDAR)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={"outlook create": 2})


@behaviour("C9", says="From ShareCRM only: what is made or edited in Outlook stays there")
def test_from_sharecrm_only(scene: Scene) -> None:
    scene.work.configure(direction="crm_to_outlook")
    scene.given(ANN, crm_events=[old(id="sch-1")])
    scene.outlook().rename(scene.event(ANN)["id"], "Mine")
    scene.meeting("Call", hours=3)
    told = ("kept to its own side",)
    two = {ANN: ["Call", "Mine"]}
    scene.then(crm=["Visit"], outlook=two, mails=[], writes={}, reports=told, agree=False)  # one-way
    scene.crm().rename("sch-1", "Demo")
    after = {ANN: ["Call", "Demo"]}
    scene.then(crm=["Demo"], outlook=after, mails=[], writes={"outlook update": 1}, agree=False)


@behaviour("C9", says="From Outlook only: what is made or edited in ShareCRM stays there")
def test_from_outlook_only(scene: Scene) -> None:
    scene.work.configure(direction="outlook_to_crm")
    scene.given(ANN, crm_events=[old("Theirs", hours=4)], outlook_events=[own("Call")], agree=False)
    made = next(r["id"] for r in scene.work.records() if r["content"] == "Call")
    scene.crm().rename(made, "Mine")
    told = ("kept to its own side",)
    one = {ANN: ["Call"]}
    scene.then(crm=["Mine", "Theirs"], outlook=one, mails=[], writes={}, reports=told, agree=False)  # one-way
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    after = {ANN: ["Demo"]}
    scene.then(crm=["Demo", "Theirs"], outlook=after, mails=[], writes={"crm update": 1}, agree=False)


@behaviour(
    "C9", "E4", says="From ShareCRM only: whom the organiser invites or takes off is left so, whoever joins later"
)
def test_people_from_sharecrm_only(scene: Scene) -> None:
    scene.work.configure(direction="crm_to_outlook")
    scene.given()
    visit = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    mine = scene.event(ANN)["id"]
    scene.outlook().uninvite(mine, address(ZOE))
    scene.outlook().invite(mine, STRANGER)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={}, agree=False)  # one-way
    scene.crm().change(visit, participants=[ANN, BOB, CAI])
    three = {one: ["Visit"] for one in (ANN, BOB, CAI)}
    wrote = {"outlook update": 1}
    scene.then(crm=["Visit"], outlook=three, mails=mails("invitation", CAI), writes=wrote, agree=False)
    scene.crm().change(visit, participants=[ANN, CAI])
    two = {ANN: ["Visit"], CAI: ["Visit"]}
    scene.then(crm=["Visit"], outlook=two, mails=mails("cancellation", BOB), writes=wrote, agree=False)
    assert scene.listed(ANN) == {address(CAI), STRANGER}


@behaviour("C9", "E1", says="From Outlook only: whom ShareCRM adds or takes off reaches no calendar and mails nobody")
def test_people_from_outlook_only(scene: Scene) -> None:
    scene.work.configure(direction="outlook_to_crm")
    scene.given()
    call = scene.meeting("Call", guests=(address(BOB), address(ZOE)))
    scene.settled()
    (record,) = scene.work.records()
    scene.crm().change(record["id"], participants=[ANN, CAI], contacts=[YAN])
    both = {ANN: ["Call"], BOB: ["Call"]}
    scene.then(crm=["Call"], outlook=both, mails=[], writes={}, agree=False)  # one-way
    scene.outlook().uninvite(call, address(ZOE))
    scene.outlook().rename(call, "Demo")
    both = {ANN: ["Demo"], BOB: ["Demo"]}
    scene.then(crm=["Demo"], outlook=both, mails=[], writes={"crm update": 1}, agree=False)
    assert scene.people("Demo") == ({ANN, CAI}, {YAN})


@behaviour(
    "C9", "D5", says="One-way (`{direction}`) with `drift: revert`: an edit on the receiving side is put back at once"
)
@pytest.mark.parametrize("direction", ["crm_to_outlook", "outlook_to_crm"])
def test_drift_is_reverted(scene: Scene, direction: str) -> None:
    scene.given(ANN, crm_events=[old(id="sch-1")])
    scene.work.configure(direction=direction, drift="revert")
    scene.settled()
    if direction == "crm_to_outlook":
        scene.outlook().rename(scene.event(ANN)["id"], "Mine")
        writes = {"outlook update": 1}
    else:
        scene.crm().rename("sch-1", "Mine")
        writes = {"crm update": 1}
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes=writes)


@behaviour(
    "C9", "D7", says="A deletion on the receiving side of a one-way sync (`{direction}`) deletes nothing on the other"
)
@pytest.mark.parametrize("direction", ["crm_to_outlook", "outlook_to_crm"])
def test_one_way_deletion(scene: Scene, direction: str) -> None:
    scene.given(ANN, crm_events=[old(id="sch-1")])
    scene.work.configure(direction=direction)
    scene.settled()
    if direction == "crm_to_outlook":
        scene.outlook().delete(scene.event(ANN)["id"])
        scene.then(crm=["Visit"], outlook={}, mails=[], writes={}, agree=False)  # Ann did away with it
    else:
        scene.crm().cancel("sch-1")
        scene.then(crm=[], outlook={ANN: ["Visit"]}, mails=[], writes={}, agree=False)  # left to Ann


@behaviour("C9", "C10", "D7", says="From {first} to {then}: nothing is deleted or doubled, and kept edits stay kept")
@pytest.mark.parametrize(("first", "then"), [("crm_to_outlook", "bidirectional"), ("outlook_to_crm", "bidirectional")])
def test_the_direction_changes(scene: Scene, first: str, then: str) -> None:
    scene.given(ANN, crm_events=[old(id="sch-1")])
    scene.work.configure(direction=first)
    scene.settled()
    crm, mine = ("Mine", "Visit") if first == "outlook_to_crm" else ("Visit", "Mine")
    if first == "outlook_to_crm":
        scene.crm().rename("sch-1", crm)
    else:
        scene.outlook().rename(scene.event(ANN)["id"], mine)
    scene.settled(agree=False)
    scene.work.configure(direction=then)
    scene.then(crm=[crm], outlook={ANN: [mine]}, mails=[], writes={}, agree=False)  # C9: not pushed later by itself
    scene.crm().rename("sch-1", "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes={"outlook update": 1})


@behaviour(
    "A4", "C9", says="What was made in ShareCRM while nothing went out mails nobody when the direction opens{waits}"
)
@pytest.mark.parametrize("waits", ["", ", nor once its people come back"])
def test_made_while_the_direction_was_closed(scene: Scene, waits: str) -> None:
    scene.work.configure(direction="outlook_to_crm")
    scene.given()
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled(agree=False)
    if waits:
        scene.revoke(BOB)
        scene.work.box.set_mailbox(address(ANN), "forbidden")
    scene.work.configure(direction="bidirectional")
    if waits:
        scene.settled(agree=False)
        scene.work.box.set_mailbox(address(ANN), "ok")
        scene.work.authorise(BOB)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={"outlook create": 2})
    scene.record("Demo", hours=2, attendees=[BOB], contacts=[ZOE])
    shown = {ANN: ["Demo", "Visit"], BOB: ["Demo", "Visit"]}
    invited = mails("invitation", BOB, ZOE)
    scene.then(crm=["Demo", "Visit"], outlook=shown, mails=invited, writes={"outlook create": 1})


@behaviour(
    "C10",
    "D6",
    "D7",
    says="A configuration renamed (`out_of_scope: {out_of_scope}`) deletes nothing; edits go on both ways",
)
@pytest.mark.parametrize("out_of_scope", ["unlink", "delete"])
def test_a_renamed_configuration(scene: Scene, out_of_scope: str) -> None:
    scene.work.configure(out_of_scope=out_of_scope)
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])], outlook_events=[own("Call", hours=3)])
    scene.work.configure(name=RENAMED)
    shown = {ANN: ["Call", "Visit"], BOB: ["Visit"]}
    scene.then(crm=["Call", "Visit"], outlook=shown, mails=[], writes={}, agree=False)  # their Calendar is the old one
    scene.crm().rename("sch-1", "Demo")
    scene.outlook().rename(next(e["id"] for e in scene.work.events(address(ANN)) if e["subject"] == "Call"), "Talk")
    shown = {ANN: ["Demo", "Talk"], BOB: ["Demo"]}
    writes = {"outlook update": 2, "crm update": 1}
    scene.then(crm=["Demo", "Talk"], outlook=shown, mails=[], writes=writes, agree=False)


@behaviour("A1", "D6", says="After a renaming new records bear the new name, and old ones may be given it")
def test_records_after_a_renaming(scene: Scene) -> None:
    scene.given(ANN, crm_events=[old(id="sch-1")])
    scene.work.configure(name=RENAMED)
    scene.settled(agree=False)
    scene.meeting("Call", hours=3)
    both = ["Call", "Visit"]
    scene.then(crm=both, outlook={ANN: both}, mails=[], writes={"crm create": 1}, agree=False)
    named = {record["content"]: record["calendar"] for record in scene.work.records()}
    assert named == {"Visit": CALENDAR, "Call": RENAMED}
    scene.crm().change("sch-1", calendar=RENAMED, content="Demo")
    both = ["Call", "Demo"]
    scene.then(crm=both, outlook={ANN: both}, mails=[], writes={"outlook update": 1})
    scene.record("Fair", hours=6)
    both = ["Call", "Demo", "Fair"]
    scene.then(crm=both, outlook={ANN: both}, mails=[], writes={"outlook create": 1}, agree=False)  # the old name
    scene.crm().change("sch-1", calendar="CRM Calendar", content="Elsewhere")
    crm = ["Call", "Elsewhere", "Fair"]
    scene.then(crm=crm, outlook={ANN: both}, mails=[], writes={}, agree=False)  # taken out of it


@behaviour(
    "B3", "D6", "D7", says="A former name that another configuration bears now is that one's; first runs {first}"
)
@pytest.mark.parametrize("first", ["the renamed one", "the other"])
def test_a_former_name_is_taken(scene: Scene, first: str) -> None:
    scene.given(ANN, crm_events=[old(id="sch-1", attendees=[BOB])], agree=False)
    scene.work.configure(name=RENAMED)
    scene.crm().rename("sch-1", "Fair")
    shown = {ANN: ["Fair"]}
    scene.then(crm=["Fair"], outlook=shown, mails=[], writes={"outlook update": 1}, agree=False)  # its own till then
    service = scene.beside("service", name=CALENDAR)
    service.authorise(BOB)
    for _ in range(2):
        for work in (scene.work, service) if first == "the renamed one" else (service, scene.work):
            work.run()
    shown = {ANN: ["Fair"], BOB: ["Fair"]}
    scene.then(crm=["Fair"], outlook=shown, mails=[], writes={"outlook create": 1}, agree=False)
    scene.outlook().rename(scene.event(ANN)["id"], "Mine")
    scene.crm().rename("sch-1", "Demo")
    service.run()
    shown = {ANN: ["Mine"], BOB: ["Demo"]}
    scene.then(crm=["Demo"], outlook=shown, mails=[], writes={"outlook update": 1}, agree=False)  # Ann is none of its


@behaviour("A5", "D7", says="An account revoked keeps its events; authorised again, it catches up")
def test_revoked_and_authorised_again(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])])
    scene.revoke(BOB)
    scene.crm().rename("sch-1", "Demo")
    shown = {ANN: ["Demo"], BOB: ["Visit"]}
    scene.then(
        crm=["Demo"], outlook=shown, mails=[], writes={"outlook update": 1}, agree=False
    )  # Bob's is not ours now
    scene.work.authorise(BOB)
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes={"outlook update": 1})


@behaviour("A5", "C9", "D2", says="Everybody revoked and authorised again: nothing is deleted or doubled")
def test_everybody_revoked(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])], outlook_events=[own("Call", hours=3)])
    scene.revoke(ANN, BOB, CAI)
    scene.run()
    scene.work.authorise(ANN, BOB, CAI)
    scene.then(crm=["Call", "Visit"], outlook={ANN: ["Call", "Visit"], BOB: ["Visit"]}, mails=[], writes={})


@behaviour("B3", "D6", "D7", says="A record moved to another configuration's calendar keeps its one event")
def test_moved_to_another_configuration(scene: Scene) -> None:
    scene.given(ANN, crm_events=[old(id="sch-1")])
    service = scene.beside("service", name=OTHER)
    scene.revoke(ANN)
    service.authorise(ANN)
    service.run()
    scene.crm().change("sch-1", calendar=OTHER)
    for _ in range(2):
        service.run()
        scene.run()
    assert scene.titles(ANN) == ["Visit"]
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={}, agree=False)  # the other one's meeting
    scene.crm().rename("sch-1", "Demo")
    service.run()
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes={"outlook update": 1}, agree=False)


@behaviour("B3", "D6", says="Moved between configurations, a meeting reaches the other one's people too")
def test_two_configurations_with_their_own_people(scene: Scene) -> None:
    scene.given(ANN, crm_events=[old(id="sch-1", attendees=[BOB])], agree=False)
    service = scene.beside("service", name=OTHER)
    service.authorise(BOB)
    service.run()
    scene.crm().change("sch-1", calendar=OTHER)
    for _ in range(2):
        scene.run()
        service.run()
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={"outlook create": 1}, agree=False)


@behaviour(
    "B3",
    "D6",
    says="A record that comes back from another configuration's calendar keeps the copies made there ({leaving} here)",
)
@pytest.mark.parametrize(("leaving", "made"), [("unlink", 1), ("delete", 2)])
def test_there_and_back(scene: Scene, leaving: str, made: int) -> None:
    scene.work.configure(out_of_scope=leaving)
    scene.given(ANN, crm_events=[old(id="sch-1", attendees=[CAI])], agree=False)
    service = scene.beside("service", name=OTHER)
    service.authorise(CAI)
    service.run()
    scene.crm().change("sch-1", calendar=OTHER)
    for _ in range(2):
        scene.run()
        service.run()
    assert scene.titles(CAI) == ["Visit"]
    service.revoke(CAI)
    scene.work.authorise(CAI)
    scene.crm().rename("sch-1", "Demo")
    service.run()
    scene.crm().change("sch-1", calendar=CALENDAR)
    for _ in range(2):
        scene.run()
        service.run()
    both = {ANN: ["Demo"], CAI: ["Demo"]}
    writes = {"outlook create": made, "outlook update": 3 - made, **({"outlook delete": 1} if made > 1 else {})}
    scene.then(crm=["Demo"], outlook=both, mails=[], writes=writes)


@behaviour("B2", "B3", says="One Outlook meeting with people of two configurations becomes one record, not two")
def test_one_meeting_of_two_configurations(scene: Scene) -> None:
    scene.given(ANN)
    service = scene.beside("service", name=OTHER)
    service.authorise(BOB)
    service.run()
    scene.meeting("Call", guests=(address(BOB),))
    scene.run()
    for _ in range(2):
        service.run()
    scene.then(crm=["Call"], outlook={ANN: ["Call"], BOB: ["Call"]}, mails=[], writes={"crm create": 1}, agree=False)


@behaviour(
    "D7", "B3", says="A configuration deleted, state and all, deletes nothing; another one's start doubles nothing"
)
def test_a_configuration_is_deleted(scene: Scene) -> None:
    scene.given(ANN, BOB, crm_events=[old(id="sch-1", attendees=[BOB])], agree=False)
    service = scene.beside("service", name=OTHER)
    scene.work.lose_state()
    (scene.work.folder / "sandbox.yaml").unlink()
    scene.work = service
    service.authorise(ANN, BOB)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={}, agree=False)  # nobody's configuration names it
