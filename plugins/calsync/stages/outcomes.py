"""What a failure means for its action, and for the run (G3, G10)."""

from __future__ import annotations

from calsync.core.plan import Action, ActionState, Outcome
from calsync.errors import AuthFailed, CalsyncError, NotFound, QuotaSpent, RemoteError, Stale, Transient


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


def halts(error: CalsyncError) -> bool:
    """Whether nothing more can be sent: the credentials or the quota are at fault, which concerns everybody."""
    return isinstance(error, AuthFailed | QuotaSpent)
