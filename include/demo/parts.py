"""The parts of `airflow standalone`, which goes on when one of them ends."""

from __future__ import annotations

import psutil  # type: ignore[import-untyped]

PARTS = ("scheduler", "dag-processor", "api-server", "triggerer")
"""As `airflow standalone` calls them: each is `airflow <part>`, and begins each of its lines with it."""


def ended(leader: int) -> list[str]:
    """The parts that have ended by themselves, of the `airflow standalone` whose process id is `leader`.

    It never collects the exit code of a part, so that one that has ended stays a zombie, which has no command line.
    """
    commands = _commands(leader)
    if None not in commands:
        return []
    # The API server writes its name with an underscore into its command line.
    living = {word.replace("_", "-") for command in commands if command for word in command.split()}
    return [part for part in PARTS if part not in living]


def _commands(leader: int) -> list[str | None]:
    """The command lines of the children, None for a zombie's."""
    try:
        return [_command(child) for child in psutil.Process(leader).children()]
    except psutil.NoSuchProcess:
        return []


def _command(process: psutil.Process) -> str | None:
    try:
        return " ".join(process.cmdline())
    except psutil.ZombieProcess:
        return None
    except psutil.NoSuchProcess:
        return ""
