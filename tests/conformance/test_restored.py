"""Restored: what its user takes back out of the deleted items lives again, once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conformance.behaviour import behaviour
from conformance.scene import Scene
from pipeline.team import ANN, BOB, ZOE, address, old, own

from calsync.sharecrm.write import CrmWriter
from calsync.stages.parked import parked

BOTH = {ANN: ["Visit"], BOB: ["Visit"]}


def in_copies(scene: Scene) -> None:
    """A record of Ann's with Bob, which both have as a copy."""
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB], contacts=[ZOE])])


def from_outlook(scene: Scene) -> None:
    """Ann's own event with Bob, which came from Outlook."""
    scene.given(outlook_events=[own(guests=(address(BOB),))])


FORMS: dict[str, Callable[[Scene], None]] = {"in copies": in_copies, "from Outlook": from_outlook}


def delete(scene: Scene, employee: str) -> str:
    """They delete their event, and calsync has seen it. The event."""
    event = str(scene.event(employee)["id"])
    scene.outlook(employee).delete(event)
    scene.settled(agree=False)
    return event


def take_back(scene: Scene, employee: str, event: str) -> None:
    """They move the event from the deleted items back to the calendar."""
    calendar = scene.outlook(employee).request("GET", "/calendar")["id"]
    scene.outlook(employee).request("POST", f"/events/{event}/move", {"destinationId": calendar})


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("form", FORMS)
@behaviour("E6", "A1", says="Event and record are both taken back between two runs: it stands once ({form})")
def test_both_taken_back(scene: Scene, form: str) -> None:
    FORMS[form](scene)
    (record,) = scene.work.records()
    mine = delete(scene, ANN)
    take_back(scene, ANN, mine)
    scene.crm().recover(record["id"])
    scene.run()  # what is there again is compared by the next one
    in_theirs = form == "from Outlook"  # then Bob's invitation stays cancelled, until Ann sends it again
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"]} if in_theirs else BOTH,
        mails=[],
        writes={} if in_theirs else {"outlook create": 1},
        agree=not in_theirs,
    )
    assert scene.event(ANN)["id"] == mine


@behaviour("E6", "G3", says="A run is killed after it recovered the record of an event taken back: it stands once")
def test_killed_after_the_recovery(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    in_copies(scene)
    mine = delete(scene, ANN)
    take_back(scene, ANN, mine)
    recover = CrmWriter.restore

    async def last_deed(*arguments: object) -> None:
        await recover(*arguments)  # type: ignore[arg-type]
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(CrmWriter, "restore", last_deed)
        with pytest.raises(Killed):
            scene.work.run(may_fail=True)
    scene.later(minutes=20)  # the lease of a dead run ends
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={"crm recover": 1, "outlook create": 1})
    assert scene.event(ANN)["id"] == mine


def record_refused(scene: Scene) -> str:
    """Ann takes her event back, and ShareCRM refuses to recover the record for now: that is parked. The event."""
    in_copies(scene)
    mine = delete(scene, ANN)
    take_back(scene, ANN, mine)
    scene.work.box.fault("sharecrm", {"code": 10002}, path="recover")
    scene.work.run(may_fail=True)
    scene.work.run(may_fail=True)
    scene.work.box.clear_faults()
    return mine


@behaviour("E6", "G10", says="An event is taken back and its record cannot be recovered yet: it is, once it can")
def test_the_record_is_refused(scene: Scene) -> None:
    mine = record_refused(scene)
    scene.later(hours=30)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={"crm recover": 1, "outlook create": 1})
    assert scene.event(ANN)["id"] == mine


@behaviour(
    "E6", "D4", says="An event is taken back and deleted again before its record could be recovered: all is gone"
)
def test_the_record_is_refused_and_the_event_deleted(scene: Scene) -> None:
    mine = record_refused(scene)
    assert scene.titles(BOB) == ["Visit"]
    scene.outlook().delete(mine)
    scene.later(hours=30)
    scene.then(crm=[], outlook={}, mails=[], writes={"outlook create": 1, "outlook delete": 1})


@behaviour("E6", "D2", says="An event is taken back, its record is refused, its mailbox goes away: nothing is ended")
def test_the_record_is_refused_and_the_mailbox_away(scene: Scene) -> None:
    mine = record_refused(scene)
    scene.work.box.set_mailbox(address(ANN), "forbidden")
    scene.later(hours=30)
    scene.then(crm=[], outlook=BOTH, mails=[], writes={"outlook create": 1}, agree=False)
    scene.work.box.set_mailbox(address(ANN), "ok")
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={"crm recover": 1})
    assert scene.event(ANN)["id"] == mine


@behaviour("E6", "G10", says="An event is taken back, its record is refused and recovered by hand: it stands once")
def test_the_record_is_refused_and_recovered_by_hand(scene: Scene) -> None:
    mine = record_refused(scene)
    scene.crm().recover("sch-1")
    scene.run()
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={"outlook create": 1})
    assert scene.event(ANN)["id"] == mine


