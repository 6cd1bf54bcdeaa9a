"""Everybody of a tenant as a list shows them: accounts, and employees who were not matched (RULES A5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, delete, func, null, or_, select, union_all

from calsync.core.accounts import AMBIGUOUS, Candidate, Refusal, Why
from calsync.core.model import Account, Authorisation, Availability
from calsync.store.engine import Calls, chunks, decode, decode_optional, encode, insert
from calsync.store.tables import account, refusal

_REFUSED: tuple[Any, ...] = (
    refusal.c.employee,
    refusal.c.why,
    refusal.c.object_id,
    refusal.c.address,
    refusal.c.candidates,
)


class Group(StrEnum):
    """How employees are told apart in a list; everybody is in exactly one group."""

    CONNECTED = "connected"
    AWAY = "away"
    READY = "ready"
    REVOKED = "revoked"
    AMBIGUOUS = "ambiguous"
    UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class Person:
    """An employee in a list: the account, if there is one, and why matching has a say against it, if it has."""

    employee: str
    group: Group
    address: str
    account: Account | None = None
    refusal: Refusal | None = None


class RosterCalls(Calls):
    """Who was not matched, and the list of everybody, narrowed and counted by the database."""

    def save_refusals(self, tenant: str, refusals: Iterable[Refusal], moved: Mapping[str, Account]) -> None:
        """Store what the latest matching refused, in place of what one before it did.

        :param moved: the accounts that employees of `Why.MOVED` would have after being authorised anew
        """
        rows = [
            {
                "tenant": tenant,
                "employee": one.employee,
                "why": one.why.name,
                "object_id": one.object_id,
                "address": one.address,
                "candidates": encode(_Candidates(one.candidates)) if one.candidates else "",
                "moved": encode(moved.get(one.employee)),
            }
            for one in refusals
        ]
        with self._write() as connection:
            connection.execute(delete(refusal).where(refusal.c.tenant == tenant))
            if rows:
                connection.execute(insert(connection, refusal), rows)

    def refusals(
        self, tenant: str, employees: Collection[str] | None = None
    ) -> tuple[list[Refusal], dict[str, Account]]:
        """What the latest matching refused (of these employees), by employee, and whom the moved ones moved to."""
        query = select(*_REFUSED, refusal.c.moved).where(refusal.c.tenant == tenant).order_by(refusal.c.employee)
        with self._read() as connection:
            if employees is None:
                rows = list(connection.execute(query))
            else:
                parts = (query.where(refusal.c.employee.in_(part)) for part in chunks(employees))
                rows = [row for part in parts for row in connection.execute(part)]
        moved = {row.employee: decode(Account, row.moved) for row in rows if row.moved}
        return [_refusal(row) for row in rows], moved

    def refusals_of(self, tenant: str, object_id: str, address: str) -> list[Refusal]:
        """What was refused about this Microsoft user, alone or as one of several, or about this address's employee."""
        named = or_(
            refusal.c.object_id == object_id,
            refusal.c.candidates.contains(f'"id":"{object_id}"', autoescape=True),
            and_(refusal.c.address == address, refusal.c.address != ""),
        )
        query = select(*_REFUSED).where(refusal.c.tenant == tenant, named).order_by(refusal.c.employee)
        with self._read() as connection:
            return [_refusal(row) for row in connection.execute(query)]

    def people(
        self, tenant: str, group: Group | None = None, text: str = "", offset: int = 0, limit: int = 50
    ) -> list[Person]:
        """Everybody of this group (None: of all) in whose employee id or addresses `text` stands, by employee id."""
        everybody = _everybody(tenant, text)
        query = select(everybody.c.employee, everybody.c.group).where(*_narrowed(everybody, group, text))
        with self._read() as connection:
            rows = connection.execute(query.order_by(everybody.c.employee).offset(offset).limit(limit))
            shown = {row.employee: Group(row.group) for row in rows}
            stored = select(account.c.value).where(account.c.tenant == tenant, account.c.employee.in_(shown))
            accounts = {one.employee: one for one in (decode(Account, v) for v in connection.scalars(stored))}
            refused = select(*_REFUSED).where(refusal.c.tenant == tenant, refusal.c.employee.in_(shown))
            refusals = {one.employee: one for one in map(_refusal, connection.execute(refused))}
        return [_person(id_, group, accounts.get(id_), refusals.get(id_)) for id_, group in shown.items()]

    def groups(self, tenant: str, text: str = "") -> dict[Group, int]:
        """How many are in each group, of those in whose employee id or addresses `text` stands."""
        everybody = _everybody(tenant, text)
        query = select(everybody.c.group, func.count()).where(*_narrowed(everybody, None, text))
        with self._read() as connection:
            found = {row[0]: row[1] for row in connection.execute(query.group_by(everybody.c.group))}
        return {group: found.get(group, 0) for group in Group}


@dataclass(frozen=True, slots=True)
class _Candidates:
    """As a row holds them."""

    users: tuple[Candidate, ...] = ()


def _refusal(row: Any) -> Refusal:
    chosen = decode_optional(_Candidates, row.candidates) or _Candidates()
    return Refusal(row.employee, Why[row.why], row.object_id, row.address, chosen.users)


def _group() -> ColumnElement[str]:
    given = account.c.standing == Authorisation.GIVEN
    return case(
        (and_(given, account.c.availability == Availability.OK), Group.CONNECTED),
        (given, Group.AWAY),
        (account.c.standing == Authorisation.REVOKED, Group.REVOKED),
        (refusal.c.why.in_([why.name for why in AMBIGUOUS]), Group.AMBIGUOUS),
        (refusal.c.why.is_not(None), Group.UNMATCHED),
        else_=Group.READY,
    )


def _everybody(tenant: str, text: str) -> Subquery:
    """Accounts with what was refused about them, and refused employees without an account: what `text` is sought in."""
    same = and_(account.c.tenant == refusal.c.tenant, account.c.employee == refusal.c.employee)
    with_account: Select[Any] = (
        select(
            account.c.employee,
            account.c.address,
            refusal.c.address.label("crm_address"),
            (account.c.value if "@" in text else null()).label("value"),
            _group().label("group"),
        )
        .select_from(account.outerjoin(refusal, same))
        .where(account.c.tenant == tenant)
    )
    nobody = select(account.c.employee).where(same).correlate(refusal).exists()
    unmatched = case((refusal.c.why.in_([why.name for why in AMBIGUOUS]), Group.AMBIGUOUS), else_=Group.UNMATCHED)
    without: Select[Any] = select(
        refusal.c.employee,
        refusal.c.address,
        null().label("crm_address"),
        null().label("value"),
        unmatched.label("group"),
    ).where(refusal.c.tenant == tenant, ~nobody)
    return union_all(with_account, without).subquery("everybody")


def _narrowed(everybody: Subquery, group: Group | None, text: str) -> list[ColumnElement[bool]]:
    wanted = [] if group is None else [everybody.c.group == group]
    if not text:
        return wanted
    names = ["employee", "address", "crm_address"]
    if "@" in text:  # further addresses stand in the value, among words that are none
        names.append("value")
    return [*wanted, or_(*(everybody.c[name].icontains(text, autoescape=True) for name in names))]


def _person(employee: str, group: Group, account: Account | None, refused: Refusal | None) -> Person:
    address = (account.address if account else "") or (refused.address if refused else "")
    return Person(employee, group, address, account, refused)
