"""A record that was made although its answer never came is found again, and gets what was edited since (G3)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from clients.sharecrm_support import shape
from clients.test_sharecrm_request import VISIT, action

from calsync.core.plan import Action, Request, Verb
from calsync.stages.write_crm import CrmLoader

SENT = action(Verb.CREATE, actor="1001", add=("1001", "1002", "c:c1", "c:c2"))
MADE = {"_id": "r1", "schedule_content": "Visit", "attenders": ["1001", "1002", "9"], "related_contacts": ["c1", "c2"]}


class Crm:
    """ShareCRM with one record; it keeps what is written."""

    def __init__(self) -> None:
        self.written: list[dict[str, Any]] = []

    async def record(self, id_: str, *, user: str) -> dict[str, Any]:
        return MADE

    async def update(self, request: Request, user: str) -> None:
        self.written.append(dict(request.body))


def written(now: Action, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    crm = Crm()
    loader: Any = CrmLoader.__new__(CrmLoader)
    loader.reader = loader.writer = crm
    loader.shape, loader.accounts = shape(), {}
    loader.ledger = SimpleNamespace(tenant=SimpleNamespace(name="Sales calendar"))

    async def read_back(*_: Any) -> None:
        return None

    monkeypatch.setattr(CrmLoader, "_read_back", read_back)
    monkeypatch.setattr(CrmLoader, "_asker", lambda *_: "1001")
    asyncio.run(loader._catch_up(now, "r1", SENT))
    return [
        {name: value for name, value in body.items() if name not in ("_id", "dataObjectApiName")}
        for body in crm.written
    ]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (SENT, []),
        (replace(SENT, event=replace(VISIT, title="Demo")), [{"schedule_content": "Demo"}]),
        (replace(SENT, event=replace(VISIT, private=True)), [{"is_private": True}]),
        (replace(SENT, add=("1001", "c:c1", "c:c3")), [{"attenders": ["1001", "9"], "related_contacts": ["c1", "c3"]}]),
    ],
)
def test_only_what_was_edited_since_is_written(
    now: Action, expected: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert written(now, monkeypatch) == expected
