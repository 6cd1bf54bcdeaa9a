"""What waits for a person in one tenant, counted and cut to pages by the database (RULES G6, G10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Integer, and_, case, cast, distinct, func, or_, select

from calsync.core.plan import ActionState
from calsync.store.history import HistoryCalls
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

    whole: no action of the question has another answer, or none.
    """

    question: str
    word: str
    meetings: int
    whole: bool


class AttentionCalls(HistoryCalls):
    """What waits for a person."""

    def questions(self, tenant: str) -> list[Asked]:
        """The questions that wait for an answer, the oldest first."""
        waits = and_(action.c.tenant == tenant, _HELD, action.c.answer == "")
        counts = select(
            action.c.asked,
            func.max(case((action.c.asked_at.is_not(None), 1), else_=0)).label("put"),
            func.count(distinct(action.c.link)).label("meetings"),
            func.sum(self._mails()).label("mails"),
            func.min(action.c.planned_at).label("since"),
        ).where(waits)
        reasons = select(action.c.asked, self._text("held").label("why")).where(waits).distinct()
        with self._read() as connection:
            rows = connection.execute(counts.group_by(action.c.asked)).all()
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
        said = action.c.answer != ""
        among = action.c.state.in_([state.value for state in _OPEN])
        query = select(
            action.c.asked,
            func.max(action.c.answer).label("word"),
            func.count(distinct(case((said, action.c.link)))).label("meetings"),
            func.count(distinct(action.c.answer)).label("words"),
        ).where(action.c.tenant == tenant, among, or_(said, _HELD))
        with self._read() as connection:
            rows = connection.execute(query.group_by(action.c.asked))
            return [Answered(row.asked, row.word, row.meetings, row.words == 1) for row in rows if row.meetings]

    def held_links(self, tenant: str, limit: int, offset: int = 0) -> list[str]:
        """The ids of the meetings that wait for an answer, those first that have waited longest."""
        query = select(action.c.link).where(action.c.tenant == tenant, _HELD, action.c.answer == "")
        query = query.group_by(action.c.link).order_by(func.min(action.c.planned_at), action.c.link)
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
        query = select(history.c.id).where(lost).order_by(history.c.at.desc(), history.c.id.desc()).limit(limit)
        with self._read() as connection:
            ids = list(connection.scalars(query))
        return self.history(tenant, ids=ids)[::-1] if ids else []

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
