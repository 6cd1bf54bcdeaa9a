"""The Graph client: one request at a time, with everything that has to hold for each of them.

Every request has time-outs, an immutable-id preference and a token; a refusal is one of our errors; reads are tried
again when that can help, writes only when nothing can have been done or the request is repeatable; at most three
requests of one mailbox are in flight; links are followed to the configured host alone; nothing personal is logged.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from calsync.clock import Here, utc
from calsync.errors import AnswerLost, AuthFailed, Remote, RemoteError, Transient, Unavailable
from calsync.graph.answers import Answer, failure, http_date, no_answer
from calsync.graph.auth import MsalTokens, Tokens, roles, untrusted
from calsync.graph.batch import Part, Result, run_batch
from calsync.graph.gate import MailboxGate
from calsync.graph.paths import below, redacted
from calsync.graph.settings import GraphSettings
from calsync.tls import trust

log = logging.getLogger(__name__)

_NOBODY = Remote("graph")

Sleep = Callable[[float], Awaitable[None]]


class GraphClient:
    """An async context manager over one Microsoft tenant's Graph.

    calls: HTTP requests sent to Graph, a `$batch` is one. skew: how far Graph's clock is ahead of `here`, our own, by
    the `Date` header of the latest answer; None before the first. may_write: asked before each request that changes
    something; what it raises stops that request and its tries. `transport`, `tokens` and `sleep` are for tests.
    """

    def __init__(
        self,
        settings: GraphSettings,
        *,
        here: Here = utc,
        transport: httpx.AsyncBaseTransport | None = None,
        tokens: Tokens | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.settings = settings
        self.calls = 0
        self.skew: timedelta | None = None
        self.may_write: Callable[[], None] = lambda: None
        self.sleep = sleep
        self._here = here
        self.gate = MailboxGate(settings.per_mailbox)
        self._tokens: Tokens = tokens or MsalTokens(settings)
        self._places = asyncio.Semaphore(settings.concurrency)
        self._http = _http(settings, transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()
        if isinstance(self._tokens, MsalTokens):
            self._tokens.close()

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The object at `path` (relative, percent-encoded). Raises RemoteError."""
        return (await self.request("GET", path, headers)).value

    async def post(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Create or act; with a `transactionId` in `body` it may be tried again. Raises RemoteError."""
        return (await self.request("POST", path, headers, body)).value

    async def patch(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Change what `body` names; the object as it is afterwards. Raises RemoteError."""
        return (await self.request("PATCH", path, headers, body)).value

    async def delete(self, path: str, headers: Mapping[str, str] | None = None) -> None:
        """Raises RemoteError, NotFound for what is gone already."""
        await self.request("DELETE", path, headers)

    async def batch(self, parts: Sequence[Part]) -> list[Result]:
        """Many requests in few calls: per part its Answer or its error, in the order of `parts` (see `batch`)."""
        return await run_batch(self, parts)

    def relative(self, link: str) -> str:
        """A next or delta link as a path of this client. Raises Refused when it leads elsewhere."""
        return below(self.settings.base_url, link)

    async def roles(self) -> frozenset[str]:
        """The application permissions that the current token names (see `auth.roles`)."""
        return roles(await self._tokens.token())

    async def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> Answer:
        """One request with its tries. Raises the error of the last of them."""
        part = Part(method, path, dict(headers or {}), dict(body) if body is not None else None)
        async for attempt in self._tries(part):
            with attempt:
                async with self.gate.hold([part.mailbox]):
                    if part.writes:
                        self.may_write()
                    return await self.send(part)
        raise AssertionError("tenacity re-raises the last error")

    async def send(self, part: Part) -> Answer:
        """One request, once; with a fresh token when Graph refuses the one it came with. Raises RemoteError."""
        token = await self._tokens.token()
        try:
            return await self._once(part, token)
        except AuthFailed:
            await self._tokens.forget(token)
            return await self._once(part, await self._tokens.token())

    async def renew_token(self) -> None:
        """Have the next request come with a new token: a part of a batch was refused for the present one."""
        with suppress(RemoteError):  # a login service in trouble shows at the next request
            await self._tokens.forget(await self._tokens.token())

    def may_retry(self, part: Part, error: RemoteError) -> bool:
        """Whether sending `part` again after `error` can help, cannot do its work twice, and is not too far away."""
        if not isinstance(error, Transient) or error.remote.status in part.final:
            return False
        if (error.retry_after or 0.0) > self.settings.patience_s:
            return False
        return part.repeatable or not isinstance(error, AnswerLost)

    def pause(self, error: RemoteError | None, attempt: int) -> float:
        """Seconds before try `attempt` + 1: what the service asked for, else growing with jitter."""
        if error is not None and error.retry_after is not None:
            return error.retry_after
        backoff: float = min(self.settings.patience_s, 0.5 * 2.0**attempt)
        return backoff * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret

    def _tries(self, part: Part) -> AsyncRetrying:
        def again(error: BaseException) -> bool:
            return isinstance(error, RemoteError) and self.may_retry(part, error)

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            return self.pause(error if isinstance(error, RemoteError) else None, state.attempt_number)

        return AsyncRetrying(
            retry=retry_if_exception(again),
            wait=wait,
            stop=stop_after_attempt(self.settings.attempts),
            sleep=self.sleep,
            reraise=True,
        )

    async def _once(self, part: Part, token: str) -> Answer:
        headers = {"authorization": f"Bearer {token}", **part.preferring}
        async with self._places:
            self.calls += 1
            answer = await self._exchange(part, headers)
        self._note(part, answer)
        if not answer.ok:
            raise failure(answer, part.method, part.path)
        return answer

    async def _exchange(self, part: Part, headers: dict[str, str]) -> Answer:
        address = self.settings.base_url + part.path
        try:
            response = await self._http.request(part.method, address, headers=headers, json=part.body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            if isinstance(error.__context__, ssl.SSLError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise untrusted("graph") from None
            raise Unavailable("Graph cannot be reached: check the network and the connection's host", _NOBODY) from None
        except httpx.HTTPError:
            raise no_answer("Graph's answer did not arrive", part.method != "GET") from None
        return _answer(response)

    def _note(self, part: Part, answer: Answer) -> None:
        date = http_date(answer.headers.get("date", ""))
        if date is not None:
            self.skew = date - self._here()
        said = Remote("graph", answer.status, request_id=answer.headers.get("request-id", ""))
        log.debug("%s %s: %s, request %s", part.method, redacted(part.path), answer.status, said.request_id)


def _http(settings: GraphSettings, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """The environment's proxies and CA bundles do not count; redirects are not followed.

    httpx logs whole addresses, in which ids and delta tokens stand, so it keeps quiet below warnings.
    """
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        transport=transport,
        verify=trust(settings.verify),
        proxy=settings.proxy or None,
        trust_env=False,
        timeout=httpx.Timeout(settings.read_s, connect=settings.connect_s),
    )


def _answer(response: httpx.Response) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    if not response.content:
        return Answer(response.status_code, headers)
    try:
        return Answer(response.status_code, headers, response.json())
    except (ValueError, RecursionError):  # no JSON; numbers or nesting beyond what can be read
        return Answer(response.status_code, headers, is_json=False)
