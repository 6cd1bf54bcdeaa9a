"""The client against the sandbox's Microsoft 365: what a run relies on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from clients.graph_support import Naps, sandbox_settings

from calsync.core.model import Event, Mark, Side, Time
from calsync.core.plan import Action, Guest, Request, Verb
from calsync.errors import (
    AnswerLost,
    AuthFailed,
    CursorExpired,
    Forbidden,
    MailboxAway,
    NotFound,
    Refused,
    Stale,
    Throttled,
    Unavailable,
)
from calsync.graph import read, write
from calsync.graph.client import GraphClient
from calsync.graph.delta import Round, read_delta
from calsync.graph.event import bare, inherit, outlook_row
from calsync.graph.people import with_people
from calsync.graph.request import outlook_request
from sandbox.client import Sandbox
from sandbox.server import Server

T = TypeVar("T")
Ask = Callable[[Callable[[GraphClient], Awaitable[T]]], T]

ANN, BOB, CAT = (f"{name}@contoso.example" for name in ("ann", "bob", "cat"))
IDS = {address: f"00000000-0000-4000-8000-00000000000{n}" for n, address in enumerate((ANN, BOB, CAT))}
TODAY = datetime(2026, 3, 2, tzinfo=UTC)
WINDOW = (TODAY - timedelta(days=30), TODAY + timedelta(days=60))
NOON = ("2026-03-02T12:00:00", "2026-03-02T13:00:00")


@pytest.fixture
def team(box: Sandbox) -> Sandbox:
    """Three mailboxes on a Monday in March."""
    box.reset({"mailboxes": [{"address": address, "id": id_} for address, id_ in IDS.items()]})
    box.set_clock(now=TODAY)
    return box


@pytest.fixture
def ask(server: Server) -> Ask[Any]:
    """Run something with a client; pauses are not slept."""

    def run(what: Callable[[GraphClient], Awaitable[T]]) -> T:
        async def inside() -> T:
            async with GraphClient(sandbox_settings(server), sleep=Naps()) as client:
                return await what(client)

        return asyncio.run(inside())

    return run


def creation(mailbox: str = ANN, link: str = "l1", generation: int = 1, **more: Any) -> Request:
    box = IDS[mailbox]
    given: dict[str, Any] = {
        "event": Event("Lunch", Time(TODAY + timedelta(hours=12), TODAY + timedelta(hours=13))),
        "mark": Mark("inst", "tenant", f"crm-{link}", box, generation),
    }
    return outlook_request(Action("a1", link, Verb.CREATE, Side.OUTLOOK, "E2", "because", box, **(given | more)))


def change(verb: Verb, target: str, expect: str = "", **more: Any) -> Request:
    """An update or a delete of one of Ann's events."""
    given = Action("a2", "l1", verb, Side.OUTLOOK, "C5", "because", IDS[ANN], target, expect=expect, **more)
    return outlook_request(given)


RENAMED = {"event": Event("Dinner", Time(*WINDOW)), "fields": ("title",)}


async def rounds(client: GraphClient, cursors: dict[str, str | None], max_page: int = 200) -> dict[str, Round]:
    return {found.mailbox: found async for found in read_delta(client, cursors, WINDOW, max_page)}


def events(box: Sandbox, mailbox: str = ANN) -> list[dict[str, Any]]:
    found = box.state()["outlook"]["mailboxes"][mailbox]["events"]
    return [event for event in found if not event.get("deleted")]


