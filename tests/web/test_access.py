"""Who may see and do what: one table over all routes."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request
from web.conftest import Place, SignIn
from web.rights import ROLES, table

from calsync.web.app import create_app
from calsync.web.forms import HEADER, form_token
from sandbox.server import Server

pytestmark = pytest.mark.airflow

EXAMPLES = {
    "tenant": "berlin",
    "dag_id": "calendar_sync__berlin",
    "run_id": "manual__1",
    "kind": "csv",
    "name": "calsync.css",
    "link": "0123456789abcdef",
}
"""What stands in a path's places."""

BROWSER = "a-browser-of-the-tests"
BEARER = "calsync_browser"


def routes() -> set[str]:
    """Every route of the application, those of nested routers included."""
    found = set()
    for route in create_app().routes:
        methods = getattr(route, "methods", None)
        assert methods, "something other than a route is mounted: it has to be looked at here"
        found |= {f"{method} {route.path}" for method in methods - {"HEAD"}}  # type: ignore[attr-defined]
    return found


def ask(browser: TestClient, route: str, role: str | None, token: bool = True) -> int:
    """The status of a request to a route; a change carries the token that a form of the user would."""
    method, path = route.split()
    browser.cookies.set(BEARER, BROWSER)
    request = Request({"type": "http", "headers": [(b"cookie", f"{BEARER}={BROWSER}".encode())]})
    for_whom = "" if "/connect/" in path else role or ""
    headers = {HEADER: form_token(request, for_whom)} if token else {}
    return browser.request(method, "/calsync" + path.format(**EXAMPLES), headers=headers).status_code


def test_every_route_has_its_row() -> None:
    assert routes() == set(table())


@pytest.mark.parametrize("route", sorted(table()))
def test_a_route_is_open_to_those_it_is_meant_for(as_role: SignIn, microsoft: Server, route: str) -> None:
    statuses = {role: ask(as_role(role), route, role) for role in ROLES}
    assert {role: status not in (401, 403) for role, status in statuses.items()} == dict(
        zip(ROLES, table()[route], strict=True)
    ), statuses
    assert max(statuses.values()) < 500, statuses
    assert 429 not in statuses.values(), statuses


@pytest.mark.parametrize("route", sorted(route for route in table() if not route.startswith("GET")))
def test_no_change_is_taken_from_a_form_that_is_not_ours(as_role: SignIn, place: Place, route: str) -> None:
    assert ask(as_role("admin"), route, "admin", token=False) == 403


@pytest.mark.parametrize("path", ["/calsync/docs", "/calsync/redoc", "/calsync/openapi.json", "/calsync/nothing/"])
def test_nothing_is_served_beside_the_routes(as_role: SignIn, path: str) -> None:
    assert as_role(None).get(path).status_code == 404


def test_a_user_without_the_right_to_the_dags_runs_is_refused(
    as_role: SignIn, site: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refuse(**question: object) -> bool:
        asked.append((question["method"], question["access_entity"].name, question["details"].id))  # type: ignore[attr-defined]
        return False

    monkeypatch.setattr(site.state.auth_manager, "is_authorized_dag", refuse)
    page = "/calsync/dags/calendar_sync__berlin/runs/manual__1/changes/"
    assert as_role("admin").get(page).status_code == 403
    assert asked == [("GET", "RUN", "calendar_sync__berlin")]


def test_a_wrong_token_is_nobody(as_role: SignIn) -> None:
    browser = as_role(None)
    browser.cookies.set("_token", "made.up.token")
    assert browser.get("/calsync/").status_code in (401, 403)
