"""A scripted Graph behind httpx, and settings for it and for the sandbox."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from calsync.graph.client import GraphClient
from calsync.graph.settings import GraphSettings
from sandbox.server import Server

BASE = "https://graph.test/v1.0"
Reply = httpx.Response | Exception


def settings(**more: Any) -> GraphSettings:
    return GraphSettings("tenant", "app", "secret", base_url=BASE, **more)


def sandbox_settings(server: Server, **more: Any) -> GraphSettings:
    given: dict[str, Any] = {
        "tenant_id": server.info["tenant_id"],
        "client_id": server.info["client_id"],
        "client_secret": server.info["client_secret"],
        "base_url": f"{server.url}/v1.0",
        "authority": server.url,
        "verify": server.ca,
        "instance_discovery": False,
    }
    return GraphSettings(**(given | more))


class FakeTokens:
    """Gives t1, and the next one each time the present one is to be forgotten."""

    def __init__(self) -> None:
        self.n = 1

    async def token(self) -> str:
        return f"t{self.n}"

    async def forget(self, token: str) -> None:
        if token == f"t{self.n}":
            self.n += 1


class Naps:
    """Stands in for sleeping: remembers for how long."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


class ScriptedGraph:
    """Answers by a function of the request, async or not, or by replies in turn; keeps what was asked."""

    def __init__(self, answer: Callable[[httpx.Request], Reply | Awaitable[Reply]] | list[Reply], **more: Any) -> None:
        self.requests: list[httpx.Request] = []
        self.naps = Naps()
        self.tokens = FakeTokens()
        self._answer = answer
        transport = httpx.MockTransport(self._handle)
        self.client = GraphClient(settings(**more), transport=transport, tokens=self.tokens, sleep=self.naps)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self._answer(request) if callable(self._answer) else self._answer.pop(0)
        if isinstance(reply, Awaitable):
            reply = await reply
        if isinstance(reply, Exception):
            raise reply
        return reply


def refusal(status: int, code: str = "", **headers: str) -> httpx.Response:
    body = {"error": {"code": code, "message": "About ann@contoso.example", "innerError": {"request-id": "r-1"}}}
    return httpx.Response(status, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def parts_of(request: httpx.Request) -> list[dict[str, Any]]:
    """The parts of a `$batch` request."""
    parts: list[dict[str, Any]] = json.loads(request.content)["requests"]
    return parts


def batch_answer(*responses: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"responses": list(responses)})
