"""What is asked about held actions, and what people answered (RULES G6)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, update

from calsync.core.plan import ActionState, Word
from calsync.store.engine import Calls, chunks
from calsync.store.tables import action


class QuestionCalls(Calls):
    """The questions of a tenant. Only what is held can be asked about or answered; anything else is left as it is."""

    def ask(self, tenant: str, ids: Collection[str], question: str) -> None:
        """Let `question` be the one about these actions."""
        self._note(tenant, ids, {"asked": question, "asked_at": None})

    def put_question(self, tenant: str, question: str, at: datetime) -> None:
        """Note that a question has been put to people."""
        asked = and_(action.c.tenant == tenant, action.c.asked == question, action.c.asked_at.is_(None))
        with self._write() as connection:
            connection.execute(update(action).where(asked).values(asked_at=at))

    def answer(self, tenant: str, ids: Collection[str], word: Word, who: str, at: datetime) -> None:
        """Note what a person said to these actions."""
        self._note(tenant, ids, {"answer": word.value, "answered_by": who, "answered_at": at})

    def _note(self, tenant: str, ids: Collection[str], values: dict[str, str | datetime | None]) -> None:
        held = and_(action.c.tenant == tenant, action.c.state == ActionState.HELD.value)
        with self._write() as connection:
            for part in chunks(ids):
                connection.execute(update(action).where(held, action.c.id.in_(part)).values(values))
