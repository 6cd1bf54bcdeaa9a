"""Access tokens: made by the login service, read by Graph."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt

from sandbox.microsoft.errors import invalid_token

if TYPE_CHECKING:
    from sandbox.microsoft.identity import Application
    from sandbox.microsoft.mailbox import Mailbox

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
LIFETIME_S = 3599
KEY_ID = "sandbox-signing-key"


@dataclass(frozen=True)
class Caller:
    """Who asks: an application with its permissions, or a person (an address)."""

    roles: frozenset[str] = frozenset()
    client_id: str = ""
    address: str = ""

    @property
    def actor(self) -> str:
        """As the logs name it."""
        return f"user:{self.address}" if self.address else f"app:{self.client_id}"


def issue(application: Application, issuer: str, audience: str, now: datetime) -> str:
    """An access token for the application itself, with the permissions consented at this moment."""
    claims: dict[str, Any] = {
        "aud": audience,
        "iss": issuer,
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=LIFETIME_S)).timestamp()),
        "app_displayname": "calsync sandbox",
        "appid": application.client_id,
        "idtyp": "app",
        "oid": application.object_id,
        "sub": application.object_id,
        "tid": application.tenant_id,
        "uti": uuid.uuid4().hex[:22],
        "ver": "1.0",
    }
    if application.roles:
        claims["roles"] = list(application.roles)
    return jwt.encode(claims, application.signing_key, algorithm="RS256", headers={"kid": KEY_ID})


def issue_to_person(application: Application, issuer: str, box: Mailbox, now: datetime) -> str:
    """An access token for the application on behalf of a person who did no more than sign in: no calendar is in it."""
    claims: dict[str, Any] = {
        "aud": GRAPH_APP_ID,
        "iss": issuer,
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=LIFETIME_S)).timestamp()),
        "appid": application.client_id,
        "idtyp": "user",
        "oid": box.id,
        "scp": "openid profile email",
        "tid": application.tenant_id,
        "upn": box.upn,
        "uti": uuid.uuid4().hex[:22],
        "ver": "1.0",
    }
    return jwt.encode(claims, application.signing_key, algorithm="RS256", headers={"kid": KEY_ID})


class TokenReader:
    """Checks the `Authorization` header of Graph requests; a signature is checked once per token."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._read: dict[str, dict[str, Any]] = {}

    def caller(self, header: str, now: datetime) -> Caller:
        """Who sent the header; `Bearer user:<address>` is that person. Raises GraphError (401)."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise invalid_token("Access token is empty.")
        if token.startswith("user:"):
            return Caller(address=token.removeprefix("user:").lower())
        claims = self._read.get(token) or self._checked(token)
        if now.timestamp() >= claims["exp"]:
            raise invalid_token("Lifetime validation failed, the token is expired.")
        return Caller(roles=frozenset(claims.get("roles", ())), client_id=claims["appid"])

    def _checked(self, token: str) -> dict[str, Any]:
        try:
            claims = jwt.decode(
                token,
                self._application.signing_key.public_key(),
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_aud": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.InvalidSignatureError as error:
            raise invalid_token("Access token validation failure. Invalid signature.") from error
        except jwt.InvalidTokenError as error:
            raise invalid_token("IDX14100: JWT is not well formed, there are no dots (.).") from error
        if not _for_graph(claims["aud"]):
            raise invalid_token("Access token validation failure. Invalid audience.")
        self._read[token] = claims
        return dict(claims)


def _for_graph(audience: str) -> bool:
    return audience == GRAPH_APP_ID or audience.startswith("https://")
