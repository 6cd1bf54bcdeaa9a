"""Ctrl-C, TERM and HUP, heard where it is safe."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Turns the three signals into KeyboardInterrupt, save where they are deferred or ignored."""

    def __init__(self) -> None:
        self._deferring = False
        self._ignoring = False
        self._waiting = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Within, a signal raises KeyboardInterrupt; the handlers from before come back at the end."""
        former = {number: signal.signal(number, self._hear) for number in _HEARD}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within, a signal waits: for a step that must not be cut in half, as a process started and noted."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False
        if self._waiting:
            self._waiting = False
            raise KeyboardInterrupt

    def ignore(self) -> None:
        """From now on signals change nothing: everything is being stopped already."""
        self._ignoring = True

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._ignoring:
            return
        if self._deferring:
            self._waiting = True
            return
        raise KeyboardInterrupt
