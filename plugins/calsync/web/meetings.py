"""Meetings of a configuration: a calendar by month, week or day, and a search.

What people type stands in no address: the form is posted, and its answer is the page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse

from calsync.config.model import Tenant
from calsync.core.model import Account
from calsync.stages.calendar import View, calendar, matches
from calsync.store.search import Circle, Sought
from calsync.store.store import Store
from calsync.web.access import may_view
from calsync.web.page import Crumb, show
from calsync.web.state import NowDep, StoreDep, TenantDep

ROWS: Final = 50
"""Matches on one page."""

VIEWS: Final = [(View.MONTH, "Month"), (View.WEEK, "Week"), (View.DAY, "Day")]
CIRCLES: Final = [
    (Circle.ALL, "All meetings"),
    (Circle.INTERNAL, "Internal"),
    (Circle.EXTERNAL, "External (with contacts)"),
    (Circle.PRIVATE, "Private"),
]
NOBODY: Final = "No account has this employee id or address."
SEVERAL: Final = "Several accounts fit. Type the whole employee id or address."
BACKWARDS: Final = "The last day is before the first."


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks for. who: an employee id or address. words: of a title. first, last: days of a search."""

    view: View
    day: date
    circle: Circle
    who: str = ""
    words: str = ""
    first: date | None = None
    last: date | None = None
    page: int = 1

    def going(self, go: str, today: date, earlier: date, later: date) -> Asked:
        """The same, around another day."""
        return replace(self, day={"earlier": earlier, "later": later, "today": today}.get(go, self.day))


def meetings_router() -> APIRouter:
    """The routes of the page; a user needs the right to see the tenant."""
    router = APIRouter(dependencies=[Depends(may_view)])

    @router.get("/tenants/{tenant}/meetings/", response_class=HTMLResponse)
    def meetings(
        request: Request,
        tenant: TenantDep,
        store: StoreDep,
        now: NowDep,
        view: View = View.MONTH,
        day: Annotated[date | None, Query()] = None,
        circle: Circle = Circle.ALL,
    ) -> HTMLResponse:
        today = _today(tenant, now)
        return _page(request, tenant, store, today, Asked(view, _within(day or today), circle))

    @router.post("/tenants/{tenant}/meetings/", response_class=HTMLResponse)
    def narrowed(
        request: Request,
        tenant: TenantDep,
        store: StoreDep,
        now: NowDep,
        asked: Annotated[Asked, Depends(_asked)],
        go: Annotated[str, Form()] = "",
    ) -> HTMLResponse:
        today = _today(tenant, now)
        return _page(request, tenant, store, today, asked, go)

    return router


def _asked(
    tenant: TenantDep,
    now: NowDep,
    view: Annotated[View, Form()] = View.MONTH,
    day: Annotated[date | None, Form()] = None,
    circle: Annotated[Circle, Form()] = Circle.ALL,
    who: Annotated[str, Form(max_length=320)] = "",
    words: Annotated[str, Form(max_length=200)] = "",
    first: Annotated[str, Form(pattern=r"^(\d{4}-\d\d-\d\d)?$")] = "",
    last: Annotated[str, Form(pattern=r"^(\d{4}-\d\d-\d\d)?$")] = "",
    number: Annotated[int, Form(ge=1, le=10_000)] = 1,
) -> Asked:
    around = _within(day or _today(tenant, now))
    return Asked(view, around, circle, who.strip(), words.strip(), _day(first), _day(last), number)


def _today(tenant: Tenant, now: datetime) -> date:
    return now.astimezone(ZoneInfo(tenant.time_zone)).date()


def _day(text: str) -> date | None:
    try:
        return _within(date.fromisoformat(text)) if text else None
    except ValueError:
        return None


def _within(day: date) -> date:
    """A day around which a calendar can be drawn."""
    return min(max(day, date(1970, 2, 1)), date(9000, 1, 1))


def _page(request: Request, tenant: Tenant, store: Store, today: date, asked: Asked, go: str = "") -> HTMLResponse:
    account, problem = _account(store, tenant, asked.who)
    first = asked.first or today - timedelta(days=tenant.window.past_days)
    last = asked.last or today + timedelta(days=tenant.window.future_days)
    if last < first:
        problem = problem or BACKWARDS
    sought = Sought(
        first,
        last,
        asked.circle,
        mailbox=account.object_id if account else "",
        employee=account.employee if account else "",
    )
    found = _found(tenant, store, asked, sought, today, go) if not problem else {}
    return show(
        request,
        "meetings.html",
        crumbs=[Crumb("Calendar Sync", "/"), Crumb(tenant.name), Crumb("Meetings")],
        tenant=tenant,
        asked=found.get("asked", asked),
        first=first,
        last=last,
        views=VIEWS,
        circles=CIRCLES,
        person=account.employee if account else "",
        problem=problem,
        calendar=found.get("calendar"),
        matches=found.get("matches"),
        more=found.get("more", False),
        today=today,
    )


def _found(tenant: Tenant, store: Store, asked: Asked, sought: Sought, today: date, go: str) -> dict[str, Any]:
    """A calendar, or what a search for words or days finds."""
    if asked.words or asked.first or asked.last:
        found, more = matches(tenant, store, sought, asked.words.split(), ROWS, (asked.page - 1) * ROWS)
        return {"matches": found, "more": more}
    drawn = calendar(tenant, store, asked.view, asked.day, sought, today)
    if go:
        asked = asked.going(go, today, drawn.earlier, drawn.later)
        drawn = calendar(tenant, store, asked.view, asked.day, sought, today)
    return {"asked": asked, "calendar": drawn}


def _account(store: Store, tenant: Tenant, who: str) -> tuple[Account | None, str]:
    """Whose calendar is asked for, and why it cannot be shown."""
    if not who:
        return None, ""
    people = [person.account for person in store.people(tenant.key, text=who.lower(), limit=50) if person.account]
    whole = [one for one in people if who.lower() in (one.employee.lower(), one.address, *one.addresses)]
    fit = whole or people
    if len(fit) == 1:
        return fit[0], ""
    return None, SEVERAL if fit else NOBODY
