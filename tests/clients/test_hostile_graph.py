"""Graph answers with anything: no error but ours, no foreign link followed, no content told, nobody else stopped."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from clients.graph_support import BASE, ScriptedGraph
from clients.hostile import EVIL, NEEDLE, as_json, deep, nested_json, spoilt, wire
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from calsync.accounts import user_from
from calsync.core.codec import from_json, to_json
from calsync.core.model import Mark, OutlookRow, Side
from calsync.core.plan import Guest, Request
from calsync.errors import CalsyncError, Refused, RemoteError, Unavailable
from calsync.graph import marks
from calsync.graph.answers import http_date, retry_after
from calsync.graph.batch import Part
from calsync.graph.delta import Round, read_delta
from calsync.graph.event import inherit, outlook_row
from calsync.graph.paths import below
from calsync.graph.people import people_patch
from calsync.graph.read import calendar_view, find_by_mark, get_events, users
from calsync.graph.write import send_all

quick = settings(deadline=None, max_examples=200)
online = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

MARK = Mark("inst", "tenant", "crm1", "box", 1)
GOOD: dict[str, Any] = {
    "id": "good",
    "@odata.etag": 'W/"1"',
    "subject": "Visit",
    "isAllDay": False,
    "isCancelled": False,
    "isDraft": False,
    "isOrganizer": True,
    "start": {"dateTime": "2026-03-01T12:00:00.0000000", "timeZone": "UTC"},
    "end": {"dateTime": "2026-03-01T13:00:00.0000000", "timeZone": "UTC"},
    "organizer": {"emailAddress": {"address": "ann@contoso.example", "name": "Ann"}},
    "attendees": [{"type": "required", "emailAddress": {"address": "bob@contoso.example", "name": "Bob"}}],
    "sensitivity": "normal",
    "type": "singleInstance",
    "iCalUId": "uid1",
    "singleValueExtendedProperties": [marks.as_property(MARK)],
}
MORE = ["recurrence", "pattern", "range", "seriesMasterId", "originalStart", "createdDateTime", "address", "dateTime"]
WINDOW = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
LINK = f"{BASE}/users/a/calendarView/delta?$deltatoken=1"
bad_events = spoilt(GOOD, MORE)
answers = wire(
    ["value", "id", "@odata.nextLink", "@odata.deltaLink", "responses", "status", "headers", "body", "error"]
)


@quick
@given(bad_events)
@example({**GOOD, "attendees": {"0": NEEDLE}})
def test_any_event_is_a_row_that_can_be_kept(raw: dict[str, Any]) -> None:
    raw = json.loads(as_json(raw))
    for each in inherit([raw, GOOD, {**raw, "seriesMasterId": "good", "type": "occurrence"}]):
        row = outlook_row("box", each, marked=True, foreign_ids=["String {0} Name Other"])
        assert from_json(OutlookRow, to_json(row)) == row
        assert NEEDLE not in row.problem


@pytest.mark.parametrize("levels", [100, 800])
def test_nesting_to_no_end_is_a_row_too(levels: int) -> None:
    bottomless = deep(levels)
    raw = {**dict.fromkeys([*GOOD, *MORE], bottomless), "id": "good"}
    pattern = {"type": bottomless, "daysOfWeek": bottomless}
    for each in (raw, {**raw, "type": "seriesMaster", "recurrence": {"pattern": pattern, "range": pattern}}):
        assert outlook_row("box", each).problem


@pytest.mark.parametrize("content", [nested_json(100_000), b"9" * 6000, b"\xff\xfe", b"NaN", b""])
def test_a_body_that_no_reader_can_hold_is_an_error_of_ours(content: bytes) -> None:
    found, _ = drive_bytes(content, users)
    assert isinstance(found, Unavailable)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("attendees", {"0": "bob@contoso.example"}),
        ("attendees", ["bob@contoso.example"]),
        ("isAllDay", "true"),
        ("isCancelled", "true"),
        ("isOrganizer", 0),
        ("sensitivity", "unknownFutureValue"),
        ("type", "pollMeeting"),
        ("iCalUId", "x" * 2000),
        ("iCalUId", 17),
        ("seriesMasterId", "a\x00b"),
        ("subject", ["Visit"]),
        ("start", {"dateTime": "9999-12-31T23:59:59", "timeZone": "UTC"}),
        ("end", {"dateTime": "0001-01-01T00:00:00", "timeZone": "UTC"}),
    ],
)
def test_what_is_not_understood_is_a_problem_from_which_nothing_follows(name: str, value: Any) -> None:
    assert outlook_row("box", GOOD).problem == ""
    assert outlook_row("box", {**GOOD, name: value}).problem


def test_texts_are_kept_without_what_nobody_typed() -> None:
    row = outlook_row("box", {**GOOD, "subject": "\u202eInvoice\x00 \x1b[31mfor\u200f שלום\u200f\x07"})
    assert row.event.title == "Invoice [31mfor\u200f שלום\u200f"


@quick
@given(wire(["id", "value"]))
@example([{"id": marks.MARK_ID, "value": "1/a/b/c/d/" + "9" * 5000}])
@example([{"id": marks.MARK_ID, "value": "1/a/b/%00/d/1"}])
def test_a_mark_that_is_none_of_ours_leaves_its_event_alone(properties: Any) -> None:
    mark, foreign = marks.read({"singleValueExtendedProperties": properties})
    assert mark is None
    named = [p for p in properties if isinstance(p, dict)] if isinstance(properties, list) else []
    assert foreign == any(p.get("id") == marks.MARK_ID for p in named)


@pytest.mark.parametrize(
    "link",
    [
        EVIL,
        "//evil.example/v1.0/users",
        "https://graph.test@evil.example/v1.0/users",
        "https://graph.test:444/v1.0/users",
        "http://graph.test/v1.0/users",
        "https://[evil/v1.0/users",
        "https://graph.test/v1.0/../admin",
        "https://graph.test/v1.0/users/..",
        "https://graph.test/v1.0/users\r\nX: 1",
        "https://graph.test/v1.0/\ud800",
        "https://graph.test/v1.0/" + "a" * 60_000,
        "",
    ],
)
def test_a_link_that_leads_elsewhere_or_is_none_is_refused(link: str) -> None:
    with pytest.raises(Refused) as caught:
        below(BASE, link)
    assert "evil" not in str(caught.value)


def drive(body: Any, work: Callable[[Any], Any]) -> tuple[Any, list[httpx.Request]]:
    """What `work` gives, or calsync's own error, when Graph answers everything with `body`, and what was asked."""
    return drive_bytes(as_json(body), work)


