"""Who may see the pages."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from shell.airflow_home import USERS
from web.conftest import SignIn

from calsync.web.app import create_app

pytestmark = pytest.mark.airflow
PAGE = "/calsync/dags/calendar_sync__berlin/runs/manual__1/changes/"


def test_every_route_wants_a_signed_in_user(as_role: SignIn) -> None:
    nobody = as_role(None)
    app = create_app()
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    assert len(routes) == len(app.routes) > 1, "something other than a route is mounted: it has to be looked at here"
    for route in routes:
        path = "/calsync" + route.path.format(dag_id="calendar_sync__berlin", run_id="manual__1", name="calsync.css")
        for method in route.methods or ():
            assert nobody.request(method, path).status_code in (401, 403), f"{method} {path}"


@pytest.mark.parametrize("path", ["/calsync/docs", "/calsync/redoc", "/calsync/openapi.json", "/calsync/"])
def test_nothing_is_served_beside_the_routes(as_role: SignIn, path: str) -> None:
    assert as_role(None).get(path).status_code == 404


@pytest.mark.parametrize("role", USERS)
def test_whoever_may_read_runs_may_read_their_changes(as_role: SignIn, role: str) -> None:
    assert as_role(role).get(PAGE).status_code == 200


def test_a_user_without_the_right_to_the_dags_runs_is_refused(
    as_role: SignIn, site: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refuse(**question: object) -> bool:
        asked.append((question["method"], question["access_entity"].name, question["details"].id))  # type: ignore[attr-defined]
        return False

    monkeypatch.setattr(site.state.auth_manager, "is_authorized_dag", refuse)
    assert as_role("admin").get(PAGE).status_code == 403
    assert asked == [("GET", "RUN", "calendar_sync__berlin")]


def test_a_wrong_token_is_nobody(as_role: SignIn) -> None:
    browser = as_role(None)
    browser.cookies.set("_token", "made.up.token")
    assert browser.get(PAGE).status_code in (401, 403)
