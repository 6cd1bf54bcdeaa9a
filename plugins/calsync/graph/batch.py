"""`$batch`: up to twenty requests in one call, each with an answer, a refusal and a pause of its own.

Graph answers a batch with 200 whatever became of its parts, in any order, and throttles part by part; nobody but the
client tries a part again. See Microsoft, "Combine multiple HTTP requests using JSON batching".
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from calsync.core.text import ident
from calsync.errors import AnswerLost, AuthFailed, RemoteError
from calsync.graph.answers import Answer, failure, no_answer
from calsync.graph.paths import mailbox_of

if TYPE_CHECKING:
    from calsync.graph.client import GraphClient

BATCH_SIZE = 20
"""The most parts that Graph takes in one call."""

_LEAST_STATUS, _GREATEST_STATUS = 100, 599

IMMUTABLE = 'IdType="ImmutableId"'
"""Ids that survive a move between folders; on every request and part, since mixing the two forms makes duplicates."""


@dataclass(frozen=True, slots=True)
class Part:
    """One request: `path` is relative to the version root and percent-encoded.

    final: statuses after which it is not tried again, whatever else holds.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    final: frozenset[int] = frozenset()

    @property
    def mailbox(self) -> str:
        return mailbox_of(self.path)

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice is doing it once: reads, and creates that carry a transactionId."""
        return not self.writes or "transactionId" in (self.body or {})

    @property
    def preferring(self) -> dict[str, str]:
        """Its headers, with the immutable-id preference put before any other."""
        given = self.headers.get("Prefer")
        return {**self.headers, "Prefer": f"{IMMUTABLE}, {given}" if given else IMMUTABLE}


Result = Answer | RemoteError


async def run_batch(client: GraphClient, parts: Sequence[Part]) -> list[Result]:
    """Per part, in the order of `parts`, its Answer or the error of its last try; no part's failure is raised.

    Parts that may be tried again go out together after the longest pause any of them was asked for. Parts run side by
    side, so two writes to one event do not belong into one batch. Raises ConfigError (TLS) and what `may_write` raises.
    """
    results: dict[int, Result] = {}
    todo = list(range(len(parts)))
    renewed = False
    for attempt in range(1, client.settings.attempts + 1):
        calls = [_call(client, {i: parts[i] for i in chunk}) for chunk in _chunks(parts, todo, client.gate.per_mailbox)]
        for answered in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(answered, BaseException):
                raise answered  # now that no other call is under way any more
            results.update(answered)
        failed = {i: result for i in todo if isinstance(result := results[i], RemoteError)}
        refused = [] if renewed else [i for i, error in failed.items() if isinstance(error, AuthFailed)]
        todo = [i for i, error in failed.items() if client.may_retry(parts[i], error)] + refused
        if not todo or attempt == client.settings.attempts:
            break
        if refused:
            renewed = True
            await client.renew_token()
        pauses = [client.pause(failed[i], attempt) for i in todo if i not in refused]
        await client.sleep(max(pauses, default=0.0))
    return [results[i] for i in range(len(parts))]


def _chunks(parts: Sequence[Part], todo: Sequence[int], per_mailbox: int) -> Iterator[list[int]]:
    """`todo` in order, cut into calls of at most twenty parts and `per_mailbox` of one mailbox."""
    waiting = list(todo)
    while waiting:
        chunk: list[int] = []
        taken: Counter[str] = Counter()
        left: list[int] = []
        for i in waiting:
            mailbox = parts[i].mailbox
            if len(chunk) < BATCH_SIZE and (not mailbox or taken[mailbox] < per_mailbox):
                chunk.append(i)
                taken[mailbox] += 1
            else:
                left.append(i)
        yield chunk
        waiting = left


async def _call(client: GraphClient, parts: Mapping[int, Part]) -> dict[int, Result]:
    """One call, once. What happens to the whole of it happens to each part, by whether that part writes."""
    envelope = Part("POST", "/$batch", body={"requests": [_wire(i, part) for i, part in parts.items()]})
    try:
        async with client.gate.hold(part.mailbox for part in parts.values()):
            if any(part.writes for part in parts.values()):
                client.may_write()
            answer = await client.send(envelope)
    except AnswerLost as error:
        remote = replace(error.remote, status=0)  # the batch's status says nothing of any one part
        return {i: no_answer(error.sentence, part.writes, remote) for i, part in parts.items()}
    except RemoteError as error:
        return dict.fromkeys(parts, error)
    answered = _by_id(answer)
    return {i: _result(part, answered.get(str(i))) for i, part in parts.items()}


def _wire(i: int, part: Part) -> dict[str, Any]:
    headers = part.preferring
    wire: dict[str, Any] = {"id": str(i), "method": part.method, "url": part.path, "headers": headers}
    if part.body is not None:
        wire["body"] = part.body
        headers["Content-Type"] = "application/json"
    return wire


def _by_id(answer: Answer) -> dict[str, dict[str, Any]]:
    """The answers by their parts' ids. Two different ones to one part answer nothing."""
    responses = answer.value.get("responses")
    answered: dict[str, dict[str, Any]] = {}
    torn: set[str] = set()
    for response in responses if isinstance(responses, list) else []:
        if isinstance(response, dict) and (id_ := ident(response.get("id"))):
            torn |= {id_} if answered.setdefault(id_, response) != response else set()
    return {id_: response for id_, response in answered.items() if id_ not in torn}


def _result(part: Part, response: Mapping[str, Any] | None) -> Result:
    if response is None:
        return no_answer("Graph's answer to a batch lacks this part", part.writes)
    status, headers, body = response.get("status"), response.get("headers"), response.get("body")
    if not isinstance(status, int) or not _LEAST_STATUS <= status <= _GREATEST_STATUS:
        return no_answer("Graph's answer to a part of a batch has no status", part.writes)
    named = headers if isinstance(headers, dict) else {}
    answer = Answer(
        status=status,
        headers={name.lower(): value for name, value in named.items() if isinstance(value, str)},
        body=body,
        is_json=body is None or isinstance(body, dict),
    )
    return answer if answer.ok else failure(answer, part.method, part.path)
