"""What both systems of the sandbox stand on: clocks, the three logs, faults and limits.

The two systems never look at each other through this module; each has its own state and its own clock. Only the control
interface sees both.
"""

from __future__ import annotations

import random
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.faults import Faults
    from sandbox.microsoft.state import Microsoft
    from sandbox.sharecrm.state import ShareCrm


class Clock:
    """The world's time, and each system's skew from it. It ticks from what was set until it is frozen."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._set_to = datetime.now(UTC)
        self._set_at = monotonic()
        self.frozen = False
        self.skew: dict[str, timedelta] = {}

    def now(self, system: str = "world") -> datetime:
        """The time as `system` ("crm", "graph", "login") sees it, aware, in UTC."""
        passed = 0.0 if self.frozen else monotonic() - self._set_at
        return self._set_to + timedelta(seconds=passed) + self.skew.get(system, timedelta())

    def set(self, now: datetime) -> None:
        self._set_to, self._set_at = now.astimezone(UTC), monotonic()

    def advance(self, seconds: float) -> None:
        self.set(self.now() + timedelta(seconds=seconds))

    def freeze(self, frozen: bool) -> None:
        self.set(self.now())
        self.frozen = frozen

    def set_skew(self, system: str, seconds: float) -> None:
        """Let `system` ("crm", "graph", "login") be `seconds` ahead of the world's time (negative: behind)."""
        self.skew[system] = timedelta(seconds=seconds)


@dataclass
class Logs:
    """Requests, writes and mails since the last reset. Every entry carries `n`, a number that only grows."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    writes: list[dict[str, Any]] = field(default_factory=list)
    mails: list[dict[str, Any]] = field(default_factory=list)
    _n: int = 0

    def reset(self) -> None:
        """Empty the logs; numbers go on, so that a `since` from before stays meaningful."""
        self.requests, self.writes, self.mails = [], [], []

    def add(self, log: str, entry: dict[str, Any], at: datetime) -> dict[str, Any]:
        """Append `entry` to `log` ("requests", "writes", "mails"); it is returned with its number and time."""
        self._n += 1
        entry = {"n": self._n, "at": at.isoformat(), **entry}
        getattr(self, log).append(entry)
        return entry


@dataclass
class Limits:
    """What the services allow. `None` means no limit; the defaults are generous, so that tests choose their own."""

    latency_s: float = 0.0
    mailbox_concurrency: int | None = 4
    requests_per_window: int | None = 10_000
    window_s: float = 600.0
    batch_parallel: int = 4
    crm_calls_per_window: int | None = None
    crm_window_s: float = 20.0
    crm_token_calls_per_minute: int | None = 10


class Throttle:
    """Counts requests per key in a sliding window, and those in flight."""

    def __init__(self) -> None:
        self.recent: dict[str, deque[float]] = defaultdict(deque)
        self.in_flight: dict[str, int] = defaultdict(int)

    def wait_needed(self, key: str, allowed: int | None, window_s: float, now: float) -> float:
        """Seconds until `key` may ask again (0: now). A refused request counts too, as at the real service."""
        times = self.recent[key]
        while times and times[0] <= now - window_s:
            times.popleft()
        times.append(now)
        if allowed is None or len(times) <= allowed:
            return 0.0
        return times[-allowed - 1] + window_s - now


class World:
    """Everything one sandbox process holds."""

    microsoft: Microsoft
    sharecrm: ShareCrm
    faults: Faults

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)  # noqa: S311 - repeatable ids, not secrets
        self.clock = Clock()
        self.logs = Logs()
        self.limits = Limits()
        self.throttle = Throttle()

    def reset(self) -> None:
        """Empty both systems and forget everything that was set: clock, logs, faults, limits."""
        self.clock.reset()
        self.logs.reset()
        self.limits = Limits()
        self.throttle = Throttle()
        self.faults.reset()
        self.microsoft.reset()
        self.sharecrm.reset()

    def mail(self, kind: str, *, event: str, sender: str, to: str, subject: str) -> None:
        """Note a mail that Exchange would have sent. kind: invitation, update, cancellation or response."""
        entry = {"kind": kind, "event": event, "from": sender.lower(), "to": to.lower(), "subject": subject}
        self.logs.add("mails", entry, self.clock.now("graph"))

    def write(self, system: str, action: str, *, kind: str, id: str, actor: str, owner: str = "") -> None:  # noqa: A002
        """Note a change of state: `action` is create, update, delete, ...; `owner` the mailbox or record owner."""
        entry = {"system": system, "action": action, "kind": kind, "id": id, "actor": actor, "owner": owner}
        self.logs.add("writes", entry, self.clock.now())
