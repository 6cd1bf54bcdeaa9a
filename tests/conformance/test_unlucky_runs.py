"""Unlucky runs: what one run could not do is not forgotten, and what one did not see is not held against anybody."""

from __future__ import annotations

from conformance.behaviour import behaviour
from conformance.scene import Scene
from pipeline.team import ANN, BOB, address, old

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
