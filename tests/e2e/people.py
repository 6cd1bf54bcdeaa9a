"""Those who use a real Airflow: through its REST API, and in a browser."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
from e2e.standalone import Run

from calsync.naming import changes_tab
from demo.paths import ROOT
from demo.record import Record
from demo.runs import TENANT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE_S = 600.0
"""How long Airflow is waited for: many times what it takes, on a busy machine too."""
SHOWN_MS = 60_000.0
"""How long a page is waited for."""


@dataclass(frozen=True)
class Ops:
    """The administrator, at the REST API of the Airflow in which `run` took place."""

    run: Run

    def ask(self, method: str, path: str, **parts: Any) -> httpx.Response:
        """An answer, whatever it is; `path` goes on after `/api/v2/`."""
        with self._client() as http:
            return http.request(method, f"/api/v2/{path}", headers=self._login, **parts)

    def api(self, method: str, path: str, **parts: Any) -> dict[str, Any]:
        """What a successful answer holds."""
        answer = self.ask(method, path, **parts)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    @cached_property
    def _login(self) -> dict[str, str]:
        record = self.run.record
        with self._client() as http:
            answer = http.post("/auth/token", json={"username": record.user, "password": record.password})
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self.run.record.local_url, trust_env=False, timeout=60.0)

    def trigger(self, dag_id: str, **conf: Any) -> str:
        """Start a run; its id."""
        body = {"logical_date": None, "conf": conf}
        return str(self.api("POST", f"dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def ended(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """The run, once it is over."""

        def over() -> dict[str, Any] | None:
            run = self.api("GET", f"dags/{dag_id}/dagRuns/{run_id}")
            return run if run["state"] in ("success", "failed") else None

        found: dict[str, Any] = self.until(over, f"{dag_id} {run_id} to end")
        return found

    def questions(self, dag_id: str) -> list[dict[str, Any]]:
        """What waits for an answer under *Required Actions*."""
        path = f"dags/{dag_id}/dagRuns/~/hitlDetails"
        found: list[dict[str, Any]] = self.api("GET", path, params={"response_received": False})["hitl_details"]
        return found

    def until(self, look: Callable[[], Any], what: str) -> Any:
        """What `look` finds, as soon as it finds something."""
        end = time.monotonic() + PATIENCE_S
        while not (found := look()):
            problem = self.run.problem()
            assert not problem, problem
            assert time.monotonic() < end, f"waited in vain for {what}"
            time.sleep(0.5)
        return found

    def report(self, run: str) -> dict[str, Any]:
        """What a run did, by the id under which calsync remembers it."""
        from calsync.stages.report import read_report
        from calsync.staging import Staging

        found: dict[str, Any] | None = read_report(Staging(self.run.record.staging), TENANT, run)
        assert found is not None, run
        return found


@contextmanager
def signed_in(record: Record, scheme: Any = "light") -> Iterator[Any]:
    """A page of a browser in which the administrator is signed in to Airflow."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=SHOWN_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(color_scheme=scheme, viewport={"width": 1400, "height": 900})
        page.set_default_timeout(SHOWN_MS)
        page.goto(f"{record.airflow_url}/auth/login")
        page.fill("input[name=username]", record.user)
        page.fill("input[name=password]", record.password)
        page.click("button[type=submit]")
        page.wait_for_url(f"{record.airflow_url}/")
        yield page
        browser.close()


def changes_of(page: Any, record: Record, dag_id: str, run_id: str) -> Any:
    """The *Changes* tab of a run, opened: what stands inside of it."""
    page.goto(record.airflow_url + changes_tab(dag_id, run_id, record.airflow_url))
    return page.frame_locator("iframe")


def open_question(page: Any, record: Record) -> None:
    """The only question under *Required Actions*, opened as the navigation leads to it."""
    page.goto(f"{record.airflow_url}/required_actions?response_received=false")
    page.get_by_role("link", name="What calsync held back").click()


def calsync(run: Run, *arguments: str) -> str:
    """What a command prints, without a terminal."""
    command = [sys.executable, "-m", "calsync", *arguments]
    done = subprocess.run(
        command, env=run.env, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def ours(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What calsync did, of the sandbox's log; people's own acts are left out."""
    return [entry for entry in entries if str(entry["actor"]).startswith("app:")]


def last(entries: list[dict[str, Any]]) -> int:
    """The number up to which a log has been read."""
    return max((int(entry["n"]) for entry in entries), default=0)
