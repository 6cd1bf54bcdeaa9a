"""One meeting: both sides beside what was agreed, where it stands, its history, and what a person may do about it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from calsync.config.model import Tenant
from calsync.naming import DagKind, dag_id
from calsync.stages.meeting import Shown, meeting
from calsync.stages.wishes import note, why_no_wish
from calsync.store.records import HistoryEntry, Wish, WishKind
from calsync.store.store import Store
from calsync.web.access import Viewer, ViewerDep, answerable_tenants, may_answer, may_manage_tenant, may_view
from calsync.web.forms import Said, after_form
from calsync.web.outside import Outside
from calsync.web.page import Crumb, show
from calsync.web.state import NowDep, StoreDep, TenantDep

NO_MEETING: Final = "There is no meeting of this id. Calsync may have forgotten it; search for it by its day."
NOTED: Final = "Noted. The next run does it, if nothing has changed until then."
LOOKED: Final = "an admin looked at what is private"


def meeting_router() -> APIRouter:
    """The routes of the page: looking takes the right to see the tenant, acting the right to answer for it, and seeing
    what is private the right to manage calendar sync."""
    router = APIRouter(dependencies=[Depends(may_view)])

    @router.get("/tenants/{tenant}/meetings/{link}/", response_class=HTMLResponse)
    def one(
        request: Request, tenant: TenantDep, link: str, store: StoreDep, viewer: ViewerDep, now: NowDep
    ) -> HTMLResponse:
        return _page(request, tenant, _shown(tenant, store, link), viewer, now)

    @router.post("/tenants/{tenant}/meetings/{link}/private/", response_class=HTMLResponse)
    def unmasked(
        request: Request,
        tenant: TenantDep,
        link: str,
        store: StoreDep,
        viewer: Annotated[Viewer, Depends(may_manage_tenant)],
        now: NowDep,
    ) -> HTMLResponse:
        shown = _shown(tenant, store, link, unmasked=True)
        store.add_history(tenant.key, [HistoryEntry(now, "", link, "F6", LOOKED, who=viewer.name)])
        return _page(request, tenant, shown, viewer, now)

    @router.post("/tenants/{tenant}/meetings/{link}/restore/", response_class=RedirectResponse)
    def restore(
        request: Request,
        tenant: TenantDep,
        link: str,
        store: StoreDep,
        viewer: Annotated[Viewer, Depends(may_answer)],
        now: NowDep,
        of: Annotated[str, Form(max_length=40)],
    ) -> RedirectResponse:
        return _wish(request, tenant, store, Wish(link, WishKind.RESTORE, of, viewer.name, now))

    @router.post("/tenants/{tenant}/meetings/{link}/undo/", response_class=RedirectResponse)
    def undo(
        request: Request,
        tenant: TenantDep,
        link: str,
        store: StoreDep,
        viewer: Annotated[Viewer, Depends(may_answer)],
        now: NowDep,
        of: Annotated[str, Form(max_length=250)],
    ) -> RedirectResponse:
        return _wish(request, tenant, store, Wish(link, WishKind.UNDO, of, viewer.name, now))

    return router


def _shown(tenant: Tenant, store: Store, link: str, *, unmasked: bool = False) -> Shown:
    found = meeting(tenant, store, link, unmasked=unmasked)
    if found is None:
        raise HTTPException(404, NO_MEETING)
    return found


def _wish(request: Request, tenant: Tenant, store: Store, wish: Wish) -> RedirectResponse:
    link = next(iter(store.links(tenant.key, [wish.link])), None)
    if link is None:
        raise HTTPException(404, NO_MEETING)
    why_not = why_no_wish(tenant, store, link, wish)
    if not why_not:
        note(tenant, store, wish)
    said = Said(why_not, "bad") if why_not else Said(NOTED)
    return after_form(request, f"/tenants/{tenant.key}/meetings/{wish.link}/", said)


def _page(request: Request, tenant: Tenant, shown: Shown, viewer: Viewer, now: datetime) -> HTMLResponse:
    meetings = f"/tenants/{tenant.key}/meetings/"
    return show(
        request,
        "meeting.html",
        crumbs=[
            Crumb("Calendar Sync", "/"),
            Crumb(tenant.name, meetings),
            Crumb("Meetings", meetings),
            Crumb(shown.title),
        ],
        tenant=tenant,
        shown=shown,
        outside=Outside(tenant),
        dag=dag_id(tenant.key, DagKind.SYNC),
        may_act=bool(answerable_tenants(viewer, [tenant.key])),
        now=now,
    )
