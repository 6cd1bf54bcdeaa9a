"""The FastAPI application that Airflow mounts under `/calsync`."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI

from calsync.web.access import viewer
from calsync.web.accounts import accounts_router
from calsync.web.assets import assets_router
from calsync.web.attention import attention_router
from calsync.web.changes import ReadReport, changes_router
from calsync.web.configuration import configuration_router
from calsync.web.connect import connect_router
from calsync.web.forms import own_form
from calsync.web.meeting import meeting_router
from calsync.web.meetings import meetings_router
from calsync.web.overview import overview_router
from calsync.web.problems import add_problem_pages
from calsync.web.reports import stored_report


def create_app(read_report: ReadReport = stored_report) -> FastAPI:
    """The pages. Every route asks for a signed-in user itself: a mounted application inherits no protection.

    The one exception is the page on which employees connect; it asks who has signed in with Microsoft.

    read_report: finds the report of a tenant's run; default: in the staging folder.
    """
    app = FastAPI(title="calsync", openapi_url=None, docs_url=None, redoc_url=None)
    add_problem_pages(app)
    for router in (
        overview_router(),
        attention_router(),
        configuration_router(),
        accounts_router(),
        meetings_router(),
        meeting_router(),
        changes_router(read_report),
    ):
        app.include_router(_signed_in(router))
    app.include_router(assets_router())
    app.include_router(connect_router())
    return app


def _signed_in(router: APIRouter) -> APIRouter:
    """A router whose routes are for signed-in users alone, and take changes from our own forms alone."""
    outer = APIRouter(dependencies=[Depends(viewer), Depends(own_form)])
    outer.include_router(router)
    return outer
