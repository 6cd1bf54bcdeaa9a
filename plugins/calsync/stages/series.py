"""Series in mailboxes: what a delta round does not say of them, and is read beside it (F1, G1).

A date that is cancelled has no tombstone, a series that ends has one for its master alone, and a date comes bare.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from calsync.core.facts import local_days
from calsync.core.match import original_date
from calsync.core.model import FOLLOWED, Absence, OutlookRow, Placement, Proof, Shape
from calsync.errors import RemoteError
from calsync.stages.settings import MATCHING_DAYS, instants

if TYPE_CHECKING:
    from calsync.graph.delta import Round
    from calsync.stages.mailboxes import MailboxReader
    from calsync.store.records import Cursor, KnownOutlook

EventKey = tuple[str, str]

DATES = (Shape.OCCURRENCE, Shape.EXCEPTION)


class KnownSeries:
    """What links know of series: by mailbox and master, the dates that still stand (id: pattern), and the pattern.

    ended: the series that this run found to be gone. recurrences: of those that this run read, as Graph gives them.
    """

    def __init__(self, known: Iterable[KnownOutlook]) -> None:
        self.dates: dict[EventKey, dict[str, str]] = defaultdict(dict)
        self.patterns: dict[EventKey, str] = {}
        self.ended: set[EventKey] = set()
        self.recurrences: dict[EventKey, object] = {}
        for row in known:
            if row.master and row.standing in FOLLOWED:
                self.dates[row.mailbox, row.master][row.id] = row.pattern
                self.patterns[row.mailbox, row.master] = row.pattern or self.patterns.get((row.mailbox, row.master), "")

    def over(self, rows: list[OutlookRow]) -> set[EventKey]:
        """The dates of series that came as single events: none of them is left."""
        ended = [(row.mailbox, row.id) for row in rows if row.shape is Shape.SINGLE]
        return {(mailbox, id_) for mailbox, master in ended for id_ in self.dates.get((mailbox, master), ())}

    def of(self, masters: Iterable[EventKey]) -> set[str]:
        """The ids of these series' dates."""
        return {id_ for master in masters for id_ in self.dates.get(master, ())}

    def note(self, mailbox: str, raw: Mapping[str, Any]) -> None:
        """Keep how a series that links know recurs now."""
        key = (mailbox, str(raw.get("id")))
        if raw.get("recurrence") and key in self.dates:
            self.recurrences[key] = raw["recurrence"]

    def moved(self, row: OutlookRow, among: Container[str]) -> bool:
        """Whether a series' pattern is another one than when one of these dates was last seen."""
        known = self.dates.get((row.mailbox, row.id), {}).items()
        before = {pattern for id_, pattern in known if id_ in among} - {""}
        readable = row.shape is Shape.MASTER and not row.problem
        return bool(readable and row.pattern and before - {row.pattern})


def masters_in(rows: Iterable[OutlookRow]) -> set[EventKey]:
    """The series that came in a round, each with every date it still has in the round's window."""
    return {(row.mailbox, row.id) for row in rows if row.shape is Shape.MASTER}


def lacks_detail(raw: dict[str, Any], row: OutlookRow) -> bool:
    """Whether a date says too little to be recognised, so that it has to be read by id."""
    from calsync.graph.event import bare

    nameless = row.shape is Shape.EXCEPTION and original_date(row.ical_uid, row.original) is None
    return row.shape in DATES and (bare(raw) or nameless)


def token_days(cursor: Cursor) -> tuple[date, date] | None:
    """The days in UTC, first and last, that a delta link watches."""
    if cursor.window_start is None or cursor.window_end is None:
        return None
    return cursor.window_start.date(), cursor.window_end.date() - timedelta(days=1)


def last_anchored(cursor: Cursor, otherwise: date) -> date:
    """The last day of the window that the delta link was made for; a series that came says nothing of later ones."""
    watched = token_days(cursor)
    return min(otherwise, watched[1] - timedelta(days=MATCHING_DAYS)) if watched else otherwise


async def follow_tombstones(reader: MailboxReader, rounds: list[Round]) -> None:
    """A tombstone of a series: it is gone with all its dates, or it left the window and is followed by id (D1, F5)."""
    series = reader.series
    buried = {(each.mailbox, id_) for each in rounds for id_ in each.removed if (each.mailbox, id_) in series.dates}
    if not buried:
        return
    gone = await reader.by_id(buried)
    left: set[EventKey] = set()
    for mailbox, master in buried:
        dates = {(mailbox, id_) for id_ in series.dates[mailbox, master]}
        if evidence := gone.get((mailbox, master)):
            series.ended.add((mailbox, master))
            reader.absences |= {key: Absence(*key, Proof.GONE, f"its series is {evidence}") for key in dates}
        else:
            left |= dates
    await reader.by_id(left - reader.rows.keys())


