"""What all pages have in common: forms, messages, problems, the state database, charts and words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.testclient import TestClient
from jinja2 import ChoiceLoader, DictLoader
from web.conftest import Page, Place, SignIn, visit

from calsync.errors import LeaseHeld
from calsync.web.access import ViewerDep, may_answer, may_manage, may_manage_tenant, may_view, viewer
from calsync.web.chart import HEIGHT, chart
from calsync.web.forms import Said, after_form, own_form
from calsync.web.page import Crumb, _environment, show
from calsync.web.problems import add_problem_pages
from calsync.web.state import StoreDep, TenantDep, all_tenants
from calsync.web.words import ago, counted, span

pytestmark = pytest.mark.airflow
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FORM = """
{% extends "base.html" %}
{% import "_parts.html" as parts with context %}
{% block main %}<form method="post">{{ parts.token() }}<button>Send</button></form>{% endblock %}
"""
"""A page with what every page has: the way to it, what was said, a form."""


def pages() -> APIRouter:
    """Pages that use all of the foundation."""
    router = APIRouter(dependencies=[Depends(viewer), Depends(own_form)])

    @router.get("/form/")
    def form(request: Request) -> HTMLResponse:
        return show(request, "form.html", crumbs=[Crumb("Calendar Sync", "/"), Crumb("Here")])

    @router.post("/form/")
    def sent(request: Request, viewer: ViewerDep) -> RedirectResponse:
        return after_form(request, "/form/", Said(f"Noted for {viewer.name}.", "wait"))

    @router.get("/tenants/{tenant}/", dependencies=[Depends(may_view)])
    def name(tenant: TenantDep) -> dict[str, str]:
        return {"name": tenant.name}

    @router.get("/manage/", dependencies=[Depends(may_manage)])
    @router.get("/tenants/{tenant}/manage/", dependencies=[Depends(may_manage_tenant)])
    @router.get("/tenants/{tenant}/answer/", dependencies=[Depends(may_answer)])
    def allowed() -> dict[str, bool]:
        return {"allowed": True}

    @router.get("/store/")
    def stored(store: StoreDep) -> dict[str, str]:
        return {"version": store.version}

    @router.get("/fails/{how}/")
    def fails(how: str) -> None:
        raise LeaseHeld("berlin", "airflow:x", "12:00", 1) if how == "lease" else RuntimeError("Needle")

    return router


@pytest.fixture(scope="module")
def trial(site: FastAPI) -> Iterator[None]:
    """A second application beside the pages, made of the foundation and a template of its own."""
    app = FastAPI()
    add_problem_pages(app)
    app.include_router(pages())
    before, templates = list(site.router.routes), _environment()
    site.mount("/trial/calsync", app)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "loader", ChoiceLoader([DictLoader({"form.html": FORM}), templates.loader]))
        yield
    site.router.routes[:] = before


class Browser:
    """A browser that opens the pages of the second application."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, path: str, status: int = 200, **headers: str) -> Page:
        return Page(self.client.get(f"/trial/calsync{path}", headers=headers), status)

    def post(self, path: str, **fields: Any) -> Any:
        return self.client.post(f"/trial/calsync{path}", data=fields)


@pytest.fixture
def browser(trial: None, as_role: SignIn, place: Place) -> Browser:
    return Browser(as_role("op"))


def test_a_message_is_shown_once_after_the_form(browser: Browser) -> None:
    page = browser.get("/form/")
    answer = browser.post("/form/", form_token=token(page))
    assert answer.status_code == 303
    assert answer.headers["location"] == "/trial/calsync/form/"
    said = browser.get("/form/").soup.select_one(".said")
    assert said is not None
    assert (said.get_text(), said["class"]) == ("Noted for op.", ["said", "wait"])
    assert browser.get("/form/").soup.select_one(".said") is None


def token(page: Page) -> str:
    return page.form_token


def test_a_forged_message_is_not_shown(browser: Browser) -> None:
    browser.client.cookies.set("calsync_said", "eyJ0ZXh0IjoiYmFkIn0.x.y")
    assert browser.get("/form/").soup.select_one(".said") is None


def test_a_form_fits_one_browser_and_one_user(browser: Browser, as_role: SignIn) -> None:
    of_op = token(browser.get("/form/"))
    another = Browser(as_role("op"))
    another.get("/form/")
    assert another.post("/form/", form_token=of_op).status_code == 403
    admin = Browser(as_role("admin"))
    admin.client.cookies.set("calsync_browser", browser.client.cookies["calsync_browser"])
    assert admin.post("/form/", form_token=of_op).status_code == 403
    for wrong in ("", "x", of_op[:-1]):
        assert browser.post("/form/", form_token=wrong).status_code == 403
    assert browser.post("/form/", form_token=of_op).status_code == 303


def test_a_script_may_say_the_token_in_a_header(browser: Browser) -> None:
    token_ = token(browser.get("/form/"))
    sent = browser.client.post("/trial/calsync/form/", headers={"X-Form-Token": token_}, json={"a": 1})
    assert sent.status_code == 303


def test_the_way_to_a_page_is_shown_with_links_that_end_in_a_slash(browser: Browser) -> None:
    steps = browser.get("/form/").soup.select(".crumbs li")
    assert [step.get_text() for step in steps] == ["Calendar Sync", "Here"]
    assert [link["href"] for step in steps for link in step.select("a")] == ["/trial/calsync/"]


