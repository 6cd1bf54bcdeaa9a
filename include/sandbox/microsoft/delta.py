"""calendarView/delta: what changed in a window since a token, with the quirks of the real one.

A token is bound to its mailbox, calendar and window. A round walks the mailbox's journal of changes; a page ends at
a change, so that a series is never split. Ordinary occurrences come with a handful of properties; a deleted occurrence
has no tombstone; a tombstone may mean "outside the window" just as well as "deleted".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from sandbox.microsoft import ids
from sandbox.microsoft.call import Answer, Call, Prefer
from sandbox.microsoft.errors import GraphError, invalid_query, invalid_request, sync_state_lost
from sandbox.microsoft.items import Event, overlaps
from sandbox.microsoft.render import event_id, shown, slim
from sandbox.microsoft.views import window

if TYPE_CHECKING:
    from sandbox.microsoft.mailbox import Mailbox
    from sandbox.microsoft.state import Microsoft

_REFUSED = ("$orderby", "$filter", "$select", "$expand", "$search")
_PAGE = 10
_TYPE = "#microsoft.graph.event"

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class _Token:
    """Where a round stands: changes after `at` up to `until` are still to come.

    `first`: no round went before this one. `begun`: the round has given a page already.
    """

    generation: str
    mailbox: str
    calendar: str
    start: str
    end: str
    at: int
    until: int
    first: bool
    begun: bool = False

    def text(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(list(asdict(self).values())).encode()).decode().rstrip("=")

    @staticmethod
    def parse(text: str) -> _Token:
        """Raises GraphError (SyncStateInvalid) for what is no token of this service."""
        try:
            return _Token(*json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
        except (ValueError, TypeError) as error:
            raise GraphError(400, "SyncStateInvalid", "The sync state is invalid.") from error


def delta(ms: Microsoft, box: Mailbox, call: Call, calendar_id: str | None = None) -> Answer:
    """GET …/calendarView/delta: one page of a round."""
    token = _token(ms, box, call, calendar_id or box.main_calendar)
    if ms.quirks.empty_first_page and not token.begun and token.until > token.at:
        return _answer(call, [], replace(token, begun=True), ended=False)
    size = call.prefer.page_size or _PAGE
    rows: Rows = _replayed(box, token, call.prefer) if ms.quirks.replay else []
    at = token.at
    for event in _changed(box, token):
        if len(rows) >= size:
            break
        rows += _rows(event, token, call.prefer)
        at = event.change
    else:
        at = token.until
    effect = call.effect
    if effect and effect.cut_page:
        rows = rows[: len(rows) // 2]
    if effect and effect.duplicate_page and rows:
        at = token.at
    ended = at >= token.until and not (effect and effect.duplicate_page and rows)
    return _answer(call, rows, replace(token, at=at, begun=True), ended=ended)


def unsupported(_: Microsoft, __: Mailbox, ___: Call, calendar_id: str | None = None) -> Answer:
    """GET …/events/delta: in the metadata of v1.0, yet refused by the service (msgraph-metadata issue 608)."""
    del calendar_id
    raise invalid_request("Unsupported request: Change tracking is not supported against 'microsoft.graph.event'")


def _token(ms: Microsoft, box: Mailbox, call: Call, calendar_id: str) -> _Token:
    """The token of the request, or a new one for the window it names. Raises GraphError."""
    text = call.query.get("$skiptoken") or call.query.get("$deltatoken")
    if not text:
        _check_parameters(call)
        start, end = window(call)
        until = box.visible(ms.quirks.delta_lag)
        calendar = box.calendar(calendar_id)
        return _Token(ms.generation, box.id, calendar, start.isoformat(), end.isoformat(), 0, until, first=True)
    token = _Token.parse(text)
    if token.generation != ms.generation or (call.effect and call.effect.expire_delta):
        error = sync_state_lost(token.generation)
        error.headers["Location"] = f"{call.address}?startDateTime={token.start}&endDateTime={token.end}"
        raise error
    if token.mailbox != box.id or token.calendar != calendar_id:
        raise GraphError(400, "SyncStateInvalid", "The sync state is invalid: it belongs to another calendar.")
    if "$deltatoken" in call.query:
        until = max(token.at, box.visible(ms.quirks.delta_lag))
        return replace(token, until=until, first=False, begun=False)
    return token


def _check_parameters(call: Call) -> None:
    if "$top" in call.query:
        raise invalid_query(
            "The '$top' parameter is not supported with change tracking over the 'CalendarView' resource as page size "
            "cannot be guaranteed. Express page size preferences using the Prefer: odata.maxpagesize= header instead."
        )
    if any(name in call.query for name in _REFUSED):
        raise invalid_query(
            "The following parameters are not supported with change tracking over the 'CalendarView' resource: "
            f"'{', '.join(_REFUSED)}'."
        )


def _changed(box: Mailbox, token: _Token) -> Iterator[Event]:
    """What changed after the token's place, oldest change first, up to the end of the round."""
    newer = takewhile(lambda event: event.change > token.at, reversed(box.journal.values()))
    return (event for event in reversed(list(newer)) if event.change <= token.until)


def _rows(event: Event, token: _Token, prefer: Prefer) -> Rows:
    rows = [] if event.deleted or event.calendar_id != token.calendar else _seen(event, token, prefer)
    if rows or token.first:
        return rows
    return [{"@odata.type": _TYPE, "id": _former_id(event, token, prefer), "@removed": {"reason": "deleted"}}]


def _seen(event: Event, token: _Token, prefer: Prefer) -> Rows:
    """What the window shows of a living event: a single one, or a master with its occurrences."""
    start, end = datetime.fromisoformat(token.start), datetime.fromisoformat(token.end)
    whole = {"@odata.type": _TYPE}
    if event.recurrence is None:
        return [whole | shown(event, prefer)] if overlaps(event.span, start, end) else []
    found = list(event.occurrences(start, end))
    rows = [whole | (shown(one, prefer) if one.override else slim(one, prefer)) for one in found]
    return [whole | shown(event, prefer), *rows] if rows else []


def _former_id(event: Event, token: _Token, prefer: Prefer) -> str:
    """The id under which the calendar knew the event: an ordinary id is another one after a move."""
    if prefer.immutable or event.calendar_id == token.calendar or not event.moves:
        return event_id(event, immutable=prefer.immutable)
    return ids.item_id(event.mailbox.id, event.number, immutable=False, moves=event.moves - 1)


def _replayed(box: Mailbox, token: _Token, prefer: Prefer) -> Rows:
    """An item that did not change since the last round, once more with its old etag."""
    if token.first or token.begun:
        return []
    older = (event for event in reversed(box.journal.values()) if event.change <= token.at and not event.deleted)
    return next((rows for event in older if (rows := _seen(event, token, prefer))), [])


def _answer(call: Call, rows: Rows, token: _Token, *, ended: bool) -> Answer:
    body: dict[str, Any] = {"@odata.context": f"{call.root}/$metadata#Collection(event)", "value": rows}
    if ended:
        body["@odata.deltaLink"] = f"{call.address}?$deltatoken={replace(token, first=False).text()}"
    else:
        body["@odata.nextLink"] = f"{call.address}?$skiptoken={token.text()}"
    return Answer(200, body)
