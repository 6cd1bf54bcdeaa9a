"""Attention: what waits for a person, and a person's word about it; one configuration at a time, one or many."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from calsync.config.model import Tenant
from calsync.core.model import Availability
from calsync.core.plan import Word
from calsync.errors import LeaseHeld
from calsync.naming import approval_run_id
from calsync.stages.answering import answer_next
from calsync.stages.context import Run
from calsync.stages.holds import what_waits
from calsync.stages.masking import title_of
from calsync.stages.overview import glances
from calsync.stages.parked import drop, parked, retry_next
from calsync.stages.secrets import Expiry, expiring
from calsync.store.records import HistoryEntry
from calsync.store.roster import Group
from calsync.store.store import Store
from calsync.web.access import Viewer, ViewerDep, answerable_tenants, may_answer, may_view, visible_tenants
from calsync.web.airflow_api import Airflow, AirflowDep
from calsync.web.dag_states import paused
from calsync.web.forms import Said, after_form
from calsync.web.overview import HOME, totals, waiting
from calsync.web.page import Crumb, show
from calsync.web.state import NowDep, PortsDep, StoreDep, TenantDep, all_tenants
from calsync.web.words import counted

HERE: Final = Crumb("Attention", "/attention/")
ROWS: Final = 50
"""Meetings, actions or accounts on one page of a list."""

LATELY: Final = timedelta(days=7)
"""So long a conflict is shown."""

LOOKED_AT: Final = 25
"""Of so many configurations the secrets are looked at for the page of all."""

AWAY: Final = {
    Availability.NO_MAILBOX: "has no mailbox, or its licence is gone: give it one in Microsoft 365",
    Availability.FORBIDDEN: "Microsoft refuses access: look at the application's access policy",
    Availability.GONE: "the Microsoft user is gone: match the employee anew, or revoke the account",
    Availability.UNREACHABLE: "could not be read lately: it is tried again by every run",
}
DONE: Final = {Word.APPROVE: "approved", Word.RESTORE: "put back", Word.UNLINK: "left as they are"}
NOTHING: Final = Said("Nothing of this waits any more. It was answered elsewhere, or has moved on.", "wait")


def attention_router() -> APIRouter:
    """The routes of the page of all configurations, and of each one's own."""
    router = APIRouter()
    _add_pages(router)
    _add_answers(router)
    return router


def _add_pages(router: APIRouter) -> None:
    @router.get("/attention/", response_class=HTMLResponse)
    def attention(request: Request, viewer: ViewerDep, store: StoreDep, now: NowDep) -> Response:
        tenants, _ = all_tenants()
        visible = visible_tenants(viewer, [tenant.key for tenant in tenants])
        tenants = [tenant for tenant in tenants if tenant.key in visible]
        if len(tenants) == 1:
            return after_form(request, f"/tenants/{tenants[0].key}/attention/")
        every = sorted(glances(store, tenants, now), key=lambda one: -one.urgency)
        looked_at = tenants if viewer.manages and len(tenants) <= LOOKED_AT else []
        return show(
            request,
            "attention.html",
            crumbs=[HOME, HERE],
            rows=[one for one in every if one.urgency],
            waiting=waiting(totals(every)),
            ends=[(tenant, end) for tenant in looked_at for end in expiring(tenant, now)],
            now=now,
        )

    @router.get("/tenants/{tenant}/attention/", dependencies=[Depends(may_view)], response_class=HTMLResponse)
    def of_one(
        request: Request,
        tenant: TenantDep,
        viewer: ViewerDep,
        ports: PortsDep,
        now: NowDep,
        held: Annotated[int, Query(ge=1)] = 1,
        parked: Annotated[int, Query(ge=1)] = 1,
    ) -> HTMLResponse:
        return show(
            request,
            "attention_tenant.html",
            crumbs=[HOME, HERE, Crumb(tenant.name)],
            tenant=tenant,
            now=now,
            answers=tenant.key in answerable_tenants(viewer, [tenant.key]),
            **_held(tenant, ports.store, held),
            **_parked(tenant, ports, parked),
            **_others(tenant, ports.store, viewer, now),
        )


