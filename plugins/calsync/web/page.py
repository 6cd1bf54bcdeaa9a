"""How a page is made: template, values, headers; and the pages that say why there is no other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from calsync.web.forms import FIELD, forget_said, form_token, remember_browser, said_before
from calsync.web.words import SIDES, ago, counted, duration, moment

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
MOUNT: Final = "/calsync"
"""Where Airflow mounts the pages."""


class Crumb(NamedTuple):
    """One step of the way to a page. path: within our pages, "" for the page itself."""

    label: str
    path: str = ""


def show(
    request: Request,
    template: str,
    *,
    status: int = 200,
    crumbs: Sequence[Crumb] = (),
    headers: dict[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """The page of a template.

    Besides `values` it knows `root` (the path of our pages), `airflow` (that of Airflow's), `viewer` (an
    `access.Viewer`, None where nobody is signed in), `query(**changes)` (this page's address with other parameters),
    `form_field`, `form_token`, `said` and `crumbs`.

    :param crumbs: the way to the page; none for pages inside a tab of Airflow's
    :param headers: in addition to, or in place of, those of every page
    """
    root = request.scope.get("root_path", "")
    viewer = getattr(request.state, "viewer", None)
    known = {
        "root": root,
        "static": f"{root}/static" if viewer else f"{root}/connect/static",
        "airflow": root.removesuffix(MOUNT),
        "viewer": viewer,
        "query": lambda **changes: _query(request, changes),
        "form_field": FIELD,
        "form_token": form_token(request, viewer.id if viewer else ""),
        "said": said_before(request),
        "crumbs": crumbs,
    }
    html = _environment().get_template(template).render(known | values)
    response = HTMLResponse(html, status_code=status, headers=HEADERS | (headers or {}))
    remember_browser(request, response)
    forget_said(request, response)
    return response


def notice(
    request: Request,
    heading: str,
    text: str,
    *,
    status: int = 200,
    lines: Sequence[str] = (),
    crumbs: Sequence[Crumb] = (),
) -> HTMLResponse:
    """A page that only says something.

    :param lines: listed below the text, say the problems of a file
    """
    return show(request, "notice.html", status=status, crumbs=crumbs, heading=heading, text=text, lines=lines)


def _query(request: Request, changes: dict[str, Any]) -> str:
    """This page's query with some parameters changed; those that become None or "" go."""
    kept = dict(request.query_params) | changes
    return "?" + urlencode({name: value for name, value in kept.items() if value not in (None, "")})


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": moment, "duration": duration, "ago": ago, "counted": counted}
    environment.globals["sides"] = SIDES
    return environment
