"""From a plan to an undo, as an administrator lives through it: in the browser, and once at the command line.

The screenshots of docs/images are made here: `CALSYNC_SCREENSHOTS=docs/images pytest tests/e2e/test_walk_through.py`.
"""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from e2e.people import CHROMIUM, Ops, calsync, changes_of, last, open_question, ours, signed_in
from e2e.standalone import Run

from calsync.naming import DagKind, dag_id
from demo.paths import ROOT
from demo.runs import DAG_ID, TENANT
from sandbox.client import Sandbox
from sandbox.team import CALENDAR

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found; the browser test needs one"),
]
APPROVAL = dag_id(TENANT, DagKind.APPROVAL)
SELLER, MAILBOX = "1003", "sofia.rossi@contoso.example"
"""One of the sandbox's sales team, who has few meetings of her own."""
COLLEAGUE, BUYER = "1001", "con-05"
"""Another one, whose calendar takes part too, and a customer who has an address."""
VISITS = ("Prices", "Delivery dates", "Samples", "Complaints", "Training", "Trade fair", "Contract")
PRIVATE = "Talk about another job"


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where the screenshots go: nowhere that stays, unless somebody wants them."""
    return ROOT / wanted if (wanted := os.environ.get("CALSYNC_SCREENSHOTS")) else tmp_path


def test_from_the_plan_to_the_undo(run: Run, ops: Ops, box: Sandbox, shots: Path) -> None:
    records = visits(box)
    with signed_in(run.record) as page:
        mails = foresee(ops, box, page, shots, records)
        carry_out(ops, box, mails, records)
        before = calendar(box)
        lost = delete_all_of_the_sellers(box)
        approval = hold(ops, box, lost)
        sent = answer(ops, box, page, shots, approval, lost)
    assert calendar(box) & titles(box, lost) == set()
    assert standing(box, lost) == set()
    assert sent > 0
    undo(run, box, approval, lost)
    assert standing(box, lost) == set(lost)
    assert calendar(box) == before
    converged(ops, box)


def foresee(ops: Ops, box: Sandbox, page: Any, shots: Path, records: list[str]) -> int:
    """A dry run shows the plan and writes nothing; how many mails it predicts."""
    from playwright.sync_api import expect

    written, mailed = last(box.writes()), last(box.mails())
    plan = ops.trigger(DAG_ID, dry_run=True)
    assert ops.ended(DAG_ID, plan)["state"] == "success"
    frame = changes_of(page, ops.run.record, DAG_ID, plan)
    expect(frame.get_by_text("dry run: nothing was written")).to_be_visible()
    rows = frame.locator("tbody tr")
    for title in VISITS:
        expect(rows.filter(has_text=f"Visit Fabrikam: {title}").first).to_contain_text("planned")
    expect(rows.filter(has_text="Private")).to_have_count(1)
    expect(frame.get_by_text(PRIVATE)).to_have_count(0)
    picture(page, shots / "walk-plan.png")
    assert ours(box.writes(written)) == []
    assert box.mails(mailed) == []
    counters: dict[str, int] = ops.report(plan)["counters"]
    assert counters["outlook_created"] == len(records)
    return counters["mails"]


def carry_out(ops: Ops, box: Sandbox, mails: int, records: list[str]) -> None:
    """The run does what the plan says, its mails included."""
    mailed = last(box.mails())
    done = ops.ended(DAG_ID, ops.trigger(DAG_ID))
    assert done["state"] == "success"
    assert f"{len(records)} created" in done["note"]
    assert titles(box, records) <= calendar(box)
    assert len(box.mails(mailed)) == mails == 2 * len(VISITS)


def hold(ops: Ops, box: Sandbox, lost: list[str]) -> str:
    """The run after a mass deletion is green, deletes nothing, and asks; the run that asks."""
    written = last(box.writes())
    held = ops.ended(DAG_ID, ops.trigger(DAG_ID))
    assert held["state"] == "success"
    assert f"{len(lost)} meetings wait for a person's answer." in held["note"]
    assert ours(box.writes(written)) == []
    assert titles(box, lost) <= calendar(box)
    (question,) = ops.until(lambda: ops.questions(APPROVAL), "a question under Required Actions")
    return str(question["task_instance"]["dag_run_id"])


def answer(ops: Ops, box: Sandbox, page: Any, shots: Path, approval: str, lost: list[str]) -> int:
    """The administrator reads the question and approves; how many mails that sent: as many as the question said."""
    from playwright.sync_api import expect

    mailed = last(box.mails())
    open_question(page, ops.run.record)
    question = page.locator("main, #root").get_by_text(f"{len(lost)} meetings of calsync's plan wait")
    expect(question.first).to_be_visible()
    said = page.inner_text("body")
    assert "@" not in said
    assert not [title for title in titles(box, lost) if title in said]
    picture(page, shots / "walk-question.png")
    page.get_by_role("button", name="approve").click()
    done = ops.ended(APPROVAL, approval)
    assert done["state"] == "success"
    page.emulate_media(color_scheme="dark")
    frame = changes_of(page, ops.run.record, APPROVAL, approval)
    expect(frame.locator("h1")).to_have_text(done["note"])
    expect(frame.locator("tbody tr").filter(has_text="done")).not_to_have_count(0)
    picture(page, shots / "walk-answered.png")
    sent = len(box.mails(mailed))
    promised = re.search(r"approve does what is held, and sends (\d+) mails?", said)
    assert promised, said
    assert sent == int(promised[1])
    return sent


def picture(page: Any, path: Path) -> None:
    """A screenshot in which the tab that is open is marked, and nothing moves any more."""
    from playwright.sync_api import expect

    expect(
        page.locator("a[aria-current=page]").filter(has_text=re.compile("^(Changes|Required Action)"))
    ).to_be_visible()
    page.screenshot(path=path, animations="disabled")


def undo(run: Run, box: Sandbox, approval: str, lost: list[str]) -> None:
    """Undoing the approval is shown, then done: nobody is mailed."""
    written, mailed = last(box.writes()), last(box.mails())
    shown = calsync(run, "undo", TENANT, "--run", approval)
    assert f"Undoing {len(lost)} meetings sends 0 mails" in shown
    assert "Nothing was changed." in shown
    assert PRIVATE not in shown
    assert ours(box.writes(written)) == []
    told = json.loads(calsync(run, "undo", TENANT, "--run", approval, "--yes", "--json"))
    assert told["done"]
    assert told["refused"] == []
    assert box.mails(mailed) == []


def converged(ops: Ops, box: Sandbox) -> None:
    """One more run writes nothing and asks nothing."""
    written = last(box.writes())
    calsync(ops.run, "run", TENANT)
    assert ours(box.writes(written)) == []
    assert ops.questions(APPROVAL) == []


def visits(box: Sandbox) -> list[str]:
    """The seller plans visits to a customer with a colleague, and something private; ids of the records."""
    first = (datetime.now(UTC) + timedelta(days=3)).replace(hour=6, minute=0, second=0, microsecond=0)
    seller, hour = box.as_employee(SELLER), timedelta(hours=1)
    planned = [
        seller.create(
            f"Visit Fabrikam: {title}",
            first + timedelta(days=number),
            first + timedelta(days=number) + hour,
            calendar=CALENDAR,
            participants=[SELLER, COLLEAGUE],
            contacts=[BUYER],
        )
        for number, title in enumerate(VISITS)
    ]
    alone = seller.create(
        PRIVATE, first + 3 * hour, first + 4 * hour, calendar=CALENDAR, participants=[SELLER], private=True
    )
    return [*planned, alone]


def delete_all_of_the_sellers(box: Sandbox) -> list[str]:
    """The seller deletes every record of her own in ShareCRM; which."""
    own = [one["id"] for one in box.state()["sharecrm"]["events"] if one["owner"] == SELLER and stands(one)]
    for record in own:
        box.as_employee(SELLER).cancel(record)
    return own


def stands(record: dict[str, Any]) -> bool:
    return record["life_status"] == "normal" and not record["deleted"] and record["calendar"] == CALENDAR


def standing(box: Sandbox, records: list[str]) -> set[str]:
    """Those of the records that stand in ShareCRM."""
    return {one["id"] for one in box.state()["sharecrm"]["events"] if one["id"] in records and stands(one)}


def titles(box: Sandbox, records: list[str]) -> set[str]:
    return {one["content"] for one in box.state()["sharecrm"]["events"] if one["id"] in records}


def calendar(box: Sandbox) -> set[str]:
    """The titles of what the seller's calendar shows in Outlook."""
    events = box.state()["outlook"]["mailboxes"][MAILBOX]["events"]
    return {event["subject"] for event in events if not event["deleted"] and not event["isCancelled"]}