def drive_bytes(content: bytes, work: Callable[[Any], Any]) -> tuple[Any, list[httpx.Request]]:
    graph = ScriptedGraph(lambda _: httpx.Response(200, content=content), attempts=2)

    async def run() -> Any:
        async with graph.client as client:
            return await work(client)

    try:
        return asyncio.run(run()), graph.requests
    except CalsyncError as error:
        return error, graph.requests


async def _rounds(client: Any) -> list[Round]:
    return [each async for each in read_delta(client, {"a": None, "b": LINK}, WINDOW)]


READS: list[Callable[[Any], Any]] = [
    _rounds,
    lambda client: calendar_view(client, "a", *WINDOW),
    lambda client: get_events(client, [("a", "1"), ("b", "2")]),
    lambda client: find_by_mark(client, "a", MARK),
    users,
]


def assert_discreet(found: Any, requests: list[httpx.Request], log: str) -> None:
    assert {request.url.host for request in requests} <= {"graph.test"}
    errors = [found] if isinstance(found, CalsyncError) else []
    if isinstance(found, list):
        errors += [e for each in found if isinstance(e := getattr(each, "error", each), RemoteError)]
    told = "".join("".join(traceback.format_exception(error)) + repr(error) for error in errors)
    assert NEEDLE not in told + log
    assert "evil" not in told + log


@online
@given(body=answers, which=st.sampled_from(READS))
@example(body={"value": 5}, which=users)
@example(body=[], which=users)
@example(body={"value": [], "@odata.nextLink": EVIL}, which=users)
@example(body={"value": [], "@odata.nextLink": 5}, which=users)
@example(body={"responses": [{"id": "0", "status": "x", "headers": [], "body": NEEDLE}]}, which=_rounds)
@example(
    body={"responses": [{"id": "0", "status": 200, "body": {"value": [], "@odata.deltaLink": EVIL}}]}, which=_rounds
)
def test_any_answer_is_a_reading_or_an_error_of_ours(
    body: Any, which: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    found, requests = drive(body, which)
    assert_discreet(found, requests, caplog.text)


def page(*items: Any, **more: Any) -> dict[str, Any]:
    return {"id": "0", "status": 200, "headers": {}, "body": {"value": list(items), "@odata.deltaLink": LINK} | more}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"@odata.deltaLink": LINK},
        {"value": None, "@odata.deltaLink": LINK},
        {"value": {"id": "x"}, "@odata.deltaLink": LINK},
        {"value": [], "@odata.deltaLink": EVIL},
        {"value": [], "@odata.deltaLink": 7},
        {"value": [], "@odata.nextLink": EVIL},
    ],
)
def test_a_round_that_breaks_off_moves_no_cursor(body: Any) -> None:
    found, _ = drive({"responses": [{"id": str(i), "status": 200, "body": body} for i in range(2)]}, _rounds)
    assert [(each.link, each.items) for each in found] == [("", ()), ("", ())]
    assert all(each.error is not None for each in found)


