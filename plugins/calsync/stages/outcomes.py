"""What a failure means for its action, for the run, and for the runs that decide the same again (G3, G10)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from calsync.core.model import Side
from calsync.core.plan import Action, ActionState, Outcome
from calsync.errors import (
    AuthFailed,
    CalsyncError,
    Forbidden,
    NotFound,
    QuotaSpent,
    Remote,
    RemoteError,
    Stale,
    Transient,
)

if TYPE_CHECKING:
    from calsync.store.records import JournalRow

TELLING = 3
"""So many meetings that are refused for one reason, while nothing else succeeds, are no coincidence."""

BY_PERSON = "by_person"
"""The code of a parked action that a person dropped: the same decision is not tried again until the meeting changes."""

CONTRADICTS = "contradicts"
"""The code of an action that is parked since what its meeting would be remembered by belongs to another one; the system
that was written has not refused it."""

GONE_BEFORE = "gone_before"
"""The code of a deletion that is done since nothing was left to delete: it has mailed nobody, whatever was foreseen."""

_SYSTEM = {Side.CRM: ("ShareCRM", "sharecrm"), Side.OUTLOOK: ("Outlook", "graph")}


def failed(action: Action, error: RemoteError) -> Outcome:
    """The outcome of an action that did not succeed.

    Moved on since it was read, or not there: stale, the next diff decides. A passing failure: tried again. Anything
    else is the action's own fault, and parked.
    """
    if isinstance(error, Stale | NotFound):
        state = ActionState.STALE
    elif isinstance(error, Transient) or halts(error):
        state = ActionState.FAILED
    else:
        state = ActionState.PARKED
    return Outcome(action.id, state, code=error.remote.code or str(error.remote.status), sentence=error.sentence)


def contradicting(outcome: Outcome) -> Outcome:
    """The outcome of an action whose meeting cannot be remembered as it stands (A1, G10)."""
    sentence = (
        "Its record or one of its events belongs to another meeting already, so this one cannot be remembered as it "
        "stands; it is decided again. Report it if it stays."
    )
    return replace(outcome, state=ActionState.PARKED, code=CONTRADICTS, sentence=sentence)


def taken_up(action: Action, row: JournalRow, since: datetime, at: datetime) -> ActionState:
    """The state in which a run takes up an action that it has decided: PLANNED when it is to be done (G3, G6, G10).

    Held it waits for a person; parked, until its time has come; what a person has dropped stays so while it says the
    same. Done or stale counts in this run alone: an earlier run's answer says nothing of what is decided now.

    :param row: what the journal says of it
    :param since: when the run began
    """
    if action.held:
        return ActionState.HELD
    ours = row.state in (ActionState.DONE, ActionState.STALE) and row.settled_at is not None and row.settled_at >= since
    return row.state if ours or rests(action, row, at) else ActionState.PLANNED


def rests(action: Action, row: JournalRow, at: datetime) -> bool:
    """Whether a person has dropped this very decision, or it is parked and its time has not come (G10)."""
    if row.state is ActionState.DROPPED:
        return row.code == BY_PERSON and row.action.event == action.event
    return row.state is ActionState.PARKED and row.next_at is not None and row.next_at > at


def halts(error: CalsyncError) -> bool:
    """Whether nothing more can be sent: the credentials or the quota are at fault, which concerns everybody."""
    return isinstance(error, AuthFailed | QuotaSpent)


def refused_as_one(side: Side, tried: Collection[tuple[Action, Outcome]]) -> Forbidden | None:
    """What keeps a whole system from being written, when that is what parked actions have in common (G10).

    :param tried: what this run tried on that side, and what became of it
    """
    if not tried or any(o.state is not ActionState.PARKED or o.code == CONTRADICTS for _, o in tried):
        return None
    reasons = {(outcome.code, outcome.sentence) for _, outcome in tried}
    if len(reasons) > 1 or len({action.link for action, _ in tried}) < TELLING:
        return None
    name, system = _SYSTEM[side]
    ((code, sentence),) = reasons
    said = f"Every change in {name} was refused for one reason, so it is not the meetings': {sentence}"
    return Forbidden(said, Remote(system, code=code))
