"""An answer of the OpenAPI: its envelope, or the error it stands for.

Errors come as HTTP 200 with an `errorCode`; the message beside it is not for logic, and may hold content, so it goes
nowhere. A redirect or a page of HTML is not the OpenAPI: the host is wrong, or something stands in front of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from calsync.core.text import ident
from calsync.errors import (
    AnswerLost,
    AuthFailed,
    ConfigError,
    NotFound,
    QuotaSpent,
    Refused,
    Remote,
    RemoteError,
    Throttled,
    Unavailable,
)
from calsync.sharecrm.settings import Codes

_NO_CODE = -2

PAUSE_S = 20.0
"""The length of ShareCRM's rate window: how long a path rests after a rate code (it sends no Retry-After)."""

WRONG_HOST = (
    "The host does not answer as ShareCRM's OpenAPI does: set the connection's host to the OpenAPI host of the "
    "enterprise's cloud, for example https://open.fxiaoke.com"
)


def read(response: httpx.Response, codes: Codes, *, write: bool, proven: bool) -> dict[str, Any]:
    """The members of a successful answer.

    :param write: the request changes something, so that an answer which does not say it was refused loses its outcome.
    :param proven: this host has answered as ShareCRM before.
    Raises RemoteError by code, ConfigError for a wrong host.
    """
    remote = Remote("sharecrm", response.status_code)
    if response.status_code >= 500:
        raise unknown(write, "ShareCRM fails at the moment: try again later", remote)
    body = _json(response)
    if response.is_redirect or body is None or "errorCode" not in body:
        if proven:
            raise unknown(write, "ShareCRM gave an answer that is none of its OpenAPI's: try again later", remote)
        raise ConfigError([WRONG_HOST])
    code = _number(body["errorCode"])
    if code == 0:
        return body
    raise refusal(code, trace_id(body), codes, write=write)


def trace_id(body: Mapping[str, Any]) -> str:
    """The id by which ShareCRM's support finds a call, "" when the answer names none."""
    return ident(body.get("traceId"))


def refusal(code: int, trace_id: str, codes: Codes, *, write: bool = False) -> RemoteError:
    """The error behind an `errorCode` that is not 0."""
    remote = Remote("sharecrm", 200, str(code), trace_id)
    if code in codes.throttled:
        return Throttled("ShareCRM's rate limit is reached: the path rests before the next try", remote, PAUSE_S)
    if code in codes.busy:
        return Unavailable("ShareCRM is busy: try again later", remote)
    if code in codes.fault:
        return unknown(write, "ShareCRM reports a fault of its own: try again later", remote)
    kind, sentence = _terminal(code, codes)
    return kind(sentence, remote)


def _terminal(code: int, codes: Codes) -> tuple[type[RemoteError], str]:
    if code in codes.gone:
        return NotFound, "The record is not there"
    if code in codes.token:
        return AuthFailed, "ShareCRM refuses a fresh token: check the app in ShareCRM's admin console"
    if code in codes.quota:
        return QuotaSpent, "ShareCRM's quota of calls is used up or was not bought: wait for midnight or buy a package"
    if code in codes.auth:
        return AuthFailed, (
            "ShareCRM refuses the app: check app id, app secret and permanent code of the connection, "
            "the app's state, its rights and its IP allow-list"
        )
    if code in codes.user:
        return Refused, "The acting employee is unknown to ShareCRM or stopped: check it in ShareCRM's admin console"
    return (
        Refused,
        "ShareCRM refuses this request: look the code up, or hand it with the trace id to ShareCRM's support",
    )


def unknown(write: bool, sentence: str, remote: Remote) -> RemoteError:
    """The error of a request answered with neither yes nor no: a read can be repeated, a write may have been done."""
    if write:
        return AnswerLost(
            "ShareCRM may or may not have done this write: the record is read before it is tried again", remote
        )
    return Unavailable(sentence, remote)


def _json(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except (ValueError, RecursionError):  # no JSON; numbers or nesting beyond what can be read
        return None
    return body if isinstance(body, dict) else None


def _number(code: object) -> int:
    """The code of an answer; one that is no number is a fault of ShareCRM's own."""
    said = ident(code) if not isinstance(code, int) else code
    try:
        return int(said)
    except ValueError:
        return _NO_CODE
