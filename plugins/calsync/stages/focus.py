"""Runs that read a part of what there is: which meetings they keep to, and what may be decided of them (G8).

Nothing follows from what such a run has not read: neither a deletion, nor that somebody has no event yet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from calsync.core.accounts import leave_out
from calsync.core.model import Account, Availability, CrmRow, Link, OutlookRow, Standing
from calsync.core.plan import Meeting, Plan, Remark
from calsync.errors import ConfigError
from calsync.stages.followed import followed
from calsync.stages.mailboxes import cursor_name

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.core.facts import Facts
    from calsync.stages.context import Focus, Ports, Run
    from calsync.store.records import KnownOutlook
    from calsync.store.store import Store


_ID = re.compile(r"(?=.*[0-9])[A-Za-z0-9_.-]{1,64}")
"""What looks like an employee's id, and may be repeated to people; a name or an address may not."""


def refuse_strangers(tenant: Tenant, ports: Ports, run: Run) -> None:
    """Keep a run from looking for people who take no part: it would find nothing of them, and call that agreement.

    :raises ConfigError: somebody was named who is no authorised employee
    """
    if not run.people or run.strangers:
        return
    strangers = run.people - {account.employee for account in ports.store.accounts(tenant.key) if account.authorised}
    if strangers:
        told = dict.fromkeys(map(_stranger, sorted(strangers)))
        raise ConfigError([f"accounts: {each}: see `python -m calsync accounts list {tenant.key}`" for each in told])


def _stranger(said: str) -> str:
    if _ID.fullmatch(said):
        return f"{said} is no authorised employee of this tenant"
    return f"{'an address' if '@' in said else 'a name or an empty line'} is no employee id"


def focused_links(store: Store, tenant: str, focus: Focus) -> list[Link]:
    """The meetings that a focused run decides, as they are stored now."""
    answered = store.actions(tenant, asked=focus.question) if focus.question else []
    found = [
        *store.links(tenant, {row.action.link for row in answered if row.answer}),
        *store.links(tenant, focus.links),
        *store.links_by_crm(tenant, focus.records),
        *store.links_by_placement(tenant, focus.events),
    ]
    return list({link.id: link for link in found}.values())


def focused_mailboxes(links: Iterable[Link], focus: Focus) -> set[str]:
    """The mailboxes that a focused run reads."""
    return {mailbox for mailbox, _ in {*followed(links), *focus.events}}


def concerns(link: Link, people: frozenset[str]) -> bool:
    """Whether one of these employees owns or attends a meeting, as ShareCRM last showed it; all do when empty."""
    attending = link.crm_shown.attendees if link.crm_shown else frozenset()
    return not people or link.crm_owner in people or bool(attending & people)


def accounts_of(tenant: Tenant, ports: Ports, run: Run) -> list[Account]:
    """The accounts with what this run learnt of their mailboxes (A5)."""
    key, store = tenant.key, ports.store
    accounts = leave_out(store.accounts(key), tenant.employees, run.at)
    seen: dict[str, Mapping[str, str]] = {}
    for part in ports.staging.read_parts(key, run.id, "mailboxes"):
        seen |= part["seen"]
    before: set[str] = set()
    if run.narrow:
        read = {cursor.name for cursor in store.cursors(key)}
        known = {row.mailbox for row in store.known_outlook(key)}
        # A dry run creates nothing: it tells of everybody whom the next whole run will have read.
        before = {
            account.object_id
            for account in accounts
            if run.dry_run or cursor_name(account.object_id) in read or account.object_id in known
        }
    return [
        account if account.object_id in before - seen.keys() else _learnt(account, seen.get(account.object_id), run)
        for account in accounts
    ]


def _learnt(account: Account, found: Mapping[str, str] | None, run: Run) -> Account:
    """An account as this run may use it. One authorised after the mailboxes were read counts from the next run on:
    what stands in its own is not known yet, and would be doubled (B4)."""
    if found is None:
        return replace(account, authorised_since=None)
    availability = Availability(found["availability"])
    since = None if availability is Availability.OK else (account.away_since or run.at)
    zone = account.zone or found.get("zone", "")
    return replace(account, availability=availability, away_since=since, zone=zone)


