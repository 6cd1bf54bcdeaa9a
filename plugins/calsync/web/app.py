"""The FastAPI application that Airflow mounts under `/calsync`."""

from __future__ import annotations

from fastapi import FastAPI

from calsync.web.assets import assets_router
from calsync.web.changes import ReadReport, changes_router
from calsync.web.reports import stored_report


def create_app(read_report: ReadReport = stored_report) -> FastAPI:
    """The pages. Every route asks for a signed-in user itself: a mounted application inherits no protection.

    read_report: finds the report of a tenant's run; default: in the staging folder.
    """
    app = FastAPI(title="calsync", openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(changes_router(read_report))
    app.include_router(assets_router())
    return app
