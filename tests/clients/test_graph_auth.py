"""Tokens from the sandbox's login service, and the sentence for each way in which there is none."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msal
import pytest
from clients.graph_support import sandbox_settings, settings
from clients.test_graph_settings import Conn

from calsync.errors import AuthFailed, CalsyncError, ConfigError, Unavailable
from calsync.graph import read
from calsync.graph.auth import MsalTokens, roles
from calsync.graph.client import GraphClient
from calsync.graph.connection import settings_from_connection
from calsync.graph.settings import Certificate, GraphSettings
from sandbox.client import Sandbox
from sandbox.server import Server

SEED = {"mailboxes": [{"address": "ann@contoso.example"}]}


def listed(given: GraphSettings) -> list[dict[str, Any]]:
    async def ask() -> list[dict[str, Any]]:
        async with GraphClient(given) as client:
            return await read.users(client)

    return asyncio.run(ask())


def refused(given: GraphSettings) -> CalsyncError:
    with pytest.raises(CalsyncError) as caught:
        listed(given)
    return caught.value


def test_a_client_secret_opens(server: Server, box: Sandbox) -> None:
    box.reset(SEED)
    (user,) = listed(sandbox_settings(server))
    assert user["mail"] == "ann@contoso.example"
    assert user["userType"] == "Member"


@pytest.mark.parametrize("with_public_part", [True, False])
def test_a_certificate_opens(server: Server, box: Sandbox, with_public_part: bool) -> None:
    box.reset(SEED)
    text = Path(server.info["certificate"]).read_text()
    key, _, public = text.partition("-----BEGIN CERTIFICATE-----")
    pem = text if with_public_part else key
    extra = {
        "tenant_id": server.info["tenant_id"],
        "authority": server.url,
        "verify": server.ca,
        "disable_instance_discovery": True,
        "certificate_data": pem,
        "certificate_thumbprint": "" if with_public_part else server.info["certificate_thumbprint"],
    }
    conn = Conn(extra, login=server.info["client_id"], password=None, host=server.url)
    assert public
    assert len(listed(settings_from_connection(conn))) == 1


@pytest.mark.parametrize(
    ("wrong", "code", "says"),
    [
        ({"client_secret": "wrong"}, "AADSTS7000215", "not its id"),
        ({"client_id": "1d5cdead-0000-4000-8000-000000000000"}, "AADSTS700016", "login and tenant_id"),
        ({"tenant_id": "1d5cdead-0000-4000-8000-000000000000"}, "AADSTS90002", "tenant_id and authority"),
    ],
)
def test_what_the_login_service_refuses(
    server: Server, box: Sandbox, wrong: dict[str, str], code: str, says: str
) -> None:
    error = refused(replace(sandbox_settings(server), **wrong))
    assert isinstance(error, AuthFailed)
    assert error.remote.code == code
    assert error.remote.system == "login"
    assert says in str(error)
    assert "wrong" not in str(error).replace("is wrong", "")


def test_a_key_that_is_none_is_said(server: Server, box: Sandbox) -> None:
    error = refused(replace(sandbox_settings(server), certificate=Certificate("no key", "no certificate")))
    assert isinstance(error, ConfigError)
    assert "PEM private key" in str(error)


def test_an_unknown_authority_is_said_for_both_services(server: Server, box: Sandbox) -> None:
    distrusting = sandbox_settings(server, verify=True)
    error = refused(distrusting)
    assert isinstance(error, ConfigError)
    assert "login service is not trusted" in str(error)

    async def ask() -> None:
        class Given:
            async def token(self) -> str:
                return "t"

            async def forget(self, token: str) -> None: ...

        async with GraphClient(distrusting, tokens=Given()) as client:
            await client.get("/users")

    with pytest.raises(ConfigError, match="certificate of Graph is not trusted"):
        asyncio.run(ask())


def test_a_login_service_that_is_down_may_come_back(server: Server, box: Sandbox) -> None:
    down = sandbox_settings(server, authority="https://127.0.0.1:1", attempts=1)
    assert isinstance(refused(down), Unavailable)
    box.fault("login", {"status": 503}, path="token")
    assert isinstance(refused(sandbox_settings(server, attempts=1)), Unavailable)


def test_the_environments_ca_bundle_does_not_count(
    server: Server, box: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    box.reset(SEED)
    assert len(listed(sandbox_settings(server))) == 1


def test_a_token_is_asked_for_once_and_anew_when_it_is_refused(server: Server, box: Sandbox) -> None:
    async def ask() -> None:
        async with GraphClient(sandbox_settings(server)) as client:
            await asyncio.gather(*(read.users(client) for _ in range(5)))
            box.set_clock(advance_s=2 * 3600)
            await read.users(client)

    asyncio.run(ask())
    log = box.requests()
    assert sum(entry["system"] == "login" and entry["method"] == "POST" for entry in log) == 2
    assert [entry["status"] for entry in log if entry["system"] == "graph"] == [200] * 5 + [401, 200]


def test_roles_tell_what_was_consented(server: Server, box: Sandbox) -> None:
    async def ask() -> frozenset[str]:
        async with GraphClient(sandbox_settings(server)) as client:
            return await client.roles()

    assert asyncio.run(ask()) == {"User.Read.All", "Calendars.ReadWrite"}


def jwt(claims: object) -> str:
    return "h." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".s"


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.!.c", jwt([]), jwt({}), jwt({"roles": "all"})])
def test_an_opaque_token_tells_nothing(token: str) -> None:
    assert roles(token) == frozenset()


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        ({"error": "invalid_client", "error_codes": [7000222]}, "AADSTS7000222", "has expired"),
        ({"error": "invalid_client", "error_codes": [700027]}, "AADSTS700027", "upload its public part"),
        ({"error": "invalid_scope", "error_codes": [1, 70011]}, "AADSTS70011", "scope is not valid"),
        ({"error": "unheard_of", "error_codes": [42]}, "AADSTS42", "gives no token"),
        ({"error": "unheard_of"}, "unheard_of", "gives no token"),
    ],
)
def test_a_sentence_for_every_code(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], code: str, says: str
) -> None:
    class Refusing:
        def __init__(self, *args: object, **kwargs: object) -> None: ...

        def acquire_token_for_client(self, scopes: list[str]) -> dict[str, Any]:
            return {**answer, "error_description": "AADSTS1: about ann@contoso.example"}

    monkeypatch.setattr(msal, "ConfidentialClientApplication", Refusing)
    with pytest.raises(AuthFailed, match=says) as caught:
        asyncio.run(MsalTokens(settings()).token())
    assert caught.value.remote.code == code
    assert "ann" not in str(caught.value)
