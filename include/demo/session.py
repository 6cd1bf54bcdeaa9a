"""A demo from its start to its end: the sandbox, the state database, Airflow, and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from demo import airflow_home, parts, record
from demo.errors import DemoError
from demo.ports import HOST, Ports
from demo.processes import Family, end_session, members
from demo.record import Record
from demo.runs import TENANT
from demo.signals import Interrupts

AIRFLOW = "airflow"
"""The name of Airflow's processes among the session's families."""
_SANDBOX_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 60.0
_NONE: Mapping[str, str] = {}


class Session:
    """A running demo. `record` says where everything is; `families` are its processes by name.

    settings: environment variables for Airflow beside the demo's own. `env` is, once it is started, the environment of
    commands that work with that Airflow.
    """

    def __init__(
        self, folder: Path, root: Path, console: Console, interrupts: Interrupts, settings: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self.root = root
        self.console = console
        self.families: dict[str, Family] = {}
        self.record: Record
        self.env: dict[str, str] = {}
        self._interrupts = interrupts
        self._settings = settings

    def start(self, ports: Ports, base_url: str) -> None:
        """Start everything; `base_url` is Airflow's for a browser, "" when that is on this machine. Airflow still
        booting when this returns. Raises DemoError when a part does not start.
        """
        local = airflow_home.local_url(ports, base_url)
        started = record.started_at(os.getpid())
        self.record = Record(
            pid=os.getpid(),
            started=started or time.time(),
            airflow_url=base_url.rstrip("/") or local,
            local_url=local,
            airflow_home=str(airflow_home.home_of(self.folder)),
            sandbox_url=f"https://{HOST}:{ports.sandbox}",
            sandbox_ca=str(self.folder / "sandbox" / "ca.pem"),
            user=airflow_home.USER,
            password="",
            staging=f"file://{self.folder / 'staging'}",
        )
        self.record.save(self.folder)
        self.console.print("Starting ShareCRM and Microsoft 365 (the sandbox) ...")
        sandbox = self._start_sandbox(ports.sandbox)
        env, self.record.password = airflow_home.prepare(
            self.folder, self.root, ports, self.record.airflow_url, sandbox
        )
        env |= self._settings
        self.env = env
        self.console.print("Starting Airflow, meanwhile preparing the state database and authorising the team ...")
        self._start(AIRFLOW, ["airflow", "standalone"], env)
        self._calsync(env, "db", "upgrade")
        self._calsync(env, "accounts", "authorise", TENANT, "--all")

    def problem(self) -> str | None:
        """Why the demo cannot go on: a part that has ended by itself."""
        for name, family in self.families.items():
            if family.exit_code is not None:
                return (
                    f"{name} has ended by itself with code {family.exit_code}. Its last lines:\n{family.last_lines()}"
                )
        airflow = self.families.get(AIRFLOW)
        if airflow and (gone := parts.ended(airflow.session)):
            return (
                f"Airflow's {gone[0]} has ended by itself. Its last lines:\n{airflow.last_lines(start=gone[0])}\n"
                "docs/operations.md tells what is known of it, and `make demo` starts a new demo."
            )
        return None

    def ready(self) -> None:
        """Say that others may use the demo now (`make demo-edit`)."""
        self.record.ready = True
        self.record.save(self.folder)

    def stop(self) -> None:
        """End every process, the newest first, and forget the demo."""
        self._interrupts.ignore()
        if self.families:
            self.console.print("Stopping Airflow and the sandbox, this takes up to half a minute ...")
        gone = [family.stop() for family in reversed(self.families.values())]
        if all(gone):
            record.remove(self.folder)
        else:
            self.console.print("[red]Some processes would not end.[/] `make demo-stop` tries again.")

    def _start_sandbox(self, port: int) -> dict[str, Any]:
        command = [sys.executable, "-m", "sandbox", "--port", str(port), "--dir", str(self.folder / "sandbox")]
        family = self._start("sandbox", [*command, "--seed-team"], airflow_home.clean_environment())
        until = time.monotonic() + _SANDBOX_TIMEOUT_S
        while time.monotonic() < until:
            for line in family.log.read_text(errors="replace").splitlines(keepends=True):
                if line.startswith("{") and line.endswith("\n"):
                    return dict(json.loads(line))
            if problem := self.problem():
                raise DemoError(problem)
            time.sleep(0.1)
        raise DemoError(f"The sandbox did not say that it is ready. Its last lines:\n{family.last_lines()}")

    def _start(self, name: str, command: list[str], env: dict[str, str]) -> Family:
        with self._interrupts.deferred():
            program = shutil.which(command[0], path=env["PATH"]) or command[0]
            family = Family([program, *command[1:]], env, self.root, self.folder / f"{name}.log")
            self.families[name] = family
            self.record.sessions[family.session] = record.started_at(family.session) or time.time()
            self.record.save(self.folder)
        return family

    def _calsync(self, env: dict[str, str], *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "calsync", *arguments],
            env=env,
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DemoError(f"`calsync {' '.join(arguments)}` failed:\n{done.stderr.strip() or done.stdout.strip()}")


@contextmanager
def running(
    folder: Path, root: Path, ports: Ports, base_url: str, console: Console, settings: Mapping[str, str] = _NONE
) -> Iterator[Session]:
    """A started demo, ended whatever happens. Raises DemoError when another one is in the way."""
    refuse_second(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    interrupts = Interrupts()
    session = Session(folder, root, console, interrupts, settings)
    with interrupts.heard():
        try:
            session.start(ports, base_url)
            yield session
        finally:
            session.stop()


def refuse_second(folder: Path) -> None:
    """Raise DemoError when a demo runs, or processes of a killed one do."""
    found = record.read(folder)
    if found is None:
        return
    if found.alive:
        raise DemoError(
            f"A demo is running already (process {found.pid}): Airflow at {found.airflow_url}, "
            f"the sandbox at {found.sandbox_url}. End it with Ctrl-C in its terminal or with `make demo-stop`."
        )
    left = [pid for session in _own_sessions(found) for pid in members(session)]
    if left:
        raise DemoError(
            f"A demo that was killed left {len(left)} processes behind ({', '.join(map(str, left[:8]))}"
            f"{', ...' if len(left) > 8 else ''}). `make demo-stop` ends them."
        )


def stop_other(folder: Path) -> str:
    """End the demo recorded in `folder`, or what a killed one left; returns what was done, as a sentence."""
    found = record.read(folder)
    if found is None:
        return "No demo is running."
    if found.alive:
        os.kill(found.pid, signal.SIGINT)
        until = time.monotonic() + _STOP_TIMEOUT_S
        while found.alive and time.monotonic() < until:
            time.sleep(0.2)
    sessions = _own_sessions(found)
    left = [session for session in sessions if not end_session(session)]
    if left:
        raise DemoError(f"Some processes of the sessions {', '.join(map(str, left))} would not end.")
    record.remove(folder)
    return "The demo is stopped."


def _own_sessions(found: Record) -> list[int]:
    """The recorded sessions that still are the demo's: a leader that began at another time is a stranger.

    A session whose leader has ended keeps its number from being given away while it has members.
    """
    sessions = []
    for session, begun in found.sessions.items():
        leader = record.started_at(session)
        if leader is None or record.same_start(leader, begun):
            sessions.append(session)
    return sessions
