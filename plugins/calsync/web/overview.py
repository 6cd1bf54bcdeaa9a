"""The overview: every configuration that the viewer may see."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from calsync.web.access import ViewerDep, visible_tenants
from calsync.web.page import Crumb, show
from calsync.web.state import all_tenants

HOME = Crumb("Calendar Sync", "/")


def overview_router() -> APIRouter:
    """The route of the overview; it shows what the viewer may see, be it nothing."""
    router = APIRouter()

    @router.get("/", response_class=HTMLResponse)
    def overview(request: Request, viewer: ViewerDep) -> HTMLResponse:
        tenants, _ = all_tenants()
        visible = visible_tenants(viewer, [tenant.key for tenant in tenants])
        shown = [tenant for tenant in tenants if tenant.key in visible]
        return show(request, "overview.html", crumbs=[HOME], tenants=shown)

    return router
