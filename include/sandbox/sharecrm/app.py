"""ShareCRM's OpenAPI over HTTP: every call a POST, every answer HTTP 200 with an envelope (fact sheet §1.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sandbox.faults import Effect
from sandbox.sharecrm import directory, errors
from sandbox.sharecrm.auth import Caller
from sandbox.sharecrm.data import ACTIONS
from sandbox.sharecrm.errors import CrmError
from sandbox.sharecrm.state import ShareCrm
from sandbox.world import World

Handler = Callable[[ShareCrm, Caller, dict[str, Any]], dict[str, Any]]

_TOKEN_WORK_S = 0.01
"""A token request takes a moment, so that a second one at the same time can be noticed."""


def router(world: World) -> APIRouter:
    """The routes of `/cgi/...` and `/oauth2.0/...`."""
    routes = APIRouter()
    crm = world.sharecrm

    def serve(path: str, handler: Handler) -> None:
        async def endpoint(request: Request) -> JSONResponse:
            return await _answer(crm, request, handler)

        routes.add_api_route(path, endpoint, methods=["POST"])

    for action, handler in ACTIONS.items():
        serve(f"/cgi/crm/v2/data/{action}", handler)
    serve("/cgi/crm/v2/object/describe", directory.describe_object)
    serve("/cgi/crm/v2/object/list", directory.list_objects)
    serve("/cgi/user/list", directory.list_users)
    serve("/cgi/user/get", directory.get_user)
    _serve_tokens(routes, crm)
    return routes


def _serve_tokens(routes: APIRouter, crm: ShareCrm) -> None:
    @routes.post("/oauth2.0/token")
    async def token(request: Request) -> JSONResponse:
        def shape(value: str, left: int) -> dict[str, Any]:
            auth = crm.auth
            known = {"appId": auth.app_id, "ea": auth.ea, "openUserId": auth.corp_id}
            return {"accessToken": value, "expiresIn": left, **known}

        return await _issue(crm, request, shape)

    @routes.post("/cgi/corpAccessToken/get/V2")
    async def corp_token(request: Request) -> JSONResponse:
        def shape(value: str, left: int) -> dict[str, Any]:
            return {"corpAccessToken": value, "corpId": crm.auth.corp_id, "expiresIn": left}

        return await _issue(crm, request, shape)


async def _issue(crm: ShareCrm, request: Request, shape: Callable[[str, int], dict[str, Any]]) -> JSONResponse:
    """A token in the shape of its mode; a second request at the same time is refused."""
    try:
        if crm.auth.busy:
            raise CrmError(crm.settings.token_rate_code, "token requests must not be concurrent")
        crm.auth.busy = True
        try:
            body = await _body(request)
            await asyncio.sleep(_TOKEN_WORK_S)
            if request.url.path == "/oauth2.0/token" and body.get("grantType") != "app_secret":
                raise CrmError(errors.BAD_PARAMETER, "grantType must be app_secret")
            members = shape(*crm.auth.issue(body))
        finally:
            crm.auth.busy = False
    except CrmError as error:
        return _envelope(crm, "0", error.code, error.message, {})
    return _envelope(crm, "0", 0, "success", members)


async def _answer(crm: ShareCrm, request: Request, handler: Handler) -> JSONResponse:
    employee = "0"
    try:
        body = await _body(request)
        _refuse_rate(crm, request)
        caller = crm.auth.caller(request.headers, body)
        employee = request.state.mailbox = caller.employee
        request.state.actor = caller.actor
        members = _bent(handler(crm, caller, body), request.state.effect)
    except CrmError as error:
        return _envelope(crm, employee, error.code, error.message, {})
    return _envelope(crm, employee, 0, "OK", members)


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise CrmError(errors.BAD_PARAMETER, "the body must be a JSON object")
    return body


def _refuse_rate(crm: ShareCrm, request: Request) -> None:
    """The limits per interface and per day, and the trace id where it is insisted upon."""
    quota = {"used_up": errors.QUOTA_USED, "none": errors.NO_QUOTA}.get(crm.settings.quota)
    if quota is not None:
        raise CrmError(quota, "the quota of calls does not allow this one")
    limits, path = crm.world.limits, request.url.path
    now = crm.now_ms() / 1000
    if crm.world.throttle.wait_needed(f"crm {path}", limits.crm_calls_per_window, limits.crm_window_s, now) > 0:
        raise CrmError(crm.settings.rate_code, "the interface is called too often")
    if crm.settings.require_trace_id and not request.query_params.get("thirdTraceId"):
        raise CrmError(errors.BAD_PARAMETER, "thirdTraceId is missing")


def _bent(members: dict[str, Any], effect: Effect) -> dict[str, Any]:
    """A page cut short, or with its rows delivered twice, when a fault asks for it."""
    page = members.get("data")
    if not (isinstance(page, dict) and "dataList" in page):
        return members
    rows, limit = page["dataList"], page["limit"]
    if effect.cut_page:
        rows = rows[: len(rows) // 2]
    elif effect.duplicate_page:
        rows = rows[: max(len(rows) if 2 * len(rows) <= limit else limit // 2, 1)] * 2
    return {**members, "data": {**page, "dataList": rows}}


def _envelope(crm: ShareCrm, employee: str, code: int, message: str, members: dict[str, Any]) -> JSONResponse:
    trace = f"E-O.{crm.auth.ea}.{employee}-{crm.world.random.getrandbits(64):016x}"
    head = {"errorCode": code, "errorMessage": message, "errorDescription": message, "traceId": trace}
    return JSONResponse({**head, **members})
