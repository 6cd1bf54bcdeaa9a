"""Keys by which the two sides' rows are recognised as one meeting, and a meeting as one run sees it (B1, B2, B4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import NAMESPACE_URL, uuid5

from calsync.core.codec import fingerprint
from calsync.core.model import (
    FOLLOWED,
    Absence,
    CrmRow,
    Event,
    Kind,
    Link,
    LinkState,
    Origin,
    OutlookRow,
    Placement,
    Proof,
    Side,
    Standing,
)
from calsync.core.text import compared, outgoing

AMBIGUOUS = "ambiguous"

LEFT_ALONE = "its meeting is left alone for the mark that it bears in another mailbox"

RUNS_TO_BELIEVE = 2
"""In so many runs a record must not be found before it counts as gone (D1)."""

_GLOBAL_ID = "040000008200E00074C5B7101A82E008"


@dataclass
class Sight:
    """One meeting as this run sees it: its link, and what was read of it.

    rows, absences: by (mailbox, id), since one mailbox may show an ended event of the meeting beside a living one.
    asked: what its record was created with by a request that got no answer: both sides showed it then (G3).
    uninvited: people whose guest placement was cancelled alone (D3).
    unclear: mailboxes where several events may be this meeting: nothing is made there until that is known (B4).
    unreadable: its record, an event of it or its series cannot be read: nothing is decided then.
    """

    link: Link
    crm: CrmRow | None = None
    asked: Event | None = None
    rows: dict[tuple[str, str], OutlookRow] = field(default_factory=dict)
    absences: dict[tuple[str, str], Absence] = field(default_factory=dict)
    uninvited: set[str] = field(default_factory=set)
    unclear: set[str] = field(default_factory=set)
    unreadable: bool = False

    def see(self, row: OutlookRow) -> None:
        """Note a row of an event that the link knows."""
        self.rows[row.mailbox, row.id] = row

    def place(self, row: OutlookRow, kind: Kind, origin: Origin, standing: Standing = Standing.LIVING) -> None:
        """Note that the meeting stands in this row's mailbox; what was ours there is remembered beside it."""
        before = self.link.placement(row.mailbox)
        new = Placement(
            row.mailbox, row.id, kind, origin, standing, ical_uid=row.ical_uid, original=row.original,
            since=row.created, master=row.master, pattern=row.pattern,
        )  # fmt: skip
        kept = tuple(p for p in self.link.placements if p is not before or Origin.OURS in (p.origin, origin))
        self.link = replace(self.link, placements=(*kept, new))
        self.see(row)

    def keep_twin(self, row: OutlookRow) -> None:
        """Remember an event whose mailbox has the meeting already: it takes the meeting over if that one is deleted."""
        kind = Kind.COPY if row.is_organizer else Kind.GUEST
        twin = Placement(
            row.mailbox, row.id, kind, Origin.THEIRS, Standing.ENDED, etag=row.etag, ical_uid=row.ical_uid,
            original=row.original, since=row.created, master=row.master, pattern=row.pattern,
        )  # fmt: skip
        self.link = replace(self.link, placements=(twin, *self.link.placements))
        self.see(row)

    def settle_twins(self) -> None:
        """Where one of equal events was deleted, another one is the meeting's: it did not end (A1, D3)."""
        for deleted in [p for p in self.link.placements if is_gone(self.absences, p)]:
            others = [p for p in self.link.placements if _equal(p, deleted)]
            left = next((p for p in others if (p.mailbox, p.id) not in self.absences), None)
            if left and left.standing is Standing.ENDED and deleted.standing in FOLLOWED:
                self.goes_on(deleted, left)
            elif left and deleted.standing is Standing.ENDED and deleted.origin is Origin.THEIRS:
                self.link = replace(self.link, placements=tuple(p for p in self.link.placements if p is not deleted))

    def goes_on(self, deleted: Placement, other: Placement) -> None:
        """The meeting stands in another event of the mailbox from now on. What it showed stays remembered, so that what
        the other one shows otherwise is seen as an edit; not read yet, it is read by the next run.
        """
        now = replace(other, kind=deleted.kind, standing=deleted.standing, shown=deleted.shown, etag="")
        placements = tuple(now if p is deleted else p for p in self.link.placements if p is not other)
        self.link = replace(self.link, placements=placements, dirty=True)
        self.absences.pop((deleted.mailbox, deleted.id), None)
        self.unreadable |= (now.mailbox, now.id) not in self.rows


