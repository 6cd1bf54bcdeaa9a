"""What a browser keeps of a sign-in with Microsoft: signed cookies of one tenant's page, out of reach of scripts.

`flow` lives from the way to Microsoft until the way back; `person` says who signed in. Both end soon by themselves.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from airflow.configuration import conf
from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from calsync.graph.signin import SignedIn
from calsync.web.forms import api_secret

FLOW_S: Final = 600
PERSON_S: Final = 900

_FLOW: Final = "calsync_flow"
_PERSON: Final = "calsync_person"


def keep_flow(request: Request, response: Response, tenant: str, flow: dict[str, Any]) -> None:
    """Remember a sign-in that has begun. Its `auth_uri` is on its way already."""
    kept = {name: value for name, value in flow.items() if name != "auth_uri"}
    _set(request, response, _FLOW, tenant, kept, FLOW_S)


def flow_of(request: Request, tenant: str) -> dict[str, Any]:
    """The sign-in that this browser has begun; empty when there is none, or it was too long ago."""
    found = _read(request, _FLOW, tenant, FLOW_S)
    return found if isinstance(found, dict) else {}


def keep_person(request: Request, response: Response, tenant: str, person: SignedIn) -> None:
    """Remember who signed in; the sign-in itself is over."""
    _set(request, response, _PERSON, tenant, asdict(person), PERSON_S)


def person_of(request: Request, tenant: str) -> SignedIn | None:
    """Who signed in to this tenant's page in this browser a short while ago."""
    try:
        return SignedIn(**_read(request, _PERSON, tenant, PERSON_S))
    except TypeError:
        return None


def forget_flow(request: Request, response: Response, tenant: str) -> None:
    response.delete_cookie(_FLOW, path=_path(request, tenant))


def forget_person(request: Request, response: Response, tenant: str) -> None:
    response.delete_cookie(_PERSON, path=_path(request, tenant))


def _read(request: Request, name: str, tenant: str, seconds: int) -> Any:
    try:
        return _serializer(name, tenant).loads(request.cookies.get(name, ""), max_age=seconds)
    except BadSignature:
        return None


def _set(request: Request, response: Response, name: str, tenant: str, value: dict[str, Any], seconds: int) -> None:
    response.set_cookie(
        name,
        _serializer(name, tenant).dumps(value),
        max_age=seconds,
        path=_path(request, tenant),
        secure=request.base_url.scheme == "https" or bool(conf.get("api", "ssl_cert", fallback="")),
        httponly=True,
        samesite="lax",  # strict would keep it back on the way back from Microsoft
    )


def _path(request: Request, tenant: str) -> str:
    return f"{request.scope.get('root_path', '')}/connect/{tenant}/"


def _serializer(name: str, tenant: str) -> URLSafeTimedSerializer:
    """Its own for each purpose and tenant: what was signed for one is worth nothing to another."""
    return URLSafeTimedSerializer(api_secret(), salt=f"calsync {name} {tenant}")
