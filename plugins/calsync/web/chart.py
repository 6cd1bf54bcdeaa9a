"""A small chart of bars, drawn on the server: geometry for the macro `bars`, which needs neither script nor style."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

STEP: Final = 8
BAR: Final = 6
HEIGHT: Final = 32


@dataclass(frozen=True, slots=True)
class Part:
    """One colour of a bar; name: its class in the style sheet. y, height: in the chart's units, from above."""

    name: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One column; title: what it shows, in words."""

    x: int
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of a fixed size, its columns from left to right."""

    bars: tuple[Bar, ...]
    width: int
    height: int = HEIGHT
    step: int = STEP
    bar: int = BAR


def chart(columns: Sequence[tuple[str, Mapping[str, int]]], room: int) -> Chart:
    """The chart of these columns, the last one at the right; the highest fills the height.

    :param columns: title, and by part how many, from the floor up
    :param room: for how many columns there is room
    """
    highest = max((sum(parts.values()) for _, parts in columns), default=0)
    first = room - len(columns)
    bars = [
        Bar((first + number) * STEP, title, tuple(_parts(parts.items(), highest)))
        for number, (title, parts) in enumerate(columns)
    ]
    return Chart(tuple(bars), room * STEP)


def _parts(parts: Iterable[tuple[str, int]], highest: int) -> Iterable[Part]:
    below = 0.0
    for name, number in parts:
        if number:
            height = max(1.0, round(number / highest * HEIGHT, 1))
            below = min(HEIGHT, below + height)
            yield Part(name, round(HEIGHT - below, 1), height)
