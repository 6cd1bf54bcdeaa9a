"""Playing a case: the day's edits are carried over by a run that is disturbed, then by runs that are not."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, NoReturn

from faults.case import Case, Fall, kills
from faults.places import ROUTES, Place
from faults.snapshot import Snapshot
from faults.watch import DIED, Watch
from faults.workload import LIMITS, Days, Standing, differences, standing
from pipeline.workplace import Workplace

from calsync.errors import CalsyncError
from calsync.stages.context import Ports
from demo.check import disagreements
from sandbox.client import Sandbox
from sandbox.server import Server

MOST_RUNS = 2
"""So many undisturbed runs may be needed until both sides agree again; one more writes nothing."""

PACE = timedelta(minutes=15)
"""How far apart runs are: a lease has expired by then, and a parked action is due."""

NIGHT = timedelta(hours=25)
"""Between what is agreed and what is edited: the directory is read again, and the window has moved on."""

FRESH_S = 900.0
"""How long the morning is good for: much later its runs would have other things to read."""

PATIENCE_S = 120
"""A case that takes longer hangs."""

NEVER_FELL = "the fault never fell"
"""Nor any of the others, where there are some: then the case has tried nothing."""

LAST_NIGHT = (Fall.parse("killed after@load graph batch#1"),)
"""How the last run before the morning ended."""

OPEN = ("planned", "sent", "failed", "parked", "held")


class Verdict(NamedTuple):
    """runs: how many undisturbed runs it took; violation: what does not hold in the end, "" when all does.

    fell: how many of its faults have fallen.
    """

    case: str
    runs: int
    violation: str
    fell: int


class Broken(Exception):
    """Something that must hold does not."""


@dataclass
class Watched(Workplace):
    """A workplace whose runs may be watched."""

    watch: Watch | None = field(default=None)

    def ports(self) -> Ports:
        self.transport = self.watch.wire if self.watch else None
        ports = super().ports()
        if self.watch:
            self.watch.attach(ports)
        return ports


class Scene:
    """Where cases are played: a sandbox of its own, and a morning's edits, put back for each of them.

    turns: how often an undisturbed run comes to each place. wanted: how everything stands after it.
    """

    turns: Counter[Place]
    wanted: Standing

    def __enter__(self) -> Scene:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # it has much to say about clients that died
        self._folder = tempfile.TemporaryDirectory(prefix="calsync-faults-")
        self._server = Server(Path(self._folder.name) / "sandbox").__enter__()
        self._box = Sandbox(self._server.url, self._server.ca)
        self._prepare()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._box.close()
        self._server.__exit__(kind, error, trace)
        self._folder.cleanup()

    def play(self, case: Case) -> Verdict:
        """What becomes of it. Raises nothing: what goes wrong is a violation."""
        self._fell = 0
        try:
            runs = self._play(case)
            return Verdict(str(case), runs, "" if self._fell else NEVER_FELL, self._fell)
        except Broken as broken:
            return Verdict(str(case), -1, str(broken), self._fell)
        except Exception:
            return Verdict(str(case), -1, traceback.format_exc(limit=-6), self._fell)

    def _prepare(self) -> None:
        """The morning, and what comes of it when nothing goes wrong."""
        folder = Path(tempfile.mkdtemp(dir=self._folder.name))
        self._world = self._server.world
        self._world.random.seed(0)
        self.work = Watched.open(self._box, self._server, folder, limits=LIMITS)
        self.work.impatient = True
        days = Days(self.work)
        days.agreed()
        days.made_late()
        if not self._disturb(LAST_NIGHT):
            raise Broken("last night's run did not die")
        self._pass_time(NIGHT)
        days.edit()
        self._snapshot, self._prepared_at = Snapshot(self._world), time.monotonic()
        self._database = _whole(folder / "calsync.db")
        self._put_back()
        watch = self.work.watch = Watch(self._server, self._box)
        with watch.at_work():
            self.work.run()
        self.turns, self.work.watch = watch.all_turns(), None
        self._run_calmly()  # what was half made is found by one run, and agreed by the next
        self.wanted = standing(self._world)
        if self._run_calmly() or self._unsettled():
            raise Broken("even undisturbed it does not come to rest")
        if found := disagreements(self._box, folder / "sandbox.yaml"):
            raise Broken("\n".join(["even undisturbed the two sides differ", *found]))
        if missed := {f"{r.system} {r.name}" for r in ROUTES} - {place.what for place in self.turns}:
            raise Broken(f"no run comes to {', '.join(sorted(missed))}")

    def _put_back(self) -> None:
        if time.monotonic() - self._prepared_at > FRESH_S:
            self._prepare()
        self._snapshot.restore()
        self._world.clock.reset()
        self.work.late = timedelta()
        self._pass_time(NIGHT)
        for file in self.work.folder.glob("calsync.db*"):
            file.unlink()
        (self.work.folder / "calsync.db").write_bytes(self._database)

    def _play(self, case: Case) -> int:
        self._put_back()
        for falls in case.runs:
            self._fell += self._disturb(falls)
            self._pass_time(PACE)
        before = self._look()
        for number in range(MOST_RUNS + 1):
            wrote = self._run_calmly()
            now = self._look()
            if not (before or wrote or now):
                return number
            before = now
            self._pass_time(PACE)
        wrote = f"still writing, {wrote} writes" if wrote else ""
        raise Broken("\n".join(filter(None, [*before, wrote])) or "it agrees one run too late")

    def _pass_time(self, by: timedelta) -> None:
        """On everybody's clock."""
        self._world.clock.advance(by.total_seconds())
        self.work.late += by

    def _run_calmly(self) -> int:
        """An undisturbed run; how much it wrote."""
        before = len(self._world.logs.writes)
        result = self.work.run(may_fail=True)
        if result["failed"]:
            raise Broken(f"an undisturbed run fails: {result['sentence']}")
        return len(self._world.logs.writes) - before

    def _look(self) -> list[str]:
        return differences(standing(self._world), self.wanted) + self._unsettled()

    def _unsettled(self) -> list[str]:
        """What the journal still calls open, or parked although nothing is wrong any more."""
        marks = ", ".join("?" * len(OPEN))
        database = sqlite3.connect(self.work.folder / "calsync.db")
        try:
            found = database.execute(f"SELECT state, code, sentence FROM action WHERE state IN ({marks})", OPEN)
            return [f"journal: {state} {code} {sentence}".strip() for state, code, sentence in found]
        finally:
            database.close()

    def _disturb(self, falls: tuple[Fall, ...]) -> int:
        """A run on which these faults fall; if one of them kills, in a process of its own. How many of them fell."""
        watch = Watch(self._server, self._box, falls)
        try:
            if kills(falls):
                self._run_in_a_child(watch)
            else:
                self._run_under(watch)
        finally:
            watch.hear_of_answers()
            self._world.faults.reset()
        return watch.fallen

    def _run_under(self, watch: Watch) -> None:
        self.work.watch = watch
        try:
            with watch.at_work():
                self.work.run(may_fail=True)
        except CalsyncError:
            pass  # it ended with its sentence
        finally:
            self.work.watch = None

    def _run_in_a_child(self, watch: Watch) -> None:
        said = self.work.folder / "child"
        child = os.fork()
        if child == 0:
            self._live_and_die(watch, said)
        until = time.monotonic() + PATIENCE_S
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > until:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise Broken("the run hangs")
            time.sleep(0.005)
        if os.waitstatus_to_exitcode(ended[1]) not in (0, DIED):
            raise Broken(said.read_text() if said.exists() else "the run ended without a word")

    def _live_and_die(self, watch: Watch, said: Path) -> NoReturn:
        try:
            watch.box = Sandbox(self._server.url, self._server.ca)
            self._run_under(watch)
            os._exit(0)
        except BaseException:
            said.write_text(traceback.format_exc(limit=-6))
            os._exit(1)


def _whole(database: Path) -> bytes:
    """A state database in one file: a run that died has left a part of it beside that."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return database.read_bytes()
