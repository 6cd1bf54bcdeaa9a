"""What a mailbox holds: events, the exceptions of a series, and occurrences, which exist only when looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from sandbox.microsoft import ids
from sandbox.microsoft.recurrence import Recurrence
from sandbox.microsoft.zones import Moment, Span

if TYPE_CHECKING:
    from sandbox.microsoft.mailbox import Mailbox

Props = dict[str, Any]

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(eq=False)
class Override:
    """One occurrence that differs from its series (`type` exception)."""

    props: Props
    span: Span
    change: int = 0
    modified: datetime = _NEVER
    extended: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Disguise:
    """What the answers say of an event in place of the truth: programs make rules and zones that Graph has no name for.

    rule: the recurrence as it is, with a type of pattern that Graph does not document, or not at all. zone: the name
    of its time zone, such as `Customized Time Zone`; None is the true one.
    """

    rule: Literal["readable", "unknown_type", "missing"] = "readable"
    zone: str | None = None

    def recurrence(self, shown: Props | None) -> Props | None:
        if shown is None or self.rule == "missing":
            return None
        pattern = shown["pattern"] | ({"type": "lunarMonthly"} if self.rule == "unknown_type" else {})
        return {"pattern": pattern, "range": shown["range"] | ({"recurrenceTimeZone": self.zone} if self.zone else {})}


@dataclass(eq=False)
class Event:
    """A single event or the master of a series.

    `props` holds Graph's properties except times, ids and recurrence; `extended` the single-value extended properties;
    `copies` an organiser's copies in other mailboxes, by mailbox id; `source` the organiser's event of such a copy.
    `date_copies` those of people who are invited to one date of a series only, by mailbox id and date; `source_day` is
    that date on such a copy.
    """

    mailbox: Mailbox
    number: int
    calendar_id: str
    ical_uid: str | None
    organizer: dict[str, str]
    is_organizer: bool
    props: Props
    span: Span
    created: datetime
    modified: datetime
    recurrence: Recurrence | None = None
    transaction_id: str | None = None
    change: int = 0
    moves: int = 0
    deleted: bool = False
    extended: dict[str, str] = field(default_factory=dict)
    overrides: dict[date, Override] = field(default_factory=dict)
    removed: set[date] = field(default_factory=set)
    copies: dict[str, Event] = field(default_factory=dict)
    date_copies: dict[tuple[str, date], Event] = field(default_factory=dict)
    source: Event | None = None
    source_day: date | None = None
    disguise: Disguise = Disguise()
    first_request: Any = None
    rendered: tuple[int, Props] | None = None

    @cached_property
    def immutable_id(self) -> str:
        return ids.item_id(self.mailbox.id, self.number, immutable=True)

    @property
    def ordinary_id(self) -> str:
        return ids.item_id(self.mailbox.id, self.number, immutable=False, moves=self.moves)

    @property
    def type(self) -> str:
        return "seriesMaster" if self.recurrence else "singleInstance"

    @property
    def addresses(self) -> list[str]:
        """The attendees' addresses in lower case."""
        return [attendee["emailAddress"]["address"].lower() for attendee in self.props["attendees"]]

    @property
    def tells_people(self) -> bool:
        """Whether Exchange tells the attendees about this event."""
        return self.is_organizer and not self.props["isDraft"] and not self.props["isCancelled"]

    def occurrence(self, day: date) -> Occurrence | None:
        """The occurrence whose original date is `day`; None if there is none or it was deleted."""
        if self.recurrence is None or day in self.removed or not self.recurrence.has(day):
            return None
        return Occurrence(self, day)

    def occurrences(self, start: datetime, end: datetime) -> Iterator[Occurrence]:
        """The occurrences and exceptions that overlap the window, by original date."""
        if self.recurrence is None:
            return
        margin = timedelta(days=2)
        days = self.recurrence.days((start - self.span.length - margin).date(), (end + margin).date())
        for day in sorted({*days, *self.overrides} - self.removed):
            found = Occurrence(self, day)
            if overlaps(found.span, start, end):
                yield found


@dataclass(frozen=True)
class Occurrence:
    """One date of a series, as the master and a possible override make it."""

    master: Event
    day: date

    @property
    def override(self) -> Override | None:
        return self.master.overrides.get(self.day)

    @property
    def type(self) -> str:
        return "exception" if self.override else "occurrence"

    @property
    def change(self) -> int:
        return self.override.change if self.override else self.master.change

    @property
    def props(self) -> Props:
        return self.master.props | self.override.props if self.override else self.master.props

    @property
    def extended(self) -> dict[str, str]:
        return self.override.extended if self.override else {}

    @property
    def regular_span(self) -> Span:
        """When it takes place according to the pattern."""
        span = self.master.span
        start = datetime.combine(self.day, span.start.wall.time())
        return Span(
            Moment(start, span.start.zone_name), Moment(start + (span.end.wall - span.start.wall), span.end.zone_name)
        )

    @property
    def span(self) -> Span:
        return self.override.span if self.override else self.regular_span

    @property
    def original_start(self) -> datetime:
        """`originalStart`, an instant; of an all-day series it is the local midnight."""
        return self.regular_span.start.utc


def overlaps(span: Span, start: datetime, end: datetime) -> bool:
    """Whether `span` and the half-open window share a moment; an event without length counts at its start."""
    first, last = span.start.utc, span.end.utc
    return first < end and (last > start or first == last == start)


def at_midnight(moment: Moment) -> bool:
    return moment.wall.time() == time()
