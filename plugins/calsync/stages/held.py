"""What is held of a tenant, in meetings, as a run's report tells it (G6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.core.diff import MOVED_ON
from calsync.core.plan import Remark
from calsync.store.overview import Waits

if TYPE_CHECKING:
    from calsync.store.store import Store


@dataclass(frozen=True, slots=True)
class Held:
    """How many meetings are held. new: by this run, or that a dry one would hold. waiting: for a person's answer, of
    all runs. answered: a person has, and it is not done yet. moved_on: let go by this run, for the next one to decide.
    """

    new: int = 0
    waiting: int = 0
    answered: int = 0
    moved_on: int = 0


def held_of(store: Store, tenant: str, new: Iterable[str], remarks: Iterable[Remark]) -> Held:
    """What is held when a run ends.

    :param new: the meetings of which the run held something
    :param remarks: those of its plan
    """
    return Held(
        new=len(set(new)),
        waiting=store.waiting_counts([tenant]).get(tenant, Waits()).held,
        answered=sum(one.meetings for one in store.answered(tenant)),
        moved_on=sum(remark.reason == MOVED_ON for remark in remarks),
    )


def held_words(held: Held, *, dry_run: bool) -> list[str]:
    """What is held, in sentences; a dry run tells of what it would hold alone."""
    if dry_run:
        return [f"{_meetings(held.new)} would be held for a person."] if held.new else []
    moved = ("has moved on since it was", "have moved on since they were", "held; the next run decides anew")
    told = [
        (held.moved_on, *moved),
        (held.answered, "is", "are", "answered and not done yet; the next run tries again"),
        (held.waiting, "waits", "wait", "for a person's answer"),
    ]
    said = [f"{_meetings(count)} {one if count == 1 else many} {rest}." for count, one, many, rest in told if count]
    return [*said, f"This run held {held.new} of them."] if 0 < held.new < held.waiting else said


def _meetings(count: int) -> str:
    return f"{count} meeting{'' if count == 1 else 's'}"
