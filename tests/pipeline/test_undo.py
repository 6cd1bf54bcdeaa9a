"""Undo over both systems: every kind of change, in both directions, mails as foretold, rest afterwards (RULES G9)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from config.at_work import call, connect
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, DAY, ZOE, address, old, own
from pipeline.workplace import Workplace

from calsync.core.model import LinkState
from calsync.core.plan import Word
from calsync.stages import holds
from calsync.store.records import HistoryEntry

Act = Callable[[Scene, str], object]
VISIT = {ANN: ["Visit"], BOB: ["Visit"]}


@pytest.fixture
def scene(work: Workplace) -> Iterator[Scene]:
    work.keep_open()
    yield Scene(work)
    work.close()


def history(scene: Scene) -> list[HistoryEntry]:
    """What was done, oldest first."""
    with scene.work.at_work() as ports:
        return [entry for entry in ports.store.history(scene.work.tenant.key) if entry.action]


def undo(scene: Scene, run: str = "") -> dict[str, Any]:
    """Undo a run, else the last that wrote; the mails that it sends are those it had announced."""
    named = run or history(scene)[-1].run
    shown = json.loads(scene.command("undo", "sandbox", "--run", named, "--json"))
    before = len(scene.work.box.mails())
    with pytest.MonkeyPatch.context() as patch, scene.work.at_work():
        connect(scene.work, patch)
        answer = call("undo", "sandbox", "--run", named, "--yes", "--json")
    sent = scene.work.box.mails()[before:]
    told: dict[str, Any] = json.loads(answer.stdout)
    assert (told["mails"], told["meetings"]) == (len(sent), told["meetings"])
    assert [one["link"] for one in shown["meetings"]] == [one["link"] for one in told["meetings"]]
    assert answer.exit_code == (1 if told["refused"] or any(one["held"] for one in told["meetings"]) else 0), answer
    return told


def copies(scene: Scene) -> str:
    """An old record of Ann's with Bob and a contact, which both have as a copy."""
    scene.given(crm_events=[old(id="sch-1", attendees=[BOB], contacts=[ZOE])])
    return "sch-1"


def invited(scene: Scene) -> str:
    """A record made after the first sync: Ann's event invites Bob and Zoe."""
    scene.given()
    record = scene.record(attendees=[BOB], contacts=[ZOE])
    scene.settled()
    return record


def theirs(scene: Scene) -> str:
    """Ann's own event with Bob and Zoe, and the record made from it."""
    scene.given()
    scene.meeting("Visit", guests=(address(BOB), address(ZOE)))
    scene.settled()
    return str(scene.work.records()[0]["id"])


FORMS: dict[str, Callable[[Scene], str]] = {"copies": copies, "invited": invited, "theirs": theirs}


def in_crm(**changes: Any) -> Act:
    return lambda scene, record: scene.crm().change(record, **changes)


def moved(scene: Scene, _: str) -> None:
    start = DAY + timedelta(hours=5)
    times = {name: {"dateTime": at.strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}
             for name, at in (("start", start), ("end", start + timedelta(hours=1)))}  # fmt: skip
    scene.outlook().change(scene.event(ANN)["id"], **times)


def retitled(scene: Scene, _: str) -> None:
    scene.outlook().change(scene.event(ANN)["id"], subject="Dinner")


def content(scene: Scene) -> list[Any]:
    """What people see on both sides."""
    records = [(r["content"], r["start"], r["end"], sorted(r["attendees"]), sorted(r["contacts"]))
               for r in scene.work.records()]  # fmt: skip
    events = [
        (e["subject"], e["start"], e["end"], e.get("sensitivity"),
         sorted(p["emailAddress"]["address"] for p in e["attendees"]))
        for who in (ANN, BOB, CAI) for e in scene.work.events(address(who)) if not e.get("isCancelled")
    ]  # fmt: skip
    return [records, events]


CHANGES: dict[str, Act] = {
    "title in ShareCRM": in_crm(content="Dinner"),
    "title in Outlook": retitled,
    "time in Outlook": moved,
    "who takes part, in ShareCRM": in_crm(participants=[ANN, CAI]),
    "title in ShareCRM, time in Outlook": lambda s, r: (in_crm(content="Dinner")(s, r), moved(s, r)),
}


EVERY_FORM = ("title in ShareCRM", "title in Outlook")
CASES = [(form, act) for act in CHANGES for form in (FORMS if act in EVERY_FORM else ("invited",))]


@pytest.mark.parametrize(
    ("form", "act"), [(FORMS[f], CHANGES[a]) for f, a in CASES], ids=[f"{f}: {a}" for f, a in CASES]
)
def test_a_change_goes_back_on_both_sides(scene: Scene, form: Callable[[Scene], str], act: Act) -> None:
    record = form(scene)
    before = content(scene)
    act(scene, record)
    scene.settled()
    assert content(scene) != before
    told = undo(scene)
    assert content(scene) == before
    assert [len(told["meetings"]), told["refused"]] == [1, []]
    wrote = len(scene.work.writes())
    for _ in range(3):
        scene.run()
    assert len(scene.work.writes()) == wrote


