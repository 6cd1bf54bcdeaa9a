"""What waits for a person in one tenant, counted and cut to pages by the database (RULES G6, G10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, JSON, ColumnElement, Integer, and_, case, cast, distinct, func, or_, select

from calsync.core.plan import ActionState
from calsync.store.engine import Calls
from calsync.store.history import entry_of
from calsync.store.journal import journal_row
from calsync.store.records import HistoryEntry, JournalRow
from calsync.store.tables import action, history

_HELD = action.c.state == ActionState.HELD.value
_OPEN = (ActionState.HELD, ActionState.PLANNED, ActionState.SENT, ActionState.FAILED)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about held actions, "" while nobody is asked about them yet; as far as nobody has answered.

    put: whether it stands under Required Actions. meetings: how many wait. mails: how many an approval of them sends.
    since: when the first of them was held. why: sentences of the guard.
    """

    id: str
    put: bool
    meetings: int
    mails: int
    since: datetime
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that is noted and not carried out yet, and of how many meetings.

    whole: no action of the question has another answer, or none; each word said to a part of it is one of these.
    """

    question: str
    word: str
    meetings: int
    whole: bool


class AttentionCalls(Calls):
    """What waits for a person."""

    def questions(self, tenant: str) -> list[Asked]:
        """The questions that wait for an answer, the oldest first."""
        said = (self._mails().label("mails"), self._text("held").label("why"))
        waits = self._of_states(tenant, [ActionState.HELD], action.c.answer == "", *said)
        counts = select(
            waits.c.asked,
            func.max(case((waits.c.asked_at.is_not(None), 1), else_=0)).label("put"),
            func.count(distinct(waits.c.link)).label("meetings"),
            func.sum(waits.c.mails).label("mails"),
            func.min(waits.c.planned_at).label("since"),
        )
        reasons = select(waits.c.asked, waits.c.why).distinct()
        with self._read() as connection:
            rows = connection.execute(counts.group_by(waits.c.asked)).all()
            why: dict[str, list[str]] = {}
            for row in connection.execute(reasons):
                why.setdefault(row.asked, []).append(row.why)
        found = [
            Asked(row.asked, bool(row.put), row.meetings, int(row.mails), row.since, tuple(sorted(why[row.asked])))
            for row in rows
        ]
        return sorted(found, key=lambda one: (one.since, one.id))

    def answered(self, tenant: str) -> list[Answered]:
        """The answers that no run has carried out yet."""
        found = self._of_states(tenant, _OPEN, or_(action.c.answer != "", _HELD))
        query = select(found.c.asked, found.c.answer, func.count(distinct(found.c.link)).label("meetings"))
        with self._read() as connection:
            rows = connection.execute(query.group_by(found.c.asked, found.c.answer)).all()
        words = Counter(row.asked for row in rows)
        return [Answered(row.asked, row.answer, row.meetings, words[row.asked] == 1) for row in rows if row.answer]

    def held_links(self, tenant: str, limit: int, offset: int = 0) -> list[str]:
        """The ids of the meetings that wait for an answer, those first that have waited longest."""
        waits = self._of_states(tenant, [ActionState.HELD], action.c.answer == "")
        query = select(waits.c.link).group_by(waits.c.link).order_by(func.min(waits.c.planned_at), waits.c.link)
        with self._read() as connection:
            return list(connection.scalars(query.limit(limit).offset(offset)))

    def parked(self, tenant: str, limit: int | None = None, offset: int = 0) -> list[JournalRow]:
        """The parked actions, in the order in which they were planned."""
        query = select(action).where(action.c.tenant == tenant, action.c.state == ActionState.PARKED.value)
        query = query.order_by(action.c.planned_at, action.c.run, action.c.position, action.c.id)
        with self._read() as connection:
            return [journal_row(row) for row in connection.execute(query.limit(limit).offset(offset))]

    def conflicts(self, tenant: str, since: datetime, limit: int) -> list[HistoryEntry]:
        """The newest entries of the history that keep a value which yielded, the newest first."""
        lost = and_(history.c.tenant == tenant, history.c.at >= since, history.c.losses != "[]")
        query = select(history).where(lost).order_by(history.c.at.desc(), history.c.id.desc()).limit(limit)
        with self._read() as connection:
            return [entry_of(row) for row in connection.execute(query)]

    def _of_states(
        self, tenant: str, states: Iterable[ActionState], condition: ColumnElement[bool], *more: ColumnElement[Any]
    ) -> CTE:
        """The few actions in these states, found by their index before anything is made of them: asked to group them at
        once, SQLite takes the index of what they are grouped by, and reads every action there ever was.

        :param more: what is wanted besides their columns; what looks into their JSON takes its time
        """
        columns = (action.c.link, action.c.asked, action.c.asked_at, action.c.answer, action.c.planned_at)
        among = action.c.state.in_([state.value for state in states])
        query = select(*columns, *more).where(action.c.tenant == tenant, among, condition)
        return query.cte("found").prefix_with("MATERIALIZED")

    def _mails(self) -> ColumnElement[int]:
        """How many mails an action sends, counted in its JSON."""
        if self._engine.dialect.name == "sqlite":
            return func.json_array_length(action.c.value, "$.mails")
        return cast(func.json_array_length(cast(action.c.value, JSON)["mails"]), Integer)

    def _text(self, name: str) -> Any:
        """A text in an action's JSON."""
        if self._engine.dialect.name == "sqlite":
            return func.json_extract(action.c.value, f"$.{name}")
        return cast(action.c.value, JSON)[name].as_string()
