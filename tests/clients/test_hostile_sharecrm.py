"""ShareCRM answers with anything: no error but ours, no content told, a bad record is a row and stops no other."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from clients.hostile import NEEDLE, as_json, deep, nested_json, spoilt, wire
from clients.sharecrm_support import ScriptedCrm, ok, shape
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from calsync.core.codec import from_json, to_json
from calsync.core.model import Contact, CrmRow, Life, Side
from calsync.core.plan import Request
from calsync.errors import AnswerLost, CalsyncError, Unavailable
from calsync.sharecrm import moments
from calsync.sharecrm.client import CrmClient
from calsync.sharecrm.describe import resolve_fields
from calsync.sharecrm.read import CrmReader, to_contact
from calsync.sharecrm.schedule import to_row
from calsync.sharecrm.text import files, plain, written
from calsync.sharecrm.write import CrmWriter

quick = settings(deadline=None, max_examples=200)
online = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

AT = moments.millis(datetime(2026, 5, 4, 9, tzinfo=UTC))
GOOD: dict[str, Any] = {
    "_id": "good",
    "version": "18",
    "owner": ["1001"],
    "life_status": "normal",
    "is_deleted": False,
    "create_time": AT,
    "last_modified_time": AT,
    "schedule_content": "Visit",
    "begin_time": AT,
    "end_time": AT + 3_600_000,
    "is_full_date": False,
    "attenders": ["1002", "1001"],
    "related_contacts": ["c1"],
    "is_private": False,
    "calendar": "Sales calendar",
}
SHAPE = shape()
bad_records = spoilt(GOOD)


def as_read(value: Any) -> Any:
    return json.loads(as_json(value))


@quick
@given(bad_records)
@example({**GOOD, "version": float("inf")})
@example({**GOOD, "version": "9" * 5000})
@example({**GOOD, "owner": [{"id": "1001"}]})
def test_any_record_is_a_row_that_can_be_kept(record: dict[str, Any]) -> None:
    row = to_row(as_read(record), SHAPE)
    assert from_json(CrmRow, to_json(row)) == row
    assert NEEDLE not in row.problem
    assert 0 <= row.version < 2**63


def test_nesting_to_no_end_is_a_row_too() -> None:
    row = to_row({**dict.fromkeys(GOOD, deep(900)), "begin_time": AT, "end_time": AT}, SHAPE)
    assert row.problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("attenders", [{"id": "1002"}]),
        ("attenders", ["1002", ["1003"]]),
        ("related_contacts", {"c1": True}),
        ("owner", [True]),
        ("schedule_content", {"html": "Visit"}),
        ("is_private", ["true"]),
        ("is_full_date", {}),
        ("calendar", ["Sales calendar"]),
        ("begin_time", moments.millis(datetime(9998, 1, 1, tzinfo=UTC))),
        ("end_time", 10**400),
        ("version", -1),
        ("version", "٣x"),
    ],
)
def test_what_is_not_understood_is_a_problem_from_which_nothing_follows(name: str, value: Any) -> None:
    assert to_row(GOOD, SHAPE).problem == ""
    row = to_row(as_read({**GOOD, name: value}), SHAPE)
    assert row.problem
    assert row.calendar in ("Sales calendar", None)  # in a form that is none it does not say "another calendar" (D6)


@pytest.mark.parametrize("status", ["deleted", 7, ["invalid"], {"invalid": True}])
def test_a_life_that_nobody_knows_is_no_deletion(status: Any) -> None:
    assert to_row({**GOOD, "life_status": status}, SHAPE).life is Life.OTHER


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("\u202eInvoice\x00 for\u200f שלום\u200f \x07", "Invoice for\u200f שלום\u200f"),
        ("<p>&#x202e;Invoice&#7;&#0; &lt;b&gt;</p>", "Invoice\ufffd <b>"),
        ("<![bad <b>bold</b>", "bold"),
        ("<!-- <p>hidden</p> --><p>shown</p><!-- to the end", "shown"),
        ("<p>a < b, 'c > d</p>", "a < b, 'c > d"),
    ],
)
def test_titles_are_words_whatever_the_markup_is(content: str, title: str) -> None:
    assert plain(content) == title


@pytest.mark.parametrize(
    "bomb",
    ["<b '", "<b ", "<div>", "<a href=x.pdf>", "<!--", "<![", "<?", "</", "&#", "<script>", "a<br>", "<b a=\"'>"],
)
def test_a_page_of_torn_markup_is_read(bomb: str) -> None:
    content = "<p>Visit</p>" + bomb * 5_000
    assert plain(content).startswith("Visit")
    assert files(content) in (0, 1)
    assert plain(written("New", content)).startswith("New")


@quick
@given(st.text(alphabet="<>&;#!/?-[]\"'= abx1\n\u202e\x00", max_size=60), st.booleans())
def test_no_markup_makes_the_reader_raise(content: str, rich: bool) -> None:
    read = plain(content, rich)
    assert not set(read) & {"\x00", "\u202e"}
    files(content, rich)
    assert plain(written("Visit", content, rich), rich).startswith("Visit")


@quick
@given(spoilt({"_id": "c1", "name": "Zoe", "email": "zoe@client.example", "account_id": ["a1"], "is_deleted": False}))
def test_any_contact_with_an_id_is_a_contact(record: dict[str, Any]) -> None:
    contact = to_contact(as_read({**record, "_id": "c1"}))
    assert from_json(Contact, to_json(contact)) == contact


@quick
@given(wire(["schedule_content", "type", "label", "options", "value", "target_api_name", "is_active", "attenders"]))
def test_any_description_gives_fields_or_says_what_is_missing(described: Any) -> None:
    told = ""
    try:
        resolve_fields(as_read(described) if isinstance(described, dict) else {"begin_time": described}, SHAPE.settings)
    except CalsyncError as error:
        told = str(error)
    assert NEEDLE not in told


Work = Callable[[CrmReader], Awaitable[Any]]


def drive(content: bytes, work: Work, *, pages: int = 3) -> Any:
    """What `work` gives, or calsync's own error, when ShareCRM answers with `content` after it has been proven."""
    replies = [ok(), *(httpx.Response(200, content=content) for _ in range(pages))]
    crm = ScriptedCrm(*replies)

    async def run(client: CrmClient) -> Any:
        await client.call("/cgi/crm/v2/object/list", {})
        return await work(CrmReader(client, SHAPE))

    try:
        return asyncio.run(crm.run(run, attempts=pages))
    except CalsyncError as error:
        return error
    except IndexError:
        return None  # it asks for more pages than there are: an endless listing


