"""What a check of `doctor` says, and how checks that build on one another are done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from calsync.errors import CalsyncError


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a diagnosis. sentence: what is, or what mends it; nothing personal in it."""

    name: str
    level: Level
    sentence: str


class Look(NamedTuple):
    """How one check is done; what it raises is its sentence. needed: without it the following ones make no sense."""

    name: str
    see: Callable[[], Awaitable[tuple[Level, str]]]
    needed: bool = False


def ok(sentence: str) -> tuple[Level, str]:
    return Level.OK, sentence


def warn(sentence: str) -> tuple[Level, str]:
    return Level.WARN, sentence


def bad(sentence: str) -> tuple[Level, str]:
    return Level.BAD, sentence


async def in_turn(looks: Sequence[Look], within_s: float | None = None) -> list[Check]:
    """Do the checks one after the other; what cannot be looked at, since something it needs is missing, says so.

    :param within_s: seconds that each of them may take
    """
    found: list[Check] = []
    missing = ""
    for look in looks:
        if missing:
            found.append(Check(look.name, Level.WARN, f"Not looked at: mend '{missing}' first."))
            continue
        check = Check(look.name, *await _seen(look, within_s))
        found.append(check)
        if look.needed and check.level is Level.BAD:
            missing = look.name
    return found


async def _seen(look: Look, within_s: float | None) -> tuple[Level, str]:
    try:
        async with asyncio.timeout(within_s):
            return await look.see()
    except CalsyncError as error:
        return bad(str(error))
    except TimeoutError:
        return bad(f"No answer within {within_s:g} s: check the address, and that this machine may reach it.")


def clock(system: str, ahead_s: float) -> tuple[Level, str]:
    """How far a system's clock is from ours; beyond two minutes who was later cannot be told reliably (C5, G2)."""
    seconds = round(ahead_s)
    way = "ahead of" if seconds > 0 else "behind"
    apart = f"{system}'s clock is {abs(seconds)} s {way} this machine's" if seconds else f"{system}'s clock agrees"
    if abs(seconds) > FAR_APART_S:
        return warn(f"{apart}: set this machine's clock by a time server; changes are told apart by the clocks.")
    return ok(f"{apart}.")


FAR_APART_S = 120
