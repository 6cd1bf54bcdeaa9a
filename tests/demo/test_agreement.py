"""The second opinion: it must see every kind of disagreement, and none where there is none."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from demo.agreement import differences
from demo.meetings import Rules

State = dict[str, Any]
RULES = Rules("Sales calendar", ZoneInfo("Asia/Shanghai"), date(2026, 11, 1), date(2026, 12, 31))
ANNA, RAJ, GRACE = "anna@contoso.example", "raj@contoso.example", "grace@customer.example"
LONG = "Framework agreement " * 20


def crm_event(key: str, content: str, **more: Any) -> dict[str, Any]:
    return {
        "id": key,
        "content": content,
        "start": "2026-11-23T01:00:00+00:00",
        "end": "2026-11-23T02:00:00+00:00",
        "all_day": False,
        "owner": "1",
        "attendees": ["1"],
        "contacts": [],
        "calendar": "Sales calendar",
        "private": False,
        "life_status": "normal",
        "deleted": False,
        **more,
    }


def _guest(address: str) -> State:
    return {"type": "required", "emailAddress": {"address": address}}


def outlook_event(key: str, subject: str, *, organiser: str = ANNA, guests: tuple[str, ...] = (), **more: Any) -> State:
    return {
        "id": key,
        "subject": subject,
        "start": {"dateTime": "2026-11-23T01:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-11-23T02:00:00.0000000", "timeZone": "UTC"},
        "isAllDay": False,
        "sensitivity": "normal",
        "attendees": [_guest(address) for address in guests],
        "organizer": {"emailAddress": {"address": organiser}},
        "isOrganizer": True,
        "isCancelled": False,
        "isDraft": False,
        "type": "singleInstance",
        "iCalUId": f"uid-{key}",
        "singleValueExtendedProperties": [],
        "deleted": False,
        **more,
    }


def recurring(kind: str = "weekly", zone: str = "China Standard Time") -> State:
    return {"pattern": {"type": kind}, "range": {"recurrenceTimeZone": zone}}


def series(key: str, subject: str, *dates: State, rule: State | None = None, **more: Any) -> State:
    """A master, which is no meeting itself (its own start is a removed date), with the dates it has."""
    shown = {"type": "seriesMaster", "recurrence": rule or recurring(), "occurrences": list(dates)}
    return outlook_event(key, subject, **shown, **more)


def one_date(day: int, subject: str, *, guests: tuple[str, ...] = (RAJ,), **more: Any) -> State:
    """One date of a series in November, as the state lists it; copies of it have the iCalUId in common."""
    times = {name: {"dateTime": f"2026-11-{day}T0{hour}:00:00", "timeZone": "UTC"} for name, hour in _HOURS.items()}
    shown = outlook_event(f"{subject}-{day}", subject, guests=guests, **times, **more)
    return {name: shown[name] for name in _OF_A_DATE}


_HOURS = {"start": 6, "end": 7}
_OF_A_DATE = (
    *("id", "subject", "start", "end", "isAllDay", "sensitivity", "isCancelled", "iCalUId", "attendees"),
    "singleValueExtendedProperties",
)


def november(day: int) -> State:
    """The times of a ShareCRM record that is the date of a series on that day."""
    return {name: f"2026-11-{day}T0{hour}:00:00+00:00" for name, hour in _HOURS.items()}


def user(key: str, address: str, *aliases: str, kind: str = "Member") -> dict[str, Any]:
    proxies = [f"SMTP:{address}", *(f"smtp:{alias}" for alias in aliases)]
    return {"id": key, "mail": address, "userPrincipalName": address, "userType": kind, "proxyAddresses": proxies}


USERS = [user("m1", ANNA), user("m2", "raj.patel@contoso.example", RAJ), user("m9", "guest@else.example", kind="Guest")]
MARK = [{"id": "mark", "value": "x"}]


def agreeing() -> State:
    """Two people: silent copies of a record, a meeting with a customer, an all-day event, a long title, series."""
    shared = {"attendees": ["1", "2"]}
    anna = [
        outlook_event("a1", "Offer", singleValueExtendedProperties=MARK),
        outlook_event("a2", "Call", guests=(GRACE, RAJ)),
        outlook_event("a3", LONG[:255].strip(), sensitivity="private"),
        outlook_event("a4", "Supplier day", organiser="boss@else.example", isOrganizer=False),
        series("a5", "Jour fixe", one_date(24, "Jour fixe, moved"), one_date(30, "Jour fixe"), guests=(RAJ,)),
        series("a6", "By the moon", one_date(26, "By the moon"), rule=recurring("lunar")),
        series("a7", "Somewhere", one_date(27, "Somewhere", guests=()), rule=recurring(zone="Customized Time Zone")),
    ]
    off = one_date(23, "Canceled: Jour fixe", isCancelled=True)
    raj = [
        outlook_event("r1", "Offer", organiser="raj.patel@contoso.example", singleValueExtendedProperties=MARK),
        outlook_event("r2", "Call", guests=(GRACE, RAJ), isOrganizer=False, iCalUId="uid-a2"),
        series("r5", "Jour fixe", off, *copy.deepcopy(anna[4]["occurrences"]), guests=(RAJ,), isOrganizer=False),
        outlook_event(
            "r3",
            "Fair",
            organiser="raj.patel@contoso.example",
            isAllDay=True,
            start={"dateTime": "2026-11-24T00:00:00.0000000", "timeZone": "UTC"},
            end={"dateTime": "2026-11-26T00:00:00.0000000", "timeZone": "UTC"},
        ),
    ]
    return {
        "sharecrm": {
            "employees": [
                {"id": "1", "email": "Anna@Contoso.example", "stopped": False},
                {"id": "2", "email": RAJ, "stopped": False},
                {"id": "3", "email": "nobody@contoso.example", "stopped": False},
            ],
            "contacts": [{"id": "c1", "email": GRACE, "deleted": False}, {"id": "c2", "email": "", "deleted": False}],
            "events": [
                crm_event("e1", "Offer", contacts=["c1"], **shared),
                crm_event("e2", "Call", contacts=["c1"], **shared),
                crm_event("e3", LONG, private=True),
                crm_event("e4", "Fair", all_day=True, start="2026-11-24", end="2026-11-25", attendees=["2", "3"]),
                crm_event("e5", "Not ours", calendar="CRM Calendar"),
                crm_event("e6", "Gone", deleted=True, life_status="invalid"),
                crm_event("e7", "Nobody connected", attendees=["3"]),
                crm_event("e10", "Jour fixe, moved", **shared, **november(24)),
                crm_event("e11", "Jour fixe", **shared, **november(30)),
                crm_event("e12", "Somewhere", **november(27)),
            ],
        },
        "outlook": {
            "mailboxes": {
                ANNA: {"id": "m1", "state": "ok", "events": anna},
                "raj.patel@contoso.example": {"id": "m2", "state": "ok", "events": raj},
            }
        },
    }


def test_sides_that_agree() -> None:
    assert differences(agreeing(), USERS, RULES) == []


def _crm(state: State, key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(event for event in state["sharecrm"]["events"] if event["id"] == key)
    return found


def _box(state: State, mailbox: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = state["outlook"]["mailboxes"][mailbox]["events"]
    return found


def _outlook(state: State, key: str) -> dict[str, Any]:
    boxes = state["outlook"]["mailboxes"].values()
    found: dict[str, Any] = next(event for box in boxes for event in box["events"] if event["id"] == key)
    return found


def _later(state: State) -> None:
    _crm(state, "e3")["end"] = "2026-11-23T03:00:00+00:00"


def _split_record(state: State) -> None:
    _crm(state, "e2")["attendees"] = ["1"]
    state["sharecrm"]["events"].append(crm_event("e8", "Call", attendees=["2"], contacts=["c1"]))


def _of_series(state: State, key: str, number: int = 0) -> dict[str, Any]:
    """The `number`-th date that a master shows."""
    found: dict[str, Any] = _outlook(state, key)["occurrences"][number]
    return found


def _two_weeks(state: State) -> None:
    """ShareCRM holds another date of the series at its old time."""
    _crm(state, "e11").update(november(23))


_BREAKS: list[tuple[str, Callable[[State], Any], str]] = [
    ("missing in Outlook", lambda s: _outlook(s, "a1").update(deleted=True), "is missing in anna@contoso.example"),
    ("cancelled in Outlook", lambda s: _outlook(s, "r2").update(isCancelled=True), "is missing in raj.patel"),
    ("missing in ShareCRM", lambda s: _crm(s, "e3").update(deleted=True), "is not in ShareCRM"),
    ("out of the calendar", lambda s: _crm(s, "e3").update(calendar="CRM Calendar"), "is not in ShareCRM"),
    (
        "doubled in Outlook",
        lambda s: _box(s, ANNA).append(copy.deepcopy(_outlook(s, "a1")) | {"id": "a9", "iCalUId": "uid-a9"}),
        "'Offer' in anna@contoso.example stands there more often",
    ),
    (
        "doubled in ShareCRM",
        lambda s: s["sharecrm"]["events"].append(copy.deepcopy(_crm(s, "e1")) | {"id": "e9"}),
        "'Offer' of 2026-11-23T01:00:00+00:00 to 2026-11-23T02:00:00+00:00 is missing",
    ),
    ("one meeting as two records", _split_record, "'Call' is one meeting in Outlook and 2 records in ShareCRM"),
    ("another time", _later, "02:00:00+00:00 in anna@contoso.example"),
    ("another title", lambda s: _outlook(s, "a1").update(subject="Order"), "is called 'Order' in anna"),
    ("a title cut too short", lambda s: _outlook(s, "a3").update(subject=LONG[:200]), "has another title in anna"),
    ("a title beyond the limit", lambda s: _outlook(s, "a3").update(subject=LONG[:200] + "!"), "has another title"),
    ("all-day shifted", lambda s: _crm(s, "e4").update(end="2026-11-26"), "'Fair' is at 2026-11-24 to 2026-11-26"),
    ("private lost", lambda s: _outlook(s, "a3").update(sensitivity="normal"), "is private on one side only"),
    (
        "a date missing in ShareCRM",
        lambda s: _crm(s, "e11").update(deleted=True),
        "'Jour fixe' in anna@contoso.example",
    ),
    (
        "a date cancelled in Outlook",
        lambda s: _of_series(s, "r5", 1).update(isCancelled=True),
        "is missing in raj.patel",
    ),
    ("a series deleted in Outlook", lambda s: _outlook(s, "a5").update(deleted=True), "is missing in anna@contoso"),
    ("a date at its old time", _two_weeks, "2026-11-23T07:00:00+00:00 in ShareCRM and at 2026-11-30T06:00:00+00:00"),
    ("a date's own title", lambda s: _crm(s, "e10").update(content="Jour fixe"), "is called 'Jour fixe, moved'"),
    ("a date's guest", lambda s: _of_series(s, "a5").update(attendees=[_guest(GRACE)]), "Contact c1 is on 'Jour fixe"),
    ("a private date", lambda s: _of_series(s, "a5").update(sensitivity="private"), "'Jour fixe, moved' is private on"),
    ("an employee not on the record", lambda s: _crm(s, "e2").update(attendees=["1"]), "is not in ShareCRM"),
    ("a guest not on the record", lambda s: _crm(s, "e2").update(contacts=[]), "Contact c1 is on 'Call'"),
    (
        "a contact whom calsync did not invite",
        lambda s: _outlook(s, "a1").update(
            outlook_event("a1", "Offer", guests=(RAJ,)) | {"singleValueExtendedProperties": MARK}
        ),
        "Contact c1 is on the record 'Offer' and not on its event",
    ),
]


@pytest.mark.parametrize(("break_it", "said"), [row[1:] for row in _BREAKS], ids=[row[0] for row in _BREAKS])
def test_each_kind_of_disagreement_is_told(break_it: Callable[[State], Any], said: str) -> None:
    state = agreeing()
    break_it(state)
    told = differences(state, USERS, RULES)
    assert any(said in sentence for sentence in told), told


def test_what_lies_outside_the_window_is_not_asked() -> None:
    state = agreeing()
    state["sharecrm"]["events"].append(
        crm_event("old", "Old", start="2026-10-30T01:00:00+00:00", end="2026-10-30T02:00:00+00:00")
    )
    assert differences(state, USERS, RULES) == []


def test_a_day_counts_where_the_tenant_is() -> None:
    # 16:30 UTC on the last day of October is the first of November in Shanghai.
    state = agreeing()
    state["sharecrm"]["events"].append(
        crm_event("edge", "Edge", start="2026-10-31T16:30:00+00:00", end="2026-10-31T17:00:00+00:00")
    )
    assert [sentence for sentence in differences(state, USERS, RULES) if "'Edge'" in sentence]


def test_a_record_of_a_series_that_cannot_be_read_any_more_may_stand_as_it_was() -> None:
    state = agreeing()
    state["sharecrm"]["events"].append(crm_event("e12", "By the moon", **november(25)))
    assert differences(state, USERS, RULES) == []


def test_dates_of_a_series_beyond_the_window_are_not_asked() -> None:
    rules = replace(RULES, last=date(2026, 11, 29))
    assert differences(agreeing(), USERS, rules) == []
    assert differences(agreeing(), USERS, replace(rules, first=date(2026, 11, 24))) == []


def test_a_mailbox_that_is_away_asks_nothing() -> None:
    state = agreeing()
    _box(state, ANNA).clear()
    state["outlook"]["mailboxes"][ANNA]["state"] = "forbidden"
    assert differences(state, USERS, RULES) == []
