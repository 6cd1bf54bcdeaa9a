"""Held until a person answers, over both systems: what waits, what each answer does, and rest afterwards (G5, G6)."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result
from config.at_work import call, connect
from conformance.scene import Scene, mails
from pipeline.post import Mails
from pipeline.team import ANN, BOB, CAI, DAY, STRANGER, ZOE, address, old
from pipeline.workplace import Workplace

from calsync.core.plan import Word
from calsync.stages.answering import answer_now
from calsync.stages.context import Run
from calsync.stages.doctor import doctor
from calsync.stages.holds import Question, answer, assign, gather, put, question, unanswered, what_waits
from calsync.store.records import HistoryEntry

TITLES = [f"Visit {n:02}" for n in range(20)]


@pytest.fixture
def scene(work: Workplace) -> Iterator[Scene]:
    work.keep_open()
    yield Scene(work)
    work.close()


def said(scene: Scene, word: Word) -> Mails:
    """A person answers all that waits, and it is carried out; it sends exactly the mails that the question said."""
    work = scene.work
    at = datetime.now(UTC) + work.late
    work.last = run = Run(f"test-{secrets.token_hex(4)}", "answer", at, f"test:{secrets.token_hex(4)}")
    before = len(work.box.mails())
    with work.at_work() as ports:
        asked = ask(scene)
        answered, told = answer_now(work.tenant, ports, run, [asked.id], word, "ops@contoso")
    assert (len(answered), told["failed"]) == (asked.meetings, 0), told
    sent = [(mail["kind"], mail["to"]) for mail in work.box.mails()[before:]]
    assert len(sent) == asked.mails[word]
    return sent


def ask(scene: Scene) -> Question:
    with scene.work.at_work() as ports:
        name = assign(scene.work.tenant, ports)
        put(scene.work.tenant, ports, name)
        return question(scene.work.tenant, ports.store, name)


def history(scene: Scene, rule: str = "G6") -> list[HistoryEntry]:
    with scene.work.at_work() as ports:
        return [entry for entry in ports.store.history(scene.work.tenant.key) if entry.rule == rule]


def emptying(scene: Scene) -> None:
    """Twelve of twenty old meetings with Bob vanish from Ann's calendar, and a thirteenth is renamed there."""
    scene.given(crm_events=[old(t, id=f"sch-{n}", hours=n, attendees=[BOB]) for n, t in enumerate(TITLES)])
    events = {event["subject"]: event["id"] for event in scene.work.events(address(ANN))}
    for title in TITLES[:12]:
        scene.outlook().delete(events[title])
    scene.outlook().rename(events[TITLES[12]], "Demo")
    rest = ["Demo", *TITLES[13:]]
    scene.then(
        crm=[*TITLES[:12], *rest],
        outlook={ANN: rest, BOB: [*TITLES[:12], *rest]},
        mails=[],
        writes={"crm update": 1, "outlook update": 1},
        reports=("it would end 12 of 20 meetings within 24 hours",),
        agree=False,
    )
    assert len(scene.held()) == 24


REST = ["Demo", *TITLES[13:]]
ALL = [*TITLES[:12], *REST]


@pytest.mark.parametrize(
    ("word", "crm", "ann", "bob", "writes"),
    [
        (Word.APPROVE, REST, REST, REST, {"crm invalid": 12, "outlook delete": 12}),
        (Word.RESTORE, ALL, ALL, ALL, {"outlook create": 12}),
        (Word.UNLINK, ALL, REST, ALL, {}),
    ],
)
def test_a_mass_deletion_in_outlook(
    scene: Scene, word: Word, crm: list[str], ann: list[str], bob: list[str], writes: dict[str, int]
) -> None:
    emptying(scene)
    said(scene, word)
    scene.then(crm=crm, outlook={ANN: ann, BOB: bob}, mails=[], writes=writes, agree=word is Word.RESTORE)
    assert not scene.held()
    assert [(one.who, one.reason) for one in history(scene)] == [("ops@contoso", f"a person answered: {word}")] * 12
    scene.outlook().delete(next(e["id"] for e in scene.work.events(address(ANN)) if e["subject"] == "Demo"))
    scene.settled(agree=False)
    assert "Demo" not in [record["content"] for record in scene.work.records()], "one more is no disaster"


