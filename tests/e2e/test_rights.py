"""The table of who may use which route, compared with a live Airflow and its own users."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
from e2e.standalone import OTHERS, Run
from web.rights import ROLES, table

from demo.runs import DAG_ID, TENANT

pytestmark = pytest.mark.airflow
REFUSED = (401, 403)


@pytest.mark.parametrize("role", [None, *OTHERS, "admin"])
def test_a_route_is_open_to_those_it_is_meant_for(run: Run, role: str | None) -> None:
    """All that a role may not do is refused, although its form is a good one; all that it may see is shown."""
    places = {"tenant": TENANT, "dag_id": DAG_ID, "run_id": run.id, "kind": "csv", "name": "calsync.css"}
    places["link"] = run.report["changes"][0]["link"]
    with browser_of(run, role) as browser:
        token = form_token(browser, role)
        for route, rights in table().items():
            method, path = route.split()
            may = rights[ROLES.index(role)]
            if method == "GET" or not may:
                answer = browser.request(method, f"/calsync{path.format(**places)}", headers={"X-Form-Token": token})
                assert (answer.status_code in REFUSED) != may, (route, answer.status_code)
                assert answer.status_code < 500, route


def browser_of(run: Run, role: str | None) -> httpx.Client:
    """A browser in which a user with this role is signed in to Airflow."""
    url, cookies = run.record.local_url, {}
    if role:
        passwords = json.loads(Path(run.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]).read_text())
        login = {"username": role, "password": passwords[role]}
        answer = httpx.post(f"{url}/auth/token", json=login, trust_env=False, timeout=60)
        cookies = {"_token": answer.json()["access_token"]}
    return httpx.Client(base_url=url, cookies=cookies, trust_env=False, timeout=60)


def form_token(browser: httpx.Client, role: str | None) -> str:
    """The token of the forms of this browser's user, from a page that everybody has."""
    page = browser.get(f"/calsync/tenants/{TENANT}/meetings/" if role else f"/calsync/connect/{TENANT}/")
    found = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert found or role is None, "the page has no form"
    return found.group(1) if found else ""
