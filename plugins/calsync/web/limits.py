"""How often a page may be asked for by people who are not signed in: counted in this process, per minute.

A server of several workers allows as many times that. What stands before Airflow (a gateway, a proxy) sees every client
and is the place for harder limits; behind a proxy, let the server trust its `X-Forwarded-For`, or all clients are one.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

WINDOW_S: Final = 60.0
PER_CLIENT: Final = 60
PER_TENANT: Final = 600
_MOST_KEYS: Final = 10_000
"""Keys remembered at a time; beyond, those that have been quiet for a window are let go."""


class Limiter:
    """Counts what each key asked for in the last minute. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def wait(self, key: str, allowed: int) -> float:
        """Seconds until `key` may ask again; 0: it may now, and that is counted."""
        now = self._clock()
        with self._lock:
            if len(self._asked) >= _MOST_KEYS and key not in self._asked:
                self._let_go(now)
            times = self._asked.setdefault(key, deque())
            while times and times[0] <= now - WINDOW_S:
                times.popleft()
            if len(times) >= allowed:
                return times[0] + WINDOW_S - now
            times.append(now)
            return 0.0

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._asked.clear()

    def _let_go(self, now: float) -> None:
        quiet = [key for key, times in self._asked.items() if not times or times[-1] <= now - WINDOW_S]
        for key in quiet or list(self._asked)[: _MOST_KEYS // 2]:
            del self._asked[key]


OF_THIS_PROCESS: Final = Limiter()