def test_what_is_shown_first_is_what_goes_back_and_nothing_is_written_yet(scene: Scene) -> None:
    record = invited(scene)
    scene.crm().rename(record, "Dinner")
    scene.settled()
    wrote, run = len(scene.work.writes()), history(scene)[-1].run
    shown = scene.command("undo", "sandbox", "--run", run)
    assert "title Visit ← Dinner" in shown
    assert "Undoing 1 meeting sends 2 mails, 1 of them to people outside." in shown
    assert "Nothing was changed." in shown
    assert len(scene.work.writes()) == wrote
    assert [entry.run for entry in history(scene)][-1] == run


def test_what_is_parked_of_it_is_shown_so_and_promises_no_mail(scene: Scene) -> None:
    invited(scene)
    run = history(scene)[-1].run
    scene.work.box.fault("graph", {"status": 403, "code": "ErrorAccessDenied"}, method="DELETE")
    with pytest.MonkeyPatch.context() as patch:
        connect(scene.work, patch)
        call("undo", "sandbox", "--run", run, "--yes")
    scene.work.box.clear_faults()

    shown = scene.command("undo", "sandbox", "--run", run)

    assert f"Outlook, {ANN}: parked: " in shown
    assert "Undoing 1 meeting sends 0 mails, 0 of them to people outside." in shown
    assert scene.work.box.mails()[-1]["kind"] == "invitation"


def test_the_undo_of_an_undo_brings_the_change_again(scene: Scene) -> None:
    record = invited(scene)
    scene.crm().rename(record, "Dinner")
    scene.settled()
    undo(scene)
    undo(scene)
    scene.then(
        crm=["Dinner"],
        outlook={ANN: ["Dinner"], BOB: ["Dinner"]},
        mails=mails("update", BOB, ZOE, BOB, ZOE),
        writes={"crm update": 2, "outlook update": 2},
    )


def test_by_its_meeting_the_last_run_that_wrote_it_is_undone(scene: Scene) -> None:
    record = copies(scene)
    scene.crm().rename(record, "Dinner")
    scene.settled()
    last = history(scene)[-1]
    told = json.loads(scene.command("undo", "sandbox", "--meeting", last.link, "--yes", "--json"))
    assert told["run"] == last.run
    scene.then(crm=["Visit"], outlook=VISIT, mails=[], writes={"crm update": 1, "outlook update": 2})


def test_silent_copies_go_again_and_stay_away(scene: Scene) -> None:
    copies(scene)
    undo(scene)
    scene.then(crm=["Visit"], outlook={}, mails=[], writes={"outlook delete": 2}, agree=False)
    undo(scene)
    scene.then(crm=["Visit"], outlook=VISIT, mails=[], writes={"outlook create": 2})


def test_an_invitation_is_taken_back_with_the_mails_it_announces(scene: Scene) -> None:
    invited(scene)
    undo(scene)
    scene.then(
        crm=["Visit"],
        outlook={},
        mails=mails("cancellation", BOB, ZOE),
        writes={"outlook delete": 1},
        agree=False,  # the meeting is unlinked
    )


def test_a_record_made_from_outlook_goes_and_its_event_stays(scene: Scene) -> None:
    theirs(scene)
    undo(scene)
    scene.then(crm=[], outlook=VISIT, mails=[], writes={"crm invalid": 1}, agree=False)
    undo(scene)
    scene.then(crm=["Visit"], outlook=VISIT, mails=[], writes={"crm recover": 1})


def test_what_first_contact_joined_is_parted_again(scene: Scene) -> None:
    scene.given(crm_events=[old("Lunch", id="sch-1")], outlook_events=[own("Lunch")])
    undo(scene)
    scene.crm().rename("sch-1", "Dinner")
    scene.then(crm=["Dinner"], outlook={ANN: ["Lunch"]}, mails=[], writes={}, agree=False)


DELETIONS: dict[str, Act] = {
    "in ShareCRM": lambda scene, record: scene.crm().cancel(record),
    "in Outlook": lambda scene, _: scene.outlook().delete(scene.event(ANN)["id"]),
}


@pytest.mark.parametrize("act", DELETIONS.values(), ids=DELETIONS)
@pytest.mark.parametrize("form", [copies, invited], ids=["copies", "invited"])
def test_a_deletion_is_taken_back_and_mails_nobody(scene: Scene, form: Callable[[Scene], str], act: Act) -> None:
    record = form(scene)
    act(scene, record)
    scene.settled(agree=False)
    assert not scene.work.records()
    undo(scene)
    scene.then(crm=["Visit"], outlook=VISIT, mails=[], writes={"crm recover": 1, "outlook create": 2})
    assert scene.people("Visit") == ({ANN, BOB}, {ZOE})
    undo(scene)
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 1, "outlook delete": 2})