@pytest.mark.parametrize("word", list(Word))
def test_a_mass_deletion_in_sharecrm(scene: Scene, word: Word) -> None:
    """Three meetings with people on them are all that Ann has: sudden emptiness."""
    scene.given()
    made = [scene.record(title, hours=n, contacts=[ZOE]) for n, title in enumerate(TITLES[:3])]
    scene.settled()
    for record in made:
        scene.crm().cancel(record)
    standing = {ANN: TITLES[:3]}
    why = ("it would leave none of the",)
    scene.then(crm=[], outlook=standing, mails=[], writes={}, reports=why, agree=False)
    said(scene, word)
    living = TITLES[:3] if word is Word.RESTORE else []
    gone = word is Word.APPROVE
    scene.then(
        crm=living,
        outlook={} if gone else standing,
        mails=mails("cancellation", ZOE, ZOE, ZOE) if gone else [],
        writes={Word.APPROVE: {"outlook delete": 3}, Word.RESTORE: {"crm recover": 3}, Word.UNLINK: {}}[word],
        agree=word is not Word.UNLINK,
    )


def test_a_side_that_moves_on_drops_its_hold_and_is_decided_anew(scene: Scene) -> None:
    scene.given(crm_events=[old(t, id=f"sch-{n}", hours=n) for n, t in enumerate(TITLES[:3])])
    for event in scene.work.events(address(ANN)):
        scene.outlook().delete(event["id"])
    scene.then(crm=TITLES[:3], outlook={}, mails=[], writes={}, agree=False)
    scene.crm().rename("sch-0", "Demo")
    scene.run()
    scene.then(
        crm=["Demo", *TITLES[1:3]],
        outlook={ANN: ["Demo"]},
        mails=[],
        writes={"outlook create": 1},
        reports=("what a held action rested on has moved on; it is dropped, and decided anew by the next run",),
        agree=False,
    )
    assert len(scene.held()) == 2, "the others wait still"
    said(scene, Word.APPROVE)
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes={"crm invalid": 2})


@pytest.mark.parametrize(
    ("word", "sent", "ann", "cai", "writes"),
    [
        (
            Word.APPROVE,
            [*mails("update", BOB, ZOE), *mails("invitation", CAI)],
            "Demo",
            ["Demo"],
            {"outlook update": 1},
        ),
        (Word.RESTORE, [], "Visit", ["Visit"], {"outlook create": 1}),
        (Word.UNLINK, [], "Visit", [], {}),
    ],
)
def test_the_mail_budget_of_a_change(
    scene: Scene, word: Word, sent: Mails, ann: str, cai: list[str], writes: dict[str, int]
) -> None:
    scene.given(crm_events=[old("Quiet", id="sch-1", hours=4)])
    visit = scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled()
    scene.work.configure(limits={"max_mails_per_run": 2})
    scene.crm().change(visit, content="Demo", participants=[ANN, BOB, CAI])
    scene.crm().rename("sch-1", "Silent")
    guest = {ANN: ["Silent", "Visit"], BOB: ["Visit"]}
    scene.then(crm=["Demo", "Silent"], outlook=guest, mails=[], writes={"outlook update": 1}, agree=False)
    assert sorted(said(scene, word)) == sorted(sent)
    standing = {ANN: ["Silent", ann], BOB: [ann], CAI: cai}
    scene.then(crm=["Demo", "Silent"], outlook=standing, mails=sent, writes=writes, agree=word is Word.APPROVE)


@pytest.mark.parametrize("word", list(Word))
def test_the_mail_budget_of_a_new_meeting(scene: Scene, word: Word) -> None:
    scene.given()
    scene.work.configure(limits={"max_mails_per_run": 1})
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.then(crm=["Visit"], outlook={}, mails=[], writes={}, agree=False)
    said(scene, word)
    scene.then(
        crm=["Visit"],
        outlook={} if word is Word.UNLINK else {ANN: ["Visit"], BOB: ["Visit"]},
        mails=mails("invitation", BOB, ZOE) if word is Word.APPROVE else [],
        writes={Word.APPROVE: {"outlook create": 1}, Word.RESTORE: {"outlook create": 2}, Word.UNLINK: {}}[word],
        agree=word is not Word.UNLINK,
    )


