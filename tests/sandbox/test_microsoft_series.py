"""Recurring series: patterns, occurrences, exceptions, and what Exchange does not allow."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from graph_caller import ANN, BOB, NOVEMBER, GraphCaller, at, error_of, event, guests, people

from sandbox.client import Sandbox


@pytest.fixture
def graph(box: Sandbox) -> GraphCaller:
    return people(box)


def numbered(start: str, count: int, **pattern: Any) -> dict[str, Any]:
    return {
        "pattern": {"interval": 1, **pattern},
        "range": {"type": "numbered", "startDate": start, "numberOfOccurrences": count},
    }


WEEKLY = numbered("2026-11-02", 4, type="weekly", daysOfWeek=["monday"])


def weekly(graph: GraphCaller, **more: Any) -> Any:
    """Four Mondays in November at ten."""
    return graph.create(ANN, day="2026-11-02", recurrence=WEEKLY, **more)


def days(items: list[Any]) -> list[str]:
    return [one["start"]["dateTime"][:10] for one in items]


YEARS = "startDateTime=2026-01-01T00:00:00Z&endDateTime=2031-01-01T00:00:00Z&$top=100"


@pytest.mark.parametrize(
    ("recurrence", "expected"),
    [
        (numbered("2026-11-02", 3, type="daily", interval=2), ["2026-11-02", "2026-11-04", "2026-11-06"]),
        (
            numbered("2026-11-02", 4, type="weekly", interval=2, daysOfWeek=["Monday", "friday"]),
            ["2026-11-02", "2026-11-06", "2026-11-16", "2026-11-20"],
        ),
        (
            numbered("2026-08-31", 4, type="absoluteMonthly", dayOfMonth=31),
            ["2026-08-31", "2026-09-30", "2026-10-31", "2026-11-30"],
        ),
        (
            numbered("2026-11-10", 2, type="relativeMonthly", daysOfWeek=["tuesday"], index="second"),
            ["2026-11-10", "2026-12-08"],
        ),
        (
            numbered("2026-11-27", 2, type="relativeMonthly", daysOfWeek=["friday"], index="last"),
            ["2026-11-27", "2026-12-25"],
        ),
        (numbered("2028-02-29", 2, type="absoluteYearly", dayOfMonth=29, month=2), ["2028-02-29", "2029-02-28"]),
        (
            numbered("2026-11-26", 2, type="relativeYearly", daysOfWeek=["thursday"], index="fourth", month=11),
            ["2026-11-26", "2027-11-25"],
        ),
    ],
)
def test_patterns(graph: GraphCaller, recurrence: dict[str, Any], expected: list[str]) -> None:
    made = graph.create(ANN, day=recurrence["range"]["startDate"], recurrence=recurrence)
    assert made["type"] == "seriesMaster"
    assert days(graph.get(f"/users/{ANN}/events/{made['id']}/instances?{YEARS}")["value"]) == expected
    assert days(graph.view(ANN, YEARS)) == expected


def test_unused_fields_are_filled_and_case_is_corrected(graph: GraphCaller) -> None:
    shown = weekly(graph)["recurrence"]
    assert shown["pattern"] == {
        "type": "weekly",
        "interval": 1,
        "month": 0,
        "dayOfMonth": 0,
        "daysOfWeek": ["monday"],
        "firstDayOfWeek": "sunday",
        "index": "first",
    }
    assert (shown["range"]["endDate"], shown["range"]["recurrenceTimeZone"]) == ("0001-01-01", "UTC")


def test_a_series_keeps_its_wall_time_over_a_change_of_the_clocks(graph: GraphCaller) -> None:
    zone = "Europe/Berlin"
    made = graph.create(
        ANN,
        start=at("2026-10-19", 10, zone),
        end=at("2026-10-19", 11, zone),
        recurrence=numbered("2026-10-19", 2, type="weekly", daysOfWeek=["monday"]),
    )
    found = graph.get(f"/users/{ANN}/events/{made['id']}/instances?{YEARS}")["value"]
    assert [one["start"]["dateTime"][11:16] for one in found] == ["08:00", "09:00"]


def test_occurrences_are_views_of_the_master(graph: GraphCaller) -> None:
    made = weekly(graph)
    first = graph.view(ANN)[0]
    assert (first["type"], first["seriesMasterId"]) == ("occurrence", made["id"])
    assert first["iCalUId"] != made["iCalUId"]
    assert first["iCalUId"][32:40] == "07EA0B02"
    assert "originalStart" not in first
    only_masters = graph.get(f"/users/{ANN}/events")["value"]
    assert [one["id"] for one in only_masters] == [made["id"]]


def test_a_changed_occurrence_is_an_exception_with_the_same_id(graph: GraphCaller) -> None:
    weekly(graph)
    second = graph.view(ANN)[1]
    changed = graph.patch(ANN, second["id"], start=at("2026-11-10", 9), end=at("2026-11-10", 10), subject="Moved")
    assert (changed["id"], changed["type"]) == (second["id"], "exception")
    view = graph.view(ANN)
    assert [(one["subject"], one["start"]["dateTime"][:10]) for one in view[:2]] == [
        ("Visit", "2026-11-02"),
        ("Moved", "2026-11-10"),
    ]
    asked = graph.get(f"/users/{ANN}/events/{second['id']}?$select=originalStart")
    assert asked["originalStart"] == "2026-11-09T10:00:00.0000000Z"


@pytest.mark.parametrize("day", ["2026-11-02", "2026-11-16", "2026-11-18"])
def test_an_occurrence_may_not_reach_its_neighbour(graph: GraphCaller, day: str) -> None:
    weekly(graph)
    second = graph.view(ANN)[1]
    answer = graph.ask("PATCH", f"/users/{ANN}/events/{second['id']}", {"start": at(day, 9), "end": at(day, 10)})
    assert error_of(answer) == (400, "ErrorOccurrenceCrossingBoundary")
    assert days(graph.view(ANN))[1] == "2026-11-09"


def test_a_deleted_occurrence_is_simply_not_there(graph: GraphCaller) -> None:
    made = weekly(graph)
    second = graph.view(ANN)[1]
    graph.delete(ANN, second["id"])
    assert days(graph.view(ANN)) == ["2026-11-02", "2026-11-16", "2026-11-23"]
    assert error_of(graph.ask("GET", f"/users/{ANN}/events/{second['id']}")) == (404, "ErrorItemNotFound")
    master = graph.get(f"/users/{ANN}/events/{made['id']}?$select=cancelledOccurrences")
    assert master["cancelledOccurrences"] == [f"OID.{made['id']}.2026-11-09"]


def test_deleting_the_master_ends_the_series(graph: GraphCaller) -> None:
    graph.delete(ANN, weekly(graph)["id"])
    assert graph.view(ANN) == []


@pytest.mark.parametrize(
    ("change", "kept"),
    [({"subject": "Renamed"}, "2026-11-10"), ({"start": at("2026-11-02", 8)}, "2026-11-09")],
)
def test_a_new_time_of_the_master_discards_exceptions(graph: GraphCaller, change: dict[str, Any], kept: str) -> None:
    made = weekly(graph)
    second = graph.view(ANN)[1]
    graph.patch(ANN, second["id"], start=at("2026-11-10", 9), end=at("2026-11-10", 10))
    graph.patch(ANN, made["id"], **change)
    assert days(graph.view(ANN))[1] == kept


def test_a_series_becomes_single_and_back(graph: GraphCaller) -> None:
    made = weekly(graph)
    assert graph.patch(ANN, made["id"], recurrence=None)["type"] == "singleInstance"
    assert days(graph.view(ANN)) == ["2026-11-02"]
    assert graph.patch(ANN, made["id"], recurrence=WEEKLY)["type"] == "seriesMaster"
    assert len(graph.view(ANN)) == 4


@pytest.mark.parametrize(
    ("recurrence", "code"),
    [
        (numbered("2026-11-03", 4, type="weekly", daysOfWeek=["monday"]), "ErrorPropertyValidationFailure"),
        (numbered("2026-11-02", 4, type="weekly"), "ErrorPropertyValidationFailure"),
        (numbered("2026-11-02", 0, type="daily"), "ErrorPropertyValidationFailure"),
        (numbered("2026-11-02", 4, type="hourly"), "RequestBodyRead"),
        (numbered("2026-11-02", 4, type="daily", dayOfMonth="x"), "RequestBodyRead"),
        ({"pattern": {}}, "RequestBodyRead"),
    ],
)
def test_what_cannot_be_expressed_is_refused(graph: GraphCaller, recurrence: dict[str, Any], code: str) -> None:
    answer = graph.ask("POST", f"/users/{ANN}/events", event(day="2026-11-02", recurrence=recurrence))
    assert error_of(answer) == (400, code)


def test_a_masters_zone_may_not_change_alone(graph: GraphCaller) -> None:
    made = weekly(graph)
    body = {"start": at("2026-11-02", zone="Asia/Tokyo"), "end": at("2026-11-02", 11, "Asia/Tokyo")}
    answer = graph.ask("PATCH", f"/users/{ANN}/events/{made['id']}", body)
    assert error_of(answer) == (400, "ErrorPropertyValidationFailure")


def test_guests_follow_the_series_its_exceptions_and_its_cancelled_dates(graph: GraphCaller) -> None:
    weekly(graph, attendees=guests(BOB))
    first, second, *_ = graph.view(ANN)
    sent = graph.box.mails()[-1]["n"]
    graph.patch(ANN, first["id"], subject="Kick-off")
    graph.delete(ANN, second["id"])
    assert [(m["kind"], m["to"]) for m in graph.box.mails(since=sent)] == [("update", BOB), ("cancellation", BOB)]
    view = graph.view(BOB)
    assert [(one["subject"], one["isCancelled"]) for one in view] == [
        ("Kick-off", False),
        ("Canceled: Visit", True),
        ("Visit", False),
        ("Visit", False),
    ]
    graph.box.as_user(BOB).respond(view[2]["id"], "accept")
    assert [one["responseStatus"]["response"] for one in graph.view(BOB)].count("accepted") == 1


def test_the_state_shows_a_masters_exceptions_and_cancelled_dates(graph: GraphCaller) -> None:
    made = weekly(graph)
    first, second, *_ = graph.view(ANN)
    graph.patch(ANN, first["id"], subject="Kick-off")
    graph.delete(ANN, second["id"])
    [shown] = graph.box.state()["outlook"]["mailboxes"][ANN]["events"]
    assert (shown["id"], shown["cancelledOccurrences"]) == (made["id"], ["2026-11-09"])
    assert [(one["id"], one["subject"]) for one in shown["exceptions"]] == [(first["id"], "Kick-off")]


def test_the_state_expands_a_series_over_the_days_asked_for(graph: GraphCaller) -> None:
    made = weekly(graph, attendees=guests(BOB))
    first, second, third, _ = graph.view(ANN)
    graph.patch(ANN, first["id"], start=at("2026-11-03", 8), end=at("2026-11-03", 9))
    graph.delete(ANN, second["id"])

    def dates(address: str) -> list[Any]:
        boxes = graph.box.state(date(2026, 11, 3), date(2026, 11, 16))["outlook"]["mailboxes"]
        return list(boxes[address]["events"][0]["occurrences"])

    assert [(one["original"], one["start"]["dateTime"][:13], one["type"]) for one in dates(ANN)] == [
        ("2026-11-02", "2026-11-03T08", "exception"),
        ("2026-11-16", "2026-11-16T10", "occurrence"),
    ]
    assert [one["isCancelled"] for one in dates(BOB)] == [False, True, False]
    assert (dates(ANN)[1]["id"], dates(ANN)[1]["iCalUId"]) == (third["id"], third["iCalUId"])
    assert dates(ANN)[1]["iCalUId"] == dates(BOB)[2]["iCalUId"]
    graph.delete(ANN, made["id"])
    assert dates(ANN) == []


def test_an_endless_series_is_bounded_by_the_window(graph: GraphCaller) -> None:
    endless = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-11-02"}}
    graph.create(ANN, day="2026-11-02", recurrence=endless)
    assert len(graph.view(ANN, NOVEMBER)) == 29
