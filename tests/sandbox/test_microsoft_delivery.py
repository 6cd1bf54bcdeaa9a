"""Meetings with people: whose mailbox gets what, and who is mailed."""

from __future__ import annotations

from typing import Any

import pytest
from graph_caller import ANN, BOB, CARL, OUTSIDER, GraphCaller, at, error_of, event, guests, people

from sandbox.client import Sandbox


@pytest.fixture
def graph(box: Sandbox) -> GraphCaller:
    return people(box)


def mails(graph: GraphCaller) -> list[tuple[str, str]]:
    """(kind, recipient) of every mail so far."""
    return sorted((mail["kind"], mail["to"]) for mail in graph.box.mails())


def copy_of(graph: GraphCaller, address: str, made: dict[str, Any]) -> dict[str, Any]:
    """The event in that person's mailbox that belongs to the same meeting."""
    [copy] = [one for one in graph.view(address) if one["iCalUId"] == made["iCalUId"]]
    return dict(copy)


def test_an_invitation_puts_a_copy_into_every_mailbox_and_mails_everybody_but_the_organiser(graph: GraphCaller) -> None:
    made = graph.create(ANN, attendees=guests(BOB, OUTSIDER, ANN), categories=["Red"])
    assert mails(graph) == [("invitation", BOB), ("invitation", OUTSIDER)]
    assert {(mail["event"], mail["from"]) for mail in graph.box.mails()} == {(made["id"], ANN)}

    copy = copy_of(graph, BOB, made)
    assert copy["id"] != made["id"]
    assert (copy["isOrganizer"], copy["showAs"], copy["categories"]) == (False, "tentative", [])
    assert copy["responseStatus"]["response"] == "notResponded"
    assert copy["organizer"]["emailAddress"]["address"] == ANN
    assert graph.view(CARL) == []
    assert [write["owner"] for write in graph.box.writes()] == [ANN]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"subject": "New"}, [("update", BOB), ("update", OUTSIDER)]),
        ({"sensitivity": "private"}, [("update", BOB), ("update", OUTSIDER)]),
        ({"start": at("2026-11-24", 9)}, [("update", BOB), ("update", OUTSIDER)]),
        ({"body": {"contentType": "text", "content": "x"}}, [("update", BOB), ("update", OUTSIDER)]),
        ({"attendees": guests(BOB, OUTSIDER, CARL)}, [("invitation", CARL)]),
        ({"attendees": guests(OUTSIDER)}, [("cancellation", BOB)]),
        (
            {"attendees": guests(CARL), "subject": "New"},
            [("cancellation", BOB), ("cancellation", OUTSIDER), ("invitation", CARL)],
        ),
        ({"attendees": guests(OUTSIDER, BOB)}, []),
        ({"categories": ["Red"], "showAs": "oof", "reminderMinutesBeforeStart": 5}, []),
        ({"singleValueExtendedProperties": [{"id": "String {0} Name x", "value": "1"}]}, []),
    ],
)
def test_who_is_told_of_a_change(graph: GraphCaller, change: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    made = graph.create(ANN, attendees=guests(BOB, OUTSIDER))
    sent = graph.box.mails()[-1]["n"]
    graph.patch(ANN, made["id"], **change)
    assert sorted((mail["kind"], mail["to"]) for mail in graph.box.mails(since=sent)) == expected


def test_a_change_reaches_the_copies_and_a_new_time_voids_the_answers(graph: GraphCaller) -> None:
    made = graph.create(ANN, attendees=guests(BOB))
    graph.box.as_user(BOB).respond(copy_of(graph, BOB, made)["id"], "accept")
    graph.patch(ANN, made["id"], subject="Renamed")
    assert copy_of(graph, BOB, made)["responseStatus"]["response"] == "accepted"

    graph.patch(ANN, made["id"], end=at("2026-11-24", 12))
    copy = copy_of(graph, BOB, made)
    assert (copy["subject"], copy["end"]["dateTime"]) == ("Renamed", "2026-11-24T12:00:00.0000000")
    assert (copy["responseStatus"]["response"], copy["showAs"]) == ("notResponded", "tentative")
    assert graph.read(ANN, made["id"])["attendees"][0]["status"]["response"] == "none"


def test_what_a_guest_changes_stays_with_him_until_the_organiser_overwrites_it(graph: GraphCaller) -> None:
    made = graph.create(ANN, attendees=guests(BOB))
    copy = copy_of(graph, BOB, made)
    graph.box.as_user(BOB).change(copy["id"], subject="Boring", categories=["Blue"])
    assert graph.read(ANN, made["id"])["subject"] == "Visit"
    graph.patch(ANN, made["id"], location={"displayName": "Room 2"})
    copy = copy_of(graph, BOB, made)
    assert (copy["subject"], copy["categories"]) == ("Visit", ["Blue"])


@pytest.mark.parametrize("way", ["delete", "cancel"])
def test_the_organiser_calls_a_meeting_off(graph: GraphCaller, way: str) -> None:
    made = graph.create(ANN, attendees=guests(BOB, OUTSIDER))
    sent = graph.box.mails()[-1]["n"]
    ann = graph.box.as_user(ANN)
    ann.delete(made["id"]) if way == "delete" else ann.cancel(made["id"])
    assert sorted((m["kind"], m["to"]) for m in graph.box.mails(since=sent)) == [
        ("cancellation", BOB),
        ("cancellation", OUTSIDER),
    ]
    assert graph.view(ANN) == []
    copy = copy_of(graph, BOB, made)
    assert (copy["isCancelled"], copy["subject"]) == (True, "Canceled: Visit")


def test_a_guest_removes_only_his_copy_and_may_not_cancel(graph: GraphCaller) -> None:
    made = graph.create(ANN, attendees=guests(BOB))
    sent = graph.box.mails()[-1]["n"]
    copy = copy_of(graph, BOB, made)
    assert error_of(graph.ask("POST", f"/users/{BOB}/events/{copy['id']}/cancel", {}))[0] == 400
    graph.box.as_user(BOB).delete(copy["id"])
    assert graph.view(BOB) == []
    assert graph.read(ANN, made["id"])["isCancelled"] is False
    assert graph.box.mails(since=sent) == []


def test_somebody_uninvited_and_invited_again_gets_the_meeting_back(graph: GraphCaller) -> None:
    made = graph.create(ANN, attendees=guests(BOB))
    graph.patch(ANN, made["id"], attendees=[])
    assert copy_of(graph, BOB, made)["isCancelled"] is True
    graph.patch(ANN, made["id"], attendees=guests(BOB))
    copy = copy_of(graph, BOB, made)
    assert (copy["isCancelled"], copy["subject"]) == (False, "Visit")


@pytest.mark.parametrize(
    ("verb", "response"),
    [("accept", "accepted"), ("tentativelyAccept", "tentativelyAccepted"), ("decline", "declined")],
)
@pytest.mark.parametrize("send", [True, False])
def test_answers(graph: GraphCaller, verb: str, response: str, send: bool) -> None:
    made = graph.create(ANN, attendees=guests(BOB))
    etag, sent = made["@odata.etag"], graph.box.mails()[-1]["n"]
    graph.box.as_user(BOB).respond(copy_of(graph, BOB, made)["id"], verb, send=send)

    assert copy_of(graph, BOB, made)["responseStatus"]["response"] == response
    organisers = graph.read(ANN, made["id"])
    assert organisers["attendees"][0]["status"]["response"] == (response if send else "none")
    assert (organisers["@odata.etag"] != etag) is send
    assert [(m["kind"], m["from"], m["to"]) for m in graph.box.mails(since=sent)] == [("response", BOB, ANN)] * send


def test_an_organiser_has_nothing_to_answer_and_a_proposal_needs_a_mail(graph: GraphCaller) -> None:
    made = graph.create(ANN, attendees=guests(BOB))
    assert graph.ask("POST", f"/users/{ANN}/events/{made['id']}/accept", {}).status_code == 400
    proposal = {"proposedNewTime": {"start": at("2026-11-25"), "end": at("2026-11-25", 11)}}
    path = f"/users/{BOB}/events/{copy_of(graph, BOB, made)['id']}/decline"
    assert graph.ask("POST", path, proposal | {"sendResponse": False}).status_code == 400
    assert graph.ask("POST", path, proposal | {"sendResponse": True}).status_code == 202
    shown = graph.read(ANN, made["id"])["attendees"][0]["proposedNewTime"]
    assert shown["start"] == {"dateTime": "2026-11-25T10:00:00.0000000", "timeZone": "UTC"}


def test_a_declined_event_leaves_the_calendar_where_that_is_the_rule(graph: GraphCaller) -> None:
    graph.box.set_microsoft(declined_disappear=True)
    made = graph.create(ANN, attendees=guests(BOB))
    graph.box.as_user(BOB).respond(copy_of(graph, BOB, made)["id"], "decline")
    assert graph.view(BOB) == []


def test_a_draft_tells_nobody_until_it_is_sent(graph: GraphCaller) -> None:
    made = graph.create(ANN, attendees=guests(BOB), isDraft=True)
    assert mails(graph) == []
    assert graph.view(BOB) == []
    graph.patch(ANN, made["id"], isDraft=False)
    assert mails(graph) == [("invitation", BOB)]


def test_a_users_own_event_becomes_a_meeting_when_it_gets_guests(graph: GraphCaller) -> None:
    made = graph.create(BOB)
    graph.box.as_user(BOB).invite(made["id"], CARL)
    assert mails(graph) == [("invitation", CARL)]
    assert copy_of(graph, CARL, made)["organizer"]["emailAddress"]["address"] == BOB


@pytest.mark.parametrize(("state", "delivered"), [("ok", 1), ("forbidden", 1), ("none", 0), ("deleted", 0)])
def test_copies_go_only_where_there_is_a_mailbox(graph: GraphCaller, state: str, delivered: int) -> None:
    graph.box.set_mailbox(BOB, state)
    graph.create(ANN, attendees=guests(BOB))
    assert mails(graph) == [("invitation", BOB)]
    assert len(graph.box.state()["outlook"]["mailboxes"][BOB]["events"]) == delivered


def test_a_seed_plants_meetings_silently_those_of_outsiders_too(box: Sandbox) -> None:
    answered = guests(BOB)[0] | {"status": {"response": "accepted", "time": "2026-11-01T08:00:00Z"}}
    outsider = {"emailAddress": {"name": "Dora", "address": OUTSIDER}}
    box.reset(
        {
            "mailboxes": [{"address": ANN}, {"address": BOB}],
            "outlook_events": [
                event(mailbox=ANN, attendees=[answered], created="2026-10-01T08:00:00Z"),
                event("Theirs", mailbox=BOB, organizer=outsider, attendees=guests(BOB)),
            ],
        }
    )
    graph = GraphCaller(box)
    assert (box.mails(), box.writes()) == ([], [])
    visit, theirs = sorted(graph.view(BOB), key=lambda one: one["subject"], reverse=True)
    assert (visit["isOrganizer"], visit["responseStatus"]["response"]) == (False, "accepted")
    assert visit["createdDateTime"].startswith("2026-10-01T08:00:00")
    assert (theirs["isOrganizer"], theirs["organizer"]) == (False, outsider)
    graph.patch(BOB, theirs["id"], subject="Changed here only")
    assert box.mails() == []


def test_the_state_shows_both_ids_marks_and_what_was_deleted(graph: GraphCaller) -> None:
    mark = {"id": "String {0} Name mark", "value": "1"}
    made = graph.create(ANN, singleValueExtendedProperties=[mark])
    graph.delete(ANN, made["id"])
    [shown] = graph.box.state()["outlook"]["mailboxes"][ANN]["events"]
    assert (shown["id"], shown["deleted"], shown["singleValueExtendedProperties"]) == (made["id"], True, [mark])
    assert shown["ordinaryId"] != shown["id"]


def test_a_change_of_people_alone_leaves_the_other_copies_as_they_are(graph: GraphCaller) -> None:
    made = graph.create(ANN, attendees=guests(BOB))
    before = copy_of(graph, BOB, made)
    graph.patch(ANN, made["id"], attendees=guests(BOB, CARL), categories=["Red"])
    assert copy_of(graph, BOB, made) == before
    assert len(copy_of(graph, CARL, made)["attendees"]) == 2


def test_a_meeting_that_its_guest_deleted_comes_back_with_the_next_update(graph: GraphCaller) -> None:
    made = graph.create(ANN, attendees=guests(BOB))
    first = copy_of(graph, BOB, made)["id"]
    graph.box.as_user(BOB).delete(first)
    graph.patch(ANN, made["id"], categories=["Red"])
    assert graph.view(BOB) == []
    graph.patch(ANN, made["id"], subject="Please come")
    again = copy_of(graph, BOB, made)
    assert (again["subject"], again["responseStatus"]["response"]) == ("Please come", "notResponded")
    assert again["id"] != first
