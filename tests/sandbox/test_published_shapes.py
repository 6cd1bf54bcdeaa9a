"""Every published Graph exchange that concerns a served endpoint, held against what the sandbox answers.

The published request is sent (ids and addresses replaced by living ones); the answer must have the published status and
every published key, at the same place and of the same type; it may have more. Errors must have the published code and
message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from graph_caller import ANN, BOB, CLIENT, NOVEMBER, TENANT, at, event, guests, people, token_form

from sandbox.client import Sandbox

FIXTURES = Path(__file__).parent.parent / "fixtures" / "graph"

LEFT_OUT = {
    "event-create-daily-recurring-beta": "of the beta version, which is not served",
    "mailboxsettings-get": "needs MailboxSettings.Read, a permission that calsync does not ask for",
    "open-extension-event-get": "open extensions of a group's event; calsync marks events by extended properties",
    "subscription-create": "change notifications are not served: calsync polls",
    "subscription-renew": "change notifications are not served: calsync polls",
    "users-delta": "calsync lists users",
    "webhook-notifications": "sent by Graph to a client, not answered by it",
}
"""Fixtures of endpoints that the sandbox does not serve, and why."""

NOT_COMPARED = {
    ("batch-basic", "responses/1"): "a file of OneDrive",
    ("batch-basic", "responses/2"): "a list of Planner",
    ("batch-basic", "responses/4"): "a change of the user's profile",
    ("batch-mixed-status-2025", "responses/1"): "group memberships",
    ("batch-mixed-status-2025", "responses/2"): "a list of Planner",
    ("batch-mixed-status-2025", "responses/3/status"): "group deletion is not served: a path that is not, answers 400",
    ("batch-mixed-status-2025", "responses/3/body/error/code"): "group deletion is not served",
    ("batch-mixed-status-2025", "responses/3/body/error/message"): "group deletion is not served",
    ("batch-mixed-status-2025", "responses/3/headers/x-ms-resource-unit"): "group deletion is not served",
    ("batch-mixed-status-2025", "responses/4/headers/x-ms-resource-unit"): "given for what is done only",
    ("batch-basic", "responses/3/status"): "events of a group",
    ("batch-basic", "responses/3/body/error/code"): "events of a group",
    ("batch-basic", "responses/3/body/error/message"): "shortened by the page",
    ("users-list", "value/otherMails"): "nobody here has a second address",
    ("throttle-429-toomanyrequests", "error/code"): "Outlook says ApplicationThrottled",
    ("throttle-429-toomanyrequests", "error/message"): "differs by service",
}
"""Places in the answers that are not compared, and why."""


def fixture(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return found


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


def differences(name: str, published: Any, ours: Any, place: str = "") -> list[str]:
    """Where `ours` lacks the shape of `published`; null fits everything on either side."""
    if (name, place) in NOT_COMPARED or published is None or ours is None:
        return []
    if kind(published) != kind(ours):
        return [f"{place}: {kind(published)} published, {kind(ours)} here"]
    if isinstance(published, dict):
        return [found for key, value in published.items() for found in _key(name, key, value, ours, place)]
    if isinstance(published, list) and published:
        return _list(name, published, ours, place)
    if place.endswith(("error/code", "error/message")) and published != ours:
        return [f"{place}: {published!r} published, {ours!r} here"]
    return []


def _key(name: str, key: str, value: Any, ours: dict[str, Any], place: str) -> list[str]:
    inner = f"{place}/{key}".lstrip("/")
    if (name, inner) in NOT_COMPARED:
        return []
    return differences(name, value, ours[key], inner) if key in ours else [f"{inner}: missing here"]


def _list(name: str, published: list[Any], ours: list[Any], place: str) -> list[str]:
    if not ours:
        return [f"{place}: empty here"]
    by_id = place == "responses"
    found = []
    for n, value in enumerate(published):
        other = next(one for one in ours if one["id"] == value["id"]) if by_id else ours[min(n, len(ours) - 1)]
        found += differences(name, value, other, f"{place}/{value['id']}" if by_id else place)
    return found


class Stage:
    """Replays published requests: Ann is `/me` and every user, `event_id` every event."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.graph = people(box)
        self.event_id = self.graph.create(ANN, attendees=guests(BOB))["id"]
        self.calendar_id = self.graph.get(f"/users/{ANN}/calendar")["id"]
        self.person = ANN

    def guest(self) -> None:
        """From now on Bob acts, on his copy."""
        self.person = BOB
        self.event_id = self.graph.view(BOB)[0]["id"]

    def replay(self, exchange: dict[str, Any], **headers: str) -> httpx.Response:
        request = exchange["request"]
        url = re.sub(r"^https://[^/]+/(v1.0/)?", "/", request["url"])
        url = re.sub(r"/events/(?!delta)[^/?]+", f"/events/{self.event_id}", url)
        url = re.sub(r"/calendars/[^/?]+", f"/calendars/{self.calendar_id}", url)
        url = re.sub(r"^/(me|users/(\{id\}|[0-9a-f-]{36}))(?=/)", f"/users/{self.person}", url)
        url = url.format(start="2026-11-01", end="2026-12-01", tenant=TENANT)
        prefer = request.get("headers", {}).get("Prefer", "")
        return self.graph.ask(request.get("method", "GET"), url, request.get("body"), prefer=prefer, **headers)

    def login(self, exchange: dict[str, Any], tenant: str = TENANT, **form: str) -> httpx.Response:
        """The published form with the sandbox's application in it, then with `form`."""
        request = exchange["request"]
        path = re.sub(r"^https://[^/]+", "", request["url"]).replace("{tenant}", tenant)
        if request["method"] == "GET":
            return self.box.http.get(path, params=request.get("query"))
        return self.box.http.post(path, data=request["form"] | token_form(**form))


