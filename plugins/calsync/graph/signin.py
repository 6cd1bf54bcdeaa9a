"""A person signs in with Microsoft, which proves who they are: the authorisation-code flow with PKCE, through MSAL.

Nothing but `openid` and `profile` is asked for, and no token is kept.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msal
import requests

from calsync.errors import Remote, Unavailable
from calsync.graph.auth import Session, application, refusal, untrusted, unusable
from calsync.graph.settings import GraphSettings

SKEW_S: Final = 300
"""How far the login service's clock and ours may be apart."""

_CODE = re.compile(r"AADSTS(\d+)")


class NotSignedIn(StrEnum):
    """Why nobody is signed in."""

    STALE = "stale"  # begun elsewhere, too long ago, or answered already
    CANCELLED = "cancelled"  # the person went back
    CONSENT = "consent"  # they, or their organisation, did not agree
    STRANGER = "stranger"  # an account of another tenant
    BLOCKED = "blocked"  # Microsoft lets this person not in: a policy, an assignment, a disabled account


_BY_CODE: Final = {
    65001: NotSignedIn.CONSENT,
    65004: NotSignedIn.CONSENT,
    90094: NotSignedIn.CONSENT,
    90008: NotSignedIn.CONSENT,
    50020: NotSignedIn.STRANGER,
    50034: NotSignedIn.STRANGER,
    51004: NotSignedIn.STRANGER,
    50053: NotSignedIn.BLOCKED,
    50057: NotSignedIn.BLOCKED,
    50105: NotSignedIn.BLOCKED,
    53003: NotSignedIn.BLOCKED,
    50148: NotSignedIn.STALE,
    501481: NotSignedIn.STALE,
    54005: NotSignedIn.STALE,
    70008: NotSignedIn.STALE,
    9002313: NotSignedIn.STALE,
}
"""By AADSTS code (Microsoft: "Microsoft Entra authentication and authorization error codes")."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in. object_id, tenant_id: of the user in the tenant that was signed in to; guest: of another one."""

    object_id: str
    tenant_id: str
    address: str = ""
    guest: bool = False


def begin(settings: GraphSettings, redirect_uri: str) -> dict[str, Any]:
    """Begin a sign-in: `auth_uri` is where the person goes, the rest is kept for `finish`, unseen by others.

    :raises AuthFailed: the login service does not know the tenant
    :raises Unavailable: it does not answer
    :raises ConfigError: the connection cannot be used
    """
    with _Service(settings) as service:
        flow: dict[str, Any] = service.app().initiate_auth_code_flow([], redirect_uri, prompt="select_account")
        return flow


def finish(
    settings: GraphSettings, tenant_id: str, flow: Mapping[str, Any], answer: Mapping[str, str]
) -> SignedIn | NotSignedIn:
    """Redeem what the login service sent the person back with.

    :param tenant_id: the Microsoft tenant's directory id, to which nobody of another belongs
    :param flow: what `begin` returned, to this person's browser
    :param answer: the parameters of the redirect
    :raises AuthFailed: the application's secret or certificate is not accepted
    :raises Unavailable: the login service does not answer
    :raises ConfigError: the connection cannot be used
    """
    if not answer.get("state") or answer["state"] != flow.get("state"):
        return NotSignedIn.STALE
    if "error" in answer:
        return _told(answer)
    with _Service(settings) as service:
        try:
            result = service.app().acquire_token_by_auth_code_flow(dict(flow), dict(answer))
        except RuntimeError:  # the nonce is another one's
            return NotSignedIn.STALE
    if "error" in result:
        why = _why(result)
        if why is None:
            raise refusal(result)
        return why
    return person(result.get("id_token_claims"), settings.client_id, tenant_id)


def person(claims: object, client_id: str, tenant_id: str) -> SignedIn | NotSignedIn:
    """Whom an id token names. MSAL leaves its validation to the application.

    Its signature need not be checked, as it came from the login service itself over TLS (OpenID Connect Core 3.1.3.7).
    """
    if not isinstance(claims, dict):
        return NotSignedIn.STALE
    said = {name: str(claims.get(name) or "") for name in ("oid", "tid", "iss", "idp", "preferred_username", "aud")}
    now = time.time()
    timely = _number(claims.get("nbf")) - SKEW_S <= now <= _number(claims.get("exp")) + SKEW_S
    if said["aud"].lower() != client_id.lower() or not timely or not said["oid"]:
        return NotSignedIn.STALE
    if said["tid"].lower() != tenant_id.lower():
        return NotSignedIn.STRANGER
    guest = said["idp"] not in ("", said["iss"]) or "#ext#" in said["preferred_username"].lower()
    return SignedIn(said["oid"], said["tid"], said["preferred_username"].lower(), guest)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _told(answer: Mapping[str, Any]) -> NotSignedIn:
    """What the person was sent back with in place of a code."""
    return _why(answer) or NotSignedIn.CANCELLED


def _why(answer: Mapping[str, Any]) -> NotSignedIn | None:
    """By the codes; the description is read where none are listed, as in a redirect. None: nothing about the person."""
    listed = answer.get("error_codes")
    codes = [str(code) for code in listed] if isinstance(listed, list) else []
    codes = codes or _CODE.findall(str(answer.get("error_description") or ""))
    known = [_BY_CODE[int(code)] for code in codes if code.isdigit() and int(code) in _BY_CODE]
    if known:
        return known[0]
    return NotSignedIn.CONSENT if answer.get("error") in ("consent_required", "interaction_required") else None


class _Service:
    """MSAL for the length of one step, with the connection's own TLS and proxy; what it raises is told as ours."""

    def __init__(self, settings: GraphSettings) -> None:
        self._settings = settings
        self._session = Session(settings)

    def __enter__(self) -> _Service:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._session.close()
        if isinstance(error, requests.exceptions.SSLError):
            raise untrusted("login") from error
        if isinstance(error, requests.exceptions.RequestException | msal.exceptions.MsalServiceError):
            raise Unavailable("The login service is unavailable at the moment", Remote("login")) from error
        if isinstance(error, ValueError):
            raise unusable(error) from None
        if isinstance(error, TypeError | AttributeError | LookupError | RecursionError):
            raise Unavailable("The login service's answer cannot be read", Remote("login")) from None

    def app(self) -> msal.ConfidentialClientApplication:
        """Without a cache that outlives it: what is signed in to here is kept nowhere."""
        return application(self._settings, self._session, msal.TokenCache(), exclude_scopes=["offline_access"])