@quick
@given(st.lists(bad_events, max_size=3))
def test_a_bad_item_stops_no_other(bad: list[dict[str, Any]]) -> None:
    found, _ = drive({"responses": [page(*bad, GOOD)]}, _rounds)
    (first,) = [each for each in found if each.mailbox == "a"]
    assert first.error is None
    assert GOOD in first.items


@pytest.mark.parametrize(
    "responses",
    [
        [],
        [{"id": "7", "status": 200, "body": GOOD}],
        [{"id": "0", "status": 200, "body": GOOD}, {"id": "0", "status": 404}],
        [{"id": "0", "status": float("nan"), "body": GOOD}],
        [{"id": "0", "status": None}],
        [{"id": {"0": 0}, "status": 200}],
        {"0": 200},
        None,
    ],
)
def test_a_part_without_a_clear_answer_is_not_known(responses: Any) -> None:
    found, _ = drive({"responses": responses}, lambda client: client.batch([Part("GET", "/users/a/events/good")]))
    (result,) = found
    assert isinstance(result, Unavailable)


def test_an_event_that_was_not_asked_for_is_no_answer() -> None:
    found, _ = drive({"responses": [{"id": "0", "status": 200, "body": GOOD}]}, READS[2])
    row = outlook_row("a", found[0])
    assert (row.id, bool(row.problem)) == ("1", True)


@pytest.mark.parametrize("body", [{}, {**GOOD, "id": None}, {**GOOD, "start": NEEDLE}, [GOOD]])
def test_a_write_whose_answer_cannot_be_read_is_not_known_to_be_done(body: Any) -> None:
    request = Request("x", Side.OUTLOOK, "PATCH", "/users/a/events/good", {}, {"subject": "New"})
    found, _ = drive({"responses": [{"id": "0", "status": 200, "body": body}]}, lambda c: send_all(c, [request]))
    assert isinstance(found[0], RemoteError)


@pytest.mark.parametrize("properties", [None, [], [marks.as_property(MARK._replace(crm_id="another"))]])
def test_an_event_that_does_not_bear_the_mark_is_not_taken_for_ours(properties: Any) -> None:
    other = {**GOOD, "singleValueExtendedProperties": properties}
    assert drive({"value": [other]}, READS[3])[0] == []
    assert drive({"value": [GOOD]}, READS[3])[0] == [GOOD]


@pytest.mark.parametrize("attendees", [{}, "bob", [None], [{"emailAddress": "bob"}], [{"emailAddress": {"name": 5}}]])
def test_a_list_of_people_that_is_not_understood_is_not_written(attendees: Any) -> None:
    with pytest.raises(Refused):
        people_patch({**GOOD, "attendees": attendees}, [Guest("zoe@client.example")], [])
    missing = {name: value for name, value in GOOD.items() if name != "attendees"}
    with pytest.raises(Refused):
        people_patch(missing, [Guest("zoe@client.example")], [])


@quick
@given(wire(["type", "emailAddress", "address", "name"]))
def test_people_are_written_as_text_or_not_at_all(attendees: Any) -> None:
    try:
        patch = people_patch({"attendees": json.loads(as_json(attendees))}, [Guest("zoe@client.example")], [])
    except Refused:
        return
    assert patch
    json.dumps(patch, allow_nan=False, ensure_ascii=False).encode()


@quick
@given(wire(["id", "mail", "userPrincipalName", "proxyAddresses", "userType", "accountEnabled"]))
def test_any_user_is_a_user(said: Any) -> None:
    found = user_from({**(said if isinstance(said, dict) else {"proxyAddresses": said}), "id": "u"})
    assert all(isinstance(address, str) for address in found.addresses)


@pytest.mark.parametrize("text", ["nan", "inf", "1e400", "-5", "9" * 30, "Mon, 01 Jan 0001 00:00:00 +2359", "é"])
def test_no_pause_is_longer_than_a_day(text: str) -> None:
    pause = retry_after({"retry-after": text})
    assert pause is None or 0 <= pause <= 86_400


@quick
@given(st.text(max_size=30) | st.from_regex(r"Mon, [0-9]{1,2} Jan [0-9]{1,30} 00:00:00 [+-][0-9]{4}", fullmatch=True))
def test_a_date_is_near_or_none(text: str) -> None:
    moment = http_date(text)
    assert moment is None or abs(moment - datetime.now(UTC)).days <= 3660
