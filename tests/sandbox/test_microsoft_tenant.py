"""Login, permissions, the directory, mailbox states and throttling."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from graph_caller import ANN, BOB, CLIENT, NOVEMBER, SECRET, TENANT, GraphCaller, error_of, people, token_form

from sandbox.client import Sandbox
from sandbox.server import Server

TOKEN = f"/{TENANT}/oauth2/v2.0/token"


@pytest.fixture
def graph(box: Sandbox) -> GraphCaller:
    return people(box)


def test_a_token_names_the_application_and_its_permissions(graph: GraphCaller) -> None:
    answer = graph.box.http.post(TOKEN, data=token_form(client_info="1", unknown="ignored")).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3599)
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert (claims["appid"], claims["tid"], claims["idtyp"]) == (CLIENT, TENANT, "app")
    assert set(claims["roles"]) == {"User.Read.All", "Calendars.ReadWrite"}
    assert claims["exp"] - claims["iat"] == 3599


@pytest.mark.parametrize(
    ("form", "status", "error", "code"),
    [
        ({"client_secret": "its-id"}, 401, "invalid_client", 7000215),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"client_id": "11111111-1111-1111-1111-111111111111"}, 400, "unauthorized_client", 700016),
        ({"scope": "https://graph.microsoft.com/Calendars.Read"}, 400, "invalid_scope", 70011),
        ({"scope": "https://vault.azure.net/.default"}, 400, "invalid_resource", 500011),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
    ],
)
def test_login_errors(graph: GraphCaller, form: dict[str, Any], status: int, error: str, code: int) -> None:
    sent = {name: value for name, value in (token_form() | form).items() if value is not None}
    answer = graph.box.http.post(TOKEN, data=sent)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert SECRET not in body["error_description"]


def test_an_expired_secret(graph: GraphCaller, server: Server) -> None:
    server.world.microsoft.application.secret_expired = True
    answer = graph.box.http.post(TOKEN, data=token_form())
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [7000222])


def test_an_unknown_tenant_shows_before_any_token_is_asked_for(graph: GraphCaller) -> None:
    http = graph.box.http
    configuration = http.get("/nowhere.example/v2.0/.well-known/openid-configuration")
    assert (configuration.status_code, configuration.json()["error"]) == (400, "invalid_tenant")
    token = http.post("/nowhere.example/oauth2/v2.0/token", data=token_form())
    assert (token.status_code, token.json()["error"], token.json()["error_codes"]) == (400, "invalid_request", [90002])


def _assertion(server: Server, algorithm: str, key: Any = None, **changes: Any) -> dict[str, str]:
    """The form of a token request with a client assertion signed by the registered certificate (or by `key`)."""
    pem = Path(server.info["certificate"]).read_bytes()
    thumbprint = load_pem_x509_certificate(pem).fingerprint(hashes.SHA256())
    now = int(time.time())
    claims = {"aud": f"{server.url}{TOKEN}", "iss": CLIENT, "sub": CLIENT, "jti": str(uuid.uuid4())}
    claims |= {"nbf": now, "exp": now + 600, **changes}
    header = {"x5t#S256": jwt.utils.base64url_encode(thumbprint).decode()}
    signed = jwt.encode(claims, key or load_pem_private_key(pem, None), algorithm=algorithm, headers=header)
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = token_form(client_assertion_type=kind, client_assertion=signed)
    del form["client_secret"]
    return form


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_a_certificate_is_as_good_as_a_secret(graph: GraphCaller, server: Server, algorithm: str) -> None:
    assert graph.box.http.post(TOKEN, data=_assertion(server, algorithm)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [({}, 700027), ({"exp": 1}, 700024), ({"aud": "https://elsewhere.example"}, 50027)],
)
def test_assertions_that_do_not_count(graph: GraphCaller, server: Server, changes: dict[str, Any], code: int) -> None:
    stranger = None if changes else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    answer = graph.box.http.post(TOKEN, data=_assertion(server, "PS256", stranger, **changes))
    assert (answer.status_code, answer.json()["error"], answer.json()["error_codes"]) == (401, "invalid_client", [code])


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer a.b.c", "Basic abc"])
def test_what_is_no_token_is_refused(graph: GraphCaller, header: str) -> None:
    assert error_of(graph.ask("GET", "/users", authorization=header)) == (401, "InvalidAuthenticationToken")


def test_a_token_expires_by_the_sandboxes_clock(graph: GraphCaller) -> None:
    graph.get("/users")
    graph.box.set_clock(advance_s=3600)
    expired = graph.ask("GET", "/users")
    assert error_of(expired) == (401, "InvalidAuthenticationToken")
    assert "expired" in expired.json()["error"]["message"]
    graph.token = graph.new_token()
    graph.get("/users")


@pytest.mark.parametrize(
    ("roles", "users", "calendar"),
    [
        ([], (403, "Authorization_RequestDenied"), (403, "ErrorAccessDenied")),
        (["User.Read.All"], None, (403, "ErrorAccessDenied")),
        (["Calendars.ReadWrite"], (403, "Authorization_RequestDenied"), None),
        (["Directory.Read.All", "Calendars.Read"], None, None),
    ],
)
def test_permissions_count_from_the_next_token_on(
    graph: GraphCaller, roles: list[str], users: Any, calendar: Any
) -> None:
    graph.box.set_microsoft(roles=roles)
    graph.get("/users")
    graph.token = graph.new_token()
    for path, expected in (("/users", users), (f"/users/{ANN}/calendar", calendar)):
        answer = graph.ask("GET", path)
        assert answer.status_code == 200 if expected is None else error_of(answer) == expected


def test_reading_does_not_permit_writing_and_rbac_needs_no_role(graph: GraphCaller) -> None:
    graph.box.set_microsoft(roles=["User.Read.All", "Calendars.Read"])
    graph.token = graph.new_token()
    write = ("POST", f"/users/{ANN}/events", {"start": {}, "end": {}})
    assert error_of(graph.ask(*write)) == (403, "ErrorAccessDenied")
    graph.box.set_microsoft(role_based=True)
    assert graph.ask(*write).status_code == 400


def test_people_reach_their_own_mailbox_only(graph: GraphCaller) -> None:
    as_ann = {"authorization": f"Bearer user:{ANN}"}
    assert graph.get("/me", **as_ann)["mail"] == ANN
    assert graph.get("/me/calendar", **as_ann)["owner"]["address"] == ANN
    assert error_of(graph.ask("GET", f"/users/{BOB}/events", **as_ann)) == (403, "ErrorAccessDenied")
    assert graph.box.requests()[-1]["actor"] == f"user:{ANN}"
    assert graph.ask("GET", "/me/events").status_code == 400


@pytest.fixture
def directory(box: Sandbox) -> GraphCaller:
    box.reset(
        {
            "mailboxes": [
                {"address": "Ann.Arbor@sales.example", "name": "Ann Arbor", "upn": "ann@corp.example"},
                {"address": "o'neil@sales.example", "name": "Sean O'Neil"},
                {"address": "guest@customer.example", "upn": "guest_customer#EXT#@corp.example", "user_type": "Guest"},
                {
                    "address": "li@sales.example",
                    "proxy_addresses": ["SMTP:li@sales.example", "smtp:li.wei@sales.example"],
                },
            ]
        }
    )
    return GraphCaller(box)


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("mail eq 'ann.arbor@SALES.example'", ["Ann Arbor"]),
        ("mail eq 'o''neil@sales.example'", ["Sean O'Neil"]),
        ("userPrincipalName in ('ann@corp.example', 'li@sales.example')", ["Ann Arbor", "li"]),
        ("startsWith(displayName,'sean')", ["Sean O'Neil"]),
        ("proxyAddresses/any(x:x eq 'smtp:li.wei@sales.example')", ["li"]),
        ("userType eq 'Guest' and accountEnabled eq true", ["guest"]),
    ],
)
def test_users_are_found(directory: GraphCaller, test: str, expected: list[str]) -> None:
    found = directory.get(f"/users?$filter={quote(test)}&$select=displayName")["value"]
    assert found == [{"displayName": name} for name in expected]


def test_advanced_queries_need_their_header(directory: GraphCaller) -> None:
    path = f"/users?$filter={quote('''endsWith(mail,'customer.example')''')}"
    assert error_of(directory.ask("GET", path)) == (400, "Request_UnsupportedQuery")
    found = directory.get(f"{path}&$count=true", ConsistencyLevel="eventual")
    assert found["@odata.count"] == 1


def test_users_are_paged(directory: GraphCaller) -> None:
    first = directory.get("/users?$top=3&$select=mail,id")
    rest = directory.get(first["@odata.nextLink"])
    assert [len(first["value"]), len(rest["value"])] == [3, 1]
    assert set(rest["value"][0]) == {"mail", "id"}
    assert "@odata.nextLink" not in rest


def test_a_user_is_read_by_id_or_principal_name_and_a_mailbox_by_any_address(directory: GraphCaller) -> None:
    user = directory.get("/users/ann@corp.example")
    assert directory.get(f"/users/{user['id']}")["displayName"] == "Ann Arbor"
    assert error_of(directory.ask("GET", "/users/ann.arbor@sales.example")) == (404, "Request_ResourceNotFound")
    for name in (user["id"], "ann@corp.example", "ANN.ARBOR@sales.example"):
        assert directory.get(f"/users/{name}/calendar")["owner"]["address"] == "Ann.Arbor@sales.example"
    guest = directory.ask("GET", f"/users/{quote('guest_customer#EXT#@corp.example')}/calendar")
    assert error_of(guest) == (404, "MailboxNotEnabledForRESTAPI")


@pytest.mark.parametrize(
    ("state", "statuses", "code"),
    [
        ("none", [404, 404, 404, 404], "MailboxNotEnabledForRESTAPI"),
        ("forbidden", [403, 403, 403, 403], "ErrorAccessDenied"),
        ("new", [404, 404, 404, 200], "MailboxNotEnabledForRESTAPI"),
        ("deleted", [404, 404, 404, 404], "ErrorInvalidUser"),
    ],
)
def test_states_of_a_mailbox(graph: GraphCaller, state: str, statuses: list[int], code: str) -> None:
    made = graph.create(ANN)
    graph.box.set_mailbox(ANN, state)
    answers = [graph.ask("GET", f"/users/{ANN}/calendarView?{NOVEMBER}") for _ in statuses]
    assert [answer.status_code for answer in answers] == statuses
    assert answers[0].json()["error"]["code"] == code
    listed = [user["mail"] for user in graph.get("/users")["value"]]
    assert (ANN in listed) is (state != "deleted")
    graph.box.set_mailbox(ANN, "ok")
    assert [one["id"] for one in graph.view(ANN)] == [made["id"]]


def test_requests_per_window_are_counted_per_mailbox_early_ones_too(graph: GraphCaller) -> None:
    graph.box.set_clock(freeze=True)
    graph.box.set_limits(requests_per_window=2, window_s=60)
    path = f"/users/{ANN}/calendar"
    assert [graph.ask("GET", path).status_code for _ in range(3)] == [200, 200, 429]
    refused = graph.ask("GET", path)
    assert error_of(refused) == (429, "ApplicationThrottled")
    assert "." in refused.headers["retry-after"]
    assert graph.ask("GET", f"/users/{BOB}/calendar").status_code == 200
    graph.box.as_user(ANN).request("GET", "/calendar")
    graph.box.set_clock(advance_s=float(refused.headers["retry-after"]) + 1)
    assert graph.ask("GET", path).status_code == 200


def test_errors_carry_the_ids_that_support_asks_for(graph: GraphCaller) -> None:
    mine = str(uuid.uuid4())
    answer = graph.ask("GET", "/users/nobody@sales.example/events", client_request_id=mine)
    inner = answer.json()["error"]["innerError"]
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ErrorInvalidUser")
    assert inner["client-request-id"] == answer.headers["client-request-id"] == mine
    assert inner["request-id"] == answer.headers["request-id"]
    assert answer.headers["date"].endswith("GMT")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/groups", 400),
        ("PUT", f"/users/{ANN}/events", 405),
        ("POST", "/users", 405),
        ("GET", "/users/x/y", 400),
    ],
)
def test_paths_that_are_not_served(graph: GraphCaller, method: str, path: str, status: int) -> None:
    assert graph.ask(method, path, {}).status_code == status


def test_time_zones_are_listed_in_both_standards(graph: GraphCaller) -> None:
    path = f"/users/{ANN}/outlook/supportedTimeZones"
    windows = {zone["alias"] for zone in graph.get(path)["value"]}
    iana = {
        zone["alias"] for zone in graph.get(f"{path}(TimeZoneStandard=microsoft.graph.timeZoneStandard'Iana')")["value"]
    }
    assert "China Standard Time" in windows - iana
    assert "Asia/Shanghai" in iana - windows


def test_ids_are_translated_between_their_two_forms(graph: GraphCaller) -> None:
    made = graph.create(ANN)
    ordinary = graph.read(ANN, made["id"], prefer="")["id"]
    body = {"inputIds": [ordinary], "targetIdType": "restImmutableEntryId", "sourceIdType": "restId"}
    found = graph.post(f"/users/{ANN}/translateExchangeIds", body)["value"]
    assert found == [{"sourceId": ordinary, "targetId": made["id"]}]
