"""The mails of whatever calsync does, held against its journal: what was done predicted each of them, and no more (E1).

That is runs, focused runs, answers and commands of every configuration, also those that fail or die. What people mail
meanwhile is told apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from calsync.core.plan import ActionState
from calsync.stages.outcomes import CONTRADICTS, GONE_BEFORE
from calsync.store.records import JournalRow
from sandbox.client import Sandbox

Mails = list[tuple[str, str]]
Journal = Callable[[], list[JournalRow]]

_NO_ANSWER = (ActionState.SENT, ActionState.FAILED)
"""What became of such a write is not known yet: the answer was lost, or the process died. It may have mailed."""


@dataclass
class Post:
    """sent: what calsync sent since `sent` was last emptied, as kind and address, in order."""

    box: Sandbox
    sent: Mails = field(default_factory=list)
    _watching: bool = False
    _read: int = 0
    _now: Mails = field(default_factory=list)
    _mailed: set[str] = field(default_factory=set)

    @contextmanager
    def watched(self, journal: Journal) -> Iterator[None]:
        """calsync is at work in here, and writes this journal (E1)."""
        if self._watching:
            yield
            return
        before = {row.action.id: row for row in journal()}
        self._read = 0  # a test may have put back the world as it was, and its log
        self._unread()
        self._now, self._watching = [], True
        try:
            yield
        finally:
            self._watching = False
            self._now += self._unread()
            self.sent += self._now
            self._compare(before, journal())

    @contextmanager
    def people_act(self) -> Iterator[None]:
        """What is mailed in here is people's own."""
        self._now += self._unread()
        try:
            yield
        finally:
            self._unread()

    def _unread(self) -> Mails:
        found = self.box.mails(self._read)
        self._read = max((mail["n"] for mail in found), default=self._read)
        return [(mail["kind"], mail["to"]) for mail in found]

    def _compare(self, before: dict[str, JournalRow], after: list[JournalRow]) -> None:
        """What became done since must have mailed exactly what it predicted, once."""
        left = Counter(self._now)
        # A state that was lost or put back knows nothing of what was sent: the same may be done anew.
        mailed = {id_ for id_ in self._mailed if id_ in before and before[id_].sent_at}
        new = [row for row in after if row != before.get(row.action.id) and row.action.id not in mailed]
        done = [row for row in new if _is_done(row) and not _is_done(before.get(row.action.id))]
        predicted = sum(map(_mails, done), Counter[tuple[str, str]]())
        unsent = predicted - left
        assert not unsent, f"done, but these mails that it predicted were not sent: {_shown(unsent)}"
        left -= predicted
        for row in new:
            if _may_have_mailed(row) and row.action.mails and _mails(row) <= left:
                left -= _mails(row)
                self._mailed.add(row.action.id)
        assert not left, f"sent, but predicted by nothing that was done: {_shown(left)}"


def _is_done(row: JournalRow | None) -> bool:
    return row is not None and row.state is ActionState.DONE


def _may_have_mailed(row: JournalRow) -> bool:
    """What was done and cannot be remembered is parked, and was sent all the same (G10)."""
    return row.state in _NO_ANSWER or (row.code == CONTRADICTS and row.sent_at is not None)


def _mails(row: JournalRow) -> Counter[tuple[str, str]]:
    if row.code == GONE_BEFORE:
        return Counter()
    return Counter((mail.kind, mail.to) for mail in row.action.mails)


def _shown(mails: Counter[tuple[str, str]]) -> str:
    return ", ".join(f"{kind} to {to}" for kind, to in sorted(mails.elements()))
