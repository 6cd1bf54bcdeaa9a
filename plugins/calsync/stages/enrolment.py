"""Who shall be authorised or revoked, from a list with an employee's id or address in each line."""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from calsync.accounts import why_not
from calsync.core.accounts import Why, clean

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.core.accounts import Refusal
    from calsync.core.model import Account
    from calsync.store.store import Store

MOST_LINES: Final = 20_000
_HEADERS: Final = {"employee", "employee id", "employee_id", "id", "email", "e-mail", "mail", "address"}


class Word(StrEnum):
    """What a list asks for."""

    AUTHORISE = "authorise"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class Line:
    """What a line of a list does. number: in the file, from 1; employee: "" when nobody is meant or nothing is done."""

    number: int
    given: str
    employee: str = ""
    sentence: str = ""

    @property
    def does(self) -> bool:
        return bool(self.employee)


def read_lines(data: bytes) -> list[tuple[int, str]]:
    """The first column of a CSV file, with line numbers; empty lines and a heading are left out.

    Comma, semicolon or tab; UTF-8, or what Excel writes on a Chinese Windows (GB 18030).

    :raises ValueError: with a sentence, for a file that is no such list
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", errors="replace")
    if "\0" in text:
        raise ValueError("This is no text file. Save the list as CSV and upload that.")
    first = text.partition("\n")[0]
    separator = next((one for one in ("\t", ";") if one in first), ",")
    try:
        rows = list(csv.reader(text.splitlines(), delimiter=separator))
    except csv.Error:
        raise ValueError("This list cannot be read as CSV. Write one employee id or address in each line.") from None
    lines = [(number, row[0].strip()) for number, row in enumerate(rows, 1) if row and row[0].strip()]
    if lines and lines[0][1].lower() in _HEADERS:
        del lines[0]
    if len(lines) > MOST_LINES:
        raise ValueError(f"The list has {len(lines):,} lines; upload at most {MOST_LINES:,} at a time.")
    return lines


def preview(tenant: Tenant, lines: Collection[tuple[int, str]], word: Word, store: Store) -> list[Line]:
    """What each line would do, by the latest matching; nothing is changed."""
    refusals = {one.employee: one for one in store.refusals(tenant.key)[0]}
    accounts = {one.employee: one for one in store.accounts(tenant.key)}
    elsewhere = store.authorised_in_others(tenant.enterprise, tenant.key) if word is Word.AUTHORISE else {}
    addresses = _by_address(accounts.values(), refusals.values())
    seen: dict[str, int] = {}
    told: list[Line] = []
    for number, given in lines:
        meant = addresses.get(clean(given), set()) if "@" in given else {given} & (accounts.keys() | refusals.keys())
        employee = next(iter(meant)) if len(meant) == 1 else ""
        if not employee:
            why = "several employees have this address: give the id" if meant else "no employee with this id or address"
        elif employee in seen:
            why = f"the same employee as in line {seen[employee]}"
        elif word is Word.REVOKE:
            why = _not_revoked(accounts.get(employee))
        else:
            why = _not_authorised(accounts.get(employee), refusals.get(employee), elsewhere)
        seen.setdefault(employee, number)
        told.append(Line(number, given, "" if why else employee, why or _DOES[word]))
    return told


_DOES: Final = {Word.AUTHORISE: "will be authorised", Word.REVOKE: "will be revoked"}


def _by_address(accounts: Collection[Account], refusals: Collection[Refusal]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for account in accounts:
        for address in {account.address, *account.addresses} - {""}:
            found.setdefault(address, set()).add(account.employee)
    for refusal in refusals:
        if refusal.address:
            found.setdefault(refusal.address, set()).add(refusal.employee)
    return found


def _not_revoked(account: Account | None) -> str:
    return "" if account and account.authorised else "is not authorised: nothing to revoke"


def _not_authorised(account: Account | None, refusal: Refusal | None, elsewhere: dict[str, str]) -> str:
    moved = refusal is not None and refusal.why is Why.MOVED
    if account and account.authorised and not moved:
        return "is authorised already"
    if reason := why_not(refusal.why if refusal else None, account):
        return reason
    user = refusal.object_id if refusal and moved else account.object_id if account else ""
    return f"is authorised in configuration {elsewhere[user]}: revoke it there first" if user in elsewhere else ""
