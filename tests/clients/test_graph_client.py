"""What holds for every request: tries, tokens, headers, and silence about people."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx
import pytest
from clients.graph_support import ScriptedGraph, refusal

from calsync.errors import (
    AnswerLost,
    AuthFailed,
    NotFound,
    Refused,
    RemoteError,
    Stale,
    Throttled,
    Unavailable,
)
from calsync.graph import read

EVENT = "/users/u1/events/e1"
CREATE = {"subject": "x", "transactionId": "t"}
OK = httpx.Response(200, json={"id": "e1"})


def outcome(graph: ScriptedGraph, method: str, body: dict[str, Any] | None = None) -> object:
    """What a request ends in: its body, or its error."""

    async def ask() -> object:
        async with graph.client as client:
            try:
                return (await client.request(method, EVENT, body=body)).value
            except RemoteError as error:
                return error

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("method", "body", "first"),
    [
        ("GET", None, refusal(429, retry_after="2.5")),
        ("GET", None, refusal(500)),
        ("GET", None, refusal(504)),
        ("GET", None, httpx.ReadTimeout("slow")),
        ("GET", None, httpx.ConnectError("refused")),
        ("GET", None, httpx.Response(200, text="<html>")),
        ("PATCH", {"subject": "x"}, refusal(429, retry_after="2.5")),
        ("PATCH", {"subject": "x"}, refusal(503)),
        ("PATCH", {"subject": "x"}, httpx.ConnectError("refused")),
        ("DELETE", None, refusal(503)),
        ("POST", CREATE, refusal(500)),
        ("POST", CREATE, httpx.RemoteProtocolError("gone")),
    ],
)
def test_tried_again(method: str, body: dict[str, Any] | None, first: httpx.Response | Exception) -> None:
    graph = ScriptedGraph([first, OK])
    assert outcome(graph, method, body) == {"id": "e1"}
    assert len(graph.requests) == 2
    assert len(graph.naps.taken) == 1


@pytest.mark.parametrize(
    ("method", "body", "first", "kind"),
    [
        ("PATCH", {"subject": "x"}, httpx.ReadTimeout("slow"), AnswerLost),
        ("PATCH", {"subject": "x"}, refusal(500), AnswerLost),
        ("PATCH", {"subject": "x"}, refusal(502), AnswerLost),
        ("PATCH", {"subject": "x"}, httpx.Response(200, text="<html>"), AnswerLost),
        ("DELETE", None, httpx.RemoteProtocolError("gone"), AnswerLost),
        ("POST", {"subject": "x"}, httpx.ReadTimeout("slow"), AnswerLost),
        ("PATCH", {"subject": "x"}, refusal(412), Stale),
        ("GET", None, refusal(404, "ErrorItemNotFound"), NotFound),
        ("GET", None, refusal(400), Refused),
        ("GET", None, refusal(429, retry_after="3600"), Throttled),
    ],
)
def test_not_tried_again(
    method: str, body: dict[str, Any] | None, first: httpx.Response | Exception, kind: type[RemoteError]
) -> None:
    graph = ScriptedGraph([first])
    assert type(outcome(graph, method, body)) is kind
    assert graph.naps.taken == []


def test_the_pause_is_the_one_asked_for_else_it_grows() -> None:
    graph = ScriptedGraph([refusal(429, retry_after="2.128"), refusal(503), refusal(503), OK])
    outcome(graph, "GET")
    asked, first, second = graph.naps.taken
    assert asked == 2.128
    assert 1.0 <= first <= 2.0 <= second <= 4.0


def test_tries_end() -> None:
    graph = ScriptedGraph(lambda request: refusal(503), attempts=3)
    assert type(outcome(graph, "GET")) is Unavailable
    assert len(graph.requests) == graph.client.calls == 3


def test_a_refused_token_is_renewed_once() -> None:
    graph = ScriptedGraph([refusal(401), OK])
    assert outcome(graph, "PATCH", {"subject": "x"}) == {"id": "e1"}
    assert [request.headers["authorization"] for request in graph.requests] == ["Bearer t1", "Bearer t2"]

    graph = ScriptedGraph([refusal(401), refusal(401)])
    assert type(outcome(graph, "GET")) is AuthFailed


def test_every_request_asks_for_immutable_ids_beside_its_own_preferences() -> None:
    graph = ScriptedGraph([OK, OK])

    async def ask() -> None:
        async with graph.client as client:
            await client.get(EVENT)
            await client.patch(EVENT, {"subject": "x"}, {"Prefer": "odata.maxpagesize=5", "If-Match": 'W/"1"'})

    asyncio.run(ask())
    assert [request.headers["prefer"] for request in graph.requests] == [
        'IdType="ImmutableId"',
        'IdType="ImmutableId", odata.maxpagesize=5',
    ]
    assert graph.requests[1].headers["if-match"] == 'W/"1"'


def test_nothing_personal_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    graph = ScriptedGraph([refusal(503), OK])

    async def ask() -> None:
        async with graph.client as client:
            await client.patch("/users/ann@contoso.example/events/e1?$filter=f", {"subject": "secret plan"})

    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(ask())
    assert "PATCH /users/*/events/*: 200" in caplog.text
    for word in ("ann", "contoso", "secret", "t1", "graph.test"):
        assert word not in caplog.text


def test_at_most_three_requests_of_a_mailbox_are_in_flight() -> None:
    most = {"u1": 0, "u2": 0}
    now = {"u1": 0, "u2": 0}

    async def handle(request: httpx.Request) -> httpx.Response:
        mailbox = request.url.path.split("/")[3]
        now[mailbox] += 1
        most[mailbox] = max(most[mailbox], now[mailbox])
        await asyncio.sleep(0)
        now[mailbox] -= 1
        return OK

    graph = ScriptedGraph(handle, concurrency=50)

    async def ask() -> None:
        async with graph.client as client:
            await asyncio.gather(*(client.get(f"/users/u{1 + i % 2}/events/e{i}") for i in range(20)))

    asyncio.run(ask())
    assert most == {"u1": 3, "u2": 3}


def test_pages_are_followed_on_the_configured_host_only() -> None:
    def page(link: str) -> httpx.Response:
        return httpx.Response(200, json={"value": [{"id": "a"}], "@odata.nextLink": link})

    async def listed(graph: ScriptedGraph) -> list[dict[str, Any]]:
        async with graph.client as client:
            return await read.users(client)

    last = httpx.Response(200, json={"value": [{"id": "b"}]})
    good = ScriptedGraph([page("https://graph.test/v1.0/users?$skiptoken=x"), last])
    assert [user["id"] for user in asyncio.run(listed(good))] == ["a", "b"]

    foreign = ScriptedGraph([page("https://evil.test/v1.0/users?$skiptoken=x")])
    with pytest.raises(Refused, match="another host"):
        asyncio.run(listed(foreign))
    assert len(foreign.requests) == 1

    circle = ScriptedGraph(lambda request: page("https://graph.test/v1.0/users?$skiptoken=x"))
    with pytest.raises(Unavailable, match="circle"):
        asyncio.run(listed(circle))
