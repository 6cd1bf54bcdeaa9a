"""Accounts and contacts (RULES A5, A6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import select

from calsync.core.model import Account, Contact
from calsync.store.engine import chunks, decode, encode, upsert
from calsync.store.roster import RosterCalls
from calsync.store.tables import account, contact


class PeopleCalls(RosterCalls):
    """Who is who."""

    def accounts(self, tenant: str, employees: Collection[str] | None = None) -> list[Account]:
        """Every account, or those of these employees, ordered by employee."""
        query = select(account.c.value).where(account.c.tenant == tenant).order_by(account.c.employee)
        parts = [query] if employees is None else [query.where(account.c.employee.in_(p)) for p in chunks(employees)]
        with self._read() as connection:
            found = [decode(Account, value) for part in parts for value in connection.scalars(part)]
        return sorted(found, key=lambda one: one.employee) if len(parts) > 1 else found

    def accounts_of(self, tenant: str, object_id: str) -> list[Account]:
        """The accounts of this Microsoft user: at most one of them is authorised."""
        query = select(account.c.value).where(account.c.tenant == tenant, account.c.object_id == object_id)
        with self._read() as connection:
            return [decode(Account, value) for value in connection.scalars(query.order_by(account.c.employee))]

    def authorised_among(self, tenant: str, mailboxes: Iterable[str]) -> set[str]:
        """Which of these mailboxes (Microsoft object ids) are authorised now."""
        query = select(account.c.object_id).where(account.c.tenant == tenant, account.c.authorised)
        with self._read() as connection:
            parts = [connection.scalars(query.where(account.c.object_id.in_(part))) for part in chunks(mailboxes)]
            return {object_id for part in parts for object_id in part}

    def save_accounts(self, tenant: str, accounts: Iterable[Account], enterprise: str) -> None:
        """Store these accounts, one per employee.

        :param enterprise: the ShareCRM enterprise's key: a Microsoft user is authorised once in it (RULES A5).
        :raises StateError: one of them is authorised for another employee or configuration; ask `authorised_elsewhere`.
        """
        rows = [
            {
                "tenant": tenant,
                "employee": one.employee,
                "enterprise": enterprise,
                "object_id": one.object_id,
                "authorised": one.authorised,
                "standing": one.authorisation,
                "availability": one.availability,
                "address": one.address,
                "value": encode(one),
            }
            # Who gives an authorisation up comes before who takes it over.
            for one in sorted(accounts, key=lambda one: one.authorised)
        ]
        with self._write() as connection:
            upsert(connection, account, rows)

    def authorised_elsewhere(self, enterprise: str, object_id: str, tenant: str) -> str | None:
        """The other configuration of the enterprise in which this Microsoft user is authorised; None: in no other."""
        query = select(account.c.tenant).where(
            account.c.enterprise == enterprise,
            account.c.object_id == object_id,
            account.c.authorised,
            account.c.tenant != tenant,
        )
        with self._read() as connection:
            return connection.scalar(query)

    def authorised_in_others(self, enterprise: str, tenant: str) -> dict[str, str]:
        """Microsoft user -> the other configuration of the enterprise in which it is authorised."""
        query = select(account.c.object_id, account.c.tenant).where(
            account.c.enterprise == enterprise, account.c.authorised, account.c.tenant != tenant
        )
        with self._read() as connection:
            return {row.object_id: row.tenant for row in connection.execute(query)}

    def neighbours(self, enterprise: str, tenant: str) -> list[str]:
        """The other configurations of this enterprise that have accounts."""
        query = select(account.c.tenant).where(account.c.enterprise == enterprise, account.c.tenant != tenant)
        with self._read() as connection:
            return list(connection.scalars(query.distinct().order_by(account.c.tenant)))

    def contacts(self, tenant: str) -> list[Contact]:
        """Every contact, ordered by id."""
        query = select(contact.c.value).where(contact.c.tenant == tenant).order_by(contact.c.id)
        with self._read() as connection:
            return [decode(Contact, value) for value in connection.scalars(query)]

    def save_contacts(self, tenant: str, contacts: Iterable[Contact]) -> None:
        """Store these contacts. One that is no longer valid in ShareCRM is stored without an address."""
        rows = [{"tenant": tenant, "id": one.id, "address": one.address, "value": encode(one)} for one in contacts]
        with self._write() as connection:
            upsert(connection, contact, rows)
