"""A tenant configured inside Airflow: what stands on the page, what is stored where, what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from shell.airflow_home import REPOSITORY
from shell.tenant_files import GUID
from web.conftest import Page, Place, SignIn, follow, send, visit

from calsync.config.load import load_one
from calsync.naming import DagKind, dag_id
from calsync.web.state import now

pytestmark = pytest.mark.airflow

BUNDLE = "dags-folder"
APP = "00000000-0000-4000-8000-00000000000a"
SECRETS = ("typed-client-secret", "typed-app-secret", "typed-permanent-code")
CONNECTOR = {
    "name": "Munich sales",
    "enterprise": "munich",
    "microsoft_tenant": GUID,
    "time_zone": "Europe/Berlin",
    "graph_conn.application": APP,
    "graph_conn.secret": SECRETS[0],
    "crm_conn.server": "https://open.fxiaoke.com",
    "crm_conn.app": "FSAID_1",
    "crm_conn.secret": SECRETS[1],
    "crm_conn.code": SECRETS[2],
}
SCRIPT = {"accept": "application/json"}


@pytest.fixture
def admin(as_role: SignIn, place: Place) -> Iterator[TestClient]:
    """An admin's browser; the connections and DAGs that a test leaves in Airflow go with it."""
    yield as_role("admin")
    _clear()


def _clear() -> None:
    from airflow.models import Connection, DagModel
    from airflow.models.dagbag import DagPriorityParsingRequest
    from airflow.utils.session import create_session
    from sqlalchemy import delete, update

    with create_session() as session:
        session.execute(delete(Connection))
        session.execute(delete(DagPriorityParsingRequest))
        session.execute(update(DagModel).values(is_stale=True, is_paused=True))


def form_of(page: Page) -> dict[str, str]:
    """What a browser would send of the configuration's form, untouched."""
    form = page.soup.find("form", id="configuration")
    assert form is not None
    said = {
        one["name"]: one.get("value", "")
        for one in form.select("input[name]")
        if one.get("type") != "radio" or one.has_attr("checked")
    }
    said |= {one["name"]: one.get_text() for one in form.select("textarea[name]")}
    for one in form.select("select[name]"):
        chosen = one.select_one("option[selected]")
        said[one["name"]] = (chosen or one.option)["value"]
    return said


def fill(browser: TestClient, path: str, headers: dict[str, str] | None = None, **typed: str) -> Response:
    """Open the form at `path`, type into it and send it."""
    page = visit(browser, path)
    return browser.post(f"/calsync{path}", data={**form_of(page), "action": "save", **typed}, headers=headers or {})


def stored(conn_id: str) -> Any:
    from airflow.models.connection import Connection

    return Connection.get_connection_from_secrets(conn_id)


