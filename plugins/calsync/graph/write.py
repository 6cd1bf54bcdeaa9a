"""Sending the Requests of a plan to Graph, and what Graph's answers to repeated work mean."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from calsync.core.plan import Request
from calsync.errors import AnswerLost, Forbidden, NotFound, Refused, Remote, RemoteError
from calsync.graph import marks
from calsync.graph.answers import DUPLICATE_TRANSACTION, Answer
from calsync.graph.batch import Part, Result
from calsync.graph.client import GraphClient
from calsync.graph.event import outlook_row
from calsync.graph.read import find_by_mark

_DONE = Remote("graph", 200)

_REMOVED_SINCE = "An earlier run has made this event, and it is not in the calendar any more: it is not made again"

Sent = dict[str, Any] | None | RemoteError
"""The event as it is after the write, None after a delete, NOTHING_LEFT, or why there is neither."""

NOTHING_LEFT: dict[str, Any] = {}
"""What a delete gives of an event that was gone before it: done as asked, and nobody is mailed because of it (E1)."""


async def send(client: GraphClient, request: Request) -> dict[str, Any] | None:
    """Do one request; the event as it is afterwards, None when it is gone.

    A create that was done before gives the event it made then; deleting what is gone or cancelled is done (RULES D4).
    Raises RemoteError: Stale, NotFound, Refused, AnswerLost (a create has been repeated by then) and the others.
    """
    result = (await send_all(client, [request]))[0]
    if isinstance(result, RemoteError):
        raise result
    return result or None


async def send_all(client: GraphClient, requests: Sequence[Request]) -> list[Sent]:
    """Do many requests through `$batch`; the outcome of each as of `send`, errors returned, in the order given.

    They run side by side: two requests to one event do not belong into one call. Raises ConfigError (TLS) alone.
    """
    results = await client.batch([part_of(request) for request in requests])
    return await asyncio.gather(
        *(_settled(client, request, result) for request, result in zip(requests, results, strict=True))
    )


def part_of(request: Request) -> Part:
    """A Request as a part of a batch."""
    return Part(request.method, request.path, request.headers, request.body or None)


async def _settled(client: GraphClient, request: Request, result: Result) -> Sent:
    try:
        if isinstance(result, RemoteError):
            return await _again(client, request, result)
        return None if request.method == "DELETE" else _written(result)
    except RemoteError as error:
        return error


def _written(answer: Answer) -> dict[str, Any]:
    """The event as it is after a write. Raises AnswerLost when that cannot be read: what it shows is remembered."""
    if outlook_row("", answer.value).problem:
        raise AnswerLost("Graph's answer to a write cannot be read: the event is read before it is tried again", _DONE)
    return answer.value


async def _again(client: GraphClient, request: Request, error: RemoteError) -> dict[str, Any] | None:
    """What a refusal means if the work was done already. Raises the refusal when it was not."""
    if request.method == "POST" and isinstance(error, Refused) and error.remote.code.lower() == DUPLICATE_TRANSACTION:
        return await _made_before(client, request, error)
    if request.method == "DELETE" and isinstance(error, NotFound):
        return NOTHING_LEFT
    if request.method == "DELETE" and isinstance(error, Forbidden) and await _gone(client, request.path):
        return NOTHING_LEFT
    raise error


async def _made_before(client: GraphClient, request: Request, error: RemoteError) -> dict[str, Any]:
    """The event that bears the mark of a create whose transactionId is taken; it may have changed since.

    Raises NotFound when it is not there any more, and the refusal when that cannot be told.
    """
    mark = marks.read(request.body)[0]
    found: list[Mapping[str, Any]] = [*(await find_by_mark(client, mark.mailbox, mark))] if mark else []
    if mark and not found:
        raise NotFound(_REMOVED_SINCE, error.remote) from error
    if len(found) != 1:
        raise error
    return dict(found[0])


async def _gone(client: GraphClient, path: str) -> bool:
    try:
        event = await client.get(f"{path}?$select=id,isCancelled")
    except NotFound:
        return True
    return event.get("isCancelled") is True
