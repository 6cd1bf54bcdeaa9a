"""What is read from Graph besides delta: views, single events, users. Raw JSON comes back; `event` makes rows of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from calsync.core.model import Mark
from calsync.errors import Remote, RemoteError, Unavailable
from calsync.graph import marks
from calsync.graph.answers import Answer, items_of, link_of
from calsync.graph.batch import Part
from calsync.graph.client import GraphClient
from calsync.graph.delta import window_path
from calsync.graph.paths import Trail, url

EVENT_FIELDS = (
    "id,changeKey,iCalUId,subject,start,end,isAllDay,isCancelled,isDraft,isOrganizer,organizer,attendees,type,"
    "seriesMasterId,originalStart,originalStartTimeZone,sensitivity,recurrence,createdDateTime,lastModifiedDateTime"
)
"""Everything but the body. With `organizer` among them a view fills in both stamps (msgraph-sdk-dotnet issue 1655)."""

USER_FIELDS = "id,displayName,mail,userPrincipalName,proxyAddresses,userType,accountEnabled"

VIEW_PAGE = 200
USER_PAGE = 999


async def calendar_view(
    client: GraphClient,
    mailbox: str,
    start: datetime,
    end: datetime,
    expand_marks: bool = True,
    foreign_ids: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Every event that overlaps the two aware instants, series expanded, each once. Raises RemoteError.

    Complete, or raised: a listing that breaks off is no listing (RULES D2).
    """
    query: dict[str, str | int] = {"_select": EVENT_FIELDS, "_top": VIEW_PAGE}
    if expand_marks:
        query["_expand"] = marks.expansion(foreign_ids)
    found = [item async for item in _pages(client, window_path(mailbox, start, end, **query))]
    return list({item["id"]: item for item in found}.values())


async def instances(
    client: GraphClient, mailbox: str, master: str, start: datetime, end: datetime
) -> list[dict[str, Any]]:
    """The occurrences and exceptions of a series between two aware instants; cancelled ones are not there."""
    view = window_path(mailbox, start, end, _select=EVENT_FIELDS, _top=VIEW_PAGE)
    path = url("users", mailbox, "events", master, "instances")
    return [item async for item in _pages(client, f"{path}?{view.split('?')[1]}")]


async def get_events(
    client: GraphClient,
    wanted: Sequence[tuple[str, str]],
    with_marks: bool = True,
    foreign_ids: Sequence[str] = (),
) -> list[dict[str, Any] | RemoteError]:
    """Events by (mailbox, immutable id), twenty in a call: each the event or its error, in the order asked for.

    The error is NotFound when this very event is not there. Of an answer that is not this event nothing is left but
    the id: it cannot be understood.
    """
    parts = [Part("GET", _event_path(mailbox, event, with_marks, foreign_ids)) for mailbox, event in wanted]
    results = await client.batch(parts)
    return [
        result if isinstance(result, RemoteError) else _as_asked(id_, result)
        for (_, id_), result in zip(wanted, results, strict=True)
    ]


def _as_asked(id_: str, answer: Answer) -> dict[str, Any]:
    return answer.value if answer.value.get("id") == id_ else {"id": id_}


async def find_by_mark(client: GraphClient, mailbox: str, mark: Mark) -> list[dict[str, Any]]:
    """The events of a mailbox that bear exactly `mark`; the way back after a lost answer. Raises RemoteError."""
    return [item for item in await _bearing(client, mailbox, marks.condition(mark)) if marks.read(item)[0] == mark]


async def marked_events(client: GraphClient, mailbox: str, installation: str, tenant: str) -> list[dict[str, Any]]:
    """What bears a mark of this configuration in a mailbox, wherever it lies in time: single events and masters.

    Complete, or raised. Raises RemoteError.
    """
    return await _bearing(client, mailbox, marks.any_of(installation, tenant))


async def _bearing(client: GraphClient, mailbox: str, condition: str) -> list[dict[str, Any]]:
    query: dict[str, str | int] = {
        "_filter": condition,
        "_expand": marks.expansion(),
        "_select": EVENT_FIELDS,
        "_top": VIEW_PAGE,
    }
    return [item async for item in _pages(client, url("users", mailbox, "events", **query))]


async def users(client: GraphClient) -> list[dict[str, Any]]:
    """Every user of the Microsoft tenant, guests and disabled ones included. Raises Forbidden, other RemoteErrors."""
    return [item async for item in _pages(client, url("users", _select=USER_FIELDS, _top=USER_PAGE))]


async def _pages(client: GraphClient, path: str) -> AsyncIterator[dict[str, Any]]:
    """The items of a collection, page by page. Raises Refused on a foreign link, Unavailable on a circle or a tear."""
    trail = Trail()
    while not trail.circles(path):
        page = await client.get(path)
        for item in items_of(page):
            yield item
        link = link_of(page, "@odata.nextLink")
        if not link:
            return
        path = client.relative(link)
    raise Unavailable("Graph's listing leads in a circle; nothing of it is used", Remote("graph", 200))


def _event_path(mailbox: str, event: str, with_marks: bool, foreign_ids: Sequence[str]) -> str:
    query: dict[str, str | int] = {"_select": EVENT_FIELDS}
    if with_marks:
        query["_expand"] = marks.expansion(foreign_ids)
    return url("users", mailbox, "events", event, **query)