def test_a_change_to_an_ended_meeting_is_approved(scene: Scene) -> None:
    """E5: it mails people outside, and does so only now."""
    scene.given()
    visit = scene.record("Visit", contacts=[ZOE])
    scene.settled()
    scene.later(days=4)
    scene.crm().rename(visit, "Visited")
    scene.then(crm=["Visited"], outlook={ANN: ["Visit"]}, mails=[], writes={}, agree=False)
    said(scene, Word.APPROVE)
    scene.then(crm=["Visited"], outlook={ANN: ["Visited"]}, mails=mails("update", ZOE), writes={"outlook update": 1})


def test_creations_after_a_loss_of_state_are_approved_or_left_and_never_put_back(scene: Scene) -> None:
    """B5: what was never there cannot be put back; such an answer leaves it waiting, to be asked about again."""
    scene.given(crm_events=[old()])
    scene.work.lose_state()
    scene.work.keep_open()
    scene.record("New", hours=4)
    scene.record("Newer", hours=5)
    scene.work.authorise()
    scene.settled(agree=False)
    asked = ask(scene)
    assert (asked.meetings, dict(asked.kinds)) == (2, {"creation": 2})
    with scene.work.at_work() as ports:
        run = Run("answers", "answer", ports.now(), "test:answers")
        assert answer(scene.work.tenant, ports, run, asked.id, Word.RESTORE, "ops") == []
        assert assign(scene.work.tenant, ports) not in ("", asked.id)
        first, second = sorted(what_waits(scene.work.tenant, ports.store), key=lambda one: one.title)
        answer_now(scene.work.tenant, ports, run, [first.link], Word.APPROVE, "ops")
        answer(scene.work.tenant, ports, run, second.link, Word.UNLINK, "ops")
    scene.then(
        crm=["New", "Newer", "Visit"],
        outlook={ANN: ["New", "Visit"]},
        mails=[],
        writes={"outlook create": 1},
        agree=False,
    )
    assert not scene.held()


def test_what_waits_outlives_retention_and_an_answer_outlives_a_failure(scene: Scene) -> None:
    scene.given(crm_events=[old(t, id=f"sch-{n}", hours=n) for n, t in enumerate(TITLES[:3])])
    for event in scene.work.events(address(ANN)):
        scene.outlook().delete(event["id"])
    scene.settled(agree=False)
    with scene.work.at_work() as ports:
        later = ports.now() + timedelta(days=4000)
        ports.store.prune(scene.work.tenant.key, later)
        ports.staging.prune(scene.work.tenant.key, later)
    asked = ask(scene)
    assert asked.meetings == 3

    scene.work.impatient = True
    scene.work.box.fault("sharecrm", {"status": 503}, path=".*/crm/v2/data/invalid.*")
    with scene.work.at_work() as ports:
        run = Run("answers", "answer", ports.now(), "test:answers")
        answer_now(scene.work.tenant, ports, run, [asked.id], Word.APPROVE, "ops")
    scene.work.box.clear_faults()
    scene.work.impatient = False
    assert not scene.held(), "nobody is asked twice"
    scene.later(hours=1)
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 3})


def test_a_question_names_nobody_and_nothing(scene: Scene) -> None:
    scene.given()
    scene.record("Project Nightingale", attendees=[BOB], contacts=[ZOE])
    scene.record("Dinner", hours=2, contacts=[ZOE])
    scene.work.configure(limits={"max_mails_per_run": 0})
    scene.settled(agree=False)
    text = ask(scene).markdown("https://airflow.example/calsync")
    for told in ("2 meetings", "2 × mails", "create in Outlook: 2", "3 mails", "https://airflow.example/calsync"):
        assert told in text, text
    for personal in ("Nightingale", "Dinner", "@", "Ann", "Bob", "Zoe"):
        assert personal not in text
    with scene.work.at_work() as ports:
        assert assign(scene.work.tenant, ports) == "", "nobody is asked twice"
        (put_already,) = unanswered(ports.store, scene.work.tenant.key)
    command(scene, put_already, "--unlink")
    with scene.work.at_work() as ports:
        assert unanswered(ports.store, scene.work.tenant.key) == []


