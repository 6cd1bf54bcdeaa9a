"""The journal: every action before it is done, and what became of it (RULES G3, G10)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, case, null, or_, select, true, update

from calsync.core.plan import Action, ActionState, Outcome, Verb
from calsync.errors import StateError
from calsync.store.engine import Calls, chunks, decode, decode_optional, encode, insert
from calsync.store.records import JournalRow
from calsync.store.tables import action

FIRST_DELAY = timedelta(minutes=5)
LONGEST_DELAY = timedelta(hours=24)

_TRIED = frozenset({ActionState.FAILED, ActionState.PARKED})
_OPEN = frozenset({ActionState.PLANNED, ActionState.SENT})
_REPLANNED = (ActionState.PLANNED, ActionState.FAILED, ActionState.PARKED, ActionState.HELD)
HELD = ActionState.HELD.value


def retry_delay(attempts: int) -> timedelta:
    """How long to wait after the n-th failed try: 5 minutes, doubling, at most a day (RULES G10)."""
    doublings = min(max(attempts, 1) - 1, 16)
    return min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)


class JournalCalls(Calls):
    """The actions of a tenant. Every answer is in the order in which they were planned."""

    def plan(self, tenant: str, run: str, actions: Sequence[Action], at: datetime) -> dict[str, ActionState]:
        """Write actions into the journal before anything is sent; a held one enters as held (RULES G6).

        One that is there already keeps its state; while it is planned, failed or parked it passes to this run. What is
        held no longer is planned, or sent where it had been sent before; what is held anew is asked about anew.

        :param at: the time of the plan.
        :returns: the state of each action now.
        """
        if not actions:
            return {}
        rows = [_row(tenant, run, number, one, at) for number, one in enumerate(actions)]
        with self._write() as connection:
            statement = insert(connection, action)
            undecided = (action.c.state == state.value for state in _REPLANNED)
            passes = or_(*undecided, statement.excluded.state == HELD)
            keys, fresh = ["tenant", "id"], _replanned(statement.excluded)
            connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=fresh, where=passes), rows)
            found = _rows_by_id(connection, tenant, [one.id for one in actions])
        return {one.id: ActionState(found[one.id].state) for one in actions}

    def mark(
        self,
        tenant: str,
        ids: Collection[str],
        state: ActionState,
        at: datetime,
        *,
        next_at: datetime | None = None,
        code: str = "",
        sentence: str = "",
    ) -> None:
        """Move actions to a state. A failed or parked one is due again after `retry_delay`, or at `next_at`.

        :raises StateError: an action is not in the journal (RULES G3: the journal comes first).
        """
        outcomes = [Outcome(action=one, state=state, code=code, sentence=sentence) for one in ids]
        self._move(tenant, outcomes, at, dict.fromkeys(ids, next_at), answered=False)

    def settle(
        self, tenant: str, outcomes: Sequence[Outcome], at: datetime, next_at: Mapping[str, datetime] | None = None
    ) -> None:
        """Record what became of actions, as `mark` does, and keep the outcomes.

        :param next_at: by action id, when to try again, where the service said so.
        :raises StateError: an action is not in the journal.
        """
        self._move(tenant, outcomes, at, dict(next_at or {}), answered=True)

    def actions(
        self,
        tenant: str,
        *,
        states: Iterable[ActionState] | None = None,
        run: str | None = None,
        links: Iterable[str] | None = None,
        ids: Iterable[str] | None = None,
        asked: str | None = None,
    ) -> list[JournalRow]:
        """The actions that meet every condition given; `asked`: the question about them."""
        fixed: list[ColumnElement[bool]] = [true()]
        if states is not None:
            fixed.append(action.c.state.in_([state.value for state in states]))
        if run is not None:
            fixed.append(action.c.run == run)
        if asked is not None:
            fixed.append(action.c.asked == asked)
        if ids is not None and links is not None:
            fixed.append(action.c.link.in_(list(links)))
            links = None
        column, keys = (action.c.link, links) if links is not None else (action.c.id, ids)
        lists: list[ColumnElement[bool]] = [true()]
        if keys is not None:
            lists = [column.in_(part) for part in chunks(keys)]
        return self._rows_where(tenant, [and_(*fixed, one) for one in lists])

    def open_intents(self, tenant: str) -> list[JournalRow]:
        """The actions that were sent and whose answer was never recorded: the process died in between.

        Those too that a later run holds for a person meanwhile.
        """
        sent = action.c.state == ActionState.SENT.value
        return self._rows_where(tenant, [or_(sent, and_(action.c.state == HELD, action.c.sent_at.is_not(None)))])

    def ended_since(self, tenant: str, since: datetime) -> list[Action]:
        """The deletions that were carried out since `since` without a person's word, for the guard (RULES G5)."""
        done = and_(action.c.state == ActionState.DONE.value, action.c.settled_at >= since, action.c.answer == "")
        rows = self._rows_where(tenant, [and_(done, action.c.value.like('%"verb":"delete"%'))])
        return [row.action for row in rows if row.action.verb is Verb.DELETE]

    def _rows_where(self, tenant: str, conditions: Sequence[ColumnElement[bool]]) -> list[JournalRow]:
        with self._read() as connection:
            rows = [
                row
                for condition in conditions
                for row in connection.execute(select(action).where(action.c.tenant == tenant, condition))
            ]
        rows.sort(key=lambda row: (row.planned_at, row.position, row.id))
        return [journal_row(row) for row in rows]

    def _move(
        self,
        tenant: str,
        outcomes: Sequence[Outcome],
        at: datetime,
        next_at: Mapping[str, datetime | None],
        answered: bool,
    ) -> None:
        if not outcomes:
            return
        with self._write() as connection:
            found = _rows_by_id(connection, tenant, [one.action for one in outcomes])
            missing = [one.action for one in outcomes if one.action not in found]
            if missing:
                raise StateError(
                    f"Actions {', '.join(missing)} are not in the journal: plan them before they are marked."
                )
            changes = []
            for one in outcomes:
                stored = found[one.action]
                changes.append(
                    {"which": one.action, **_moved(stored, one, at, next_at.get(one.action))}
                    | {"outcome": encode(one) if answered else stored.outcome}
                )
            which = and_(action.c.tenant == tenant, action.c.id == bindparam("which"))
            connection.execute(update(action).where(which), changes)


