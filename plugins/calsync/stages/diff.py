"""diff: what was staged and what is remembered become the run's plan. It reads, decides through `core`, writes nothing
but its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from calsync.core.codec import from_json
from calsync.core.diff import diff as decide
from calsync.core.diff import remarks_of
from calsync.core.facts import Facts, Intent
from calsync.core.first_contact import looks_of
from calsync.core.match import ical_key, link_id, series_uid
from calsync.core.model import (
    Absence,
    Account,
    Availability,
    Contact,
    CrmRow,
    Link,
    OutlookRow,
    Side,
)
from calsync.core.plan import Plan, Verb
from calsync.stages import cursors
from calsync.stages.drift import compared
from calsync.stages.focus import accounts_of, focused_links, narrowed, to_decide, without_others
from calsync.stages.holds import by_link, waiting_for_people
from calsync.stages.names import former_names
from calsync.stages.narrow import fresh_crm, fresh_outlook
from calsync.stages.neighbours import claimed, moved_here
from calsync.stages.settings import people_print, rules_of, rules_print
from calsync.stages.tally import tallies
from calsync.stages.undo import pasts
from calsync.stages.wishes import wanted, wishes_for

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Counters, Ports, Run
    from calsync.store.records import JournalRow, Wish

INTENT_SLACK = timedelta(minutes=10)


def diff(tenant: Tenant, ports: Ports, run: Run) -> Counters:
    """Decide, and stage the plan. `skip` is 1 when nothing was found and nothing waits (C10)."""
    chosen = focused_links(ports.store, tenant.key, run.focus) if run.focus else None
    wishes = wishes_for(tenant, ports, run, chosen)
    facts, idle = gather(tenant, ports, run, chosen, wishes)
    plan = Plan(tenant.key, run.id, run.at) if idle else narrowed(decide(facts), facts, run, chosen)
    remarks = remarks_of(plan)
    ports.staging.write_rows(tenant.key, run.id, "plan", list(plan.meetings))
    ports.staging.write_rows(tenant.key, run.id, "actions", plan.actions)
    ports.staging.write_rows(tenant.key, run.id, "remarks", remarks)
    ports.staging.write_rows(tenant.key, run.id, "accounts", list(facts.accounts))
    ports.staging.write_json(tenant.key, run.id, "verdict", _verdict(plan, facts, idle, run, wishes))
    return {
        "meetings": len(plan.meetings),
        "actions": len(plan.actions),
        "mails": len(plan.mails),
        "remarks": len(remarks),
        "skip": int(idle),
    }


def _verdict(plan: Plan, facts: Facts, idle: bool, run: Run, wishes: Mapping[str, Wish]) -> dict[str, Any]:
    """What `load` and `report` have to know of the plan as a whole.

    wishes: by link, which ones it was decided with.
    conflicts: fields in which a side yielded (C5). people: who was served when it was decided (C10).
    compared: how many meetings a run over days of its own has looked at (G8).
    """
    conflicts = sum(loss.rule == "C5" for meeting in plan.meetings for loss in meeting.losses)
    return {
        "idle": idle,
        "conflicts": conflicts,
        "people": people_print(facts.accounts, facts.now),
        "wishes": {link: wish.of for link, wish in wishes.items()},
        **({"compared": compared(facts, plan)} if run.window else {}),
    }


def gather(
    tenant: Tenant, ports: Ports, run: Run, chosen: Sequence[Link] | None, wishes: Mapping[str, Wish]
) -> tuple[Facts, bool]:
    """Everything the engine needs, and whether there is nothing to decide at all.

    :param chosen: the meetings in focus, None in a run without one
    :param wishes: what people want of single meetings, by link
    """
    key, store, staging = tenant.key, ports.store, ports.staging
    accounts = accounts_of(tenant, ports, run)
    rules = rules_of(tenant, former_names(tenant, store), run)
    rules_changed = store.remembered(key, "rules") != rules_print(tenant, store)
    changed = rules_changed or store.remembered(key, "people") != people_print(accounts, run.at)
    new_contacts = staging.read_rows(Contact, key, run.id, "contacts")
    everything = changed or run.recover or not run.moves_cursors
    held, answers = waiting_for_people(store, key)
    known, known_crm = store.known_outlook(key), store.known_crm(key)
    if everything:
        known_crm = []
    waiting = store.dirty_links(key)
    # What waits is decided on what stands there now, also when it is as it was: a record that is there was not missed.
    again = answers.keys() | wishes.keys() | {link.id for link in waiting}
    crm = fresh_crm(staging.frame(key, run.id, "crm"), [row for row in known_crm if row.link not in again])
    to_compare = [] if everything else [row for row in known if row.link not in again]
    outlook = fresh_outlook(staging.frame(key, run.id, "outlook"), to_compare)
    if chosen is not None:
        outlook = without_others(outlook, known, chosen)
        chosen = to_decide(chosen, crm, outlook)
    absences = staging.read_rows(Absence, key, run.id, "absences")
    sent = ports.store.open_intents(key)
    intents = _intents(sent)
    found = crm or outlook or absences or new_contacts
    learnt = _availabilities(accounts) != _availabilities(store.accounts(key))
    waits = waiting or intents or learnt or run.recover or cursors.due(tenant, ports, run)
    idle = run.moves_cursors and not (found or changed or waits)
    links = _links(tenant, ports, crm, outlook, absences, everything or bool(new_contacts), chosen)
    moved = {link.id: link for link in moved_here(tenant, ports, rules, crm, links)}
    links = [*(link for link in links if link.id not in moved), *moved.values()]
    contacts = {c.id: c for c in (*store.contacts(key), *new_contacts)}
    tenants, mailboxes = tallies(store, key, run.at, held, known)
    directory = staging.read_json(key, run.id, "directory") or {}
    facts = Facts(
        rules=replace(rules, crm_private=_has_privacy(ports, key, run)),
        run=run.id,
        now=run.at,
        first_sync=store.first_sync(key) or run.at,
        accounts=tuple(accounts),
        contacts=tuple(contacts.values()),
        members=frozenset(directory.get("members", ())),
        employees=directory.get("employees", {}),
        links=tuple(links),
        crm=tuple(crm),
        outlook=tuple(outlook),
        absences=tuple(absences),
        intents=tuple(intents),
        created=tuple(row.action for row in sent if row.action.makes_event),
        removed=_removed(sent),
        held=by_link(held),
        answers=answers,
        past=pasts(store, key, run, held, wishes),
        wanted=wanted(store, key, wishes),
        recover=run.recover,
        review=(changed or bool(new_contacts)) and not run.narrow,
        claimed=claimed(tenant, ports, outlook),
        tenant=tenants,
        mailboxes=mailboxes,
        clock_offset=_offsets(ports, key, run),
    )
    return facts, idle


def _availabilities(accounts: list[Account]) -> dict[str, Availability]:
    """What `load` has to remember, so that everybody sees whose mailbox is away."""
    return {account.employee: account.availability for account in accounts}


def _links(
    tenant: Tenant,
    ports: Ports,
    crm: list[CrmRow],
    outlook: list[OutlookRow],
    absences: list[Absence],
    everything: bool,
    chosen: Sequence[Link] | None,
) -> list[Link]:
    """The links that any row, absence or waiting decision concerns. After a change of rules or people: all of them.

    :param chosen: the meetings in focus, in place of those that wait
    """
    key, store = tenant.key, ports.store
    if everything and chosen is None:
        return store.links(key)
    places = {(row.mailbox, row.id) for row in outlook} | {(gone.mailbox, gone.id) for gone in absences}
    icals = {ical_key(row.ical_uid, row.original) for row in outlook}
    icals |= {ical_key(series_uid(row.ical_uid)) for row in outlook}  # a whole series may be left alone
    looks = {each for row in outlook for each in looks_of(row.event, tenant.empty_title)}
    found = [
        *(store.dirty_links(key) if chosen is None else chosen),
        *store.links_by_crm(key, {row.id for row in crm} | {row.mark.crm_id for row in outlook if row.mark}),
        *store.links_by_placement(key, places),
        *store.links_by_ical(key, icals),
        *store.links_by_series(key, {(row.mailbox, row.master or row.id) for row in outlook}),
        *store.links_by_look(key, looks),
        *store.links(key, {link_id(key, Side.OUTLOOK, row.mailbox, row.id) for row in outlook}),  # taken ids
    ]
    return list({link.id: link for link in found}.values())


def _intents(sent: list[JournalRow]) -> list[Intent]:
    """Creates in ShareCRM that were sent and never answered (G3)."""
    found = []
    for row in sent:
        action = row.action
        if action.makes_record and action.event and row.sent_at:
            found.append(Intent(action.link, action.actor, action.event, row.sent_at - INTENT_SLACK))
    return found


def _removed(sent: list[JournalRow]) -> frozenset[tuple[str, str]]:
    """The events whose deletion was sent and never answered: that they are gone is not their user's doing."""
    actions = [row.action for row in sent]
    return frozenset((a.mailbox, a.target_id) for a in actions if a.verb is Verb.DELETE and a.side is Side.OUTLOOK)


def _has_privacy(ports: Ports, key: str, run: Run) -> bool:
    """Whether this enterprise's schedules can be private, as `extract_crm` found it."""
    from calsync.sharecrm.describe import Fields

    facts = ports.staging.read_json(key, run.id, "crm-facts")
    return facts is None or from_json(Fields, facts["fields"]).private is not None


def _offsets(ports: Ports, key: str, run: Run) -> dict[str, float]:
    crm = ports.staging.read_json(key, run.id, "crm-facts") or {}
    graph = ports.staging.read_parts(key, run.id, "mailboxes")
    return {
        Side.CRM: float(crm.get("offset_s", 0.0)),
        Side.OUTLOOK: float(graph[0].get("offset_s", 0.0)) if graph else 0.0,
    }
