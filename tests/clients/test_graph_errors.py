"""Which error each of Graph's refusals is, and what of a request may be shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from calsync.core.model import Availability
from calsync.errors import (
    AnswerLost,
    AuthFailed,
    CursorExpired,
    Forbidden,
    MailboxAway,
    NotFound,
    Refused,
    RemoteError,
    Stale,
    Throttled,
    Unavailable,
)
from calsync.graph.answers import Answer, availability, failure, retry_after
from calsync.graph.paths import below, literal, mailbox_of, redacted, url

FIXTURES = Path(__file__).parent.parent / "fixtures" / "graph"
EVENT = "/users/u1/events/e1"
VIEW = "/users/u1/calendarView?startDateTime=a"


def refused(status: int, code: str, path: str = EVENT, method: str = "GET") -> RemoteError:
    return failure(Answer(status, {}, {"error": {"code": code, "message": "of ann@contoso.example"}}), method, path)


@pytest.mark.parametrize(
    ("status", "code", "path", "kind"),
    [
        (400, "ErrorInvalidRequest", EVENT, Refused),
        (400, "ErrorDuplicateTransactionId", EVENT, Refused),
        (409, "ErrorDuplicateTransactionId", EVENT, Refused),
        (400, "SyncStateNotFound", VIEW, CursorExpired),
        (404, "resyncRequired", VIEW, CursorExpired),
        (410, "", VIEW, CursorExpired),
        (410, "", EVENT, Unavailable),
        (404, "SyncStateNotFound", "/users/u1/events", Unavailable),
        (410, "", "/$batch", Unavailable),
        (401, "InvalidAuthenticationToken", EVENT, AuthFailed),
        (403, "ErrorAccessDenied", EVENT, Forbidden),
        (403, "Authorization_RequestDenied", "/users", Forbidden),
        (404, "ErrorItemNotFound", EVENT, NotFound),
        (404, "ErrorItemNotFound", VIEW, MailboxAway),
        (404, "MailboxNotEnabledForRESTAPI", EVENT, MailboxAway),
        (404, "ErrorInvalidUser", EVENT, MailboxAway),
        (404, "Request_ResourceNotFound", "/users/u1", MailboxAway),
        (404, "", EVENT, Refused),
        (302, "", EVENT, Refused),
        (409, "", EVENT, Stale),
        (412, "ErrorIrresolvableConflict", EVENT, Stale),
        (413, "", EVENT, Refused),
        (429, "ApplicationThrottled", EVENT, Throttled),
        (500, "", EVENT, Unavailable),
        (503, "ErrorServerBusy", EVENT, Unavailable),
        (404, "ErrorServerBusy", EVENT, Unavailable),
        (507, "", EVENT, Refused),
        (500, "ErrorQuotaExceeded", EVENT, Refused),
    ],
)
def test_each_refusal_is_one_of_our_errors(status: int, code: str, path: str, kind: type[RemoteError]) -> None:
    error = refused(status, code, path)
    assert type(error) is kind
    assert (error.remote.status, error.remote.code) == (status, code)


@pytest.mark.parametrize(
    ("status", "kind"), [(500, AnswerLost), (502, AnswerLost), (504, AnswerLost), (503, Unavailable), (429, Throttled)]
)
def test_a_write_that_failed_inside_graph_may_have_been_done(status: int, kind: type[RemoteError]) -> None:
    assert type(refused(status, "", method="PATCH")) is kind


def test_an_answer_that_is_not_json_is_none() -> None:
    assert type(failure(Answer(200, is_json=False), "GET", EVENT)) is Unavailable
    assert type(failure(Answer(200, is_json=False), "POST", EVENT)) is AnswerLost


def test_an_error_never_quotes_what_the_service_said() -> None:
    odd = {"error": {"code": "see ann@contoso.example", "message": "ann@contoso.example", "innerError": None}}
    for error in (refused(400, "ErrorInvalidUser"), failure(Answer(400, {}, odd), "GET", "/users/ann@contoso.example")):
        assert "ann" not in str(error)


def test_an_error_keeps_what_support_asks_for() -> None:
    answer = Answer(503, {"retry-after": "2.128", "request-id": "r-7"}, {"error": {"code": "ErrorServerBusy"}})
    error = failure(answer, "GET", EVENT)
    assert error.retry_after == 2.128
    assert str(error.remote) == "graph: HTTP 503, ErrorServerBusy, request r-7"


@pytest.mark.parametrize("body", [None, [], "text", {"error": "text"}, {"error": {"code": 7, "innerError": []}}])
def test_a_refusal_of_any_shape_is_understood(body: object) -> None:
    assert type(failure(Answer(400, {}, body), "GET", EVENT)) is Refused


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("throttle-429-toomanyrequests", Throttled),
        ("error-404-item-not-found", NotFound),
        ("error-404-mailbox-not-enabled", MailboxAway),
        ("error-404-invalid-user", MailboxAway),
        ("error-403-access-denied", Forbidden),
        ("error-401-token-expired", AuthFailed),
        ("error-412-irresolvable-conflict", Stale),
        ("error-duplicate-transactionid", Refused),
        ("error-400-allday-midnight", Refused),
        ("error-400-occurrence-boundary", Refused),
        ("error-400-malformed-id", Refused),
    ],
)
def test_published_refusals(name: str, kind: type[RemoteError]) -> None:
    response = json.loads((FIXTURES / f"{name}.json").read_text())["exchanges"][0]["response"]
    headers = {key.lower(): value for key, value in response.get("headers", {}).items()}
    error = failure(Answer(response["status"], headers, response["body"]), "GET", EVENT)
    assert type(error) is kind
    assert error.remote.code == response["body"]["error"]["code"]
    if kind is Throttled:
        assert error.retry_after == 2.128


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refused(403, "ErrorAccessDenied", VIEW), Availability.FORBIDDEN),
        (refused(404, "MailboxNotEnabledForRESTAPI", VIEW), Availability.NO_MAILBOX),
        (refused(404, "Request_ResourceNotFound", VIEW), Availability.GONE),
        (refused(410, "SyncStateNotFound", VIEW), None),
        (refused(503, "", VIEW), None),
        (refused(404, "ErrorItemNotFound", EVENT), None),
    ],
)
def test_what_an_error_says_of_its_account(error: RemoteError, expected: Availability | None) -> None:
    assert availability(error) is expected


def test_retry_after_is_seconds_with_a_fraction_or_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert retry_after({"retry-after": "1.5"}) == 1.5
    assert 90 < (retry_after({"retry-after": soon}) or 0) <= 100
    assert retry_after({"retry-after": "-3"}) == 0
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None


def test_addresses_are_encoded_and_read_back() -> None:
    path = url("users", "ann#EXT#@contoso.example", "events", "AA/b+c=", _select="id,subject", _filter="a eq 'x y'")
    assert path == (
        "/users/ann%23EXT%23%40contoso.example/events/AA%2Fb%2Bc%3D?$select=id,subject&$filter=a%20eq%20%27x%20y%27"
    )
    assert mailbox_of("/users/U-1/events") == "u-1"
    assert mailbox_of("/users?$top=5") == ""
    assert literal("O'Neil") == "'O''Neil'"


def test_what_is_logged_of_an_address_names_nobody() -> None:
    assert redacted("/users/ann@contoso.example/events/AAMk?$filter=secret") == "/users/*/events/*"
    assert redacted("/users/u1/calendarView/delta?$deltatoken=t") == "/users/*/calendarView/delta"


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.test/v1.0/users",
        "http://graph.test/v1.0/users",
        "https://graph.test:8443/v1.0/users",
        "https://graph.test.evil.test/v1.0/users",
        "https://graph.test@evil.test/v1.0/users",
        "https://graph.test/beta/users",
        "https://graph.test/v1.0/../beta/users",
        "//evil.test/v1.0/users",
        "/v1.0/users",
    ],
)
def test_a_link_that_leads_elsewhere_is_not_followed(link: str) -> None:
    with pytest.raises(Refused, match="was not followed"):
        below("https://graph.test/v1.0", link)


def test_a_link_below_the_version_root_is_followed() -> None:
    link = "https://GRAPH.test/v1.0/users/u/calendarView/delta?$deltatoken=a%3D"
    assert below("https://graph.test/v1.0", link) == "/users/u/calendarView/delta?$deltatoken=a%3D"
