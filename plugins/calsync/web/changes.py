"""The *Changes* tab: what one run did to which event, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from calsync.config.values import KEY
from calsync.naming import run_key, tenant_of
from calsync.web.page import notice, show
from calsync.web.reports import Report

ReadReport = Callable[[str, str], Mapping[str, Any] | None]
"""(tenant key, run id) -> the report, None when there is none."""

ROWS: Final = 250
"""Changes on one page."""

_RUN_ID: Final = re.compile(r"(?!\.+$)[A-Za-z0-9_.~:+-]{1,250}")
"""Airflow's own pattern of run ids, and no name that means a folder above."""

_OTHER_DAG: Final = (
    "Not a calendar-sync DAG",
    "This tab shows what a calendar sync changed. Runs of other DAGs have nothing to show here.",
)
_NO_REPORT: Final = (
    "No report for this run",
    "It appears when the run's report task has ended, and is kept as long as the tenant's retention says. "
    "Reload the tab, or look at the log of the report task.",
)
_UNREADABLE: Final = (
    "This report cannot be read",
    "Another version of calsync wrote it. The log of the run's report task holds its sentence.",
)


def changes_router(read_report: ReadReport) -> APIRouter:
    """The routes of the tab; a user needs the right to read the runs of the DAG in the path."""
    router = APIRouter(dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.RUN))])

    @router.get("/dags/{dag_id}/runs/{run_id}/changes/", response_class=HTMLResponse)
    def changes(
        request: Request, dag_id: str, run_id: str, number: Annotated[int, Query(alias="page", ge=1)] = 1
    ) -> HTMLResponse:
        key = tenant_of(dag_id)
        if key is None or not KEY.fullmatch(key):
            return notice(request, *_OTHER_DAG)
        said = read_report(key, run_key(dag_id, run_id)) if _RUN_ID.fullmatch(run_id) else None
        if said is None:
            return notice(request, *_NO_REPORT)
        try:
            report = Report.model_validate(said)
        except ValidationError:
            return notice(request, *_UNREADABLE)
        pages = max(1, -(-len(report.changes) // ROWS))
        number = min(number, pages)
        rows = report.changes[(number - 1) * ROWS : number * ROWS]
        return show(request, "changes.html", report=report, rows=rows, number=number, pages=pages)

    return router
