"""Sees every remote call, commit and staged file of a run, counts them, and lets the faults of a case fall."""

from __future__ import annotations

import errno
import mmap
import os
import sqlite3
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from faults.case import Fall
from faults.catalogue import Fault, Means
from faults.places import COMMIT, ROUTES, STAGING, STATE, Place, answered, route_of
from sqlalchemy import event

from calsync.stages import run as pipeline
from calsync.stages.context import Ports
from sandbox.client import Sandbox
from sandbox.server import Server

DIED = 17
"""The exit code of a process that a fault killed."""

STAGES = ("begin", *pipeline.STAGES, "report")


class Watch:
    """Watches one run. turns: how often it came to each place.

    box: the sandbox, told of the faults that it has to answer with, stage by stage. shared: the stage, and per fall
    whether it has fallen; a process that was forked to die leaves it to the one that goes on.
    """

    def __init__(self, server: Server, box: Sandbox, falls: Sequence[Fall] = ()) -> None:
        self.server, self.box, self.falls = server, box, falls
        self.shared = mmap.mmap(-1, 1 + len(falls))
        self.turns: Counter[Place] = Counter()
        self._began = [(len(server.world.logs.requests), self.stage)]

    @property
    def stage(self) -> str:
        return STAGES[self.shared[0]]

    @stage.setter
    def stage(self, name: str) -> None:
        self.shared[0] = STAGES.index(name)

    @property
    def fallen(self) -> int:
        """How many of the faults have fallen so far."""
        return sum(self.shared[1:])

    def all_turns(self) -> Counter[Place]:
        """`turns`, with what the sandbox saw: the calls of the login library, and the parts of batches."""
        entries = self.server.world.logs.requests
        ends = [number for number, _ in self._began[1:]] + [len(entries)]
        seen = Counter(
            place
            for (first, stage), end in zip(self._began, ends, strict=True)
            for entry in entries[first:end]
            for place in answered(stage, entry)
        )
        return self.turns | seen

    def due(self, what: str, *means: Means) -> Fault | None:
        """One more turn of this place; the fault that falls at it."""
        place = Place(self.stage, what)
        self.turns[place] += 1
        for number, fall in enumerate(self.falls, 1):
            if fall.place == place and fall.fault.means in means and fall.due(self.turns[place]):
                self.shared[number] = True
                return fall.fault
        return None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Hear of each stage as it begins."""
        stages = {name: self._staged(name, stage) for name, stage in pipeline.STAGES.items()}
        report = self._staged("report", pipeline.report)
        with patch.dict(pipeline.STAGES, stages), patch.object(pipeline, "report", report):
            yield

    def _staged(self, name: str, stage: Callable[..., Any]) -> Callable[..., Any]:
        def begin(*given: Any) -> Any:
            self.hear_of_answers()
            self.stage = name
            self._began.append((len(self.server.world.logs.requests), name))
            self._tell_the_sandbox()
            return stage(*given)

        return begin

    def _of_this_stage(self) -> list[tuple[int, Fall]]:
        """The faults of the stage that the sandbox answers with, by number."""
        numbered = enumerate(self.falls, 1)
        return [(n, f) for n, f in numbered if f.fault.means is Means.ANSWER and f.place.stage == self.stage]

    def _tell_the_sandbox(self) -> None:
        for _, fall in self._of_this_stage():
            (route,) = (r for r in ROUTES if f"{r.system} {r.name}" == fall.place.what)
            times = None if fall.lasting else 1
            effect = fall.fault.effect_on(fall.place)
            self.box.fault(route.system, effect, method=route.method, path=route.path, skip=fall.nth - 1, times=times)

    def hear_of_answers(self) -> None:
        """The stage is over: what the sandbox was told to answer with has fallen or not, and does so no more."""
        told = self._of_this_stage()
        if told:
            for (number, _), rule in zip(told, self.box.faults(), strict=False):
                self.shared[number] = rule["matched"] > rule["skip"]
            self.box.clear_faults()

    def attach(self, ports: Ports) -> None:
        """Watch the state database and the staged files of these ports."""
        self._watch_database(ports.store._engine)
        root = Disk(ports.staging.root)
        Disk.watch = self
        ports.staging.root = root

    def _watch_database(self, engine: Any) -> None:
        reading: dict[int, bool] = {}
        commit = engine.dialect.do_commit

        def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> None:
            if statement.startswith("BEGIN"):
                reading[id(cursor.connection)] = statement == "BEGIN"
                if self.due(STATE, Means.DATABASE):
                    raise _refusal(sqlite3.SQLITE_CANTOPEN, "unable to open database file")

        def do_commit(connection: Any) -> None:
            fault = (
                None if reading.get(id(connection.dbapi_connection)) else self.due(COMMIT, Means.DATABASE, Means.DEATH)
            )
            name = fault.name if fault else ""
            if name == "killed before":
                os._exit(DIED)
            if name == "commit fails":
                raise _refusal(sqlite3.SQLITE_IOERR, "disk I/O error")
            commit(connection)
            if name == "killed after":
                os._exit(DIED)
            if name == "commit unanswered":
                raise _refusal(sqlite3.SQLITE_IOERR, "disk I/O error")

        event.listen(engine, "do_execute", execute)
        engine.dialect.do_commit = do_commit

    def wire(self) -> httpx.AsyncBaseTransport:
        """What carries the requests of one client."""
        return Wire(self)


class Wire(httpx.AsyncBaseTransport):
    """Carries requests to the sandbox, unless a fault falls on them."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.inner = httpx.AsyncHTTPTransport(verify=_trusting(watch.server.ca))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        route = route_of(request.method, request.url.raw_path.decode())
        fault = self.watch.due(f"{route.system} {route.name}", Means.WIRE, Means.DEATH)
        name = fault.name if fault else ""
        if name == "refused":
            raise httpx.ConnectError("refused", request=request)
        if name == "timed out":
            raise httpx.ReadTimeout("timed out", request=request)
        if name == "killed before":
            os._exit(DIED)
        response = await self.inner.handle_async_request(request)
        if name:
            await response.aread()
        if name == "killed after":
            os._exit(DIED)
        if name == "answer cut":
            half = response.content[: len(response.content) // 2]
            return httpx.Response(response.status_code, content=half)
        if name == "timed out when done":
            raise httpx.ReadTimeout("timed out", request=request)
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()


@cache
def _trusting(ca: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)


def _refusal(code: int, said: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(said)
    error.sqlite_errorcode = code
    return error


class Disk(type(Path())):  # type: ignore[misc]
    """A path on a disk that may be full, or on which the process dies half way through a file."""

    watch: Watch

    def open(self, mode: str = "r", *given: Any, **more: Any) -> Any:
        file = super().open(mode, *given, **more)
        fault = self.watch.due(STAGING, Means.DISK, Means.DEATH) if "w" in mode else None
        return _Full(file, kills=fault.means is Means.DEATH) if fault else file


class _Full:
    """A file of which only the first half is written."""

    def __init__(self, file: Any, *, kills: bool) -> None:
        self.file, self.kills = file, kills

    def __enter__(self) -> _Full:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, content: Any) -> int:
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        if self.kills:
            os._exit(DIED)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
