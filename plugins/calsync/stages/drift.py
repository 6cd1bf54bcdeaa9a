"""What a run over a window has compared, and how much of it differed: its report says so (G8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from calsync.core.model import LinkState
from calsync.core.plan import Action, ActionState, Plan

if TYPE_CHECKING:
    from calsync.core.facts import Facts


def compared(facts: Facts, plan: Plan) -> int:
    """How many meetings of the run's days were looked at: those that are known, and those that it makes."""
    records = {row.id for row in facts.crm if row.event and facts.rules.in_window(row.event.time, facts.now)}
    events = {(row.mailbox, row.id) for row in facts.outlook if facts.rules.in_window(row.event.time, facts.now)} | {
        (gone.mailbox, gone.id) for gone in facts.absences
    }
    known = {
        link.id
        for link in facts.links
        if link.state is LinkState.LIVING
        and (link.crm_id in records or any((p.mailbox, p.id) in events for p in link.placements))
    }
    return len(known | {action.link for action in plan.actions})


def differences(actions: Iterable[Action], states: Mapping[str, ActionState]) -> tuple[int, int]:
    """In how many meetings the two sides differed, and how many of them agree now.

    :param states: by action id, what became of it
    """
    by_meeting: dict[str, list[ActionState]] = defaultdict(list)
    for action in actions:
        by_meeting[action.link].append(states[action.id])
    mended = sum(all(state is ActionState.DONE for state in found) for found in by_meeting.values())
    return len(by_meeting), mended


def drift_sentence(days: tuple[date, date], meetings: int, differ: int, mended: int | None) -> str:
    """What a run over these days found, as its sentence begins.

    :param mended: how many meetings agree now; None in a dry run
    """
    first, last = days
    span = f"{first}" if first == last else f"{first} to {last}"
    told = f"Compared {_counted(meetings, 'meeting')} of {span}: {_counted(differ, 'difference')}"
    return f"{told}." if mended is None or not differ else f"{told}, {mended} mended."


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"