def test_the_command_shows_what_waits_and_carries_an_answer_out(scene: Scene) -> None:
    scene.given()
    scene.record("Visit", contacts=[ZOE])
    scene.record("Doctor", hours=2, contacts=[ZOE], private=True)
    scene.work.configure(limits={"max_mails_per_run": 0})
    scene.settled(agree=False)
    waits = json.loads(command(scene, "--json"))["waiting"]
    assert sorted((one["title"], one["mails"], one["kind"]) for one in waits) == [
        ("Private", 1, "mails"),
        ("Visit", 1, "mails"),
    ]
    assert "Doctor" not in command(scene)
    visit = next(one["link"] for one in waits if one["title"] == "Visit")
    told = json.loads(command(scene, visit, "--approve", "--json"))
    assert (told["answered"], told["left"], told["result"]["mails"]) == ([visit], [], 1)
    assert "Outlook 1 created" in command(scene, "--all", "--restore")
    assert "Nothing waits" in command(scene)
    scene.then(
        crm=["Doctor", "Visit"],
        outlook={ANN: ["Doctor", "Visit"]},
        mails=mails("invitation", ZOE),
        writes={"outlook create": 2},
        agree=False,
    )


@pytest.mark.parametrize(
    "wrong", [("--all",), ("--approve",), ("x", "--all", "--approve"), ("x", "--approve", "--unlink")]
)
def test_a_word_and_its_object_belong_together(scene: Scene, wrong: tuple[str, ...]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        connect(scene.work, patch)
        assert call("held", "sandbox", *wrong).exit_code == 2
        assert call("held", "sandbox", STRANGER, "--approve").exit_code == 1


def test_every_run_says_that_meetings_wait_until_somebody_has_answered(scene: Scene) -> None:
    scene.given(crm_events=[old(t, id=f"sch-{n}", attendees=[BOB], hours=n) for n, t in enumerate(TITLES[:3])])
    waits = "3 meetings wait for a person's answer."
    for event in scene.work.events(address(ANN)):
        scene.outlook().delete(event["id"])
    with pytest.MonkeyPatch.context() as patch:
        connect(scene.work, patch)
        assert "person's answer" not in call("status", "sandbox").stdout
        assert "3 meetings would be held for a person." in call("run", "sandbox", "--dry-run").stdout
        assert len(scene.held()) == 0
        first = str(scene.work.run()["sentence"])
        assert (len(scene.held()), first) == (6, f"Nothing was written; 0 skipped. {waits}"), "of each two are held"
        scene.settled(agree=False)
        assert scene.work.run()["sentence"] == f"Nothing to do: nothing new was found. {waits}"
        window = scene.work.run(window=(DAY.date(), DAY.date()))["sentence"]
        assert str(window).endswith(f"Nothing was written; 3 skipped. {waits}")
        assert f"{waits[:-1]}: see `python -m calsync held sandbox`." in call("status", "sandbox").stdout
        assert json.loads(call("status", "sandbox", "--json").stdout)["waiting_for_an_answer"] == 3
        assert "agree" not in call("run", "sandbox", "--dry-run").stdout
    said(scene, Word.RESTORE)
    scene.settled()
    assert scene.work.run()["sentence"] == "Nothing to do: nothing was found and nothing was waiting."


def deleted_in_outlook(scene: Scene) -> dict[str, str]:
    """Three old meetings vanish from Ann's calendar, which is emptied so: their links by title, and they wait."""
    scene.given(crm_events=[old(t, id=f"sch-{n}", hours=n) for n, t in enumerate(TITLES[:3])])
    for event in scene.work.events(address(ANN)):
        scene.outlook().delete(event["id"])
    scene.settled(agree=False)
    with scene.work.at_work() as ports:
        return {one.title: one.link for one in what_waits(scene.work.tenant, ports.store)}


def test_the_command_says_what_was_not_done_since_it_has_moved_on(scene: Scene) -> None:
    links = deleted_in_outlook(scene)
    scene.crm().rename("sch-0", "Demo")
    one = answered(scene, links["Visit 00"], "--approve", code=1)
    assert "Nothing was written" in one.stdout
    assert "1 meeting has moved on since it was held; the next run decides anew." in one.stdout
    assert "2 meetings wait for a person's answer." in one.stdout
    assert one.stderr == (
        f"{links['Visit 00']}: has moved on since it was held, so the answer counts no more; the next run decides it "
        "anew.\n"
    )
    scene.crm().rename("sch-1", "Call")
    told = json.loads(answered(scene, "--all", "--approve", "--json", code=1).stdout)
    assert told["became"] == {links["Visit 01"]: "moved on", links["Visit 02"]: "done"}
    assert (sorted(told["answered"]), told["left"]) == (sorted([links["Visit 01"], links["Visit 02"]]), [])
    scene.then(
        crm=["Call", "Demo"],
        outlook={ANN: ["Call", "Demo"]},
        mails=[],
        writes={"crm invalid": 1, "outlook create": 2},
    )


def test_the_command_says_what_was_not_done_since_a_mailbox_is_away(scene: Scene) -> None:
    """The answer is kept; nobody is asked twice, and whoever looks sees that it is not done yet."""
    scene.given(crm_events=[old(t, id=f"sch-{n}", attendees=[BOB], hours=n) for n, t in enumerate(TITLES[:3])])
    for event in scene.work.events(address(ANN)):
        scene.outlook().delete(event["id"])
    scene.settled(agree=False)
    scene.work.box.set_mailbox(address(BOB), "forbidden")
    links = [one["link"] for one in json.loads(command(scene, "--json"))["waiting"]]
    done = answered(scene, "--all", "--approve", code=1)
    assert "1 mailbox could not be read" in done.stdout
    assert "3 meetings are answered and not done yet; the next run tries again." in done.stdout
    assert done.stderr.count("the answer is noted and not done yet") == 3
    shown = command(scene)
    assert shown.startswith("Nothing waits for a person.\n3 meetings answered with approve: not done yet")
    assert json.loads(command(scene, "--json")) == {
        "tenant": "sandbox",
        "waiting": [],
        "answered": [{"question": "", "word": "approve", "meetings": 3}],
    }
    assert looked(scene) == ("ok", "Nothing waits for a person's answer, and nothing is parked.")
    again = json.loads(answered(scene, links[0], "--unlink", "--json", code=1).stdout)
    assert (again["became"], again["left"]) == ({links[0]: "answered otherwise"}, [links[0]])
    scene.work.box.set_mailbox(address(BOB), "ok")
    retried = json.loads(command(scene, links[0], "--approve", "--json"))
    assert (retried["became"], retried["left"]) == ({links[0]: "done"}, [])
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 3, "outlook delete": 3})