async def _changed(reader: CrmReader) -> list[CrmRow]:
    return [row async for row in reader.changed_since(datetime(2026, 1, 1, tzinfo=UTC))]


async def _contacts(reader: CrmReader) -> list[Contact]:
    return [contact async for contact in reader.contacts_changed_since(None)]


READS: list[Work] = [_changed, _contacts, lambda r: r.employees(), lambda r: r.get("good")]
MEMBERS = ["errorCode", "traceId", "data", "dataList", "total", "userList", "openUserId", "email", "isStop", "_id"]


@online
@given(answer=wire(MEMBERS), code=wire(["code"]), which=st.sampled_from(READS))
@example(answer={"data": {"dataList": [{"_id": "a"}], "total": float("inf")}}, code=0, which=_changed)
@example(answer={"userList": [{"openUserId": {"a": 1}, "email": 5}, 7]}, code=0, which=READS[2])
@example(answer={}, code="9" * 5000, which=_changed)
def test_any_answer_is_a_reading_or_an_error_of_ours(
    answer: Any, code: Any, which: Work, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    whole = {"errorCode": code, **answer} if isinstance(answer, dict) else answer
    found = drive(as_json(whole), which)
    told = "".join(traceback.format_exception(found)) if isinstance(found, CalsyncError) else ""
    assert NEEDLE not in told + caplog.text


@pytest.mark.parametrize("content", [nested_json(100_000), b"9" * 6000, b"\xff\xfe", b"NaN", b"[]", b""])
def test_a_body_that_no_reader_can_hold_is_an_error_of_ours(content: bytes) -> None:
    assert isinstance(drive(content, _changed), Unavailable)


@quick
@given(st.lists(bad_records, max_size=3))
def test_a_bad_record_stops_no_other(bad: list[dict[str, Any]]) -> None:
    bad = [{**record, "_id": f"bad{n}"} for n, record in enumerate(bad)]
    page = as_json({"errorCode": 0, "data": {"dataList": [*bad, GOOD], "total": len(bad) + 1}})
    crm = ScriptedCrm(httpx.Response(200, content=page), *(ok(data={"dataList": []}) for _ in range(2)))
    rows = asyncio.run(crm.run(lambda client: _changed(CrmReader(client, SHAPE))))
    assert to_row(GOOD, SHAPE) in rows
    assert len(rows) == len(bad) + 1


def test_a_record_that_was_not_asked_for_is_no_answer() -> None:
    found = drive(ok(data={**GOOD, "_id": "another"}).content, READS[3])
    assert isinstance(found, Unavailable)


@pytest.mark.parametrize("user", ["é", "1000\r\nX-Evil: 1", " 1000", "10" * 600, {"id": "1000"}])
def test_an_owner_that_no_header_can_carry_is_nobody(user: Any) -> None:
    row = to_row({**GOOD, "owner": [user]}, SHAPE)
    assert (row.owner, bool(row.problem)) == ("", True)


@pytest.mark.parametrize("token", ["é", "a\r\nX-Evil: 1", 7, ["t"], "", " "])
def test_a_token_that_no_header_can_carry_is_none(token: Any) -> None:
    crm = ScriptedCrm(tokens=tuple(ok(accessToken=token, expiresIn=7200, ea="contoso") for _ in range(5)))
    with pytest.raises(Unavailable):
        asyncio.run(crm.run(lambda client: client.call("/cgi/crm/v2/object/list", {})))


@pytest.mark.parametrize("life", [float("inf"), "NaN", -(10**9), [7200], "9" * 5000, None])
def test_a_token_of_any_life_is_renewed_in_time(life: Any) -> None:
    token = httpx.Response(200, content=as_json({"errorCode": 0, "accessToken": "t", "ea": "e", "expiresIn": life}))
    crm = ScriptedCrm(ok(), ok(), tokens=(token,))

    async def twice(client: CrmClient) -> None:
        await client.call("/a", {})
        crm.clock.seconds += 7200.0
        await client.call("/a", {})

    asyncio.run(crm.run(twice))
    assert crm.issued == 1


@pytest.mark.parametrize("id_", [None, "", {"id": 1}, ["a"], "a\x00b", "x" * 2000])
def test_a_create_without_a_readable_id_is_searched_for(id_: Any) -> None:
    crm = ScriptedCrm(ok(dataId=id_))
    with pytest.raises(AnswerLost):
        asyncio.run(crm.run(lambda client: CrmWriter(client).create(Request("x", Side.CRM, "create", "o"), "1000")))


@pytest.mark.parametrize("date", ["Mon, 01 Jan 0001 00:00:00 +2359", "Fri, 31 Dec 9999 23:59:59 GMT", "9" * 40, ""])
def test_a_clock_that_is_none_is_not_believed(date: str) -> None:
    reply = ok()
    reply.headers["date"] = date
    crm = ScriptedCrm(reply)

    async def clock(client: CrmClient) -> Any:
        await client.call("/a", {})
        return client.clock

    assert asyncio.run(crm.run(clock)) is None