def test_a_quiet_round_of_45_mailboxes_is_three_calls(server: Server, box: Sandbox, ask: Ask[Any]) -> None:
    box.reset({"size": {"mailboxes": 45, "events_each": 3}})

    async def twice(client: GraphClient) -> tuple[int, dict[str, Round], dict[str, Round]]:
        now = datetime.now(UTC)
        window = (now - timedelta(days=30), now + timedelta(days=90))
        cursors: dict[str, str | None] = dict.fromkeys(user["id"] for user in await read.users(client))
        first = {found.mailbox: found async for found in read_delta(client, cursors, window)}
        before = client.calls
        links: dict[str, str | None] = {mailbox: found.link for mailbox, found in first.items()}
        second = {found.mailbox: found async for found in read_delta(client, links, window)}
        return client.calls - before, first, second

    calls, first, second = ask(twice)
    assert calls == 3
    assert {len(found.items) for found in first.values()} == {3}
    assert all(found.full for found in first.values())
    assert len(second) == 45
    assert not any(found.items or found.removed or found.error or found.full for found in second.values())


def test_a_round_over_pages_and_what_changed_since(team: Sandbox, ask: Ask[Any]) -> None:
    ann = team.as_user(ANN)
    made = [ann.create(f"e{n}", *NOON)["id"] for n in range(5)]
    team.set_microsoft(empty_first_page=True)
    first = ask(lambda client: rounds(client, {IDS[ANN]: None}, 2))[IDS[ANN]]
    assert first.error is None
    assert {item["id"] for item in first.items} == set(made)

    ann.rename(made[0], "new")
    ann.delete(made[1])
    second = ask(lambda client: rounds(client, {IDS[ANN]: first.link}))[IDS[ANN]]
    assert [(item["id"], item["subject"]) for item in second.items] == [(made[0], "new")]
    assert second.removed == (made[1],)
    assert second.link != first.link


def test_one_mailboxs_trouble_is_its_own(team: Sandbox, ask: Ask[Any]) -> None:
    team.as_user(CAT).create("e", *NOON)
    team.set_mailbox(ANN, "forbidden")
    team.set_mailbox(BOB, "none")
    found = ask(lambda client: rounds(client, dict.fromkeys(IDS.values())))
    assert type(found[IDS[ANN]].error) is Forbidden
    assert type(found[IDS[BOB]].error) is MailboxAway
    assert found[IDS[CAT]].error is None
    assert len(found[IDS[CAT]].items) == 1


def test_a_dead_token_and_a_link_to_elsewhere_ask_for_a_new_reading(team: Sandbox, ask: Ask[Any]) -> None:
    links = {box: found.link for box, found in ask(lambda c: rounds(c, dict.fromkeys(IDS.values()))).items()}
    team.fault("graph", {"expire_delta": True}, mailbox=ANN)
    links[IDS[BOB]] = links[IDS[BOB]].replace("127.0.0.1", "evil.test")
    found = ask(lambda client: rounds(client, links))
    assert type(found[IDS[ANN]].error) is CursorExpired
    assert type(found[IDS[BOB]].error) is CursorExpired
    assert found[IDS[CAT]].error is None


def test_a_window_that_is_too_large_is_told_at_once(team: Sandbox, ask: Ask[Any]) -> None:
    team.fault("graph", {"status": 504}, path="delta", mailbox=ANN)
    error = ask(lambda client: rounds(client, {IDS[ANN]: None}))[IDS[ANN]].error
    assert isinstance(error, Unavailable)
    assert error.remote.status == 504
    assert sum("parts" in entry for entry in team.requests()) == 1


def test_a_throttled_part_goes_again_alone(team: Sandbox, ask: Ask[Any]) -> None:
    throttled = {"status": 429, "code": "ApplicationThrottled", "retry_after": 0.25}
    team.fault("graph", throttled, path="delta", mailbox=BOB, times=1)
    found = ask(lambda client: rounds(client, dict.fromkeys(IDS.values())))
    assert not any(one.error for one in found.values())
    assert [len(entry["parts"]) for entry in team.requests() if "parts" in entry] == [3, 1]


