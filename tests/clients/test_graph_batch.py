"""`$batch`: order, size, each part's own fate."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest
from clients.graph_support import ScriptedGraph, batch_answer, parts_of, refusal

from calsync.errors import AnswerLost, AuthFailed, Refused, RemoteError, Stale, Throttled, Unavailable
from calsync.graph.answers import Answer
from calsync.graph.batch import Part, Result


def run(graph: ScriptedGraph, parts: list[Part]) -> list[Result]:
    async def ask() -> list[Result]:
        async with graph.client as client:
            return await client.batch(parts)

    return asyncio.run(ask())


def done(part: dict[str, Any], body: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"id": part["id"], "status": 200, "headers": {}, "body": body or {"url": part["url"]}}


def no(part: dict[str, Any], status: int, code: str = "", **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"id": part["id"], "status": status, "headers": named, "body": {"error": {"code": code}}}


def kinds(results: list[Result]) -> list[type]:
    return [type(result) for result in results]


READ = Part("GET", "/users/u1/events/e1")
WRITE = Part("PATCH", "/users/u2/events/e2", {"If-Match": "1"}, {"subject": "x"})
CREATE = Part("POST", "/users/u3/events", {}, {"subject": "x", "transactionId": "t"})


def test_results_come_in_the_order_of_the_parts_whatever_the_order_of_the_answer() -> None:
    graph = ScriptedGraph(lambda request: batch_answer(*reversed([done(part) for part in parts_of(request)])))
    parts = [Part("GET", f"/users/u{i}/events/e") for i in range(45)]
    results = run(graph, parts)
    assert [result.value["url"] for result in results if isinstance(result, Answer)] == [part.path for part in parts]
    assert sorted(len(parts_of(request)) for request in graph.requests) == [5, 20, 20]
    assert graph.client.calls == 3


def test_a_call_holds_at_most_three_parts_of_a_mailbox() -> None:
    graph = ScriptedGraph(lambda request: batch_answer(*(done(part) for part in parts_of(request))))
    run(graph, [Part("GET", f"/users/u{i % 4}/events/{i}") for i in range(40)])
    for request in graph.requests:
        assert max(Counter(part["url"].split("/")[2] for part in parts_of(request)).values()) <= 3
    assert len(graph.requests) == 4


def test_each_part_carries_its_headers_and_the_preference_for_immutable_ids() -> None:
    graph = ScriptedGraph(lambda request: batch_answer(*(done(part) for part in parts_of(request))))
    run(graph, [READ, WRITE])
    read, write = parts_of(graph.requests[0])
    assert read == {
        "id": "0",
        "method": "GET",
        "url": "/users/u1/events/e1",
        "headers": {"Prefer": 'IdType="ImmutableId"'},
    }
    assert write["headers"] == {
        "If-Match": "1",
        "Prefer": 'IdType="ImmutableId"',
        "Content-Type": "application/json",
    }
    assert write["body"] == {"subject": "x"}


def test_only_throttled_parts_go_again_after_their_longest_pause() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        first = len(graph.requests) == 1
        pauses = {"0": "1.5", "2": "2.25"} if first else {}
        parts = parts_of(request)
        return batch_answer(
            *(no(part, 429, retry_after=pauses[part["id"]]) if part["id"] in pauses else done(part) for part in parts)
        )

    graph = ScriptedGraph(answer)
    results = run(graph, [READ, WRITE, CREATE])
    assert kinds(results) == [Answer, Answer, Answer]
    assert [part["id"] for part in parts_of(graph.requests[1])] == ["0", "2"]
    assert graph.naps.taken == [2.25]


def test_a_part_that_is_told_to_wait_too_long_does_not_hold_the_others() -> None:
    graph = ScriptedGraph(
        lambda request: batch_answer(
            *(no(p, 429, retry_after="600") if p["id"] == "0" else done(p) for p in parts_of(request))
        )
    )
    results = run(graph, [READ, WRITE])
    assert kinds(results) == [Throttled, Answer]
    assert graph.naps.taken == []


@pytest.mark.parametrize(
    ("status", "expected", "calls"),
    [
        (412, [Stale, Stale, Stale], 1),
        (400, [Refused, Refused, Refused], 1),
        (502, [Answer, AnswerLost, Answer], 2),
        (503, [Answer, Answer, Answer], 2),
    ],
)
def test_a_part_goes_again_when_that_cannot_do_its_work_twice(status: int, expected: list[type], calls: int) -> None:
    graph = ScriptedGraph(
        lambda request: batch_answer(
            *(no(part, status) if len(graph.requests) == 1 else done(part) for part in parts_of(request))
        )
    )
    assert kinds(run(graph, [READ, WRITE, CREATE])) == expected
    assert len(graph.requests) == calls


@pytest.mark.parametrize("lost", [httpx.RemoteProtocolError("gone"), httpx.Response(200, text="<html>"), refusal(504)])
def test_a_lost_answer_leaves_writes_unknown_and_repeats_the_rest(lost: httpx.Response | Exception) -> None:
    graph = ScriptedGraph([lost, batch_answer(done({"id": "0", "url": ""}), done({"id": "2", "url": ""}))])
    assert kinds(run(graph, [READ, WRITE, CREATE])) == [Answer, AnswerLost, Answer]
    assert [part["id"] for part in parts_of(graph.requests[1])] == ["0", "2"]


def test_a_whole_batch_that_times_out_says_nothing_of_one_window() -> None:
    part = Part("GET", "/users/u/calendarView/delta", final=frozenset({504}))
    graph = ScriptedGraph([refusal(504), batch_answer(done({"id": "0", "url": ""}))])
    assert kinds(run(graph, [part])) == [Answer]


def test_an_answer_that_leaves_a_part_out_is_lost_for_that_part() -> None:
    graph = ScriptedGraph(
        lambda request: batch_answer(*(done(part) for part in parts_of(request) if part["id"] == "0")), attempts=2
    )
    assert kinds(run(graph, [READ, WRITE, Part("GET", "/users")])) == [Answer, AnswerLost, Unavailable]


def test_a_failing_service_is_every_parts_error_and_nobodys_exception() -> None:
    graph = ScriptedGraph(lambda request: refusal(503), attempts=2)
    assert kinds(run(graph, [READ, WRITE])) == [Unavailable, Unavailable]
    graph = ScriptedGraph(lambda request: refusal(400, "BadRequest"))
    assert kinds(run(graph, [READ, WRITE])) == [Refused, Refused]


def test_a_part_refused_for_its_token_goes_again_once_with_a_new_one() -> None:
    graph = ScriptedGraph(
        lambda request: batch_answer(
            *(done(p) if request.headers["authorization"] == "Bearer t2" else no(p, 401) for p in parts_of(request))
        )
    )
    assert kinds(run(graph, [READ, WRITE])) == [Answer, Answer]
    graph = ScriptedGraph(lambda request: batch_answer(*(no(part, 401) for part in parts_of(request))))
    assert kinds(run(graph, [READ])) == [AuthFailed]
    assert len(graph.requests) == 2


def test_no_parts_make_no_call() -> None:
    graph = ScriptedGraph([])
    assert run(graph, []) == []


def test_a_status_that_is_final_is_not_tried_again() -> None:
    graph = ScriptedGraph(lambda request: batch_answer(*(no(part, 504) for part in parts_of(request))))
    (result,) = run(graph, [Part("GET", "/users/u/calendarView/delta", final=frozenset({504}))])
    assert isinstance(result, RemoteError)
    assert result.remote.status == 504
    assert len(graph.requests) == 1
