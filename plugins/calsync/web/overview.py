"""The overview: every configuration that the viewer may see, how it stands, and where to go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from calsync.config.model import Tenant
from calsync.naming import changes_tab, dag_run_of
from calsync.stages.overview import Glance, glances, recent_changes, written
from calsync.store.records import Run
from calsync.web.access import ViewerDep, visible_tenants
from calsync.web.chart import Chart, chart
from calsync.web.dag_states import paused
from calsync.web.page import Crumb, show
from calsync.web.state import NowDep, StoreDep, all_tenants
from calsync.web.words import counted, moment, span

HOME: Final = Crumb("Calendar Sync", "/")
ROWS: Final = 25
"""Tenants on one page."""

BARS: Final = 20
"""Runs in one chart."""

SORTS: Final = {"attention": "What needs attention first", "name": "Name"}


@dataclass(frozen=True, slots=True)
class Row:
    """One configuration on the page. run_page: where Airflow shows its last run, "" for a run that was not Airflow's.

    paused: None where Airflow has not read the DAG yet. lag: in words.
    """

    glance: Glance
    paused: bool | None
    lag: str
    late: bool
    run_page: str
    chart: Chart
    charted: str


def overview_router() -> APIRouter:
    """The route of the overview; it shows what the viewer may see, be it nothing."""
    router = APIRouter()

    @router.get("/", response_class=HTMLResponse)
    def overview(
        request: Request,
        viewer: ViewerDep,
        store: StoreDep,
        now: NowDep,
        find: str = "",
        sort: str = "attention",
        page: Annotated[int, Query(ge=1)] = 1,
    ) -> HTMLResponse:
        tenants, broken = all_tenants()
        visible = visible_tenants(viewer, [*(tenant.key for tenant in tenants), *broken])
        all_ = glances(store, [tenant for tenant in tenants if tenant.key in visible], now)
        found = _sorted([glance for glance in all_ if _matches(glance.tenant, find)], sort)
        pages = max(1, -(-len(found) // ROWS))
        page = min(page, pages)
        return show(
            request,
            "overview.html",
            crumbs=[HOME],
            totals=totals(all_),
            rows=_rows(store, found[(page - 1) * ROWS : page * ROWS], now),
            broken={key: error.problems for key, error in broken.items() if key in visible},
            number=page,
            pages=pages,
            find=find,
            sort=sort,
            sorts=list(SORTS.items()),
            now=now,
        )

    return router


def totals(all_: Sequence[Glance]) -> dict[str, int]:
    """What all the viewer's configurations have together."""
    return {
        "configurations": len(all_),
        "failed": sum(one.failed for one in all_),
        "accounts": sum(one.accounts.authorised for one in all_),
        "away": sum(one.accounts.away for one in all_),
        "changes": sum(one.changes for one in all_),
        "conflicts": sum(one.conflicts for one in all_),
        "held": sum(one.waits.held for one in all_),
        "parked": sum(one.waits.parked for one in all_),
    }


def waiting(total: Mapping[str, int]) -> int:
    """How much of these totals waits for somebody."""
    return total["held"] + total["parked"] + total["away"]


def _matches(tenant: Tenant, find: str) -> bool:
    return find.casefold() in tenant.name.casefold() or find.casefold() in tenant.key


def _sorted(all_: list[Glance], sort: str) -> list[Glance]:
    by_name = sorted(all_, key=lambda one: one.tenant.name.casefold())
    return by_name if sort == "name" else sorted(by_name, key=lambda one: -one.urgency)


def _rows(store: StoreDep, shown: Sequence[Glance], now: datetime) -> list[Row]:
    tenants = [one.tenant for one in shown]
    states = paused([tenant.key for tenant in tenants])
    runs = recent_changes(store, tenants, BARS)
    return [_row(one, states.get(one.tenant.key), runs.get(one.tenant.key, []), now) for one in shown]


def _row(one: Glance, is_paused: bool | None, runs: Sequence[Run], now: datetime) -> Row:
    lag = one.lag(now)
    at = dag_run_of(one.tenant.key, one.last.id) if one.last else None
    columns: list[tuple[str, dict[str, Any]]] = [(_title(run), written(run.counters)) for run in runs]
    most = max((sum(counts.values()) for _, counts in columns), default=0)
    return Row(
        glance=one,
        paused=is_paused,
        lag=span(lag.total_seconds()) if lag is not None else "",
        late=one.late(now) and not is_paused,
        run_page=changes_tab(*at, "") if at else "",
        chart=chart(columns, BARS),
        charted=f"Changes of the last {counted(len(columns), 'run')}, {most:,} at most",
    )


def _title(run: Run) -> str:
    counts = ", ".join(f"{number:,} {verb}" for verb, number in written(run.counters).items() if number)
    return f"{moment(run.started_at)}: {counts or 'nothing written'}"
