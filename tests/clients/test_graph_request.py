"""An Action becomes the exact request to Graph, and a list of guests is changed by single people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from calsync.core.model import Event, Mark, Side, Time
from calsync.core.plan import Action, Guest, Verb
from calsync.graph import marks
from calsync.graph.people import people_patch, with_people
from calsync.graph.request import outlook_request, transaction_id

TIMED = Time(datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 13, tzinfo=UTC), "Asia/Shanghai")
DAYS = Time(date(2026, 3, 1), date(2026, 3, 3))
MARK = Mark("inst", "tenant", "crm1", "box", 3)


def action(verb: Verb, **more: Any) -> Action:
    given: dict[str, Any] = {
        "id": "a1",
        "link": "l1",
        "verb": verb,
        "side": Side.OUTLOOK,
        "rule": "C5",
        "reason": "because",
        "mailbox": "box",
        "event": Event("Lunch", TIMED),
    }
    return Action(**(given | more))


def test_a_create_carries_the_mark_and_a_transaction_id() -> None:
    request = outlook_request(action(Verb.CREATE, mark=MARK))
    assert (request.method, request.path, request.headers, request.read_first) == (
        "POST",
        "/users/box/events",
        {},
        False,
    )
    assert request.body == {
        "subject": "Lunch",
        "start": {"dateTime": "2026-03-01T12:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-03-01T13:00:00", "timeZone": "UTC"},
        "isAllDay": False,
        "sensitivity": "normal",
        "transactionId": transaction_id("l1", "box", 3),
        "singleValueExtendedProperties": [{"id": marks.MARK_ID, "value": marks.encode(MARK)}],
    }


def test_a_create_with_everything() -> None:
    given = action(
        Verb.CREATE,
        mark=MARK,
        event=Event("Fair", DAYS, private=True),
        zone="Asia/Shanghai",
        body="Attendees: Ann",
        invite=(Guest("ann@contoso.example", "Ann"), Guest("bob@client.example")),
        reminder=False,
    )
    body = outlook_request(given).body
    assert body["start"] == {"dateTime": "2026-03-01T00:00:00", "timeZone": "China Standard Time"}
    assert body["end"] == {"dateTime": "2026-03-03T00:00:00", "timeZone": "China Standard Time"}
    assert (body["isAllDay"], body["sensitivity"], body["isReminderOn"]) == (True, "private", False)
    assert body["body"] == {"contentType": "text", "content": "Attendees: Ann"}
    assert body["attendees"] == [
        {"type": "required", "emailAddress": {"address": "ann@contoso.example", "name": "Ann"}},
        {"type": "required", "emailAddress": {"address": "bob@client.example"}},
    ]


def test_transaction_ids_tell_creations_apart_and_repetitions_not() -> None:
    made = [transaction_id(*key) for key in [("l1", "b1", 1), ("l2", "b1", 1), ("l1", "b2", 1), ("l1", "b1", 2)]]
    assert len(set(made)) == 4
    assert transaction_id("l1", "b1", 1) == made[0] == "0fe96c3e-3c3a-5d7f-b0b9-95b8d1107e30"


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        (("title",), {"subject"}),
        (("time",), {"start", "end", "isAllDay"}),
        (("private",), {"sensitivity"}),
        (("title", "private"), {"subject", "sensitivity"}),
        (("attendees",), set()),
    ],
)
def test_an_update_carries_the_changed_fields_alone(fields: tuple[str, ...], names: set[str]) -> None:
    request = outlook_request(action(Verb.UPDATE, target_id="AA/b=", fields=fields, expect='W/"1"'))
    assert (request.method, request.path) == ("PATCH", "/users/box/events/AA%2Fb%3D")
    assert request.headers == {"If-Match": 'W/"1"'}
    assert set(request.body) == names


def test_an_update_of_people_reads_the_list_first() -> None:
    for change in ({"invite": (Guest("ann@contoso.example"),)}, {"uninvite": ("ann@contoso.example",)}):
        request = outlook_request(action(Verb.UPDATE, target_id="e", fields=("attendees",), **change))
        assert request.read_first
        assert "attendees" not in request.body


def test_a_copys_body_is_rewritten_with_another_change() -> None:
    request = outlook_request(action(Verb.UPDATE, target_id="e", fields=("title",), body="Attendees: Ann"))
    assert request.body == {"subject": "Lunch", "body": {"contentType": "text", "content": "Attendees: Ann"}}


def test_a_delete_is_conditional() -> None:
    request = outlook_request(action(Verb.DELETE, target_id="e", event=None, expect='W/"1"'))
    assert (request.method, request.path, request.headers, request.body) == (
        "DELETE",
        "/users/box/events/e",
        {"If-Match": 'W/"1"'},
        {},
    )


@pytest.mark.parametrize(
    "wrong",
    [
        action(Verb.LINK),
        replace(action(Verb.CREATE, mark=MARK), side=Side.CRM),
        action(Verb.CREATE),
        action(Verb.CREATE, mark=MARK, event=None),
        action(Verb.UPDATE, target_id="e", event=None),
    ],
)
def test_what_is_no_request_is_refused(wrong: Action) -> None:
    with pytest.raises(ValueError, match="Action a1"):
        outlook_request(wrong)


def attendee(address: str, **more: Any) -> dict[str, Any]:
    return {"type": "required", "emailAddress": {"address": address, "name": "N"}, **more}


RAW = {
    "organizer": {"emailAddress": {"address": "Boss@contoso.example"}},
    "attendees": [
        attendee("Ann@contoso.example", status={"response": "accepted"}),
        attendee("room@contoso.example", type="Resource"),
        {"type": "optional", "emailAddress": {"address": None, "name": "Somebody"}},
    ],
}
STAYING = [
    {"type": "Resource", "emailAddress": {"address": "room@contoso.example", "name": "N"}},
    {"type": "optional", "emailAddress": {"address": None, "name": "Somebody"}},
]
ANN = {"type": "required", "emailAddress": {"address": "Ann@contoso.example", "name": "N"}}
BOB = {"type": "required", "emailAddress": {"address": "bob@client.example", "name": "Bob"}}


@pytest.mark.parametrize(
    ("invite", "uninvite", "expected"),
    [
        ([Guest("bob@client.example", "Bob")], [], [ANN, *STAYING, BOB]),
        ([], ["ANN@contoso.example"], STAYING),
        ([Guest("bob@client.example", "Bob")], ["ann@contoso.example"], [*STAYING, BOB]),
        ([Guest("bob@client.example", "Bob"), Guest("BOB@client.example")], [], [ANN, *STAYING, BOB]),
        ([Guest("ann@CONTOSO.example"), Guest("boss@contoso.example")], ["gone@contoso.example"], None),
        ([], [], None),
    ],
)
def test_single_people_come_and_go_and_everybody_else_stays(
    invite: list[Guest], uninvite: list[str], expected: list[dict[str, Any]] | None
) -> None:
    assert people_patch(RAW, invite, uninvite) == expected


def test_the_first_guest_of_an_event_without_a_list() -> None:
    assert people_patch({"attendees": None}, [Guest("bob@client.example", "Bob")], []) == [BOB]


def test_an_update_of_people_is_completed_from_what_was_read() -> None:
    raw = {**RAW, "@odata.etag": 'W/"9"'}
    unbound = outlook_request(action(Verb.UPDATE, target_id="e", invite=(Guest("bob@client.example", "Bob"),)))
    request = with_people(unbound, raw, [Guest("bob@client.example", "Bob")], [])
    assert request is not None
    assert (request.body, request.headers) == ({"attendees": [ANN, *STAYING, BOB]}, {"If-Match": 'W/"9"'})
    assert not request.read_first

    bound = replace(unbound, headers={"If-Match": 'W/"8"'}, body={"subject": "x"})
    assert with_people(bound, raw, [], []) == replace(bound, read_first=False)
    assert with_people(unbound, raw, [Guest("ann@contoso.example")], []) is None
