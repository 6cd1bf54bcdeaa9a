"""What went wrong, as pages in our manner instead of bare answers: inside the frame they are all a person sees."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from calsync.errors import CalsyncError, ConfigError, LeaseHeld, StateError, StateUnreachable
from calsync.web.page import notice

_log = logging.getLogger(__name__)

_HEADINGS: Final = {
    401: "Sign in to Airflow",
    403: "Not allowed",
    404: "There is no such page",
    405: "That cannot be done here",
    409: "Not now",
    413: "Too large",
    422: "That was not understood",
    429: "Too many requests",
}
_SENTENCES: Final = {
    401: "You are not signed in, or your session has ended. Reload Airflow and sign in.",
    403: "You may not see this page, or may not do this.",
    404: "The address is wrong, or what it led to is gone. Start from the overview.",
    405: "Go back and use the page's own buttons.",
    422: "A part of the request is missing or has the wrong form. Go back, reload the page and try again.",
}
_AIRFLOWS_OWN: Final = ("Not authenticated", "Token Expired", "Invalid JWT token", "Forbidden")
_STATUS: Final[tuple[tuple[type[CalsyncError], int, str], ...]] = (
    (StateError, 503, "The state database cannot be used"),
    (StateUnreachable, 503, "The state database does not answer"),
    (ConfigError, 409, "A configuration has to be corrected first"),
    (LeaseHeld, 409, "A run is at work"),
    (CalsyncError, 502, "That did not work"),
)


def add_problem_pages(app: FastAPI) -> None:
    """Let every failure of the application end as a page, or as JSON where a script asked for it."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(CalsyncError, _failed)
    app.add_exception_handler(Exception, _broken)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what the handler is registered for
    status, said = error.status_code, str(error.detail)
    ours = said not in _AIRFLOWS_OWN and said != _phrase(status)
    sentence = said if ours else _SENTENCES.get(status, said)
    return _page(request, status, _HEADINGS.get(status, _phrase(status)), sentence)


def _not_understood(request: Request, error: Exception) -> Response:
    return _page(request, 422, _HEADINGS[422], _SENTENCES[422])


def _failed(request: Request, error: Exception) -> Response:
    """Errors of our own say what to do next, and hold nothing personal."""
    status, heading = next((status, heading) for kind, status, heading in _STATUS if isinstance(error, kind))
    if isinstance(error, ConfigError):
        return _page(request, status, heading, "What to correct:", error.problems)
    return _page(request, status, heading, str(error))


def _broken(request: Request, error: Exception) -> Response:
    """What nobody foresaw. The server logs it: the error goes on after the page is sent."""
    _log.error("A page failed: %s", type(error).__name__)
    sentence = "This is a fault of calsync. The log of Airflow's API server has the details; nothing was changed."
    return _page(request, 500, "Something went wrong", sentence)


def _page(request: Request, status: int, heading: str, text: str, lines: list[str] | None = None) -> Response:
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"detail": " ".join([text, *(lines or ())])}, status, {"Cache-Control": "no-store"})
    return notice(request, heading, text, status=status, lines=lines or ())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return str(status)
