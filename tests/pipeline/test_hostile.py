"""A run over answers in which some items are not to be understood: the others go on, these are told and left alone."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pipeline.team import ANN, BOB, Team
from pipeline.workplace import Workplace

Spoil = Callable[[dict[str, Any]], dict[str, Any]]

EVIL = "https://evil.example/v1.0/users?$deltatoken=Needle"
HUGE = "x" * 1_000_000


class Spoiling(httpx.AsyncBaseTransport):
    """Carries requests to the sandbox, and changes every JSON object of its answers on the way back."""

    def __init__(self, ca: str, spoil: Spoil, asked: list[httpx.URL]) -> None:
        self.spoil, self.asked = spoil, asked
        self.inner = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(cafile=ca))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        response = await self.inner.handle_async_request(request)
        content = await response.aread()
        headers = [(name, value) for name, value in response.headers.raw if name.lower() != b"content-length"]
        if content.startswith((b"{", b"[")):
            content = json.dumps(json.loads(content, object_hook=self.spoil)).encode()
        return httpx.Response(response.status_code, headers=headers, content=content)

    async def aclose(self) -> None:
        await self.inner.aclose()


def spoil_answers(work: Workplace, spoil: Spoil) -> list[httpx.URL]:
    """Let all answers be spoilt from now on; what is asked for meanwhile."""
    asked: list[httpx.URL] = []
    work.impatient = True
    work.transport = lambda: Spoiling(work.server.ca, spoil, asked)
    return asked


def with_changes(id_: str, changes: dict[str, Any]) -> Spoil:
    """Changes the event or record with this id, wherever it stands."""
    return lambda item: {**item, **changes} if id_ in (item.get("id"), item.get("_id")) else item


@pytest.fixture
def team(work: Workplace) -> Team:
    return Team.start(work)


BAD_EVENTS: dict[str, dict[str, Any]] = {
    "people as an object": {"attendees": {"0": {"emailAddress": {"address": "bob@contoso.example"}}}},
    "people as text": {"attendees": ["bob@contoso.example"]},
    "all day as text": {"isAllDay": "true"},
    "cancelled as text": {"isCancelled": "true"},
    "sensitivity nobody knows": {"sensitivity": "unknownFutureValue"},
    "kind nobody knows": {"type": "poll"},
    "beyond the calendar": {"start": {"dateTime": "9999-12-31T23:00:00", "timeZone": "UTC"}},
    "no time": {"start": None, "end": "soon"},
    "series out of nowhere": {"type": "seriesMaster", "recurrence": {"pattern": {"type": []}, "range": 5}},
    "title as a list": {"subject": [HUGE]},
    "everything a number": dict.fromkeys(("subject", "start", "end", "attendees", "organizer", "type", "body"), 1e400),
}


@pytest.mark.parametrize("changes", BAD_EVENTS.values(), ids=BAD_EVENTS)
def test_an_event_that_is_not_understood_is_left_alone(
    team: Team, changes: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bad, good = (
        team.meeting(title, hours=n, guests=("bob@contoso.example",)) for n, title in enumerate(("Bad", "Good"))
    )
    team.settle()
    for id_, title in ((bad, "Renamed needle"), (good, "Renamed well")):
        team.outlook().rename(id_, title)
    spoil_answers(team.work, with_changes(bad, changes))
    before = len(team.work.writes())

    team.work.run()

    written = json.dumps(team.work.writes()[before:])
    records = {record["content"]: record for record in team.work.records()}
    assert set(records) == {"Bad", "Renamed well"}
    assert records["Bad"]["attendees"] == records["Renamed well"]["attendees"]
    assert "needle" not in written + caplog.text
    assert any(remark["skipped"] for remark in team.work.report()["remarks"])
    team.work.transport = None
    team.settle()
    assert {record["content"] for record in team.work.records()} == {"Renamed needle", "Renamed well"}


def bad_records(fields: dict[str, dict[str, str]]) -> dict[str, dict[str, Any]]:
    name = {role: field["api_name"] for role, field in fields.items()}
    return {
        "people as objects": {name["participants"]: [{"id": ANN}]},
        "contacts as an object": {name["contacts"]: {"con-zoe": True}},
        "owner as an object": {"owner": [{"id": ANN}]},
        "version without end": {"version": 1e400},
        "calendar as a list": {name["calendar"]: ["another"]},
        "content as a list": {name["content"]: [HUGE]},
        "beyond the calendar": {name["end"]: 253402300799999},
        "no time": {name["start"]: [], name["end"]: "soon"},
        "life nobody knows": {"life_status": {"invalid": True}, "is_deleted": "perhaps"},
    }


@pytest.mark.parametrize("kind", bad_records({r: {"api_name": r} for r in
                         ("participants", "contacts", "calendar", "content", "end", "start")}))  # fmt: skip
def test_a_record_that_is_not_understood_is_left_alone(team: Team, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bad, good = team.record("Bad", attendees=[BOB]), team.record("Good", hours=1, attendees=[BOB])
    team.settle()
    team.crm().rename(bad, "Renamed needle")
    team.crm().rename(good, "Renamed well")
    spoil_answers(team.work, with_changes(bad, bad_records(team.work.box.crm_fields())[kind]))
    before = len(team.work.writes())

    team.work.run()

    assert team.titles(ANN) == ["Bad", "Renamed well"]
    assert team.titles(BOB) == ["Bad", "Renamed well"]
    assert "needle" not in json.dumps(team.work.writes()[before:]) + caplog.text
    team.work.transport = None
    team.settle()
    assert team.titles(ANN) == ["Renamed needle", "Renamed well"]


@pytest.mark.parametrize("name", ["@odata.nextLink", "@odata.deltaLink"])
def test_a_link_to_another_host_is_not_followed_and_nothing_is_lost(
    team: Team, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    team.meeting("Made meanwhile")
    asked = spoil_answers(team.work, lambda item: {**item, name: EVIL} if "value" in item else item)

    result = team.work.run(may_fail=True)

    assert {url.host for url in asked} == {httpx.URL(team.work.server.url).host}
    assert "evil" not in json.dumps(result) + caplog.text
    team.work.transport = None
    team.settle()
    assert [record["content"] for record in team.work.records()] == ["Made meanwhile"]


@pytest.mark.parametrize("torn", [{"value": None}, {"value": {"id": "x"}}, {"responses": None}, {"status": "200"}])
def test_answers_without_their_substance_are_no_quiet_day(team: Team, torn: dict[str, Any]) -> None:
    (name,) = torn
    record = team.record("Stays")
    team.settle()
    team.meeting("Made meanwhile", hours=1)
    spoil_answers(team.work, lambda item: item | torn if name in item else item)

    result = team.work.run(may_fail=True)

    assert result["failed"] or "could not be read" in str(result["sentence"])
    assert team.state(record)["life_status"] == "normal"
    team.work.transport = None
    team.settle()
    assert {each["content"] for each in team.work.records()} == {"Stays", "Made meanwhile"}


def test_what_nobody_typed_does_not_go_out(team: Team) -> None:
    team.record("\u202eInvoice\x07 \x1b[31mfor\u200f שלום\u200f")
    team.meeting("Re\u202eport\x00 ready", hours=1)

    team.settle(agree=False)

    assert "Invoice [31mfor\u200f שלום\u200f" in team.titles(ANN)
    assert "Report ready" in [record["content"] for record in team.work.records()]
