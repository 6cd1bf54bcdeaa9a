"""`python -m calsync explain`: why a meeting is on both sides or not, what happened to it, and what comes next."""

from __future__ import annotations

import getpass
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from config.at_work import call, connect
from pipeline.morning import ANN, BOB, CARLA, TEAM, hour, invite, plain
from pipeline.workplace import CALENDAR, Workplace

from calsync.core.plan import ActionState, Word
from calsync.stages.answering import answer_next
from calsync.stages.context import Run
from calsync.stages.explain import About, explain
from sandbox.client import Sandbox
from sandbox.server import Server

IN_CALENDAR = {"calendar": CALENDAR, "participants": ["1000", "1001"]}


@pytest.fixture
def work(box: Sandbox, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """Ann and Bob, who take part already; the command line leads to their tenant."""
    box.reset(TEAM)
    work = Workplace.open(box, server, tmp_path)
    work.settle_in()
    connect(work, monkeypatch)
    return work


def explained(work: Workplace, *about: str) -> dict[str, Any]:
    """What the command says in JSON; nothing is written by saying it."""
    writes = len(work.writes())
    answer = call("explain", work.tenant.key, *about, "--json")
    assert len(work.writes()) == writes
    told: dict[str, Any] = json.loads(answer.stdout)
    assert answer.exit_code == (len(told["meetings"]) != 1)
    return told


def test_a_meeting_that_is_kept_the_same(work: Workplace) -> None:
    crm = work.box.as_employee("1000")
    record = crm.create("Visit", hour(3), hour(3, 10), contacts=["c-carla"], **IN_CALENDAR)
    work.run()
    crm.rename(record, "Long visit")
    work.run()

    told = explained(work, "--crm", record)

    (meeting,) = told["meetings"]
    assert (meeting["title"], meeting["crm_id"], meeting["state"]) == ("Long visit", record, "living")
    assert told["synchronised"] is True
    assert told["state"][0].startswith("It is kept the same in ShareCRM and Outlook. It is known since ")
    assert told["state"][1] == "One event in its owner's calendar invites the others (A4)."
    assert told["places"][0] == f"ShareCRM: record {record} of employee 1000."
    assert "Outlook, 1000's calendar: event " in told["places"][1]
    assert told["places"][1].endswith(
        "the event that invites, made by calsync; what it shows counts as Outlook's (C1)."
    )
    assert [each["sentence"].split(";")[0] for each in told["happened"]] == [
        "Outlook, 1000's calendar: created",
        "Outlook, 1000's calendar: title changed",
    ]
    assert told["coming"] == ["Nothing: both sides show what was agreed."]
    assert explained(work, "--outlook", meeting["events"][0])["places"] == told["places"]
    assert explained(work, "--title", "LONG vis")["places"] == told["places"]


def test_what_the_next_run_will_do_with_an_edit_and_whom_it_mails(work: Workplace) -> None:
    crm = work.box.as_employee("1000")
    record = crm.create("Visit", hour(3), hour(3, 10), contacts=["c-carla"], **IN_CALENDAR)
    work.run()
    crm.rename(record, "Long visit")

    (coming,) = explained(work, "--crm", record)["coming"]

    assert coming.startswith("Change it (title) in Outlook, 1000's calendar: ")
    assert coming.endswith(" It sends 2 mails, 1 of them outside.")
    assert "Long" not in coming


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({}, "ShareCRM: its Calendar field names another calendar (D6)."),
        ({"calendar": CALENDAR, "days": 700}, "ShareCRM: outside the window (F5)."),
        ({"calendar": CALENDAR, "owner": "1001"}, "Nobody on it has a connected account (A5)."),
    ],
)
@pytest.mark.parametrize("seen", [False, True])
def test_why_a_record_is_not_in_outlook(work: Workplace, more: dict[str, Any], says: str, seen: bool) -> None:
    work.revoke("1001")
    day, owner = more.get("days", 3), more.get("owner", "1000")
    crm = work.box.as_employee(owner)
    record = crm.create("Visit", hour(day), hour(day, 10), participants=[owner], calendar=more.get("calendar", ""))
    if seen:
        work.run()

    told = explained(work, "--crm", record)

    assert told["synchronised"] is False
    assert any("not synchronised" in sentence for sentence in told["state"])
    assert says in told["coming"] or says.split(" (")[0].lower() in " ".join(told["state"]).lower()


def test_why_an_event_is_not_in_sharecrm(work: Workplace) -> None:
    mine = work.box.as_user(BOB).create("New", plain(hour(2)), plain(hour(2, 10)), attendees=invite(CARLA))

    (coming,) = explained(work, "--outlook", mine["id"])["coming"]
    assert coming.startswith("Create it in ShareCRM, as 1001: new in Outlook (E8).")

    work.configure(direction="crm_to_outlook")
    assert explained(work, "--outlook", mine["id"])["coming"] == [
        "Outlook: the direction is ShareCRM to Outlook only (C9)."
    ]


