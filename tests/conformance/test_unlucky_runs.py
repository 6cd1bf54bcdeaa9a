"""Unlucky runs: what one run could not do is not forgotten, and what one did not see is not held against anybody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conformance.behaviour import behaviour
from conformance.scene import Scene
from pipeline.team import ANN, BOB, DAY, address, old, own
from pipeline.workplace import CALENDAR

from sandbox.sharecrm import errors

BOTH = {ANN: ["Visit"], BOB: ["Visit"]}


def refused(scene: Scene, system: str, method: str, path: str, status: int = 400, mailbox: str = "") -> None:
    """One run in which a kind of request is refused."""
    where = {"mailbox": address(mailbox)} if mailbox else {}
    scene.work.box.fault(system, {"status": status}, method=method, path=path, **where)
    scene.work.run(may_fail=True)
    scene.work.box.clear_faults()


@behaviour("D1", says="A record that two runs days apart did not find, and every run between them did, is not gone")
def test_not_found_now_and_then(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])])
    for _ in range(2):
        scene.outlook(BOB).rename(scene.event(BOB)["id"], "Mine")
        refused(scene, "graph", "PATCH", "/events", 412)  # so that the next run reads the record by its id
        scene.work.box.fault("sharecrm", {"code": errors.GONE}, path="data/get")
        scene.run()
        scene.work.box.clear_faults()
        scene.settle()
        scene.later(days=3)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={"outlook update": 2})


def taken_out(scene: Scene) -> Scene:
    """Ann and Bob have copies of a record, the tenant has deleted what leaves the calendar, and it leaves."""
    scene.work.configure(out_of_scope="delete")
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB])])
    scene.crm().change("sch-1", calendar="CRM Calendar")
    return scene


@behaviour(
    "D7", "G10", says="Deleting what leaves the calendar is tried again where it was refused ({whose} copy, {status})"
)
@pytest.mark.parametrize(("whose", "status"), [("Ann's", 400), ("Bob's", 400), ("Bob's", 412)])
def test_a_deletion_that_was_refused(scene: Scene, whose: str, status: int) -> None:
    taken_out(scene)
    refused(scene, "graph", "DELETE", "/events", status, ANN if whose == "Ann's" else BOB)
    scene.later(hours=20)
    scene.then(crm=["Visit"], outlook={}, mails=[], writes={"outlook delete": 2})


@behaviour("D7", "D6", says="What leaves the calendar and shall be deleted goes once its mailbox is back")
def test_a_deletion_from_a_mailbox_away(scene: Scene) -> None:
    taken_out(scene)
    scene.work.box.set_mailbox(address(BOB), "forbidden")
    scene.then(crm=["Visit"], outlook={BOB: ["Visit"]}, mails=[], writes={"outlook delete": 1}, agree=False)
    scene.work.box.set_mailbox(address(BOB), "ok")
    scene.then(crm=["Visit"], outlook={}, mails=[], writes={"outlook delete": 1})


@behaviour("D6", "D7", says="What comes back to the calendar before all of it was deleted is whole again, not doubled")
def test_back_before_all_was_deleted(scene: Scene) -> None:
    taken_out(scene)
    refused(scene, "graph", "DELETE", "/events", 400, BOB)
    scene.crm().change("sch-1", calendar=CALENDAR)
    scene.then(crm=["Visit"], outlook=BOTH, mails=[], writes={"outlook delete": 1, "outlook create": 1})


@behaviour("D7", says="A tenant that no longer has deleted what leaves the calendar keeps what is left of it")
def test_the_tenant_changes_its_mind(scene: Scene) -> None:
    taken_out(scene)
    refused(scene, "graph", "DELETE", "/events", 400, BOB)
    scene.work.configure(out_of_scope="unlink")
    scene.later(hours=20)
    scene.then(crm=["Visit"], outlook={BOB: ["Visit"]}, mails=[], writes={"outlook delete": 1}, agree=False)


@behaviour("A2", "D1", "F5", says="A change that waits is not forgotten when its record cannot be read for once")
def test_a_record_that_cannot_be_read_once(scene: Scene) -> None:
    scene.work.configure(window={"past_days": 10, "future_days": 21})
    scene.given(crm_events=[old("Fair", id="sch-1")])
    start = DAY + timedelta(days=25)
    scene.crm().move("sch-1", start, start + timedelta(hours=1))
    scene.settled()
    scene.crm().rename("sch-1", "Expo")
    for _ in range(2):  # so that no listing tells of the change any more
        refused(scene, "graph", "PATCH", "/events")
        scene.later(hours=5)
    scene.work.box.fault("sharecrm", {"code": errors.LOCKED}, path="data/get")
    scene.work.run(may_fail=True)
    scene.work.box.clear_faults()
    scene.later(hours=20)
    scene.then(crm=["Expo"], outlook={ANN: ["Expo"]}, mails=[], writes={"outlook update": 1})
    since = max(request["n"] for request in scene.work.box.requests())
    scene.run()
    asked = [r["path"] for r in scene.work.box.requests() if r["n"] > since]
    assert not [path for path in asked if path.endswith("data/get")]


@behaviour("C10", "G10", "A5", says="An edit that could not be carried over is, once its user is authorised again")
def test_an_edit_that_waited_over_a_withdrawal(scene: Scene) -> None:
    scene.given(outlook_events=[own("Call")])
    scene.outlook().rename(scene.event(ANN)["id"], "Talk")
    scene.work.box.fault("sharecrm", {"code": errors.LOCKED}, path="data/update")
    scene.work.run(may_fail=True)
    scene.work.box.clear_faults()
    scene.revoke(ANN)
    scene.settle(agree=False)
    scene.later(hours=20)
    scene.work.authorise(ANN)
    scene.then(crm=["Talk"], outlook={ANN: ["Talk"]}, mails=[], writes={"crm update": 1})
