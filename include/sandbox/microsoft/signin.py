"""Signing people in: the authorisation-code flow with PKCE, from the request to the code and from the code to tokens.

Nobody types a password here; the page offers the directory's users. A request is checked as the real service checks it:
what cannot be trusted with a redirect (client, redirect URI) is told on the service's own page.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import jwt

from sandbox.microsoft.login_error import LoginError, unknown_client
from sandbox.microsoft.tokens import KEY_ID, LIFETIME_S, issue_to_person

if TYPE_CHECKING:
    from sandbox.microsoft.mailbox import Mailbox
    from sandbox.microsoft.state import Microsoft

CODE_LIFETIME = timedelta(minutes=10)
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_HERE = {"localhost", "127.0.0.1"}
_OPEN_ID = ("openid", "profile", "email", "offline_access")


@dataclass(frozen=True)
class Asked:
    """A valid request to sign somebody in, waiting for the person."""

    redirect_uri: str
    scope: tuple[str, ...]
    state: str = ""
    nonce: str = ""
    challenge: str = ""
    method: str = "plain"
    mode: str = "query"
    hint: str = ""
    client_info: bool = False


@dataclass(frozen=True)
class Sent:
    """What goes back to the application: its address, the parameters, and how they travel."""

    uri: str
    values: Mapping[str, str]
    mode: str = "query"

    @property
    def location(self) -> str:
        """The address to redirect to."""
        parts = urlsplit(self.uri)
        said = urlencode(self.values)
        if self.mode == "fragment":
            return urlunsplit(parts._replace(fragment=said))
        return urlunsplit(parts._replace(query=f"{parts.query}&{said}" if parts.query else said))


class Bounced(Exception):
    """The request is refused, and the application is told."""

    def __init__(self, sent: Sent) -> None:
        super().__init__(sent.values.get("error", ""))
        self.sent = sent


@dataclass
class _Code:
    asked: Asked
    user: str
    until: datetime
    redeemed: bool = False


class SignIn:
    """The people's side of one application's login service."""

    def __init__(self, microsoft: Microsoft) -> None:
        self._microsoft = microsoft
        self._waiting: dict[str, Asked] = {}
        self._codes: dict[str, _Code] = {}

    @property
    def people(self) -> list[Mailbox]:
        """Who may be picked, as the directory has them."""
        return [box for box in self._microsoft.mailboxes.values() if box.state != "deleted"]

    def ask(self, query: Mapping[str, str]) -> str:
        """Check a request to the authorisation endpoint; the key under which it waits for the person.

        Raises LoginError for what the service's own page tells, Bounced for what the application is told.
        """
        self._check_client(query.get("client_id", ""))
        uri = self._redirect_uri(query.get("redirect_uri", ""))
        asked = Asked(
            redirect_uri=uri,
            scope=tuple(query.get("scope", "").split()),
            state=query.get("state", ""),
            nonce=query.get("nonce", ""),
            challenge=query.get("code_challenge", ""),
            method=query.get("code_challenge_method") or "plain",
            mode=query.get("response_mode") or "query",
            hint=query.get("login_hint", "").lower(),
            client_info=query.get("client_info") == "1",
        )
        self._check(asked, query)
        key = secrets.token_urlsafe(16)
        self._waiting[key] = asked
        return key

    def waiting(self, key: str) -> Asked:
        """Raises LoginError (165000) for a page that was left open too long."""
        if key not in self._waiting:
            message = "Invalid Request: Request tokens do not match the user context. Start again at the application."
            raise LoginError(400, "invalid_request", 165000, message)
        return self._waiting[key]

    def pick(self, key: str, name: str) -> Mailbox:
        """The user with this object id or address. Raises LoginError for somebody who cannot sign in here."""
        self.waiting(key)
        box = self._microsoft.reached_by(name)
        if box is None or box.state == "deleted":
            app = self._microsoft.application
            message = (
                f"User account '{name}' from identity provider 'another.example' does not exist in tenant 'calsync "
                f"sandbox' and cannot access the application '{app.client_id}' in that tenant. The account needs to be "
                "added as an external user in the tenant first. Sign out and sign in again with a different account."
            )
            raise LoginError(400, "invalid_request", 50020, message)
        if not box.enabled:
            raise LoginError(400, "invalid_request", 50057, "The user account is disabled.")
        return box

    def accept(self, key: str, box: Mailbox, now: datetime) -> Sent:
        """Send the picked user back with a code."""
        asked = self.waiting(key)
        del self._waiting[key]
        code = f"1.{secrets.token_urlsafe(48)}"
        self._codes[code] = _Code(asked, box.id, now + CODE_LIFETIME)
        values = {"code": code, "state": asked.state, "session_state": str(uuid.uuid4())}
        if asked.client_info:
            values["client_info"] = self._client_info(box)
        return Sent(asked.redirect_uri, {name: value for name, value in values.items() if value}, asked.mode)

    def refuse(self, key: str, code: int, message: str) -> Sent:
        """Send the person back without one: they, or their organisation, did not consent."""
        asked = self.waiting(key)
        del self._waiting[key]
        return _error(asked, "access_denied", code, message, error_subcode="cancel")

    def redeem(self, form: Mapping[str, str], issuer: str, now: datetime) -> dict[str, Any]:
        """The answer of the token endpoint to a code; the client is checked already. Raises LoginError."""
        code = self._codes.get(form.get("code", ""))
        if code is None:
            message = "Invalid request. Request is malformed or invalid."
            raise LoginError(400, "invalid_grant", 9002313, message)
        if code.redeemed:
            message = (
                "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing "
                "refresh token."
            )
            raise LoginError(400, "invalid_grant", 54005, message)
        if now >= code.until:
            message = "The provided authorization code or refresh token has expired due to inactivity."
            raise LoginError(400, "invalid_grant", 70008, message)
        _check_redemption(code.asked, form)
        code.redeemed = True
        return self._tokens(code, issuer, now)

    def _tokens(self, code: _Code, issuer: str, now: datetime) -> dict[str, Any]:
        box, asked = self._microsoft.user(code.user), code.asked
        app = self._microsoft.application
        answer: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": " ".join(dict.fromkeys(["openid", "profile", "email", *_resources(asked.scope)])),
            "expires_in": LIFETIME_S,
            "ext_expires_in": LIFETIME_S,
            "access_token": issue_to_person(app, issuer, box, now),
        }
        if "openid" in asked.scope:
            claims = self._claims(box, asked, issuer, now)
            answer["id_token"] = jwt.encode(claims, app.signing_key, algorithm="RS256", headers={"kid": KEY_ID})
        if "offline_access" in asked.scope:
            answer["refresh_token"] = f"1.{secrets.token_urlsafe(64)}"
        if asked.client_info:
            answer["client_info"] = self._client_info(box)
        return answer

    def _claims(self, box: Mailbox, asked: Asked, issuer: str, now: datetime) -> dict[str, Any]:
        """Of an id token of version 2.0; a guest comes from an identity provider of its own."""
        app, moment = self._microsoft.application, int(now.timestamp())
        pairwise = hashlib.sha256(f"{app.client_id} {box.id}".encode()).digest()
        claims: dict[str, Any] = {
            "aud": app.client_id,
            "iss": issuer,
            "iat": moment,
            "nbf": moment,
            "exp": moment + LIFETIME_S,
            "name": box.name,
            "oid": box.id,
            "preferred_username": box.upn if box.user_type == "Member" else box.address,
            "rh": "1.sandbox",
            "sub": base64.urlsafe_b64encode(pairwise).decode().rstrip("="),
            "tid": app.tenant_id,
            "uti": uuid.uuid4().hex[:22],
            "ver": "2.0",
        }
        if asked.nonce:
            claims["nonce"] = asked.nonce
        if box.user_type != "Member":
            claims["idp"] = "https://sts.windows.net/0ther0rg-0000-4000-8000-000000000000/"
        return claims

    def _client_info(self, box: Mailbox) -> str:
        said = json.dumps({"uid": box.id, "utid": self._microsoft.tenant_id}).encode()
        return base64.urlsafe_b64encode(said).decode().rstrip("=")

    def _check_client(self, client_id: str) -> None:
        if client_id.lower() != self._microsoft.client_id:
            raise unknown_client(client_id)

    def _redirect_uri(self, given: str) -> str:
        """The address to go back to: exactly as registered; on this machine any port will do."""
        if not any(_same(given, registered) for registered in self._microsoft.application.redirect_uris):
            message = (
                f"The redirect URI '{given}' specified in the request does not match the redirect URIs configured for "
                f"the application '{self._microsoft.client_id}'. Make sure the redirect URI sent in the request "
                "matches one added to your application in the Azure portal."
            )
            raise LoginError(400, "invalid_request", 50011, message)
        return given

    def _check(self, asked: Asked, query: Mapping[str, str]) -> None:
        kind = query.get("response_type", "")
        if kind != "code":
            message = f"The response_type '{kind}' is not enabled for the application."
            raise Bounced(_error(asked, "unsupported_response_type", 700054, message))
        if not asked.scope:
            message = "The request body must contain the following parameter: 'scope'."
            raise Bounced(_error(asked, "invalid_request", 900144, message))
        if asked.challenge and not (_CHALLENGE.fullmatch(asked.challenge) and asked.method in ("plain", "S256")):
            raise Bounced(_error(asked, "invalid_request", 501491, "Invalid size of Code_Challenge parameter."))
        if query.get("prompt") == "none":
            message = "Session information is not sufficient for single-sign-on."
            raise Bounced(_error(asked, "login_required", 50058, message))


def _error(asked: Asked, error: str, code: int, message: str, **more: str) -> Sent:
    values = {"error": error, "error_description": f"AADSTS{code}: {message}", "state": asked.state, **more}
    return Sent(asked.redirect_uri, {name: value for name, value in values.items() if value}, asked.mode)


def _same(given: str, registered: str) -> bool:
    if given == registered:
        return True
    here, there = urlsplit(given), urlsplit(registered)
    local = here.scheme == "http" and here.hostname in _HERE and here.hostname == there.hostname
    return local and here._replace(netloc="") == there._replace(netloc="")


def _check_redemption(asked: Asked, form: Mapping[str, str]) -> None:
    if form.get("redirect_uri") != asked.redirect_uri:
        message = (
            f"The reply address '{form.get('redirect_uri', '')}' does not match the reply address "
            f"'{asked.redirect_uri}' provided when requesting Authorization code."
        )
        raise LoginError(400, "invalid_client", 500112, message)
    verifier = form.get("code_verifier", "")
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    if asked.challenge and asked.challenge != (digest if asked.method == "S256" else verifier):
        message = "The Code_Verifier does not match the code_challenge supplied in the authorization request."
        raise LoginError(400, "invalid_grant", 501481, message)


def _resources(scope: tuple[str, ...]) -> list[str]:
    return [name for name in scope if name not in _OPEN_ID]