def test_a_view_is_complete_with_marks_and_without_bodies(team: Sandbox, ask: Ask[Any]) -> None:
    async def act(client: GraphClient) -> list[dict[str, Any]]:
        await write.send_all(client, [creation(link=f"l{n}") for n in range(7)])
        return await read.calendar_view(client, IDS[ANN], *WINDOW)

    team.as_user(ANN).create("by hand", *NOON)
    found = ask(act)
    rows = [outlook_row(IDS[ANN], raw, marked=True) for raw in found]
    assert sorted(row.mark.crm_id for row in rows if row.mark) == [f"crm-l{n}" for n in range(7)]
    assert [row.event.title for row in rows if row.mark is None] == ["by hand"]
    assert all(row.modified for row in rows)
    assert not any("body" in raw or row.problem for raw, row in zip(found, rows, strict=True))


def test_occurrences_come_with_their_original_dates(team: Sandbox, ask: Ask[Any]) -> None:
    pattern = {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]}
    span = {"type": "numbered", "startDate": "2026-03-02", "numberOfOccurrences": 3}
    master = team.as_user(ANN).create("Weekly", *NOON, recurrence={"pattern": pattern, "range": span})["id"]
    found = ask(lambda client: read.instances(client, IDS[ANN], master, *WINDOW))
    rows = [outlook_row(IDS[ANN], raw) for raw in found]
    assert [row.original.day for row in rows if row.original] == [2, 9, 16]
    assert {row.master for row in rows} == {master}


def test_bare_occurrences_of_a_round_are_completed_by_their_master(team: Sandbox, ask: Ask[Any]) -> None:
    pattern = {"type": "daily", "interval": 1}
    span = {"type": "numbered", "startDate": "2026-03-02", "numberOfOccurrences": 4}
    recurrence = {"pattern": pattern, "range": span}
    team.as_user(ANN).create("Daily", *NOON, recurrence=recurrence, sensitivity="private")
    items = ask(lambda client: rounds(client, {IDS[ANN]: None}))[IDS[ANN]].items
    assert sum(bare(item) for item in items) == 4
    rows = [outlook_row(IDS[ANN], item) for item in inherit(items)]
    assert [(row.event.title, row.event.private, row.problem) for row in rows] == [("Daily", True, "")] * 5
    assert sorted(row.original.day for row in rows if row.original) == [2, 3, 4, 5]


@pytest.mark.parametrize("skip", [0, 1, 2])
def test_an_event_that_comes_on_two_pages_counts_once(team: Sandbox, ask: Ask[Any], skip: int) -> None:
    made = {team.as_user(ANN).create(f"e{n}", *NOON)["id"] for n in range(6)}
    team.fault("graph", {"duplicate_page": True}, path="calendarView", skip=skip, times=1)
    found = ask(lambda client: rounds(client, {IDS[ANN]: None}, 2))[IDS[ANN]]
    assert sorted(item["id"] for item in found.items) == sorted(made)
    assert found.error is None


def test_a_view_that_repeats_a_page_lists_each_event_once(team: Sandbox, ask: Ask[Any]) -> None:
    made = {team.as_user(ANN).create(f"e{n}", *NOON)["id"] for n in range(6)}
    team.fault("graph", {"duplicate_page": True}, path="calendarView", times=1)
    listed = ask(lambda client: read.calendar_view(client, IDS[ANN], *WINDOW))
    assert sorted(raw["id"] for raw in listed) == sorted(made)


def test_a_round_that_does_not_end_is_given_up(team: Sandbox, ask: Ask[Any]) -> None:
    team.as_user(ANN).create("e", *NOON)
    team.fault("graph", {"duplicate_page": True}, path="calendarView")
    found = ask(lambda client: rounds(client, {IDS[ANN]: None}))[IDS[ANN]]
    assert type(found.error) is Unavailable
    assert found.items == ()


def test_many_writes_to_one_mailbox_are_never_throttled(team: Sandbox, ask: Ask[Any]) -> None:
    team.set_limits(mailbox_concurrency=3, batch_parallel=20)
    made = ask(lambda client: write.send_all(client, [creation(link=f"l{n}") for n in range(40)]))
    assert [event["transactionId"] for event in made] == [
        creation(link=f"l{n}").body["transactionId"] for n in range(40)
    ]
    parts = [part for entry in team.requests() for part in entry.get("parts", [])]
    assert [part["status"] for part in parts] == [201] * 40


