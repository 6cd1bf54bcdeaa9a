"""A local limit of calls: better to wait here than to be refused there."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable

Now = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Pace:
    """At most `calls` per `window_s` seconds and key, counted in a sliding window; a key can be made to rest."""

    def __init__(self, calls: int, window_s: float, now: Now, sleep: Sleep = asyncio.sleep) -> None:
        self.calls = calls
        self.window_s = window_s
        self._now = now
        self._sleep = sleep
        self._made: dict[str, deque[float]] = defaultdict(deque)
        self._rests_until: dict[str, float] = {}

    def rest(self, key: str, seconds: float) -> None:
        """Let nobody call `key` for so long."""
        self._rests_until[key] = max(self._rests_until.get(key, 0.0), self._now() + seconds)

    async def turn(self, key: str) -> None:
        """Wait until `key` may be called, and count the call."""
        while (wait := self._wait(key)) > 0:
            await self._sleep(wait)
        self._made[key].append(self._now())

    def _wait(self, key: str) -> float:
        now, made = self._now(), self._made[key]
        while made and made[0] <= now - self.window_s:
            made.popleft()
        full_for = made[0] + self.window_s - now if len(made) >= self.calls else 0.0
        return max(full_for, self._rests_until.get(key, 0.0) - now)
