"""The process dies while a word is carried out, an answer or an undo: it is done all the same, once (G6, G9)."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from conformance.scene import Scene, mails
from faults.snapshot import Snapshot
from pipeline.death import Death
from pipeline.team import ANN, BOB, CAI, ZOE, address, old
from pipeline.workplace import Workplace

from calsync.core.plan import ActionState, Verb, Word
from calsync.stages.answering import answer_now, wish_now
from calsync.stages.context import Run
from calsync.stages.holds import assign, put, question
from calsync.stages.run import run_tenant
from calsync.stages.undo import focus_of
from calsync.store.records import Wish, WishKind

WHO = "ops@contoso"
TITLES = ["Visit 0", "Visit 1", "Visit 2"]
OPEN = (ActionState.PLANNED, ActionState.SENT, ActionState.FAILED, ActionState.PARKED, ActionState.HELD)


class Standing(NamedTuple):
    """How the world stands, ids left out, and which mails it took."""

    records: Counter[tuple[Any, ...]]
    events: Counter[tuple[Any, ...]]
    mails: Counter[tuple[Any, ...]]


class Moment:
    """A scene before a person speaks, which is put back for each death."""

    def __init__(self, scene: Scene) -> None:
        self.work = scene.work
        self.work.close()
        self._world = Snapshot(self.work.server.world)
        self._database = (self.work.folder / "calsync.db").read_bytes()

    def again(self) -> None:
        self.work.close()
        self._world.restore()
        for file in self.work.folder.glob("calsync.db*"):
            file.unlink()
        (self.work.folder / "calsync.db").write_bytes(self._database)

    def standing(self) -> Standing:
        records = Counter(
            (r["content"], r["start"], r["end"], tuple(sorted(r["attendees"])), tuple(sorted(r["contacts"])))
            for r in self.work.records()
        )
        events = Counter(
            (who, e["subject"], str(e["start"]), tuple(sorted(g["emailAddress"]["address"] for g in e["attendees"])))
            for who in (ANN, BOB, CAI)
            for e in self.work.events(address(who))
            if not e["isCancelled"]
        )
        return Standing(records, events, Counter((m["kind"], m["to"], m["subject"]) for m in self.work.box.mails()))

    def open_actions(self) -> list[str]:
        with self.work.at_work() as ports:
            found = ports.store.actions(self.work.tenant.key, states=OPEN)
            return [f"{row.state} {row.action.verb} {row.action.side} {row.sentence}" for row in found]

    def twice_told(self) -> list[str]:
        """What history tells more than once: a person's word about a meeting, or a write."""
        with self.work.at_work() as ports:
            history = ports.store.history(self.work.tenant.key)
            rows = ports.store.actions(self.work.tenant.key, ids={entry.action for entry in history})
        without_a_write = {row.action.id for row in rows if row.action.verb in (Verb.LINK, Verb.UNLINK)}
        told = Counter((e.link, e.action, e.reason) for e in history if e.action not in without_a_write)
        return [reason for (_, _, reason), count in told.items() if count > 1]


def a_run(scene: Scene, **more: Any) -> Run:
    at = datetime.now(UTC) + scene.work.late
    return Run(f"test-{secrets.token_hex(4)}", "cli", at, f"test:{secrets.token_hex(4)}", **more)


def die_at_each_write(moment: Moment, speak: Callable[[], None], again: Callable[[], None], *, sent: bool) -> int:
    """Let each write of what a person says be the last one; two runs later all is as if nobody had died.

    :param again: what the person does after the runs, where they find that not all was done
    :returns: how many writes there were
    """
    speak()
    moment.work.run()
    moment.work.run()
    wanted = moment.standing()
    at = 0
    while True:
        at += 1
        moment.again()
        death = Death(at, sent)
        with death.awaited(moment.work):
            speak()
        if not death.fallen:
            return death.writes
        moment.work.run()
        moment.work.run()
        if moment.standing() != wanted:
            again()
        assert moment.standing() == wanted, f"write {at}"
        assert moment.open_actions() == [], f"write {at}"
        assert moment.twice_told() == [], f"write {at}"
        wrote = len(moment.work.writes())
        moment.work.run()
        assert len(moment.work.writes()) == wrote, f"write {at}: a later run writes again"


@pytest.fixture
def scene(work: Workplace) -> Iterator[Scene]:
    work.keep_open()
    yield Scene(work)
    work.close()


# --- an answer -------------------------------------------------------------------------------------------------------


def deleted_in_outlook(scene: Scene) -> None:
    """All that Ann has, of which Bob has copies."""
    scene.given(crm_events=[old(t, id=f"sch-{n}", hours=n, attendees=[BOB]) for n, t in enumerate(TITLES)])
    for event in scene.work.events(address(ANN)):
        scene.outlook().delete(event["id"])


def deleted_in_sharecrm(scene: Scene) -> None:
    """All that Ann has, to which Zoe is invited."""
    scene.given()
    made = [scene.record(title, hours=n, contacts=[ZOE]) for n, title in enumerate(TITLES)]
    scene.settled()
    for record in made:
        scene.crm().cancel(record)


def changed_on_both_sides(scene: Scene) -> None:
    """It mails more people than it may, and one more is to be invited."""
    scene.given()
    visit = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.work.configure(limits={"max_mails_per_run": 2})
    scene.crm().change(visit, content="Demo", participants=[ANN, BOB, CAI])
    (host,) = scene.work.events(address(ANN))
    scene.outlook().change(host["id"], sensitivity="private")