def test_no_token_is_no_mailboxs_trouble(server: Server, team: Sandbox) -> None:
    async def act() -> None:
        async with GraphClient(sandbox_settings(server, client_secret="other"), sleep=Naps()) as client:
            await rounds(client, dict.fromkeys(IDS.values()))

    with pytest.raises(AuthFailed, match="not its id"):
        asyncio.run(act())


def test_events_by_id_each_with_its_own_answer(team: Sandbox, ask: Ask[Any]) -> None:
    kept, gone = (team.as_user(ANN).create(title, *NOON)["id"] for title in ("kept", "gone"))
    team.as_user(ANN).delete(gone)
    team.set_mailbox(BOB, "none")
    wanted = [(IDS[ANN], gone), (IDS[BOB], kept), (IDS[ANN], kept)]
    first, second, third = ask(lambda client: read.get_events(client, wanted))
    assert type(first) is NotFound
    assert type(second) is MailboxAway
    assert third["subject"] == "kept"


def test_repeating_a_create_gives_the_same_event_and_no_second_invitation(team: Sandbox, ask: Ask[Any]) -> None:
    request = creation(invite=(Guest(BOB),))
    team.fault("graph", {"lose_answer": True}, method="POST", path="events", times=1)
    made = ask(lambda client: write.send(client, request))
    again = ask(lambda client: write.send(client, request))
    assert [event["id"] for event in events(team)] == [made["id"]] == [again["id"]]
    assert [mail["to"] for mail in team.mails()] == [BOB]


@pytest.mark.parametrize("status", [400, 409])
def test_a_create_done_before_and_changed_since_is_found_by_its_mark(team: Sandbox, ask: Ask[Any], status: int) -> None:
    team.set_microsoft(duplicate_transaction_status=status)
    made = ask(lambda client: write.send(client, creation()))
    team.as_user(ANN).rename(made["id"], "Dinner")
    found = ask(lambda client: write.send(client, creation()))
    assert (found["id"], found["subject"]) == (made["id"], "Dinner")

    team.as_user(ANN).delete(made["id"])
    with pytest.raises(NotFound, match="not in the calendar any more"):
        ask(lambda client: write.send(client, creation()))
    assert ask(lambda client: write.send(client, creation(generation=2)))["id"] != made["id"]


def test_marks_are_found_again(team: Sandbox, ask: Ask[Any]) -> None:
    made = ask(lambda client: write.send(client, creation()))
    mark = Mark("inst", "tenant", "crm-l1", IDS[ANN], 1)
    (found,) = ask(lambda client: read.find_by_mark(client, IDS[ANN], mark))
    assert found["id"] == made["id"]
    assert outlook_row(IDS[ANN], found, marked=True).mark == mark
    assert ask(lambda client: read.find_by_mark(client, IDS[ANN], mark._replace(generation=2))) == []


def test_an_update_of_what_has_moved_on_writes_nothing(team: Sandbox, ask: Ask[Any]) -> None:
    made = ask(lambda client: write.send(client, creation()))
    team.as_user(ANN).rename(made["id"], "Brunch")
    for verb in (Verb.UPDATE, Verb.DELETE):
        late = change(verb, made["id"], expect=made["@odata.etag"], **RENAMED)
        with pytest.raises(Stale):
            ask(lambda client, late=late: write.send(client, late))
    assert [event["subject"] for event in events(team)] == ["Brunch"]


def test_an_update_and_a_delete_in_time_are_done(team: Sandbox, ask: Ask[Any]) -> None:
    made = ask(lambda client: write.send(client, creation()))
    update = change(Verb.UPDATE, made["id"], expect=made["@odata.etag"], **RENAMED)
    changed = ask(lambda client: write.send(client, update))
    assert (changed["subject"], changed["start"]) == ("Dinner", made["start"])
    delete = change(Verb.DELETE, made["id"], expect=changed["@odata.etag"])
    assert ask(lambda client: write.send(client, delete)) is None
    assert events(team) == []


