"""Forgetting a person in one tenant: what is stored and staged of them, in one transaction, under the lease.

It takes no more than the tenant's key, so that nobody stays remembered where the file cannot be used or is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.core import forget as core
from calsync.core.accounts import clean, revoked
from calsync.core.forget import Person
from calsync.core.plan import ActionState
from calsync.errors import ConfigError
from calsync.stages.lease import exclusively

if TYPE_CHECKING:
    from calsync.core.model import Account, Contact, Link
    from calsync.stages.context import Ports, Run
    from calsync.store.records import HistoryEntry, JournalRow
    from calsync.store.store import Store

DROPPED = "the person it was about has been forgotten"

_OPEN = (ActionState.PLANNED, ActionState.SENT, ActionState.FAILED, ActionState.PARKED, ActionState.HELD)


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

    @property
    def own_ids(self) -> frozenset[str]:
        return frozenset(link.id for link in self.own)

    @property
    def ids(self) -> frozenset[str]:
        return self.own_ids | {link.id for link in self.others}


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was erased, or would be, in numbers. titles: meetings of other people whose title names the person still."""

    accounts: int
    contacts: int
    own_meetings: int
    other_meetings: int
    history: int
    actions: int
    folders: int
    titles: int


def stored_in(
    keys: Iterable[str], ports: Ports, email: str, names: Collection[str] = (), without_file: Collection[str] = ()
) -> dict[str, Stored]:
    """`stored_of` the person in each of these tenants. What one of them has against it is said of all, before any.

    :param without_file: which of them have no file
    :raises ConfigError: see `stored_of`; with the problems of every tenant
    """
    found: dict[str, Stored] = {}
    problems: list[str] = []
    for key in keys:
        try:
            found[key] = stored_of(key, ports, email, names, has_file=key not in without_file)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return found


def stored_of(key: str, ports: Ports, email: str, names: Collection[str] = (), *, has_file: bool = True) -> Stored:
    """Who bears this address, and what is stored of them.

    :param names: how the person is written where no account or contact says it
    :param has_file: whether the tenant has a file, usable or not. Without one no run reads the person's calendar again,
        and none hears what became of a write: then nothing speaks against it
    :raises ConfigError: the address is none; or the person is authorised still; or a write about them is on its way,
        whose outcome is not known yet
    """
    address = clean(email)
    if not address:
        raise ConfigError(["--person: is no e-mail address; write the person's, one of them is enough"])
    store = ports.store
    everybody = store.accounts(key)
    accounts = [a for a in everybody if address in {a.address, *a.addresses}]
    if has_file and (authorised := [a.employee for a in accounts if a.authorised]):
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
    stored = Stored(person, tuple(accounts), tuple(contacts), own, others)
    if has_file:
        _refuse_what_is_under_way(key, ports, stored)
    return stored


def would_erase(key: str, ports: Ports, found: Stored) -> Forgotten:
    """What `forget` would erase; nothing is changed."""
    history, actions = ports.store.count_about(key, found.ids, found.texts)
    return _counted(key, ports, found, history, actions, ports.staging.runs(key))


def forget(
    key: str, ports: Ports, run: Run, email: str, names: Collection[str] = (), *, has_file: bool = True
) -> Forgotten:
    """Erase what is stored and staged of a person; nothing is written to either system.

    :param has_file: as `stored_of` takes it. Without one the person's authorisation ends with it: the file may return
    :raises ConfigError: see `stored_of`
    :raises LeaseHeld: another run writes this tenant; nothing was done
    """
    with exclusively(key, ports, run):
        found = stored_of(key, ports, email, names, has_file=has_file)
        with ports.store.begin() as tx:
            history, actions = _erase(key, tx, ports, found)
        folders = ports.staging.prune(key, ports.now() + timedelta(days=1))
        ports.store.compact()
        return _counted(key, ports, found, history, actions, folders)


def _counted(key: str, ports: Ports, found: Stored, history: int, actions: int, folders: int) -> Forgotten:
    own = found.own_ids
    left = (link for link in ports.store.links_naming(key, found.texts, ()) if link.id not in own)
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


def _refuse_what_is_under_way(key: str, ports: Ports, found: Stored) -> None:
    """A create that was sent and never answered is found again by its content (G3)."""
    if {row.action.link for row in ports.store.open_intents(key)} & found.ids:
        again = f"run `python -m calsync run {key}` first, then repeat this"
        raise ConfigError([f"A write about this person in tenant {key} got no answer yet: {again}"])


def _erase(key: str, tx: Store, ports: Ports, found: Stored) -> tuple[int, int]:
    """In one transaction; how many entries of the history and of the journal were written anew."""
    who, own, at = found.person, found.own_ids, ports.now()
    tx.rewrite_accounts(key, [core.account_without(revoked(account, at)) for account in found.accounts])
    tx.save_contacts(key, [core.contact_without(contact) for contact in found.contacts])
    tx.save_links(key, [core.link_without(link, who, mine=link.id in own) for link in (*found.own, *found.others)])
    given_up = [row.action.id for row in tx.actions(key, links=own, states=_OPEN)]
    tx.mark(key, given_up, ActionState.DROPPED, at, sentence=DROPPED)

    def action(row: JournalRow) -> JournalRow:
        return _row_without(row, who, mine=row.action.link in own)

    def entry(one: HistoryEntry) -> HistoryEntry:
        return _entry_without(one, who, mine=one.link in own)

    actions = tx.rewrite_actions(key, found.ids, found.texts, action)
    history = tx.rewrite_history(key, found.ids, found.texts, entry)
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
