"""The OpenAPI client: one call at a time, with everything that has to hold for each of them.

Every call has time-outs, a trace id and a token, and takes its turn in the path's rate; a refusal is one of our errors.
Reads are tried again when that can help; a write only when the answer says that nothing was done.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from calsync.clock import Here, utc
from calsync.errors import AnswerLost, AuthFailed, ConfigError, Remote, RemoteError, Throttled, Transient, Unavailable
from calsync.sharecrm import envelope
from calsync.sharecrm.auth import Grant, Tokens, Wallet
from calsync.sharecrm.pace import Now, Pace, Sleep
from calsync.sharecrm.settings import CrmSettings
from calsync.tls import trust

log = logging.getLogger(__name__)

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_NOBODY = Remote("sharecrm")
_OTHER_CLOCK = timedelta(days=3660)
"""A clock that differs by more than this from ours is none."""


class CrmClient:
    """An async context manager over one enterprise's OpenAPI.

    calls: HTTP requests sent, token requests among them. clock: ShareCRM's time by the `Date` header of the first
    answer, None before it; offset: how far that was ahead of `here`, our own clock. wallet: the tokens it shares with
    other clients. may_write: asked before each request that changes something; what it raises stops that request and
    its tries.
    `transport`, `now` (monotonic seconds) and `sleep` are for tests.
    """

    def __init__(
        self,
        settings: CrmSettings,
        *,
        wallet: Wallet | None = None,
        here: Here = utc,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Now = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.settings = settings
        self.calls = 0
        self.clock: datetime | None = None
        self.offset = timedelta()
        self.may_write: Callable[[], None] = lambda: None
        self._here = here
        self._sleep = sleep
        self._proven = False
        self._places = asyncio.Semaphore(settings.concurrency)
        self._pace = Pace(settings.calls_per_20s, envelope.PAUSE_S, now, sleep)
        self._tokens = Tokens(settings, self._ask_token, now, sleep, wallet)
        self._http = _http(settings, transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def call(
        self, path: str, data: Mapping[str, Any] | None = None, *, user: str = "", write: bool = False, **top: Any
    ) -> dict[str, Any]:
        """POST `data` to `path` as employee `user` (default: the connection's); the members of the answer.

        :param write: the call changes something: it is repeated only when nothing can have been done.
        :param top: members beside `data`.
        Raises RemoteError: AnswerLost when a write may or may not have been done; ConfigError for a wrong host.
        """
        body = dict(top) if data is None else {"data": dict(data), **top}
        async for attempt in self._tries():
            with attempt:
                return await self._with_token(path, body, user or self.settings.user, write)
        raise AssertionError("tenacity re-raises the last error")

    async def ready(self) -> None:
        """Have a token, and ShareCRM's `clock`. Raises RemoteError, ConfigError."""
        async for attempt in self._tries():
            with attempt:
                await self._tokens.grant()
        if self.clock is None:  # the token was there already, so nothing has been answered yet
            await self.call("/cgi/crm/v2/object/list", {})

    async def _with_token(self, path: str, body: Mapping[str, Any], user: str, write: bool) -> dict[str, Any]:
        """Once, and once more with another token when ShareCRM does not know this one."""
        grant = await self._tokens.grant()
        try:
            return await self._granted(path, body, user, write, grant)
        except AuthFailed as error:
            if not self._is_token(error):
                raise
        await self._tokens.forget(grant)
        return await self._granted(path, body, user, write, await self._tokens.grant())

    async def _granted(
        self, path: str, body: Mapping[str, Any], user: str, write: bool, grant: Grant
    ) -> dict[str, Any]:
        await self._pace.turn(path)
        try:
            async with self._places:
                if write:
                    self.may_write()
                return await self._send(path, {**body, **grant.members(user)}, grant.headers(user), write)
        except Throttled as error:
            self._pace.rest(path, error.retry_after or envelope.PAUSE_S)
            raise

    async def _ask_token(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._send(path, body, {}, write=False)

    async def _send(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str], write: bool
    ) -> dict[str, Any]:
        self.calls += 1
        trace = {"thirdTraceId": str(uuid.uuid4())}
        try:
            response = await self._http.post(path, params=trace, json=body, headers=headers)
        except _NOT_SENT as error:
            raise _unreachable(error) from None
        except httpx.HTTPError:
            raise envelope.unknown(write, "ShareCRM's answer did not arrive: try again later", _NOBODY) from None
        self._note_clock(response)
        log.debug("%s: HTTP %s", path, response.status_code)
        answer = envelope.read(response, self.settings.codes, write=write, proven=self._proven)
        self._proven = True
        return answer

    def _note_clock(self, response: httpx.Response) -> None:
        if self.clock is not None or "date" not in response.headers:
            return
        try:
            said = parsedate_to_datetime(response.headers["date"])
            clock = said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)
        except (ValueError, OverflowError):
            return
        offset = clock - self._here()
        if abs(offset) <= _OTHER_CLOCK:
            self.clock, self.offset = clock, offset

    def _is_token(self, error: RemoteError) -> bool:
        return error.remote.code in {str(code) for code in self.settings.codes.token}

    def _tries(self) -> AsyncRetrying:
        """A throttled path makes its caller wait for its turn anyway, so the pause between tries stays short."""
        return AsyncRetrying(
            retry=retry_if_exception(_may_help),
            wait=wait_random_exponential(multiplier=0.5, max=10.0),
            stop=stop_after_attempt(self.settings.attempts),
            sleep=self._sleep,
            reraise=True,
        )


def _may_help(error: BaseException) -> bool:
    """Whether to ask again. A lost answer may hide a write that was done, so it goes to the caller."""
    return isinstance(error, Transient) and not isinstance(error, AnswerLost)


def _unreachable(error: httpx.TransportError) -> Exception:
    if isinstance(error.__context__, ssl.SSLError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ConfigError(
            ["ShareCRM's certificate is not trusted: name its CA file as `verify` in the connection's extra"]
        )
    if isinstance(error, httpx.UnsupportedProtocol):
        return ConfigError([envelope.WRONG_HOST])
    return Unavailable("ShareCRM cannot be reached: check the network and the connection's host", _NOBODY)


def _http(settings: CrmSettings, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """The environment's proxies and CA bundles do not count; redirects are not followed; httpx logs no addresses."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        base_url=settings.base_url,
        transport=transport,
        verify=trust(settings.verify),
        trust_env=False,
        timeout=httpx.Timeout(settings.read_s, connect=settings.connect_s),
    )
