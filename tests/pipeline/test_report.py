"""What a run says of itself: the sentence, counters that add up, every change and remark with its reason."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from pipeline.morning import ANN, BOB, CARLA, TEAM, hour, invite, plain
from pipeline.workplace import CALENDAR, Workplace

from calsync.stages.context import Run
from calsync.stages.held import Held
from calsync.stages.report import COUNTERS, read_report, report, sentence_of
from calsync.web.reports import stored_report

WRITES = [f"{side}_{verb}" for side in ("crm", "outlook") for verb in ("created", "updated", "deleted")]
OPEN = ["held", "parked", "failed", "stale", "left"]


@pytest.fixture
def team(work: Workplace) -> Workplace:
    work.box.reset(TEAM)
    work.authorise()
    return work


def test_every_change_is_in_one_counter_and_stands_in_the_report(team: Workplace) -> None:
    ann, crm = team.box.as_user(ANN), team.box.as_employee("1001")
    ann.create("Lunch", plain(hour(2)), plain(hour(2, 10)), attendees=invite(CARLA))
    crm.create("Visit", hour(3), hour(3, 10), calendar=CALENDAR, participants=["1001"])
    crm.create("Not for Outlook", hour(4), hour(4, 10), participants=["1001"])

    told = team.run()
    shown = team.report()

    counters = shown["counters"]
    assert set(counters) == set(COUNTERS)
    assert {name: told[name] for name in counters} == counters
    assert sum(counters[name] for name in (*WRITES, "linked", "unlinked", *OPEN)) == len(shown["changes"]) == 2
    assert (counters["crm_created"], counters["outlook_created"], counters["accounts"]) == (1, 1, 2)
    assert counters["skipped"] == len([r for r in shown["remarks"] if r["skipped"]]) == 1
    assert counters["requests_crm"] > 0
    assert counters["requests_graph"] > 0
    assert told["sentence"] == "ShareCRM 1 created; Outlook 1 created; 1 skipped, 0 mails."
    by_title = {change["title"]: change for change in shown["changes"]}
    assert by_title["Lunch"] | {"id": "", "link": ""} == {
        "id": "", "link": "", "side": "crm", "verb": "create", "employee": "1000", "title": "Lunch", "rule": "E8",
        "start": str(hour(2)), "fields": by_title["Lunch"]["fields"], "reason": "new in Outlook", "mails": 0,
        "state": "done", "sentence": "", "mail_kinds": [],
        "values": [
            {"field": "title", "old": "", "new": "Lunch"},
            {"field": "time", "old": "", "new": f"{hour(2):%Y-%m-%d} 09:00 to 10:00 UTC"},
            {"field": "people", "added": ["1000", "c:c-carla"], "removed": []},
        ],
    }  # fmt: skip
    assert by_title["Visit"]["employee"] == "1001"
    (remark,) = shown["remarks"]
    assert (remark["title"], remark["rule"]) == ("Not for Outlook", "D6")
    assert {stage["state"] for stage in shown["stages"].values()} == {"success"}
    assert all(stage["seconds"] >= 0 for stage in shown["stages"].values())


def test_a_quiet_run_says_so(team: Workplace) -> None:
    team.run()
    assert team.run()["sentence"] == "Nothing to do: nothing was found and nothing was waiting."
    states = {name: stage["state"] for name, stage in team.report()["stages"].items()}
    assert states["diff"] == states["map"] == states["load"] == "skipped"


def test_a_conflict_is_counted_by_what_yielded(team: Workplace) -> None:
    ann = team.box.as_user(ANN)
    event = ann.create("Title", plain(hour(2)), plain(hour(2, 10)))
    team.run()
    (record,) = team.records()
    ann.rename(event["id"], "Title from Outlook")
    team.box.as_employee("1000").rename(record["id"], "Title from ShareCRM")

    assert team.run()["conflicts"] == 1
    assert {e["subject"] for e in team.events(ANN)} == {r["content"] for r in team.records()}
    assert team.run()["conflicts"] == 0


def test_equal_edits_and_different_fields_are_no_conflict(team: Workplace) -> None:
    ann = team.box.as_user(ANN)
    event = ann.create("Title", plain(hour(2)), plain(hour(2, 10)))
    team.run()
    (record,) = team.records()
    ann.rename(event["id"], "Same title")
    team.box.as_employee("1000").rename(record["id"], "Same title")
    ann.move(event["id"], plain(hour(2, 14)), plain(hour(2, 15)))

    assert team.run()["conflicts"] == 0
    (record,) = team.records()
    assert (record["content"], record["start"]) == ("Same title", hour(2, 14).isoformat())


def test_a_failed_stage_is_named_with_its_reason_and_later_ones_were_not_reached(team: Workplace) -> None:
    team.impatient = True
    team.box.fault("sharecrm", {"status": 503})

    told = team.run(may_fail=True)

    assert told["failed"] == 1
    assert str(told["sentence"]).startswith("extract_crm failed: ")
    states = {name: stage["state"] for name, stage in team.report()["stages"].items()}
    assert states["extract_crm"] == "failed"
    assert states["load"] == "upstream_failed"


def test_the_parts_of_a_mapped_stage_are_told_as_one(team: Workplace) -> None:
    ports = team.ports()
    run = Run("scheduled__1", "scheduled", ports.now(), "airflow:x:scheduled__1", dry_run=True)
    for batch, seconds in enumerate((1.5, 4.0)):
        facts = {"requests_graph": 3, "seconds": seconds}
        ports.staging.write_json(team.tenant.key, run.id, f"stage-extract_graph-{batch}", facts)

    told = report(team.tenant, ports, run, {"extract_graph": "success"})

    assert told["requests_graph"] == 6
    found = read_report(ports.staging, team.tenant.key, run.id)
    ports.close()
    assert found is not None
    assert found["stages"]["extract_graph"] == {"state": "success", "seconds": 4.0, "requests_graph": 6}


def test_a_change_says_what_changes_from_what_to_what_and_whom_it_mails(work: Workplace) -> None:
    work.box.reset(TEAM)
    work.settle_in()
    crm = work.box.as_employee("1000")
    people = {"calendar": CALENDAR, "participants": ["1000", "1001"], "contacts": ["c-carla"]}
    record = crm.create("Visit", hour(3), hour(3, 10), **people)
    secret = crm.create("Merger", hour(4), hour(4, 10), private=True, **people)
    work.run()
    crm.change(record, content="Long visit", start=hour(3, 11), end=hour(3, 12), contacts=["c-carla", "c-dirk"])
    crm.change(secret, content="Merger talks", contacts=["c-carla", "c-dirk"])

    work.run(dry_run=True)

    shown = {change["title"]: change for change in work.report()["changes"]}
    day = f"{hour(3):%Y-%m-%d}"
    assert shown["Long visit"]["values"] == [
        {"field": "title", "old": "Visit", "new": "Long visit"},
        {"field": "time", "old": f"{day} 09:00 to 10:00 UTC", "new": f"{day} 11:00 to 12:00 UTC"},
        {"field": "people", "added": ["dirk@northwind.example"], "removed": []},
    ]
    assert shown["Long visit"]["mail_kinds"] == [
        {"kind": "invitation", "count": 1, "outside": 1},
        {"kind": "update", "count": 2, "outside": 1},
    ]
    assert shown["Private"]["values"] == [
        {"field": "title", "old": "Private", "new": "Private"},
        {"field": "people", "added": ["1 person"], "removed": []},
    ]
    assert "Merger" not in json.dumps(work.report())


@pytest.mark.parametrize(("database", "titles"), [("calsync.db", {"Lunch"}), ("elsewhere.db", {""})])
def test_the_page_shows_titles_only_where_the_state_database_can_say_what_is_private(
    team: Workplace, monkeypatch: pytest.MonkeyPatch, database: str, titles: set[str]
) -> None:
    team.box.as_user(ANN).create("Lunch", plain(hour(2)), plain(hour(2, 10)))
    team.run()
    state = {"conn_type": "generic", "extra": {"dsn": f"sqlite:///{team.folder / database}"}}
    monkeypatch.setenv("AIRFLOW_CONN_CALSYNC_STATE", json.dumps(state))
    monkeypatch.setenv("CALSYNC_STAGING", str(team.folder / "staging"))

    assert team.last is not None
    told = stored_report(team.tenant.key, team.last.id, dict)

    assert told is not None
    assert {change["title"] for change in told["changes"]} == titles


@pytest.mark.parametrize(
    ("counters", "sentence"),
    [
        ({}, "Nothing to write: both calendars agree; 0 skipped."),
        ({"skipped": 3}, "Nothing to write: both calendars agree; 3 skipped."),
        ({"crm_created": 2, "mails": 1}, "ShareCRM 2 created; 0 skipped, 1 mail."),
        ({"outlook_updated": 2, "outlook_deleted": 1, "mails": 4}, "Outlook 2 updated, 1 deleted; 0 skipped, 4 mails."),
        ({"linked": 2, "unlinked": 1}, "2 linked, 1 unlinked; 0 skipped, 0 mails."),
        ({"parked": 2, "crm_updated": 1}, "2 parked. ShareCRM 1 updated; 0 skipped, 0 mails."),
        ({"stale": 1}, "Nothing was written; 0 skipped. 1 moved on meanwhile and decided again."),
        (
            {"accounts": 0, "skipped": 2},
            "Nothing to write: both calendars agree; 2 skipped. "
            "Nobody's calendar takes part: authorise people with `python -m calsync accounts authorise`.",
        ),
    ],
)
def test_the_sentence_reads_well(team: Workplace, counters: dict[str, int], sentence: str) -> None:
    run = Run("r", "cli", hour(0), "cli:x:1:r")
    states = dict.fromkeys(("extract_crm", "extract_graph", "diff", "map", "load"), "success")
    full = dict.fromkeys(COUNTERS, 0) | {"accounts": 1} | counters
    assert sentence_of(full, states, {}, run) == sentence


@pytest.mark.parametrize(
    ("counters", "held", "dry_run", "sentence"),
    [
        ({}, Held(waiting=1), False, "Nothing was written; 0 skipped. 1 meeting waits for a person's answer."),
        (
            {"parked": 1, "held": 2, "crm_updated": 1},
            Held(new=1, waiting=1),
            False,
            "1 parked. ShareCRM 1 updated; 0 skipped, 0 mails. 1 meeting waits for a person's answer.",
        ),
        (
            {"held": 4},
            Held(new=2, waiting=3),
            False,
            "Nothing was written; 0 skipped. 3 meetings wait for a person's answer. This run held 2 of them.",
        ),
        (
            {"skipped": 2},
            Held(moved_on=2, answered=1),
            False,
            "Nothing was written; 2 skipped. 2 meetings have moved on since they were held; the next run decides anew. "
            "1 meeting is answered and not done yet; the next run tries again.",
        ),
        (
            {"held": 4},
            Held(new=2, waiting=1),
            True,
            "Nothing was written; 0 skipped. 2 meetings would be held for a person.",
        ),
    ],
)
def test_the_sentence_says_what_is_held_meeting_by_meeting(
    team: Workplace, counters: dict[str, int], held: Held, dry_run: bool, sentence: str
) -> None:
    run = Run("r", "cli", hour(0), "cli:x:1:r", dry_run=dry_run)
    states = dict.fromkeys(("extract_crm", "extract_graph", "diff", "map", "load"), "success")
    full = dict.fromkeys(COUNTERS, 0) | {"accounts": 1} | counters
    assert sentence_of(full, states, {}, run, held=held) == sentence


def test_staged_files_are_for_the_service_alone_and_go_after_their_time(team: Workplace) -> None:
    team.box.as_user(BOB).create("Call", plain(hour(2)), plain(hour(2, 10)))
    team.run()
    root = team.folder / "staging"
    assert {path.stat().st_mode & 0o777 for path in [root, *root.rglob("*")] if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in root.rglob("*") if path.is_file()} == {0o600}
    first = {path.name for path in (root / team.tenant.key).iterdir()}

    team.late = timedelta(days=team.tenant.retention.staging_days, hours=1)
    team.run()

    assert not first & {path.name for path in (root / team.tenant.key).iterdir()}
