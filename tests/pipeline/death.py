"""The death of a process at one of its writes, without a process: nothing of ours gets another word in."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import httpx
from pipeline.workplace import Workplace

from calsync.stages.ledger import Ledger

_IN_SHARECRM = ("/data/create", "/data/update", "/data/invalid", "/data/recover")


class Died(BaseException):
    """The process is gone: nothing of ours may catch it."""


@dataclass
class Death:
    """It comes at the write `at`, counted over both systems: before it is sent, or once it was done.

    writes: how many requests that write came so far. fallen: whether the process is dead.
    """

    at: int
    sent: bool
    writes: int = 0
    fallen: bool = False

    @contextmanager
    def awaited(self, work: Workplace) -> Iterator[None]:
        """What runs in here dies at that write, if it comes so far; what it has not stored by then it never will."""
        done = Ledger.done

        def record(ledger: Ledger, *given: Any) -> None:
            self.unless_dead()
            done(ledger, *given)

        work.transport, work.impatient = (lambda: _Carrier(work.server.ca, self)), True
        try:
            with patch.object(Ledger, "done", record), suppress(Died):
                yield
        finally:
            work.transport = None
            work.close()

    def unless_dead(self) -> None:
        if self.fallen:
            raise Died


class _Carrier(httpx.AsyncBaseTransport):
    """Carries requests to the sandbox, until death."""

    def __init__(self, ca: str, death: Death) -> None:
        self.death = death
        self.inner = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(cafile=ca))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        death = self.death
        death.unless_dead()
        death.writes += _writes(request)
        last = _writes(request) and death.writes == death.at
        if last and not death.sent:
            death.fallen = True
            raise Died
        response = await self.inner.handle_async_request(request)
        if last:
            await response.aread()
            death.fallen = True
        death.unless_dead()
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()


def _writes(request: httpx.Request) -> bool:
    if request.url.path.endswith("/$batch"):
        return any(part["method"] != "GET" for part in json.loads(request.content)["requests"])
    return request.url.path.endswith(_IN_SHARECRM)
