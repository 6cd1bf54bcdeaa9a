"""A person signs in with Microsoft: who they are afterwards, or why nobody is."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from calsync.errors import AuthFailed, ConfigError, Unavailable
from calsync.graph.settings import GraphSettings
from calsync.graph.signin import NotSignedIn, SignedIn, begin, finish, person
from sandbox.client import Sandbox
from sandbox.server import Server

BACK = "http://localhost:8080/calsync/connect/sandbox/signed-in/"
ANN, GUEST = "ann@sales.example", "gus@partner.example"


@pytest.fixture
def settings(server: Server, box: Sandbox) -> GraphSettings:
    guest = {"address": GUEST, "user_type": "Guest", "id": "oid-gus"}
    box.reset({"mailboxes": [{"address": ANN, "id": "oid-ann"}, guest, {"address": "left@sales.example"}]})
    info = server.info
    return GraphSettings(
        info["tenant_id"],
        info["client_id"],
        info["client_secret"],
        authority=server.url,
        verify=server.ca,
        instance_discovery=False,
    )


def walk(box: Sandbox, uri: str, who: str, **more: str) -> dict[str, str]:
    """What the application is sent after this person was picked on the service's page."""
    page = box.http.get(uri)
    for form in [{}, more] if more else [{}]:
        (ctx, *_) = re.findall(r'name="ctx" value="([^"]+)"', page.text)
        path = f"{urlsplit(uri).path.split('/')[1]}/login"
        page = box.http.post(f"/{path}", data={"ctx": ctx, "login": who, **form})
    return {name: value for name, (value,) in parse_qs(urlsplit(page.headers["location"]).query).items()}


def test_a_member_is_known_by_object_id_and_tenant(settings: GraphSettings, box: Sandbox) -> None:
    flow = begin(settings, BACK)
    asked = parse_qs(urlsplit(flow["auth_uri"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert set(asked["scope"][0].split()) == {"openid", "profile"}
    who = finish(settings, settings.tenant_id, flow, walk(box, flow["auth_uri"], "oid-ann"))
    assert who == SignedIn("oid-ann", settings.tenant_id, ANN, guest=False)


def test_a_guest_is_told_apart(settings: GraphSettings, box: Sandbox) -> None:
    flow = begin(settings, BACK)
    who = finish(settings, settings.tenant_id, flow, walk(box, flow["auth_uri"], GUEST))
    assert who == SignedIn("oid-gus", settings.tenant_id, GUEST, guest=True)


def test_an_answer_to_another_browser_counts_for_nothing(settings: GraphSettings, box: Sandbox) -> None:
    mine, other = begin(settings, BACK), begin(settings, BACK)
    answer = walk(box, other["auth_uri"], "oid-ann")
    assert finish(settings, settings.tenant_id, mine, answer) is NotSignedIn.STALE
    forged = answer | {"state": mine["state"]}
    assert finish(settings, settings.tenant_id, mine, forged) is NotSignedIn.STALE
    assert finish(settings, settings.tenant_id, {}, {}) is NotSignedIn.STALE


def test_an_answer_counts_once(settings: GraphSettings, box: Sandbox) -> None:
    flow = begin(settings, BACK)
    answer = walk(box, flow["auth_uri"], "oid-ann")
    assert isinstance(finish(settings, settings.tenant_id, flow, answer), SignedIn)
    assert finish(settings, settings.tenant_id, flow, answer) is NotSignedIn.STALE


@pytest.mark.parametrize("consent", ["asked", "admin"])
def test_consent_that_is_not_given(settings: GraphSettings, box: Sandbox, consent: str) -> None:
    box.set_microsoft(consent=consent)
    flow = begin(settings, BACK)
    answer = walk(box, flow["auth_uri"], "oid-ann", consent="no")
    assert finish(settings, settings.tenant_id, flow, answer) is NotSignedIn.CONSENT


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"error": "access_denied"}, NotSignedIn.CANCELLED),
        ({"error": "access_denied", "error_description": "AADSTS50105: Not assigned."}, NotSignedIn.BLOCKED),
        ({"error": "consent_required"}, NotSignedIn.CONSENT),
        ({"error": "invalid_request", "error_description": "AADSTS50020: Elsewhere."}, NotSignedIn.STRANGER),
    ],
)
def test_refusals_by_redirect(answer: dict[str, str], why: NotSignedIn) -> None:
    settings = GraphSettings("tenant", "client")
    assert finish(settings, "tenant", {"state": "s"}, answer | {"state": "s"}) is why


def test_a_wrong_secret_is_the_applications_failure_and_not_the_persons(settings: GraphSettings, box: Sandbox) -> None:
    flow = begin(settings, BACK)
    answer = walk(box, flow["auth_uri"], "oid-ann")
    with pytest.raises(AuthFailed, match="client secret is wrong"):
        finish(replace(settings, client_secret="no"), settings.tenant_id, flow, answer)


def test_what_keeps_a_sign_in_from_beginning(settings: GraphSettings, box: Sandbox) -> None:
    with pytest.raises(AuthFailed, match="tenant"):
        begin(replace(settings, tenant_id="nowhere.example"), BACK)
    with pytest.raises(ConfigError, match="verify"):
        begin(replace(settings, verify=True), BACK)
    box.fault("login", {"refuse": True})
    with pytest.raises(Unavailable):
        begin(settings, BACK)


def claims(**said: Any) -> dict[str, Any]:
    now = time.time()
    whole = {"aud": "client", "tid": "tenant", "oid": "o1", "iss": "i", "nbf": now, "exp": now + 3600}
    return whole | {"preferred_username": "Ann@x.io"} | said


@pytest.mark.parametrize(
    ("said", "who"),
    [
        ({}, SignedIn("o1", "tenant", "ann@x.io")),
        ({"idp": "i"}, SignedIn("o1", "tenant", "ann@x.io")),
        ({"idp": "elsewhere"}, SignedIn("o1", "tenant", "ann@x.io", guest=True)),
        ({"aud": "another application"}, NotSignedIn.STALE),
        ({"exp": 1}, NotSignedIn.STALE),
        ({"nbf": time.time() + 3600}, NotSignedIn.STALE),
        ({"exp": None}, NotSignedIn.STALE),
        ({"oid": ""}, NotSignedIn.STALE),
        ({"tid": "another"}, NotSignedIn.STRANGER),
        ({"tid": None}, NotSignedIn.STRANGER),
    ],
)
def test_only_a_token_for_us_of_this_tenant_and_moment_counts(said: dict[str, Any], who: object) -> None:
    assert person(claims(**said), "client", "tenant") == who
    assert person(None, "client", "tenant") is NotSignedIn.STALE
