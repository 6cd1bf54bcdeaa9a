"""What the guard weighs a plan against: what lives, what was ended lately, and what is held from being ended (G5)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from calsync.core.facts import Tally
from calsync.core.guard import ends_meeting
from calsync.core.model import Kind, LinkState, Standing
from calsync.core.plan import Action

if TYPE_CHECKING:
    from calsync.store.records import JournalRow, KnownOutlook
    from calsync.store.store import Store

DAY = timedelta(hours=24)


def tallies(
    store: Store, tenant: str, at: datetime, held: Iterable[JournalRow], known: Sequence[KnownOutlook]
) -> tuple[Tally, dict[str, Tally]]:
    """What the tenant has, and what of it has ended or waits to end; and the same by mailbox.

    A meeting ends in its host's mailbox and in those of its copies. What a person has answered for does not count.

    :param held: the journal's held rows
    :param known: every Outlook event that a link knows
    """
    waiting = [row.action for row in held if ends_meeting(row.action) and not row.answer]
    ended = [action for action in store.ended_since(tenant, at - DAY) if ends_meeting(action)]
    whole = Tally(
        meetings=store.count_living(tenant),
        ended=len({action.meeting for action in (*ended, *waiting)}),
        dates=store.count_links(tenant)[LinkState.LIVING],
        held=len({action.link for action in waiting}),
    )
    stood = _stood_in(store, tenant, {action.link for action in (*ended, *waiting)})
    return whole, _by_mailbox(ended, waiting, stood, known)


def _by_mailbox(
    ended: Sequence[Action], waiting: Sequence[Action], stood: dict[str, set[str]], known: Sequence[KnownOutlook]
) -> dict[str, Tally]:
    living = [row for row in known if row.standing is Standing.LIVING]
    meetings = Counter(mailbox for mailbox, _ in {(row.mailbox, row.master or row.id) for row in living})
    dates = Counter(row.mailbox for row in living)
    gone = Counter(m for m, _ in {(m, a.meeting) for a in (*ended, *waiting) for m in _of(a, stood)})
    waits = Counter(m for m, _ in {(m, a.link) for a in waiting for m in _of(a, stood)})
    return {
        mailbox: Tally(meetings[mailbox], gone[mailbox], dates[mailbox], waits[mailbox])
        for mailbox in dates.keys() | gone.keys()
    }


def _stood_in(store: Store, tenant: str, links: Iterable[str]) -> dict[str, set[str]]:
    stood: dict[str, set[str]] = defaultdict(set)
    for link in store.links(tenant, links):
        stood[link.id] |= {p.mailbox for p in link.placements if p.kind is not Kind.GUEST}
    return stood


def _of(action: Action, stood: dict[str, set[str]]) -> set[str]:
    """The mailboxes in which a deletion ends its meeting."""
    return {action.mailbox} if action.mailbox else stood[action.link]
