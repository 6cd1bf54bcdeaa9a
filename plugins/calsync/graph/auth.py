"""Tokens for Microsoft Graph: MSAL with the client's own TLS and proxy settings, never those of the environment."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
from typing import Any, Protocol

import msal
import requests

from calsync.core.text import ident
from calsync.errors import AuthFailed, ConfigError, Remote, RemoteError, Throttled, Unavailable
from calsync.graph.settings import Certificate, GraphSettings

SENTENCES = {
    7000215: "The client secret is wrong: put the secret's value (not its id) into the connection's password",
    7000222: "The client secret has expired: make a new one in Entra and put it into the connection's password",
    7000218: "No client secret came with the request: fill in the connection's password or its certificate",
    700027: "The certificate is not registered for this application: upload its public part in Entra",
    700016: "The application is unknown in this Microsoft tenant: check the connection's login and tenant_id",
    90002: "The Microsoft tenant is unknown: check the connection's tenant_id and authority",
    70011: "The scope is not valid: check `scopes` in the connection's extra",
    500011: "The scope's resource is unknown in this tenant: check `scopes` in the connection's extra",
}
"""A sentence for each AADSTS code that an administrator can do something about."""

_UNKNOWN_TENANT = "The login service does not know this tenant: check the connection's tenant_id and authority"
_NO_ANSWER = "The login service's answer cannot be read: check the connection's authority"
_FIT_FOR_HEADERS = re.compile(r"[\x21-\x7e]+")
_TRY_LATER = "The login service is unavailable at the moment"


class Tokens(Protocol):
    """Where a client gets its bearer token."""

    async def token(self) -> str:
        """A token that is still valid by our clock. Raises AuthFailed, Throttled, Unavailable, ConfigError."""
        ...

    async def forget(self, token: str) -> None:
        """Never give out `token` again: Graph refused it."""
        ...


_caches: dict[GraphSettings, msal.TokenCache] = {}


def cache_of_this_process(settings: GraphSettings) -> msal.TokenCache:
    """The tokens that clients with equal settings share when they follow one another; in memory alone."""
    return _caches.setdefault(settings, msal.TokenCache())


class MsalTokens:
    """App-only tokens by client secret or certificate. MSAL caches them, in `cache` if given, and knows their life."""

    def __init__(self, settings: GraphSettings, cache: msal.TokenCache | None = None) -> None:
        self._settings = settings
        self._cache = cache
        self._session = Session(settings)
        self._lock = asyncio.Lock()
        self._app: msal.ConfidentialClientApplication | None = None

    async def token(self) -> str:
        """See `Tokens`. MSAL is synchronous, so it works in a thread; one at a time, since it shares its cache."""
        async with self._lock:
            return await asyncio.to_thread(self._acquire)

    async def forget(self, token: str) -> None:
        """See `Tokens`. A token that was replaced meanwhile leaves the new one alone."""
        async with self._lock:
            if self._app is not None:
                await asyncio.to_thread(self._drop, self._app, token)

    def close(self) -> None:
        self._session.close()

    def _acquire(self) -> str:
        result = self._guarded()
        if "access_token" not in result:
            raise refusal(result)
        token = result["access_token"]
        if not isinstance(token, str) or not _FIT_FOR_HEADERS.fullmatch(token):
            raise Unavailable(_NO_ANSWER, Remote("login"))
        return token

    def _drop(self, app: msal.ConfidentialClientApplication, token: str) -> None:
        if self._guarded().get("access_token") == token:
            app.remove_tokens_for_client()

    def _guarded(self) -> dict[str, Any]:
        """MSAL's answer; what it raises instead becomes one of our errors."""
        try:
            if self._app is None:
                self._app = application(self._settings, self._session, self._cache)
            result: dict[str, Any] = self._app.acquire_token_for_client(scopes=[self._settings.scope])
        except requests.exceptions.SSLError as error:
            raise untrusted("login") from error
        except (requests.exceptions.RequestException, msal.exceptions.MsalServiceError) as error:
            raise Unavailable(_TRY_LATER, Remote("login")) from error
        except ValueError as error:  # a 4xx from the OpenID configuration, or a key that is none
            raise unusable(error) from None
        except (TypeError, AttributeError, LookupError, RecursionError):  # JSON that is no answer to a token request
            raise Unavailable(_NO_ANSWER, Remote("login")) from None
        if not isinstance(result, dict):
            raise Unavailable(_NO_ANSWER, Remote("login"))
        return result


