"""Events of the sandbox's Graph: what may be written, what is read back, and under which id."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from graph_caller import ANN, BOB, NOVEMBER, GraphCaller, at, error_of, event, guests, people

from sandbox.client import Sandbox

MARK = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name calsync"


@pytest.fixture
def graph(box: Sandbox) -> GraphCaller:
    return people(box)


def refused(graph: GraphCaller, **body: Any) -> tuple[int, str]:
    return error_of(graph.ask("POST", f"/users/{ANN}/events", event(**body)))


MIDNIGHTS = {"start": at("2026-11-24", 0, "China Standard Time"), "end": at("2026-11-25", 0, "China Standard Time")}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"isAllDay": True}, (400, "ErrorInvalidRequest")),
        ({"isAllDay": True, **MIDNIGHTS, "end": MIDNIGHTS["start"]}, (400, "ErrorInvalidRequest")),
        ({"isAllDay": True, **MIDNIGHTS, "end": at("2026-11-25", 0)}, (400, "ErrorInvalidRequest")),
        ({"start": at("2026-11-24", zone="Mars Standard Time")}, (400, "TimeZoneNotSupportedException")),
        ({"end": at("2026-11-23")}, (400, "ErrorPropertyValidationFailure")),
        ({"start": {"dateTime": "soon", "timeZone": "UTC"}}, (400, "RequestBodyRead")),
        ({"subject": "x" * 256}, (400, "ErrorPropertyValidationFailure")),
        ({"sensitivity": "secret"}, (400, "RequestBodyRead")),
        ({"atendees": []}, (400, "RequestBodyRead")),
        ({"attendees": [{"emailAddress": {"name": "Nobody"}}]}, (400, "ErrorInvalidRequest")),
    ],
)
def test_what_graph_refuses_is_refused_and_changes_nothing(
    graph: GraphCaller, body: dict[str, Any], error: tuple[int, str]
) -> None:
    assert refused(graph, **body) == error
    assert graph.view(ANN) == []
    assert graph.box.mails() == graph.box.writes() == []


@pytest.mark.parametrize("zone", ["China Standard Time", "Asia/Shanghai"])
def test_timed_events_are_read_in_utc_and_converted_on_demand(graph: GraphCaller, zone: str) -> None:
    made = graph.create(ANN, start=at("2026-11-24", 9, zone), end=at("2026-11-24", 10, zone))

    read = graph.read(ANN, made["id"])
    assert (read["start"]["dateTime"], read["start"]["timeZone"]) == ("2026-11-24T01:00:00.0000000", "UTC")
    assert read["originalStartTimeZone"] == zone

    answer = graph.ask("GET", f"/users/{ANN}/events/{made['id']}", prefer='outlook.timezone="Tokyo Standard Time"')
    assert answer.json()["start"] == {"dateTime": "2026-11-24T10:00:00.0000000", "timeZone": "Tokyo Standard Time"}
    assert answer.headers["preference-applied"] == 'outlook.timezone="Tokyo Standard Time"'


def test_all_day_digits_do_not_move_with_the_zone_but_the_window_uses_the_zone_of_creation(graph: GraphCaller) -> None:
    made = graph.create(ANN, isAllDay=True, **MIDNIGHTS)

    read = graph.read(ANN, made["id"], prefer='outlook.timezone="Pacific Standard Time"')
    assert read["start"] == {"dateTime": "2026-11-24T00:00:00.0000000", "timeZone": "Pacific Standard Time"}

    # Midnight in China is 16:00 UTC of the day before.
    before = "startDateTime=2026-11-23T15:00:00Z&endDateTime=2026-11-23T16:00:00Z"
    first_minute = "startDateTime=2026-11-23T16:00:00Z&endDateTime=2026-11-23T16:01:00Z"
    assert (len(graph.view(ANN, before)), len(graph.view(ANN, first_minute))) == (0, 1)


def test_an_offset_beside_a_zone_is_ignored(graph: GraphCaller) -> None:
    made = graph.create(ANN, start={"dateTime": "2026-11-24T10:00:00.0000000Z", "timeZone": "Asia/Shanghai"})
    assert made["start"]["dateTime"] == "2026-11-24T02:00:00.0000000"


def test_every_write_changes_the_etag_and_an_old_one_is_refused(graph: GraphCaller) -> None:
    made = graph.create(ANN)
    path = f"/users/{ANN}/events/{made['id']}"
    assert made["@odata.etag"] == f'W/"{made["changeKey"]}"'

    changed = graph.ask("PATCH", path, {"subject": "Moved"}, if_match=made["@odata.etag"])
    assert (changed.status_code, changed.json()["subject"]) == (200, "Moved")
    assert changed.json()["@odata.etag"] != made["@odata.etag"]

    for method, body in (("PATCH", {"subject": "Late"}), ("DELETE", None)):
        late = graph.ask(method, path, body, if_match=made["@odata.etag"])
        assert error_of(late) == (412, "ErrorIrresolvableConflict")
    assert graph.read(ANN, made["id"])["subject"] == "Moved"


def test_a_patch_changes_only_what_it_names(graph: GraphCaller) -> None:
    made = graph.create(ANN, location={"displayName": "Room 1"}, categories=["Red"], sensitivity="private")
    changed = graph.patch(ANN, made["id"], subject="New")
    untouched = ("location", "categories", "sensitivity", "start", "end", "iCalUId", "createdDateTime", "body")
    assert {name: changed[name] for name in untouched} == {name: made[name] for name in untouched}


def test_ids_are_case_sensitive_and_some_differ_in_case_alone(graph: GraphCaller) -> None:
    ids = [graph.create(ANN, subject=str(n))["id"] for n in range(4)]
    twins = [(one, other) for one in ids for other in ids if one != other and one.lower() == other.lower()]
    assert twins
    one, other = twins[0]
    assert graph.read(ANN, one)["subject"] != graph.read(ANN, other)["subject"]


@pytest.mark.parametrize(
    ("event_id", "error"),
    [("nonsense", (400, "ErrorInvalidIdMalformed")), (None, (404, "ErrorItemNotFound"))],
)
def test_unknown_ids(graph: GraphCaller, event_id: str | None, error: tuple[int, str]) -> None:
    made = graph.create(ANN)
    graph.delete(ANN, made["id"])
    asked = quote(event_id or made["id"])
    assert error_of(graph.ask("GET", f"/users/{ANN}/events/{asked}")) == error
    assert error_of(graph.ask("DELETE", f"/users/{ANN}/events/{asked}")) == error
    assert error_of(graph.ask("GET", f"/users/{BOB}/events/{quote(made['id'])}")) == (400, "ErrorInvalidIdMalformed")


def test_the_ordinary_id_changes_with_a_move_and_the_immutable_one_stays(graph: GraphCaller) -> None:
    made = graph.create(ANN)
    ordinary = graph.read(ANN, made["id"], prefer="")["id"]
    assert ordinary != made["id"]

    other = graph.post(f"/users/{ANN}/calendars", {"name": "Team"})["id"]
    moved = graph.post(f"/users/{ANN}/events/{made['id']}/move", {"destinationId": other})
    assert moved["id"] == made["id"]
    assert graph.read(ANN, made["id"], prefer="")["id"] != ordinary
    assert error_of(graph.ask("GET", f"/users/{ANN}/events/{quote(ordinary)}")) == (404, "ErrorItemNotFound")
    assert graph.view(ANN) == []
    assert [e["id"] for e in graph.get(f"/users/{ANN}/calendars/{quote(other)}/calendarView?{NOVEMBER}")["value"]] == [
        made["id"]
    ]


def test_a_deleted_event_comes_back_under_its_immutable_id(graph: GraphCaller) -> None:
    made = graph.create(ANN)
    graph.delete(ANN, made["id"])
    main = graph.get(f"/users/{ANN}/calendar")["id"]
    graph.post(f"/users/{ANN}/events/{made['id']}/move", {"destinationId": main})
    assert graph.read(ANN, made["id"])["subject"] == "Visit"


def test_bodies_are_rewritten_and_read_as_text_on_demand(graph: GraphCaller) -> None:
    written = {"contentType": "html", "content": "<p>Bring <b>samples</b></p><script>alert(1)</script>"}
    made = graph.create(ANN, body=written)
    assert made["body"]["contentType"] == "html"
    assert made["body"]["content"].startswith("<html><head>")
    assert "<b>samples</b>" in made["body"]["content"]
    assert "script" not in made["body"]["content"]
    assert made["bodyPreview"] == "Bring samples"
    text = graph.read(ANN, made["id"], prefer='outlook.body-content-type="text"')["body"]
    assert text == {"contentType": "text", "content": "Bring samples"}


def test_extended_properties_find_an_event_and_show_only_when_expanded(graph: GraphCaller) -> None:
    mark = {"id": MARK, "value": "tenant/42"}
    made = graph.create(ANN, singleValueExtendedProperties=[mark])
    graph.create(ANN, subject="Another", singleValueExtendedProperties=[{"id": MARK, "value": "tenant/43"}])
    assert "singleValueExtendedProperties" not in made

    expand = quote(f"singleValueExtendedProperties($filter=id eq '{MARK}')")
    assert graph.get(f"/users/{ANN}/events/{made['id']}?$expand={expand}")["singleValueExtendedProperties"] == [mark]

    test = quote(f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARK}' and ep/value eq 'tenant/42')")
    found = graph.get(f"/users/{ANN}/events?$filter={test}&$expand={expand}")["value"]
    assert [(one["id"], one["singleValueExtendedProperties"]) for one in found] == [(made["id"], [mark])]

    graph.patch(ANN, made["id"], singleValueExtendedProperties=[{"id": MARK, "value": "tenant/44"}])
    assert graph.get(f"/users/{ANN}/events?$filter={test}")["value"] == []


@pytest.mark.parametrize(
    ("mark", "test", "found"),
    [
        (MARK, "startswith(ep/value, 'one/')", ["Long ago", "Single", "Weekly"]),
        (MARK, "contains(ep/value, '/2')", ["Other", "Single"]),
        (MARK, "ep/value ne null", ["Long ago", "Other", "Single", "Weekly"]),
        (MARK.lower(), "ep/value ne null", []),
    ],
    ids=["start", "part", "any", "another name"],
)
def test_a_filter_on_extended_properties_finds_singles_and_masters_of_any_time(
    graph: GraphCaller, mark: str, test: str, found: list[str]
) -> None:
    for subject, value, day in (("Long ago", "one/1", "2019-03-04"), ("Single", "one/2", "2026-11-24")):
        graph.create(ANN, subject=subject, day=day, singleValueExtendedProperties=[{"id": MARK, "value": value}])
    weekly = {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
        "range": {"type": "noEnd", "startDate": "2026-11-24"},
    }
    marked = [{"id": MARK, "value": "one/3"}]
    graph.create(ANN, subject="Weekly", recurrence=weekly, singleValueExtendedProperties=marked)
    graph.create(ANN, subject="Other", singleValueExtendedProperties=[{"id": MARK, "value": "two/2"}])
    graph.create(ANN, subject="Plain")
    test = quote(f"singleValueExtendedProperties/Any(ep: ep/id eq '{mark}' and {test})")
    assert sorted(one["subject"] for one in graph.get(f"/users/{ANN}/events?$filter={test}")["value"]) == found


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("iCalUId eq '{uid}'", ["Alpha"]),
        ("subject eq 'Beta'", ["Beta"]),
        ("startswith(subject,'B') or subject eq 'Alpha'", ["Alpha", "Beta"]),
        ("start/dateTime ge '2026-11-25T00:00:00Z' and not (subject eq 'Gamma')", ["Beta"]),
        ("start/dateTime lt '2026-11-24T10:00:01'", ["Alpha"]),
        ("isCancelled eq true", []),
    ],
)
def test_filters(graph: GraphCaller, query: str, subjects: list[str]) -> None:
    first = graph.create(ANN, subject="Alpha", day="2026-11-24")
    graph.create(ANN, subject="Beta", day="2026-11-25")
    graph.create(ANN, subject="Gamma", day="2026-11-26")
    test = quote(query.format(uid=first["iCalUId"]))
    assert [one["subject"] for one in graph.get(f"/users/{ANN}/events?$filter={test}")["value"]] == subjects


def test_selection_keeps_id_and_etag(graph: GraphCaller) -> None:
    made = graph.create(ANN)
    read = graph.get(f"/users/{ANN}/events/{made['id']}?$select=subject,start")
    assert set(read) == {"@odata.context", "@odata.etag", "id", "subject", "start"}


def test_lists_are_paged_by_links_that_keep_the_query(graph: GraphCaller) -> None:
    for n in range(25):
        graph.create(ANN, subject=f"{n:02d}", day=f"2026-11-{n + 1:02d}")
    assert len(graph.get(f"/users/{ANN}/calendarView?{NOVEMBER}")["value"]) == 10
    assert [one["subject"] for one in graph.view(ANN)] == [f"{n:02d}" for n in range(25)]
    order = "$orderby=subject%20desc&$top=7&$skip=1&$select=subject"
    page = graph.get(f"/users/{ANN}/events?{order}")
    assert [one["subject"] for one in page["value"]] == [f"{n:02d}" for n in range(23, 16, -1)]
    assert "iCalUId" not in graph.get(page["@odata.nextLink"])["value"][0]


@pytest.mark.parametrize("status", [400, 409])
def test_a_transaction_id_makes_one_event(graph: GraphCaller, status: int) -> None:
    graph.box.set_microsoft(duplicate_transaction_status=status)
    body = event(transactionId="link-1/1", attendees=guests(BOB))
    first = graph.post(f"/users/{ANN}/events", body)
    again = graph.ask("POST", f"/users/{ANN}/events", body)
    assert (again.status_code, again.json()["id"]) == (201, first["id"])
    assert len(graph.box.mails()) == 1

    other = graph.ask("POST", f"/users/{ANN}/events", body | {"subject": "Other"})
    assert error_of(other) == (status, "ErrorDuplicateTransactionId")
    graph.delete(ANN, first["id"])
    assert error_of(graph.ask("POST", f"/users/{ANN}/events", body)) == (status, "ErrorDuplicateTransactionId")
    assert graph.view(ANN) == []


def test_nulls_unknown_properties_and_capitals_are_there_for_readers_to_meet(graph: GraphCaller) -> None:
    made = [graph.create(ANN, subject=None, attendees=guests(BOB)) for _ in range(5)]
    assert made[0]["subject"] is None
    assert "AutoRoomBookingStatus" in made[0]
    assert {one["attendees"][0]["type"] for one in made} == {"required", "Required"}


def test_a_late_rewrite_makes_the_answered_etag_stale(graph: GraphCaller) -> None:
    graph.box.set_microsoft(late_rewrite=True)
    made = graph.create(ANN)
    assert graph.read(ANN, made["id"])["@odata.etag"] != made["@odata.etag"]


def test_every_change_is_logged_with_its_actor(graph: GraphCaller) -> None:
    made = graph.create(ANN)
    graph.box.as_user(ANN).rename(made["id"], "By Ann")
    graph.delete(ANN, made["id"])
    log = [(w["action"], w["id"], w["actor"].partition(":")[0], w["owner"]) for w in graph.box.writes()]
    assert log == [
        (action, made["id"], who, ANN) for action, who in (("create", "app"), ("update", "user"), ("delete", "app"))
    ]


def test_events_delta_is_not_supported(graph: GraphCaller) -> None:
    answer = graph.ask("GET", f"/users/{ANN}/calendar/events/delta()")
    assert answer.json()["error"]["message"].startswith("Unsupported request: Change tracking is not supported")


def test_an_online_meeting_stays_one_and_its_link_is_in_the_body(graph: GraphCaller) -> None:
    online = {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"}
    made = graph.create(ANN, body={"contentType": "text", "content": "Agenda"}, **online)
    link = made["onlineMeeting"]["joinUrl"]
    assert "Agenda" in made["body"]["content"]
    assert link in made["body"]["content"]
    changed = graph.patch(ANN, made["id"], isOnlineMeeting=False, body={"contentType": "text", "content": "New agenda"})
    assert (changed["isOnlineMeeting"], changed["onlineMeeting"]["joinUrl"]) == (True, link)
    assert link not in changed["body"]["content"]
