"""The employee's own page: sign in with Microsoft, see what is synchronised, connect, disconnect.

It needs no Airflow user and gives access to nothing else: whoever signs in sees and changes their own account alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute

from calsync.config.model import Tenant
from calsync.connections import connection
from calsync.errors import AuthFailed, CalsyncError, ConfigError
from calsync.graph.connection import settings_from_connection
from calsync.graph.settings import GraphSettings
from calsync.graph.signin import NotSignedIn, SignedIn, begin, finish
from calsync.stages import connecting
from calsync.stages.connecting import Standing
from calsync.stages.terms import terms
from calsync.web import connect_words as words
from calsync.web.connect_words import NOT_SIGNED_IN, STANDING, Say
from calsync.web.forms import Said, after_form, check_form
from calsync.web.limits import OF_THIS_PROCESS, PER_CLIENT, PER_TENANT
from calsync.web.page import HEADERS as PAGE_HEADERS
from calsync.web.page import show
from calsync.web.public import redirect_uri
from calsync.web.signin_cookie import (
    flow_of,
    forget_flow,
    forget_person,
    keep_flow,
    keep_person,
    person_of,
)
from calsync.web.state import NowDep, StoreDep, TenantDep

_log = logging.getLogger(__name__)

_POLICY: Final = PAGE_HEADERS["Content-Security-Policy"].replace("frame-ancestors 'self'", "frame-ancestors 'none'")
_HEADERS: Final = {"Content-Security-Policy": _POLICY, "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}


class _OwnPages(APIRoute):
    """Limits how often a route is asked for, and tells every failure on a page of this layout, without its details."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        serve = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            tenant = str(request.path_params.get("tenant", ""))
            client = request.client.host if request.client else ""
            wait = OF_THIS_PROCESS.wait(f"client {client}", PER_CLIENT)
            wait = wait or OF_THIS_PROCESS.wait(f"tenant {tenant}", PER_TENANT)
            if wait:
                return _say(request, words.TOO_MANY, 429, {"Retry-After": str(int(wait) + 1)})
            try:
                return await serve(request)
            except HTTPException as error:
                known = {404: words.NO_TENANT, 403: words.NOT_YOURS}
                return _say(request, known.get(error.status_code, words.NOT_NOW), error.status_code)
            except (ConfigError, AuthFailed) as error:
                _log.error("The page on which employees of %s connect cannot be used: %s", tenant, error)
                return _say(request, words.NOT_SET_UP, 503)
            except CalsyncError as error:
                _log.warning("The page on which employees of %s connect failed: %s", tenant, error)
                return _say(request, words.NOT_NOW, 503)

        return guarded


async def _own_form(request: Request) -> None:
    await check_form(request)


def connect_router() -> APIRouter:
    """The routes of the page; open to everybody, so each asks who has signed in with Microsoft."""
    router = APIRouter(prefix="/connect/{tenant}", route_class=_OwnPages, dependencies=[Depends(_own_form)])
    _add_page(router)
    _add_sign_in(router)
    return router


def _add_page(router: APIRouter) -> None:
    @router.get("/", response_class=HTMLResponse)
    def connect(request: Request, tenant: TenantDep, store: StoreDep) -> HTMLResponse:
        who = person_of(request, tenant.key)
        mine = connecting.mine(tenant, who, store) if who else None
        say = STANDING[mine.standing] if mine else None
        return _page(request, tenant, say, who=who, mine=mine)

    @router.post("/connect/")
    def do_connect(request: Request, tenant: TenantDep, store: StoreDep, now: NowDep) -> Response:
        who = person_of(request, tenant.key)
        if who is None:
            return _sign_in_first(request, tenant)
        mine = connecting.connect(tenant, who, store, now)
        done = mine.standing is Standing.CONNECTED
        return after_form(
            request, _path(tenant), Said("Connected. The next run takes your calendar up.") if done else None
        )

    @router.post("/disconnect/")
    def do_disconnect(request: Request, tenant: TenantDep, store: StoreDep, now: NowDep) -> Response:
        who = person_of(request, tenant.key)
        if who is None:
            return _sign_in_first(request, tenant)
        connecting.disconnect(tenant, who, store, now)
        return after_form(request, _path(tenant), Said("Disconnected. Events that are there stay where they are."))


def _add_sign_in(router: APIRouter) -> None:
    @router.get("/sign-in/")
    def sign_in(request: Request, tenant: TenantDep) -> Response:
        flow = begin(_settings(tenant), redirect_uri(request, tenant.key))
        response = RedirectResponse(flow["auth_uri"], 303, {"Cache-Control": "no-store"})
        keep_flow(request, response, tenant.key, flow)
        return response

    @router.get("/signed-in/", response_class=HTMLResponse)
    def signed_in(request: Request, tenant: TenantDep) -> Response:
        answer = dict(request.query_params.items())
        flow = flow_of(request, tenant.key)
        who = finish(_settings(tenant), tenant.microsoft_tenant, flow, answer)
        if isinstance(who, NotSignedIn):
            response: Response = _page(request, tenant, NOT_SIGNED_IN[who], status=400)
        else:
            response = after_form(request, _path(tenant))  # an address without the code, which may be reloaded
            keep_person(request, response, tenant.key, who)
        forget_flow(request, response, tenant.key)
        return response

    @router.post("/sign-out/")
    def sign_out(request: Request, tenant: TenantDep) -> Response:
        response = after_form(request, _path(tenant), Said("You are signed out of this page."))
        forget_person(request, response, tenant.key)
        return response


def _settings(tenant: Tenant) -> GraphSettings:
    return settings_from_connection(connection(tenant.connections.graph))


def _path(tenant: Tenant) -> str:
    return f"/connect/{tenant.key}/"


def _sign_in_first(request: Request, tenant: Tenant) -> Response:
    return after_form(request, _path(tenant), Said("Your sign-in has ended. Sign in again.", "wait"))


def _page(
    request: Request,
    tenant: Tenant,
    say: Say | None,
    *,
    status: int = 200,
    who: SignedIn | None = None,
    mine: connecting.Mine | None = None,
) -> HTMLResponse:
    """The page of a tenant: to somebody who is signed in, or before that."""
    values: dict[str, Any] = {
        "tenant": tenant,
        "say": say,
        "who": who,
        "mine": mine,
        "terms": terms(tenant),
        "base": _path(tenant),
    }
    return show(request, "connect.html", status=status, headers=_HEADERS, **values)


def _say(request: Request, say: Say, status: int, headers: dict[str, str] | None = None) -> HTMLResponse:
    """A page that knows no tenant."""
    values: dict[str, Any] = {"tenant": None, "say": say, "who": None, "mine": None, "terms": [], "base": ""}
    return show(request, "connect.html", status=status, headers=_HEADERS | (headers or {}), **values)
