"""`python -m sandbox`: serve the sandbox until SIGINT or SIGTERM; one JSON line on stdout says when it is ready."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from sandbox import seed
from sandbox.server import Server


def main(
    directory: Annotated[Path, typer.Option("--dir", help="Folder for the CA and the client certificate.")],
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 0,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 inside a container.")] = "127.0.0.1",
    name: Annotated[list[str] | None, typer.Option(help="A further host name for the certificate and the URL.")] = None,
    seed_team: Annotated[bool, typer.Option("--seed-team", help="Start with the believable sales team.")] = False,
) -> None:
    """Serve a local ShareCRM and a local Microsoft 365 over TLS."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    server = Server(directory.resolve(), host=host, port=port, names=tuple(name or ()))
    if seed_team:
        seed.plant(server.world, seed.team(server.world.clock.now()))
    try:
        with server:
            sys.stdout.write(json.dumps(server.info) + "\n")
            sys.stdout.flush()
            stop.wait()
    except OSError as error:
        raise SystemExit(
            f"The sandbox cannot listen on {host}:{port}: {error.strerror}. Stop what listens there, or take --port 0."
        ) from error


if __name__ == "__main__":
    typer.run(main)