def test_a_meeting_that_stands_on_both_sides_already_is_told_as_one_or_as_ambiguous(work: Workplace) -> None:
    record = work.box.as_employee("1000").create("Visit", hour(3), hour(3, 10), **IN_CALENDAR)
    work.box.as_user(ANN).create("Visit", plain(hour(3)), plain(hour(3, 10)))

    told = " ".join(explained(work, "--crm", record)["coming"])
    assert "Create it in Outlook, 1000's calendar" not in told

    work.box.as_user(ANN).create("Visit", plain(hour(3)), plain(hour(3, 10)))
    assert "choose which belong together" in " ".join(explained(work, "--crm", record)["coming"])


def test_a_new_meeting_with_somebody_who_takes_no_part_is_told_like_any_other(work: Workplace) -> None:
    work.revoke("1001")
    record = work.box.as_employee("1000").create("Visit", hour(3), hour(3, 10), **IN_CALENDAR)

    told = explained(work, "--crm", record)

    assert told["unsure"] == []
    assert any("Create it in Outlook, 1000's calendar" in sentence for sentence in told["coming"])


def test_several_meetings_of_one_title_are_listed_with_their_ids_and_private_ones_are_not_found(
    work: Workplace,
) -> None:
    crm = work.box.as_employee("1000")
    made = [crm.create(f"Visit {n}", hour(n), hour(n, 10), **IN_CALENDAR) for n in (3, 4)]
    secret = crm.create("Visit to a merger", hour(5), hour(5, 10), private=True, **IN_CALENDAR)
    work.run()

    told = explained(work, "--title", "visit")
    assert sorted(meeting["crm_id"] for meeting in told["meetings"]) == sorted(made)
    assert not told["places"]
    shown = call("explain", work.tenant.key, "--title", "visit")
    assert shown.exit_code == 1
    assert all(record in shown.stdout for record in made)

    assert explained(work, "--title", "merger")["meetings"] == []
    (private,) = explained(work, "--crm", secret)["meetings"]
    assert private["title"] == "Private"


def test_what_is_parked_says_why_and_when_it_is_tried_again(work: Workplace) -> None:
    record = work.box.as_employee("1000").create("Visit", hour(3), hour(3, 10), **IN_CALENDAR)
    work.run()
    with work.at_work() as ports:
        (link,) = ports.store.links_by_crm(work.tenant.key, [record])
        (row,) = ports.store.actions(work.tenant.key, links=[link.id])
        ports.store.mark(
            work.tenant.key, [row.action.id], ActionState.PARKED, ports.now(), code="x", sentence="The quota is full"
        )

    (waiting,) = explained(work, "--crm", record)["waiting"]

    assert waiting.startswith(
        "Create it in Outlook, 1000's calendar: parked after 1 try: The quota is full; tried again"
    )


def test_what_is_parked_and_not_due_yet_is_not_done_by_the_next_run(work: Workplace) -> None:
    call_of_bobs = parked(work)

    told = explained(work, "--outlook", call_of_bobs)

    (waiting,), (coming,) = told["waiting"], told["coming"]
    due = waiting.partition("; tried again from ")[2].removesuffix(" (G10).")
    assert due
    assert coming == f"Not before {due}, since it is parked (G10): create it in ShareCRM, as 1001: new in Outlook (E8)."

    work.late += timedelta(minutes=6)
    with work.at_work() as ports:
        later = explain(work.tenant, ports, Run("later", "explain", ports.now(), "later"), About(outlook=call_of_bobs))
    assert later.coming == ("Create it in ShareCRM, as 1001: new in Outlook (E8).",)


def test_what_a_person_dropped_is_told_as_dropped_until_the_meeting_changes(work: Workplace) -> None:
    call_of_bobs = parked(work)
    call("parked", "drop", work.tenant.key, "--all")
    dropped = "dropped by a person; it is not tried again until the meeting changes"

    for _ in range(2):
        told = explained(work, "--outlook", call_of_bobs)
        assert [each["sentence"] for each in told["happened"]] == [
            f"ShareCRM: {dropped} (G10, as {getpass.getuser()})."
        ]
        assert told["waiting"] == []
        assert told["coming"] == [f"Do not create it in ShareCRM, as 1001: {dropped} (G10)."]
        work.run()

    work.box.as_user(BOB).rename(call_of_bobs, "Call about the offer")
    assert explained(work, "--outlook", call_of_bobs)["coming"] == [
        "Create it in ShareCRM, as 1001: new in Outlook (E8)."
    ]


def parked(work: Workplace) -> str:
    """A call of Bob's that ShareCRM refuses; the event's id."""
    made = work.box.as_user(BOB).create("Call", plain(hour(2)), plain(hour(2, 10)))
    work.box.fault("sharecrm", {"code": 10002}, path="data/create")
    work.run()
    return str(made["id"])


