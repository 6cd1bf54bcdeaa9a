"""Which Microsoft user is which employee, and whose calendars may be touched (RULES A5). Pure.

Matching proposes; only a person authorises. An address is evidence, the object id is the identity: once an account has
been authorised, its employee keeps that Microsoft user whatever happens to addresses, until it is authorised anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from calsync.core.model import Account, Availability


@dataclass(frozen=True, slots=True)
class Employee:
    """A ShareCRM employee. email: as ShareCRM holds it, "" when it holds none; active: not stopped."""

    id: str
    email: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class User:
    """A Microsoft user of the directory. proxies: its other SMTP addresses; member: `userType` is Member."""

    id: str
    mail: str = ""
    upn: str = ""
    proxies: tuple[str, ...] = ()
    member: bool = True
    enabled: bool = True

    @property
    def addresses(self) -> frozenset[str]:
        """Every address that is this user, lower case."""
        return frozenset(text for address in (self.mail, *self.proxies, self.upn) if (text := clean(address)))

    @property
    def address(self) -> str:
        """The one to invite by."""
        return next((text for address in (self.mail, *self.proxies, self.upn) if (text := clean(address))), "")


class Why(StrEnum):
    """Why an employee has no account to authorise; the value is the sentence for a person, free of addresses."""

    EXCLUDED = "the tenant file leaves this employee out: remove the null under 'employees' to take it in"
    STOPPED = "the employee is stopped in ShareCRM"
    NO_EMAIL = "the employee has no e-mail address in ShareCRM: add one, or map the employee under 'employees'"
    NO_USER = "no Microsoft member has this employee's address: map the employee under 'employees' in the tenant file"
    GUEST = "the address belongs to a guest user: only members of the Microsoft tenant are matched"
    DISABLED = "the Microsoft user is disabled: enable it in the Microsoft tenant"
    NO_MAPPED = "'employees' in the tenant file maps this employee to a user who is not there: correct it"
    MAPPED_AWAY = "this Microsoft user was given to another employee"
    SEVERAL_USERS = "several Microsoft users have this employee's address: map the employee under 'employees'"
    SEVERAL_EMPLOYEES = "several employees match the same Microsoft user: map the right one under 'employees'"
    TAKEN = "the Microsoft user belongs to another employee's account: revoke that account first"
    MOVED = "the address now belongs to another Microsoft user: authorise anew to change to that user"


AMBIGUOUS = frozenset({Why.SEVERAL_USERS, Why.SEVERAL_EMPLOYEES})
"""What a person can settle by choosing."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Microsoft user among whom a person may choose. address: the one to invite by; upn: how it signs in."""

    id: str
    address: str = ""
    upn: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An employee whom matching did not give the Microsoft user `object_id` ("" when no single one was found).

    address: the employee's in ShareCRM. candidates: whom a person may choose, of an ambiguous match only.
    """

    employee: str
    why: Why
    object_id: str = ""
    address: str = ""
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Matched:
    """What matching found: the accounts as they shall be stored, the refusals, and who moved to whom.

    moved: the account an employee of `Why.MOVED` would have after being authorised anew.
    """

    accounts: tuple[Account, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    moved: Mapping[str, Account] = field(default_factory=dict)


def clean(address: str | None) -> str:
    """An address for comparison: trimmed, lower case, without Exchange's `smtp:`; "" when it is none."""
    text = (address or "").strip().lower().removeprefix("smtp:")
    return text if "@" in text[1:-1] and ":" not in text else ""


