"""Pages to look at: the people, and one person's week in both calendars side by side. Plain HTML, no assets."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse

from sandbox.microsoft.call import Prefer
from sandbox.microsoft.render import shown
from sandbox.microsoft.views import in_window
from sandbox.world import World

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #667080; --line: #dfe3e8; --paper: #fff; --back: #f5f6f8;
  --crm: #d9730d; --outlook: #0f6cbd; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #98a2b3; --line: #313843; --paper: #1d222a;
  --back: #14181e; --crm: #f0a35e; --outlook: #6cb1ee; } }
body { margin: 0; background: var(--back); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 0 0 .5rem; }
a { color: inherit; } nav a { margin-right: 1rem; } .soft { color: var(--soft); font-size: .85rem; }
.people, .day { background: var(--paper); border: 1px solid var(--line); border-radius: .6rem; margin: 0 0 1rem; }
.people { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; }
td, th { padding: .5rem .9rem; border-bottom: 1px solid var(--line); } .people tr:last-child td { border: 0; }
.day { padding: .8rem 1rem; } .sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
.event { border-left: 3px solid var(--crm); padding-left: .6rem; margin-bottom: .5rem; overflow-wrap: anywhere; }
.outlook .event { border-color: var(--outlook); } .gone { text-decoration: line-through; opacity: .6; }
@media (max-width: 40rem) { .sides { grid-template-columns: 1fr; } }
"""


@dataclass(frozen=True)
class _Entry:
    """One event on one day of one calendar."""

    order: str
    when: str
    title: str
    note: str
    gone: bool


_Placed = tuple[date, date, _Entry]
"""First day, last day (both included), and what happens on them."""


def router(world: World) -> APIRouter:
    """`/` lists the people; `/calendars/{employee id or address}` shows a week, `?week=` a date in it."""
    routes = APIRouter()

    @routes.get("/", response_class=HTMLResponse)
    async def people() -> str:
        return page("Calendars of the sandbox", _people(world))

    @routes.get("/calendars/{person}", response_class=HTMLResponse)
    async def week(person: str, week: date | None = None) -> str:
        employee, address = _person(world, person)
        zone = world.sharecrm.settings.zone
        day = week or world.clock.now().astimezone(zone).date()
        monday = day - timedelta(days=day.weekday())
        title = world.sharecrm.employees[employee]["name"] if employee else address
        return page(title, _week(world, person, employee, address, monday, zone))

    return routes


def page(title: str, body: str) -> str:
    """A page in the sandbox's manner; `body` is HTML."""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def _people(world: World) -> str:
    rows = []
    for employee in world.sharecrm.employees.values():
        mailbox = world.microsoft.reached_by(employee["email"])
        notes = ["stopped"] * employee["stopped"] + ([f"mailbox {mailbox.state}"] if mailbox else ["no mailbox"])
        rows.append((employee["id"], employee["name"], employee["email"], ", ".join(notes)))
    known = {mailbox.id for row in rows if (mailbox := world.microsoft.reached_by(row[2]))}
    for mailbox in world.microsoft.mailboxes.values():
        if mailbox.id not in known:
            rows.append((mailbox.address, mailbox.name, mailbox.address, "no employee"))
    lines = "".join(
        f'<tr><td><a href="/calendars/{escape(key)}">{escape(name)}</a></td>'
        f'<td>{escape(email)}</td><td class="soft">{escape(note)}</td></tr>'
        for key, name, email, note in rows
    )
    head = "<tr><th>Person</th><th>Address</th><th>Remarks</th></tr>"
    return f'<table class="people">{head}{lines}</table>' if rows else "<p>Nobody is here yet: plant a seed.</p>"


def _person(world: World, person: str) -> tuple[str, str]:
    """The employee id and the mailbox address of `person`, either of which may be empty."""
    employee = world.sharecrm.employees.get(person)
    mailbox = world.microsoft.reached_by(employee["email"] if employee else person)
    if employee is None and mailbox is None:
        raise HTTPException(404, f"Nobody here is called {person}. The list of people is at /.")
    return (employee["id"] if employee else ""), (mailbox.address if mailbox else "")


