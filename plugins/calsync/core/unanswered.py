"""Creates in ShareCRM that got no answer: which record each of them made, if it made one (G3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta

from calsync.core.facts import Intent
from calsync.core.match import alike
from calsync.core.model import CrmRow

UNDER_WAY = timedelta(minutes=20)
"""From `Intent.since` to the last moment at which its request may have made a record, whatever the clocks say."""

NEW = 1
"""The version of a record that nobody has changed. Stamps of whole seconds do not tell an edit made at once."""


def made_by(rows: Iterable[CrmRow], intents: Iterable[Intent]) -> Mapping[str, Intent]:
    """The unanswered create that made a record, by the record's id.

    A record that shows what was asked for is taken first. People may have edited it since: one of which that can be
    told, and that still has the title or the time, is taken where nothing else could have made it.
    """
    found: dict[str, Intent] = {}
    left = [row for row in rows if row.event and not row.problem]
    open_intents = []
    for intent in intents:
        row = next((row for row in left if _shows(row, intent)), None)
        if row is None:
            open_intents.append(intent)
        else:
            found[row.id] = intent
            left.remove(row)
    edited: dict[str, list[Intent]] = defaultdict(list)
    for row in left:
        edited[row.id] += [intent for intent in open_intents if _edited(row, intent)]
    asked = [intent.link for intents in edited.values() for intent in intents]
    for id_, candidates in edited.items():
        if len(candidates) == 1 and asked.count(candidates[0].link) == 1:
            found[id_] = candidates[0]
    return found


def _shows(row: CrmRow, intent: Intent) -> bool:
    """Whether a record is as an unanswered create would have made it."""
    return _in_time(row, intent) and _same_time(row, intent) and _same_title(row, intent)


def _edited(row: CrmRow, intent: Intent) -> bool:
    """Whether a record was edited since it was made, and may have been made by an unanswered create."""
    if row.created is None or row.created > intent.since + UNDER_WAY:
        return False
    changed = row.version > NEW or (row.modified is not None and row.modified > row.created)
    return changed and _in_time(row, intent) and (_same_time(row, intent) or _same_title(row, intent))


def _in_time(row: CrmRow, intent: Intent) -> bool:
    return row.owner == intent.owner and (row.created is None or row.created >= intent.since)


def _same_time(row: CrmRow, intent: Intent) -> bool:
    return row.event is not None and row.event.time == intent.event.time


def _same_title(row: CrmRow, intent: Intent) -> bool:
    return row.event is not None and alike(row.event.title, intent.event.title)
