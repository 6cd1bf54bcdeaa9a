"""Behaviours: what calsync promises, each shown by one scenario and named with the rules it shows."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

RULES = tuple(
    f"{letter}{number}"
    for letter, count in {"A": 6, "B": 6, "C": 10, "D": 7, "E": 10, "F": 7}.items()
    for number in range(1, count + 1)
)
"""Every rule of the calendar; those of a run (G) have their own tests."""

_PARAM = type(pytest.param())


class Behaviour(NamedTuple):
    """rules: by number. says: one sentence, in a user's words; names of parameters in braces."""

    rules: tuple[str, ...]
    says: str


class Row(NamedTuple):
    """A behaviour with its scenario (one case of it, where the scenario has parameters)."""

    chapter: str
    rules: tuple[str, ...]
    says: str
    scenario: str


def behaviour(*rules: str, says: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Name the behaviour that a scenario shows."""
    unknown = set(rules) - {*RULES, *(f"G{n}" for n in range(1, 11))}
    assert not unknown, f"no such rule: {unknown}"

    def named(scenario: Callable[..., None]) -> Callable[..., None]:
        scenario.behaviour = Behaviour(rules, says)  # type: ignore[attr-defined]
        return scenario

    return named


def suite() -> list[Row]:
    """Every behaviour of the suite, in the order of its chapters (files) and scenarios."""
    return [row for file in sorted(Path(__file__).parent.glob("test_*.py")) for row in _chapter(file.stem)]


def _chapter(name: str) -> Iterator[Row]:
    module = importlib.import_module(f"conformance.{name}")
    title = (module.__doc__ or name).partition(":")[0].strip()
    for scenario in vars(module).values():
        promised = getattr(scenario, "behaviour", None)
        if promised:
            for case in _cases(scenario):
                yield Row(title, promised.rules, promised.says.format(**case), f"{name}::{scenario.__name__}")


def _cases(scenario: Any) -> Iterator[dict[str, Any]]:
    """The parameters of each case of a scenario; one empty case without parameters."""
    sets = []
    for mark in getattr(scenario, "pytestmark", ()):
        if mark.name == "parametrize":
            said = mark.args[0]
            names = [name.strip() for name in (said.split(",") if isinstance(said, str) else said)]
            values = [
                one.values if isinstance(one, _PARAM) else one if len(names) > 1 else (one,) for one in mark.args[1]
            ]
            sets.append([dict(zip(names, value, strict=True)) for value in values])
    for combined in itertools.product(*sets):
        yield {name: value for one in combined for name, value in one.items()}
