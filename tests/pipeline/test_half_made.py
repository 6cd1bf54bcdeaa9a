"""An event that a run made or deleted and died over: nobody edited or removed it, whatever is said since (G3, E2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from conformance.scene import Scene, mails
from pipeline.death import Death
from pipeline.team import ANN, BOB, CAI, DAY, ZOE, old
from pipeline.workplace import Workplace


@pytest.fixture
def scene(work: Workplace) -> Iterator[Scene]:
    work.keep_open()
    yield Scene(work)
    work.close()


def renamed_in_sharecrm(scene: Scene, record: str) -> None:
    scene.work.box.set_microsoft(delta_lag=1)
    scene.crm().rename(record, "Demo")


def renamed_in_outlook(scene: Scene, _: str) -> None:
    event = scene.event(ANN)["id"]
    scene.work.box.set_microsoft(delta_lag=1)
    scene.outlook().rename(event, "Demo")


def moved_out_of_sight_and_renamed(scene: Scene, record: str) -> None:
    far = DAY + timedelta(days=300)
    starts, ends = (f"{far + timedelta(hours=n):%Y-%m-%dT%H:%M:%S}" for n in (0, 1))
    scene.outlook().move(scene.event(ANN)["id"], starts, ends)
    scene.later(seconds=10)
    scene.crm().rename(record, "Demo")


async def finds_nothing(*_: object) -> list[object]:
    """Graph's search, while it does not know of the event yet."""
    return []


MADE = {"outlook create": 1}


@pytest.mark.parametrize(
    ("edit", "found", "writes"),
    [
        (renamed_in_sharecrm, True, MADE | {"outlook update": 1}),
        (renamed_in_outlook, True, MADE | {"crm update": 1}),
        (moved_out_of_sight_and_renamed, True, MADE | {"crm update": 1, "outlook update": 1}),
        (renamed_in_sharecrm, False, MADE | {"outlook update": 1}),
        (renamed_in_outlook, False, MADE | {"crm update": 1}),
        (moved_out_of_sight_and_renamed, False, MADE | {"outlook update": 1}),
    ],
)
def test_both_sides_show_what_was_said_last(
    scene: Scene,
    edit: Callable[[Scene, str], None],
    found: bool,
    writes: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """found: whether the next run finds the event by its mark; else Graph says that it was made before."""
    scene.given()
    record = scene.record(contacts=[ZOE])
    death = Death(1, sent=True)
    with death.awaited(scene.work):
        scene.work.run()
    assert death.fallen
    scene.later(seconds=10)
    edit(scene, record)
    before = scene.work.box.mails()
    assert [mail["kind"] for mail in before].count("invitation") == 1

    with monkeypatch.context() as patch:
        if not found:
            patch.setattr("calsync.graph.read.find_by_mark", finds_nothing)
        told = scene.work.run()

    again = str(told["sentence"]).endswith("1 moved on meanwhile and decided again.")
    assert again is not found
    assert found or scene.work.box.mails() == before
    updated = mails("update", ZOE) if "outlook update" in writes else []
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=mails("invitation", ZOE) + updated, writes=writes)


def test_who_comes_back_gets_the_copy_that_was_just_taken_away(scene: Scene) -> None:
    scene.given(crm_events=[old("Visit", id="sch-1", attendees=[BOB, CAI])])
    everybody = {ANN: ["Visit"], BOB: ["Visit"], CAI: ["Visit"]}
    scene.crm().change("sch-1", participants=[ANN, CAI])
    death = Death(1, sent=True)
    with death.awaited(scene.work):
        scene.work.run()
    assert death.fallen
    assert not scene.titles(BOB)
    scene.later(seconds=10)
    scene.crm().change("sch-1", participants=[ANN, BOB, CAI])
    scene.then(crm=["Visit"], outlook=everybody, mails=[], writes={"outlook delete": 1, "outlook create": 1})
