"""calendarView/delta: rounds, pages, tombstones, lost tokens, and the quirks that a client must survive."""

from __future__ import annotations

from typing import Any

import pytest
from graph_caller import ANN, BOB, NOVEMBER, GraphCaller, at, error_of, guests, people

from sandbox.client import Sandbox

DELTA = f"/users/{ANN}/calendarView/delta?{NOVEMBER}"


@pytest.fixture
def graph(box: Sandbox) -> GraphCaller:
    return people(box)


def weekly(graph: GraphCaller) -> Any:
    pattern = {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]}
    limits = {"type": "numbered", "startDate": "2026-11-02", "numberOfOccurrences": 3}
    return graph.create(ANN, day="2026-11-02", recurrence={"pattern": pattern, "range": limits})


def removed(items: list[Any]) -> list[str]:
    return [one["id"] for one in items if "@removed" in one]


def test_a_round_brings_what_changed_and_own_writes_come_back(graph: GraphCaller) -> None:
    made = graph.create(ANN)
    items, link = graph.first_round(ANN)
    assert [(one["id"], one["@odata.type"]) for one in items] == [(made["id"], "#microsoft.graph.event")]
    assert graph.round(link)[0] == []

    changed = graph.patch(ANN, made["id"], subject="New")
    items, link = graph.round(link)
    assert [(one["subject"], one["@odata.etag"]) for one in items] == [("New", changed["@odata.etag"])]
    assert graph.round(link)[0] == []


def test_the_window_lives_in_the_token(graph: GraphCaller) -> None:
    _, link = graph.first_round(ANN)
    made = graph.create(ANN, day="2027-02-01")
    items, _ = graph.round(link + "&startDateTime=2027-01-01T00:00:00Z&endDateTime=2027-03-01T00:00:00Z")
    assert removed(items) == [made["id"]]


def test_pages_hold_about_as_many_as_preferred_and_end_with_a_delta_link(graph: GraphCaller) -> None:
    for n in range(5):
        graph.create(ANN, day=f"2026-11-{n + 1:02d}")
    prefer = 'odata.maxpagesize=2, IdType="ImmutableId"'
    page = graph.get(DELTA, prefer=prefer)
    assert (len(page["value"]), "@odata.nextLink" in page, "@odata.deltaLink" in page) == (2, True, False)
    assert page["@odata.nextLink"].startswith(graph.box.url)
    items, _ = graph.first_round(ANN, prefer=prefer)
    assert len({one["id"] for one in items}) == len(items) == 5


def test_a_change_between_two_pages_is_not_lost(graph: GraphCaller) -> None:
    ids = [graph.create(ANN, day=f"2026-11-{n + 1:02d}")["id"] for n in range(4)]
    prefer = 'odata.maxpagesize=2, IdType="ImmutableId"'
    page = graph.get(DELTA, prefer=prefer)
    graph.patch(ANN, ids[3], subject="Changed meanwhile")
    rest, link = graph.round(page["@odata.nextLink"], prefer=prefer)
    later, _ = graph.round(link, prefer=prefer)
    seen = {one["id"]: one["subject"] for one in [*page["value"], *rest, *later]}
    assert seen == dict.fromkeys(ids[:3], "Visit") | {ids[3]: "Changed meanwhile"}


def test_tombstones_tell_of_deletion_and_of_leaving_the_window_alike(graph: GraphCaller) -> None:
    gone, moved, outside = graph.create(ANN), graph.create(ANN), graph.create(ANN, day="2027-02-01")
    _, link = graph.first_round(ANN)
    graph.delete(ANN, gone["id"])
    graph.patch(ANN, moved["id"], start=at("2027-02-01"), end=at("2027-02-01", 11))
    graph.patch(ANN, outside["id"], subject="Never in the window")
    items, _ = graph.round(link)
    assert removed(items) == [gone["id"], moved["id"], outside["id"]]
    assert all(set(one) == {"@odata.type", "id", "@removed"} for one in items)


def test_an_event_made_and_deleted_between_rounds_leaves_a_tombstone_nobody_knows(graph: GraphCaller) -> None:
    _, link = graph.first_round(ANN)
    made = graph.create(ANN)
    graph.delete(ANN, made["id"])
    assert removed(graph.round(link)[0]) == [made["id"]]


def test_a_series_comes_as_its_master_and_bare_occurrences_in_one_piece(graph: GraphCaller) -> None:
    made = weekly(graph)
    page = graph.get(DELTA, prefer='odata.maxpagesize=1, IdType="ImmutableId"')
    master, *occurrences = page["value"]
    assert (master["id"], master["type"], master["subject"]) == (made["id"], "seriesMaster", "Visit")
    assert len(occurrences) == 3
    bare = {"@odata.type", "@odata.etag", "id", "seriesMasterId", "type", "start", "end"}
    assert all(set(one) == bare and one["seriesMasterId"] == made["id"] for one in occurrences)


def test_a_deleted_occurrence_has_no_tombstone_the_rest_comes_again(graph: GraphCaller) -> None:
    made = weekly(graph)
    items, link = graph.first_round(ANN)
    graph.delete(ANN, items[2]["id"])
    again, _ = graph.round(link)
    assert removed(again) == []
    assert [one["id"] for one in again] == [made["id"], items[1]["id"], items[3]["id"]]


def test_an_exception_comes_with_its_own_content(graph: GraphCaller) -> None:
    weekly(graph)
    items, link = graph.first_round(ANN)
    graph.patch(ANN, items[1]["id"], subject="Kick-off")
    [exception] = [one for one in graph.round(link)[0] if one["type"] == "exception"]
    assert (exception["id"], exception["subject"]) == (items[1]["id"], "Kick-off")


