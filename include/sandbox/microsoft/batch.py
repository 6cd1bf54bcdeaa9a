"""`$batch`: up to twenty requests in one, a few at a time, answered in any order, each with its own fate."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from sandbox.faults import Effect
from sandbox.microsoft.call import Answer, Call
from sandbox.microsoft.errors import GraphError
from sandbox.middleware import fault_answer

if TYPE_CHECKING:
    from sandbox.microsoft.service import Service

_MOST = 20
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


def _bad(message: str) -> GraphError:
    return GraphError(400, "BadRequest", message)


def checked(body: Any) -> list[dict[str, Any]]:
    """The parts of a batch. Raises GraphError (400 for the batch as a whole) when it is malformed."""
    parts = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise _bad("Invalid batch payload format.")
    if len(parts) > _MOST:
        raise _bad(f"Number of batch request steps exceeds the maximum value of {_MOST}.")
    seen: set[str] = set()
    for part in parts:
        _check_part(part, seen)
        seen.add(str(part["id"]).lower())
    for part in parts:
        if not {str(one).lower() for one in part.get("dependsOn") or []} <= seen:
            raise _bad(f"Write request id : {part['id']} depends on a request that is not in the batch.")
    return parts


def _check_part(part: dict[str, Any], seen: set[str]) -> None:
    if not part.get("id") or not isinstance(part.get("url"), str):
        raise _bad("Every request of a batch needs an id and a url.")
    if str(part["id"]).lower() in seen:
        raise _bad(f"Invalid batch payload: the id '{part['id']}' is not unique.")
    if str(part.get("method", "")).upper() not in _METHODS:
        raise _bad(f"Write request id : {part['id']} has no valid method.")
    headers = {str(name).lower() for name in part.get("headers") or {}}
    if part.get("body") is not None and "content-type" not in headers:
        raise _bad(f"Write request id : {part['id']} does not contain Content-Type header or body.")


class Batch:
    """One batch on its way. `parts_log` says in the end what each part was and what became of it."""

    def __init__(self, service: Service, outer: Call, parts: list[dict[str, Any]]) -> None:
        self.service, self.outer, self.parts = service, outer, parts
        self.world = service.ms.world
        self.drop = False
        self.parts_log: list[dict[str, Any]] = []
        self._done: dict[str, asyncio.Event] = {str(part["id"]).lower(): asyncio.Event() for part in parts}
        self._status: dict[str, int] = {}
        self._gate = asyncio.Semaphore(max(1, self.world.limits.batch_parallel))

    async def run(self) -> Answer:
        """Answers of all parts, in shuffled order. `drop` is set when a part's fault takes the connection down."""
        responses = list(await asyncio.gather(*(self._part(part) for part in self.parts)))
        self.world.random.shuffle(responses)
        return Answer(200, {"responses": responses})

    async def _part(self, part: dict[str, Any]) -> dict[str, Any]:
        key = str(part["id"]).lower()
        before = [str(one).lower() for one in part.get("dependsOn") or []]
        for one in before:
            await self._done[one].wait()
        call = self._call(part)
        if any(self._status[one] >= 400 for one in before):
            answer = self._failed_dependency()
        else:
            async with self._gate:
                answer = await self._served(call)
        self._status[key] = answer.status
        self._done[key].set()
        self._note(call, answer)
        response = {"id": part["id"], "status": answer.status, "headers": answer.headers}
        return response | ({"body": answer.body} if answer.body is not None else {})

    def _call(self, part: dict[str, Any]) -> Call:
        # Documented as relative; yet msgraph-sdk sends whole urls.
        path, _, query = str(part["url"]).removeprefix(self.outer.root).partition("?")
        headers = {str(name).lower(): str(value) for name, value in (part.get("headers") or {}).items()}
        own = {name: self.outer.headers[name] for name in ("authorization",) if name in self.outer.headers}
        return Call(str(part["method"]).upper(), path, query, headers | own, part.get("body"), self.outer.root)

    async def _served(self, call: Call) -> Answer:
        box = self.service.mailbox_of(call)
        effect = self.world.faults.take("graph", call.method, call.logged_path, box.address if box else None)
        call.effect = effect = effect or Effect()
        self.drop = self.drop or effect.refuse or effect.lose_answer
        if effect.refuse:
            return Answer(0)
        if effect.answers:
            status, headers, body = fault_answer("graph", effect, call.logged_path)
            return Answer(status, _decoded(body), {name.title(): value for name, value in headers.items()})
        return await self.service.serve(call, self.world.limits.latency_s + effect.delay_s)

    def _failed_dependency(self) -> Answer:
        body = {"error": {"code": "FailedDependency", "message": "One or more dependencies of this request failed."}}
        return Answer(424, body)

    def _note(self, call: Call, answer: Answer) -> None:
        entry = {"method": call.method, "path": call.logged_path, "status": answer.status}
        box = self.service.mailbox_of(call)
        self.parts_log.append(entry | ({"mailbox": box.address} if box else {}))


def _decoded(body: bytes) -> Any:
    """A fault's body: JSON, or the text itself."""
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()
