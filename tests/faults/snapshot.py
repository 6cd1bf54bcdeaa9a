"""A sandbox as it was, put back in milliseconds: what makes a case cheap."""

from __future__ import annotations

import io
import pickle
import threading
from typing import Any

from sandbox.world import World


class Snapshot:
    """All that happened in a world so far. Its clock is left out: time goes on."""

    def __init__(self, world: World) -> None:
        self.fixed = {
            "world": world,
            "clock": world.clock,
            "faults": world.faults,
            "microsoft": world.microsoft,
            "application": world.microsoft.application,
            "sharecrm": world.sharecrm,
            "auth": world.sharecrm.auth,
        }
        self.kept = ("microsoft", "sharecrm", "auth")
        self.world = world
        state = {name: vars(self.fixed[name]) for name in self.kept}
        file = io.BytesIO()
        _Pickler(file, self.fixed).dump((state, world.logs, world.limits, world.random.getstate()))
        self.stored = file.getvalue()

    def restore(self) -> None:
        """Put it back; faults and what was counted for throttling are gone."""
        state, logs, limits, chance = _Unpickler(io.BytesIO(self.stored), self.fixed).load()
        for name in self.kept:
            vars(self.fixed[name]).clear()
            vars(self.fixed[name]).update(state[name])
        self.world.logs, self.world.limits = logs, limits
        self.world.random.setstate(chance)
        self.world.faults.reset()
        self.world.throttle = type(self.world.throttle)()


_LOCK = type(threading.Lock())


class _Pickler(pickle.Pickler):
    """Leaves out what the application holds on to; a lock (dateutil's rules have one) comes back as a new one."""

    def __init__(self, file: io.BytesIO, fixed: dict[str, Any]) -> None:
        super().__init__(file)
        self.names = {id(one): name for name, one in fixed.items()}

    def persistent_id(self, obj: Any) -> str | None:
        return self.names.get(id(obj))

    def reducer_override(self, obj: Any) -> Any:
        return (threading.Lock, ()) if isinstance(obj, _LOCK) else NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, fixed: dict[str, Any]) -> None:
        super().__init__(file)
        self.fixed = fixed

    def persistent_load(self, pid: Any) -> Any:
        return self.fixed[pid]