def test_deleting_what_is_gone_is_done(team: Sandbox, ask: Ask[Any]) -> None:
    gone = team.as_user(ANN).create("e", *NOON)["id"]
    team.as_user(ANN).delete(gone)
    assert ask(lambda client: write.send(client, change(Verb.DELETE, gone))) is None


@pytest.mark.parametrize("cancelled", [True, False])
def test_a_delete_that_is_forbidden_is_done_if_the_event_is_cancelled(
    team: Sandbox, ask: Ask[Any], cancelled: bool
) -> None:
    guests = [{"type": "required", "emailAddress": {"address": ANN}}]
    host = team.as_user(BOB).create("e", *NOON, attendees=guests)["id"]
    if cancelled:
        team.as_user(BOB).cancel(host)
    (copy,) = events(team)
    team.fault("graph", {"status": 403, "code": "ErrorAccessDenied"}, method="DELETE")
    (result,) = ask(lambda client: write.send_all(client, [change(Verb.DELETE, copy["id"])]))
    assert (result == write.NOTHING_LEFT) is cancelled
    assert cancelled or type(result) is Forbidden


def test_a_lost_answer_to_an_update_stays_unknown(team: Sandbox, ask: Ask[Any]) -> None:
    made = ask(lambda client: write.send(client, creation()))
    team.fault("graph", {"lose_answer": True}, method="PATCH", times=1)
    with pytest.raises(AnswerLost):
        ask(lambda client: write.send(client, change(Verb.UPDATE, made["id"], **RENAMED)))
    assert [event["subject"] for event in events(team)] == ["Dinner"]


def test_guests_are_changed_one_by_one(team: Sandbox, ask: Ask[Any]) -> None:
    guests = (Guest(BOB), Guest("eve@client.example", "Eve"))
    made = ask(lambda client: write.send(client, creation(invite=guests)))
    since = team.mails()[-1]["n"]

    async def act(client: GraphClient) -> dict[str, Any]:
        (raw,) = await read.get_events(client, [(IDS[ANN], made["id"])])
        assert isinstance(raw, dict)
        request = change(Verb.UPDATE, made["id"], event=RENAMED["event"], invite=(Guest(CAT),), uninvite=(BOB,))
        completed = with_people(request, raw, [Guest(CAT)], [BOB])
        assert request.read_first
        assert completed is not None
        return await write.send(client, completed) or {}

    row = outlook_row(IDS[ANN], ask(act))
    assert row.event.guests == {ANN, CAT, "eve@client.example"}
    mails = {(mail["kind"], mail["to"]) for mail in team.mails(since)}
    assert mails == {("invitation", CAT), ("cancellation", BOB)}


def test_a_page_that_leads_elsewhere_is_not_followed(team: Sandbox, ask: Ask[Any]) -> None:
    body = {"value": [], "@odata.nextLink": "https://evil.test/v1.0/users?$skiptoken=x"}
    team.fault("graph", {"status": 200, "body": body}, method="GET")
    with pytest.raises(Refused, match="not followed"):
        ask(read.users)
    found = ask(lambda client: rounds(client, {IDS[ANN]: None}))[IDS[ANN]]
    assert type(found.error) is Refused
    assert (found.items, found.link) == ((), "")


def test_graphs_clock_and_throttling_of_a_single_call(team: Sandbox, ask: Ask[Any]) -> None:
    async def skew(client: GraphClient) -> timedelta | None:
        await read.users(client)
        return client.skew

    team.set_clock(now=datetime.now(UTC) + timedelta(hours=1))
    seen = ask(skew)
    assert timedelta(minutes=59) < seen < timedelta(minutes=61)
    team.fault("graph", {"status": 429, "retry_after": 900})
    with pytest.raises(Throttled) as caught:
        ask(read.users)
    assert caught.value.retry_after == 900
