"""Style sheets, scripts and icons of the pages, served from this package."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from airflow.api_fastapi.core_api.security import get_user
from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import FileResponse

_FOLDER: Final = Path(__file__).parent / "static"
_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_NAMES: Final = {path.name: _KINDS[path.suffix] for path in sorted(_FOLDER.iterdir()) if path.suffix in _KINDS}
_PUBLIC: Final = ("calsync.css", "connect.css", "theme.js", "page.js")
"""What pages need that are shown to people who are not signed in to Airflow."""

_HEADERS: Final = {"Cache-Control": "private, max-age=300", "X-Content-Type-Options": "nosniff"}


def assets_router() -> APIRouter:
    """The routes of the static files; what is not in the folder when the server starts does not exist."""
    router = APIRouter()

    @router.get("/static/{name}", dependencies=[Depends(get_user)])
    def asset(name: str) -> FileResponse:
        return _file(name, name in _NAMES)

    @router.get("/connect/static/{name}")
    def public_asset(name: str) -> FileResponse:
        return _file(name, name in _PUBLIC)

    return router


def _file(name: str, there: bool) -> FileResponse:
    if not there:
        raise HTTPException(404, "There is no such file.")
    return FileResponse(_FOLDER / name, media_type=_NAMES[name], headers=_HEADERS)
