"""A real Airflow with the sandbox: one run, looked at as people look at it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from demo.paths import ROOT
from demo.ports import choose
from demo.record import Record
from demo.rest import airflow
from demo.runs import DAG_ID, synchronise
from demo.session import running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass(frozen=True)
class Run:
    """The first run of the sandbox tenant, while its Airflow is up."""

    record: Record
    id: str
    report: dict[str, Any]

    def get(self, path: str) -> dict[str, Any]:
        """An answer of Airflow's REST API, for the administrator."""
        login = {"username": self.record.user, "password": self.record.password}
        with httpx.Client(base_url=self.record.local_url, trust_env=False) as http:
            token = http.post("/auth/token", json=login).json()["access_token"]
            answer = http.get(f"/api/v2/dags/{DAG_ID}/{path}", headers={"Authorization": f"Bearer {token}"})
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder: Path = tmp_path_factory.mktemp("e2e") / "demo"
    console = Console(quiet=True)
    with running(folder, ROOT, choose({}), "", console) as session:
        record = session.record
        with airflow(record.local_url, record.user, record.password, session.problem) as client:
            client.wait_until_healthy()
            client.wait_for_dag(DAG_ID)
            reports = synchronise(console, client, record, unpause=True)
        first = reports[0]
        yield Run(record, first["run"], first)


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
    from playwright.sync_api import expect, sync_playwright

    from calsync.naming import changes_tab

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(color_scheme=scheme)
        page.goto(f"{run.record.airflow_url}/auth/login")
        page.fill("input[name=username]", run.record.user)
        page.fill("input[name=password]", run.record.password)
        page.click("button[type=submit]")
        page.wait_for_url(f"{run.record.airflow_url}/")
        page.goto(run.record.airflow_url + changes_tab(DAG_ID, run.id, run.record.airflow_url))
        frame = page.frame_locator("iframe")
        expect(frame.locator("h1")).to_have_text(run.report["sentence"], timeout=30_000)
        rows = frame.locator("tbody tr")
        assert rows.count() > 0
        first = run.report["changes"][0]
        assert frame.get_by_text(first["title"]).count() > 0
        assert frame.get_by_text(first["reason"]).count() > 0
        browser.close()
