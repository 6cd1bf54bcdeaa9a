"""The *Changes* tab: what one run did to which event, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any, Final
from urllib.parse import quote

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from calsync.config.values import KEY
from calsync.naming import run_key, tenant_of
from calsync.stages.export import Narrow, as_csv, as_json
from calsync.web.page import notice, show
from calsync.web.reports import Report

ReadReport = Callable[[str, str, Narrow], Mapping[str, Any] | None]
"""(tenant key, run id, which changes) -> the report, None when there is none."""


class Kind(StrEnum):
    """In which forms changes are handed out."""

    CSV = "csv"
    JSON = "json"


_MEDIA: Final = {Kind.CSV: "text/csv; charset=utf-8", Kind.JSON: "application/json"}

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

    def read(dag_id: str, run_id: str, narrow: Narrow) -> tuple[Report, Mapping[str, Any]] | tuple[str, str]:
        """The report, checked and as it is; else heading and text of why there is none."""
        key = tenant_of(dag_id)
        if key is None or not KEY.fullmatch(key):
            return _OTHER_DAG
        said = read_report(key, run_key(dag_id, run_id), narrow) if _RUN_ID.fullmatch(run_id) else None
        if said is None:
            return _NO_REPORT
        try:
            return Report.model_validate(said), said
        except ValidationError:
            return _UNREADABLE

    @router.get("/dags/{dag_id}/runs/{run_id}/changes/", response_class=HTMLResponse)
    def changes(
        request: Request, dag_id: str, run_id: str, narrow: Annotated[Narrow, Depends(_narrow)]
    ) -> HTMLResponse:
        found = read(dag_id, run_id, replace(narrow, rows=ROWS))
        if isinstance(found[0], str):
            return notice(request, found[0], str(found[1]))
        return show(
            request,
            "changes.html",
            report=found[0],
            narrow=narrow,
            path=f"/dags/{dag_id}/runs/{quote(run_id)}/changes/",
        )

    @router.get("/dags/{dag_id}/runs/{run_id}/changes/{kind}/")
    def exported(dag_id: str, run_id: str, kind: Kind, narrow: Annotated[Narrow, Depends(_narrow)]) -> Response:
        found = read(dag_id, run_id, replace(narrow, rows=0))
        if isinstance(found[0], str):
            raise HTTPException(404, str(found[1]))
        report, said = found
        written = as_csv(said) if kind is Kind.CSV else as_json(_without_counts(said))
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="changes-{report.tenant}.{kind}"',
            "X-Content-Type-Options": "nosniff",
        }
        return Response(written, media_type=_MEDIA[kind], headers=headers)

    return router


def _narrow(
    side: Annotated[str, Query(max_length=20)] = "",
    verb: Annotated[str, Query(max_length=20)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    rule: Annotated[str, Query(max_length=20)] = "",
    employee: Annotated[str, Query(pattern=r"^\d{0,6}$")] = "",
    page: Annotated[int, Query(ge=1)] = 1,
) -> Narrow:
    return Narrow(side, verb, state, rule, int(employee or 0), page)


def _without_counts(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the run's task wrote, without what only the page needs."""
    return {name: value for name, value in said.items() if name not in ("found", "total", "page", "pages", "choices")}
