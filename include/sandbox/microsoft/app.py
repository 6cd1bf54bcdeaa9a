"""The HTTP side of Microsoft 365: the login's paths and everything below `/v1.0`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from sandbox.faults import Effect, drop_answer
from sandbox.microsoft.batch import Batch, checked
from sandbox.microsoft.call import Answer, Call
from sandbox.microsoft.errors import GraphError
from sandbox.microsoft.login import Login
from sandbox.microsoft.login_error import LoginError
from sandbox.microsoft.service import Service
from sandbox.microsoft.signin import SignIn
from sandbox.microsoft.signin_pages import add_sign_in

if TYPE_CHECKING:
    from sandbox.world import World

_VERSION = "/v1.0"


def router(world: World) -> APIRouter:
    """Microsoft's routes over `world`."""
    routes = APIRouter()
    _add_login(routes, world)
    _add_graph(routes, world)
    return routes


def _base(request: Request) -> str:
    """This server's own url, as the client reached it."""
    return f"{request.url.scheme}://{request.url.netloc}"


def _response(answer: Answer) -> Response:
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-type"}
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    kind = answer.headers.get("Content-Type", "application/json; charset=utf-8")
    data = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(data, answer.status, headers, kind)


def _add_login(routes: APIRouter, world: World) -> None:
    login = Login(world.microsoft.application, SignIn(world.microsoft))
    add_sign_in(routes, world, login)

    def answered(request: Request, serve: Any) -> Response:
        try:
            return _response(serve())
        except LoginError as error:
            correlation = request.headers.get("client-request-id")
            return _response(error.answer(world.clock.now("login"), correlation))

    @routes.get("/common/discovery/instance")
    async def instance_discovery(request: Request) -> Response:
        endpoint = request.query_params.get("authorization_endpoint", "")
        return _response(login.instance_discovery(endpoint, _base(request)))

    @routes.get("/{tenant}/v2.0/.well-known/openid-configuration")
    async def openid_configuration(tenant: str, request: Request) -> Response:
        return answered(request, lambda: login.openid_configuration(tenant, _base(request)))

    @routes.get("/{tenant}/discovery/v2.0/keys")
    async def keys(tenant: str, request: Request) -> Response:
        return answered(request, lambda: login.keys(tenant))

    @routes.post("/{tenant}/oauth2/v2.0/token")
    async def token(tenant: str, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        request.state.actor = f"app:{form.get('client_id', '')}"
        now = world.clock.now("login")
        return answered(request, lambda: login.token(tenant, form, _base(request), now))


def _add_graph(routes: APIRouter, world: World) -> None:
    service = Service(world.microsoft)

    @routes.post(f"{_VERSION}/$batch")
    async def batch(request: Request) -> Response:
        call = await _call(request)
        try:
            service.caller(call)
            running = Batch(service, call, checked(call.body))
        except GraphError as error:
            return _response(service.failed(call, error))
        finally:
            request.state.actor = call.actor
        answer = await running.run()
        request.state.parts = running.parts_log
        if running.drop:
            drop_answer(request)
        return _response(answer)

    @routes.api_route(f"{_VERSION}/{{path:path}}", methods=["GET", "POST", "PATCH", "PUT", "DELETE"])
    async def graph(request: Request) -> Response:
        call = await _call(request)
        answer = await service.serve(call)
        request.state.actor = call.actor
        return _response(answer)


async def _call(request: Request) -> Call:
    """The request as Graph reads it: the path undecoded, since ids may hold any character."""
    raw = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1")
    return Call(
        method=request.method,
        path=raw.partition("?")[0].removeprefix(_VERSION),
        query_string=request.url.query,
        headers={name: ", ".join(request.headers.getlist(name)) for name in request.headers},
        body=_json(await request.body()),
        root=f"{_base(request)}{_VERSION}",
        effect=getattr(request.state, "effect", Effect()),
    )


def _json(data: bytes) -> Any:
    """The body; None when there is none, or when it is no JSON (it is then refused where one is needed)."""
    try:
        return json.loads(data) if data else None
    except ValueError:
        return None