def _week(world: World, person: str, employee: str, address: str, monday: date, zone: ZoneInfo) -> str:
    days = [monday + timedelta(days=n) for n in range(7)]
    crm = _by_day(_crm_entries(world, employee, zone), days)
    outlook = _by_day(_outlook_entries(world, address, monday, zone), days)
    steps = {"← Week before": -7, "Week after →": 7}
    links = "".join(
        f'<a href="/calendars/{escape(person)}?week={monday + timedelta(days=n)}">{text}</a>'
        for text, n in steps.items()
    )
    shown = "".join(
        f'<section class="day"><h2>{day:%A, %d %B %Y}</h2><div class="sides">'
        f'<div class="crm"><div class="soft">ShareCRM</div>{_list(crm[day])}</div>'
        f'<div class="outlook"><div class="soft">Outlook</div>{_list(outlook[day])}</div></div></section>'
        for day in days
    )
    return f'<nav><a href="/">All people</a>{links}</nav><p class="soft">Times in {escape(zone.key)}.</p>{shown}'


def _list(entries: list[_Entry]) -> str:
    return "".join(
        f'<div class="event{" gone" if entry.gone else ""}">{escape(entry.title) or "<i>No title</i>"}'
        f'<div class="soft">{escape(entry.when)}{escape(entry.note)}</div></div>'
        for entry in sorted(entries, key=lambda entry: entry.order)
    )


def _by_day(entries: list[_Placed], days: list[date]) -> dict[date, list[_Entry]]:
    found: dict[date, list[_Entry]] = defaultdict(list)
    for first, last, entry in entries:
        for day in days:
            if first <= day <= last:
                found[day].append(entry)
    return found


def _outlook_entries(world: World, address: str, monday: date, zone: ZoneInfo) -> list[_Placed]:
    mailbox = world.microsoft.reached_by(address) if address else None
    if mailbox is None:
        return []
    # A day more on both sides: all-day events sit on the midnights of their own zone.
    start = datetime.combine(monday, time(), zone) - timedelta(days=1)
    shown_items = [
        shown(item, Prefer()) for item in in_window(mailbox.events.values(), start, start + timedelta(days=9))
    ]
    return [_outlook_entry(item, zone) for item in shown_items]


def _outlook_entry(item: dict[str, Any], zone: ZoneInfo) -> _Placed:
    note = "" if item["isOrganizer"] else f" · invited by {item['organizer']['emailAddress']['name']}"
    if item["sensitivity"] != "normal":
        note += f" · {item['sensitivity']}"
    start, end = (datetime.fromisoformat(item[name]["dateTime"]).replace(tzinfo=UTC) for name in ("start", "end"))
    return _placed(start, end, item["isAllDay"], item["subject"] or "", note, item["isCancelled"], zone)


def _crm_entries(world: World, employee: str, zone: ZoneInfo) -> list[_Placed]:
    return [
        _crm_entry(event, zone)
        for event in world.sharecrm.dump()["events"]
        if employee and employee in (event["owner"], *event["attendees"])
    ]


def _crm_entry(event: dict[str, Any], zone: ZoneInfo) -> _Placed:
    note = f" · {event['calendar']}" + (" · private" if event["private"] else "")
    start, end = (datetime.fromisoformat(event[name]) for name in ("start", "end"))
    if event["all_day"]:
        end += timedelta(days=1)
    return _placed(start, end, event["all_day"], event["content"], note, event["deleted"], zone)


def _placed(
    start: datetime, end: datetime, all_day: bool, title: str, note: str, gone: bool, zone: ZoneInfo
) -> _Placed:
    """An entry between two moments, or over whole days whose digits count and whose `end` is exclusive."""
    if not all_day:
        start, end = start.astimezone(zone), end.astimezone(zone)
    last = (end - timedelta(milliseconds=1)).date() if end > start else end.date()
    when = "all day" if all_day else f"{start:%H:%M} – {end:%H:%M}"
    return start.date(), last, _Entry("" if all_day else f"{start:%H:%M}", when, title, note, gone)
