"""Signing people in: what MSAL and a browser see, and how the service refuses what does not fit."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import msal
import pytest
import requests
from graph_caller import CLIENT, SECRET, TENANT

from sandbox.client import Sandbox
from sandbox.server import Server

BACK = "http://localhost:8080/calsync/connect/sandbox/signed-in/"
ANN, GUEST = "ann@sales.example", "gus@partner.example"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def seeded(box: Sandbox) -> Sandbox:
    left = {"address": "left@sales.example", "enabled": False}
    guest = {"address": GUEST, "upn": "gus_partner.example#EXT#@sandbox.example", "user_type": "Guest"}
    box.reset({"mailboxes": [{"address": ANN, "name": "Ann Lee", "id": "oid-ann"}, guest, left]})
    return box


def asked(**changes: str) -> dict[str, str]:
    """The parameters of a request that is shown the page, with `changes`."""
    return {
        "client_id": CLIENT,
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "openid profile",
        "state": "s1",
        "nonce": "n1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | changes


def authorize(box: Sandbox, **changes: str) -> httpx.Response:
    return box.http.get(f"/{TENANT}/oauth2/v2.0/authorize", params=asked(**changes))


def pick(box: Sandbox, page: httpx.Response, who: str, **more: str) -> httpx.Response:
    """What a click on a person of the page leads to."""
    (ctx, *_) = re.findall(r'name="ctx" value="([^"]+)"', page.text)
    return box.http.post(f"/{TENANT}/login", data={"ctx": ctx, "login": who, **more})


def said(answer: httpx.Response) -> dict[str, str]:
    """What a redirect brings the application."""
    assert answer.status_code == 302, answer.text
    return {name: value for name, (value,) in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def redeem(box: Sandbox, got: str, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "code": got,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        **changes,
    }
    return box.http.post(f"/{TENANT}/oauth2/v2.0/token", data=form)


def claims_of(answer: httpx.Response) -> dict[str, Any]:
    return jwt.decode(answer.json()["id_token"], options={"verify_signature": False})


def test_msal_signs_somebody_in(seeded: Sandbox, server: Server) -> None:
    session = requests.Session()
    session.verify, session.trust_env = server.ca, False
    app = msal.ConfidentialClientApplication(
        CLIENT,
        client_credential=SECRET,
        authority=f"{server.url}/{TENANT}",
        instance_discovery=False,
        http_client=session,
    )
    flow = app.initiate_auth_code_flow([], redirect_uri=BACK)
    back = said(pick(seeded, seeded.http.get(flow["auth_uri"]), "oid-ann"))
    assert back["state"] == flow["state"]
    result = app.acquire_token_by_auth_code_flow(flow, back)
    claims = result["id_token_claims"]
    assert (claims["oid"], claims["tid"], claims["aud"]) == ("oid-ann", TENANT, CLIENT)
    assert (claims["preferred_username"], claims["name"], claims["iss"]) == (
        ANN,
        "Ann Lee",
        f"{server.url}/{TENANT}/v2.0",
    )
    assert "idp" not in claims


def test_the_page_offers_everybody_of_the_directory(seeded: Sandbox) -> None:
    page = authorize(seeded, login_hint=GUEST)
    assert page.status_code == 200
    assert page.text.index("gus_partner") < page.text.index("Ann Lee")


def test_a_token_of_a_person_who_signed_in_opens_no_calendar(seeded: Sandbox) -> None:
    answer = redeem(seeded, said(pick(seeded, authorize(seeded), "oid-ann"))["code"])
    assert "refresh_token" not in answer.json()
    headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert seeded.http.get(f"/v1.0/users/{ANN}/events", headers=headers).status_code == 403


def test_a_guest_comes_from_an_identity_provider_of_its_own(seeded: Sandbox) -> None:
    claims = claims_of(redeem(seeded, said(pick(seeded, authorize(seeded), GUEST))["code"]))
    assert claims["idp"] != claims["iss"]
    assert claims["preferred_username"] == GUEST


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "11111111-1111-1111-1111-111111111111"}, 700016),
        ({"redirect_uri": "https://evil.example/signed-in/"}, 50011),
        ({"redirect_uri": BACK.removesuffix("/")}, 50011),
        ({"redirect_uri": BACK.replace("http:", "https:")}, 50011),
    ],
)
def test_what_no_redirect_may_be_trusted_with_is_told_on_the_services_own_page(
    seeded: Sandbox, changes: dict[str, str], code: int
) -> None:
    answer = authorize(seeded, **changes)
    assert (answer.status_code, f"AADSTS{code}" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_other_refusals_go_back_to_the_application_with_its_state(
    seeded: Sandbox, changes: dict[str, str], error: str
) -> None:
    back = said(authorize(seeded, **changes))
    assert (back["error"], back["state"]) == (error, "s1")


def test_an_address_registered_for_another_port_of_this_machine_will_do(seeded: Sandbox) -> None:
    assert authorize(seeded, redirect_uri=BACK.replace("8080", "9")).status_code == 200
    seeded.set_microsoft(redirect_uris=["https://airflow.example:8443/back/"])
    assert authorize(seeded).status_code == 400
    assert authorize(seeded, redirect_uri="https://airflow.example:8443/back/").status_code == 200
    assert authorize(seeded, redirect_uri="https://airflow.example/back/").status_code == 400


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant", 501481),
        ({"code_verifier": ""}, "invalid_grant", 501481),
        ({"redirect_uri": BACK + "x"}, "invalid_client", 500112),
        ({"client_secret": "wrong"}, "invalid_client", 7000215),
        ({"code": "made-up"}, "invalid_grant", 9002313),
    ],
)
def test_a_code_is_redeemed_by_who_asked_for_it_alone(
    seeded: Sandbox, changes: dict[str, str], error: str, code: int
) -> None:
    got = said(pick(seeded, authorize(seeded), "oid-ann"))["code"]
    answer = redeem(seeded, got, **changes).json()
    assert (answer["error"], answer["error_codes"]) == (error, [code])
    assert redeem(seeded, got).status_code == 200


def test_a_code_is_redeemed_once_and_soon(seeded: Sandbox) -> None:
    first, second = (said(pick(seeded, authorize(seeded), "oid-ann"))["code"] for _ in range(2))
    assert redeem(seeded, first).status_code == 200
    assert redeem(seeded, first).json()["error_codes"] == [54005]
    seeded.set_clock(advance_s=600)
    assert redeem(seeded, second).json()["error_codes"] == [70008]


@pytest.mark.parametrize(("who", "code"), [("eve@elsewhere.example", 50020), ("left@sales.example", 50057)])
def test_who_does_not_belong_here_stays_on_the_page(seeded: Sandbox, who: str, code: int) -> None:
    answer = pick(seeded, authorize(seeded), who)
    assert (answer.status_code, f"AADSTS{code}" in answer.text) == (400, True)


def test_a_page_is_used_once(seeded: Sandbox) -> None:
    page = authorize(seeded)
    said(pick(seeded, page, "oid-ann"))
    assert "AADSTS165000" in pick(seeded, page, "oid-ann").text


@pytest.mark.parametrize(("consent", "code"), [("asked", 65004), ("admin", 90094)])
def test_consent_that_is_not_given(seeded: Sandbox, consent: str, code: int) -> None:
    seeded.set_microsoft(consent=consent)
    page = pick(seeded, authorize(seeded), "oid-ann")
    assert page.status_code == 200
    back = said(pick(seeded, page, "oid-ann", consent="no"))
    assert (back["error"], back["error_description"][: len(f"AADSTS{code}")]) == ("access_denied", f"AADSTS{code}")


def test_consent_that_is_given(seeded: Sandbox) -> None:
    seeded.set_microsoft(consent="asked")
    page = pick(seeded, authorize(seeded), "oid-ann")
    assert redeem(seeded, said(pick(seeded, page, "oid-ann", consent="yes"))["code"]).status_code == 200


def test_the_answer_may_come_by_form_or_fragment(seeded: Sandbox) -> None:
    form = pick(seeded, authorize(seeded, response_mode="form_post"), "oid-ann")
    assert f'action="{BACK}"' in form.text
    assert 'name="state" value="s1"' in form.text
    fragment = pick(seeded, authorize(seeded, response_mode="fragment"), "oid-ann").headers["location"]
    assert urlsplit(fragment).fragment.startswith("code=")