def fifteen(scene: Scene) -> list[str]:
    """Fifteen records of Ann's with Bob, all of which one run has moved to another title."""
    planted = [old(f"Visit {n:02}", id=f"sch-{n}", hours=n, attendees=[BOB]) for n in range(15)]
    scene.given(crm_events=planted)
    records = [one["id"] for one in planted]
    for n, record in enumerate(records):
        scene.crm().rename(record, f"Moved {n:02}")
    scene.settled()
    return records


def test_a_run_with_fifteen_meetings_is_undone_but_for_what_people_changed_since(scene: Scene) -> None:
    records = fifteen(scene)
    scene.crm().rename(records[3], "Changed since")
    (event,) = [e for e in scene.work.events(address(ANN)) if e["subject"] == "Moved 07"]
    scene.outlook().change(event["id"], subject="Changed there since")
    told = undo(scene)
    assert len(told["meetings"]) == 13
    assert sorted(one["reason"] for one in told["refused"]) == [
        "its event was changed in Outlook since",
        "its record was changed in ShareCRM since",
    ]
    expected = [f"Visit {n:02}" for n in range(15) if n not in (3, 7)]
    both = [*expected, "Changed since", "Changed there since"]
    scene.then(
        crm=both,
        outlook={ANN: both, BOB: both},
        mails=[],
        # thirteen go back on both sides; two edits are carried over by the runs after it
        writes={"crm update": 13 + 1, "outlook update": 26 + 2 + 1},
    )


def test_what_was_agreed_since_without_a_write_is_a_later_change_too(scene: Scene) -> None:
    record = copies(scene)
    scene.crm().rename(record, "Dinner")
    scene.settled()
    scene.crm().change(record, contacts=[])
    scene.settled()
    (refused,) = undo(scene)["refused"]
    assert refused["reason"].endswith("has changed it since; undo that run first")
    scene.then(crm=["Dinner"], outlook={ANN: ["Dinner"], BOB: ["Dinner"]}, mails=[], writes={})
    assert scene.people("Dinner") == ({ANN, BOB}, set())


def test_over_the_guards_limits_it_is_held_and_a_person_may_approve_it(scene: Scene) -> None:
    scene.given(crm_events=[old(f"Visit {n:02}", id=f"sch-{n}", hours=n) for n in range(15)])
    told = undo(scene)
    assert len([one for one in told["meetings"] if one["held"]]) == 15
    titles = [f"Visit {n:02}" for n in range(15)]
    scene.then(crm=titles, outlook={ANN: titles}, mails=[], writes={})
    approve(scene)
    scene.then(crm=titles, outlook={}, mails=[], writes={"outlook delete": 15}, agree=False)


def approve(scene: Scene) -> None:
    """A person's word to everything that is held; the next run carries it out."""
    work = scene.work
    assert work.last is not None
    with work.at_work() as ports:
        question = holds.assign(work.tenant, ports)
        assert len(holds.answer(work.tenant, ports, work.last, question, Word.APPROVE, "ops")) == 15


def test_a_run_that_nobody_knows_is_told(scene: Scene) -> None:
    scene.given()
    with pytest.MonkeyPatch.context() as patch:
        connect(scene.work, patch)
        unknown = call("undo", "sandbox", "--run", "no-such-run")
        both = call("undo", "sandbox")
    assert (unknown.exit_code, both.exit_code) == (1, 2)
    assert "this run has written nothing that is known; history reaches back" in unknown.output


def test_a_meeting_that_nobody_knows_is_told_apart_from_one_that_no_run_wrote(scene: Scene) -> None:
    scene.given()
    scene.work.configure(limits={"max_mails_per_run": 0})
    scene.record(contacts=[ZOE])
    scene.settled(agree=False)
    with scene.work.at_work() as ports:
        (held,) = ports.store.links(scene.work.tenant.key)
    with pytest.MonkeyPatch.context() as patch:
        connect(scene.work, patch)
        unknown = call("undo", "sandbox", "--meeting", "nope")
        unwritten = call("undo", "sandbox", "--meeting", held.id)
    assert (unknown.exit_code, unwritten.exit_code) == (1, 1)
    assert "no meeting has this id: see `link` in `python -m calsync explain sandbox --title TEXT --json`" in (
        unknown.stderr
    )
    assert "no run has written this meeting that is known; history reaches back" in unwritten.stderr


def test_the_undone_meeting_is_unlinked_with_its_reason(scene: Scene) -> None:
    copies(scene)
    undo(scene)
    with scene.work.at_work() as ports:
        (link,) = ports.store.links(scene.work.tenant.key)
    assert link.state is LinkState.UNLINKED
    assert link.reason.startswith("a person undid what calsync had done")
