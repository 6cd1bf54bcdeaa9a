"""A child process with everything it starts, ended together.

Airflow's tasks and servers move into process groups of their own, so a group is not enough to find them all again; the
*session* is. Each `Family` leads a session, and whoever is in it belongs to it, even after the leader died.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]

GRACE_S = 30.0
_POLL_S = 0.2


class Family:
    """A running command and its descendants, its output in `log`."""

    def __init__(self, command: Sequence[str], env: dict[str, str], cwd: Path, log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self._leader = subprocess.Popen(  # noqa: S603 - the demo's own commands
                command,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def session(self) -> int:
        """The session's id, which is the leader's process id."""
        return self._leader.pid

    @property
    def exit_code(self) -> int | None:
        """The leader's exit code, None while it runs."""
        return self._leader.poll()

    def stop(self, grace_s: float = GRACE_S) -> bool:
        """End the family as `end_session` does."""
        return end_session(self.session, grace_s, reap=self._leader.poll)

    def last_lines(self, count: int = 15, start: str = "") -> str:
        """The end of what the family printed, of the lines that begin with `start`."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join([line for line in lines if line.startswith(start)][-count:])


def members(session: int) -> list[int]:
    """The ids of the living processes of a session."""
    return [process.pid for process in psutil.process_iter() if _belongs(process, session)]


def end_session(session: int, grace_s: float = GRACE_S, reap: Callable[[], object] = lambda: None) -> bool:
    """Interrupt every process of `session`, wait up to `grace_s` seconds, and kill who is still there.

    `reap` collects the leader's exit code where the caller is its parent. Returns whether the session is gone.
    """
    for number, wait_s in ((signal.SIGINT, grace_s), (signal.SIGKILL, 5.0)):
        _signal(members(session), number)
        until = time.monotonic() + wait_s
        while (living := _living(session, reap)) and time.monotonic() < until:
            if number == signal.SIGKILL:
                _signal(living, number)
            time.sleep(_POLL_S)
        if not living:
            return True
    return False


def _living(session: int, reap: Callable[[], object]) -> list[int]:
    reap()
    return members(session)


def _belongs(process: psutil.Process, session: int) -> bool:
    try:
        return os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, psutil.Error):
        return False


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
