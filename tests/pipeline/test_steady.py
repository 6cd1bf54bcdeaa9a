"""What a run costs when nothing changed: requests by mailboxes, not by events, and no write (issue 2, Shown by 3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from pipeline.workplace import CALENDAR, Workplace

from sandbox.client import Sandbox
from sandbox.server import Server

MAILBOXES, EVENTS_EACH = 100, 20
OTHER_GRAPH_CALLS = 2


def on_both_sides(mailboxes: int, events_each: int) -> dict[str, Any]:
    """A seed in which every meeting stands in ShareCRM and in Outlook already, since yesterday."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday = (midnight - timedelta(days=1)).isoformat()
    people = [{"id": str(1000 + n), "name": f"P{n}", "email": f"p{n}@contoso.example"} for n in range(mailboxes)]
    records, events = [], []
    for person in people:
        for n in range(events_each):
            start = midnight + timedelta(days=1 + n % 30, hours=8 + n // 30)
            end = start + timedelta(minutes=30)
            stamps = {"created": yesterday, "modified": yesterday, "calendar": CALENDAR}
            times = {"start": start.isoformat(), "end": end.isoformat()}
            records.append({"content": f"Meeting {n}", **times, "owner": person["id"], **stamps})
            times = {
                name: {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
                for name, at in (("start", start), ("end", end))
            }
            events.append({"mailbox": person["email"], "subject": f"Meeting {n}", **times})
    boxes = [{"address": person["email"], "name": person["name"]} for person in people]
    return {"employees": people, "mailboxes": boxes, "crm_events": records, "outlook_events": events}


def graph_calls(box: Sandbox, since: int) -> list[dict[str, Any]]:
    return [r for r in box.requests(since) if r["system"] == "graph"]


def newest(box: Sandbox) -> int:
    return max((entry["n"] for entry in box.requests()), default=0)


@pytest.fixture
def crowd(box: Sandbox, server: Server, tmp_path: Path) -> Iterator[Workplace]:
    box.reset(on_both_sides(MAILBOXES, EVENTS_EACH))
    work = Workplace.open(box, server, tmp_path)
    work.keep_open()
    work.authorise()
    yield work
    work.close()


def test_a_quiet_run_costs_a_call_for_twenty_mailboxes_and_writes_nothing(crowd: Workplace) -> None:
    box = crowd.box
    first = crowd.run()
    assert first["linked"] == MAILBOXES * EVENTS_EACH
    assert crowd.writes() == []

    since = newest(box)
    second = crowd.run()

    assert len(graph_calls(box, since)) <= ceil(MAILBOXES / 20) + OTHER_GRAPH_CALLS
    assert second["requests_graph"] == len(graph_calls(box, since))
    assert crowd.writes() == []
    assert second["sentence"] == "Nothing to do: nothing was found and nothing was waiting."

    one = next(event for event in crowd.events("p7@contoso.example") if event["subject"] == "Meeting 3")
    box.as_user("p7@contoso.example").rename(one["id"], "Meeting 3, moved upstairs")
    since = newest(box)
    third = crowd.run()

    assert third["crm_updated"] == 1
    assert len(graph_calls(box, since)) <= ceil(MAILBOXES / 20) + OTHER_GRAPH_CALLS
    assert len(crowd.writes()) == 1


def test_what_calsync_wrote_is_read_back_once(box: Sandbox, server: Server, tmp_path: Path) -> None:
    box.reset({"size": {"mailboxes": 3, "events_each": 30}})
    work = Workplace.open(box, server, tmp_path)
    work.authorise()
    day = (datetime.now(UTC) + timedelta(days=40)).replace(microsecond=0)
    for n in range(30):
        start = day + timedelta(hours=n)
        box.as_employee("1000").create(
            f"Visit {n}", start, start + timedelta(hours=1), calendar=CALENDAR, participants=["1000"]
        )
    first = work.run()
    assert (first["crm_created"], first["outlook_created"]) == (90, 30)
    work.run()  # sees its own writes once more, and moves the cursors past them

    before = len(work.writes())
    since = newest(box)
    quiet = work.run()

    assert len(graph_calls(box, since)) == 1
    assert len(work.writes()) == before
    assert quiet["sentence"] == "Nothing to do: nothing was found and nothing was waiting."
