"""At most so many requests of one mailbox in flight, whether they go alone or as parts of a batch."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager


class MailboxGate:
    """Counts what is in flight per mailbox. A batch takes all its places at once: batches never block each other."""

    def __init__(self, per_mailbox: int) -> None:
        self.per_mailbox = per_mailbox
        self._in_flight: Counter[str] = Counter()
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def hold(self, mailboxes: Iterable[str]) -> AsyncIterator[None]:
        """Wait until every mailbox named has room for the times it is named; "" is no mailbox."""
        wanted = Counter(mailbox for mailbox in mailboxes if mailbox)
        async with self._freed:
            await self._freed.wait_for(lambda: self._fits(wanted))
            self._in_flight.update(wanted)
        try:
            yield
        finally:
            async with self._freed:
                self._in_flight -= wanted
                self._freed.notify_all()

    def _fits(self, wanted: Counter[str]) -> bool:
        return all(self._in_flight[mailbox] + n <= self.per_mailbox for mailbox, n in wanted.items())
