"""The four TCP ports the demo listens on."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass, fields

from demo.errors import DemoError

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """`api`: Airflow's UI and REST API; `worker_log`, `trigger_log`: its log servers (8793 and 8794 otherwise);
    `sandbox`: ShareCRM and Microsoft 365."""

    api: int
    sandbox: int
    worker_log: int
    trigger_log: int


def choose(wanted: dict[str, int]) -> Ports:
    """The wanted ports where they are free, and free ones of the system's choice for the rest.

    `wanted` maps names of `Ports` to numbers; 0 means any. All are held open together while choosing, so that no two
    are the same. Raises DemoError that names every wanted port that is taken.
    """
    chosen: dict[str, int] = {}
    taken: list[str] = []
    with ExitStack() as held:
        for name in (field.name for field in fields(Ports)):
            listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((HOST, wanted.get(name, 0)))
            except OSError:
                taken.append(f"{wanted[name]} ({option(name)})")
            else:
                chosen[name] = listener.getsockname()[1]
    if taken:
        raise DemoError(
            f"Already in use: port {', port '.join(taken)}. Stop what listens there, choose another number with the "
            "option or its environment variable, or leave it out: the demo then takes a free one."
        )
    return Ports(**chosen)


def option(name: str) -> str:
    """How a person sets the port `name`: the command's option and the environment variable."""
    flag = name.replace("_", "-")
    return f"--{flag}-port or CALSYNC_DEMO_{name.upper()}_PORT"