def match(
    employees: Iterable[Employee],
    users: Iterable[User],
    explicit: Mapping[str, str | None],
    known: Iterable[Account],
    zones: Mapping[str, str],
    now: datetime,
) -> Matched:
    """Match employees with Microsoft users; never by a guess.

    :param explicit: employee id -> object id or address; None leaves the employee out (see `leave_out`). It goes
        before what a person chose (`Account.chosen`), which counts while that user is there.
    :param known: the accounts stored so far. Those of employees or users that are gone stay, inactive or unavailable;
        a list that came back quite empty is no evidence of that.
    :param zones: configured time zones by employee id.
    """
    by_employee = {one.id: one for one in employees}
    directory = _Directory(users)
    before = {account.employee: account for account in leave_out(known, explicit, now)}
    explicit = directory.still_there(before.values()) | dict(explicit)
    found, refusals = _candidates(by_employee.values(), directory, explicit, before)
    accounts: list[Account] = []
    moved: dict[str, Account] = {}
    for employee in sorted(before.keys() | found.keys()):
        account, user = before.get(employee), found.get(employee)
        fixed = account is not None and account.authorised_since is not None
        if user and (account is None or account.object_id != user.id):
            other = Account(employee, user.id, user.address, account.addresses if account else frozenset())
            if fixed:
                moved[employee] = _renewed(other, by_employee[employee], directory, zones, now)
                refusals[employee] = Refusal(employee, Why.MOVED, user.id, clean(by_employee[employee].email))
            else:
                account = other
        if account and (fixed or user):
            unread = None if by_employee else Employee(employee, active=account.active)
            accounts.append(_renewed(account, by_employee.get(employee, unread), directory, zones, now))
    return Matched(tuple(accounts), tuple(refusals[employee] for employee in sorted(refusals)), moved)


class _Directory:
    """The Microsoft tenant's users by object id and by address."""

    def __init__(self, users: Iterable[User]) -> None:
        self.by_id = {user.id: user for user in users}
        self.bearers: dict[str, list[User]] = {}
        for user in self.by_id.values():
            for address in user.addresses:
                self.bearers.setdefault(address, []).append(user)

    def still_there(self, accounts: Iterable[Account]) -> dict[str, str | None]:
        """Employee id -> the Microsoft user that a person chose, where there still is such a user."""
        return {one.employee: one.object_id for one in accounts if one.chosen and one.object_id in self.by_id}

    def members(self, address: str) -> tuple[Candidate, ...]:
        """Every member who bears this address."""
        users = [user for user in self.bearers.get(clean(address), []) if user.member]
        return tuple(map(_candidate, sorted(users, key=lambda user: user.id)))

    def find(self, wanted: str) -> User | Why:
        """The one member whose object id or address `wanted` is, else why there is none."""
        named = self.by_id.get(wanted)
        bearers = [named] if named else self.bearers.get(clean(wanted), [])
        members = [user for user in bearers if user.member]
        if len(members) > 1:
            return Why.SEVERAL_USERS
        if not members:
            return Why.GUEST if bearers else Why.NO_USER
        return members[0] if members[0].enabled else Why.DISABLED


def _candidates(
    employees: Iterable[Employee],
    directory: _Directory,
    explicit: Mapping[str, str | None],
    before: Mapping[str, Account],
) -> tuple[dict[str, User], dict[str, Refusal]]:
    """Employee id -> its one Microsoft user, and the refusals of everybody else."""
    found: dict[str, User] = {}
    refusals: dict[str, Refusal] = {}
    addresses: dict[str, str] = {}
    for employee in employees:
        user = _user_of(employee, directory, explicit)
        addresses[employee.id] = clean(employee.email)
        if isinstance(user, User):
            found[employee.id] = user
        else:
            several = directory.members(_wanted(employee, explicit)) if user is Why.SEVERAL_USERS else ()
            refusals[employee.id] = Refusal(employee.id, user, "", addresses[employee.id], several)
    for employee_id, why in _contested(found, explicit, before).items():
        user = found.pop(employee_id)
        one = (_candidate(user),) if why is Why.SEVERAL_EMPLOYEES else ()
        refusals[employee_id] = Refusal(employee_id, why, user.id, addresses[employee_id], one)
    return found, refusals


def _candidate(user: User) -> Candidate:
    return Candidate(user.id, user.address, user.upn)


def _wanted(employee: Employee, explicit: Mapping[str, str | None]) -> str:
    return explicit.get(employee.id) or employee.email


