"""Connected accounts: who takes part, who could, who was not matched and why; authorise, revoke, settle, match anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.datastructures import FormData, UploadFile

from calsync.accounts import Changed, authorise, matched_at, revoke, settle, stored
from calsync.config.model import Tenant
from calsync.stages.enrolment import Word, preview, read_lines
from calsync.stages.matching import State, latest, start
from calsync.stages.ports import open_ports
from calsync.store.roster import Group
from calsync.store.store import Store
from calsync.web.access import may_manage_tenant
from calsync.web.account_rows import GROUPS, row_of
from calsync.web.forms import Said, after_form
from calsync.web.page import Crumb, show
from calsync.web.public import connect_page, redirect_uri
from calsync.web.state import NowDep, StoreDep, TenantDep
from calsync.web.words import counted

ROWS: Final = 50
"""Employees on one page."""

LARGEST_LIST: Final = 2_000_000
"""Bytes of a list that may be uploaded."""

SHOWN_LINES: Final = 500
"""Lines of a list that its preview shows, those first that do nothing."""

_NOTHING: Final = Said("Nobody was chosen: tick at least one employee first.", "wait")


async def _form(request: Request) -> FormData:
    return await request.form()


FormDep = Annotated[FormData, Depends(_form)]


def accounts_router() -> APIRouter:
    """The routes of the page; all of them are for those who manage calendar sync."""
    router = APIRouter(prefix="/tenants/{tenant}/accounts", dependencies=[Depends(may_manage_tenant)])
    _add_list(router)
    _add_changes(router)
    _add_lists(router)
    _add_matching(router)
    return router


def _add_list(router: APIRouter) -> None:
    @router.get("/", response_class=HTMLResponse)
    def accounts(
        request: Request,
        tenant: TenantDep,
        store: StoreDep,
        now: NowDep,
        group: Group | None = None,
        number: Annotated[int, Query(alias="page", ge=1)] = 1,
    ) -> HTMLResponse:
        found = _listed(tenant, store, group, "", number)
        return _page(request, tenant, "accounts.html", store=store, now=now, **found)

    @router.post("/find/", response_class=HTMLResponse)
    def find(request: Request, tenant: TenantDep, store: StoreDep, now: NowDep, form: FormDep) -> HTMLResponse:
        text, number = _text(form, "text")[:320], _text(form, "page")
        found = _listed(tenant, store, None, text, int(number) if number.isdecimal() else 1)
        return _page(request, tenant, "accounts.html", store=store, now=now, **found)


def _add_changes(router: APIRouter) -> None:
    @router.post("/change/")
    def change(request: Request, tenant: TenantDep, store: StoreDep, now: NowDep, form: FormDep) -> Response:
        word, employees = _wish(form)
        if employees == []:
            return after_form(request, _path(tenant), _NOTHING)
        if word is Word.REVOKE:
            done = revoke(tenant, employees, store, now)
        else:
            done = authorise(tenant, stored(tenant.key, store, employees), employees, store, now)
        return after_form(request, _path(tenant), _told(word, done))

    @router.post("/settle/")
    def choose(request: Request, tenant: TenantDep, store: StoreDep, form: FormDep) -> Response:
        employee = _text(form, "employee")
        why = settle(tenant, employee, _text(form, "object_id"), store)
        said = (
            Said(f"Employee {employee}: {why}.", "bad") if why else Said("Stored. The account can be authorised now.")
        )
        return after_form(request, f"{_path(tenant)}?group={Group.AMBIGUOUS if why else Group.READY}", said)


def _add_lists(router: APIRouter) -> None:
    @router.post("/upload/", response_class=HTMLResponse)
    async def upload(request: Request, tenant: TenantDep, store: StoreDep, now: NowDep, form: FormDep) -> HTMLResponse:
        file, word = form.get("list"), _word(_text(form, "do"))
        if not isinstance(file, UploadFile) or not file.size:
            raise HTTPException(422, "Choose a file first: one employee id or address in each line.")
        if file.size > LARGEST_LIST:
            raise HTTPException(413, "The list is too large. Split it, and upload the parts one after another.")
        try:
            lines = preview(tenant, read_lines(await file.read()), word, store)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        shown = sorted(lines, key=lambda line: line.does)[:SHOWN_LINES]
        employees = "\n".join(line.employee for line in lines if line.does)
        does = sum(line.does for line in lines)
        values: dict[str, Any] = {
            "lines": shown,
            "total": len(lines),
            "does": does,
            "employees": employees,
            "word": word,
        }
        return _page(request, tenant, "accounts_preview.html", here="A list", **values)


def _add_matching(router: APIRouter) -> None:
    @router.post("/match/")
    def match(request: Request, tenant: TenantDep, store: StoreDep, now: NowDep) -> Response:
        begun = start(tenant, store, now, lambda: open_ports(tenant))
        told = "Matching has begun." if begun else "A matching runs already."
        return after_form(request, _path(tenant), Said(f"{told} This page shows what comes of it.", "wait"))

    @router.get("/match/")
    def matching(tenant: TenantDep, store: StoreDep, now: NowDep) -> JSONResponse:
        found = latest(store, tenant.key, now)
        return JSONResponse({"state": found.state}, headers={"Cache-Control": "no-store"})


def _listed(tenant: Tenant, store: Store, group: Group | None, text: str, number: int) -> dict[str, Any]:
    """A page of the list, two queries whatever its length."""
    groups = store.groups(tenant.key, text)
    total = sum(groups.values()) if group is None else groups[group]
    pages = max(1, -(-total // ROWS))
    number = min(max(number, 1), pages)
    people = store.people(tenant.key, group, text, (number - 1) * ROWS, ROWS)
    known = {"group": group, "text": text, "number": number, "pages": pages, "total": total, "groups": groups}
    return known | {"rows": [row_of(one) for one in people], "words": GROUPS}


def _page(
    request: Request, tenant: Tenant, template: str, here: str = "", store: Store | None = None, **values: Any
) -> HTMLResponse:
    path = _path(tenant)
    crumbs = [Crumb("Calendar Sync", "/"), Crumb(tenant.name, ""), Crumb("Accounts", path)]
    more: dict[str, Any] = {}
    if store:
        matching = latest(store, tenant.key, values["now"])
        more = {"matching": asdict(matching), "running": matching.state is State.RUNNING}
        more |= {"matched_at": matched_at(tenant.key, store), "connect_page": connect_page(request, tenant.key)}
        more |= {"redirect_uri": redirect_uri(request, tenant.key), "all_states": Group}
    shown = [*crumbs, Crumb(here)] if here else crumbs
    return show(request, template, crumbs=shown, tenant=tenant, base=path, **more | values)


def _path(tenant: Tenant) -> str:
    return f"/tenants/{tenant.key}/accounts/"


def _text(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _word(text: str) -> Word:
    try:
        return Word(text)
    except ValueError:
        raise HTTPException(422, "Say whether to authorise or to revoke.") from None


def _wish(form: FormData) -> tuple[Word, list[str] | None]:
    """What is wanted, and of whom: one row's button, the ticked rows, a list's lines, or everybody (None)."""
    if one := _text(form, "one"):
        word, _, employee = one.partition(" ")
        return _word(word), [employee]
    word = _word(_text(form, "do"))
    if _text(form, "everybody"):
        return word, None
    ticked = [str(value) for value in form.getlist("employee")]
    return word, [*ticked, *(line for line in _text(form, "employees").splitlines() if line)]


def _told(word: Word, done: Changed) -> Said:
    verb = "authorised" if word is Word.AUTHORISE else "revoked"
    said = f"{counted(len(done.accounts), 'account')} {verb}."
    if not done.refused:
        return Said(said)
    some = [f"Employee {employee}: {why}." for employee, why in list(done.refused.items())[:3]]
    rest = len(done.refused) - len(some)
    more = [f"And {counted(rest, 'more', 'more')}." if rest else ""]
    return Said(" ".join([said, *some, *more]).strip(), "wait")
