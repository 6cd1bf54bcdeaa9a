"""The rows of the state database that are not words of the core already. All times are aware and in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from calsync.core.model import Event, Side, Standing
from calsync.core.plan import Action, ActionState, Loss, Outcome


class KnownCrm(NamedTuple):
    """A ShareCRM record that a link knows: what `diff` compares a listing with.

    version: that last agreed. shown: the `core.codec.fingerprint` of the Event it showed then, "" when none.
    """

    crm_id: str
    version: int
    shown: str
    link: str


class KnownOutlook(NamedTuple):
    """An Outlook event that a link knows; `shown` as in KnownCrm, `master` and `pattern` as in Placement."""

    mailbox: str
    id: str
    etag: str
    shown: str
    standing: Standing
    link: str
    master: str = ""
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far one source has been read (RULES G2).

    name: "crm", or "outlook:" and the mailbox. value: a watermark or a delta link. window_*: the days baked into it.
    """

    name: str
    value: str
    saved_at: datetime
    window_start: datetime | None = None
    window_end: datetime | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JournalRow:
    """An action in the journal (RULES G3).

    run: the run that planned it last. attempts: how many tries have failed. next_at: when the next one is due.
    code, sentence: why the last try failed, nothing personal in them.
    asked: the id of the question about it, "" when there is none yet. asked_at: when that question was put to people.
    answer: approve, restore or unlink, "" while there is none. answered_by, answered_at: whose word it is (G6).
    """

    action: Action
    run: str
    state: ActionState
    planned_at: datetime
    attempts: int = 0
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    next_at: datetime | None = None
    code: str = ""
    sentence: str = ""
    outcome: Outcome | None = None
    asked: str = ""
    asked_at: datetime | None = None
    answer: str = ""
    answered_by: str = ""
    answered_at: datetime | None = None


_SAID = frozenset({"G6", "G10"})
"""The rules of entries that tell what a person said about actions: none of these was done by it."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened to a meeting, with the values before and after, for explanation, restore and undo.

    mailbox, target_id: which event or record. who: an employee id, a user of the Airflow UI, or "" for calsync
    itself. base: what both sides had agreed on before. losses: values that yielded. id: set by the database, rising;
    0 before it is stored.
    """

    at: datetime
    run: str
    link: str
    rule: str
    reason: str
    side: Side | None = None
    mailbox: str = ""
    target_id: str = ""
    action: str = ""
    who: str = ""
    before: Event | None = None
    after: Event | None = None
    base: Event | None = None
    losses: tuple[Loss, ...] = ()
    id: int = 0

    @property
    def done(self) -> bool:
        """Whether it tells of an action that was done, and not of a person's word about a held or parked one."""
        return bool(self.action) and self.rule not in _SAID


class WishKind(StrEnum):
    """What a person wants of a meeting: what a run did undone (RULES G9), or a value that yielded (C5)."""

    UNDO = "undo"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of one meeting, until a run has carried it out or found that it cannot be.

    of: the run to undo; or the id of the history entry that tells of the value, ":", and which of its losses it is.
    """

    link: str
    kind: WishKind
    of: str
    who: str
    at: datetime


class RunState(StrEnum):
    """How a run stands. SKIPPED: nothing was found and nothing was waiting (RULES C10)."""

    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one tenant. kind: "incremental", "window", "reconcile", "approval" and the like."""

    id: str
    kind: str
    started_at: datetime
    state: RunState = RunState.RUNNING
    ended_at: datetime | None = None
    counters: Mapping[str, int] = field(default_factory=dict)
    sentence: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may write a tenant, and until when (RULES G7)."""

    holder: str
    taken_at: datetime
    until: datetime


class Pruned(NamedTuple):
    """How many rows a retention took away."""

    history: int
    actions: int
    runs: int
