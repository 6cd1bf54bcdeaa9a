"""Style sheet, script and icon of the pages, served from this package to signed-in users."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from airflow.api_fastapi.core_api.security import get_user
from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import FileResponse

_FOLDER: Final = Path(__file__).parent / "static"
_KINDS: Final = {
    "calsync.css": "text/css; charset=utf-8",
    "theme.js": "text/javascript; charset=utf-8",
    "changes.svg": "image/svg+xml",
}
_HEADERS: Final = {"Cache-Control": "private, max-age=300", "X-Content-Type-Options": "nosniff"}


def assets_router() -> APIRouter:
    """The one route of the static files; names that are not listed here do not exist."""
    router = APIRouter(dependencies=[Depends(get_user)])

    @router.get("/static/{name}")
    def asset(name: str) -> FileResponse:
        if name not in _KINDS:
            raise HTTPException(404, "There is no such file.")
        return FileResponse(_FOLDER / name, media_type=_KINDS[name], headers=_HEADERS)

    return router
