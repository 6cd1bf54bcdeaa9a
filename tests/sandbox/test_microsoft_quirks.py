"""Servers that rewrite what they are given, and events that Graph has no words for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from graph_caller import ANN, BOB, GraphCaller, at, event, guests, people

from sandbox.client import Sandbox

WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]},
    "range": {"type": "numbered", "startDate": "2026-11-02", "numberOfOccurrences": 3},
}


@pytest.fixture
def graph(box: Sandbox) -> GraphCaller:
    return people(box)


@pytest.mark.parametrize(
    ("subjects", "stored"), [("as_written", " A visit "), ("trimmed", "A visit"), ("nbsp", "\xa0A\xa0visit\xa0")]
)
@pytest.mark.parametrize("late", [False, True])
def test_a_written_subject_may_be_rewritten(graph: GraphCaller, subjects: str, stored: str, late: bool) -> None:
    graph.box.set_microsoft(subjects=subjects, late_rewrite=late)
    made = graph.create(ANN, subject=" A visit ")
    assert made["subject"] == (" A visit " if late else stored)
    assert graph.read(ANN, made["id"])["subject"] == stored
    graph.patch(ANN, made["id"], subject=" A visit ", showAs="free")
    assert graph.read(ANN, made["id"])["subject"] == stored


def test_a_late_rewrite_follows_a_change_too_and_mails_nobody(graph: GraphCaller) -> None:
    made = graph.create(ANN, day="2026-11-02", recurrence=WEEKLY, attendees=guests(BOB))
    second = graph.view(ANN)[1]
    graph.box.set_microsoft(late_rewrite=True)
    sent, writes = graph.box.mails()[-1]["n"], len(graph.box.writes())
    for event_id in (made["id"], second["id"]):
        changed = graph.patch(ANN, event_id, body={"contentType": "text", "content": "Agenda  "})
        later = graph.read(ANN, event_id)
        assert later["@odata.etag"] != changed["@odata.etag"]
        assert later["body"]["content"] != changed["body"]["content"]
        assert later["bodyPreview"] == "Agenda"
    assert ([m["kind"] for m in graph.box.mails(sent)], len(graph.box.writes())) == (["update"] * 2, writes + 2)


@pytest.mark.parametrize(
    ("subjects", "stored"), [("nfc", "Caf\u00e9 🎉"), ("plain", "Cafe\u0301 ?"), ("clipped", "Cafe\u0301 🎉")]
)
def test_a_subject_may_lose_what_the_server_does_not_keep(graph: GraphCaller, subjects: str, stored: str) -> None:
    graph.box.set_microsoft(subjects=subjects)
    assert graph.create(ANN, subject="Cafe\u0301 🎉")["subject"] == stored
    assert graph.create(ANN, subject="x" * 30)["subject"] == ("x" * 20 if subjects == "clipped" else "x" * 30)


def test_a_late_touch_changes_nothing_but_the_etag(graph: GraphCaller) -> None:
    graph.box.set_microsoft(late_touch=True)
    made = graph.create(ANN, subject=" A visit ")
    later = graph.read(ANN, made["id"])
    assert (later["subject"], later["body"]) == (made["subject"], made["body"])
    assert later["@odata.etag"] != made["@odata.etag"]


@pytest.mark.parametrize(
    ("disguise", "shown"),
    [
        ({"rule": "unknown_type"}, ("lunarMonthly", "UTC")),
        ({"rule": "missing"}, None),
        ({"zone": "Customized Time Zone"}, ("weekly", "Customized Time Zone")),
    ],
)
def test_a_series_in_disguise(graph: GraphCaller, disguise: dict[str, str], shown: tuple[str, str] | None) -> None:
    made = graph.create(ANN, day="2026-11-02", recurrence=WEEKLY, attendees=guests(BOB))
    _, link = graph.first_round(ANN)
    graph.box.disguise(ANN, made["id"], **disguise)
    [copy] = graph.get(f"/users/{BOB}/events")["value"]
    again = [one for one in graph.round(link)[0] if one["type"] == "seriesMaster"]
    for answer in (graph.read(ANN, made["id"]), copy, *again):
        rule = answer["recurrence"]
        assert answer["type"] == "seriesMaster"
        assert (rule and (rule["pattern"]["type"], rule["range"]["recurrenceTimeZone"])) == shown
    assert [one["start"]["dateTime"][8:10] for one in graph.view(ANN)] == ["02", "09", "16"]
    graph.box.disguise(ANN, made["id"])
    assert graph.read(ANN, made["id"])["recurrence"]["pattern"]["type"] == "weekly"


def test_an_event_in_a_zone_without_a_name(graph: GraphCaller) -> None:
    made = graph.create(ANN, start=at("2026-11-24", 10, "Asia/Tokyo"), end=at("2026-11-24", 11, "Asia/Tokyo"))
    graph.box.disguise(ANN, made["id"], zone="tzone://Microsoft/Custom")
    shown = graph.read(ANN, made["id"])
    assert (shown["originalStartTimeZone"], shown["start"]["dateTime"][:13]) == (
        "tzone://Microsoft/Custom",
        "2026-11-24T01",
    )


def test_a_disguise_needs_an_event_that_is_there(graph: GraphCaller) -> None:
    answer = graph.box.http.post("/_control/disguise", json={"mailbox": ANN, "event": "nothing"})
    assert (answer.status_code, "no such event" in answer.text) == (404, True)


def test_a_seeded_series_with_an_exception_a_cancelled_date_and_a_disguise(box: Sandbox) -> None:
    seeded = event(
        mailbox=ANN,
        day="2026-11-02",
        recurrence=WEEKLY,
        attendees=guests(BOB),
        exceptions={"2026-11-09": {"subject": "Kick-off", "start": at("2026-11-10", 8), "end": at("2026-11-10", 9)}},
        cancelledOccurrences=["2026-11-16"],
        disguise={"rule": "missing"},
    )
    box.reset({"mailboxes": [{"address": ANN}, {"address": BOB}], "outlook_events": [seeded]})
    graph = GraphCaller(box)
    for address in (ANN, BOB):
        assert [(one["subject"], one["start"]["dateTime"][:13], one["type"]) for one in graph.view(address)] == [
            ("Visit", "2026-11-02T10", "occurrence"),
            ("Kick-off", "2026-11-10T08", "exception"),
        ]
        assert graph.get(f"/users/{address}/events")["value"][0]["recurrence"] is None
    assert (box.mails(), box.writes()) == ([], [])


@pytest.mark.parametrize("wrong", [{"cancelledOccurrences": ["2026-11-03"]}, {"exceptions": {"2026-12-07": {}}}])
def test_a_seeded_series_has_only_dates_of_its_rule(box: Sandbox, wrong: dict[str, Any]) -> None:
    seeded = event(mailbox=ANN, day="2026-11-02", recurrence=WEEKLY, **wrong)
    answer = box.http.post("/_control/reset", json={"mailboxes": [{"address": ANN}], "outlook_events": [seeded]})
    assert (answer.status_code, "is no date of a series" in answer.text) == (422, True)


def test_stamps_answers_and_mails_have_the_time_of_graphs_own_clock(graph: GraphCaller) -> None:
    graph.box.set_clock(freeze=True)
    graph.box.set_clock(skew_s={"graph": -300.0})
    world = datetime.fromisoformat(graph.box.clock()["now"])
    made = graph.create(ANN, attendees=guests(BOB))
    refused = graph.ask("GET", f"/users/{ANN}/events/nothing").json()["error"]["innerError"]["date"]
    stamps = [made["createdDateTime"][:26], made["lastModifiedDateTime"][:26], graph.box.mails()[-1]["at"][:26]]
    assert {datetime.fromisoformat(stamp) for stamp in stamps} == {(world - timedelta(minutes=5)).replace(tzinfo=None)}
    assert datetime.fromisoformat(refused) == (world - timedelta(minutes=5)).replace(tzinfo=None, microsecond=0)
