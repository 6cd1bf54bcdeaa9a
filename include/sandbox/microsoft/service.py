"""From a Graph request, or a part of a `$batch`, to its answer: who asks, for what, and whether they may."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from sandbox.microsoft import users
from sandbox.microsoft.call import JSON_TYPE, Answer, Call, error_answer
from sandbox.microsoft.errors import (
    GraphError,
    access_denied,
    directory_denied,
    invalid_request,
    method_not_allowed,
    throttled,
    unknown_segment,
)
from sandbox.microsoft.routes import handler, target
from sandbox.microsoft.tokens import Caller, TokenReader
from sandbox.microsoft.zones import zone

if TYPE_CHECKING:
    from sandbox.microsoft.mailbox import Mailbox
    from sandbox.microsoft.state import Microsoft

_CROWDED_WAIT_S = 0.25
_DIRECTORY_ROLES = {"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
_WRITERS = {"Calendars.ReadWrite"}
_READERS = {"Calendars.Read", "Calendars.ReadWrite"}


class Service:
    """Microsoft Graph v1.0 over one tenant."""

    def __init__(self, ms: Microsoft) -> None:
        self.ms = ms
        self.tokens = TokenReader(ms.application)

    def caller(self, call: Call) -> Caller:
        """Who sent the request; noted as its actor. Raises GraphError (401)."""
        caller = self.tokens.caller(call.headers.get("authorization", ""), self.ms.now)
        call.actor = caller.actor
        return caller

    def answer(self, call: Call) -> Answer:
        """The answer to one request, errors included."""
        try:
            answer = self._serve(call)
        except GraphError as error:
            return self.failed(call, error)
        applied = call.prefer.applied()
        if applied:
            answer.headers["Preference-Applied"] = applied
        return self._signed(call, answer, str(uuid.uuid4()))

    def failed(self, call: Call, error: GraphError) -> Answer:
        """`error` in Graph's shape, with the ids that Microsoft's support asks for."""
        request_id = str(uuid.uuid4())
        date = f"{self.ms.now:%Y-%m-%dT%H:%M:%S}"
        client_id = call.headers.get("client-request-id") or request_id
        return self._signed(call, error_answer(error, date, request_id, client_id), request_id)

    def _signed(self, call: Call, answer: Answer, request_id: str) -> Answer:
        answer.headers["request-id"] = request_id
        answer.headers["client-request-id"] = call.headers.get("client-request-id") or request_id
        answer.headers["Cache-Control"] = "private"
        if answer.body is not None:
            answer.headers |= {"Content-Type": JSON_TYPE, "OData-Version": "4.0"}
        return answer

    def _serve(self, call: Call) -> Answer:
        caller = self.caller(call)
        if call.prefer.zone:
            zone(call.prefer.zone)
        segments = call.segments
        first = segments[0].lower() if segments else ""
        if first == "users" and len(segments) == 1:
            return self._directory(call, caller, None)
        if first == "users":
            name, rest = segments[1], segments[2:]
        elif first == "me":
            name, rest = self._own_name(caller), segments[1:]
        else:
            raise unknown_segment(first)
        if not rest:
            return self._directory(call, caller, name)
        return self._mailbox(call, caller, name, rest)

    def _own_name(self, caller: Caller) -> str:
        if not caller.address:
            raise invalid_request("/me request is only valid with delegated authentication flow.")
        return caller.address

    def _directory(self, call: Call, caller: Caller, name: str | None) -> Answer:
        if call.method != "GET":
            raise method_not_allowed()
        if not caller.address and not caller.roles & _DIRECTORY_ROLES:
            raise directory_denied()
        if name is None:
            answer = users.list_users(self.ms, call)
        else:
            found = self.ms.reached_by(name) if name == caller.address else None
            answer = users.read(self.ms, call, found.upn if found else name)
        answer.headers["x-ms-resource-unit"] = str(users.cost(call))
        return answer

    def _mailbox(self, call: Call, caller: Caller, name: str, rest: list[str]) -> Answer:
        self._throttle(call, caller, name)
        serve = handler(call.method, target(rest))
        self._permit(call, caller, self.ms.reached_by(name))
        return serve(self.ms, self.ms.mailbox(name), call)

    def _permit(self, call: Call, caller: Caller, box: Mailbox | None) -> None:
        """People may use their own mailbox only; the application needs a calendar role, or RBAC in Exchange."""
        if caller.address:
            allowed = box is not None and caller.address in box.addresses
        else:
            needed = _READERS if call.method == "GET" else _WRITERS
            allowed = self.ms.quirks.role_based or bool(caller.roles & needed)
        if not allowed:
            raise access_denied()

    def mailbox_of(self, call: Call) -> Mailbox | None:
        """The mailbox that the request's path is about."""
        segments = call.segments
        first = segments[0].lower() if segments else ""
        if first == "me":
            return self.ms.reached_by(call.headers.get("authorization", "").removeprefix("Bearer user:"))
        return self.ms.reached_by(segments[1]) if first == "users" and len(segments) > 1 else None

    async def serve(self, call: Call, wait_s: float = 0.0) -> Answer:
        """Answer after `wait_s` seconds, during which the request counts as under way at its mailbox."""
        box = self.mailbox_of(call)
        if box is None:
            await _wait(wait_s)
            return self.answer(call)
        in_flight, key = self.ms.world.throttle.in_flight, f"graph/{box.id}"
        allowed = self.ms.world.limits.mailbox_concurrency
        in_flight[key] += 1
        try:
            call.crowded = allowed is not None and in_flight[key] > allowed
            await _wait(wait_s)
            return self.answer(call)
        finally:
            in_flight[key] -= 1

    def _throttle(self, call: Call, caller: Caller, name: str) -> None:
        """Raises GraphError (429) when the application asks this mailbox too often or too much at once."""
        if caller.address:
            return
        if call.crowded:
            raise throttled(_CROWDED_WAIT_S, "MailboxConcurrency")
        limits, throttle = self.ms.world.limits, self.ms.world.throttle
        box = self.ms.reached_by(name)
        key = f"graph/{caller.actor}/{box.id if box else name}"
        now = self.ms.now.timestamp()
        wait = throttle.wait_needed(key, limits.requests_per_window, limits.window_s, now)
        if wait > 0:
            raise throttled(wait)


async def _wait(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)
