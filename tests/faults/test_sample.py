"""A fixed sample of `make faults`: whatever goes wrong with a run, after at most two more all is as it should be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from faults.campaign import chosen
from faults.case import Case
from faults.play import Scene

SAMPLE = 60
SEED = 4


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with Scene() as scene:
        yield scene


@pytest.mark.parametrize("number", range(SAMPLE))
def test_it_heals(number: int, scene: Scene) -> None:
    case = chosen(scene.turns, SAMPLE, SEED)[number]
    verdict = scene.play(case)
    assert not verdict.violation, f'{verdict.violation}\nmake faults CASE="{verdict.case}"'
    assert str(Case.parse(verdict.case)) == verdict.case