def test_an_answer_to_unlink_is_told_before_and_after_it_is_carried_out(work: Workplace) -> None:
    crm = work.box.as_employee("1000")
    records = [crm.create(f"Visit {n}", hour(n), hour(n, 10), **IN_CALENDAR) for n in (3, 4, 5)]
    work.run()
    for record in records:
        crm.cancel(record)
    work.run()
    waits = explained(work, "--crm", records[0])
    assert all(": held for a person since " in sentence for sentence in waits["waiting"])

    with work.at_work() as ports:
        links = [link.id for link in ports.store.links_by_crm(work.tenant.key, records)]
        answer_next(work.tenant, ports, Run("said", "answer", ports.now(), "said"), links, Word.UNLINK, "ops")
    said = explained(work, "--crm", records[0])
    work.run()
    done = explained(work, "--crm", records[0])

    assert said["waiting"]
    assert all(
        re.search(r": a person answered unlink on .* UTC; not carried out yet \(G6\)\.$", one)
        for one in said["waiting"]
    )
    assert said["coming"] == ["Leave both sides alone: a person said: leave both sides as they are (D6)."]
    assert [each["sentence"] for each in done["happened"]][-2:] == [
        "A person answered: unlink (G6, as ops).",
        "ShareCRM: no longer synchronised; a person said: leave both sides as they are (D6).",
    ]
    assert (done["waiting"], done["coming"]) == ([], ["Nothing, while its reason lasts."])


def test_an_undo_is_told_as_what_it_did(work: Workplace) -> None:
    record = work.box.as_employee("1000").create("Visit", hour(3), hour(3, 10), contacts=["c-carla"], **IN_CALENDAR)
    work.run()
    assert work.last
    call("undo", work.tenant.key, "--run", work.last.id, "--yes")

    told = explained(work, "--crm", record)

    undone = "undone: what calsync had made goes again (G9)."
    assert {each["sentence"] for each in told["happened"][1:]} == {
        f"ShareCRM: no longer synchronised; {undone}",
        f"Outlook, 1000's calendar: deleted; {undone}",
    }
    assert told["coming"] == ["Nothing, while its reason lasts."]


def test_a_record_that_was_put_back_is_told_so(work: Workplace) -> None:
    crm = work.box.as_employee("1000")
    records = [crm.create(f"Visit {n}", hour(n), hour(n, 10), **IN_CALENDAR) for n in (3, 4, 5)]
    work.run()
    for record in records:
        crm.cancel(record)
    work.run()
    call("held", work.tenant.key, "--all", "--restore")

    told = explained(work, "--crm", records[0])

    assert told["happened"][-1]["sentence"] == "ShareCRM: put back; a person said: put it back (E6, as 1000)."


@pytest.mark.parametrize("system", ["ShareCRM", "Outlook"])
def test_a_system_that_cannot_be_reached_is_said_and_memory_is_told(
    work: Workplace, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    record = work.box.as_employee("1000").create("Visit", hour(3), hour(3, 10), **IN_CALENDAR)
    work.run()
    conn = work.tenant.connections.crm if system == "ShareCRM" else work.tenant.connections.graph
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn.upper()}", "{broken")

    told = explained(work, "--crm", record)

    assert told["unsure"][0].startswith(f"{system} cannot be asked now: ")
    assert told["unsure"][0].endswith(" What follows is what calsync remembers.")
    assert told["places"]
    assert told["happened"]
    assert not told["coming"]


def test_a_calendar_that_cannot_be_read_is_named(work: Workplace) -> None:
    record = work.box.as_employee("1000").create("Visit", hour(3), hour(3, 10), **IN_CALENDAR)
    work.run()
    work.box.set_mailbox(ANN, "forbidden")

    assert "1000's calendar cannot be read now: access denied." in explained(work, "--crm", record)["unsure"][0]


def test_an_unknown_id_says_so(work: Workplace) -> None:
    told = explained(work, "--crm", "no-such-record")
    assert told["meetings"] == []
    assert "no record no-such-record" in told["state"][0]
    assert "no connected calendar" in explained(work, "--outlook", "no-such-event")["state"][0].lower()


def test_it_wants_one_way_to_say_which(work: Workplace) -> None:
    assert call("explain", work.tenant.key).exit_code == 2
    assert call("explain", work.tenant.key, "--crm", "a", "--title", "b").exit_code == 2


def test_people_read_it_as_sentences(work: Workplace) -> None:
    record = work.box.as_employee("1000").create("Visit", hour(3), hour(3, 10), **IN_CALENDAR)
    work.run()

    shown = call("explain", work.tenant.key, "--crm", record)

    assert shown.exit_code == 0
    assert shown.stdout.startswith(f"Visit, {hour(3):%Y-%m-%d} 09:00 to 10:00 UTC\nIt is kept the same")
    for heading in ("It stands in:", "What happened:", "Next:"):
        assert f"\n{heading}\n  " in shown.stdout