def _replanned(new: Any) -> dict[str, Any]:
    """The columns of an action that is planned again, `new` as it is planned now."""
    anew = and_(new.state == HELD, or_(action.c.state != HELD, action.c.answer != ""))
    freed = and_(new.state != HELD, action.c.state == HELD)
    was_sent = and_(freed, action.c.sent_at.is_not(None))
    answered = and_(anew, action.c.state != ActionState.SENT.value)
    return {
        "run": new.run,
        "position": new.position,
        "value": new.value,
        "state": case((was_sent, ActionState.SENT.value), (or_(anew, freed), new.state), else_=action.c.state),
        "sent_at": case((answered, null()), else_=action.c.sent_at),
        **{
            name: case((anew, new[name]), else_=action.c[name])
            for name in ("planned_at", "attempts", "settled_at", "next_at", "code", "sentence", "asked", "asked_at",
                         "answer", "answered_by", "answered_at")
        },
    }  # fmt: skip


def _moved(stored: Row[Any], one: Outcome, at: datetime, next_at: datetime | None) -> dict[str, Any]:
    """The columns that a step to `one.state` changes."""
    tried = one.state in _TRIED
    attempts = stored.attempts + tried
    return {
        "state": one.state.value,
        "attempts": attempts,
        "sent_at": at if one.state is ActionState.SENT else stored.sent_at,
        "settled_at": None if one.state in _OPEN else at,
        "next_at": (next_at or at + retry_delay(attempts)) if tried else None,
        "code": one.code,
        "sentence": one.sentence,
    }


def _rows_by_id(connection: Connection, tenant: str, ids: Iterable[str]) -> dict[str, Row[Any]]:
    query = select(action).where(action.c.tenant == tenant)
    return {row.id: row for part in chunks(ids) for row in connection.execute(query.where(action.c.id.in_(part)))}


def _row(tenant: str, run: str, position: int, one: Action, at: datetime) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "id": one.id,
        "run": run,
        "position": position,
        "link": one.link,
        "state": (ActionState.HELD if one.held else ActionState.PLANNED).value,
        "attempts": 0,
        "planned_at": at,
        "settled_at": None,
        "next_at": None,
        "asked": "",
        "asked_at": None,
        "answer": "",
        "answered_by": "",
        "answered_at": None,
        "code": "",
        "sentence": "",
        "outcome": "",
        "value": encode(one),
    }


def journal_row(row: Row[Any]) -> JournalRow:
    return JournalRow(
        action=decode(Action, row.value),
        run=row.run,
        state=ActionState(row.state),
        planned_at=row.planned_at,
        attempts=row.attempts,
        sent_at=row.sent_at,
        settled_at=row.settled_at,
        next_at=row.next_at,
        code=row.code,
        sentence=row.sentence,
        outcome=decode_optional(Outcome, row.outcome),
        asked=row.asked,
        asked_at=row.asked_at,
        answer=row.answer,
        answered_by=row.answered_by,
        answered_at=row.answered_at,
    )
