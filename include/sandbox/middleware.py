"""The frame around both systems: names them, logs every request, dates answers and lets things go wrong on command."""

from __future__ import annotations

import asyncio
import json
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults import Effect
from sandbox.world import World

TRANSPORT = "sandbox.transport"
"""The name of the ASGI extension that holds the connection's transport (see `sandbox.server`)."""

Answer = tuple[int, dict[str, str], bytes]

_CLOCKS = {"sharecrm": "crm", "graph": "graph", "login": "login"}
_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Please sign in.</p></body></html>"


def system_of(path: str) -> str:
    """Which system a path belongs to: `graph`, `sharecrm`, `control` or `login` (every other path is a tenant's)."""
    if path == "/" or path.startswith(("/_control", "/calendars/")):
        return "control"
    if path.startswith(("/v1.0", "/beta")):
        return "graph"
    if path.startswith(("/cgi/", "/oauth2.0/")):
        return "sharecrm"
    return "login"


class Frame:
    """ASGI middleware: latency, faults, the request log and the `Date` header of the system's own clock."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self.app = app
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        system = system_of(scope["path"]) if scope["type"] == "http" else "control"
        if system == "control":
            await self.app(scope, receive, send)
            return
        await _Exchange(self.world, system, scope, receive, send).run(self.app)


class _Exchange:
    """One request to one of the systems."""

    def __init__(self, world: World, system: str, scope: Scope, receive: Receive, send: Send) -> None:
        self.world, self.system = world, system
        self.scope, self.receive, self.send = scope, receive, send
        self.state: dict[str, Any] = scope.setdefault("state", {})
        query = scope.get("query_string", b"").decode("latin-1")
        self.path = scope["path"] + (f"?{unquote(query)}" if query else "")
        self.logged = False

    async def run(self, app: ASGIApp) -> None:
        mailbox = _mailbox_of(self.world, self.system, self.scope)
        effect = self.world.faults.take(self.system, self.scope["method"], self.path, mailbox) or Effect()
        self.state.update(effect=effect, mailbox=mailbox, drop=effect.refuse)
        await self._wait(self.world.limits.latency_s + effect.delay_s, mailbox)
        try:
            if effect.refuse:
                self._log(0)
                await self._drop()
            elif effect.answers:
                await self._answer(fault_answer(self.system, effect, self.path))
            else:
                await app(self.scope, self.receive, self._send)
        except Exception:
            self._log(500)
            raise

    async def _wait(self, seconds: float, mailbox: str | None) -> None:
        """Meanwhile the request counts as under way at its mailbox, as it does while Microsoft's side works on it."""
        if seconds <= 0:
            return
        box = self.world.microsoft.reached_by(mailbox) if self.system == "graph" and mailbox else None
        in_flight, key = self.world.throttle.in_flight, f"graph/{box.id}" if box else "nobody"
        in_flight[key] += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            in_flight[key] -= 1

    async def _send(self, message: Message) -> None:
        lost = self.state["drop"] or self.state["effect"].lose_answer
        if message["type"] == "http.response.start":
            self._log(message["status"])
            date = self.world.clock.now(_CLOCKS[self.system])
            header = (b"date", format_datetime(date, usegmt=True).encode())
            message["headers"] = [h for h in message.get("headers", []) if h[0].lower() != b"date"] + [header]
            if lost:
                await self._drop()
        if not lost:
            await self.send(message)

    async def _answer(self, answer: Answer) -> None:
        status, headers, body = answer
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        pairs.append((b"content-length", str(len(body)).encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})
        await self._send({"type": "http.response.body", "body": body})

    async def _drop(self) -> None:
        """Close the connection without a word, and wait until the server has seen it."""
        self.scope["extensions"][TRANSPORT].abort()
        while (await self.receive())["type"] != "http.disconnect":
            continue

    def _log(self, status: int) -> None:
        """One entry per HTTP request, written before its answer leaves; status 0: no answer was even begun."""
        if self.logged:
            return
        self.logged = True
        entry = {
            "system": self.system,
            "method": self.scope["method"],
            "path": self.path,
            "status": status,
            "actor": self.state.get("actor", ""),
        }
        for name in ("mailbox", "parts"):
            if self.state.get(name):
                entry[name] = self.state[name]
        if self.state["drop"] or self.state["effect"].lose_answer:
            entry["dropped"] = True
        self.world.logs.add("requests", entry, self.world.clock.now())


def _mailbox_of(world: World, system: str, scope: Scope) -> str | None:
    """The address of the mailbox that a Graph path names, or the id of the employee whom a ShareCRM call acts as."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    person = headers.get(b"authorization", "").removeprefix("Bearer ").partition("user:")[2]
    if system == "sharecrm":
        return person or headers.get(b"x-fs-userid")
    if system != "graph":
        return None
    segments = scope["path"].split("/")
    if segments[2:3] == ["me"]:
        return person or None
    if segments[2:3] != ["users"] or len(segments) < 4:
        return None
    mailbox = world.microsoft.reached_by(segments[3])
    return mailbox.address if mailbox else None


def fault_answer(system: str, effect: Effect, path: str = "") -> Answer:
    """The answer that `effect` asks for, in the error shape of `system`: status, headers and body.

    ShareCRM reports its errors with HTTP 200 and an envelope, so a `code` without a `status` becomes one.
    """
    if effect.html:
        return effect.status or 200, {"content-type": "text/html; charset=utf-8"}, _HTML
    status = effect.status or (200 if system == "sharecrm" else 500)
    headers = {"content-type": "application/json; charset=utf-8"}
    if effect.retry_after is not None:
        headers["retry-after"] = f"{effect.retry_after:g}"
    if isinstance(effect.body, str):
        return status, {**headers, "content-type": "text/plain; charset=utf-8"}, effect.body.encode()
    body = effect.body if effect.body is not None else _error_body(system, effect, status)
    return status, headers, json.dumps(body, ensure_ascii=False).encode()


def _error_body(system: str, effect: Effect, status: int) -> dict[str, Any]:
    if system == "sharecrm":
        code = effect.code if effect.code is not None else -1
        return {"errorCode": int(code), "errorMessage": effect.message, "traceId": "E-O.fault.0-0"}
    if system == "login":
        return {
            "error": effect.code or "temporarily_unavailable",
            "error_description": effect.message,
            "error_codes": [],
        }
    return {
        "error": {"code": str(effect.code or _GRAPH_CODES.get(status, "generalException")), "message": effect.message}
    }


_GRAPH_CODES = {
    400: "ErrorInvalidRequest",
    401: "InvalidAuthenticationToken",
    403: "ErrorAccessDenied",
    404: "ErrorItemNotFound",
    409: "Conflict",
    410: "SyncStateNotFound",
    412: "ErrorIrresolvableConflict",
    429: "ApplicationThrottled",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
