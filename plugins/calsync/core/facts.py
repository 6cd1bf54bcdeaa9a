"""What `diff` is given: the tenant's rules, the people, what is remembered and what was read. All values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from calsync.core.model import Absence, Account, Contact, CrmRow, Event, Link, OutlookRow, Time
from calsync.core.past import Past, Wanted
from calsync.core.plan import Action, Answer


@dataclass(frozen=True, slots=True)
class Limits:
    """The guard's limits (G5): counts and shares of meetings over 24 hours, mails of one run.

    emptied_from: from how many meetings on it is remarkable that none is left.
    """

    mails_per_run: int = 100
    tenant_meetings: int = 10
    tenant_share: float = 0.20
    mailbox_meetings: int = 5
    mailbox_share: float = 0.50
    emptied_from: int = 3


@dataclass(frozen=True, slots=True)
class Tally:
    """What the guard weighs a plan against, of the tenant or of one mailbox (G5).

    meetings: how many live, a series counted as one. ended: how many calsync has ended within 24 hours without a
    person's word, or is held from ending. dates: how many live, each date of a series counted. held: how many of these
    are held from being ended.
    """

    meetings: int = 0
    ended: int = 0
    dates: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """One tenant's configuration as the engine needs it. The words are those of the tenant's YAML.

    former: names it bore before; records that bear one of them are its own all the same (D6).
    crm_private: whether this enterprise's ScheduleObj can mark a record as private; read from describe, not configured.
    """

    tenant: str
    name: str
    installation: str
    former: tuple[str, ...] = ()
    zone: str = "UTC"
    direction: str = "bidirectional"
    scope: str = "calendar"
    out_of_scope: str = "unlink"
    past_days: int = 30
    future_days: int = 180
    conflicts: str = "latest"
    deletions: str = "lose"
    invitations: str = "everyone"
    first_sync: str = "quiet"
    drift: str = "keep"
    empty_title: str = "(no title)"
    crm_private: bool = True
    limits: Limits = field(default_factory=Limits)

    @property
    def to_outlook(self) -> bool:
        return self.direction != "outlook_to_crm"

    @property
    def to_crm(self) -> bool:
        return self.direction != "crm_to_outlook"

    def names(self, row: CrmRow) -> bool:
        """Whether a record belongs to this configuration: by its Calendar field, unless `scope: all`."""
        return self.scope == "all" or row.calendar in (self.name, *self.former)

    def left(self, row: CrmRow) -> bool:
        """Whether a record was taken out of the calendar. A row that lacks the field is no evidence of that (D6)."""
        return row.calendar is not None and not self.names(row)

    def in_window(self, time: Time, now: datetime) -> bool:
        """Whether a meeting touches the window, by local dates in the tenant's zone (F5)."""
        last_day = self._today(now) + timedelta(days=self.future_days)
        return local_days(time, self.zone)[0] <= last_day and not self.behind_window(time, now)

    def behind_window(self, time: Time, now: datetime) -> bool:
        """Whether a meeting was over before the window's first day (F5)."""
        return local_days(time, self.zone)[1] < self._today(now) - timedelta(days=self.past_days)

    def _today(self, now: datetime) -> date:
        return now.astimezone(ZoneInfo(self.zone)).date()


def local_days(time: Time, zone: str) -> tuple[date, date]:
    """The first and the last local date a meeting touches in `zone`."""
    if not isinstance(time.start, datetime) or not isinstance(time.end, datetime):
        return time.start, max(time.start, time.end - timedelta(days=1))
    tz = ZoneInfo(zone)
    last = max(time.start, time.end - timedelta(seconds=1))
    return time.start.astimezone(tz).date(), last.astimezone(tz).date()


def ended(time: Time, zone: str, now: datetime) -> bool:
    """Whether a meeting is over at `now`; an all-day one with its last local day in `zone` (E5)."""
    if isinstance(time.end, datetime):
        return time.end <= now
    return time.end <= now.astimezone(ZoneInfo(zone)).date()


@dataclass(frozen=True, slots=True)
class Intent:
    """A create in ShareCRM that was sent and never answered (G3): whose it is, what it says, since when."""

    link: str
    owner: str
    event: Event
    since: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything one diff knows.

    now: aware UTC. first_sync: when the tenant's first writing run began (G4); None: this is it.
    members: addresses of the Microsoft tenant's members (E9). employees: address -> id, of every employee (E10).
    links: those that any row, absence or waiting decision concerns.
    created: the creates in Outlook that were sent and never answered (G3).
    removed: by (mailbox, id), the events whose deletion was sent and never answered (E2).
    held: per link id, the actions that wait for a person; answers: per link id, what one has said (G6).
    past: per link id, what a run did that is to be undone now (G9); wanted: a value that a person wants back (C5).
    recover: pair, and hold what would be created (B5).
    claimed: `ical_key`s of Outlook meetings that another configuration of the enterprise has (B3).
    review: rules or people changed, so that every link is looked at again (C10).
    tenant: what the guard weighs the plan against; mailboxes: per mailbox (G5).
    clock_offset: seconds each system's clock is ahead of ours, by its `Date` header (C5).
    """

    rules: Rules
    run: str
    now: datetime
    first_sync: datetime | None = None
    accounts: tuple[Account, ...] = ()
    contacts: tuple[Contact, ...] = ()
    members: frozenset[str] = frozenset()
    employees: dict[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    crm: tuple[CrmRow, ...] = ()
    outlook: tuple[OutlookRow, ...] = ()
    absences: tuple[Absence, ...] = ()
    intents: tuple[Intent, ...] = ()
    created: tuple[Action, ...] = ()
    removed: frozenset[tuple[str, str]] = frozenset()
    held: dict[str, tuple[Action, ...]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    past: dict[str, Past] = field(default_factory=dict)
    wanted: dict[str, Wanted] = field(default_factory=dict)
    recover: bool = False
    review: bool = False
    claimed: frozenset[str] = frozenset()
    tenant: Tally = field(default_factory=Tally)
    mailboxes: dict[str, Tally] = field(default_factory=dict)
    clock_offset: dict[str, float] = field(default_factory=dict)

    @property
    def quiet_until(self) -> datetime:
        """Meetings made before this moment mail nobody (A4)."""
        return self.first_sync or self.now.astimezone(UTC)