def _add_answers(router: APIRouter) -> None:
    @router.post("/tenants/{tenant}/attention/held/", dependencies=[Depends(may_answer)])
    def answer(
        request: Request,
        tenant: TenantDep,
        viewer: ViewerDep,
        ports: PortsDep,
        airflow: AirflowDep,
        now: NowDep,
        word: Annotated[Word, Form()],
        what: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    ) -> RedirectResponse:
        def noted() -> Said:
            answered = answer_next(tenant, ports, _run(now, "answer"), what, word, viewer.name)
            if not answered:
                return NOTHING
            return Said(f"{counted(len(answered), 'meeting')} {DONE[word]}. {_carry_out(airflow, tenant, ports.store)}")

        return _back(request, tenant, "held", noted)

    @router.post("/tenants/{tenant}/attention/parked/", dependencies=[Depends(may_answer)])
    def settle(
        request: Request,
        tenant: TenantDep,
        viewer: ViewerDep,
        ports: PortsDep,
        airflow: AirflowDep,
        now: NowDep,
        do: Annotated[str, Form(pattern="^(retry|drop)$")],
        what: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    ) -> RedirectResponse:
        def noted() -> Said:
            if do == "drop":
                dropped = drop(tenant, ports, _run(now, "drop"), what, viewer.name)
                return Said(f"{counted(dropped, 'change')} dropped.") if dropped else NOTHING
            retried = retry_next(tenant, ports, _run(now, "retry"), what, viewer.name)
            return (
                Said(f"{counted(retried, 'change')} to be tried again. {_start(airflow, tenant)}")
                if retried
                else NOTHING
            )

        return _back(request, tenant, "parked", noted)


def _back(request: Request, tenant: Tenant, section: str, noted: Any) -> RedirectResponse:
    """Note what a person says, and show the page again with what came of it."""
    try:
        said = noted()
    except LeaseHeld:
        said = Said(
            "A run is at work on this configuration, so nothing was noted. Try again when it has ended.", "wait"
        )
    return after_form(request, f"/tenants/{tenant.key}/attention/#{section}", said)


def _run(now: datetime, kind: str) -> Run:
    id_ = f"web-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    return Run(id=id_, kind=kind, at=now, holder=id_)


def _carry_out(airflow: Airflow, tenant: Tenant, store: Store) -> str:
    """Let Airflow do at once what was answered: the run that asks a question goes on when its question is answered
    there too; for a part of a question, an ordinary run does it."""
    answered = store.answered(tenant.key)
    handed = [one for one in answered if one.whole and one.question and _close(airflow, tenant, one.question, one.word)]
    return "It is carried out now." if answered and len(handed) == len(answered) else _start(airflow, tenant)


def _close(airflow: Airflow, tenant: Tenant, question: str, word: str) -> bool:
    return airflow.answer(tenant.key, approval_run_id(question), word).done


def _start(airflow: Airflow, tenant: Tenant) -> str:
    """Start a run for what was noted; where Airflow refuses, the next one does it."""
    if paused([tenant.key]).get(tenant.key):
        return "The DAG is paused: it is done when its runs go on."
    return "A run was started for it." if airflow.run(tenant.key).done else "The next run does it."


def _held(tenant: Tenant, store: Store, page: int) -> dict[str, Any]:
    questions = store.questions(tenant.key)
    count = sum(one.meetings for one in questions)
    pages = max(1, -(-count // ROWS))
    page = min(page, pages)
    links = store.held_links(tenant.key, ROWS, (page - 1) * ROWS) if count else []
    return {
        "questions": questions,
        "answered": store.answered(tenant.key),
        "held": sorted(what_waits(tenant, store, links), key=lambda one: (one.since, one.start)) if links else [],
        "held_count": count,
        "held_page": page,
        "held_pages": pages,
    }


def _parked(tenant: Tenant, ports: PortsDep, page: int) -> dict[str, Any]:
    waits = ports.store.waiting_counts([tenant.key]).get(tenant.key)
    count = waits.parked if waits else 0
    pages = max(1, -(-count // ROWS))
    page = min(page, pages)
    rows = parked(tenant, ports, ROWS, (page - 1) * ROWS) if count else []
    return {"parked": rows, "parked_count": count, "parked_page": page, "parked_pages": pages}


def _others(tenant: Tenant, store: Store, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """Conflicts, accounts and secrets: shown here, acted on on their own pages."""
    conflicts = store.conflicts(tenant.key, now - LATELY, ROWS)
    links = {link.id: link for link in store.links(tenant.key, {entry.link for entry in conflicts})}
    titles = {id_: title_of(link) for id_, link in links.items()}
    away = [
        (one, AWAY.get(one.account.availability, ""))
        for one in store.people(tenant.key, Group.AWAY, limit=ROWS)
        if one.account
    ]
    ends: list[Expiry] = expiring(tenant, now) if viewer.manages else []
    return {
        "conflicts": [(entry, titles.get(entry.link, ""), list(_yielded(entry))) for entry in conflicts],
        "away": away,
        "away_count": store.account_counts([tenant.key])[tenant.key].away if away else 0,
        "ends": ends,
    }


def _yielded(entry: HistoryEntry) -> Iterator[tuple[str, str]]:
    """Which fields of which side yielded."""
    yield from dict.fromkeys((loss.field, str(loss.side)) for loss in entry.losses)
