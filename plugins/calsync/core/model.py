"""The nouns of calsync, each defined once. All are frozen values; RULES numbers say where a word comes from.

Event       a meeting's content as one side shows it, in canonical form
CrmRow      a ShareCRM record as read; OutlookRow: a Graph event as read; Absence: a known Outlook id that is not there
Account     an employee matched to a Microsoft user (A5); Contact: an outside person (A6)
Link        one row per meeting (A2), with its Placements (A3)
Mark        the extended property on every event we create (B3)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple


class Side(StrEnum):
    CRM = "crm"
    OUTLOOK = "outlook"


@dataclass(frozen=True, slots=True)
class Time:
    """The field `time` (C5): start, end and all-day as one unit.

    Timed: two aware datetimes in UTC, whole seconds. All-day: two dates, `end` exclusive (F2).
    `zone` is the IANA zone it was written in, kept for writing, never compared.
    """

    start: datetime | date
    end: datetime | date
    zone: str = field(default="", compare=False)

    @property
    def all_day(self) -> bool:
        return not isinstance(self.start, datetime)


@dataclass(frozen=True, slots=True)
class Event:
    """A meeting's content as one side shows it.

    title: plain text, trimmed. private: Outlook's `personal`, `private` and `confidential` all read as True.
    attendees: ShareCRM employee ids, the owner among them. contacts: ContactObj ids. Both empty as read from Outlook.
    guests: lower-case addresses as read from Outlook, the organiser among them (E10); empty as read from ShareCRM.
    rooms: lower-case addresses of the rooms and equipment booked in Outlook. They are no people (E4): never compared
    as such, never sent to ShareCRM; but Graph mails them like everybody on an event (E1).
    """

    title: str
    time: Time
    private: bool = False
    attendees: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()
    guests: frozenset[str] = frozenset()
    rooms: frozenset[str] = frozenset()


class Mark(NamedTuple):
    """Our extended property (B3): who made the event, of which record, in which mailbox, for which generation."""

    installation: str
    tenant: str
    crm_id: str
    mailbox: str
    generation: int


class Life(StrEnum):
    """Where a ShareCRM record stands. GONE: not found by id, asked as its owner (D1); OTHER: not `normal` yet (F7)."""

    NORMAL = "normal"
    INVALID = "invalid"
    GONE = "gone"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CrmRow:
    """A ShareCRM record as read. `event` is None when `life` is GONE or its times cannot be read.

    calendar: the Calendar field; None when the row does not carry it, "" when it carries it empty (D6).
    problem: why this record cannot be read into an Event (F2, F3), else "".
    dropped: how many images, attachments and links to files its content holds, which no title shows (F4).
    """

    id: str
    version: int
    event: Event | None
    owner: str
    life: Life = Life.NORMAL
    calendar: str | None = None
    created: datetime | None = None
    modified: datetime | None = None
    problem: str = ""
    dropped: int = 0


class Shape(StrEnum):
    """Graph's event type (F1)."""

    SINGLE = "single"
    MASTER = "master"
    OCCURRENCE = "occurrence"
    EXCEPTION = "exception"


@dataclass(frozen=True, slots=True)
class OutlookRow:
    """A Graph event as read from one mailbox.

    mailbox: the user's object id. id: immutable Graph id, compared byte for byte. ical_uid: as given; "" when null.
    organizer: lower-case address, "" when null. mark: ours; `marked` False means it was not looked up.
    foreign: another tool's mark is on it (B3). zone: `originalStartTimeZone` as IANA name, "" when unknown.
    master: of an occurrence, the id of its series. original: its original date in the series' zone (B6).
    pattern: a digest of when the series takes place, by weekday and first date, not by the hour and not until when;
    on a master and on occurrences that came with theirs, else "" (B6).
    problem: why this event cannot be read (F2, F3), else "".
    """

    mailbox: str
    id: str
    etag: str
    event: Event
    shape: Shape = Shape.SINGLE
    ical_uid: str = ""
    master: str = ""
    original: date | None = None
    pattern: str = ""
    organizer: str = ""
    is_organizer: bool = True
    cancelled: bool = False
    draft: bool = False
    created: datetime | None = None
    modified: datetime | None = None
    zone: str = ""
    mark: Mark | None = None
    marked: bool = False
    foreign: bool = False
    problem: str = ""


class Proof(StrEnum):
    """What the by-id read of a missing Outlook id said (D1)."""

    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Absence:
    """A known Outlook id that a tombstone named or a complete listing lacked, with the by-id answer.

    rearranged: it is a date of a series that, read by id, is a single event now, recurs otherwise than when this date
    was last seen, or ends before it (B6).
    """

    mailbox: str
    id: str
    proof: Proof
    evidence: str = ""
    rearranged: bool = False


class Availability(StrEnum):
    OK = "ok"
    NO_MAILBOX = "no mailbox"
    FORBIDDEN = "access denied"
    GONE = "user is gone"
    UNREACHABLE = "unreachable"


