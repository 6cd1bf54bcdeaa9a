"""`make soak`: stories for as long as asked, one process per core, each with a sandbox of its own.

A failure is shrunk and kept with its replay script, and its kind is looked past from then on, so that others are found.
Exit code 1 when there was any.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from hypothesis import seed  # noqa: E402
from hypothesis.errors import Unsatisfiable  # noqa: E402
from hypothesis.reporting import with_reporter  # noqa: E402
from hypothesis.stateful import get_state_machine_test  # noqa: E402
from model.machine import Calendars, generating  # noqa: E402
from model.replay import reduced, replay, script_of  # noqa: E402
from model.story import Stage, kind_of  # noqa: E402

from sandbox.client import Sandbox  # noqa: E402
from sandbox.server import Server  # noqa: E402

STORIES_A_SEED = 20


@dataclass
class Failure:
    """kind: its sentence without names and numbers; script: the steps to replay, and how it ended."""

    kind: str
    seed: int
    script: str
    again: int = 0


@dataclass
class Played:
    """What one worker did."""

    worker: int
    seeds: list[int] = field(default_factory=list)
    stories: int = 0
    acts: int = 0
    runs: int = 0
    failures: list[Failure] = field(default_factory=list)


def play(worker: int, first_seed: int, until: float, steps: int) -> Played:
    """Seed after seed until the time (of `time.monotonic`) has come."""
    played = Played(worker)
    folder = tempfile.mkdtemp(prefix="calsync-soak-")
    with Server(Path(folder)) as server, Sandbox(server.url, server.ca) as box:
        stage = Calendars.stage = Stage(box, server)
        chosen = random.Random(first_seed)
        while time.monotonic() < until:
            played.seeds.append(chosen.randrange(1_000_000))
            if failure := one_seed(played.seeds[-1], steps):
                played.failures.append(failure)
                stage.tally.known[failure.kind] += 0
                print(f"worker {worker}, seed {failure.seed}: {failure.kind}\n{failure.script}\n", flush=True)
            print(f"worker {worker}: {stage.tally.stories} stories, up to seed {played.seeds[-1]}", flush=True)
        tally = stage.tally
        played.stories, played.acts, played.runs = tally.stories, tally.acts, tally.runs
        for failure in played.failures:
            failure.again = tally.known[failure.kind]
    return played


def one_seed(number: int, steps: int) -> Failure | None:
    """The stories of a seed; the first failure, with its script made short."""
    said: list[str] = []
    test: Callable[[], None] = get_state_machine_test(Calendars, settings=generating(STORIES_A_SEED, steps))
    try:
        with with_reporter(said.append):
            seed(number)(test)()
    except Unsatisfiable:
        return None  # every story of the seed met what is known
    except Exception as error:
        return told(error, "\n".join([*said, *getattr(error, "__notes__", ())]), number)
    return None


def told(error: Exception, text: str, number: int) -> Failure:
    steps, kind = script_of(text), kind_of(error)
    short = reduced(steps, kind)
    last = replay(short) or error
    trace = "".join(traceback.format_exception(last, limit=-3))
    return Failure(kind, number, "\n".join([*short, trace]))


def main() -> int:
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--minutes", type=float, default=60)
    said.add_argument("--workers", type=int, default=2)
    said.add_argument("--seed", type=int, default=None, help="of the first worker; by default another one each time")
    said.add_argument("--steps", type=int, default=8, help="acts and runs of a story, at most")
    asked = said.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that its workers end with it
    first = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1_000_000)
    until = time.monotonic() + asked.minutes * 60
    jobs = [(worker, first + worker, until, asked.steps) for worker in range(asked.workers)]
    with multiprocessing.get_context("spawn").Pool(asked.workers) as pool:
        played = pool.starmap(play, jobs, chunksize=1)
    for one in played:
        print(f"worker {one.worker} (--seed {first + one.worker}): {one.stories} stories, {one.acts} acts, "
              f"{one.runs} runs; seeds {one.seeds}")  # fmt: skip
    failures = [failure for one in played for failure in one.failures]
    print(f"{sum(p.stories for p in played)} stories, {sum(p.acts for p in played)} acts, "
          f"{sum(p.runs for p in played)} runs, {len(failures)} failures (--seed {first})")  # fmt: skip
    for failure in failures:
        print(f"\nseed {failure.seed}, met again {failure.again} times: {failure.kind}\n{failure.script}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
