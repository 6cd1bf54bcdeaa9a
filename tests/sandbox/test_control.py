"""The control interface, as DESIGN's contract and the README have it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from sandbox.client import Sandbox

SEED: dict[str, Any] = {
    "employees": [
        {"id": "1000", "name": "Ann", "email": "ann@contoso.example"},
        {"id": 1001, "name": "Bob", "email": "bob@contoso.example", "stopped": True},
    ],
    "accounts": [{"id": "acc-1", "name": "Northwind"}],
    "contacts": [{"id": "con-1", "name": "Carla", "email": "carla@northwind.example", "account_id": "acc-1"}],
    "mailboxes": [{"address": "ann@contoso.example", "name": "Ann"}, {"address": "eve@contoso.example"}],
    "crm_events": [
        {
            "id": "sch-1",
            "content": "Visit",
            "start": "2026-03-02T09:00:00+08:00",
            "end": "2026-03-02T10:00:00+08:00",
            "owner": "1000",
            "contacts": ["con-1"],
            "calendar": "Sales calendar",
            "created": "2026-02-01T00:00:00Z",
        },
        {
            "id": "sch-2",
            "content": "Fair",
            "start": "2026-03-03",
            "end": "2026-03-04",
            "all_day": True,
            "owner": "1000",
        },
    ],
    "outlook_events": [
        {
            "mailbox": "ann@contoso.example",
            "subject": "Lunch",
            "start": {"dateTime": "2026-03-02T12:00:00", "timeZone": "UTC"},
            "end": {"dateTime": "2026-03-02T13:00:00", "timeZone": "UTC"},
            "attendees": [{"type": "required", "emailAddress": {"address": "eve@contoso.example"}}],
        }
    ],
}


def events(box: Sandbox) -> dict[str, dict[str, Any]]:
    return {event["id"]: event for event in box.state()["sharecrm"]["events"]}


def test_what_is_seeded_is_what_the_state_shows(box: Sandbox) -> None:
    box.reset(SEED)
    crm = box.state()["sharecrm"]
    assert [(person["id"], person["stopped"]) for person in crm["employees"]] == [("1000", False), ("1001", True)]
    assert crm["contacts"][0]["account_id"] == "acc-1"
    visit, fair = crm["events"]
    assert (visit["start"], visit["end"]) == ("2026-03-02T01:00:00+00:00", "2026-03-02T02:00:00+00:00")
    assert (visit["attendees"], visit["contacts"], visit["calendar"]) == (["1000"], ["con-1"], "Sales calendar")
    assert (fair["start"], fair["end"], fair["all_day"]) == ("2026-03-03", "2026-03-04", True)
    assert (fair["calendar"], fair["deleted"]) == ("CRM Calendar", False)


def test_a_seeded_outlook_event_is_in_the_guests_mailbox_too_and_nobody_was_mailed(box: Sandbox) -> None:
    box.reset(SEED)
    mailboxes = box.state()["outlook"]["mailboxes"]
    for address, organises in (("ann@contoso.example", True), ("eve@contoso.example", False)):
        (event,) = mailboxes[address]["events"]
        assert (event["subject"], event["isOrganizer"], event["deleted"]) == ("Lunch", organises, False)
    assert (box.mails(), box.writes()) == ([], [])


def test_reset_forgets_everything_that_was_set(box: Sandbox) -> None:
    box.reset(SEED)
    box.set_clock(now=datetime(2020, 1, 1, tzinfo=UTC), skew_s={"crm": 60}, freeze=True)
    box.set_limits(latency_s=0.01)
    box.set_sharecrm(describe="modern")
    box.set_microsoft(replay=True, roles=[])
    box.fault("graph", {"status": 500})
    box.reset()
    assert box.state()["sharecrm"] == {"employees": [], "contacts": [], "accounts": [], "events": []}
    assert box.state()["outlook"] == {"mailboxes": {}}
    clock = box.clock()
    assert (clock["frozen"], clock["skew_s"]) == (False, {})
    assert datetime.fromisoformat(clock["now"]) - datetime.now(UTC) < timedelta(seconds=60)
    asked = [box.http.get(f"/_control/{path}").json() for path in ("limits", "sharecrm", "faults", "microsoft")]
    assert (asked[0]["latency_s"], asked[1]["describe"], asked[2], asked[3]["replay"]) == (0.0, "classic", [], False)
    assert asked[3]["roles"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"employes": []}, "employes"),
        ({"crm_events": [{**SEED["crm_events"][0], "owner": "77"}]}, "there is no employee 77"),
        ({"crm_events": [{**SEED["crm_events"][0], "contacts": ["con-9"]}]}, "there is no contact con-9"),
        ({"crm_events": [SEED["crm_events"][0]] * 2}, "sch-1 is given twice"),
        ({"crm_events": [{**SEED["crm_events"][0], "end": "2026-03-01T00:00:00Z"}]}, "ends before it starts"),
        ({"outlook_events": [{**SEED["outlook_events"][0], "mailbox": "x@y.example"}]}, "x@y.example"),
    ],
)
def test_a_seed_that_contradicts_itself_is_refused_with_the_reason(
    box: Sandbox, change: dict[str, Any], told: str
) -> None:
    with pytest.raises(httpx.HTTPStatusError, match=told):
        box.reset({**SEED, **change})
    assert box.state()["sharecrm"]["employees"] == []


def test_a_crowd_has_the_size_asked_for(box: Sandbox) -> None:
    box.reset({"size": {"mailboxes": 3, "events_each": 7}})
    state = box.state()
    assert [len(mailbox["events"]) for mailbox in state["outlook"]["mailboxes"].values()] == [7, 7, 7]
    addresses = {employee["email"] for employee in state["sharecrm"]["employees"]}
    assert addresses == set(state["outlook"]["mailboxes"])


def test_the_team_is_believable_and_awkward(box: Sandbox) -> None:
    box.reset({"team": "sales"})
    state = box.state()
    crm, mailboxes = state["sharecrm"], state["outlook"]["mailboxes"]
    emails = [person["email"] for person in crm["employees"]]
    assert [email for email in emails if email.lower() not in mailboxes] == [
        "sofia@contoso.example",
        "tom.wright@contoso.example",
    ]
    assert any(person["stopped"] for person in crm["employees"])
    assert "Raj.Patel@Contoso.example" in emails
    addresses = [contact["email"] for contact in crm["contacts"]]
    assert "" in addresses
    assert len(addresses) - len(set(addresses)) == 1
    assert {event["calendar"] for event in crm["events"]} == {"Sales calendar", "CRM Calendar"}
    assert any(len(event["content"]) > 255 for event in crm["events"])
    own = [event for mailbox in mailboxes.values() for event in mailbox["events"] if event["isOrganizer"]]
    assert len(crm["events"]) == 15
    assert len(own) == 14
    assert [event["subject"] for event in own if event["type"] == "seriesMaster"] == ["Sales meeting"]
    outsiders = [event for event in mailboxes["anna.berg@contoso.example"]["events"] if not event["isOrganizer"]]
    assert "Supplier day at Northwind" in {event["subject"] for event in outsiders}
    today = date.today()
    days = [date.fromisoformat(event["start"][:10]) for event in crm["events"]]
    assert today - timedelta(days=14) < min(days) < max(days) < today + timedelta(days=28)


def test_the_team_is_the_same_on_the_same_day(box: Sandbox) -> None:
    shown = []
    for hour in (1, 15):
        box.reset({"team": "sales", "clock": {"now": f"2026-03-04T{hour:02d}:00:00Z", "freeze": True}})
        shown.append([(event["id"], event["start"], event["content"]) for event in box.state()["sharecrm"]["events"]])
    assert shown[0] == shown[1]
    assert shown[0][1][1] == "2026-03-02T01:30:00+00:00"


def test_the_clock_can_be_set_moved_and_stopped(box: Sandbox) -> None:
    box.set_clock(now=datetime(2026, 3, 1, 8, tzinfo=UTC), freeze=True)
    box.set_clock(advance_s=90, skew_s={"crm": 5})
    clock = box.clock()
    assert clock["now"] == "2026-03-01T08:01:30+00:00"
    assert clock["systems"] == {
        "crm": "2026-03-01T08:01:35+00:00",
        "graph": "2026-03-01T08:01:30+00:00",
        "login": "2026-03-01T08:01:30+00:00",
    }
    box.set_clock(freeze=False)
    assert box.clock()["now"] > clock["now"]


def test_a_write_is_logged_with_actor_and_owner(box: Sandbox) -> None:
    box.reset(SEED)
    box.as_employee("1000").rename("sch-1", "Visit at Northwind")
    (write,) = box.writes()
    assert (write["system"], write["action"], write["kind"], write["id"]) == ("sharecrm", "update", "event", "sch-1")
    assert (write["actor"], write["owner"]) == ("user:1000", "1000")


def test_a_mail_names_kind_event_from_and_to(box: Sandbox) -> None:
    box.reset(SEED)
    ann = box.as_user("ann@contoso.example")
    event = ann.create("Plan", "2026-03-05T09:00:00", "2026-03-05T10:00:00")
    ann.invite(event["id"], "carla@northwind.example")
    (mail,) = box.mails()
    assert (mail["kind"], mail["event"]) == ("invitation", event["id"])
    assert (mail["from"], mail["to"]) == ("ann@contoso.example", "carla@northwind.example")


def test_a_log_can_be_read_from_a_number_or_a_time_on(box: Sandbox) -> None:
    box.reset(SEED)
    ann = box.as_employee("1000")
    ann.rename("sch-1", "a")
    box.set_clock(advance_s=60)
    since = box.clock()["now"]
    ann.rename("sch-1", "b")
    first, second = box.writes()
    assert box.writes(since=first["n"]) == [second]
    assert box.http.get("/_control/log/writes", params={"since": since}).json() == [second]


def test_mailbox_states_can_be_changed(box: Sandbox) -> None:
    box.reset(SEED)
    box.set_mailbox("Ann@contoso.example", "none")
    assert box.state()["outlook"]["mailboxes"]["ann@contoso.example"]["state"] == "none"
    with pytest.raises(httpx.HTTPStatusError, match="There is no mailbox"):
        box.set_mailbox("nobody@contoso.example", "ok")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {"advance": 5}),
        ("clock", {"now": "2026-03-01T08:00:00"}),
        ("limits", {"latency": 1}),
        ("faults", {"system": "graph", "path": "(", "effect": {"status": 500}}),
        ("faults", {"system": "graph", "effect": {"statsu": 500}}),
        ("sharecrm", {"describe": "antique"}),
        ("sharecrm", {"time_zone": "Mars/Olympus"}),
        ("mailbox/ann@contoso.example", {"state": "asleep"}),
    ],
)
def test_what_is_not_understood_is_refused(box: Sandbox, path: str, body: dict[str, Any]) -> None:
    box.reset(SEED)
    assert box.http.post(f"/_control/{path}", json=body).status_code == 422


def test_people_can_be_looked_at_on_a_page(box: Sandbox) -> None:
    box.reset(SEED)
    people = box.http.get("/")
    assert "Ann" in people.text
    assert 'href="/calendars/1000"' in people.text
    week = box.http.get("/calendars/1000", params={"week": "2026-03-04"}).text
    assert week.index("Visit") < week.index("Lunch") < week.index("Fair")
    assert "20:00 – 21:00" in week
    assert box.http.get("/calendars/nobody").status_code == 404


def test_a_page_shows_titles_as_text(box: Sandbox) -> None:
    box.reset(SEED)
    box.as_employee("1000").rename("sch-1", "<script>alert(1)</script>")
    week = box.http.get("/calendars/1000", params={"week": "2026-03-04"}).text
    assert "<script>" not in week
    assert "&lt;script&gt;" in week


def test_people_act_on_both_sides(box: Sandbox) -> None:
    box.reset(SEED)
    ann, employee = box.as_user("ann@contoso.example"), box.as_employee("1000")
    made = employee.create(
        "Call",
        datetime(2026, 3, 6, 9, tzinfo=UTC),
        datetime(2026, 3, 6, 10, tzinfo=UTC),
        participants=["1000"],
        private=True,
    )
    employee.move(made, datetime(2026, 3, 7, 9, tzinfo=UTC), datetime(2026, 3, 7, 10, tzinfo=UTC))
    assert events(box)[made]["start"] == "2026-03-07T09:00:00+00:00"
    assert events(box)[made]["private"] is True
    employee.cancel(made)
    assert events(box)[made]["life_status"] == "invalid"
    employee.recover(made)
    assert events(box)[made]["deleted"] is False
    event = ann.create("Plan", "2026-03-05T09:00:00", "2026-03-05T10:00:00")
    ann.move(event["id"], "2026-03-06T09:00:00", "2026-03-06T10:00:00")
    ann.rename(event["id"], "Better plan")
    assert ann.event(event["id"])["subject"] == "Better plan"
    ann.delete(event["id"])
    shown = {row["id"]: row for row in box.state()["outlook"]["mailboxes"]["ann@contoso.example"]["events"]}
    assert shown[event["id"]]["deleted"] is True
