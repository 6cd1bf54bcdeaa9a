"""What is read from ShareCRM: schedules, contacts, employees."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from calsync.core.accounts import Employee
from calsync.core.model import Contact, CrmRow, Life
from calsync.core.text import ident, sound, squeeze
from calsync.errors import NotFound, Refused, Remote, Unavailable
from calsync.sharecrm import moments
from calsync.sharecrm.client import CrmClient
from calsync.sharecrm.describe import SCHEDULE, resolve
from calsync.sharecrm.envelope import trace_id
from calsync.sharecrm.schedule import Shape, gone, ids, to_row

CONTACT = "ContactObj"
PAGE = 100
"""The largest page a query may ask for."""

WHOLE_COMPANY = 999999
"""The department id that means everybody."""

MARGIN = timedelta(minutes=5)
"""How much earlier than asked a search by creation time looks: clocks differ (RULES G2)."""

_CONTACT_FIELDS = ("_id", "name", "email", "account_id", "life_status", "is_deleted", "last_modified_time")
_LONGEST_ADDRESS = 320
_ADDRESS = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@,;<>\".]+")


class CrmReader:
    """Reads through `client`. Every method raises RemoteError and ConfigError as `CrmClient.call` does."""

    def __init__(self, client: CrmClient, shape: Shape) -> None:
        self.client = client
        self.shape = shape

    async def query(
        self, api_name: str, filters: Sequence[Mapping[str, Any]], fields: Sequence[str], *, user: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        """Every record of the object `api_name` that all `filters` let through, as `user` may see it, in `_id` order.

        Pages follow the `_id` cursor, since offsets end at 10,000. An empty page ends the list, not a short one, and
        only if the count agrees: a page that was cut loses nothing. Rows that come twice are passed over. Raises
        Unavailable when the pages do not advance, or hold less than they count.
        """
        last, before = "", frozenset[str]()
        seen = expected = 0
        counted = True
        while True:
            page, total = await self._page(api_name, filters, fields, last, user, count=counted)
            fresh = [record for key, record in _by_id(page).items() if key not in before]
            if not fresh and (page or total):
                raise Unavailable("ShareCRM's pages do not advance: try again later", Remote("sharecrm", 200))
            if not fresh and (counted or seen >= expected):
                return
            for record in fresh:
                yield record
            seen, expected = seen + len(fresh), max(expected, seen + total)
            last, before = ident(fresh[-1]["_id"]) if fresh else last, frozenset(_by_id(page))
            counted = not fresh

    async def changed_since(self, watermark: datetime) -> AsyncIterator[CrmRow]:
        """Schedules modified at or after `watermark` (ShareCRM's clock); invalidated ones only where it lists them."""
        async for row in self._schedules([_at_least("last_modified_time", watermark)]):
            yield row

    async def window(self, start: datetime, end: datetime) -> AsyncIterator[CrmRow]:
        """Schedules that touch the time from `start` up to `end`."""
        fields = self.shape.fields
        before_end = _filter(fields.start.name, "LT", str(moments.millis(end)))
        async for row in self._schedules([before_end, _at_least(fields.end.name, start)]):
            yield row

    async def created_since(self, owner: str, since: datetime, *, user: str = "") -> AsyncIterator[CrmRow]:
        """Schedules of `owner` created since `since` (our clock), for the search after a lost answer (RULES G3).

        It looks some minutes earlier and allows for the difference of the clocks. user: who asks, default the owner.
        """
        await self.client.ready()
        since_there = since + self.client.offset - MARGIN
        filters = [_filter("owner", "IN", owner), _at_least("create_time", since_there)]
        async for row in self._schedules(filters, user=user or owner):
            yield row

    async def record(self, id: str, *, user: str = "") -> dict[str, Any]:  # noqa: A002 - it is the id
        """A schedule as ShareCRM has it. Raises NotFound only for a code configured to mean gone (RULES D1).

        Where `user` is unknown or stopped, the connection's user asks; that it finds nothing proves nothing: Refused.
        """
        try:
            return await self._record(id, user)
        except Refused as refused:
            if not user or refused.remote.code not in {str(code) for code in self.shape.settings.codes.user}:
                raise
            try:
                return await self._record(id, "")
            except NotFound:
                raise refused from None

    async def _record(self, id: str, user: str) -> dict[str, Any]:  # noqa: A002 - it is the id
        data = {"dataObjectApiName": SCHEDULE, "objectDataId": id}
        answer = await self.client.call("/cgi/crm/v2/data/get", data, user=user, includeNull=True)
        record = answer.get("data")
        if not isinstance(record, dict) or ident(record.get("_id")) != id:
            raise Unavailable("ShareCRM answered without the record: try again later", _remote(answer))
        return record

    async def get(self, id: str, *, user: str = "") -> CrmRow:  # noqa: A002 - it is the id
        """A schedule by id; its `life` is GONE when ShareCRM says so in a code configured for it."""
        try:
            return to_row(await self.record(id, user=user), self.shape)
        except NotFound:
            return gone(id)

    async def employees(self) -> list[Employee]:
        """Everybody in the company, stopped ones too."""
        answer = await self.client.call("/cgi/user/list", departmentId=WHOLE_COMPANY, fetchChild=True)
        listed = answer.get("userList")
        if not isinstance(listed, list):
            raise Unavailable("ShareCRM answered without its employees: try again later", _remote(answer))
        return [
            Employee(id_, _text(user, "email"), user.get("isStop") not in (True, "true"))
            for user in listed
            if isinstance(user, Mapping) and (id_ := ident(user.get("openUserId")))
        ]

    async def contacts_changed_since(self, watermark: datetime | None) -> AsyncIterator[Contact]:
        """Contacts modified at or after `watermark` (ShareCRM's clock), all of them for None."""
        filters = [] if watermark is None else [_at_least("last_modified_time", watermark)]
        async for record in self.query(CONTACT, filters, _CONTACT_FIELDS):
            yield to_contact(record)

    async def contacts_by_ids(self, wanted: Iterable[str]) -> list[Contact]:
        """The contacts with these ids, as far as they are there."""
        ids_, found = sorted(set(wanted)), list[Contact]()
        for start in range(0, len(ids_), PAGE):
            chunk = _filter("_id", "IN", *ids_[start : start + PAGE])
            found += [to_contact(record) async for record in self.query(CONTACT, [chunk], _CONTACT_FIELDS)]
        return found

    async def _schedules(self, filters: Sequence[Mapping[str, Any]], *, user: str = "") -> AsyncIterator[CrmRow]:
        async for record in self.query(SCHEDULE, filters, self.shape.names, user=user):
            yield to_row(record, self.shape)

    async def _page(
        self,
        api_name: str,
        filters: Sequence[Mapping[str, Any]],
        fields: Sequence[str],
        last: str,
        user: str,
        *,
        count: bool,
    ) -> tuple[list[dict[str, Any]], int]:
        """The records after the id `last`, and how many there are from there on; 0 without `count`."""
        beyond = [_filter("_id", "GT", last)] if last else []
        data = {
            "dataObjectApiName": api_name,
            "find_explicit_total_num": count,
            "search_query_info": {
                "limit": PAGE,
                "offset": 0,
                "filters": [*filters, *beyond],
                "orders": [{"fieldName": "_id", "isAsc": True}],
                "fieldProjection": list(fields),
            },
        }
        answer = await self.client.call("/cgi/crm/v2/data/query", data, user=user, includeNull=True)
        return _records(answer), _total(answer)


async def open_reader(client: CrmClient) -> CrmReader:
    """A reader that knows this enterprise's field names. Raises ConfigError when a role that is needed stays open."""
    return CrmReader(client, Shape(await resolve(client), client.settings))


def to_contact(record: Mapping[str, Any]) -> Contact:
    """A ContactObj record as a Contact; one that is invalid has no usable address any more."""
    alive = record.get("is_deleted") not in (True, "true") and record.get("life_status") != Life.INVALID
    address = _text(record, "email").lower()
    return Contact(
        id=ident(record["_id"]),
        address=address if alive and _usable(address) else "",
        account_id=next(iter(ids(record.get("account_id"))), ""),
        name=squeeze(_text(record, "name")),
    )


def _usable(address: str) -> bool:
    return len(address) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(address) is not None


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    return sound(value).strip() if isinstance(value, str) else ""


def _filter(field: str, operator: str, *values: str) -> dict[str, Any]:
    return {"field_name": field, "operator": operator, "field_values": list(values)}


def _at_least(field: str, moment: datetime) -> dict[str, Any]:
    return _filter(field, "GTE", str(moments.millis(moment)))


def _records(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a query: `dataList`; other pages of the documentation draw a list or a single record."""
    data = answer.get("data")
    listed = data.get("dataList", data) if isinstance(data, Mapping) else data
    if isinstance(listed, list) and all(isinstance(record, dict) for record in listed):
        return listed
    if isinstance(listed, dict) and listed.get("_id"):
        return [listed]
    if listed is None and isinstance(data, Mapping):
        return []
    raise Unavailable("ShareCRM answered a query without its rows: try again later", _remote(answer))


def _total(answer: Mapping[str, Any]) -> int:
    data = answer.get("data")
    total = data.get("total") if isinstance(data, Mapping) else 0
    return total if isinstance(total, int) and total > 0 else 0


def _by_id(page: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The rows of a page in their order, each id once; a row without an id can neither be known nor followed."""
    return {id_: record for record in page if (id_ := ident(record.get("_id")))}


def _remote(answer: Mapping[str, Any]) -> Remote:
    return Remote("sharecrm", 200, "0", trace_id(answer))
