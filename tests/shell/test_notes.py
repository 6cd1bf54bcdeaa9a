"""The run's note, written as a user of Airflow's REST API."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import httpx
import pytest

from calsync import notes
from calsync.connections import Conn
from calsync.errors import ConfigError

RUN = "manual__2026-11-23T08:00:00+00:00"
CONN = Conn("calsync_airflow", "generic", login="bot", password="hush-hush", host="http://airflow:8080")


def answer(monkeypatch: pytest.MonkeyPatch, handler: Callable[[httpx.Request], httpx.Response]) -> list[httpx.Request]:
    """Let `handler` be Airflow; the requests it got come back."""
    requests: list[httpx.Request] = []

    def noted(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return handler(request)

    client = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **kwargs: client(transport=httpx.MockTransport(noted), **kwargs))
    return requests


def kind(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("/auth/token"):
        return httpx.Response(201, json={"access_token": "jwt"})
    return httpx.Response(200, json={})


@pytest.mark.parametrize(
    ("conn", "paths", "token"),
    [
        (CONN, ["/auth/token", "/api/v2/dags/calendar_sync__a/dagRuns/"], "jwt"),
        (
            Conn("c", host="airflow", port=8080, extra={"token": "given"}),
            ["/api/v2/dags/calendar_sync__a/dagRuns/"],
            "given",
        ),
    ],
    ids=["signs in", "has a token"],
)
def test_the_sentence_becomes_the_note(
    monkeypatch: pytest.MonkeyPatch, conn: Conn, paths: list[str], token: str
) -> None:
    monkeypatch.setattr(notes, "find_connection", lambda conn_id: conn)
    requests = answer(monkeypatch, kind)
    assert notes.write_note("calendar_sync__a", RUN, "1 parked, " + "x" * 2000)
    assert all(request.url.path.startswith(path) for request, path in zip(requests, paths, strict=True))
    patch = requests[-1]
    assert str(patch.url) == (
        "http://airflow:8080/api/v2/dags/calendar_sync__a/dagRuns/manual__2026-11-23T08%3A00%3A00%2B00%3A00?update_mask=note"
    )
    assert patch.headers["authorization"] == f"Bearer {token}"
    assert json.loads(patch.content) == {"note": ("1 parked, " + "x" * 2000)[:1000]}


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (lambda request: httpx.Response(403, json={}), "403"),
        (lambda request: httpx.Response(200, text="<html>"), "JSONDecodeError"),
        (lambda request: httpx.Response(201, json={}), "KeyError"),
    ],
    ids=["refused", "not Airflow", "no token"],
)
def test_a_note_that_cannot_be_written_is_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    handler: Callable[[httpx.Request], httpx.Response],
    said: str,
) -> None:
    monkeypatch.setattr(notes, "find_connection", lambda conn_id: CONN)
    answer(monkeypatch, handler)
    with caplog.at_level(logging.INFO, "calsync.notes"):
        assert not notes.write_note("calendar_sync__a", RUN, "Nothing changed.")
    assert said in caplog.text
    assert "hush-hush" not in caplog.text


def test_no_answer_is_a_line_in_the_log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    monkeypatch.setattr(notes, "find_connection", lambda conn_id: CONN)
    answer(monkeypatch, nobody)
    with caplog.at_level(logging.INFO, "calsync.notes"):
        assert not notes.write_note("calendar_sync__a", RUN, "Nothing changed.")
    assert "ConnectError" in caplog.text


def test_without_a_usable_connection_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = answer(monkeypatch, kind)
    monkeypatch.setattr(notes, "find_connection", lambda conn_id: None)
    assert not notes.write_note("calendar_sync__a", RUN, "Nothing changed.")

    def broken(conn_id: str) -> Conn:
        raise ConfigError(["connection calsync_airflow: cannot be read"])

    monkeypatch.setattr(notes, "find_connection", broken)
    assert not notes.write_note("calendar_sync__a", RUN, "Nothing changed.")
    assert requests == []


@pytest.mark.parametrize(
    ("conn", "expected"),
    [
        (Conn("c", host="https://data.example.com/airflow"), "https://data.example.com/airflow"),
        (Conn("c", host="airflow"), "http://airflow"),
        (Conn("c", host="airflow", schema="https", port=8443), "https://airflow:8443"),
        (Conn("c", host="http://airflow/x", port=8080), "http://airflow:8080/x"),
    ],
)
def test_the_address_may_be_written_in_either_way(conn: Conn, expected: str) -> None:
    assert notes.base_url(conn) == expected
