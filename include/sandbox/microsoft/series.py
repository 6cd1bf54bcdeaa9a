"""Single dates of a series: an exception is made, a date is removed; instances are listed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from sandbox.microsoft import dates
from sandbox.microsoft.compose import checked_span, people
from sandbox.microsoft.errors import crossing_occurrence, invalid_property
from sandbox.microsoft.items import Event, Occurrence, Override
from sandbox.microsoft.zones import Span

if TYPE_CHECKING:
    from sandbox.microsoft.payload import Draft
    from sandbox.microsoft.state import Microsoft


def update_occurrence(ms: Microsoft, item: Occurrence, draft: Draft) -> None:
    """Make the occurrence an exception (its id stays). Raises GraphError when it would cross its neighbour."""
    if draft.recurrence is not None:
        raise invalid_property("recurrence can be set on the series master only.")
    event, old = item.master, item.span
    all_day: bool = (item.props | draft.props)["isAllDay"]
    span = checked_span(draft.start or old.start, draft.end or old.end, all_day=all_day)
    _check_neighbours(item, span)
    moved = span != old or all_day != item.props["isAllDay"]
    before, invited = item.props["attendees"], dates.guests(item)
    override = event.overrides.setdefault(item.day, Override({}, span))
    override.props, override.span = override.props | draft.props, span
    if moved or "attendees" in draft.props:
        override.props["attendees"] = people(ms, [] if moved else before, item.props["attendees"])
    override.extended = override.extended | draft.extended
    event.mailbox.touch(event, ms.now, override)
    dates.changed(ms, item, draft.named, invited, moved=moved)


def _check_neighbours(item: Occurrence, span: Span) -> None:
    event, day = item.master, span.start.wall.date()
    if event.recurrence is None or span.start == item.span.start:
        return
    before = _actual_day(event, event.recurrence.before(item.day))
    after = _actual_day(event, event.recurrence.after(item.day))
    if (before and day <= before) or (after and day >= after):
        raise crossing_occurrence()


def _actual_day(event: Event, days: Iterable[date]) -> date | None:
    """The day on which the first occurrence of `days` that still exists takes place."""
    for day in days:
        if day not in event.removed:
            return Occurrence(event, day).span.start.wall.date()
    return None


def remove_occurrence(ms: Microsoft, item: Occurrence) -> None:
    """Take one date out of the series. No tombstone tells of it: the master and the rest come again."""
    event = item.master
    if event.tells_people:
        dates.withdraw(ms, item, dates.guests(item))
    event.removed.add(item.day)
    event.overrides.pop(item.day, None)
    event.mailbox.touch(event, ms.now)


def set_own(ms: Microsoft, item: Occurrence, own: dict[str, Any]) -> None:
    """Set what belongs to an attendee's copy of one occurrence."""
    event = item.master
    override = event.overrides.setdefault(item.day, Override({}, item.span))
    override.props = override.props | own
    event.mailbox.touch(event, ms.now, override)
