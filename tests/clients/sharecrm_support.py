"""A scripted ShareCRM behind httpx, a clock that moves only by sleeping, and settings for both."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import httpx

from calsync.sharecrm.client import CrmClient
from calsync.sharecrm.describe import Field, Fields
from calsync.sharecrm.schedule import Shape
from calsync.sharecrm.settings import CrmSettings
from sandbox.server import Server

BASE = "https://crm.test"
TOKEN_PATHS = ("/oauth2.0/token", "/cgi/corpAccessToken/get/V2")
Reply = httpx.Response | Exception


def settings(**more: Any) -> CrmSettings:
    given = {"base_url": BASE, "app_id": "app", "app_secret": "hush-app", "permanent_code": "hush-code"}
    return CrmSettings(**{**given, **more})


def sandbox_settings(server: Server, **more: Any) -> CrmSettings:
    info = server.info
    given: dict[str, Any] = {
        "base_url": server.url,
        "app_id": info["crm_app_id"],
        "app_secret": info["crm_app_secret"],
        "permanent_code": info["crm_permanent_code"],
        "user": info["crm_user"],
        "verify": server.ca,
    }
    return CrmSettings(**(given | more))


class Clock:
    """Monotonic seconds; only sleeping passes them."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.naps: list[float] = []

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.seconds += seconds


def ok(**members: Any) -> httpx.Response:
    return httpx.Response(200, json={"errorCode": 0, "errorMessage": "success", "traceId": "E-O.1", **members})


def error(code: int) -> httpx.Response:
    return httpx.Response(200, json={"errorCode": code, "errorMessage": "Anna's secret lunch", "traceId": "E-O.7"})


def html(status: int = 200) -> httpx.Response:
    return httpx.Response(status, html="<html><body>Sign in</body></html>")


class ScriptedCrm:
    """Answers calls with the replies given, in order, and token requests with t1, t2, ... unless told otherwise."""

    def __init__(self, *replies: Reply, tokens: tuple[Reply, ...] = ()) -> None:
        self.replies = list(replies)
        self.tokens = list(tokens)
        self.seen: list[tuple[str, dict[str, Any], httpx.Headers]] = []
        self.traces: list[str] = []
        self.issued = 0
        self.clock = Clock()

    @property
    def paths(self) -> list[str]:
        """Of the calls that are no token requests."""
        return [path for path, _, _ in self.seen if path not in TOKEN_PATHS]

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.seen.append((path, json.loads(request.content), request.headers))
        self.traces += parse_qs(request.url.query.decode()).get("thirdTraceId", [])
        reply = self._token(path) if path in TOKEN_PATHS else self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def _token(self, path: str) -> Reply:
        if self.tokens:
            return self.tokens.pop(0)
        self.issued += 1
        name = "accessToken" if path == TOKEN_PATHS[0] else "corpAccessToken"
        return ok(**{name: f"t{self.issued}"}, expiresIn=7200, ea="contoso", corpId="FSCID_1")

    def client(self, **more: Any) -> CrmClient:
        transport = httpx.MockTransport(self.answer)
        return CrmClient(settings(**more), transport=transport, now=self.clock.now, sleep=self.clock.sleep)

    async def run(self, work: Callable[[CrmClient], Awaitable[Any]], **more: Any) -> Any:
        async with self.client(**more) as client:
            return await work(client)


CLASSIC = Fields(
    content=Field("schedule_content", "long_text"),
    start=Field("begin_time", "date_time"),
    end=Field("end_time", "date_time"),
    participants=Field("attenders", "employee_many"),
    all_day=Field("is_full_date", "true_or_false"),
    contacts=Field("related_contacts", "object_reference_many"),
    accounts=Field("related_accounts", "object_reference_many"),
    private=Field("is_private", "true_or_false"),
    calendar=Field("calendar", "select_one"),
)


def shape(fields: Fields = CLASSIC, **more: Any) -> Shape:
    return Shape(fields, settings(**more))
