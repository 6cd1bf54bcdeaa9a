"""The ShareCRM client against scripted answers: tokens, errors, what is tried again and what never is."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import httpx
import pytest
from clients.sharecrm_support import ScriptedCrm, error, html, ok

from calsync.errors import (
    AnswerLost,
    AuthFailed,
    CalsyncError,
    ConfigError,
    NotFound,
    QuotaSpent,
    Refused,
    RemoteError,
    Throttled,
    Unavailable,
)
from calsync.sharecrm.client import CrmClient
from calsync.sharecrm.settings import Codes

PATH = "/cgi/crm/v2/data/get"
LOST = httpx.ReadTimeout("no answer")
DOWN = httpx.ConnectError("refused")


async def read(client: CrmClient) -> Any:
    return await client.call(PATH, {"x": 1})


async def write(client: CrmClient) -> Any:
    return await client.call("/cgi/crm/v2/data/create", {"object_data": {}}, write=True)


def failing(crm: ScriptedCrm, work: Any = read, **more: Any) -> CalsyncError:
    with pytest.raises(CalsyncError) as caught:
        asyncio.run(crm.run(work, **more))
    return caught.value


def test_oauth_mode_puts_token_enterprise_and_employee_into_the_headers() -> None:
    crm = ScriptedCrm(ok())
    asyncio.run(crm.run(lambda client: client.call(PATH, {"x": 1}, user="1007", includeNull=True)))
    (token_path, token_body, _), (path, body, headers) = crm.seen
    assert token_path == "/oauth2.0/token"
    assert token_body["grantType"] == "app_secret"
    assert (path, body) == (PATH, {"data": {"x": 1}, "includeNull": True})
    assert headers["authorization"] == "Bearer t1"
    assert (headers["x-fs-ea"], headers["x-fs-userid"]) == ("contoso", "1007")


def test_legacy_mode_puts_them_into_the_body() -> None:
    crm = ScriptedCrm(ok())
    asyncio.run(crm.run(read, auth_mode="legacy", user="FSUID_1"))
    (token_path, token_body, _), (_, body, headers) = crm.seen
    assert token_path == "/cgi/corpAccessToken/get/V2"
    assert "grantType" not in token_body
    said = {"corpAccessToken": "t1", "corpId": "FSCID_1", "currentOpenUserId": "FSUID_1"}
    assert body == {"data": {"x": 1}, **said}
    assert "authorization" not in headers


def test_every_request_has_a_trace_id_of_its_own() -> None:
    crm = ScriptedCrm(ok(), ok())

    async def twice(client: CrmClient) -> None:
        await read(client)
        await read(client)

    asyncio.run(crm.run(twice))
    assert len(set(crm.traces)) == 3


def test_calls_at_the_same_time_share_one_token_request() -> None:
    crm = ScriptedCrm(*[ok() for _ in range(5)])

    async def at_once(client: CrmClient) -> int:
        await asyncio.gather(*(read(client) for _ in range(5)))
        return client.calls

    assert asyncio.run(crm.run(at_once)) == 6
    assert crm.issued == 1


@pytest.mark.parametrize(("age", "tokens"), [(6600, 1), (6700, 2)])
def test_a_token_is_renewed_after_6600_seconds_and_before_7200(age: float, tokens: int) -> None:
    crm = ScriptedCrm(ok(), ok())

    async def later(client: CrmClient) -> None:
        await read(client)
        crm.clock.seconds += age
        await read(client)

    asyncio.run(crm.run(later))
    assert crm.issued == tokens


def test_a_refused_token_is_replaced_once_and_the_write_done() -> None:
    crm = ScriptedCrm(error(20016), ok(dataId="5f"))
    assert asyncio.run(crm.run(write))["dataId"] == "5f"
    assert [headers["authorization"] for _, _, headers in crm.seen if "authorization" in headers] == [
        "Bearer t1",
        "Bearer t2",
    ]


def test_a_token_refused_twice_ends_it() -> None:
    crm = ScriptedCrm(error(20016), error(20016))
    assert isinstance(failing(crm), AuthFailed)


def test_wrong_credentials_are_not_tried_again() -> None:
    crm = ScriptedCrm(tokens=(error(10006),))
    failed = failing(crm)
    assert isinstance(failed, AuthFailed)
    assert "permanent code of the connection" in str(failed)
    assert len(crm.seen) == 1


def test_a_throttled_token_request_rests_and_comes_again() -> None:
    crm = ScriptedCrm(ok(), tokens=(error(14001),))
    asyncio.run(crm.run(read))
    assert crm.clock.seconds >= 20


@pytest.mark.parametrize("reply", [error(-1), error(-2), error(50009), html(502), LOST, DOWN, html()])
def test_a_read_is_tried_again_after_a_passing_failure(reply: Any) -> None:
    crm = ScriptedCrm(ok(), reply, ok(dataId="there"))

    async def second(client: CrmClient) -> Any:
        await read(client)
        return await read(client)

    assert asyncio.run(crm.run(second))["dataId"] == "there"


@pytest.mark.parametrize("reply", [error(-1), error(14001), error(30004), DOWN])
def test_a_write_is_tried_again_when_nothing_was_done(reply: Any) -> None:
    crm = ScriptedCrm(reply, ok(dataId="made"))
    assert asyncio.run(crm.run(write))["dataId"] == "made"


@pytest.mark.parametrize("reply", [error(-2), error(50009), html(502), html(), LOST, httpx.RemoteProtocolError("cut")])
def test_a_write_without_a_clear_answer_is_left_to_the_caller(reply: Any) -> None:
    crm = ScriptedCrm(reply)
    assert isinstance(failing(crm, write), AnswerLost)
    assert len(crm.paths) == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (30002, QuotaSpent),
        (30003, QuotaSpent),
        (20021, AuthFailed),
        (20012, Refused),
        (320002, NotFound),
        (320004, Refused),
        (15002, Refused),
    ],
)
def test_final_codes_have_their_error_with_code_and_trace_but_no_content(code: int, kind: type[RemoteError]) -> None:
    crm = ScriptedCrm(error(code))
    failed = failing(crm, codes=Codes(gone=frozenset({320002})))
    assert type(failed) is kind
    assert isinstance(failed, RemoteError)
    assert (failed.remote.code, failed.remote.request_id) == (str(code), "E-O.7")
    assert "lunch" not in str(failed)
    assert len(crm.paths) == 1
    assert str(pickle.loads(pickle.dumps(failed))) == str(failed)


def test_without_configured_codes_no_error_means_not_found() -> None:
    assert isinstance(failing(ScriptedCrm(error(320002))), Refused)


def test_a_rate_code_rests_its_path_for_the_window_and_no_other() -> None:
    crm = ScriptedCrm(error(30004), ok(), ok())

    async def other_first(client: CrmClient) -> list[float]:
        await read(client)
        before = crm.clock.seconds
        await client.call("/cgi/user/list")
        return [before, crm.clock.seconds]

    rested, other = asyncio.run(crm.run(other_first))
    assert 20 <= rested < 40
    assert other == rested


def test_a_rate_that_stays_is_told_with_the_pause_it_needs() -> None:
    failed = failing(ScriptedCrm(*[error(30004)] * 3), attempts=3)
    assert isinstance(failed, Throttled)
    assert failed.retry_after == 20


def test_the_client_keeps_below_the_rate_by_itself() -> None:
    crm = ScriptedCrm(*[ok() for _ in range(25)])

    async def many(client: CrmClient) -> None:
        for _ in range(25):
            await read(client)

    asyncio.run(crm.run(many, calls_per_20s=10))
    assert crm.clock.naps == [20.0, 20.0]


@pytest.mark.parametrize("reply", [html(), html(404), httpx.Response(302, headers={"location": "/x"})])
def test_a_host_that_is_not_the_openapi_is_called_wrong(reply: httpx.Response) -> None:
    failed = failing(ScriptedCrm(tokens=(reply,)))
    assert isinstance(failed, ConfigError)
    assert "set the connection's host" in str(failed)


def test_a_server_that_stays_down_is_unavailable() -> None:
    assert isinstance(failing(ScriptedCrm(tokens=(DOWN,) * 5)), Unavailable)


def test_the_clock_is_that_of_the_first_answer() -> None:
    token = ok(accessToken="t", expiresIn=7200, ea="contoso")
    token.headers["date"] = "Mon, 02 Nov 2020 08:00:00 GMT"
    crm = ScriptedCrm(tokens=(token,))

    async def clock(client: CrmClient) -> tuple[str, bool]:
        await client.ready()
        assert client.clock is not None
        return client.clock.isoformat(), client.offset.days < -365

    assert asyncio.run(crm.run(clock)) == ("2020-11-02T08:00:00+00:00", True)


def test_no_secret_stands_in_settings_or_errors() -> None:
    crm = ScriptedCrm(error(20016), error(20016))
    client = crm.client()
    failed = failing(crm)
    for text in (repr(client.settings), repr(failed), str(failed)):
        assert "hush" not in text
        assert "t1" not in text
