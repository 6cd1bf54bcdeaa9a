"""Pages that do not behave: nothing is lost, nothing comes twice, nothing goes on for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from clients.sharecrm_support import ScriptedCrm, ok, shape

from calsync.errors import Unavailable
from calsync.sharecrm.client import CrmClient
from calsync.sharecrm.read import CrmReader


def page(*ids: str, total: int = 0) -> httpx.Response:
    return ok(data={"dataList": [{"_id": each} for each in ids], "total": total})


def listed(*pages: httpx.Response) -> tuple[list[str], ScriptedCrm]:
    crm = ScriptedCrm(*pages)

    async def read(client: CrmClient) -> list[str]:
        reader = CrmReader(client, shape())
        return [record["_id"] async for record in reader.query("ContactObj", [], ["_id"])]

    return asyncio.run(crm.run(read)), crm


@pytest.mark.parametrize(
    ("pages", "ids"),
    [
        ([page()], []),
        ([page("a", "b", total=2), page()], ["a", "b"]),
        ([page("a", "b", total=4), page("c", "d"), page()], ["a", "b", "c", "d"]),
        ([page("a", total=4), page("b", "c"), page("d"), page()], ["a", "b", "c", "d"]),
        ([page("a", "a", "b", total=2), page()], ["a", "b"]),
        ([page("a", "b", total=3), page("b", "c"), page()], ["a", "b", "c"]),
        ([page("a", total=2), page(), page("b", total=1), page()], ["a", "b"]),
        ([page("a", total=2), page(), page(total=0)], ["a"]),
        ([page("a", "b"), page("c"), page()], ["a", "b", "c"]),
        ([ok(data=[{"_id": "a"}]), ok(data=[])], ["a"]),
        ([ok(data={"_id": "a"}), ok(data={"dataList": None})], ["a"]),
    ],
)
def test_every_record_comes_once(pages: list[httpx.Response], ids: list[str]) -> None:
    found, crm = listed(*pages)
    assert found == ids
    assert not crm.replies


@pytest.mark.parametrize(
    "pages",
    [
        [page("a", "b", total=2), page("a", "b")],
        [page(total=3)],
        [page("a", total=2), page(), page(total=1)],
        [ok(data="?")],
        [ok()],
        [ok(data={})],
    ],
    ids=["the cursor is ignored", "cut to nothing", "the end is cut", "no rows", "no data", "empty data"],
)
def test_a_listing_that_cannot_be_trusted_is_none(pages: list[httpx.Response]) -> None:
    with pytest.raises(Unavailable):
        listed(*pages)


def test_the_cursor_follows_the_last_id_from_offset_zero() -> None:
    _, crm = listed(page("a", "b", total=3), page("c"), page())
    asked: list[dict[str, Any]] = [body["data"]["search_query_info"] for path, body, _ in crm.seen[1:]]
    assert [info["filters"] for info in asked] == [
        [],
        [{"field_name": "_id", "operator": "GT", "field_values": ["b"]}],
        [{"field_name": "_id", "operator": "GT", "field_values": ["c"]}],
    ]
    assert {(info["limit"], info["offset"]) for info in asked} == {(100, 0)}