def test_a_deleted_series_is_one_tombstone_of_its_master(graph: GraphCaller) -> None:
    made = weekly(graph)
    _, link = graph.first_round(ANN)
    graph.delete(ANN, made["id"])
    assert removed(graph.round(link)[0]) == [made["id"]]


def test_what_others_do_shows_in_the_guests_rounds(graph: GraphCaller) -> None:
    _, link = graph.first_round(BOB)
    made = graph.create(ANN, attendees=guests(BOB))
    [copy], link = graph.round(link)
    assert (copy["iCalUId"], copy["isOrganizer"]) == (made["iCalUId"], False)
    graph.delete(ANN, made["id"])
    [copy], _ = graph.round(link)
    assert copy["isCancelled"] is True


def test_moving_to_another_calendar_looks_like_removal(graph: GraphCaller) -> None:
    made = graph.create(ANN)
    ordinary = graph.read(ANN, made["id"], prefer="")["id"]
    _, link = graph.first_round(ANN)
    _, ordinary_link = graph.first_round(ANN, prefer="")
    other = graph.post(f"/users/{ANN}/calendars", {"name": "Team"})["id"]
    graph.post(f"/users/{ANN}/events/{made['id']}/move", {"destinationId": other})
    assert removed(graph.round(link)[0]) == [made["id"]]
    assert removed(graph.round(ordinary_link, prefer="")[0]) == [ordinary]


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("", "ErrorInvalidParameter", "requires a time window"),
        (f"{NOVEMBER}&$top=50", "ErrorInvalidUrlQuery", "odata.maxpagesize"),
        (
            f"{NOVEMBER}&$filter=subject eq 'x'",
            "ErrorInvalidUrlQuery",
            "'$orderby, $filter, $select, $expand, $search'",
        ),
        (f"{NOVEMBER}&$expand=singleValueExtendedProperties", "ErrorInvalidUrlQuery", "$expand"),
        (f"{NOVEMBER}&$select=id", "ErrorInvalidUrlQuery", "$select"),
    ],
)
def test_parameters_that_change_tracking_refuses(graph: GraphCaller, query: str, code: str, words: str) -> None:
    answer = graph.ask("GET", f"/users/{ANN}/calendarView/delta?{query}")
    assert error_of(answer) == (400, code)
    assert words in answer.json()["error"]["message"]


def test_tokens_are_lost_on_command_and_with_the_tenant(graph: GraphCaller) -> None:
    graph.create(ANN)
    _, link = graph.first_round(ANN)
    graph.box.fault("graph", {"expire_delta": True}, path=r"\$deltatoken", mailbox=ANN, times=1)
    lost = graph.ask("GET", link)
    assert error_of(lost) == (410, "SyncStateNotFound")
    assert len(graph.round(lost.headers["location"])[0]) == 1
    assert graph.round(link)[0] == []

    graph = people(graph.box)
    assert error_of(graph.ask("GET", link)) == (410, "SyncStateNotFound")


def test_a_token_belongs_to_its_mailbox(graph: GraphCaller) -> None:
    _, link = graph.first_round(ANN)
    assert graph.ask("GET", link.replace(ANN, BOB)).status_code == 400
    assert graph.ask("GET", f"/users/{ANN}/calendarView/delta?$deltatoken=rubbish").status_code == 400


def test_an_empty_first_page_is_not_the_end(graph: GraphCaller) -> None:
    made = graph.create(ANN)
    graph.box.set_microsoft(empty_first_page=True)
    page = graph.get(DELTA)
    assert page["value"] == []
    assert [one["id"] for one in graph.round(page["@odata.nextLink"])[0]] == [made["id"]]


def test_an_unchanged_item_may_come_again(graph: GraphCaller) -> None:
    made = graph.create(ANN)
    graph.box.set_microsoft(replay=True)
    items, link = graph.first_round(ANN)
    again, _ = graph.round(link)
    assert [(one["id"], one["@odata.etag"]) for one in again] == [(made["id"], items[0]["@odata.etag"])]


@pytest.mark.parametrize(("effect", "counts"), [("duplicate_page", {1: 2, 2: 2}), ("cut_page", {1: 1})])
@pytest.mark.parametrize("path", [DELTA, f"/users/{ANN}/calendarView?{NOVEMBER}"])
def test_pages_that_come_twice_or_cut_off(graph: GraphCaller, effect: str, counts: dict[int, int], path: str) -> None:
    for day in (1, 2):
        graph.create(ANN, day=f"2026-11-{day:02d}")
    graph.box.fault("graph", {effect: True}, path="calendarView", times=1)
    seen: dict[int, int] = {}
    following: str | None = path
    while following:
        page = graph.get(following)
        following = page.get("@odata.nextLink")
        for one in page["value"]:
            day = int(one["start"]["dateTime"][8:10])
            seen[day] = seen.get(day, 0) + 1
    assert seen == counts


def test_a_change_shows_only_after_so_many_more_requests_where_delta_lags(graph: GraphCaller) -> None:
    made = graph.create(ANN)
    _, link = graph.first_round(ANN)
    graph.box.set_microsoft(delta_lag=2)
    graph.patch(ANN, made["id"], subject="New")
    assert graph.read(ANN, made["id"])["subject"] == "New"
    items, link = graph.round(link)
    assert items == []
    items, link = graph.round(link)
    assert [one["subject"] for one in items] == ["New"]
    assert graph.round(link)[0] == []


def test_a_first_round_that_lags_brings_the_rest_later(graph: GraphCaller) -> None:
    graph.box.set_microsoft(delta_lag=1)
    graph.create(ANN)
    made = graph.create(ANN, subject="Late")
    items, link = graph.first_round(ANN)
    assert [one["subject"] for one in items] == ["Visit"]
    assert [one["id"] for one in graph.round(link)[0]] == [made["id"]]