def _user_of(employee: Employee, directory: _Directory, explicit: Mapping[str, str | None]) -> User | Why:
    if not employee.active:
        return Why.STOPPED
    if employee.id not in explicit:
        return directory.find(employee.email) if clean(employee.email) else Why.NO_EMAIL
    wanted = explicit[employee.id]
    if not wanted:
        return Why.EXCLUDED
    user = directory.find(wanted)
    return Why.NO_MAPPED if user is Why.NO_USER else user


def _contested(
    found: Mapping[str, User], explicit: Mapping[str, str | None], before: Mapping[str, Account]
) -> dict[str, Why]:
    """Employees who may not have the user they match, because another has it or matches it too."""
    holders = {account.object_id: account.employee for account in before.values() if account.authorised}
    matches = Counter(user.id for user in found.values())
    mapped = Counter(user.id for employee, user in found.items() if employee in explicit)
    refused: dict[str, Why] = {}
    for employee, user in found.items():
        holder = holders.get(user.id)
        if holder not in (None, employee):
            refused[employee] = Why.TAKEN
        elif holder is None and matches[user.id] > 1:
            if mapped[user.id] != 1:
                refused[employee] = Why.SEVERAL_EMPLOYEES
            elif employee not in explicit:
                refused[employee] = Why.MAPPED_AWAY
    return refused


def _renewed(
    account: Account, employee: Employee | None, directory: _Directory, zones: Mapping[str, str], now: datetime
) -> Account:
    """An account with what both directories say of it now; its employee, its user and its authorisation stay."""
    user = directory.by_id.get(account.object_id)
    account = replace(
        account,
        address=(user.address if user else "") or account.address,
        addresses=_addresses(account, employee, user, directory),
        zone=zones.get(account.employee, account.zone),
        active=employee is not None and employee.active,
    )
    if user is None and directory.by_id and account.availability is not Availability.GONE:
        return replace(account, availability=Availability.GONE, away_since=account.away_since or now)
    if user is not None and account.availability is Availability.GONE:
        return replace(account, availability=Availability.OK, away_since=None)
    return account


def _addresses(account: Account, employee: Employee | None, user: User | None, directory: _Directory) -> frozenset[str]:
    """The person's addresses now, and the former ones that nobody else has been given since."""
    former = {
        address
        for address in account.addresses
        if all(bearer.id == account.object_id for bearer in directory.bearers.get(address, []))
    }
    email = {clean(employee.email)} - {""} if employee else set()
    return frozenset(former | email | (user.addresses if user else set()))


def chosen(employee: str, user: Candidate, address: str) -> Account:
    """The account of an employee whom a person gave this Microsoft user; it is still to be authorised."""
    known = {text for text in (clean(address), clean(user.address), clean(user.upn)) if text}
    return Account(employee, user.id, clean(user.address) or clean(user.upn), frozenset(known), chosen=True)


def settled(refusals: Iterable[Refusal], of: Refusal, user: Candidate) -> list[Refusal]:
    """The refusals once a person gave `user` to the employee of one of them: whoever wanted it too goes without."""
    left: list[Refusal] = []
    for one in refusals:
        if one.employee == of.employee:
            continue
        lost = one.why is Why.SEVERAL_EMPLOYEES and one.object_id == user.id
        left.append(replace(one, why=Why.MAPPED_AWAY, candidates=()) if lost else one)
    return left


def authorised(account: Account, now: datetime) -> Account:
    """The account, authorised from `now`; as it is when it is authorised already."""
    return account if account.authorised else replace(account, authorised_since=now, revoked_at=None)


def revoked(account: Account, now: datetime) -> Account:
    """The account, revoked at `now`; as it is when it is not authorised."""
    return replace(account, revoked_at=now) if account.authorised else account


def leave_out(accounts: Iterable[Account], explicit: Mapping[str, str | None], now: datetime) -> list[Account]:
    """The accounts, revoked at `now` those whose employee the tenant file leaves out.

    It is a person's word, as a revocation is, and as little deletes anything (D7). Taking it back authorises nobody:
    that calendar may be another configuration's by then.
    """
    return [revoked(one, now) if explicit.get(one.employee, "") is None else one for one in accounts]
