"""Delta rounds of many mailboxes at once, twenty in a call: a quiet run costs calls by mailboxes, not by events.

A round starts at a delta link, or at a window when there is none, and follows next links until the new delta link; a
page may be empty and still have a next link. The window is baked into the token (Microsoft, "event: delta").
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from calsync.errors import AuthFailed, CursorExpired, Refused, Remote, RemoteError, Unavailable
from calsync.graph.answers import Answer, items_of, link_of
from calsync.graph.batch import BATCH_SIZE, Part, Result
from calsync.graph.client import GraphClient
from calsync.graph.paths import Trail, url

GATEWAY_TIMEOUT = 504
"""Graph's answer to a window that is too large; the caller halves it (RULES G2), so it is not tried again here."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one mailbox's round said.

    items: raw events, the latest state of each. removed: ids of tombstones; no proof of a deletion yet (RULES D1).
    link: the new delta link, "" with an error. full: read from the window, not from a delta link. error: why the round
    did not end; items and removed are empty then.
    """

    mailbox: str
    items: tuple[dict[str, Any], ...] = ()
    removed: tuple[str, ...] = ()
    link: str = ""
    full: bool = False
    error: RemoteError | None = None


@dataclass(slots=True)
class _Reading:
    """A round under way: the next page's path, and what came so far (None: a tombstone)."""

    path: str
    full: bool
    seen: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    trail: Trail = field(default_factory=Trail)


async def read_delta(
    client: GraphClient,
    cursors: Mapping[str, str | None],
    window: tuple[datetime, datetime],
    max_page: int = 200,
) -> AsyncIterator[Round]:
    """Read a round of every mailbox (object id -> its delta link, None for a first read of `window`).

    Yields each mailbox's Round as it ends; an error is that mailbox's alone. Raises AuthFailed and ConfigError, which
    are everybody's. max_page: events in a page, a wish that Graph may not heed.
    """
    waiting = list(cursors)
    active: dict[str, _Reading] = {}
    while waiting or active:
        room = BATCH_SIZE * client.settings.concurrency - len(active)
        for mailbox in waiting[:room]:
            reading = _start(client, mailbox, cursors[mailbox], window)
            if isinstance(reading, Round):
                yield reading
            else:
                active[mailbox] = reading
        waiting = waiting[room:]
        results = await client.batch([_part(reading.path, max_page) for reading in active.values()])
        for mailbox, result in zip(list(active), results, strict=True):
            ended = _take(client, mailbox, active[mailbox], result)
            if ended is not None:
                del active[mailbox]
                yield ended


def _start(client: GraphClient, mailbox: str, link: str | None, window: tuple[datetime, datetime]) -> _Reading | Round:
    if link is None:
        return _Reading(window_path(mailbox, *window, "delta"), full=True)
    try:
        return _Reading(client.relative(link), full=False)
    except Refused:
        sentence = "The stored delta link belongs to another Graph host: the window has to be read anew"
        return Round(mailbox, error=CursorExpired(sentence, Remote("graph")))


def window_path(mailbox: str, start: datetime, end: datetime, *more: str, **query: str | int) -> str:
    """The path of a mailbox's calendar view between two aware instants; a value without offset means UTC to Graph."""
    names = {"startDateTime": _utc(start), "endDateTime": _utc(end)}
    return url("users", mailbox, "calendarView", *more, **names, **query)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _part(path: str, max_page: int) -> Part:
    return Part("GET", path, {"Prefer": f"odata.maxpagesize={max_page}"}, final=frozenset({GATEWAY_TIMEOUT}))


def _take(client: GraphClient, mailbox: str, reading: _Reading, result: Result) -> Round | None:
    """Add a page to `reading`; the Round when it was the last one, None when there is another."""
    if isinstance(result, AuthFailed):
        raise result
    try:
        if isinstance(result, RemoteError):
            raise result
        link = _add(reading, result)
        if link:
            client.relative(link)  # it is to be followed, so it leads to Graph
            return _ended(mailbox, reading, link)
        _turn(client, reading, result)
    except RemoteError as error:
        return Round(mailbox, full=reading.full, error=error)
    return None


def _add(reading: _Reading, page: Answer) -> str:
    """The page's items into `reading`; its delta link, "" when it has none. Raises Unavailable for no page."""
    for item in items_of(page.value):
        reading.seen.pop(item["id"], None)  # what came last counts, and takes its place in the order
        reading.seen[item["id"]] = None if "@removed" in item else item
    return link_of(page.value, "@odata.deltaLink")


def _turn(client: GraphClient, reading: _Reading, page: Answer) -> None:
    """Go on to the next page. Raises Unavailable when there is none or it leads in a circle, Refused when foreign."""
    link = link_of(page.value, "@odata.nextLink")
    if not link or reading.trail.circles(link):
        raise Unavailable("The delta round does not end: a page led nowhere new", Remote("graph", page.status))
    reading.path = client.relative(link)


def _ended(mailbox: str, reading: _Reading, link: str) -> Round:
    return Round(
        mailbox,
        items=tuple(item for item in reading.seen.values() if item is not None),
        removed=tuple(id_ for id_, item in reading.seen.items() if item is None),
        link=link,
        full=reading.full,
    )
