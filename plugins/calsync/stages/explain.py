"""explain: whether and why a meeting is synchronised, what happened to it, and what the next run will do with it.

What is remembered comes first; then a dry run, which reads the meeting alone by id on both sides, says what comes next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from calsync.core.facts import local_days
from calsync.core.model import Availability, CrmRow, Event, Life, Link, LinkState, OutlookRow
from calsync.core.plan import Action, ActionState, Meeting
from calsync.stages.changes import when
from calsync.stages.context import Focus
from calsync.stages.masking import PRIVATE, title_of
from calsync.stages.outcomes import rests
from calsync.stages.report import shown_report
from calsync.stages.run import run_tenant
from calsync.stages.telling import calendar, happened_told, next_told, places_told, state_told, waiting_told

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Ports, Run
    from calsync.store.records import JournalRow

A_FEW = 3

_OPEN = (ActionState.HELD, ActionState.PARKED, ActionState.FAILED, ActionState.SENT, ActionState.PLANNED)


@dataclass(frozen=True, slots=True)
class About:
    """Which meeting: one of a ShareCRM id, an immutable Outlook id, or a part of its title."""

    crm: str = ""
    outlook: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A meeting among those that fit: its ids, its title (masked where private) and its time."""

    link: str
    crm_id: str
    events: tuple[str, ...]
    title: str
    time: str
    state: str


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened to a meeting, in a sentence."""

    at: datetime
    run: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a person is told of a meeting.

    meetings: those that fit; the rest is told only where it is one at most. synchronised: whether both sides are kept
    the same. state: whether and why. places: where it stands. waiting: what is held, parked or unfinished.
    coming: what the next run will do, and why it leaves something alone. unsure: what could not be asked.
    """

    meetings: tuple[Found, ...] = ()
    synchronised: bool = False
    state: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    happened: tuple[Happened, ...] = ()
    waiting: tuple[str, ...] = ()
    coming: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()


@dataclass(slots=True)
class _Now:
    """What a dry run read and would do of one meeting. resting: what it would do, and no run does just now."""

    changes: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[dict[str, Any]] = field(default_factory=list)
    records: list[CrmRow] = field(default_factory=list)
    events: list[OutlookRow] = field(default_factory=list)
    unsure: str = ""
    resting: dict[str, JournalRow] = field(default_factory=dict)

    @property
    def shown(self) -> list[Event]:
        """What the two sides show, ShareCRM first."""
        found = [*(row.event for row in self.records), *(row.event for row in self.events)]
        return [event for event in found if event]


def explain(tenant: Tenant, ports: Ports, run: Run, about: About) -> Explanation:
    """Explain one meeting. Nothing is written but the dry run's own folder.

    :param run: whose id and time the dry run takes
    :raises StateError: the state database cannot be asked
    """
    links = _remembered(tenant, ports, about)
    if len(links) > 1 or (about.title and not links):
        none = "Calsync remembers no meeting with such a title; private ones are never found by title."
        return Explanation(tuple(map(_found, links)), unsure=() if links else (none,))
    link = links[0] if links else None
    now = _as_it_is(tenant, ports, run, about, link)
    unsure = (f"{now.unsure} What follows is what calsync remembers.",) if now.unsure else ()
    coming = tuple(next_told(now.changes, now.remarks, now.resting))
    if link is None:
        state = () if now.unsure else (_unknown(about, now),)
        return Explanation(tuple(_read(now, about)), state=state, coming=coming, unsure=unsure)
    employees = {account.object_id: account.employee for account in ports.store.accounts(tenant.key)}
    rows = ports.store.actions(tenant.key, links=[link.id])
    verbs = {row.action.id: row.action.verb for row in rows}
    waiting = tuple(waiting_told(row, employees) for row in rows if row.state in _OPEN)
    entries = ports.store.history(tenant.key, link=link.id)
    return Explanation(
        meetings=(_found(link, now),),
        synchronised=link.state is LinkState.LIVING,
        state=tuple(state_told(link)),
        places=tuple(places_told(link, employees)),
        happened=tuple(Happened(e.at, e.run, happened_told(e, employees, verbs)) for e in entries),
        waiting=waiting,
        coming=coming or (() if waiting or unsure else (_NOTHING[link.state],)),
        unsure=unsure,
    )


_NOTHING = {
    LinkState.LIVING: "Nothing: both sides show what was agreed.",
    LinkState.SEEN: "Nothing, until one side or an account changes.",
    LinkState.UNLINKED: "Nothing, while its reason lasts.",
    LinkState.RETIRED: "Nothing, unless it comes back on one side.",
}


def _remembered(tenant: Tenant, ports: Ports, about: About) -> list[Link]:
    """The meetings that are known under this id or title; those that are over only where no other is."""
    key, store = tenant.key, ports.store
    if about.crm:
        found = store.links_by_crm(key, [about.crm])
    elif about.outlook:
        found = store.links(key, {row.link for row in store.known_outlook(key) if row.id == about.outlook})
    else:
        wanted = about.title.casefold()
        found = [link for link in store.links(key) if title_of(link) != PRIVATE and _bears(link, wanted)]
    going_on = [link for link in found if link.state is not LinkState.RETIRED]
    return going_on or found if about.title else (going_on or found)[-1:]


def _bears(link: Link, title: str) -> bool:
    shown = (link.base, link.crm_shown, *(placement.shown for placement in link.placements))
    return any(title in event.title.casefold() for event in shown if event)


