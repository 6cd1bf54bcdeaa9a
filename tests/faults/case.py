"""One case: the faults of one or two runs, written on one line from which it can be played again."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from faults.catalogue import FAULTS, Fault, Means
from faults.places import Place

_TOGETHER, _THEN, _LASTING = " + ", " / ", " throughout"


class Fall(NamedTuple):
    """A fault that falls at the `nth` turn of a place, or from then on for as long as the stage lasts."""

    fault: Fault
    place: Place
    nth: int
    lasting: bool = False

    def due(self, turn: int) -> bool:
        return turn == self.nth or (self.lasting and turn > self.nth)

    def __str__(self) -> str:
        return f"{self.fault.name}{_LASTING if self.lasting else ''}@{self.place}#{self.nth}"

    @classmethod
    def parse(cls, text: str) -> Fall:
        """What `str` wrote. Raises ValueError, KeyError."""
        name, _, where = text.strip().partition("@")
        place, _, nth = where.partition("#")
        stage, _, what = place.partition(" ")
        return cls(FAULTS[name.removesuffix(_LASTING)], Place(stage, what), int(nth), name.endswith(_LASTING))


class Case(NamedTuple):
    """Per disturbed run its falls."""

    runs: tuple[tuple[Fall, ...], ...]

    @property
    def falls(self) -> list[Fall]:
        return [fall for falls in self.runs for fall in falls]

    @property
    def single(self) -> bool:
        return len(self.falls) == 1

    def __str__(self) -> str:
        return _THEN.join(_TOGETHER.join(map(str, falls)) for falls in self.runs)

    @classmethod
    def parse(cls, text: str) -> Case:
        """What `str` wrote. Raises ValueError, KeyError."""
        return cls(tuple(tuple(map(Fall.parse, part.split(_TOGETHER.strip()))) for part in text.split(_THEN)))


def singles(turns: Mapping[Place, int], chance: random.Random) -> Iterator[Case]:
    """Every fault once and lastingly at every turn of every place; each pair of fault and place comes first."""
    found: dict[tuple[str, bool, Place], list[Fall]] = {}
    for fault in FAULTS.values():
        for place, number in turns.items():
            if fault.falls(place):
                for lasting in (False, True)[: 1 + fault.lasts]:
                    falls = [Fall(fault, place, turn, lasting) for turn in range(1, number + 1)]
                    chance.shuffle(falls)
                    found[fault.name, lasting, place] = falls
    while found:
        pairs = list(found)
        chance.shuffle(pairs)
        for pair in pairs:
            yield Case(((found[pair].pop(),),))
        found = {pair: falls for pair, falls in found.items() if falls}


def together(turns: Mapping[Place, int], chance: random.Random) -> Iterator[Case]:
    """Two to four faults of one run, or of two that follow each other, without an end."""
    places = {name: [place for place in turns if fault.falls(place)] for name, fault in FAULTS.items()}

    def one() -> Fall:
        fault = FAULTS[chance.choice([name for name, found in places.items() if found])]
        place = chance.choice(places[fault.name])
        return Fall(fault, place, chance.randint(1, turns[place]), fault.lasts and chance.random() < 0.3)

    while True:
        falls = [one() for _ in range(chance.randint(2, 4))]
        cut = chance.choice([len(falls), len(falls), chance.randint(1, len(falls) - 1)])
        yield Case(tuple(tuple(part) for part in (falls[:cut], falls[cut:]) if part))


def kills(falls: tuple[Fall, ...]) -> bool:
    """Whether the process dies of them, if it comes that far."""
    return any(fall.fault.means is Means.DEATH for fall in falls)
