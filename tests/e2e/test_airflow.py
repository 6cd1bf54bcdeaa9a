"""A real Airflow with the sandbox: one run, looked at as people look at it."""

from __future__ import annotations

from typing import Any

import pytest
from e2e.people import CHROMIUM, signed_in
from e2e.standalone import Run

from calsync.naming import changes_tab
from demo.runs import DAG_ID


@pytest.mark.airflow
def test_the_runs_note_is_the_reports_sentence(run: Run) -> None:
    assert run.report["run"] == run.id
    assert run.get(f"dagRuns/{run.id}")["note"] == run.report["sentence"]


@pytest.mark.airflow
def test_nothing_that_tasks_pass_on_holds_a_title_or_an_address(run: Run) -> None:
    titles = {change["title"] for change in run.report["changes"]} - {"Private"}
    assert titles
    entries = run.get(f"dagRuns/{run.id}/taskInstances/~/xcomEntries")["xcom_entries"]
    assert entries
    for entry in entries:
        path = f"dagRuns/{run.id}/taskInstances/{entry['task_id']}/xcomEntries/{entry['key']}"
        said = str(run.get(f"{path}?map_index={entry['map_index']}")["value"])
        assert "@" not in said, entry["key"]
        assert not [title for title in titles if title in said], entry["key"]


@pytest.mark.airflow
@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found; the browser test needs one")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_changes_tab_shows_what_the_run_did(run: Run, scheme: Any) -> None:
    from playwright.sync_api import expect

    record = run.record
    with signed_in(record, scheme) as page:
        page.goto(record.airflow_url + changes_tab(DAG_ID, run.id, record.airflow_url))
        frame = page.frame_locator("iframe")
        expect(frame.locator("h1")).to_have_text(run.report["sentence"], timeout=30_000)
        rows = frame.locator("tbody tr")
        assert rows.count() > 0
        first = run.report["changes"][0]
        assert frame.get_by_text(first["title"]).count() > 0
        assert frame.get_by_text(first["reason"]).count() > 0
