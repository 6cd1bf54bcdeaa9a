"""`make faults`: thousands of runs that something goes wrong with, on all cores, and how many more each took to heal.

Prints a table, fault by place, and every violation with the line that plays it again; interrupted, of what was played
by then. Exit code 1 when there was a violation.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain, islice
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, NoReturn

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from faults.case import Case, singles, together  # noqa: E402
from faults.catalogue import FAULTS  # noqa: E402
from faults.places import COMMIT, STAGING, STATE, Place  # noqa: E402
from faults.play import PATIENCE_S, Broken, Scene, Verdict  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

SINGLE_SHARE = 0.7
"""Of a campaign; the rest are cases of two to four faults."""

SHOWN_S = 5.0
TOGETHER = "2 to 4 together"

_scene: Scene


def chosen(turns: Counter[Place], number: int, seed: int) -> list[Case]:
    """A campaign's cases in any order, the same ones for the same seed; no pair of fault and place twice before all."""
    chance = random.Random(seed)
    alone = list(islice(singles(turns, chance), round(number * SINGLE_SHARE)))
    cases = alone + list(islice(together(turns, chance), number - len(alone)))
    chance.shuffle(cases)
    return cases


def main() -> int:
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--cases", type=int, default=2000)
    said.add_argument("--seed", type=int, default=None, help="which cases; by default others each time")
    said.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    said.add_argument("--case", help="play this one alone, as a violation names it")
    asked = said.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a background process goes without
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that its workers end with it
    if asked.case:
        with Scene() as scene:
            return _told([scene.play(Case.parse(asked.case))])
    seed = random.SystemRandom().randrange(1_000_000) if asked.seed is None else asked.seed
    with multiprocessing.get_context("spawn").Pool(asked.workers, _open) as pool:
        turns = pool.apply(_turns)
        cases = chosen(turns, asked.cases, seed)
        verdicts: list[Verdict] = []
        with suppress(KeyboardInterrupt):
            for verdict in _shown(pool.imap_unordered(_play, map(str, cases)), len(cases)):
                verdicts.append(verdict)
    show(verdicts)
    print(f"{len(verdicts)} of {len(cases)} cases over {len(turns)} places (SEED={seed}).")
    return _told(verdicts)


def _open() -> None:
    """A worker's scene; it is closed when the worker ends."""
    global _scene
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _too_long)
    _scene = Scene().__enter__()
    Finalize(_scene, _scene.__exit__, (None, None, None), exitpriority=10)


def _turns() -> Counter[Place]:
    return _scene.turns


def _play(text: str) -> Verdict:
    signal.alarm(PATIENCE_S)
    try:
        return _scene.play(Case.parse(text))
    finally:
        signal.alarm(0)


def _too_long(*_: Any) -> NoReturn:
    raise Broken("the run hangs")


def _shown(verdicts: Iterable[Verdict], number: int) -> Iterable[Verdict]:
    """The verdicts as they come, with a line on how far it is; a violation is told at once."""
    began = shown = time.monotonic()
    broken = 0
    for done, verdict in enumerate(verdicts, 1):
        yield verdict
        if verdict.violation:
            broken += 1
            print(f"\n{_line(verdict)}", flush=True)
        if time.monotonic() - shown > SHOWN_S or done == number:
            shown = time.monotonic()
            left = (shown - began) / done * (number - done) / 60
            print(f"{done} of {number} cases, {broken} violations, {left:.0f} min left", file=sys.stderr, flush=True)


def _line(verdict: Verdict) -> str:
    return f'{verdict.violation}\n    make faults CASE="{verdict.case}"'


def _told(verdicts: Sequence[Verdict]) -> int:
    """Every violation with the line that plays it again."""
    broken = [verdict for verdict in verdicts if verdict.violation]
    for verdict in broken:
        print(f"\n{_line(verdict)}")
    slowest = max((verdict.runs for verdict in verdicts), default=0)
    falls = sum(len(Case.parse(verdict.case).falls) for verdict in verdicts)
    print(f"{sum(verdict.fell for verdict in verdicts)} of {falls} faults fell.")
    print(f"{len(broken)} violations; at most {max(slowest, 0)} runs until both sides agreed again.")
    return 1 if broken else 0


def show(verdicts: Sequence[Verdict]) -> None:
    """Fault by place, then place by place: how many cases, the most runs it took, how many violations."""
    cells: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    places: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        case = Case.parse(verdict.case)
        row = case.falls[0].fault.name if case.single else TOGETHER
        for column in {_column(fall.place) for fall in case.falls}:
            cells[row, column].append(verdict)
        for place in {str(fall.place) for fall in case.falls}:
            places[place].append(verdict)
    columns = sorted({column for _, column in cells}, key=_in_order)
    table = Table("fault", *columns, title="cases / most runs to heal (! violations)")
    for row in chain(FAULTS, [TOGETHER]):
        table.add_row(row, *(_cell(cells[row, column]) for column in columns))
    each = Table("place", "cases", "runs to heal", "violations")
    for place, found in sorted(places.items()):
        broken = sum(bool(verdict.violation) for verdict in found)
        each.add_row(place, str(len(found)), str(max(verdict.runs for verdict in found)), str(broken))
    console = Console(width=170)
    console.print(table, each)


def _column(place: Place) -> str:
    return place.what if place.what in (COMMIT, STATE, STAGING) else f"{place.stage} {place.system}"


def _in_order(column: str) -> tuple[bool, str]:
    return column in (COMMIT, STATE, STAGING), column


def _cell(verdicts: list[Verdict]) -> str:
    if not verdicts:
        return ""
    broken = sum(bool(verdict.violation) for verdict in verdicts)
    return f"{len(verdicts)} / {max(v.runs for v in verdicts)}" + (f" !{broken}" if broken else "")


if __name__ == "__main__":
    sys.exit(main())