RIGHTS = {
    "/manage/": {"op", "admin"},
    "/tenants/berlin/manage/": {"op", "admin"},
    "/tenants/berlin/answer/": {"user", "op", "admin"},
    "/tenants/vienna/answer/": {"user", "op", "admin", "neighbour"},
    "/tenants/berlin/": {"viewer", "user", "op", "admin"},
    "/tenants/vienna/": {"viewer", "user", "op", "admin", "neighbour"},
}


@pytest.mark.parametrize("path", RIGHTS)
def test_each_right_is_asked_for(trial: None, as_role: SignIn, place: Place, path: str) -> None:
    allowed = {
        role
        for role in ("viewer", "user", "op", "admin", "neighbour")
        if as_role(role).get(f"/trial/calsync{path}").status_code == 200
    }
    assert allowed == RIGHTS[path]


def test_whether_there_is_a_tenant_is_told_only_to_those_who_might_see_it(
    trial: None, as_role: SignIn, place: Place
) -> None:
    assert as_role("neighbour").get("/trial/calsync/tenants/nobody/").status_code == 403
    page = Page(as_role("viewer").get("/trial/calsync/tenants/nobody/"), 404)
    assert "There is no configuration of this key" in page.text


def test_a_tenant_whose_file_cannot_be_used_is_a_page_with_its_problems(browser: Browser, place: Place) -> None:
    (place.folder / "tenants" / "berlin.yaml").write_text("name: Berlin\n")
    page = browser.get("/tenants/berlin/", 409)
    assert page.heading == "A configuration has to be corrected first"
    assert page.soup.select(".problems li")[0].get_text().startswith("berlin.yaml:")


def test_a_missing_state_database_is_a_page_that_says_what_to_do(browser: Browser, place: Place) -> None:
    place.store.close()
    for file in place.folder.glob("calsync.db*"):
        file.unlink()
    page = browser.get("/store/", 503)
    assert "python -m calsync db upgrade" in page.text


def test_an_old_state_database_is_a_page_that_says_what_to_do(browser: Browser, place: Place) -> None:
    from sqlalchemy import create_engine, text

    engine = create_engine(f"sqlite:///{place.folder / 'calsync.db'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert "is at version 0001" in browser.get("/store/", 503).text


def test_a_run_at_work_is_told(browser: Browser) -> None:
    page = browser.get("/fails/lease/", 409)
    assert page.heading == "A run is at work"
    assert "Another run writes tenant berlin" in page.text


def test_a_fault_is_a_page_without_its_text(trial: None, as_role: SignIn, site: FastAPI) -> None:
    signed_in = as_role("op")
    browser = TestClient(site, raise_server_exceptions=False, cookies=signed_in.cookies)
    page = Page(browser.get("/trial/calsync/fails/other/"), 500)
    assert page.heading == "Something went wrong"
    assert "Needle" not in page.text


@pytest.mark.parametrize(
    ("role", "path", "status", "heading"),
    [
        (None, "/", 401, "Sign in to Airflow"),
        ("neighbour", "/dags/calendar_sync__berlin/runs/r/changes/", 403, "Not allowed"),
        ("viewer", "/nothing/", 404, "There is no such page"),
        ("viewer", "/dags/calendar_sync__berlin/runs/r/changes/?page=x", 422, "That was not understood"),
    ],
)
def test_every_refusal_is_a_page_of_ours(
    as_role: SignIn, place: Place, role: str | None, path: str, status: int, heading: str
) -> None:
    page = visit(as_role(role), path, status)
    assert page.heading == heading
    assert "default-src 'none'" in page.answer.headers["content-security-policy"]
    (style,) = page.soup.select("link[rel=stylesheet]")
    assert as_role(role).get(str(style["href"])).status_code == 200


def test_a_script_is_answered_in_json(as_role: SignIn, place: Place) -> None:
    answer = as_role("viewer").get("/calsync/nothing/", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("The address is wrong")


def test_a_changed_tenant_file_is_read_anew(place: Place) -> None:
    assert [tenant.name for tenant in all_tenants()[0]] == ["Berlin sales", "Vienna sales"]
    place.tenant("berlin", name="Berlin sales and service")
    assert [tenant.name for tenant in all_tenants()[0]] == ["Berlin sales and service", "Vienna sales"]


def test_the_highest_bar_fills_the_chart_and_the_last_stands_at_the_right() -> None:
    drawn = chart([("first", {"created": 5, "updated": 0}), ("second", {"created": 10, "updated": 10})], room=4)
    assert [bar.x for bar in drawn.bars] == [16, 24]
    assert drawn.width == 32
    low, high = (sum(part.height for part in bar.parts) for bar in drawn.bars)
    assert (low, high) == (HEIGHT / 4, HEIGHT)
    assert [part.name for part in drawn.bars[0].parts] == ["created"]
    assert min(part.y for bar in drawn.bars for part in bar.parts) >= 0


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (86_400 * 1.5, "36 h"), (86_400 * 3, "3 days")],
)
def test_spans_are_told_in_one_unit(seconds: float, expected: str) -> None:
    assert span(seconds) == expected


def test_moments_are_told_by_their_distance() -> None:
    assert ago(NOW - timedelta(minutes=5), NOW) == "5 min ago"
    assert ago(NOW + timedelta(hours=3), NOW) == "in 3 h"
    assert ago(None, NOW) == ""


def test_counts_are_told_with_their_noun() -> None:
    assert [counted(n, "meeting") for n in (0, 1, 1200)] == ["0 meetings", "1 meeting", "1,200 meetings"]
    assert counted(2, "mailbox", "mailboxes") == "2 mailboxes"
