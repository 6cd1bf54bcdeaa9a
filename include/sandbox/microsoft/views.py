"""Lists of events: the events of a calendar, its view over a window, the instances of a series."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from sandbox.microsoft.call import Answer, Call
from sandbox.microsoft.errors import invalid_request, missing_window
from sandbox.microsoft.events import as_answered, context
from sandbox.microsoft.items import Event, Occurrence, overlaps
from sandbox.microsoft.odata import Filter, sort_rows
from sandbox.microsoft.render import extended, shown
from sandbox.microsoft.zones import parse_instant

if TYPE_CHECKING:
    from sandbox.microsoft.mailbox import Mailbox
    from sandbox.microsoft.state import Microsoft

_PAGE = 10
_MOST = 1000
_MOST_SKIPPED = 10_000_000

Items = list[Event | Occurrence]


def window(call: Call) -> tuple[datetime, datetime]:
    """The two obligatory parameters; without an offset they are UTC. Raises GraphError (ErrorInvalidParameter)."""
    start, end = call.query.get("startdatetime"), call.query.get("enddatetime")
    if not start or not end:
        raise missing_window()
    first, last = parse_instant(start), parse_instant(end)
    if last < first:
        raise invalid_request("The value of EndDateTime cannot be before StartDateTime.")
    return first, last


def link(call: Call, **changes: str) -> str:
    """The request's own url with some parameters of its query replaced."""
    pairs = {name: value for name, value in call.query.items() if name not in changes} | changes
    return f"{call.address}?{urlencode(pairs, safe='$', quote_via=quote)}"


def page(call: Call, items: Items) -> tuple[Items, str | None]:
    """The page of `items` that `$top`, `$skip` and `odata.maxpagesize` ask for, and the link to the next."""
    size = call.number("$top", call.prefer.page_size or _PAGE, _MOST) or _PAGE
    skip = call.number("$skip", 0, _MOST_SKIPPED)
    found, effect = items[skip : skip + size], call.effect
    more = link(call, **{"$skip": str(skip + size)}) if skip + size < len(items) else None
    if effect and effect.cut_page:
        return found[: len(found) // 2], None
    if effect and effect.duplicate_page and found:
        return found, link(call, **{"$skip": str(skip)})
    return found, more


def _listing(call: Call, box: Mailbox, fragment: str, items: Items) -> Answer:
    items = _ordered(call, _filtered(call, items))
    found, more = page(call, items)
    body: dict[str, Any] = {"@odata.context": context(call, box, fragment)}
    if call.query.get("$count", "").lower() == "true":
        body["@odata.count"] = len(items)
    body["value"] = [as_answered(call, item) for item in found]
    if more:
        body["@odata.nextLink"] = more
    return Answer(200, body)


def _row(call: Call, item: Event | Occurrence) -> dict[str, Any]:
    return shown(item, call.prefer) | {"singleValueExtendedProperties": extended(item)}


def _filtered(call: Call, items: Items) -> Items:
    text = call.query.get("$filter")
    if not text:
        return items
    test = Filter(text)
    return [item for item in items if test(_row(call, item))]


def _ordered(call: Call, items: Items) -> Items:
    order = call.query.get("$orderby")
    if not order:
        return items
    rows = [_row(call, item) | {"item": item} for item in items]
    return [row["item"] for row in sort_rows(rows, order)]


def _in_calendar(box: Mailbox, calendar_id: str | None) -> Iterable[Event]:
    if calendar_id is None:
        return box.events.values()
    box.calendar(calendar_id)
    return (event for event in box.events.values() if event.calendar_id == calendar_id)


def list_events(_: Microsoft, box: Mailbox, call: Call, calendar_id: str | None = None) -> Answer:
    """GET …/events: single events and masters only."""
    return _listing(call, box, "events", list(_in_calendar(box, calendar_id)))


def calendar_view(_: Microsoft, box: Mailbox, call: Call, calendar_id: str | None = None) -> Answer:
    """GET …/calendarView: what overlaps the window, series expanded, by start."""
    start, end = window(call)
    found = in_window(_in_calendar(box, calendar_id or box.main_calendar), start, end)
    found.sort(key=lambda item: item.span.start.utc)
    return _listing(call, box, "calendarView", found)


def in_window(events: Iterable[Event], start: datetime, end: datetime) -> Items:
    """Single events, occurrences and exceptions that overlap the half-open window."""
    found: Items = []
    for event in events:
        if event.recurrence:
            found.extend(event.occurrences(start, end))
        elif overlaps(event.span, start, end):
            found.append(event)
    return found


def instances(_: Microsoft, box: Mailbox, call: Call, event_id: str) -> Answer:
    """GET …/events/{master}/instances: occurrences and exceptions; deleted dates are simply not there."""
    start, end = window(call)
    master = box.find(event_id)
    if not isinstance(master, Event) or master.recurrence is None:
        raise invalid_request("instances are those of a series master.")
    return _listing(call, box, "events", list(master.occurrences(start, end)))