class Authorisation(StrEnum):
    """Whether an account's calendars may be touched."""

    NEVER = "never"
    GIVEN = "authorised"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Account:
    """An employee matched to a Microsoft user (A5). Two facts: authorisation and availability.

    addresses: every address that is this person, lower case. address: the one to invite by. zone: IANA.
    chosen: a person gave the employee this Microsoft user where matching could not tell.
    """

    employee: str
    object_id: str
    address: str
    addresses: frozenset[str] = frozenset()
    authorised_since: datetime | None = None
    revoked_at: datetime | None = None
    availability: Availability = Availability.OK
    away_since: datetime | None = None
    zone: str = ""
    active: bool = True
    chosen: bool = False

    @property
    def authorised(self) -> bool:
        return self.authorised_since is not None and self.revoked_at is None

    @property
    def authorisation(self) -> Authorisation:
        if self.authorised_since is None:
            return Authorisation.NEVER
        return Authorisation.GIVEN if self.authorised else Authorisation.REVOKED

    @property
    def served(self) -> bool:
        """Whether its mailbox is read and written now."""
        return self.authorised and self.availability is Availability.OK


@dataclass(frozen=True, slots=True)
class Contact:
    """A ShareCRM ContactObj: an outside person (A6). `address` is lower case, "" when it has none that is usable."""

    id: str
    address: str = ""
    account_id: str = ""
    name: str = ""


class Form(StrEnum):
    """How a meeting stands in Outlook; decided once (A4)."""

    INVITED = "invited"
    COPIES = "copies"
    THEIRS = "theirs"


class Kind(StrEnum):
    """What a placement is (A3)."""

    HOST = "host"
    COPY = "copy"
    GUEST = "guest"


class Origin(StrEnum):
    OURS = "ours"
    THEIRS = "theirs"


class Standing(StrEnum):
    """The state of a placement (A3)."""

    LIVING = "living"
    ASLEEP = "asleep"
    DECLINED = "declined"
    RELEASED = "released"
    LOST = "lost"
    ENDED = "ended"


FOLLOWED = frozenset({Standing.LIVING, Standing.ASLEEP})
"""A placement that stands so is read whenever its mailbox can be."""

STANDS = FOLLOWED | {Standing.LOST}
"""A placement that stands so has not ended, as far as anybody knows."""


@dataclass(frozen=True, slots=True)
class Placement:
    """One appearance of a meeting in one mailbox (A3), with its own memory.

    shown: what it last showed when agreed; etag: of that; replaced: the etag our last write replaced (C4).
    fixed: when this placement was put right lately (C8).
    asked: the content that our last write asked for, as a digest, where its server keeps it otherwise, else "" (C3).
    master, pattern: as OutlookRow's, "" for a single event and for what is not known (B6).
    """

    mailbox: str
    id: str
    kind: Kind
    origin: Origin
    standing: Standing = Standing.LIVING
    shown: Event | None = None
    etag: str = ""
    replaced: str = ""
    ical_uid: str = ""
    original: date | None = None
    since: datetime | None = None
    fixed: tuple[datetime, ...] = ()
    master: str = ""
    pattern: str = ""
    asked: str = ""


class LinkState(StrEnum):
    SEEN = "seen"
    LIVING = "living"
    UNLINKED = "unlinked"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Link:
    """One row per meeting (A2).

    crm_shown, crm_version: what ShareCRM last showed when agreed. base: the Event last agreed, in ids (C2).
    speaker: mailbox of the placement that counts as Outlook's (C1). addresses: address -> the people it stands for,
    each "e:<employee id>" or "c:<contact id>" (E4). dirty: the next diff decides it again (G3).
    missed: in how many runs the record was not found by id (D1).
    apart: a person said that none of the events that look like the record is the same meeting (B4).
    crm_asked: of the record, as a Placement's `asked` (C3).
    """

    id: str
    crm_id: str = ""
    crm_version: int = 0
    crm_shown: Event | None = None
    crm_owner: str = ""
    base: Event | None = None
    form: Form | None = None
    placements: tuple[Placement, ...] = ()
    speaker: str = ""
    addresses: tuple[tuple[str, tuple[str, ...]], ...] = ()
    generation: int = 1
    state: LinkState = LinkState.SEEN
    reason: str = ""
    dirty: bool = False
    missed: int = 0
    created: datetime | None = None
    apart: bool = False
    crm_asked: str = ""

    @property
    def series(self) -> str:
        """The series that this meeting is a date of, by its host, else by any placement; "" for a single."""
        dates = sorted((p for p in self.placements if p.master), key=lambda p: p.kind is not Kind.HOST)
        return f"{dates[0].mailbox}|{dates[0].master}" if dates else ""

    def standing(self, mailbox: str, id_: str, standing: Standing) -> Link:
        """The link with this placement in another standing, and nothing else of it changed."""
        here = (mailbox, id_)
        placements = (replace(p, standing=standing) if (p.mailbox, p.id) == here else p for p in self.placements)
        return replace(self, placements=tuple(placements))

    def placement(self, mailbox: str) -> Placement | None:
        """The newest placement of this meeting in `mailbox`, living ones first."""
        here = [p for p in self.placements if p.mailbox == mailbox]
        return next((p for p in here if p.standing is Standing.LIVING), here[-1] if here else None)