def ical_key(ical_uid: str, original: date | None = None) -> str:
    """The key of one Outlook meeting across mailboxes: the iCalUId with its date digits zeroed, and the date (B2).

    An invitation to a single date of somebody's series is a single event that bears the date in its iCalUId; it is the
    same meeting as that occurrence. "" matches nothing.
    """
    return f"{series_uid(ical_uid)}|{original_date(ical_uid, original) or ''}" if ical_uid else ""


def series_uid(ical_uid: str) -> str:
    """What the iCalUIds of a series' occurrences have in common."""
    return ical_uid[:32] + "00000000" + ical_uid[40:] if _dated(ical_uid) else ical_uid


def original_date(ical_uid: str, original: date | None = None) -> date | None:
    """An occurrence's original date: what its iCalUId says, in any mailbox and zone alike, else `original`.

    Hex digits 33-40 hold it as year, month and day (Exchange's global object id, [MS-OXOCAL] 2.2.1.27), zeros when the
    event is no occurrence.
    """
    if not _dated(ical_uid):
        return original
    try:
        return date(int(ical_uid[32:36], 16), int(ical_uid[36:38], 16), int(ical_uid[38:40], 16))
    except ValueError:
        return original


def _dated(ical_uid: str) -> bool:
    return ical_uid.upper().startswith(_GLOBAL_ID) and len(ical_uid) >= 40


def link_id(tenant: str, side: Side, *parts: str) -> str:
    """The id of a new link: the same record or event always gets the same one, so a repeated run repeats itself."""
    return str(uuid5(NAMESPACE_URL, "|".join(("calsync", tenant, side, *parts))))


def unagreed(link: Link) -> bool:
    """Whether a link stands on one side only and nothing was agreed: it may still find its other half (B4)."""
    return link.state is LinkState.SEEN and link.base is None and not (link.crm_id and link.placements)


def is_gone(absences: Mapping[tuple[str, str], Absence], placement: Placement) -> bool:
    """Whether a placement's event is proven to be deleted (D1)."""
    absence = absences.get((placement.mailbox, placement.id))
    return absence is not None and absence.proof is Proof.GONE


def _equal(one: Placement, other: Placement) -> bool:
    """Whether two events of one mailbox are the same Outlook meeting."""
    key = ical_key(one.ical_uid, one.original)
    here = one.mailbox == other.mailbox and one.id != other.id
    return here and bool(key) and key == ical_key(other.ical_uid, other.original)


def left_alone(link: Link) -> bool:
    """Whether a link only remembers a meeting that is none of ours, by its iCalUId (B3)."""
    return link.reason == LEFT_ALONE and link.state is LinkState.SEEN


def look(event: Event) -> str:
    """A digest of what a person would call the same meeting: title as Outlook shows it, start, end, all-day (B4)."""
    return fingerprint(Event(compared(outgoing(event.title)), replace(event.time, zone="")))


def alike(one: str, other: str) -> bool:
    """Whether two titles are the same as Outlook would show them."""
    return compared(outgoing(one)) == compared(outgoing(other))


def one_each(rows: list[OutlookRow]) -> tuple[list[OutlookRow], list[OutlookRow]]:
    """Of one Outlook meeting's rows, the oldest of each mailbox, and the others, of a file imported twice say (B2)."""
    oldest: dict[str, OutlookRow] = {}
    for row in sorted(rows, key=lambda each: (str(each.created or ""), each.id)):
        oldest.setdefault(row.mailbox, row)
    first = list(oldest.values())
    return [row for row in rows if row in first], [row for row in rows if row not in first]


def kinds(rows: list[OutlookRow], owner_mailbox: str) -> Iterator[tuple[OutlookRow, Kind]]:
    """What each of these rows is to its meeting (A3): one host at most, since a host's deletion is the meeting's (D3).

    People may each have put the same meeting into their own calendar. Then the one with attendees, or the owner's, or
    the oldest is the host; the others are copies, of which calsync may write the content and never delete any.
    """

    def rank(row: OutlookRow) -> tuple[bool, bool, str, str]:
        alone = not row.event.guests - {row.organizer} and not row.event.rooms
        return alone, row.mailbox != owner_mailbox, str(row.created or ""), row.mailbox

    host = min((row for row in rows if row.is_organizer), key=rank, default=None)
    for row in rows:
        yield row, Kind.HOST if row is host else Kind.COPY if row.is_organizer else Kind.GUEST