@behaviour("E6", "B1", says="A colleague takes back the copy they had deleted: it is their copy again, and is kept so")
def test_a_declined_copy(scene: Scene) -> None:
    in_copies(scene)
    theirs = delete(scene, BOB)
    take_back(scene, BOB, theirs)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={})
    scene.crm().rename("sch-1", "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes={"outlook update": 2})


@behaviour("E6", "C9", says="One-way, an owner takes back the copy they had deleted: it follows ShareCRM again")
def test_a_copy_that_only_follows(scene: Scene) -> None:
    scene.work.configure(direction="crm_to_outlook")
    in_copies(scene)
    mine = delete(scene, ANN)
    take_back(scene, ANN, mine)
    scene.settled()
    scene.crm().rename("sch-1", "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes={"outlook update": 2})


@behaviour("E6", "C1", says="The only connected guest takes back a deleted invitation: its organiser is heard again")
def test_a_declined_invitation(scene: Scene) -> None:
    scene.given(BOB, outlook_events=[own(guests=(address(BOB),))], agree=False)
    theirs = delete(scene, BOB)
    take_back(scene, BOB, theirs)
    scene.settled(agree=False)
    scene.outlook().rename(scene.event(ANN)["id"], "Talk")
    shown = {ANN: ["Talk"], BOB: ["Talk"]}
    scene.then(crm=["Talk"], outlook=shown, mails=[], writes={"crm update": 1}, agree=False)


@behaviour(
    "G10", "E6", says="Refused by ShareCRM, then deleted: it is parked no longer; taken back, it gets its record"
)
def test_refused_then_deleted(scene: Scene) -> None:
    scene.given()
    call = scene.meeting("Call")
    scene.work.box.fault("sharecrm", {"code": 10002}, path="data/create")
    scene.work.run(may_fail=True)
    scene.work.box.clear_faults()
    scene.outlook().delete(call)
    scene.later(hours=30)
    scene.then(crm=[], outlook={}, mails=[], writes={})
    with scene.work.at_work() as ports:
        assert not parked(scene.work.tenant, ports)
    take_back(scene, ANN, call)
    scene.then(crm=["Call"], outlook={ANN: ["Call"]}, mails=[], writes={"crm create": 1})


def kept_deletion(scene: Scene, form: str) -> str:
    """Nothing goes to Outlook, where a record that is deleted in ShareCRM leaves its events. The record."""
    FORMS[form](scene)
    (record,) = scene.work.records()
    scene.work.configure(direction="outlook_to_crm")
    scene.settled()
    scene.crm().cancel(record["id"])
    scene.then(crm=[], outlook=BOTH, mails=[], writes={}, agree=False)
    return str(record["id"])


@pytest.mark.parametrize("form", FORMS)
@behaviour(
    "E6", "C9", says="Outlook only gives: a record deleted and recovered in ShareCRM follows its event again ({form})"
)
def test_recovered_where_outlook_only_gives(scene: Scene, form: str) -> None:
    record = kept_deletion(scene, form)
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    scene.then(crm=[], outlook={ANN: ["Demo"], BOB: scene.titles(BOB)}, mails=[], writes={}, agree=False)
    scene.crm().recover(record)
    scene.run()  # what is there again is compared by the next one
    theirs = scene.titles(BOB)
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: theirs}, mails=[], writes={"crm update": 1}, agree=False)
    scene.outlook().delete(scene.event(ANN)["id"])
    left = scene.titles(BOB)
    scene.then(crm=[], outlook={BOB: left}, mails=[], writes={"crm invalid": 1}, agree=False)


@behaviour("E6", "D3", says="Outlook only gives: recovered after its event was deleted too, a record is left alone")
def test_recovered_after_its_event_was_deleted(scene: Scene) -> None:
    scene.given(outlook_events=[own()])
    (record,) = scene.work.records()
    scene.work.configure(direction="outlook_to_crm")
    scene.settled()
    scene.crm().cancel(record["id"])
    scene.settled(agree=False)
    mine = delete(scene, ANN)
    scene.crm().recover(record["id"])
    scene.then(crm=["Visit"], outlook={}, mails=[], writes={}, agree=False)
    take_back(scene, ANN, mine)
    scene.crm().rename(record["id"], "Demo")
    scene.outlook().rename(mine, "Talk")
    scene.run()
    scene.then(crm=["Talk"], outlook={ANN: ["Talk"]}, mails=[], writes={"crm update": 1})


@pytest.mark.parametrize("form", FORMS)
@behaviour("C9", "E6", says="A deletion that the direction kept stays so when it opens, until it is recovered ({form})")
def test_a_kept_deletion_is_recovered_once_the_direction_is_open(scene: Scene, form: str) -> None:
    record = kept_deletion(scene, form)
    scene.work.configure(direction="bidirectional")
    scene.then(crm=[], outlook=BOTH, mails=[], writes={}, agree=False)
    scene.crm().recover(record)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={})
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    written = {"crm update": 1} | ({"outlook update": 1} if form == "in copies" else {})
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes=written)


@behaviour(
    "E6", "E2", "D5", says="An event taken back after its meeting was put back as copies stands once, as it is now"
)
def test_taken_back_beside_its_copies(scene: Scene) -> None:
    from_outlook(scene)
    (record,) = scene.work.records()
    mine = str(scene.event(ANN)["id"])
    scene.outlook(ANN).delete(mine)
    scene.crm().rename(record["id"], "Demo")
    scene.settle()
    take_back(scene, ANN, mine)
    both = {ANN: ["Demo"], BOB: ["Demo"]}
    writes = {"outlook create": 2, "outlook update": 1, "outlook delete": 2}
    scene.then(crm=["Demo"], outlook=both, mails=[("update", address(BOB))], writes=writes)
    assert scene.event(ANN)["id"] == mine
