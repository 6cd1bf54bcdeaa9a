"""Tokens in both of ShareCRM's modes: headers (OAuth 2.0 style), or members of the body (legacy).

A token lives 7,200 s. Asked again in its first 6,600 s, ShareCRM gives the same one; then a new one while the old one
lives on. So it is renewed between the two. The token endpoint bears ten calls a minute and no two at a time.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from calsync.core.text import ident
from calsync.errors import Remote, Throttled, Unavailable
from calsync.sharecrm.pace import Now, Pace, Sleep
from calsync.sharecrm.settings import CrmSettings

OAUTH_PATH = "/oauth2.0/token"
LEGACY_PATH = "/cgi/corpAccessToken/get/V2"
LIFE_S = 7200.0
RENEW_BEFORE_S = 550.0
CALLS_PER_MINUTE = 10
_FIT_FOR_HEADERS = re.compile(r"[\x21-\x7e]+")

Post = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Sends one token request, once: path and body to the members of the answer. Raises RemoteError."""


class Grant(Protocol):
    """A token and how a call carries it."""

    @property
    def token(self) -> str: ...

    def headers(self, user: str) -> dict[str, str]: ...

    def members(self, user: str) -> dict[str, str]: ...


@dataclass(frozen=True, slots=True)
class HeaderGrant:
    """The mode of `x-fs-ea` and `x-fs-userid`."""

    token: str = field(repr=False)
    ea: str

    def headers(self, user: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", "x-fs-ea": self.ea, "x-fs-userid": user}

    def members(self, user: str) -> dict[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class BodyGrant:
    """The legacy mode: everything stands beside `data`."""

    token: str = field(repr=False)
    corp_id: str

    def headers(self, user: str) -> dict[str, str]:
        return {}

    def members(self, user: str) -> dict[str, str]:
        return {"corpAccessToken": self.token, "corpId": self.corp_id, "currentOpenUserId": user}


@dataclass(frozen=True, slots=True)
class Held:
    """A token in use, and when to ask for the next one (seconds of the clients' clock)."""

    grant: Grant
    renew_at: float


Credentials = tuple[str, ...]
Wallet = dict[Credentials, Held]
"""Tokens by whom they are given to. Clients that share one share their tokens; it lives in memory alone."""

OF_THIS_PROCESS: Wallet = {}
"""For clients that follow one another in a process, since the token endpoint bears so few calls."""


class Tokens:
    """The current token, shared by all calls of a client, and by all clients with the same wallet."""

    def __init__(
        self, settings: CrmSettings, post: Post, now: Now, sleep: Sleep = asyncio.sleep, wallet: Wallet | None = None
    ) -> None:
        self._settings = settings
        self._post = post
        self._now = now
        self._lock = asyncio.Lock()
        self._pace = Pace(CALLS_PER_MINUTE, 60.0, now, sleep)
        self._wallet: Wallet = {} if wallet is None else wallet
        self._whose: Credentials = (
            settings.base_url,
            settings.auth_mode,
            settings.ea,
            settings.app_id,
            settings.app_secret,
            settings.permanent_code,
        )

    async def grant(self) -> Grant:
        """A token that is good for some minutes more. Raises RemoteError, AuthFailed for wrong credentials."""
        async with self._lock:
            held = self._wallet.get(self._whose)
            if held is None or self._now() >= held.renew_at:
                held = self._wallet[self._whose] = await self._ask()
            return held.grant

    async def forget(self, grant: Grant) -> None:
        """`grant` was refused: the next call asks for another, unless somebody has got one already."""
        async with self._lock:
            held = self._wallet.get(self._whose)
            if held is not None and held.grant is grant:
                del self._wallet[self._whose]

    async def _ask(self) -> Held:
        settings = self._settings
        body = {
            "appId": settings.app_id,
            "appSecret": settings.app_secret,
            "permanentCode": settings.permanent_code,
        }
        grant: Grant
        if settings.auth_mode == "legacy":
            answer = await self._paced(LEGACY_PATH, body)
            grant = BodyGrant(_text(answer, "corpAccessToken"), _text(answer, "corpId"))
        else:
            answer = await self._paced(OAUTH_PATH, {**body, "grantType": "app_secret"})
            grant = HeaderGrant(_text(answer, "accessToken"), settings.ea or _text(answer, "ea"))
        return Held(grant, self._now() + _good_for(answer.get("expiresIn")))

    async def _paced(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        await self._pace.turn(path)
        try:
            return await self._post(path, body)
        except Throttled as error:
            self._pace.rest(path, error.retry_after or 0.0)
            raise


def _good_for(expires_in: object) -> float:
    """Seconds until a new token is due; of a token handed out late in its life, half of what is left."""
    try:
        left = min(float(int(ident(expires_in))), LIFE_S)
    except ValueError:
        left = 0.0
    return max(left - RENEW_BEFORE_S, left / 2)


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not _FIT_FOR_HEADERS.fullmatch(value):
        raise Unavailable(f"ShareCRM's token answer lacks {name}: try again later", Remote("sharecrm", 200))
    return value
