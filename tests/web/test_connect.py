"""The employee's own page: signing in with the sandbox's Microsoft, connecting, and everything that may not be."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from web.conftest import Page, Place, SignIn, follow, send, visit

from calsync.accounts import authorise, remember, stored
from calsync.config.load import load_tenant
from calsync.core.accounts import Employee, User
from calsync.web.limits import OF_THIS_PROCESS, PER_CLIENT, PER_TENANT, Limiter
from sandbox.client import Sandbox
from sandbox.server import Server

pytestmark = pytest.mark.airflow
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOME = "/connect/berlin/"
BACK = "http://testserver/calsync/connect/berlin/signed-in/"


@pytest.fixture
def there(place: Place, microsoft: Server, box: Sandbox) -> Place:
    """Ann, Bob and a guest at Microsoft; Ann alone is a ShareCRM employee with a match."""
    people = [{"address": f"{name}@x.io", "id": f"oid-{name}"} for name in ("ann", "bob")]
    box.reset({"mailboxes": [*people, {"address": "gus@y.io", "id": "oid-gus", "user_type": "Guest"}]})
    box.set_microsoft(redirect_uris=[BACK])
    tenant = load_tenant(place.folder / "tenants" / "berlin.yaml")
    users = [User("oid-ann", mail="ann@x.io"), User("oid-bob", mail="bob@x.io")]
    remember(tenant, [Employee("1001", "ann@x.io")], users, place.store, NOW)
    return place


@pytest.fixture
def browser(as_role: SignIn) -> TestClient:
    """Of somebody who is not signed in to Airflow."""
    return as_role(None)


def to_microsoft(browser: TestClient) -> str:
    answer = browser.get(f"/calsync{HOME}sign-in/")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def picked(box: Sandbox, uri: str, who: str, **more: str) -> str:
    """Where Microsoft sends this person back to."""
    page: httpx.Response = box.http.get(uri)
    for form in [{}, more] if more else [{}]:
        (ctx, *_) = re.findall(r'name="ctx" value="([^"]+)"', page.text)
        page = box.http.post(f"/{urlsplit(uri).path.split('/')[1]}/login", data={"ctx": ctx, "login": who, **form})
    return str(page.headers["location"])


def sign_in(browser: TestClient, box: Sandbox, who: str = "oid-ann") -> Page:
    """The page as this person sees it, signed in."""
    return follow(browser, browser.get(picked(box, to_microsoft(browser), who)))


def allowed(place: Place) -> list[str]:
    return [one.employee for one in place.store.accounts("berlin") if one.authorised]


def test_an_employee_signs_in_connects_and_disconnects(there: Place, browser: TestClient, box: Sandbox) -> None:
    before = visit(browser, HOME)
    assert before.heading == "Connect your calendar"
    assert "Signing in changes nothing yet." in before.text
    assert "What is synchronised" in before.text
    mine = sign_in(browser, box)
    assert mine.heading == "Your calendar is not connected"
    assert "Signed in as ann@x.io." in mine.text
    assert allowed(there) == []
    connected = follow(browser, send(browser, mine, f"{HOME}connect/"))
    assert connected.heading == "Your calendar is connected"
    assert allowed(there) == ["1001"]
    gone = follow(browser, send(browser, connected, f"{HOME}disconnect/"))
    assert gone.heading == "Your calendar is not connected"
    assert allowed(there) == []
    assert follow(browser, send(browser, gone, f"{HOME}sign-out/")).heading == "Connect your calendar"


@pytest.mark.parametrize(
    ("who", "heading"), [("oid-bob", "No employee was found for you"), ("oid-gus", "Guests cannot connect")]
)
def test_nobody_connects_what_is_not_theirs(
    there: Place, browser: TestClient, box: Sandbox, who: str, heading: str
) -> None:
    page = sign_in(browser, box, who)
    assert page.heading == heading
    assert "Connect my calendar" not in page.text
    assert follow(browser, send(browser, page, f"{HOME}connect/")).heading == heading
    assert allowed(there) == []


def test_an_ambiguous_match_says_whom_to_ask(there: Place, browser: TestClient, box: Sandbox) -> None:
    tenant = there.tenant("berlin", microsoft_tenant=box_tenant(there))
    two = [User("oid-ann", mail="ann@x.io"), User("oid-bob", mail="bob@x.io", proxies=("ann@x.io",))]
    remember(tenant, [Employee("1001", "ann@x.io")], two, there.store, NOW)
    page = sign_in(browser, box, "oid-bob")
    assert page.heading == "It is not clear which employee you are"
    assert "Ask your administrator of calendar sync" in page.text


def test_a_mailbox_that_is_connected_elsewhere_says_so(there: Place, browser: TestClient, box: Sandbox) -> None:
    vienna = there.tenant("vienna", enterprise="berlin", microsoft_tenant=box_tenant(there))
    remember(vienna, [Employee("1001", "ann@x.io")], [User("oid-ann", mail="ann@x.io")], there.store, NOW)
    authorise(vienna, stored("vienna", there.store), ["1001"], there.store, NOW)
    assert sign_in(browser, box).heading == "Your calendar is connected elsewhere"


def box_tenant(there: Place) -> str:
    from calsync.config.load import load_one

    return str(load_one(there.folder / "tenants", "berlin").microsoft_tenant)


def test_a_user_of_another_microsoft_tenant_is_a_stranger(there: Place, browser: TestClient, box: Sandbox) -> None:
    there.tenant("berlin", microsoft_tenant="00000000-0000-4000-8000-00000000000f")
    page = Page(browser.get(picked(box, to_microsoft(browser), "oid-ann")), 400)
    assert page.heading == "This account belongs to another organisation"
    assert visit(browser, HOME).heading == "Connect your calendar"


@pytest.mark.parametrize("consent", ["asked", "admin"])
def test_consent_that_is_not_given_says_whom_to_ask(
    there: Place, browser: TestClient, box: Sandbox, consent: str
) -> None:
    box.set_microsoft(consent=consent)
    page = Page(browser.get(picked(box, to_microsoft(browser), "oid-ann", consent="no")), 400)
    assert page.heading == "Microsoft did not get consent"
    assert "ask your Microsoft 365 administrator" in page.text


def test_what_microsoft_sends_counts_for_the_browser_that_asked_and_once(
    there: Place, browser: TestClient, as_role: SignIn, box: Sandbox
) -> None:
    other = as_role(None)
    back = picked(box, to_microsoft(browser), "oid-ann")
    assert Page(other.get(back), 400).heading == "This sign-in is no longer valid"
    to_microsoft(other)
    assert Page(other.get(back), 400).heading == "This sign-in is no longer valid"
    assert follow(browser, browser.get(back)).heading == "Your calendar is not connected"
    assert Page(browser.get(back), 400).heading == "This sign-in is no longer valid"


def test_a_sign_in_for_one_page_is_worth_nothing_on_another(there: Place, browser: TestClient, box: Sandbox) -> None:
    sign_in(browser, box)
    cookie = next(one for one in browser.cookies.jar if one.name == "calsync_person")
    assert cookie.path == "/calsync/connect/berlin/"
    browser.cookies.set("calsync_person", str(cookie.value), path="/calsync/connect/vienna/")
    assert visit(browser, "/connect/vienna/").heading == "Connect your calendar"
    assert browser.get("/calsync/").status_code in (401, 403)
    assert browser.get("/calsync/tenants/berlin/accounts/").status_code in (401, 403)


def test_a_made_up_cookie_is_nobody(there: Place, browser: TestClient) -> None:
    browser.cookies.set("calsync_person", '{"object_id":"oid-ann"}', path="/calsync/connect/berlin/")
    assert visit(browser, HOME).heading == "Connect your calendar"


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(there: Place, browser: TestClient) -> None:
    said = browser.get(f"/calsync{HOME}sign-in/").headers["set-cookie"]
    assert "HttpOnly" in said
    assert "SameSite=lax" in said
    assert "Path=/calsync/connect/berlin/" in said


def test_a_form_of_somebody_else_changes_nothing(there: Place, browser: TestClient, box: Sandbox) -> None:
    sign_in(browser, box)
    page = Page(browser.post(f"/calsync{HOME}connect/", data={"form_token": "made up"}), 403)
    assert page.heading == "This form is no longer valid"
    assert allowed(there) == []


def test_whoever_is_not_signed_in_is_asked_to(there: Place, browser: TestClient, box: Sandbox) -> None:
    page = sign_in(browser, box)
    browser.cookies.delete("calsync_person", path="/calsync/connect/berlin/")
    after = follow(browser, send(browser, page, f"{HOME}connect/"))
    assert "Sign in again." in after.text
    assert allowed(there) == []


def test_the_page_is_framed_by_nobody_and_runs_no_script(there: Place, browser: TestClient) -> None:
    page = visit(browser, HOME)
    policy = page.answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.answer.headers["cache-control"] == "no-store"
    assert page.soup.find("script") is None
    for sheet in page.soup.find_all("link", rel="stylesheet"):
        assert browser.get(str(sheet["href"])).status_code == 200


@pytest.mark.parametrize("path", ["/connect/nowhere/", "/connect/nowhere/sign-in/", "/connect/Not%20A%20Key/"])
def test_an_unknown_page_says_whom_to_ask(place: Place, browser: TestClient, path: str) -> None:
    page = visit(browser, path, 404)
    assert page.heading == "There is no such page"
    assert "ask your administrator" in page.text


def test_what_is_wrong_with_the_configuration_is_not_told_to_everybody(
    there: Place, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_CALSYNC_GRAPH_TESTS")
    page = visit(browser, f"{HOME}sign-in/", 503)
    assert page.heading == "Signing in is not set up"
    assert "calsync_graph_tests" not in page.text


def test_a_login_service_that_is_down_is_told_as_such(there: Place, browser: TestClient, box: Sandbox) -> None:
    box.fault("login", {"status": 503})
    assert visit(browser, f"{HOME}sign-in/", 503).heading == "That does not work at the moment"


def test_one_client_may_not_ask_without_end(there: Place, browser: TestClient) -> None:
    for _ in range(PER_CLIENT):
        OF_THIS_PROCESS.wait("client testclient", PER_CLIENT)
    page = visit(browser, HOME, 429)
    assert page.heading == "Too many requests"
    assert 0 < int(page.answer.headers["retry-after"]) <= 61


def test_many_clients_may_not_ask_of_one_tenant_without_end(there: Place, browser: TestClient) -> None:
    for _ in range(PER_TENANT):
        OF_THIS_PROCESS.wait("tenant berlin", PER_TENANT)
    assert visit(browser, HOME, 429).heading == "Too many requests"
    assert visit(browser, "/connect/vienna/").heading == "Connect your calendar"


def test_a_limit_counts_the_last_minute_of_each_key() -> None:
    now: list[float] = [0.0]
    limiter = Limiter(lambda: now[0])
    assert [limiter.wait("a", 2) for _ in range(3)] == [0.0, 0.0, 60.0]
    assert limiter.wait("b", 2) == 0.0
    now[0] = 59.0
    assert limiter.wait("a", 2) == 1.0
    now[0] = 60.0
    assert limiter.wait("a", 2) == 0.0


def test_the_address_given_to_microsoft_is_the_registered_one(there: Place, browser: TestClient) -> None:
    asked: dict[str, Any] = parse_qs(urlsplit(to_microsoft(browser)).query)
    assert asked["redirect_uri"] == [BACK]
    assert asked["code_challenge_method"] == ["S256"]
