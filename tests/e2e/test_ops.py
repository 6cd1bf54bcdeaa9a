"""What ops do on a real Airflow: backfill days, answer what was held, start two DAGs of one tenant at once."""

from __future__ import annotations

import subprocess
from bisect import bisect
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from e2e.people import Ops, calsync, last, ours
from e2e.standalone import Run

from calsync.naming import DagKind, dag_id
from demo.paths import ROOT
from demo.runs import DAG_ID, TENANT
from sandbox.client import Sandbox

pytestmark = pytest.mark.airflow
BACKFILL = dag_id(TENANT, DagKind.BACKFILL)
APPROVAL = dag_id(TENANT, DagKind.APPROVAL)
ZONE = ZoneInfo("Asia/Shanghai")


def test_a_backfill_over_three_days_from_the_command_line(run: Run, ops: Ops, box: Sandbox) -> None:
    days, before = days_ago(3, 2, 1), last(box.writes())
    span = ["--from-date", str(days[0]), "--to-date", str(days[-1]), "--max-active-runs", "1"]
    command = ["airflow", "backfill", "create", "--dag-id", BACKFILL, *span]

    def give() -> str:
        done = subprocess.run(command, env=run.env, cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else ""

    created(ops, give)
    each_day_was_compared(days, ops)
    assert ours(box.writes(before)) == []


def test_a_backfill_over_three_days_as_the_dialog_asks_for_it(ops: Ops, box: Sandbox) -> None:
    """The UI's dialog sends what anybody can send to the public API: a person's own midnights."""
    days, before = days_ago(6, 5, 4), last(box.writes())
    first, until = (datetime.combine(day, datetime.min.time(), ZONE).isoformat() for day in (days[0], days[-1]))
    asked = {"dag_id": BACKFILL, "from_date": first, "to_date": until, "max_active_runs": 1}

    def give() -> str:
        answer = ops.ask("POST", "backfills", json=asked)
        return "" if answer.is_success else answer.text

    created(ops, give)
    each_day_was_compared(days, ops)
    assert ours(box.writes(before)) == []


def created(ops: Ops, give: Callable[[], str]) -> None:
    """Create a backfill when no other is open; `give` returns why it was refused."""
    ops.until(lambda: none_is_open(ops), "the end of earlier backfills")
    assert give() == ""


def none_is_open(ops: Ops) -> bool:
    """Whether Airflow has closed every backfill of the DAG, which comes a while after the end of its runs."""
    found = ops.api("GET", "backfills", params={"dag_id": BACKFILL})["backfills"]
    return all(one["completed_at"] for one in found)


def days_ago(*numbers: int) -> list[date]:
    """Days of the enterprise's zone."""
    today = datetime.now(ZONE).date()
    return [today - timedelta(days=number) for number in numbers]


def each_day_was_compared(days: list[date], ops: Ops) -> None:
    """One run for each local day, one after the other; both calendars agree, and each run says what it found."""
    query = {"run_type": "backfill", "order_by": "logical_date", "limit": "100"}

    def begins(one: dict[str, Any]) -> datetime:
        return datetime.fromisoformat(one["data_interval_start"]).astimezone(ZONE)

    def done() -> list[dict[str, Any]]:
        runs = ops.api("GET", f"dags/{BACKFILL}/dagRuns", params=query)["dag_runs"]
        asked = [one for one in runs if begins(one).date() in days]
        over = all(one["state"] in ("success", "failed") for one in asked)
        return asked if len(asked) == len(days) and over else []

    runs = ops.until(done, f"{len(days)} backfill runs")
    assert [(one["run_type"], one["state"]) for one in runs] == [("backfill", "success")] * len(days)
    assert [begins(one) for one in runs] == [datetime.combine(day, datetime.min.time(), ZONE) for day in days]
    for one, day in zip(runs, days, strict=True):
        assert f"of {day}:" in one["note"]
        assert ops.report(one["dag_run_id"])["sentence"] == one["note"]


def test_a_mass_deletion_is_held_asked_about_and_carried_out_as_answered(ops: Ops, box: Sandbox) -> None:
    records = living_records(box)
    address, gone = emptied(box)
    mails = last(box.mails())
    held = ops.ended(DAG_ID, ops.trigger(DAG_ID))
    assert held["state"] == "success"
    assert "for a person's answer." in held["note"]
    assert living_records(box) == records

    (question,) = ops.until(lambda: ops.questions(APPROVAL), "a question under Required Actions")
    approval = question["task_instance"]["dag_run_id"]
    assert question["options"] == ["approve", "restore", "unlink"]
    shown = f"{question['subject']} {question['body']}"
    assert "@" not in shown
    assert not [event["subject"] for event in gone if event["subject"] and event["subject"] in shown]
    assert {change["state"] for change in ops.report(approval)["changes"]} == {"held"}

    again = ops.ended(DAG_ID, ops.trigger(DAG_ID))
    assert again["state"] == "success"
    assert len(ops.questions(APPROVAL)) == 1
    assert living_records(box) == records

    path = f"dags/{APPROVAL}/dagRuns/{approval}/taskInstances/ask/-1/hitlDetails"
    ops.api("PATCH", path, json={"chosen_options": ["restore"], "params_input": {}})
    done = ops.ended(APPROVAL, approval)
    assert done["state"] == "success"
    assert "Outlook" in done["note"]
    events = box.state()["outlook"]["mailboxes"][address]["events"]
    assert {event["subject"] for event in gone} <= {event["subject"] for event in events if not event["deleted"]}
    assert living_records(box) == records
    assert last(box.mails()) == mails, "putting back mails nobody"

    before = last(box.writes())
    calsync(ops.run, "run", TENANT)
    assert ours(box.writes(before)) == []
    assert ops.questions(APPROVAL) == []


def emptied(box: Sandbox) -> tuple[str, list[dict[str, Any]]]:
    """Somebody deletes every single meeting of their own in Outlook: whose, and which."""
    meetings = {
        address: [e for e in said["events"] if not e["deleted"] and e["isOrganizer"] and e["type"] == "singleInstance"]
        for address, said in box.state()["outlook"]["mailboxes"].items()
        if said["state"] == "ok"
    }
    address = max(meetings, key=lambda each: len(meetings[each]))
    for event in meetings[address]:
        box.as_user(address).request("DELETE", f"/events/{event['id']}")
    return address, meetings[address]


def living_records(box: Sandbox) -> set[str]:
    """The records that stand in ShareCRM."""
    events = box.state()["sharecrm"]["events"]
    return {one["id"] for one in events if not one["deleted"] and one["life_status"] == "normal"}


def test_two_dags_of_one_tenant_that_start_together_do_not_interleave(ops: Ops, box: Sandbox) -> None:
    """One reads and writes before the other begins to read; an edit that both would see is written once."""
    seen, written = last(box.requests()), last(box.writes())
    day = datetime.now(UTC).date() + timedelta(days=9)
    organiser = box.state()["sharecrm"]["employees"][0]["email"]
    box.as_user(organiser).create("Two at once", f"{day}T09:00:00", f"{day}T10:00:00")
    runs = [
        (DAG_ID, ops.trigger(DAG_ID)),
        (BACKFILL, ops.trigger(BACKFILL, window_start=str(day), window_end=str(day + timedelta(days=1)))),
    ]
    assert [ops.ended(*one)["state"] for one in runs] == ["success", "success"]
    assert len([one for one in box.state()["sharecrm"]["events"] if one["content"] == "Two at once"]) == 1

    reads = [(kind, moment(entry)) for entry in ours(box.requests(seen)) if (kind := reading(entry))]
    turns = [(kind, next(turn)[1]) for kind, turn in groupby(reads, key=itemgetter(0))]
    assert sorted(kind for kind, _ in turns) == ["changes", "days"]
    begins = [at for _, at in turns]
    writes = [moment(write) for write in ours(box.writes(written))]
    assert writes
    assert len({bisect(begins, at) for at in writes}) == 1, "one turn read, and wrote, before the next one read"


def reading(entry: dict[str, Any]) -> str:
    """How a request reads mailboxes: "changes" since the last run, or "days" anew; "" when it does neither."""
    paths = [entry["path"], *(part["path"] for part in entry.get("parts") or ())]
    if any("delta" in path for path in paths):
        return "changes"
    return "days" if any("calendarView?" in path for path in paths) else ""


def moment(entry: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["at"])
