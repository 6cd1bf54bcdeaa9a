"""An employee of the accounts page in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from calsync.core.accounts import Candidate, Why
from calsync.store.roster import Group, Person
from calsync.web.words import moment


class Word(NamedTuple):
    """A group's name, the colour of its chip, and what it means."""

    name: str
    level: str
    help: str


GROUPS: Final = {
    Group.CONNECTED: Word("Connected", "good", "authorised, and the mailbox answers"),
    Group.AWAY: Word("Unavailable", "bad", "authorised, but the mailbox cannot be reached now"),
    Group.READY: Word("Not authorised", "", "matched, and waiting to be authorised or to connect themselves"),
    Group.REVOKED: Word("Revoked", "", "was authorised once"),
    Group.AMBIGUOUS: Word("Ambiguous", "wait", "a person has to choose who is who"),
    Group.UNMATCHED: Word("Not matched", "", "no Microsoft user was found, or none that may be"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list. may: what can be done with the employee, "" for nothing."""

    employee: str
    address: str
    object_id: str
    state: Word
    detail: str
    may: str
    candidates: tuple[Candidate, ...] = ()


def row_of(person: Person) -> Row:
    """An employee as the list shows them."""
    refused, account = person.refusal, person.account
    return Row(
        employee=person.employee,
        address=person.address,
        object_id=account.object_id if account else "",
        state=GROUPS[person.group],
        detail=_detail(person),
        may=_may(person),
        candidates=refused.candidates if refused and person.group is Group.AMBIGUOUS else (),
    )


def _may(person: Person) -> str:
    moved = person.refusal is not None and person.refusal.why is Why.MOVED
    if person.account and person.account.authorised and not moved:
        return "revoke"
    return "authorise" if person.account and (moved or person.refusal is None) else ""


def _detail(person: Person) -> str:
    said: list[str] = []
    account = person.account
    if account and person.group is Group.AWAY:
        since = f", since {moment(account.away_since)}" if account.away_since else ""
        said.append(f"{str(account.availability).capitalize()}{since}.")
    elif account and person.group is Group.CONNECTED:
        said.append(f"Since {moment(account.authorised_since)}.")
    elif account and person.group is Group.REVOKED:
        said.append(f"On {moment(account.revoked_at)}.")
    if person.refusal:
        why = str(person.refusal.why)
        said.append(f"{why[0].upper()}{why[1:]}.")
    return " ".join(said)
