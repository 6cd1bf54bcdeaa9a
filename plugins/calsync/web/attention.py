"""Attention: what waits for a person."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from calsync.web.page import Crumb, show


def attention_router() -> APIRouter:
    """The routes of the page; it shows what the viewer may see."""
    router = APIRouter()

    @router.get("/attention/", response_class=HTMLResponse)
    def attention(request: Request) -> HTMLResponse:
        return show(request, "attention.html", crumbs=[Crumb("Calendar Sync", "/"), Crumb("Attention")])

    return router
