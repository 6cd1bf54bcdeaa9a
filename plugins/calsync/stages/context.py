"""What every stage is given: the run it belongs to, and the ports through which it reaches the world."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calsync.graph.client import GraphClient
    from calsync.sharecrm.client import CrmClient
    from calsync.sharecrm.settings import CrmSettings
    from calsync.staging import Staging
    from calsync.store.store import Store

Counters = dict[str, int | str]


@dataclass(frozen=True, slots=True)
class Focus:
    """The few meetings that a focused run reads by id, on both sides, and decides; nothing else, and no cursor.

    links: ids of links. records: ShareCRM ids. events: (mailbox, immutable Graph id). question: the meetings whose held
    actions a person answered under this question (RULES G6).
    """

    links: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()
    events: frozenset[tuple[str, str]] = frozenset()
    question: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one tenant.

    id: Airflow's run id, or "cli-<utc stamp>-<hex>". kind: scheduled, manual, backfill, operator_triggered, cli.
    at: aware UTC, when it began. holder: under which name it holds the lease (RULES G7).
    dry_run: it writes its own run folder alone (G8). recover: pair, and hold what would be created (B5).
    window: first and last day to read anew, in place of the cursors (G8). people: employees whose mailboxes and records
    a window run keeps to, all when empty. strangers: nobody named these, and some may take no part; who is named must.
    focus: the meetings that a focused run keeps to.
    undo: the run that this one takes back, for the links of its focus; "" for none (G9).
    """

    id: str
    kind: str
    at: datetime
    holder: str
    dry_run: bool = False
    recover: bool = False
    window: tuple[date, date] | None = None
    people: frozenset[str] = frozenset()
    strangers: bool = False
    focus: Focus | None = None
    undo: str = ""

    @property
    def narrow(self) -> bool:
        """Whether it reads only a part of what there is: then nothing follows from what it has not read."""
        return bool(self.focus or self.people)

    @property
    def moves_cursors(self) -> bool:
        """Whether it reads on from the cursors and moves them, as an ordinary run does (G2, G8)."""
        return not (self.window or self.narrow)


@dataclass(slots=True)
class Ports:
    """How the stages reach the two systems, the state database, the staged files and the clock.

    still_ours: asked before every write; it raises LeaseLost once another run may write (G7).
    """

    store: Store
    staging: Staging
    crm: Callable[[], AbstractAsyncContextManager[CrmClient]]
    graph: Callable[[], AbstractAsyncContextManager[GraphClient]]
    now: Callable[[], datetime]
    crm_settings: Callable[[], CrmSettings]
    still_ours: Callable[[], None] = field(default=lambda: None)

    def close(self) -> None:
        """Close what `open_ports` opened."""
        self.store.close()