def airflow_reads() -> None:
    """Airflow reads its DAG files, which make the DAGs of the tenants that are there now."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.merge(DagBundleModel(name=BUNDLE))
    folder = REPOSITORY / "dags"
    sync_bag_to_db(DagBag(dag_folder=folder, bundle_path=folder, bundle_name=BUNDLE), BUNDLE, None)


def parsing_asked() -> set[str]:
    from airflow.models.dagbag import DagPriorityParsingRequest
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return set(session.scalars(select(DagPriorityParsingRequest.relative_fileloc)))


def paused(key: str) -> set[bool]:
    from airflow.models import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        return {session.get(DagModel, dag_id(key, kind)).is_paused for kind in DagKind}


def test_from_an_empty_form_to_a_saved_tenant_with_its_connections(admin: TestClient, place: Place) -> None:
    airflow_reads()
    page = follow(admin, fill(admin, "/tenants/new/", **CONNECTOR, description="For Munich"))

    assert page.heading == "Munich sales"
    assert "Saved with the key 'munich-sales', which never changes. Airflow reads it now." in page.text
    assert "Airflow has not read the file of this configuration yet" in page.text
    assert parsing_asked() == {"calendar_sync.py", "calendar_sync_backfill.py", "calendar_sync_approval.py"}

    tenant = load_one(place.folder / "tenants", "munich-sales")
    assert (tenant.name, tenant.description, tenant.enterprise) == ("Munich sales", "For Munich", "munich")
    assert tenant.installation == "tests", "as the other tenants of this Airflow"
    assert (tenant.connections.crm, tenant.connections.graph) == (
        "calsync_crm_munich-sales",
        "calsync_graph_munich-sales",
    )
    graph, crm = stored(tenant.connections.graph), stored(tenant.connections.crm)
    assert (graph.conn_type, graph.host, graph.login, graph.password) == (
        "msgraph",
        "graph.microsoft.com",
        APP,
        SECRETS[0],
    )
    assert graph.extra_dejson == {"tenant_id": GUID}
    assert (crm.conn_type, crm.host, crm.login, crm.password) == (
        "generic", "https://open.fxiaoke.com", "FSAID_1", SECRETS[1]
    )  # fmt: skip
    assert crm.extra_dejson == {"ea": "munich", "permanent_code_secret": SECRETS[2]}


def test_no_secret_is_in_a_page_the_file_the_audit_log_or_airflows_answers(
    admin: TestClient, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    from airflow.models import Log
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with caplog.at_level("DEBUG"):
        refused = fill(admin, "/tenants/new/", **{**CONNECTOR, "name": "CRM Calendar"})
        saved = fill(admin, "/tenants/new/", **CONNECTOR)
        page = follow(admin, saved)
    with create_session() as session:
        audit = [str(log.extra) for log in session.scalars(select(Log))]
    answers = [admin.get(f"/api/v2/connections/calsync_{side}_munich-sales").text for side in ("crm", "graph")]
    file = (place.folder / "tenants" / "munich-sales.yaml").read_text()

    assert refused.status_code == 422
    assert any("post_connection" in one or "connection_id" in one for one in audit), "the audit log knows of it"
    for secret in SECRETS:
        for text in (refused.text, saved.text, page.answer.text, caplog.text, file, *audit, *answers):
            assert secret not in text


def test_what_is_wrong_is_marked_and_nothing_is_stored(admin: TestClient, place: Place) -> None:
    from airflow.exceptions import AirflowNotFoundException

    answer = fill(admin, "/tenants/new/", **{**CONNECTOR, "name": "berlin SALES", "window.past_days": "-3"})
    page = Page(answer, 422)

    assert "Configuration name 'berlin SALES' is also the name in" not in page.text, "told once the rest is right"
    assert "Days back is too small: write at least 0." in page.text
    assert page.soup.find(id="window.past_days")["aria-invalid"] == "true"
    assert page.soup.find(id="description").get_text() == ""
    assert page.soup.find(id="crm_conn.app")["value"] == "FSAID_1", "what was typed stays, but for secrets"
    twice = Page(fill(admin, "/tenants/new/", **{**CONNECTOR, "name": "berlin SALES"}), 422)
    assert "'berlin SALES' is also the name in berlin.yaml: names are unique, change one." in twice.text
    assert sorted(path.name for path in (place.folder / "tenants").iterdir()) == ["berlin.yaml", "vienna.yaml"]
    with pytest.raises(AirflowNotFoundException):
        stored("calsync_crm_berlin-sales")


def test_it_is_checked_as_one_types(admin: TestClient) -> None:
    answer = fill(admin, "/tenants/new/", SCRIPT, **{**CONNECTOR, "name": "crm calendar"}, action="check")
    assert answer.json()["problems"] == {"name": "'CRM Calendar' is ShareCRM's own calendar: choose another name"}
    answer = fill(admin, "/tenants/new/", SCRIPT, **{**CONNECTOR, "name": "Berlin"}, action="check")
    assert (answer.json()["problems"], answer.json()["key"]) == ({}, "berlin-2")


def test_a_script_is_led_on_after_saving_and_the_page_says_what_was_done(admin: TestClient) -> None:
    answer = fill(admin, "/tenants/new/", SCRIPT, **CONNECTOR)
    assert answer.json() == {"to": "/calsync/tenants/munich-sales/"}
    assert "Saved with the key" in visit(admin, "/tenants/munich-sales/").text


def test_a_change_keeps_secrets_that_were_left_empty(admin: TestClient, place: Place) -> None:
    follow(admin, fill(admin, "/tenants/new/", **CONNECTOR))
    page = visit(admin, "/tenants/munich-sales/")
    assert page.soup.find(id="graph_conn.application")["value"] == APP
    assert [page.soup.find(id=one)["value"] for one in ("graph_conn.secret", "crm_conn.secret", "crm_conn.code")] == [
        ""
    ] * 3

    said = follow(admin, fill(admin, "/tenants/munich-sales/", direction="crm_to_outlook", **{"crm_conn.user": "1009"}))

    assert "Saved." in said.text
    assert load_one(place.folder / "tenants", "munich-sales").direction == "crm_to_outlook"
    crm = stored("calsync_crm_munich-sales")
    assert (stored("calsync_graph_munich-sales").password, crm.password) == SECRETS[:2]
    assert crm.extra_dejson == {"ea": "munich", "permanent_code_secret": SECRETS[2], "user": "1009"}


def test_a_stored_secret_goes_nowhere_else(admin: TestClient) -> None:
    follow(admin, fill(admin, "/tenants/new/", **CONNECTOR))
    page = Page(fill(admin, "/tenants/munich-sales/", **{"graph_conn.server": "https://evil.example"}), 422)
    assert "Client secret has to be typed again" in page.text
    assert stored("calsync_graph_munich-sales").host == "graph.microsoft.com"


def test_a_file_that_changed_meanwhile_is_not_overwritten(admin: TestClient, place: Place) -> None:
    follow(admin, fill(admin, "/tenants/new/", **CONNECTOR))
    old = form_of(visit(admin, "/tenants/munich-sales/"))
    file = place.folder / "tenants" / "munich-sales.yaml"
    file.write_text(file.read_text() + "drift: revert\n")

    answer = admin.post("/calsync/tenants/munich-sales/", data={**old, "direction": "crm_to_outlook"})

    assert "has changed since it was read here: reload it" in Page(answer, 409).text
    assert load_one(place.folder / "tenants", "munich-sales").drift == "revert"
    assert load_one(place.folder / "tenants", "munich-sales").direction == "bidirectional"


def test_where_the_folder_cannot_be_written_the_file_is_handed_over(
    admin: TestClient, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("calsync.web.saving.save_tenant", refuse)
    page = Page(fill(admin, "/tenants/new/", **CONNECTOR), 409)

    assert "put this file there, as munich-sales.yaml" in page.text
    assert "name: Munich sales\n" in page.soup.find("pre").get_text()
    assert stored("calsync_graph_munich-sales").login == APP, "the connections are there"
    again = {**form_of(page), "action": "file", "key": "munich-sales"}
    file = admin.post("/calsync/tenants/new/", data=again)
    assert file.headers["content-disposition"] == 'attachment; filename="munich-sales.yaml"'
    assert file.text == page.soup.find("pre").get_text()


def test_a_connection_that_is_there_is_used_by_name_only(admin: TestClient) -> None:
    follow(admin, fill(admin, "/tenants/new/", **CONNECTOR))
    (taken,) = Page(
        fill(admin, "/tenants/new/", **{**CONNECTOR, "name": "Other", "key": "munich-sales"}), 422
    ).soup.select("[id='connections.crm-below'] .error")
    assert "is in Airflow already: write its name here" in taken.get_text()

    named = {"connections.crm": "calsync_crm_munich-sales", "connections.graph": "calsync_graph_munich-sales"}
    follow(admin, fill(admin, "/tenants/new/", **{**CONNECTOR, **named, "name": "Other", "crm_conn.app": "ANOTHER"}))
    assert stored("calsync_crm_munich-sales").login == "FSAID_1"


def test_a_connection_of_the_environment_is_used_as_it_is(
    admin: TestClient, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"conn_type": "msgraph", "login": APP, "password": "env-secret", "extra": {"tenant_id": GUID}}
    monkeypatch.setenv("AIRFLOW_CONN_CALSYNC_GRAPH_TESTS", json.dumps(said))
    page = visit(admin, "/tenants/berlin/")
    assert "It comes from the environment or a secrets backend" in page.text
    assert "env-secret" not in page.answer.text
    typed = {key: value for key, value in CONNECTOR.items() if key.startswith("crm_conn")}
    follow(admin, fill(admin, "/tenants/berlin/", **typed, direction="outlook_to_crm"))
    assert load_one(place.folder / "tenants", "berlin").direction == "outlook_to_crm"
    assert stored("calsync_crm_tests").password == SECRETS[1]


def test_the_two_connections_are_tried_without_being_saved(
    admin: TestClient, place: Place, server: Any, box: Any
) -> None:
    box.reset({"team": "sales"})
    info = server.info
    typed = {
        **CONNECTOR, "enterprise": info["ea"], "microsoft_tenant": info["tenant_id"],
        "graph_conn.server": info["url"], "graph_conn.authority": info["url"], "graph_conn.verify": info["ca"],
        "graph_conn.application": info["client_id"], "graph_conn.secret": info["client_secret"],
        "crm_conn.server": info["url"], "crm_conn.verify": info["ca"], "crm_conn.app": info["crm_app_id"],
        "crm_conn.secret": info["crm_app_secret"], "crm_conn.code": info["crm_permanent_code"],
        "crm_conn.user": info["crm_user"], "action": "test",
    }  # fmt: skip
    page = Page(fill(admin, "/tenants/new/", **typed))
    found = {row[1]: row[0] for row in page.rows}
    assert found["Microsoft token"] == found["Microsoft permissions"] == found["ShareCRM fields"] == "ok"

    wrong = fill(admin, "/tenants/new/", SCRIPT, **{**typed, "graph_conn.secret": "wrong"}).json()["checks"]
    token = next(check for check in wrong if check["name"] == "Microsoft token")
    assert (token["level"], token["sentence"].startswith("The client secret is wrong")) == ("bad", True)
    assert sorted(path.name for path in (place.folder / "tenants").iterdir()) == ["berlin.yaml", "vienna.yaml"]


def test_the_permissions_and_the_link_to_grant_them_are_there_to_copy(admin: TestClient) -> None:
    follow(admin, fill(admin, "/tenants/new/", **CONNECTOR))
    page = visit(admin, "/tenants/munich-sales/")
    assert [one.get_text() for one in page.soup.select(".copies code")] == ["User.Read.All", "Calendars.ReadWrite"]
    assert page.soup.find(id="consent")["value"] == (
        f"https://login.microsoftonline.com/{GUID}/adminconsent?client_id={APP}"
    )


def test_once_airflow_has_read_it_a_run_can_be_started_and_it_can_be_disabled(admin: TestClient) -> None:
    state = "/calsync/tenants/berlin/state/"
    assert admin.get(state).json() == {"known": False, "paused": True}
    airflow_reads()
    assert admin.get(state).json() == {"known": True, "paused": True}
    page = visit(admin, "/tenants/berlin/")
    assert [button.get_text() for button in page.soup.select("#state button")] == ["Unpause and run"]
    page = follow(admin, send(admin, page, "/tenants/berlin/run/"))
    assert "Its DAGs are active, and a run has been started." in page.text
    assert paused("berlin") == {False}
    runs = admin.get("/api/v2/dags/calendar_sync__berlin/dagRuns").json()["dag_runs"]
    assert [(run["run_type"], run["triggering_user_name"]) for run in runs] == [("manual", "admin")]
    assert [one.get_text() for one in page.soup.select("#state .actions > form > button")] == ["Run now", "Disable"]
    said = follow(admin, send(admin, page, "/tenants/berlin/pause/"))
    assert "nothing is synchronised until you enable it again" in said.text
    assert paused("berlin") == {True}


def test_deleting_a_configuration_keeps_its_file_and_what_is_stored(
    admin: TestClient, place: Place, site: FastAPI
) -> None:
    airflow_reads()
    page = visit(admin, "/tenants/berlin/")
    before = (place.folder / "tenants" / "berlin.yaml").read_text()
    ours = next(route.app for route in site.routes if getattr(route, "path", "") == "/calsync")
    ours.dependency_overrides[now] = lambda: datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    try:
        answer = send(admin, page, "/tenants/berlin/delete/", version=form_of(page)["version"])
    finally:
        ours.dependency_overrides.clear()

    assert (
        "No event was deleted. Its file is kept as berlin.yaml.deleted-20261123T093000Z" in follow(admin, answer).text
    )
    assert (place.folder / "tenants" / "berlin.yaml.deleted-20261123T093000Z").read_text() == before
    assert paused("berlin") == {True}
    assert "calendar_sync.py" in parsing_asked()
    assert visit(admin, "/tenants/berlin/", 404).heading == "There is no such page"


def test_whoever_may_edit_connections_but_not_dags_is_told_so(
    as_role: SignIn, place: Place, site: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_reads()
    op = as_role("op")
    page = visit(op, "/tenants/berlin/")
    may = site.state.auth_manager.is_authorized_dag

    def reads_only(**question: Any) -> bool:
        return question["method"] == "GET" and may(**question)

    monkeypatch.setattr(site.state.auth_manager, "is_authorized_dag", reads_only)
    said = follow(op, send(op, page, "/tenants/berlin/delete/", version=form_of(page)["version"]))
    assert "Nothing was removed. Airflow does not give you the right to do this." in said.text
    assert (place.folder / "tenants" / "berlin.yaml").exists()
    _clear()


def test_nothing_of_the_page_needs_inline_script_or_style(admin: TestClient) -> None:
    soup = BeautifulSoup(visit(admin, "/tenants/new/").answer.text, "html.parser")
    assert [one for one in soup.find_all(True) if one.get("style") or one.get("onclick") or one.get("target")] == []
    assert all(script.get("src") for script in soup.find_all("script"))
    labelled = {label["for"] for label in soup.find_all("label") if label.get("for")}
    typed = soup.select("form input:not([type=hidden], [type=radio]), form select, form textarea")
    assert {one["id"] for one in typed} - labelled == set()