def without_others(
    rows: Iterable[OutlookRow], known: Iterable[KnownOutlook], chosen: Iterable[Link]
) -> list[OutlookRow]:
    """Without what a listing told of other meetings than those in focus; what no meeting knows may belong to them."""
    ids = {link.id for link in chosen}
    others = {(row.mailbox, row.id) for row in known if row.link not in ids}
    return [row for row in rows if (row.mailbox, row.id) not in others]


def to_decide(chosen: Iterable[Link], crm: Iterable[CrmRow], outlook: Iterable[OutlookRow]) -> list[Link]:
    """The meetings in focus; those of which nothing could be read are decided all the same, by what is remembered."""
    records, events = {row.id for row in crm}, {(row.mailbox, row.id) for row in outlook}
    return [
        link
        if link.crm_id in records or any((p.mailbox, p.id) in events for p in link.placements)
        else replace(link, dirty=True)
        for link in chosen
    ]


def narrowed(plan: Plan, facts: Facts, run: Run, chosen: Collection[Link] | None) -> Plan:
    """Of a plan, what this run may carry out, having read only a part.

    A run with a focus keeps to the meetings that are known, since it has not looked for the other half of a new one; a
    dry one tells of new ones too. What fell asleep because its mailbox could not be read now is decided again by the
    next whole run.

    :param chosen: the meetings in focus, None in a run without one
    """
    if not run.narrow:
        return plan
    stored = {link.id: link for link in facts.links}
    if run.focus:
        links = chosen or ()
        ours = _in_focus(run.focus, {link.id for link in links}, run.dry_run)
        plan = replace(plan, remarks=tuple(r for r in plan.remarks if _about(r, run.focus, links)))
    else:
        ours = _read_of_people(facts, stored)
    meetings = (_again_if_asleep(meeting, stored.get(meeting.noted.id)) for meeting in plan.meetings if ours(meeting))
    return replace(plan, meetings=tuple(meetings))


def _about(remark: Remark, focus: Focus, links: Collection[Link]) -> bool:
    """Whether a remark is on what is in focus, and not on what else a listing has told of."""
    records = {link.crm_id for link in links if link.crm_id} | focus.records
    event = (remark.mailbox, remark.outlook_id)
    mine = remark.link in {link.id for link in links} or remark.crm_id in records
    return mine or event in focus.events or event in followed(links)


def _in_focus(focus: Focus, ids: Collection[str], dry_run: bool) -> Callable[[Meeting], bool]:
    def ours(meeting: Meeting) -> bool:
        events = {(p.mailbox, p.id) for p in meeting.noted.placements}
        named = meeting.noted.crm_id in focus.records or bool(events & focus.events)
        return meeting.noted.id in ids or (dry_run and named)

    return ours


def _read_of_people(facts: Facts, stored: Mapping[str, Link]) -> Callable[[Meeting], bool]:
    """Whether anything of a meeting was read; of one that waits, all that it may wait for."""
    read = {(row.mailbox, row.id) for row in facts.outlook} | {(gone.mailbox, gone.id) for gone in facts.absences}
    records = {row.id for row in facts.crm}

    def ours(meeting: Meeting) -> bool:
        known = stored.get(meeting.noted.id)
        if known is not None and known.dirty and not followed([known]).keys() <= read:
            return False
        events = {(p.mailbox, p.id) for p in (*meeting.noted.placements, *meeting.agreed.placements)}
        return bool(events & read) or meeting.noted.crm_id in records

    return ours


def _again_if_asleep(meeting: Meeting, known: Link | None) -> Meeting:
    before = {(p.mailbox, p.id) for p in known.placements if p.standing is Standing.LIVING} if known else set()
    asleep = any(p.standing is Standing.ASLEEP and (p.mailbox, p.id) in before for p in meeting.agreed.placements)
    return replace(meeting, agreed=replace(meeting.agreed, dirty=True)) if asleep else meeting
