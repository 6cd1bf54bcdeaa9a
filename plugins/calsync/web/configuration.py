"""The configuration of a tenant: its steps, trying the connections, saving, pausing, removing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.datastructures import FormData

from calsync.config.load import tenants_folder
from calsync.config.model import Tenant
from calsync.config.save import retire_tenant, tenant_file, tenant_text, version_of
from calsync.errors import ConfigError
from calsync.naming import dag_id
from calsync.web.access import may_manage, may_manage_tenant
from calsync.web.airflow_api import Airflow, AirflowDep, DagState
from calsync.web.draft import Draft, Known, drafted
from calsync.web.forms import Said, after_form
from calsync.web.page import Crumb, show
from calsync.web.saving import Saving, known_new, known_saved, starting_values, stored_values, tried
from calsync.web.state import NowDep, StoreDep, TenantDep, all_tenants
from calsync.web.steps import page_values

NEW: Final = "/tenants/new/"
HOME: Final = Crumb("Calendar Sync", "/")


async def typed(request: Request) -> dict[str, str]:
    """The form's fields. Read by hand: an answer of FastAPI's own would repeat what was typed."""
    form: FormData = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


TypedDep = Annotated[dict[str, str], Depends(typed)]


def configuration_router() -> APIRouter:
    """The routes of the configuration; all of them are for those who manage calendar sync."""
    router = APIRouter()
    manage = [Depends(may_manage)]
    manage_it = [Depends(may_manage_tenant)]

    @router.get(NEW, response_class=HTMLResponse, dependencies=manage)
    def new(request: Request, airflow: AirflowDep) -> HTMLResponse:
        values = starting_values(all_tenants()[0])
        return _page(request, None, values, known_new({}, airflow))

    @router.post(NEW, dependencies=manage)
    def send_new(request: Request, airflow: AirflowDep, values: TypedDep) -> Response:
        known = known_new(values, airflow)
        return _sent(request, None, known, values, Saving(airflow, version=""))

    @router.get("/tenants/{tenant}/", response_class=HTMLResponse, dependencies=manage_it)
    def configuration(request: Request, tenant: TenantDep, airflow: AirflowDep, store: StoreDep) -> HTMLResponse:
        known = known_saved(tenant, {}, airflow, store)
        return _page(request, tenant, stored_values(tenant, known), known, airflow=airflow)

    @router.post("/tenants/{tenant}/", dependencies=manage_it)
    def send(request: Request, tenant: TenantDep, airflow: AirflowDep, store: StoreDep, values: TypedDep) -> Response:
        known = known_saved(tenant, values, airflow, store)
        saving = Saving(airflow, version=values.get("version", ""), accounts=store.accounts(tenant.key))
        return _sent(request, tenant, known, values, saving)

    @router.get("/tenants/{tenant}/state/", dependencies=manage_it)
    def state(tenant: TenantDep, airflow: AirflowDep) -> JSONResponse:
        return JSONResponse(asdict(airflow.dag(tenant.key)), headers={"Cache-Control": "no-store"})

    @router.post("/tenants/{tenant}/pause/", dependencies=manage_it)
    def pause(request: Request, tenant: TenantDep, airflow: AirflowDep) -> Response:
        answer = airflow.pause(tenant.key, True)
        said = Said("Disabled: its DAGs are paused, and nothing is synchronised until you enable it again.", "wait")
        return after_form(request, _path(tenant), said if answer.done else Said(answer.why, "bad"))

    @router.post("/tenants/{tenant}/run/", dependencies=manage_it)
    def run(request: Request, tenant: TenantDep, airflow: AirflowDep) -> Response:
        answer = airflow.pause(tenant.key, False)
        answer = airflow.run(tenant.key) if answer.done else answer
        if not answer.done:
            return after_form(request, _path(tenant), Said(f"No run was started. {answer.why}", "bad"))
        return after_form(request, _path(tenant), Said("Its DAGs are active, and a run has been started."))

    @router.post("/tenants/{tenant}/delete/", dependencies=manage_it)
    def delete(request: Request, tenant: TenantDep, airflow: AirflowDep, values: TypedDep, now: NowDep) -> Response:
        return _removed(request, tenant, airflow, values, now)

    return router


def _sent(request: Request, tenant: Tenant | None, known: Known, values: dict[str, str], saving: Saving) -> Response:
    """What becomes of the form, by the button that sent it."""
    draft, action = drafted(values, known), values.get("action", "save")
    if action == "check":
        return _json({"problems": draft.problems, "key": known.key, "notes": _notes(known)})
    if draft.problems or draft.tenant is None:
        return _answer(request, tenant, values, known, 422, problems=draft.problems)
    if action == "test":
        checks = [asdict(check) for check in tried(draft, saving.accounts, values.get("mailbox", "").strip())]
        return _answer(request, tenant, values, known, checks=checks)
    if action == "file":
        return _download(draft.tenant)
    return _saved(request, tenant, known, values, draft, saving)


def _saved(
    request: Request, tenant: Tenant | None, known: Known, values: dict[str, str], draft: Draft, saving: Saving
) -> Response:
    assert draft.tenant is not None  # noqa: S101 - there is no problem
    refused = saving.connections(draft)
    if refused:
        return _answer(request, tenant, values, known, 422, problems=refused)
    try:
        sentence = saving.file(known, draft.tenant)
    except ConfigError as error:
        return _answer(request, tenant, values, known, 409, problems={"": str(error)})
    except OSError:
        # The connections are there now: naming them lets the form be sent again.
        ids = {"connections.crm": draft.crm.kept.conn_id, "connections.graph": draft.graph.kept.conn_id}
        file = {"name": f"{known.key}.yaml", "text": tenant_text(draft.tenant)}
        return _answer(request, tenant, values | ids, known, 409, file=file)
    answer = after_form(request, _path(draft.tenant), Said(sentence))
    if not _wants_json(request):
        return answer
    there = _json({"to": answer.headers["location"]})
    there.headers["set-cookie"] = answer.headers["set-cookie"]
    return there


def _removed(request: Request, tenant: Tenant, airflow: Airflow, values: Mapping[str, str], now: NowDep) -> Response:
    paused = airflow.pause(tenant.key, True)
    if not paused.done:
        return after_form(request, _path(tenant), Said(f"Nothing was removed. {paused.why}", "bad"))
    try:
        kept = retire_tenant(tenants_folder(), tenant.key, values.get("version", ""), now)
    except ConfigError as error:
        return after_form(request, _path(tenant), Said(str(error), "bad"))
    except OSError:
        said = "Its DAGs are paused. The file cannot be removed from here: remove it where it is kept."
        return after_form(request, _path(tenant), Said(said, "wait"))
    airflow.read_files_again(tenant.key)
    said = f"The configuration '{tenant.key}' is removed. No event was deleted. Its file is kept as {kept.name}."
    return after_form(request, "/", Said(said))


def _answer(
    request: Request, tenant: Tenant | None, values: dict[str, str], known: Known, status: int = 200, **found: Any
) -> Response:
    """The page again, or its news alone for a script, which keeps what was typed."""
    if _wants_json(request):
        ids = {name: values[name] for name in ("connections.crm", "connections.graph") if name in values}
        return _json({**found, "ids": ids if "file" in found else {}})
    return _page(request, tenant, values, known, status, **found)


def _page(
    request: Request,
    tenant: Tenant | None,
    values: Mapping[str, str],
    known: Known,
    status: int = 200,
    airflow: Airflow | None = None,
    **found: Any,
) -> HTMLResponse:
    path = tenant_file(known.folder, tenant.key) if tenant else None
    return show(
        request,
        "configuration.html",
        status=status,
        crumbs=[HOME, Crumb(tenant.name if tenant else "New configuration")],
        tenant=tenant,
        version=values.get("version") or (version_of(path) if path else ""),
        dag=airflow.dag(tenant.key) if airflow and tenant else DagState(),
        dag_id=dag_id(tenant.key) if tenant else "",
        notes=_notes(known),
        **page_values(values, known, path),
        **{"problems": {}, "checks": None, "file": None, **found},
    )


def _notes(known: Known) -> dict[str, str]:
    return {"connections.crm": known.crm.why, "connections.graph": known.graph.why}


def _download(tenant: Tenant) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{tenant.key}.yaml"', "Cache-Control": "no-store"}
    return Response(tenant_text(tenant), media_type="application/yaml", headers=headers)


def _path(tenant: Tenant) -> str:
    return f"/tenants/{tenant.key}/"


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _json(body: Any) -> JSONResponse:
    """News for a script. That something has to be corrected is news too: a refusal would stand in the console."""
    return JSONResponse(body, headers={"Cache-Control": "no-store"})
