"""Forms that only our own pages can send, and what a page says after one was sent.

A form carries a token that is signed over the browser's own cookie and the user's id, so that no other site can make
one, and none of another browser or user fits. Every router of pages depends on `own_form`.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import Final

from airflow.configuration import conf
from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from itsdangerous import BadSignature, Signer, URLSafeTimedSerializer

from calsync.web.access import ViewerDep

FIELD: Final = "form_token"
HEADER: Final = "X-Form-Token"
"""Where a script says the token when it sends no form."""

_BROWSER: Final = "calsync_browser"
_SAID: Final = "calsync_said"
_SAID_S: Final = 60
"""So long a message waits for the page that shows it."""

_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_NOT_OURS: Final = "This form is not from a page of yours that is still valid. Go back, reload the page and try again."


@dataclass(frozen=True, slots=True)
class Said:
    """What the next page tells. level: good, wait or bad. Never anything personal: it travels through the browser."""

    text: str
    level: str = "good"


async def own_form(request: Request, viewer: ViewerDep) -> None:
    """Refuses a change that was not sent by a form of ours to this user in this browser."""
    await check_form(request, viewer.id)


async def check_form(request: Request, who: str = "") -> None:
    """As `own_form`, for pages with sign-ins of their own.

    :param who: whom the form was made for, "" for anybody with this browser's cookie
    """
    if request.method in _SAFE:
        return
    given = request.headers.get(HEADER) or str((await request.form()).get(FIELD, ""))
    browser = request.cookies.get(_BROWSER, "")
    if not browser or not _signer().verify_signature(_signed(browser, who), given.encode()):
        raise HTTPException(403, _NOT_OURS)


def browser_of(request: Request) -> str:
    """The random id of this browser; a new one where it has none yet. Give it back with `remember_browser`."""
    known: str = getattr(request.state, "browser", "") or request.cookies.get(_BROWSER, "") or secrets.token_urlsafe(24)
    request.state.browser = known
    return known


def form_token(request: Request, who: str = "") -> str:
    """The token for the forms of a page for `who`."""
    return _signer().get_signature(_signed(browser_of(request), who)).decode()


def remember_browser(request: Request, response: Response) -> None:
    """Give a new browser its id, so that it can send the forms of the page it gets."""
    if _BROWSER not in request.cookies:
        _set_cookie(request, response, _BROWSER, browser_of(request), None)


def after_form(request: Request, path: str, said: Said | None = None) -> RedirectResponse:
    """On to a page after a form: reloading it sends nothing twice.

    :param path: within our pages, as "/attention/"
    """
    response = RedirectResponse(request.scope.get("root_path", "") + path, 303, {"Cache-Control": "no-store"})
    if said:
        _set_cookie(request, response, _SAID, _serializer().dumps(asdict(said)), _SAID_S)
    return response


def said_before(request: Request) -> Said | None:
    """What the form before this page had to say."""
    try:
        return Said(**_serializer().loads(request.cookies.get(_SAID, ""), max_age=_SAID_S))
    except (BadSignature, TypeError):
        return None


def forget_said(request: Request, response: Response) -> None:
    """A message is shown once."""
    if _SAID in request.cookies:
        response.delete_cookie(_SAID, path=_path(request))


def _set_cookie(request: Request, response: Response, name: str, value: str, seconds: int | None) -> None:
    secure = request.base_url.scheme == "https" or bool(conf.get("api", "ssl_cert", fallback=""))
    response.set_cookie(name, value, max_age=seconds, path=_path(request), secure=secure, httponly=True, samesite="lax")


def _path(request: Request) -> str:
    return str(request.scope.get("root_path", "")) or "/"


def _signed(browser: str, who: str) -> bytes:
    return f"{browser}\0{who}".encode()


def _signer() -> Signer:
    return Signer(api_secret(), salt="calsync form")


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(api_secret(), salt="calsync said")


def api_secret() -> str:
    """What all workers of the API server share (`[api] secret_key`); for signing, with a salt of one's own."""
    return str(conf.get_mandatory_value("api", "secret_key"))