def new(scene: Scene) -> None:
    scene.given()
    scene.work.configure(limits={"max_mails_per_run": 1})
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])


@pytest.mark.parametrize("sent", [False, True], ids=["before it is sent", "after it was done"])
@pytest.mark.parametrize("word", list(Word))
@pytest.mark.parametrize("held", [deleted_in_outlook, deleted_in_sharecrm, changed_on_both_sides, new])
def test_an_answer_is_carried_out_whenever_the_process_dies_over_it(
    scene: Scene, held: Callable[[Scene], None], word: Word, sent: bool
) -> None:
    held(scene)
    work = scene.work
    work.run()
    with work.at_work() as ports:
        name = assign(work.tenant, ports)
        put(work.tenant, ports, name)
        asked = question(work.tenant, ports.store, name)
    before = len(work.box.mails())

    def answer() -> None:
        with work.at_work() as ports:
            answer_now(work.tenant, ports, a_run(scene), [name], word, WHO)

    moment = Moment(scene)
    writes = die_at_each_write(moment, answer, lambda: None, sent=sent)
    assert len(work.box.mails()) - before == asked.mails[word]
    assert writes or word is Word.UNLINK


def failed_half_way(scene: Scene) -> str:
    """A person lets a change mail nobody, and the copy in place of an invitation cannot be made. The record."""
    changed_on_both_sides(scene)
    work = scene.work
    work.run()
    work.impatient = True
    work.box.fault("graph", {"status": 503}, method="POST", path="/events$")
    sent = len(work.box.mails())
    with work.at_work() as ports:
        row, _ = ports.store.actions(work.tenant.key, states=[ActionState.HELD])
        _, told = answer_now(work.tenant, ports, a_run(scene), [row.action.link], Word.RESTORE, WHO)
    assert told["crm_updated"] == 1
    assert len(work.box.mails()) == sent
    work.box.clear_faults()
    (record,) = work.records()
    return str(record["id"])


@pytest.mark.parametrize("title", ["Visit", "Talk"])
def test_a_word_that_failed_half_way_is_still_carried_out_and_mails_nobody(scene: Scene, title: str) -> None:
    """The copy shows what the meeting shows in Outlook by now."""
    failed_half_way(scene)
    work = scene.work
    if title != "Visit":
        scene.outlook().rename(work.events(address(ANN))[0]["id"], title)
    sent = len(work.box.mails())
    work.run()
    work.run()
    assert [scene.titles(each) for each in (ANN, BOB, CAI)] == [[title]] * 3
    assert len(work.box.mails()) == sent
    assert Moment(scene).open_actions() == []


def test_a_word_that_failed_half_way_is_not_about_what_is_changed_afterwards(scene: Scene) -> None:
    """Its copy shows the meeting as it is now, like everybody's event, and who has to know of that is mailed."""
    record = failed_half_way(scene)
    scene.crm().rename(record, "Fair")
    mailed = [*scene.run(), *scene.run(), *scene.run()]
    assert [scene.titles(each) for each in (ANN, BOB, CAI)] == [["Fair"]] * 3
    assert sorted(mailed) == sorted(mails("update", BOB, ZOE))
    assert Moment(scene).open_actions() == []


# --- an undo ---------------------------------------------------------------------------------------------------------


def a_copy_changed(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB], contacts=[ZOE])])
    scene.crm().rename("sch-1", "Dinner")
    scene.settled()


def an_invitation_changed(scene: Scene) -> None:
    scene.given()
    record = scene.record(attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.crm().change(record, content="Dinner", participants=[ANN, BOB, CAI])
    scene.settled()


def an_invitation_made(scene: Scene) -> None:
    scene.given()
    scene.record(attendees=[BOB], contacts=[ZOE])
    scene.settled()


def copies_made(scene: Scene) -> None:
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB], contacts=[ZOE])])


def a_record_made(scene: Scene) -> None:
    scene.given()
    scene.meeting("Visit", guests=(address(BOB), address(ZOE)))
    scene.settled()


def a_meeting_deleted(scene: Scene) -> None:
    an_invitation_made(scene)
    (record,) = scene.work.records()
    scene.crm().cancel(record["id"])
    scene.settled(agree=False)


DONE = [a_copy_changed, an_invitation_changed, an_invitation_made, copies_made, a_record_made, a_meeting_deleted]


@pytest.mark.parametrize("sent", [False, True], ids=["before it is sent", "after it was done"])
@pytest.mark.parametrize("by", ["a command", "a wish"])
@pytest.mark.parametrize("done", DONE)
def test_an_undo_is_carried_out_whenever_the_process_dies_over_it(
    scene: Scene, done: Callable[[Scene], None], by: str, sent: bool
) -> None:
    """A wish is kept until it is done; a command is given again where it was not."""
    done(scene)
    work = scene.work
    with work.at_work() as ports:
        last = [entry for entry in ports.store.history(work.tenant.key) if entry.action][-1]

    def undo() -> None:
        with work.at_work() as ports:
            if by == "a wish":
                wish_now(work.tenant, ports, a_run(scene), Wish(last.link, WishKind.UNDO, last.run, WHO, ports.now()))
            else:
                focus = focus_of(work.tenant, ports.store, last.run)
                told = run_tenant(work.tenant, ports, a_run(scene, undo=last.run, focus=focus))
                assert not told["failed"], told

    again = undo if by == "a command" else lambda: None
    assert die_at_each_write(Moment(scene), undo, again, sent=sent)
