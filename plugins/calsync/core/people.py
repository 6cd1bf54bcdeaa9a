"""Who is who: addresses, employees, contacts, mailboxes (A5, A6, E4, E9). Read-only indexes over the people of a run.

A person is named "e:<employee id>" or "c:<contact id>".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from calsync.core.model import Account, Contact, Event, Link
from calsync.core.plan import Guest


class People:
    """Look-ups over accounts, contacts, the directory's members, and employees who match no Microsoft user."""

    def __init__(
        self,
        accounts: Iterable[Account],
        contacts: Iterable[Contact],
        members: frozenset[str],
        employees: Mapping[str, str] | None = None,
    ) -> None:
        self.members = set(members)
        self.by_employee: dict[str, Account] = {}
        self.by_mailbox: dict[str, Account] = {}
        self.bearers: dict[str, set[str]] = defaultdict(set)
        self.employee_of: dict[str, str] = {}
        self.contact: dict[str, Contact] = {}
        self.contacts_at: dict[str, list[str]] = defaultdict(list)
        for account in sorted(accounts, key=lambda a: a.employee):
            self.by_employee[account.employee] = account
            if account.object_id:
                self.by_mailbox[account.object_id] = account
                self.bearers[account.object_id].add(account.employee)
            for address in {account.address, *account.addresses} - {""}:
                self.employee_of.setdefault(address, account.employee)
                self.members.add(address)
        for address, employee in sorted((employees or {}).items()):
            self.employee_of.setdefault(address, employee)
        self.addresses: dict[str, set[str]] = defaultdict(set)
        for address, employee in self.employee_of.items():
            self.addresses[employee].add(address)
        for contact in sorted(contacts, key=lambda c: c.id):
            self.contact[contact.id] = contact
            if contact.address:
                self.contacts_at[contact.address].append(contact.id)

    def internal(self, address: str) -> bool:
        """Whether an address is a member's of this Microsoft tenant, employee or not (E9)."""
        return address in self.members

    def person_at(self, address: str, related: frozenset[str] = frozenset()) -> str:
        """The one person a new address adds: employee, else the contact already related, else the lowest id (E4)."""
        if employee := self.employee_of.get(address):
            return f"e:{employee}"
        here = self.contacts_at.get(address, [])
        chosen = next((c for c in here if c in related), here[0] if here else "")
        return f"c:{chosen}" if chosen else ""

    def address_of(self, person: str) -> str:
        """The address to invite a person by, "" when there is none that is usable."""
        kind, _, id_ = person.partition(":")
        if kind == "e":
            account = self.by_employee.get(id_)
            return account.address if account else ""
        contact = self.contact.get(id_)
        return contact.address if contact else ""

    def addresses_of(self, person: str) -> set[str]:
        """Every address that is this person (A5)."""
        kind, _, id_ = person.partition(":")
        if kind == "e":
            return set(self.addresses.get(id_, ()))
        address = self.address_of(person)
        return {address} if address else set()

    def guest(self, person: str) -> Guest:
        kind, _, id_ = person.partition(":")
        contact = self.contact.get(id_) if kind == "c" else None
        return Guest(self.address_of(person), contact.name if contact else "")

    def employees(self, guests: Iterable[str]) -> frozenset[str]:
        """The employees among addresses, authorised or not (E10)."""
        return frozenset(self.employee_of[a] for a in guests if a in self.employee_of)

    def contacts(self, guests: Iterable[str]) -> frozenset[str]:
        """The contacts that addresses bring, one for each address (E4)."""
        found = (self.person_at(a) for a in guests)
        return frozenset(p[2:] for p in found if p.startswith("c:"))


def persons(event: Event) -> frozenset[str]:
    """Everybody an Event in ids names."""
    return frozenset(f"e:{e}" for e in event.attendees) | frozenset(f"c:{c}" for c in event.contacts)


def with_addresses(link: Link, more: Mapping[str, Iterable[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The link's addresses with `more` of them noted (E4)."""
    merged = {address: set(people) for address, people in link.addresses}
    for address, people in more.items():
        merged.setdefault(address, set()).update(people)
    return tuple((address, tuple(sorted(people))) for address, people in sorted(merged.items()) if people)


def recognised(people: People, event: Event, guests: Iterable[str]) -> dict[str, set[str]]:
    """Which of the event's people each of the shown addresses stands for."""
    found: dict[str, set[str]] = {}
    for person in persons(event):
        for address in people.addresses_of(person) & set(guests):
            found.setdefault(address, set()).add(person)
    return found
