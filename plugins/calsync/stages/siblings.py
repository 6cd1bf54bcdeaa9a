"""Dates of one series share a version: writing one gives all of them a new etag, and none of the others moved (G3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from calsync.core.plan import Action, Request
from calsync.errors import RemoteError

if TYPE_CHECKING:
    from calsync.graph.client import GraphClient


def waves(actions: list[Action], size: int) -> Iterator[list[Action]]:
    """The actions in their order, at most `size` at a time, and of each series at most one in a wave."""
    waiting = actions
    while waiting:
        wave: list[Action] = []
        later: list[Action] = []
        taken: set[tuple[str, str]] = set()
        for action in waiting:
            series = (action.mailbox, action.series)
            if len(wave) >= size or (action.series and series in taken):
                later.append(action)
            else:
                wave.append(action)
                taken.add(series)
        yield wave
        waiting = later


class Siblings:
    """Keeps the actions on a series in step with what this very load wrote of it."""

    def __init__(self, client: GraphClient, requests: dict[str, Request]) -> None:
        self.client, self.requests = client, requests
        self.written: set[tuple[str, str]] = set()

    async def caught_up(self, wave: list[Action]) -> list[Action]:
        """The wave, and its requests, with the versions of now where a sibling was written and the event is the same.

        One whose event shows something else keeps its version: Graph refuses it, and the next diff decides it again.
        """
        from calsync.graph.event import outlook_row
        from calsync.graph.read import get_events

        behind = [a for a in wave if a.expect and (a.mailbox, a.series) in self.written]
        events = await get_events(self.client, [(a.mailbox, a.target_id) for a in behind], with_marks=False)
        current: dict[str, Action] = {}
        for action, raw in zip(behind, events, strict=True):
            row = None if isinstance(raw, RemoteError) else outlook_row(action.mailbox, raw)
            if row and row.event == action.before and not row.cancelled:
                current[action.id] = replace(action, expect=row.etag)
                request = self.requests[action.id]
                self.requests[action.id] = replace(request, headers={**request.headers, "If-Match": row.etag})
        self.written |= {(a.mailbox, a.series) for a in wave if a.series}
        return [current.get(action.id, action) for action in wave]