Play = Callable[[Stage, list[dict[str, Any]]], list[httpx.Response]]


def as_published(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    return [stage.replay(exchange) for exchange in exchanges]


def as_guest(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    stage.guest()
    return as_published(stage, exchanges)


def token(**form: str) -> Play:
    return lambda stage, exchanges: [stage.login(exchanges[0], **form)]


def batch(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    return [stage.graph.ask("POST", "/$batch", exchange["request"]["body"]) for exchange in exchanges]


def depending_batch(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    """Only a request is published, with its urls left out."""
    parts = [part | {"url": f"/users/{ANN}/calendar"} for part in exchanges[0]["request"]["body"]["requests"]]
    return [stage.graph.ask("POST", "/$batch", {"requests": parts})]


def mixed_batch(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    parts = exchanges[0]["request"]["body"]["requests"]
    parts[3]["url"] = f"/users/{ANN}"
    return batch(stage, exchanges)


def delta_round(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    """The published events are made, then each link is followed as it comes."""
    stage.graph.delete(ANN, stage.event_id)
    pages = [exchange["response"]["body"]["value"] for exchange in exchanges]
    made = [_make(stage, one) for page in pages[:3] for one in page]
    first = exchanges[0]["request"]
    path = first["url"].removeprefix("https://graph.microsoft.com/v1.0/me")
    answers = [stage.graph.ask("GET", f"/users/{ANN}{path}", prefer=first["headers"]["Prefer"])]
    for _ in exchanges[1:3]:
        answers.append(stage.graph.ask("GET", answers[-1].json()["@odata.nextLink"], prefer=first["headers"]["Prefer"]))
    stage.graph.delete(ANN, made[0])
    _make(stage, pages[3][1])
    answers.append(stage.graph.ask("GET", answers[-1].json()["@odata.deltaLink"]))
    return answers


def _make(stage: Stage, published: dict[str, Any]) -> str:
    body = {name: published[name] for name in ("subject", "start", "end", "location") if name in published}
    return str(stage.graph.post(f"/users/{ANN}/events", body)["id"])


def empty_round(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    first = stage.replay(exchanges[0])
    return [first, stage.graph.ask("GET", first.json()["@odata.deltaLink"])]


def expired_token(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    stage.box.set_clock(advance_s=4000)
    return as_published(stage, exchanges)


def without_calendar_role(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    stage.box.set_microsoft(roles=["User.Read.All"])
    stage.graph.token = stage.graph.new_token()
    return as_published(stage, exchanges)


def no_mailbox(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    stage.box.set_mailbox(ANN, "none")
    return as_published(stage, exchanges)


def deleted_event(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    stage.graph.delete(ANN, stage.event_id)
    return as_published(stage, exchanges)


def malformed_id(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    stage.event_id = "AAMkAGI1"
    return as_published(stage, exchanges)


def all_day_at_ten(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    exchanges[0]["request"]["body"] = event(isAllDay=True)
    return as_published(stage, exchanges)


def stale_etag(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    exchanges[0]["request"]["body"] = {"subject": "Late"}
    return [stage.replay(exchanges[0], if_match='W/"old"')]


def same_transaction(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    stage.graph.create(ANN, transactionId="1")
    exchanges[0]["request"]["body"] = event("Another", transactionId="1")
    return as_published(stage, exchanges)


def crossing_occurrence(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    limits = {"type": "numbered", "startDate": "2026-11-02", "numberOfOccurrences": 3}
    recurrence = {"pattern": {"type": "daily", "interval": 1}, "range": limits}
    master = stage.graph.create(ANN, day="2026-11-02", recurrence=recurrence)
    path = f"/users/{ANN}/events/{master['id']}/instances?{NOVEMBER}"
    stage.event_id = stage.graph.get(path)["value"][1]["id"]
    exchanges[0]["request"]["body"] = {"start": at("2026-11-04"), "end": at("2026-11-04", 11)}
    return as_published(stage, exchanges)


def proposals(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    """The organiser creates, the guest proposes another time, the organiser looks and moves the meeting."""
    exchanges[0]["request"]["body"]["attendees"] = guests(BOB)
    created = stage.replay(exchanges[0])
    stage.person = BOB
    [stage.event_id] = [one["id"] for one in stage.graph.view(BOB, _AROUND_2019)]
    proposed = stage.replay(exchanges[1])
    stage.person, stage.event_id = ANN, created.json()["id"]
    return [created, proposed, stage.replay(exchanges[2]), stage.replay(exchanges[3])]


def proposed_time(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    """The published event has a guest with a proposal after one without."""
    organisers = stage.graph.create(ANN, attendees=guests("x@customer.example", BOB), location={"displayName": "Hall"})
    path = f"/events/{stage.graph.view(BOB)[-1]['id']}/tentativelyAccept"
    times = {"start": at("2026-11-25"), "end": at("2026-11-25", 11)}
    stage.box.as_user(BOB).request("POST", path, {"sendResponse": True, "proposedNewTime": times})
    stage.event_id = organisers["id"]
    return as_published(stage, exchanges)


def online_meetings(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    """A meeting is made online, read, and another one with a place becomes online later."""
    calendar, created = stage.replay(exchanges[0]), stage.replay(exchanges[1])
    stage.event_id = created.json()["id"]
    read = stage.replay(exchanges[2])
    stage.event_id = stage.graph.create(ANN, attendees=guests(BOB), location={"displayName": "Hall"})["id"]
    return [calendar, created, read, stage.replay(exchanges[3])]


def throttled(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    stage.box.set_limits(requests_per_window=1)
    return [stage.graph.ask("GET", f"/users/{ANN}/calendar") for _ in range(2)][-1:]


def users_selected(stage: Stage, exchanges: list[dict[str, Any]]) -> list[httpx.Response]:
    """The published answer shows more than the default properties: they are asked for."""
    names = ",".join(exchanges[0]["response"]["body"]["value"][0])
    return [stage.graph.ask("GET", f"/users?$select={names}")]


_AROUND_2019 = "startDateTime=2019-08-01T00:00:00Z&endDateTime=2019-09-01T00:00:00Z"

PLAYS: dict[str, Play] = {
    "auth-error-700016-unknown-app": token(client_id="8060e3ec-cbe3-4174-94cf-80065f998444"),
    "auth-error-7000215-invalid-secret": token(client_secret="wrong"),
    "auth-error-90002-tenant-not-found": token(tenant="nowhere.example"),
    "auth-instance-discovery": token(),
    "batch-basic": batch,
    "batch-dependson-request": depending_batch,
    "batch-mixed-status-2025": mixed_batch,
    "calendars-list": as_published,
    "calendarview-delta-round": delta_round,
    "delta-400-filter": as_published,
    "delta-400-missing-window": as_published,
    "delta-400-top": as_published,
    "delta-empty-round": empty_round,
    "error-400-allday-midnight": all_day_at_ten,
    "error-400-cancel-not-organizer": as_guest,
    "error-400-malformed-id": malformed_id,
    "error-400-occurrence-boundary": crossing_occurrence,
    "error-401-token-expired": expired_token,
    "error-403-access-denied": without_calendar_role,
    "error-404-invalid-user": as_published,
    "error-404-item-not-found": deleted_event,
    "error-404-mailbox-not-enabled": no_mailbox,
    "error-412-irresolvable-conflict": stale_etag,
    "error-duplicate-transactionid": same_transaction,
    "event-accept": as_guest,
    "event-cancel": as_published,
    "event-create-in-calendar": as_published,
    "event-create-multiple-locations": as_published,
    "event-create-timezone-transactionid": as_published,
    "event-create-weekly-recurring": as_published,
    "event-decline-propose": as_guest,
    "event-delete": as_published,
    "event-get-prefer-pacific": proposed_time,
    "events-delta-v1-unsupported": as_published,
    "extended-property-create-event": as_published,
    "meeting-proposals": proposals,
    "online-meetings": online_meetings,
    "supported-timezones-iana": as_published,
    "supported-timezones-windows": as_published,
    "throttle-429-toomanyrequests": throttled,
    "token-client-credentials": token(),
    "users-list": users_selected,
}


@pytest.mark.parametrize("name", PLAYS)
def test_answers_have_the_published_shape(box: Sandbox, name: str) -> None:
    exchanges = fixture(name)["exchanges"]
    answers = PLAYS[name](Stage(box), exchanges)
    assert len(answers) == len(exchanges)
    for exchange, answer in zip(exchanges, answers, strict=True):
        published = exchange.get("response", {"status": answer.status_code if answer.is_success else 200})
        assert answer.status_code == published.get("status", 200 if answer.is_success else 0), answer.text
        body = answer.json() if answer.content else None
        assert differences(name, published.get("body"), body) == []
        assert (body is None) == (published.get("body") is None) or "body" not in published


def test_every_fixture_is_either_played_or_left_out_for_a_reason() -> None:
    names = {path.stem for path in FIXTURES.glob("*.json")}
    assert names == PLAYS.keys() | LEFT_OUT.keys()
    assert not PLAYS.keys() & LEFT_OUT.keys()


def test_login_errors_have_the_published_code(box: Sandbox) -> None:
    stage = Stage(box)
    for name in (one for one in PLAYS if one.startswith("auth-error")):
        exchanges = fixture(name)["exchanges"]
        [answer] = PLAYS[name](stage, exchanges)
        published = exchanges[0]["response"]["body"]
        assert (answer.json()["error"], answer.json()["error_codes"]) == (published["error"], published["error_codes"])
    assert (
        CLIENT in token(client_secret="wrong")(stage, fixture("auth-error-7000215-invalid-secret")["exchanges"])[0].text
    )


def test_a_missing_key_or_another_type_is_a_difference() -> None:
    published = {"a": 1, "b": [{"c": "x"}], "d": None}
    assert differences("", published, {"a": 2, "b": [{"c": "y", "more": 1}], "d": True}) == []
    assert differences("", published, {"a": True, "b": [{}]}) == [
        "a: number published, boolean here",
        "b/c: missing here",
        "d: missing here",
    ]