def test_the_command_says_what_a_system_refused(scene: Scene) -> None:
    links = deleted_in_outlook(scene)
    scene.work.box.fault("sharecrm", {"code": 10002}, path="data/invalid")
    both = [links["Visit 00"], links["Visit 01"]]
    done = answered(scene, *both, "--approve", code=1)
    assert done.stdout.startswith("2 parked. Nothing was written")
    assert sorted(done.stderr.splitlines()) == sorted(
        f"{link}: a system refused it; `parked list` shows why and when it is tried again." for link in both
    )
    assert looked(scene)[1].startswith(
        "1 meeting waits for a person's answer: `python -m calsync held sandbox`. 2 parked: "
    )


def test_the_command_says_which_meetings_of_a_question_can_have_no_such_answer(scene: Scene) -> None:
    """What is put back is put back; a creation waits on, and that is no success."""
    links = deleted_in_outlook(scene)
    scene.record("New", hours=6)
    scene.work.run(recover=True)
    asked = ask(scene)
    assert asked.kinds == {"deletion": 3, "creation": 1}
    done = answered(scene, asked.id, "--restore", code=1)
    (new,) = json.loads(command(scene, "--json"))["waiting"]
    assert "Outlook 3 created" in done.stdout
    assert done.stderr == (
        f"{new['link']}: what was never there cannot be put back; it waits for --approve or --unlink.\n"
    )
    told = json.loads(answered(scene, *links.values(), new["link"], "--restore", "--json", code=1).stdout)
    assert told["became"] == {new["link"]: "no such answer"} | dict.fromkeys(links.values(), "unknown")
    assert sorted(told["left"]) == sorted([new["link"], *links.values()])