class Session(requests.Session):
    """MSAL's way out: own CA and proxy, time-outs always, `REQUESTS_CA_BUNDLE` and the like ignored."""

    def __init__(self, settings: GraphSettings) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = settings.verify
        self._timeout = (settings.connect_s, settings.read_s)
        if settings.proxy:
            self.proxies = {"https": settings.proxy}

    def request(self, method: str, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", self._timeout)
        return super().request(method, url, *args, **kwargs)


def roles(token: str) -> frozenset[str]:
    """The application permissions an access token names, for a diagnosis only: it is decoded, not validated.

    Empty for a token that is opaque. `Calendars.ReadWrite` is rightly absent under RBAC for Applications.
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return frozenset()
    named = claims.get("roles") if isinstance(claims, dict) else None
    return frozenset(role for role in named if isinstance(role, str)) if isinstance(named, list) else frozenset()


def untrusted(system: str) -> ConfigError:
    """The sentence for a TLS certificate that nobody we trust has signed."""
    service = "the login service" if system == "login" else "Graph"
    return ConfigError(
        [f"connection: verify: the certificate of {service} is not trusted; name your CA's file in the extra `verify`"]
    )


def application(
    settings: GraphSettings,
    session: requests.Session,
    cache: msal.TokenCache | None,
    exclude_scopes: list[str] | None = None,
) -> msal.ConfidentialClientApplication:
    """The tenant's application as MSAL knows it.

    :raises ValueError: the tenant is unknown, or the certificate's key is none; see `unusable`
    """
    return msal.ConfidentialClientApplication(
        settings.client_id,
        client_credential=_credential(settings),
        authority=f"{settings.authority}/{settings.tenant_id}",
        instance_discovery=settings.instance_discovery,
        http_client=session,
        token_cache=cache,
        exclude_scopes=exclude_scopes,
    )


def _credential(settings: GraphSettings) -> str | dict[str, str]:
    certificate: Certificate | None = settings.certificate
    if certificate is None:
        return settings.client_secret
    parts = {
        "private_key": certificate.private_key,
        "public_certificate": certificate.public,
        "thumbprint": certificate.thumbprint,
        "passphrase": certificate.passphrase,
    }
    return {name: value for name, value in parts.items() if value}


def refusal(result: dict[str, Any]) -> RemoteError:
    """The error for an OAuth 2.0 error answer. It branches on `error_codes`, as Microsoft asks, never on the text."""
    named = result.get("error_codes")
    codes = [code for code in (named if isinstance(named, list) else []) if isinstance(code, int)]
    code = next((code for code in codes if code in SENTENCES), codes[0] if codes else 0)
    remote = Remote("login", 0, f"AADSTS{code}" if code else ident(result.get("error")))
    if result.get("error") in ("temporarily_unavailable", "slow_down"):
        return Throttled(_TRY_LATER, remote)
    sentence = "The login service gives no token: check the connection's tenant_id, login and password"
    return AuthFailed(SENTENCES.get(code, sentence), remote)


def unusable(error: ValueError) -> RemoteError | ConfigError:
    """MSAL raises ValueError for what it cannot start with; the code, if any, is in its text or its cause's."""
    text = f"{error} {error.__context__ or ''}"
    found = re.search(r"AADSTS(\d+)", text)
    if found or "authority configuration" in text or "OIDC Discovery" in text:
        code = int(found.group(1)) if found else 0
        remote = Remote("login", 400, f"AADSTS{code}" if code else "")
        return AuthFailed(SENTENCES.get(code, _UNKNOWN_TENANT), remote)
    return ConfigError(
        ["connection: certificate: MSAL cannot use this key; give a PEM private key together with its certificate"]
    )
