"""A plan is a value: what a run will do, why, and which mails that sends. It can be stored, shown, approved, executed.

`diff` makes it, `map` turns each Action that is not held into a Request, `load` does the Requests and gathers Outcomes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from calsync.core.model import Event, Link, Mark, Placement, Side


class Verb(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    LINK = "link"
    UNLINK = "unlink"


ASKED = "cleanup asked for by a person"
"""The reason of every action of a cleanup; the guard does not count what a person has confirmed (G5)."""


BESIDE_LOST = "new content of a meeting whose host is lost"
"""The reason of a copy that stands beside an invitation whose organiser is gone for good (E7)."""


class Word(StrEnum):
    """What a person says to held actions (G6)."""

    APPROVE = "approve"
    RESTORE = "restore"
    UNLINK = "unlink"


class Guest(NamedTuple):
    """Somebody to put on, or take off, a host's attendee list."""

    address: str
    name: str = ""


class Mail(NamedTuple):
    """A mail that Graph will send (E1). kind: invitation, update, cancellation; outside: not an employee's address."""

    kind: str
    to: str
    outside: bool


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do on one side of one meeting.

    id: the same for the same decision, so that a repeated task finds its journal row (G3).
    target_id: the ShareCRM or Graph id, "" for a create. A CREATE in ShareCRM with one puts that record back (E6).
    event: what this side shall show afterwards, as it can show it; before: what it shows now.
    fields: the fields of `event` that are written (C5).
    invite, uninvite: addresses to add to or take off the host's list.
    add, remove: people of a ShareCRM record, employee ids, or contact ids after "c:".
    expect: the etag or ShareCRM version it was planned against. actor: the employee who acts in ShareCRM (E8).
    mark, zone, body, reminder: of an Outlook create, the mark (B3), the zone of all-day dates, the text, the reminder.
    hosts: whether an Outlook create is the meeting's host, whose people are ours to write; else it is a copy (A3).
    people: whom the record names as an Outlook create is planned, "e:<employee id>" or "c:<contact id>" (G3).
    held: why it must wait for a person, "" when it need not (G5, G6).
    versions: of a held action, what it rests on: the versions of both sides as the run knew them, by "crm" or
    "<mailbox>|<event id>", "gone" for an event that is not there (G6).
    series: the series its meeting is a date of, "" for a single one: the guard counts a series as one (G5).
    """

    id: str
    link: str
    verb: Verb
    side: Side
    rule: str
    reason: str
    mailbox: str = ""
    target_id: str = ""
    event: Event | None = None
    before: Event | None = None
    fields: tuple[str, ...] = ()
    invite: tuple[Guest, ...] = ()
    uninvite: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    expect: str = ""
    actor: str = ""
    mark: Mark | None = None
    zone: str = ""
    body: str = ""
    reminder: bool = True
    hosts: bool = False
    people: tuple[str, ...] = ()
    mails: tuple[Mail, ...] = ()
    evidence: str = ""
    held: str = ""
    series: str = ""
    versions: tuple[tuple[str, str], ...] = ()

    @property
    def meeting(self) -> str:
        """What the guard counts: the meeting, or the whole series that it is a date of (G5)."""
        return self.series or self.link

    @property
    def makes_record(self) -> bool:
        """Whether it makes a new ShareCRM record: repeated blindly after a lost answer, it would make two (G3)."""
        return self.side is Side.CRM and self.verb is Verb.CREATE and not self.target_id

    @property
    def makes_event(self) -> bool:
        """Whether it makes a new Outlook event."""
        return self.side is Side.OUTLOOK and self.verb is Verb.CREATE


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a person may ask about that needed no write: skipped, kept, ambiguous, waiting.

    skipped: whether it counts among "skipped and why".
    """

    rule: str
    reason: str
    link: str = ""
    side: Side | None = None
    crm_id: str = ""
    mailbox: str = ""
    outlook_id: str = ""
    skipped: bool = True


@dataclass(frozen=True, slots=True)
class Loss:
    """A value that yielded (C5, C8, C2) or was changed by us: kept in history, restorable."""

    rule: str
    reason: str
    side: Side
    field: str
    event: Event
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a run decided about one meeting.

    noted: the link as it is stored before any write (A2, C3). agreed: the link once ShareCRM and the speaker both show
    the target (C6); identities and versions that only the answers know are filled in by `core.settle`.
    waits: actions of an earlier run are held and nothing else is decided until a person has answered (G6).
    """

    noted: Link
    agreed: Link
    actions: tuple[Action, ...] = ()
    remarks: tuple[Remark, ...] = ()
    losses: tuple[Loss, ...] = ()
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A person's word about what was held of one meeting (G6).

    actions: the ids of the actions that were asked about. who: a user of the Airflow UI, or of the command line.
    begun: whether something that follows from it has been sent, so that what moved since may be just that.
    """

    word: Word
    actions: frozenset[str]
    who: str
    begun: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether it is carried out whatever has moved: it is under way, and neither ends nor mails anything."""
        return self.begun and self.word is not Word.APPROVE

    def approves(self, action: str) -> bool:
        """Whether this very action was agreed to."""
        return self.word is Word.APPROVE and action in self.actions


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one run decided."""

    tenant: str
    run: str
    at: datetime
    meetings: tuple[Meeting, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def actions(self) -> list[Action]:
        return [action for meeting in self.meetings for action in meeting.actions]

    @property
    def mails(self) -> list[Mail]:
        return [mail for action in self.actions if not action.held for mail in action.mails]


class ActionState(StrEnum):
    """The states of the journal (G3)."""

    PLANNED = "planned"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    PARKED = "parked"
    HELD = "held"
    STALE = "stale"
    DROPPED = "dropped"


SETTLED = frozenset({ActionState.DONE, ActionState.PARKED, ActionState.HELD, ActionState.DROPPED})
"""States in which an action no longer keeps its cursor back (G2)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an action.

    placement: of an Outlook write, the placement as its answer shows it.
    crm_*: of a ShareCRM write, the record as re-read.
    code, sentence: of a failure, nothing personal in them.
    """

    action: str
    state: ActionState
    placement: Placement | None = None
    crm_id: str = ""
    crm_version: int = 0
    crm_shown: Event | None = None
    crm_owner: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """An Action mapped to the target system's payload: exactly what goes out.

    Graph: method, path below /v1.0, headers, body.
    ShareCRM: method is the data action (create, update, invalid, recover), path the object's name,
    body its `object_data`.
    read_first: the current state is read and compared before (E1, G3).
    """

    action: str
    side: Side
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    read_first: bool = False
