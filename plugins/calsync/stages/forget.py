"""Forgetting a person in one tenant: what is stored and staged of them, in one transaction, under the lease."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.core import forget as core
from calsync.core.accounts import clean
from calsync.core.forget import Person
from calsync.core.plan import ActionState
from calsync.errors import ConfigError
from calsync.stages.lease import exclusively

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.core.model import Account, Contact, Link
    from calsync.stages.context import Ports, Run
    from calsync.store.records import HistoryEntry, JournalRow
    from calsync.store.store import Store

DROPPED = "the person it was about has been forgotten"

_OPEN = (ActionState.PLANNED, ActionState.FAILED, ActionState.PARKED, ActionState.HELD)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a person in a tenant.

    own: meetings that are theirs alone; others: meetings of other people that name them. people: ids only.
    """

    person: Person
    accounts: tuple[Account, ...]
    contacts: tuple[Contact, ...]
    own: tuple[Link, ...]
    others: tuple[Link, ...]

    @property
    def texts(self) -> frozenset[str]:
        return self.person.addresses | self.person.names


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was erased, in numbers. titles: meetings of other people whose title names the person still."""

    accounts: int
    contacts: int
    own_meetings: int
    other_meetings: int
    history: int
    actions: int
    folders: int
    titles: int


def stored_of(tenant: Tenant, ports: Ports, email: str, names: Collection[str] = ()) -> Stored:
    """Who bears this address, and what is stored of them.

    :param names: how the person is written where no account or contact says it
    :raises ConfigError: the address is none; or the person is authorised still
    """
    address = clean(email)
    if not address:
        raise ConfigError(["--person: is no e-mail address; write the person's, one of them is enough"])
    key, store = tenant.key, ports.store
    everybody = store.accounts(key)
    accounts = [a for a in everybody if address in {a.address, *a.addresses}]
    if authorised := [a.employee for a in accounts if a.authorised]:
        who = ", ".join(authorised)
        raise ConfigError(
            [f"Employee {who} is authorised in tenant {key}: `python -m calsync accounts revoke {key} {who}` first"]
        )
    addresses = {address} | {one for a in accounts for one in {a.address, *a.addresses} - {""}}
    contacts = [contact for contact in store.contacts(key) if contact.address in addresses]
    person = Person(
        addresses=frozenset(addresses),
        names=frozenset({*names, *(contact.name for contact in contacts)} - {""}),
        employees=frozenset(a.employee for a in accounts),
        contacts=frozenset(contact.id for contact in contacts),
        mailboxes=frozenset(a.object_id for a in accounts if a.object_id),
    )
    links = store.links_naming(key, person.addresses, person.mailboxes) + store.links_owned(key, person.employees)
    found = {link.id: link for link in links}.values()
    own = tuple(link for link in found if core.own(link, person, everybody))
    others = tuple(link for link in found if link not in own)
    return Stored(person, tuple(accounts), tuple(contacts), own, others)


def forget(tenant: Tenant, ports: Ports, run: Run, email: str, names: Collection[str] = ()) -> Forgotten:
    """Erase what is stored and staged of a person; nothing is written to either system.

    :raises ConfigError: see `stored_of`; or a write about the person is on its way, whose outcome is not known yet
    :raises LeaseHeld: another run writes this tenant; nothing was done
    """
    with exclusively(tenant, ports, run):
        found = stored_of(tenant, ports, email, names)
        _refuse_what_is_under_way(tenant, ports, found)
        with ports.store.begin() as tx:
            history, actions = _erase(tenant, tx, ports, found)
        folders = ports.staging.prune(tenant.key, ports.now() + timedelta(days=1))
        ports.store.compact()
        left = ports.store.links_naming(tenant.key, found.texts, ())
    return Forgotten(
        accounts=len(found.accounts),
        contacts=len(found.contacts),
        own_meetings=len(found.own),
        other_meetings=len(found.others),
        history=history,
        actions=actions,
        folders=folders,
        titles=sum(map(found.person.named_in, left)),
    )


def _refuse_what_is_under_way(tenant: Tenant, ports: Ports, found: Stored) -> None:
    """A create that was sent and never answered is found again by its content (G3)."""
    links = {link.id for link in (*found.own, *found.others)}
    if any(row.action.link in links for row in ports.store.open_intents(tenant.key)):
        again = f"run `python -m calsync run {tenant.key}` first, then repeat this"
        raise ConfigError([f"A write about this person got no answer yet: {again}"])


def _erase(tenant: Tenant, tx: Store, ports: Ports, found: Stored) -> tuple[int, int]:
    """In one transaction; how many entries of the history and of the journal were written anew."""
    key, who = tenant.key, found.person
    own = {link.id for link in found.own}
    about = own | {link.id for link in found.others}
    tx.save_accounts(key, [core.account_without(account) for account in found.accounts], tenant.enterprise)
    tx.save_contacts(key, [core.contact_without(contact) for contact in found.contacts])
    tx.save_links(key, [core.link_without(link, who, mine=link.id in own) for link in (*found.own, *found.others)])
    given_up = [row.action.id for row in tx.actions(key, links=own, states=_OPEN)]
    tx.mark(key, given_up, ActionState.DROPPED, ports.now(), sentence=DROPPED)

    def action(row: JournalRow) -> JournalRow:
        return _row_without(row, who, mine=row.action.link in own)

    def entry(one: HistoryEntry) -> HistoryEntry:
        return _entry_without(one, who, mine=one.link in own)

    actions = tx.rewrite_actions(key, about, found.texts, action)
    history = tx.rewrite_history(key, about, found.texts, entry)
    tx.rewrite_runs(key, found.texts, who.without)
    for wish in tx.wishes(key).values():
        if who.without(wish.who) != wish.who:
            tx.wish(key, replace(wish, who=who.without(wish.who)))
    tx.forget_what_is_read_anew(key, who.addresses)
    return history, actions


def _row_without(row: JournalRow, who: Person, *, mine: bool) -> JournalRow:
    return replace(
        row,
        action=core.action_without(row.action, who, mine=mine),
        outcome=core.outcome_without(row.outcome, who, mine=mine),
        answered_by=who.without(row.answered_by),
        sentence=who.without(row.sentence),
    )


def _entry_without(entry: HistoryEntry, who: Person, *, mine: bool) -> HistoryEntry:
    return replace(
        entry,
        before=core.event_without(entry.before, who, mine=mine),
        after=core.event_without(entry.after, who, mine=mine),
        base=core.event_without(entry.base, who, mine=mine),
        losses=tuple(core.loss_without(loss, who, mine=mine) for loss in entry.losses),
        reason=who.without(entry.reason),
        who=who.without(entry.who),
    )
