"""The facade: every call on the state database, and transactions over several of them."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from calsync.errors import StateError
from calsync.store.attention import AttentionCalls
from calsync.store.engine import file_of, make_engine, reader, shown, understood
from calsync.store.forget import ForgetCalls
from calsync.store.journal import JournalCalls
from calsync.store.lease import LeaseCalls
from calsync.store.overview import OverviewCalls
from calsync.store.people import PeopleCalls
from calsync.store.questions import QuestionCalls
from calsync.store.runs import RunCalls
from calsync.store.search import SearchCalls
from calsync.store.tables import REVISION
from calsync.store.upkeep import UpkeepCalls
from calsync.store.versions import current
from calsync.store.wishes import WishCalls

_UPGRADE = "Run: python -m calsync db upgrade"


class Store(
    SearchCalls,
    ForgetCalls,
    PeopleCalls,
    JournalCalls,
    QuestionCalls,
    RunCalls,
    WishCalls,
    OverviewCalls,
    AttentionCalls,
    LeaseCalls,
    UpkeepCalls,
):
    """The state database, open. Calls block; each commits by itself, unless made on what `begin()` yields.

    Safe to share between threads; a transaction belongs to one. Every call may raise
    StateError and StateUnreachable.
    """

    @classmethod
    def open(cls, dsn: str) -> Self:
        """See `calsync.store.open_store`."""
        engine = make_engine(dsn)
        path = file_of(engine)
        if path and not path.exists():
            raise StateError(f"There is no state database at {path}. {_UPGRADE}")
        with understood(engine), reader(engine) as connection:
            found = current(connection)
        if found is None:
            raise StateError(f"The state database {shown(engine.url)} has no tables yet. {_UPGRADE}")
        if found != REVISION:
            raise StateError(
                f"The state database {shown(engine.url)} is at version {found}, calsync needs {REVISION}. {_UPGRADE}"
            )
        return cls(engine)

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