def test_what_was_to_be_put_back_and_cannot_be_is_said(scene: Scene) -> None:
    links = deleted_in_outlook(scene)
    scene.work.configure(direction="outlook_to_crm")
    link = links["Visit 00"]
    told = json.loads(answered(scene, link, "--restore", "--json", code=1).stdout)
    assert (told["became"], told["left"]) == ({link: "unlinked instead"}, [])


@pytest.mark.parametrize("ids", [("",), (" ",), (STRANGER, "")])
def test_an_empty_id_answers_nothing(scene: Scene, ids: tuple[str, ...]) -> None:
    """A variable that a script never set must not approve whatever nobody was asked about yet."""
    scene.given()
    scene.work.configure(limits={"max_mails_per_run": 0})
    scene.record("Visit", contacts=[ZOE])
    scene.settled(agree=False)
    with pytest.MonkeyPatch.context() as patch:
        connect(scene.work, patch)
        done = call("held", "sandbox", *ids, "--approve")
    assert (done.exit_code, "an id is empty" in done.stderr) == (2, True), done.output
    with scene.work.at_work() as ports:
        run = Run("answers", "answer", ports.now(), "test:answers")
        assert answer(scene.work.tenant, ports, run, "", Word.APPROVE, "ops") == []
        assert question(scene.work.tenant, ports.store, "").meetings == 0
    scene.then(crm=["Visit"], outlook={}, mails=[], writes={}, agree=False)
    assert len(scene.held()) == 1


def test_who_starts_an_approval_by_hand_answers_what_it_showed(scene: Scene) -> None:
    """What is held after it asked is a question of its own."""
    scene.given()
    scene.work.configure(limits={"max_mails_per_run": 0})
    scene.record("Visit", contacts=[ZOE])
    scene.record("Demo", hours=2, contacts=[ZOE])
    scene.settled(agree=False)
    tenant = scene.work.tenant
    with scene.work.at_work() as ports:
        gather(tenant, ports, "by-hand")
        assert question(tenant, ports.store, "by-hand").meetings == 2
    scene.record("Late", hours=4, contacts=[ZOE])
    scene.settled(agree=False)
    with scene.work.at_work() as ports:
        run = Run("answers", "answer", ports.now(), "test:answers")
        assert len(answer(tenant, ports, run, "by-hand", Word.APPROVE, "ops")) == 2
        (late,) = what_waits(tenant, ports.store)
        assert (late.title, late.question) == ("Late", "")


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_an_answer_is_known_by_a_number_where_the_system_has_no_name(scene: Scene, error: type[Exception]) -> None:
    scene.given()
    scene.work.configure(limits={"max_mails_per_run": 0})
    scene.record("Visit", contacts=[ZOE])
    scene.settled(agree=False)

    def nameless() -> str:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("getpass.getuser", nameless)
        command(scene, "--all", "--unlink")
    assert [one.who for one in history(scene)] == [f"uid:{os.getuid()}"]


def answered(scene: Scene, *arguments: str, code: int) -> Result:
    """What a person answers at the command line, and what it says then."""
    with pytest.MonkeyPatch.context() as patch, scene.work.at_work():
        connect(scene.work, patch)
        done = call("held", "sandbox", *arguments)
    assert done.exit_code == code, done.output
    return done


def looked(scene: Scene) -> tuple[str, str]:
    """What `doctor` says of what is held and parked."""
    with scene.work.at_work() as ports:
        (found,) = [check for check in doctor(scene.work.tenant, ports) if check.name == "held and parked"]
    return str(found.level), found.sentence


def command(scene: Scene, *arguments: str) -> str:
    return answered(scene, *arguments, code=0).stdout
