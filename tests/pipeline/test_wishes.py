"""What a person wants of one meeting, over both systems: a value back, a write undone (RULES C5, G9)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, ZOE, old
from pipeline.workplace import Workplace

from calsync.stages.answering import wish_now
from calsync.stages.context import Run
from calsync.stages.wishes import DELETED, HELD, UNKNOWN, note, why_no_wish
from calsync.store.records import HistoryEntry, Wish, WishKind

OLGA = "Olga Ops"


@pytest.fixture
def scene(work: Workplace) -> Iterator[Scene]:
    work.keep_open()
    yield Scene(work)
    work.close()


def conflict(scene: Scene, *, invited: bool = False) -> None:
    """Ann's meeting, renamed "Lunch" in ShareCRM and "Dinner" in Outlook at once; ShareCRM has won."""
    scene.work.configure(conflicts="crm")
    if invited:
        scene.given()
        record = scene.record(attendees=[BOB], contacts=[ZOE])
        scene.settled()
    else:
        record = "sch-1"
        scene.given(crm_events=[old(id=record)])
    scene.crm().change(record, content="Lunch")
    scene.outlook().change(scene.event(ANN)["id"], subject="Dinner")
    scene.settled()


def history(scene: Scene) -> list[HistoryEntry]:
    with scene.work.at_work() as ports:
        return ports.store.history(scene.work.tenant.key)


def the_value_back(scene: Scene) -> Wish:
    entry = next(entry for entry in reversed(history(scene)) if entry.losses)
    return Wish(entry.link, WishKind.RESTORE, f"{entry.id}:0", OLGA, datetime.now(UTC))


def the_last_write_undone(scene: Scene) -> Wish:
    entry = next(entry for entry in reversed(history(scene)) if entry.action)
    return Wish(entry.link, WishKind.UNDO, entry.run, OLGA, datetime.now(UTC))


def do(scene: Scene, wish: Wish) -> None:
    """Carry it out at once."""
    run = Run(f"test-{secrets.token_hex(4)}", "cli", datetime.now(UTC), f"test:{secrets.token_hex(4)}")
    with scene.work.at_work() as ports:
        told = wish_now(scene.work.tenant, ports, run, wish)
    assert not told["failed"], told["sentence"]


def wish(scene: Scene, what: Wish) -> None:
    """Leave it to the next run."""
    with scene.work.at_work() as ports:
        note(scene.work.tenant, ports.store, what)


def open_wishes(scene: Scene) -> list[str]:
    with scene.work.at_work() as ports:
        return list(ports.store.wishes(scene.work.tenant.key))


def refusal(scene: Scene, what: Wish) -> str:
    with scene.work.at_work() as ports:
        (link,) = ports.store.links(scene.work.tenant.key, [what.link]) or [None]
        return why_no_wish(scene.work.tenant, ports.store, link, what)


def test_a_value_comes_back_at_once_with_the_mails_of_any_change(scene: Scene) -> None:
    conflict(scene, invited=True)
    do(scene, the_value_back(scene))
    scene.then(
        crm=["Dinner"],
        outlook={ANN: ["Dinner"], BOB: ["Dinner"]},
        mails=mails("update", BOB, ZOE),
        writes={"crm update": 1, "outlook update": 1},
    )


def test_the_next_run_carries_it_out_and_history_names_who_asked(scene: Scene) -> None:
    conflict(scene)
    wish(scene, the_value_back(scene))
    scene.then(crm=["Dinner"], outlook={ANN: ["Dinner"]}, mails=[], writes={"crm update": 1, "outlook update": 1})
    assert open_wishes(scene) == []
    asked = [entry for entry in history(scene) if entry.who == OLGA]
    assert [(entry.rule, entry.reason) for entry in asked] == [
        ("C5", "a person asked for a value back that had yielded")
    ]


def test_a_restored_value_can_be_undone(scene: Scene) -> None:
    conflict(scene)
    do(scene, the_value_back(scene))
    do(scene, the_last_write_undone(scene))
    scene.then(crm=["Lunch"], outlook={ANN: ["Lunch"]}, mails=[], writes={"crm update": 2, "outlook update": 2})


def test_what_changed_since_stays_and_history_says_so(scene: Scene) -> None:
    conflict(scene)
    wanted = the_value_back(scene)
    scene.crm().change("sch-1", content="Supper")
    scene.settled()
    do(scene, wanted)
    scene.then(crm=["Supper"], outlook={ANN: ["Supper"]}, mails=[], writes={})
    assert open_wishes(scene) == []
    assert (history(scene)[-1].reason, history(scene)[-1].who) == ("not restored: it was changed again since", OLGA)


def test_a_change_that_comes_at_the_same_time_is_carried_over_and_wins(scene: Scene) -> None:
    conflict(scene)
    wish(scene, the_value_back(scene))
    scene.crm().change("sch-1", content="Supper")
    scene.then(crm=["Supper"], outlook={ANN: ["Supper"]}, mails=[], writes={"outlook update": 1})
    assert open_wishes(scene) == []


def test_a_write_is_undone_by_the_next_run(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1")])
    scene.crm().change("sch-1", content="Lunch")
    scene.settled()
    wish(scene, the_last_write_undone(scene))
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={"crm update": 1, "outlook update": 1})
    assert open_wishes(scene) == []


def test_one_that_would_mail_too_many_waits_for_an_answer_and_is_kept_till_then(scene: Scene) -> None:
    conflict(scene, invited=True)
    scene.work.configure(conflicts="crm", limits={"max_mails_per_run": 1})
    wanted = the_value_back(scene)
    wish(scene, wanted)
    scene.run()
    assert open_wishes(scene) == [wanted.link]
    assert refusal(scene, wanted) == HELD
    scene.command("held", "sandbox", wanted.link, "--approve")
    scene.then(
        crm=["Dinner"],
        outlook={ANN: ["Dinner"], BOB: ["Dinner"]},
        mails=mails("update", BOB, ZOE),
        writes={"crm update": 1, "outlook update": 1},
    )
    assert open_wishes(scene) == []


def test_a_dry_run_shows_it_and_leaves_it_to_the_next(scene: Scene) -> None:
    conflict(scene)
    wanted = the_value_back(scene)
    wish(scene, wanted)
    wrote = len(scene.work.writes())
    scene.work.run(dry_run=True)
    assert [action.evidence for action in scene.work.planned()] == [wanted.of] * 2
    assert len(scene.work.writes()) == wrote
    assert open_wishes(scene) == [wanted.link]


def test_a_wish_that_cannot_be_is_refused_at_once(scene: Scene) -> None:
    conflict(scene)
    wanted = the_value_back(scene)
    assert refusal(scene, wanted) == ""
    for of in ("999999:0", f"{wanted.of[:-1]}7", "x", ""):
        assert refusal(scene, replace(wanted, of=of)) == UNKNOWN
    assert refusal(scene, replace(wanted, kind=WishKind.UNDO, of="no-such-run")) == UNKNOWN
    assert refusal(scene, replace(wanted, link="absent")) == UNKNOWN
    scene.crm().data("invalid", {"object_data_id": "sch-1", "dataObjectApiName": "ScheduleObj"})
    scene.run()
    assert refusal(scene, the_last_write_undone(scene)) == DELETED
