"""The one application: Microsoft 365, ShareCRM, the control interface and a page to look at, behind the frame."""

from __future__ import annotations

from fastapi import FastAPI

from sandbox import control, pages
from sandbox.faults import Faults
from sandbox.microsoft.app import router as microsoft_router
from sandbox.microsoft.state import Microsoft
from sandbox.middleware import Frame
from sandbox.sharecrm.app import router as sharecrm_router
from sandbox.sharecrm.state import ShareCrm
from sandbox.world import World


def new_world() -> World:
    """An empty world with both systems in it."""
    world = World()
    world.faults = Faults(world)
    world.microsoft = Microsoft(world)
    world.sharecrm = ShareCrm(world)
    return world


def create_app(world: World) -> FastAPI:
    """The ASGI application over `world`. More specific paths come first: Microsoft's login owns `/{tenant}/...`."""
    app = FastAPI(title="calsync sandbox", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(control.router(world), prefix="/_control")
    app.include_router(pages.router(world))
    app.include_router(sharecrm_router(world))
    app.include_router(microsoft_router(world))
    app.add_middleware(Frame, world=world)
    return app
