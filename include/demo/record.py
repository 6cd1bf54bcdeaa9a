"""`.demo/state.json`: what a running demo tells `make demo-edit`, `make demo-stop` and a second `make demo`."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

_CLOCK_SLACK_S = 2.0


@dataclass(slots=True)
class Record:
    """A demo that runs, or was killed.

    pid, started: the process that owns it and when that began (seconds since the epoch, so that a reused id is not
    taken for it); sessions: session id and start of each family it started; airflow_url: for a browser, local_url: the
    same Airflow on this machine; login and folders for the others.
    """

    pid: int
    started: float
    airflow_url: str
    local_url: str
    airflow_home: str
    sandbox_url: str
    sandbox_ca: str
    user: str
    password: str
    staging: str
    sessions: dict[int, float] = field(default_factory=dict)
    ready: bool = False

    @property
    def alive(self) -> bool:
        """Whether the demo's own process still runs."""
        return same_start(started_at(self.pid), self.started)

    def save(self, folder: Path) -> None:
        """Write the record, readable by the user alone: it holds the login."""
        path = _path(folder)
        temporary = path.with_suffix(".new")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file, indent=2)
        temporary.replace(path)


def read(folder: Path) -> Record | None:
    """The record in `folder`, None where no demo runs or was killed."""
    try:
        content = json.loads(_path(folder).read_text())
    except FileNotFoundError:
        return None
    content["sessions"] = {int(session): begun for session, begun in content["sessions"].items()}
    return Record(**content)


def remove(folder: Path) -> None:
    """Forget the demo: it has ended."""
    _path(folder).unlink(missing_ok=True)


def started_at(pid: int) -> float | None:
    """When the process began, seconds since the epoch; None when there is no such process."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None


def same_start(one: float | None, other: float) -> bool:
    """Whether two start times are one process's: a corrected system clock moves them by a little."""
    return one is not None and abs(one - other) < _CLOCK_SLACK_S


def _path(folder: Path) -> Path:
    return folder / "state.json"