def _as_it_is(tenant: Tenant, ports: Ports, run: Run, about: About, link: Link | None) -> _Now:
    """The meeting as both sides show it now. One that was never agreed may find its other half on its own days (B4)."""
    if link:
        focus = Focus(links=frozenset({link.id}))
    elif about.crm:
        focus = Focus(records=frozenset({about.crm}))
    else:
        mailboxes = [a.object_id for a in ports.store.accounts(tenant.key) if a.authorised]
        focus = Focus(events=frozenset((mailbox, about.outlook) for mailbox in mailboxes))
    ids = {about.crm, about.outlook} | ({link.crm_id, *(p.id for p in link.placements)} if link else set())
    now = _dry_run(tenant, ports, replace(run, focus=focus), ids - {""})
    creates = any(change["verb"] == "create" for change in now.changes)
    if not now.shown or not creates or (link and link.base):
        return now
    first, last = local_days(now.shown[0].time, tenant.time_zone)
    days = replace(run, id=f"{run.id}-days", focus=None, window=(first, last))
    days = replace(days, people=_people(tenant, ports, now), strangers=True)
    return _dry_run(tenant, ports, days, ids - {""})


def _people(tenant: Tenant, ports: Ports, now: _Now) -> frozenset[str]:
    """The employees in whose calendars the other half of a meeting may stand."""
    found = {row.owner for row in now.records} | {e for r in now.records if r.event for e in r.event.attendees}
    addresses = {a for row in now.events for a in (*row.event.guests, row.organizer)}
    mailboxes = {row.mailbox for row in now.events}
    accounts = ports.store.accounts(tenant.key)
    here = {a.employee for a in accounts if a.object_id in mailboxes or addresses & {a.address, *a.addresses}}
    return frozenset(found | here)


def _dry_run(tenant: Tenant, ports: Ports, run: Run, ids: set[str]) -> _Now:
    """Run all stages dry, and take out of it what is about these ids."""
    this = replace(run, dry_run=True)
    told = run_tenant(tenant, ports, this)
    report = shown_report(ports.staging, ports.store, tenant.key, this.id) or {"changes": [], "remarks": []}
    key, staging = tenant.key, ports.staging
    meetings = staging.read_rows(Meeting, key, this.id, "plan")
    mine = [m for m in meetings if m.noted.crm_id in ids or any(p.id in ids for p in m.noted.placements)]
    ours = {meeting.noted.id for meeting in mine}
    return _Now(
        [change for change in report["changes"] if change["link"] in ours],
        [remark for remark in report["remarks"] if remark["link"] in ours or remark["id"] in ids],
        [row for row in staging.read_rows(CrmRow, key, this.id, "crm") if row.id in ids],
        [row for row in staging.read_rows(OutlookRow, key, this.id, "outlook") if row.id in ids],
        _not_asked(report["stages"]) if told["failed"] else _not_read(tenant, ports, this),
        _resting(tenant, ports, {action.id: action for meeting in mine for action in meeting.actions}),
    )


def _resting(tenant: Tenant, ports: Ports, planned: Mapping[str, Action]) -> dict[str, JournalRow]:
    """What the journal says of actions that are decided and that the next run lets rest all the same (G10)."""
    rows = ports.store.actions(tenant.key, ids=planned)
    return {row.action.id: row for row in rows if rests(planned[row.action.id], row, ports.now())}


def _not_asked(stages: dict[str, dict[str, Any]]) -> str:
    systems = {"extract_crm": "ShareCRM", "extract_graph": "Outlook"}
    name, stage = next((name, stage) for name, stage in stages.items() if stage["state"] == "failed")
    return f"{systems.get(name, name)} cannot be asked now: {str(stage.get('error') or 'see the log').rstrip('.')}."


def _not_read(tenant: Tenant, ports: Ports, run: Run) -> str:
    """Which calendars could not be read, a few of them by name."""
    parts = ports.staging.read_parts(tenant.key, run.id, "mailboxes")
    away = {mailbox: seen["availability"] for part in parts for mailbox, seen in part["seen"].items()}
    away = {mailbox: why for mailbox, why in away.items() if why != Availability.OK}
    if len(away) > A_FEW:
        return f"{len(away)} calendars cannot be read now."
    employees = {account.object_id: account.employee for account in ports.store.accounts(tenant.key)}
    return " ".join(f"{calendar(mailbox, employees)} cannot be read now: {why}." for mailbox, why in away.items())


def _unknown(about: About, now: _Now) -> str:
    if now.events or any(row.life is not Life.GONE for row in now.records):
        return "It is not synchronised: calsync has not linked it."
    if about.crm:
        return f"ShareCRM shows calsync no record {about.crm}, and calsync knows none."
    return "No connected calendar has an event of this immutable id, and calsync knows none."


def _found(link: Link, now: _Now | None = None) -> Found:
    events = now.shown if now else []
    shown = link.base or link.crm_shown or next(iter(events), None)
    events_of = tuple(p.id for p in link.placements)
    time = when(shown.time) if shown else ""
    return Found(link.id, link.crm_id, events_of, title_of(link, *events), time, str(link.state))


def _read(now: _Now, about: About) -> Iterable[Found]:
    """What was read of a meeting that no link knows."""
    if now.shown:
        events, title = tuple(sorted({row.id for row in now.events})), title_of(Link(""), *now.shown)
        yield Found("", about.crm, events, title, when(now.shown[0].time), "unknown")