async def follow_moved(reader: MailboxReader) -> None:
    """List where moved series stand beyond the days that were read, as far as they lack dates there (B6, F5), and note
    which of the dates that vanished did so with the rule of their series.

    Dates that vanished are paired with those that appeared; what was moved past the window has not vanished for good.
    """
    vanished = {
        key: gone
        for key, dates in reader.series.dates.items()
        if (gone := {id_ for id_ in dates if _gone(reader, key[0], id_)}) and not reader.is_away(key[0])
    }
    await reader.by_id(vanished.keys() - reader.rows.keys() - reader.series.ended)
    here = {key: reader.rows[key] for key in vanished if key in reader.rows}
    moved = {key for key, row in here.items() if reader.series.moved(row, vanished[key])}
    changed = moved | {key for key, row in here.items() if row.shape is Shape.SINGLE}
    rearranged = {(mailbox, id_) for mailbox, master in changed for id_ in vanished[mailbox, master]}
    for event in rearranged | _past_their_end(reader, {key: vanished[key] for key in here}):
        reader.absences[event] = replace(reader.absences[event], rearranged=True)
    await asyncio.gather(*(_dates_elsewhere(reader, key, vanished[key]) for key in moved))


def _past_their_end(reader: MailboxReader, vanished: Mapping[EventKey, set[str]]) -> set[EventKey]:
    """Which of the dates that vanished lie beyond the last one that the rule of their series has now."""
    from calsync.graph.recurrence import last_day

    ends: dict[EventKey, date] = {}
    for key, dates in vanished.items():
        if last := last_day(reader.series.recurrences.get(key)):
            ends |= {(key[0], id_): last for id_ in dates}
    beyond: set[EventKey] = set()
    for placement in _placements(reader, ends):
        day = original_date(placement.ical_uid, placement.original)
        if day and day > ends[placement.mailbox, placement.id]:
            beyond.add((placement.mailbox, placement.id))
    return beyond


def _placements(reader: MailboxReader, events: Collection[EventKey]) -> list[Placement]:
    """What links remember of these events."""
    links = reader.ports.store.links_by_placement(reader.tenant.key, events)
    return [p for link in links for p in link.placements if (p.mailbox, p.id) in events]


def _gone(reader: MailboxReader, mailbox: str, id_: str) -> bool:
    absence = reader.absences.get((mailbox, id_))
    return absence is not None and absence.proof is Proof.GONE


async def _dates_elsewhere(reader: MailboxReader, key: EventKey, vanished: set[str]) -> None:
    """List a moved series' dates beyond the days that were read, where fewer appeared in these than vanished."""
    from calsync.graph.read import instances

    mailbox, master = key
    here = [row for row in reader.rows.values() if (row.mailbox, row.master) == key]
    if len(here) - sum(row.id in reader.series.dates[key] for row in here) >= len(vanished):
        return
    first, last = _days_elsewhere(reader, key, here, vanished)
    if first > last:
        return
    try:
        found = await instances(reader.client, mailbox, master, *instants(first, last))
    except RemoteError as error:
        reader.away(mailbox, error)
        return
    for raw in found:
        row = reader.row(mailbox, raw)
        reader.rows.setdefault((mailbox, row.id), row)
        reader.absences.pop((mailbox, row.id), None)


def _days_elsewhere(
    reader: MailboxReader, key: EventKey, here: list[OutlookRow], vanished: set[str]
) -> tuple[date, date]:
    """The first and last day on which a moved series may have what it lacks.

    Bounded, for the series may be endless: by a window's length from where it begins, and by as many days beyond where
    its dates stood as it was moved.
    """
    begins = _first_day(reader.rows[key])
    known = reader.series.dates[key]
    now = [_first_day(row) for row in here if row.id not in known] if here else [begins]
    placements = _placements(reader, {(key[0], id_) for id_ in vanished})
    stood = [local_days(p.shown.time, "UTC")[0] for p in placements if p.shown]
    moved = max(min(now) - min(stood), timedelta()) if now and stood else timedelta()
    first = max(begins, reader.last) if here else begins
    return first, max([begins + (reader.last - reader.first), *(day + moved for day in stood)])


def _first_day(row: OutlookRow) -> date:
    return local_days(row.event.time, "UTC")[0]


async def complete_dates(reader: MailboxReader, *, anew: bool = False) -> None:
    """Give every date that was read its series' pattern, and read the masters that nobody knows.

    :param anew: read also those that are known, since nothing told that they are as they were
    """
    dates = [row for row in reader.rows.values() if row.shape in DATES and not row.pattern and row.master]
    known = {} if anew else reader.series.patterns
    unread = {(row.mailbox, row.master) for row in dates} - reader.rows.keys()
    await reader.by_id({key for key in unread if not known.get(key) and not reader.is_away(key[0])})
    for row in dates:
        master = reader.rows.get((row.mailbox, row.master))
        pattern = master.pattern if master else known.get((row.mailbox, row.master), "")
        if pattern and (row.mailbox, row.id) in reader.rows:
            reader.rows[row.mailbox, row.id] = replace(row, pattern=pattern)
