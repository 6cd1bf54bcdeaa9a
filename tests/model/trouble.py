"""What may go wrong between calsync and the two systems, by name."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
from pipeline.workplace import Workplace

from sandbox.client import Sandbox

_GRAPH_WRITES = {"system": "graph", "path": "/events"}
_DELTA = {"system": "graph", "path": "/calendarView/delta"}
_CRM = {"system": "sharecrm", "path": "/crm/v2/data/"}
_CRM_WRITES = {"system": "sharecrm", "path": "/data/(create|update|invalid|recover)"}

FAULTS: dict[str, dict[str, Any]] = {
    "graph 429": {"system": "graph", "effect": {"status": 429, "retry_after": 0}},
    "graph 500": {"system": "graph", "effect": {"status": 500}},
    "graph 503": {"system": "graph", "effect": {"status": 503, "retry_after": 0}},
    "graph refuses": {"system": "graph", "effect": {"refuse": True}},
    "graph forbids": {**_GRAPH_WRITES, "effect": {"status": 403, "code": "ErrorAccessDenied"}},
    "delta 504": {**_DELTA, "effect": {"status": 504}},
    "delta expires": {**_DELTA, "effect": {"expire_delta": True}},
    "delta page twice": {**_DELTA, "effect": {"duplicate_page": True}},
    "delta page cut": {**_DELTA, "effect": {"cut_page": True}},
    "post lost": {**_GRAPH_WRITES, "method": "POST", "effect": {"lose_answer": True}},
    "patch lost": {**_GRAPH_WRITES, "method": "PATCH", "effect": {"lose_answer": True}},
    "delete lost": {**_GRAPH_WRITES, "method": "DELETE", "effect": {"lose_answer": True}},
    "post 503": {**_GRAPH_WRITES, "method": "POST", "effect": {"status": 503, "retry_after": 0}},
    "patch 412": {**_GRAPH_WRITES, "method": "PATCH", "effect": {"status": 412}},
    "crm 500": {**_CRM, "effect": {"status": 500}},
    "crm 503": {**_CRM, "effect": {"status": 503}},
    "crm refuses": {**_CRM, "effect": {"refuse": True}},
    "crm page cut": {**_CRM, "effect": {"cut_page": True}},
    "crm page twice": {**_CRM, "effect": {"duplicate_page": True}},
    "crm write lost": {**_CRM_WRITES, "effect": {"lose_answer": True}},
    "crm write 503": {**_CRM_WRITES, "effect": {"status": 503}},
    "crm web page": {**_CRM, "effect": {"html": True}},
    "login 503": {"system": "login", "effect": {"status": 503}},
}

QUIRKS: dict[str, dict[str, Any]] = {
    "empty first page": {"empty_first_page": True},
    "replay": {"replay": True},
    "late rewrite": {"late_rewrite": True},
    "duplicate transaction 409": {"duplicate_transaction_status": 409},
}


def cause(box: Sandbox, name: str, skip: int, times: int | None) -> None:
    """Let the fault fall on the requests it is about: the first `skip` pass, the next `times` have it, or all."""
    rule = FAULTS[name]
    box.fault(**{**rule, "skip": skip, "times": times})


class Died(BaseException):
    """The process is gone: nothing of ours may catch it."""


class Dying(httpx.AsyncBaseTransport):
    """Ends the run at the call `at` of both systems together: before it is sent, or after it was done."""

    def __init__(self, ca: str, at: int, sent: bool, calls: Iterator[int]) -> None:
        self.at, self.sent, self.calls = at, sent, calls
        self.inner = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(cafile=ca))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        call = next(self.calls)
        if call > self.at or (call == self.at and not self.sent):
            raise Died
        response = await self.inner.handle_async_request(request)
        if call == self.at:
            await response.aread()
            raise Died
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()


def die_at(work: Workplace, at: int, sent: bool) -> None:
    """Let the next run die at a call; `work.transport = None` ends it."""
    calls = count(1)
    work.transport = lambda: Dying(work.server.ca, at, sent, calls)
