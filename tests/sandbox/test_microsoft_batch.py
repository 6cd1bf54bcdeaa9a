"""`$batch`: many requests in one call, each with its own answer."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from graph_caller import ANN, BOB, CARL, NOVEMBER, GraphCaller, error_of, event, people

from sandbox.client import Sandbox


@pytest.fixture
def graph(box: Sandbox) -> GraphCaller:
    return people(box)


def get(part_id: str, address: str = ANN, **more: Any) -> dict[str, Any]:
    return {"id": part_id, "method": "GET", "url": f"/users/{address}/calendarView?{NOVEMBER}", **more}


def post(part_id: str, address: str = ANN, **more: Any) -> dict[str, Any]:
    body = {"body": event(subject=part_id), "headers": {"Content-Type": "application/json"}}
    return {"id": part_id, "method": "POST", "url": f"users/{address}/events", **body, **more}


def batch(graph: GraphCaller, *parts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    answer = graph.post("/$batch", {"requests": list(parts)})
    return {part["id"]: part for part in answer["responses"]}


def test_parts_are_answered_one_by_one_in_any_order(graph: GraphCaller) -> None:
    parts = [post(str(n), address) for n, address in enumerate([ANN, BOB, CARL] * 6)]
    answer = graph.post("/$batch", {"requests": parts})
    order = [part["id"] for part in answer["responses"]]
    assert sorted(order) == sorted(part["id"] for part in parts)
    assert order != [part["id"] for part in parts]
    assert {part["status"] for part in answer["responses"]} == {201}
    assert len(graph.view(ANN)) == 6


def test_headers_belong_to_the_part(graph: GraphCaller) -> None:
    made = graph.create(ANN)
    url = f"/users/{ANN}/events/{made['id']}"
    immutable = {"Prefer": 'IdType="ImmutableId"'}
    stale = {"If-Match": 'W/"old"', "Content-Type": "application/json"}
    answers = batch(
        graph,
        {"id": "plain", "method": "GET", "url": url},
        {"id": "immutable", "method": "GET", "url": url, "headers": immutable},
        {"id": "stale", "method": "PATCH", "url": url, "headers": stale, "body": {"subject": "x"}},
        {"id": "gone", "method": "DELETE", "url": url, "dependsOn": ["plain", "immutable", "stale"]},
    )
    assert answers["immutable"]["body"]["id"] == made["id"] != answers["plain"]["body"]["id"]
    assert answers["immutable"]["headers"]["Preference-Applied"] == 'IdType="ImmutableId"'
    assert answers["stale"]["status"] == 412
    assert answers["gone"]["status"] == 424


def test_a_deletion_has_no_body(graph: GraphCaller) -> None:
    made = graph.create(ANN)
    part = batch(graph, {"id": "1", "method": "DELETE", "url": f"/users/{ANN}/events/{made['id']}"})["1"]
    assert (part["status"], "body" in part) == (204, False)


def test_what_depends_on_a_failure_is_not_done(graph: GraphCaller) -> None:
    answers = batch(graph, get("a", "nobody@sales.example"), post("b", dependsOn=["a"]), post("c", dependsOn=["b"]))
    assert {key: part["status"] for key, part in answers.items()} == {"a": 404, "b": 424, "c": 424}
    assert graph.view(ANN) == []


@pytest.mark.parametrize(
    "parts",
    [
        [get(str(n)) for n in range(21)],
        [get("a"), get("A")],
        [post("a", headers={})],
        [get("a", dependsOn=["b"])],
        [{"id": "a", "method": "LOOK", "url": "/users"}],
    ],
)
def test_a_malformed_batch_fails_as_a_whole(graph: GraphCaller, parts: list[dict[str, Any]]) -> None:
    assert error_of(graph.ask("POST", "/$batch", {"requests": parts})) == (400, "BadRequest")
    assert graph.view(ANN) == []


def test_faults_hit_single_parts(graph: GraphCaller) -> None:
    effect = {"status": 429, "code": "ApplicationThrottled", "retry_after": 2.128}
    graph.box.fault("graph", effect, mailbox=BOB, path="calendarView", times=1)
    answers = batch(graph, get("a"), get("b", BOB))
    assert {key: part["status"] for key, part in answers.items()} == {"a": 200, "b": 429}
    assert answers["b"]["headers"]["Retry-After"] == "2.128"
    assert answers["b"]["body"]["error"]["code"] == "ApplicationThrottled"
    assert batch(graph, get("b", BOB))["b"]["status"] == 200


@pytest.mark.parametrize(("effect", "made"), [("lose_answer", 1), ("refuse", 0)])
def test_a_part_can_take_the_connection_down_after_or_before_its_work(
    graph: GraphCaller, effect: str, made: int
) -> None:
    graph.box.fault("graph", {effect: True}, mailbox=BOB, times=1)
    with pytest.raises(httpx.TransportError):
        batch(graph, post("a", ANN), post("b", BOB))
    assert len(graph.view(BOB)) == made


def test_a_batch_is_one_entry_of_the_log_with_its_parts(graph: GraphCaller) -> None:
    batch(graph, get("a"), get("b", "nobody@sales.example"))
    entry = graph.box.requests()[-1]
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/v1.0/$batch", 200)
    parts = {part["path"]: (part["status"], part.get("mailbox")) for part in entry["parts"]}
    view = f"calendarView?{NOVEMBER}"
    assert parts == {f"/v1.0/users/{ANN}/{view}": (200, ANN), f"/v1.0/users/nobody@sales.example/{view}": (404, None)}


@pytest.mark.parametrize(("parallel", "refused"), [(4, 0), (20, 4)])
def test_more_parts_at_a_time_than_a_mailbox_bears_are_throttled(
    graph: GraphCaller, parallel: int, refused: int
) -> None:
    graph.box.set_limits(batch_parallel=parallel, latency_s=0.01)
    answers = batch(graph, *(get(str(n)) for n in range(8)))
    throttled = [part for part in answers.values() if part["status"] == 429]
    assert len(throttled) == refused
    assert all("MailboxConcurrency" in part["body"]["error"]["message"] for part in throttled)
    assert all(float(part["headers"]["Retry-After"]) > 0 for part in throttled)


def test_a_batch_without_a_token_is_refused(graph: GraphCaller) -> None:
    answer = graph.ask("POST", "/$batch", {"requests": [get("a")]}, authorization="Bearer broken")
    assert error_of(answer) == (401, "InvalidAuthenticationToken")
