"""What became of a person's answer to held actions, meeting by meeting, once its run is over (G6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from calsync.core.diff import MOVED_ON
from calsync.core.plan import ActionState, Remark, Verb, Word
from calsync.stages.holds import is_named

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Ports, Run
    from calsync.store.records import JournalRow
    from calsync.store.store import Store

_UNFINISHED = (ActionState.PLANNED, ActionState.SENT, ActionState.FAILED)


class Upshot(StrEnum):
    """What became of the answer about one meeting.

    MOVED_ON: it counts no more, and the next run decides anew. NOTED: it is not done yet, and later runs try again.
    HELD: what follows from it waits for another answer. UNLINKED: what was to be put back cannot be. REFUSED: there is
    no such answer (G6). OTHERWISE: there is another one, which is not done yet. UNKNOWN: nothing of this id is held.
    """

    DONE = "done"
    MOVED_ON = "moved on"
    NOTED = "noted"
    PARKED = "parked"
    HELD = "held again"
    UNLINKED = "unlinked instead"
    REFUSED = "no such answer"
    OTHERWISE = "answered otherwise"
    UNKNOWN = "unknown"


UNHEARD = (Upshot.REFUSED, Upshot.OTHERWISE, Upshot.UNKNOWN)
"""Of these meetings nothing was noted."""


def named(store: Store, tenant: str, ids: Iterable[str]) -> dict[str, set[str]]:
    """The held meetings that each of these ids of meetings or questions names."""
    rows = store.actions(tenant, states=[ActionState.HELD])
    return {id_: {row.action.link for row in rows if is_named(row, id_)} for id_ in ids}


def upshots(
    tenant: Tenant, ports: Ports, run: Run, wanted: Mapping[str, Collection[str]], answered: Collection[str], word: Word
) -> dict[str, Upshot]:
    """By the id of each meeting, what became of it; an id that named none stands for itself.

    :param run: the one that carried the answer out
    :param wanted: as `named` told before it
    :param answered: the meetings that the word was said of
    """
    links = {link for found in wanted.values() for link in found} | set(answered)
    rows: dict[str, list[JournalRow]] = {link: [] for link in sorted(links)}
    for row in ports.store.actions(tenant.key, links=links):
        rows[row.action.link].append(row)
    remarks = ports.staging.read_rows(Remark, tenant.key, run.id, "remarks")
    moved = {remark.link for remark in remarks if remark.reason == MOVED_ON}
    told = {
        link: _of_answered(found, run, word, link in moved) if link in answered else _of_unheard(found)
        for link, found in rows.items()
    }
    return told | {id_: Upshot.UNKNOWN for id_, found in wanted.items() if not found}


def _of_answered(rows: Collection[JournalRow], run: Run, word: Word, moved: bool) -> Upshot:
    """A part that is not done counts for the whole meeting."""
    mine = [row for row in rows if row.run == run.id]
    done = [row.action.verb for row in mine if row.state is ActionState.DONE]
    if moved or any(row.state is ActionState.STALE for row in mine):
        return Upshot.MOVED_ON
    if any(row.state is ActionState.PARKED for row in mine):
        return Upshot.PARKED
    if any(row.state in _UNFINISHED or (row.state is ActionState.HELD and row.answer) for row in rows):
        return Upshot.NOTED
    if any(row.state is ActionState.HELD for row in rows):
        return Upshot.HELD
    if word is Word.APPROVE and not done:
        return Upshot.MOVED_ON  # what was approved is not to be done any more
    return Upshot.UNLINKED if word is Word.RESTORE and Verb.UNLINK in done else Upshot.DONE


def _of_unheard(rows: Collection[JournalRow]) -> Upshot:
    held = [row for row in rows if row.state is ActionState.HELD]
    if not held:
        return Upshot.UNKNOWN
    return Upshot.OTHERWISE if any(row.answer for row in held) else Upshot.REFUSED
