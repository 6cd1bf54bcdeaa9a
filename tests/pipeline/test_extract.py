"""What reading goes through: dead tokens, windows that are too large, mailboxes that come and go, silent deletions."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from pipeline.morning import ANN, BOB, TEAM, hour, plain
from pipeline.workplace import CALENDAR, Workplace

from calsync.core.model import Account, Availability
from calsync.stages.context import Run
from calsync.stages.extract_graph import extract_graph
from calsync.store.records import Cursor

IDLE = "Nothing to do: nothing was found and nothing was waiting."


@pytest.fixture
def team(work: Workplace) -> Workplace:
    """Ann and Bob with a meeting each, in agreement."""
    work.box.reset(TEAM)
    work.authorise()
    work.box.as_user(ANN).create("Ann's", plain(hour(2)), plain(hour(2, 10)))
    work.box.as_user(BOB).create("Bob's", plain(hour(3)), plain(hour(3, 10)))
    assert work.run()["crm_created"] == 2
    return work


def titles(work: Workplace) -> list[str]:
    return sorted(record["content"] for record in work.records())


def account(work: Workplace, employee: str) -> Account:
    ports = work.ports()
    try:
        return next(a for a in ports.store.accounts(work.tenant.key) if a.employee == employee)
    finally:
        ports.close()


def test_a_dead_delta_token_deletes_and_doubles_nothing_but_what_is_proved(team: Workplace) -> None:
    ann = team.box.as_user(ANN)
    other = ann.create("Ann's other", plain(hour(4)), plain(hour(4, 10)))
    team.run()
    ann.delete(other["id"])
    team.box.fault("graph", {"expire_delta": True}, path="calendarView/delta", times=2)

    told = team.run()

    assert (told["crm_deleted"], told["crm_created"], told["outlook_created"]) == (1, 0, 0)
    assert titles(team) == ["Ann's", "Bob's"]


def test_a_window_that_is_too_large_is_halved_and_watched_whole(work: Workplace) -> None:
    work.box.reset(TEAM)
    work.authorise()
    ann = work.box.as_user(ANN)
    near = ann.create("Near", plain(hour(2)), plain(hour(2, 10)))
    far = ann.create("Far", plain(hour(170)), plain(hour(170, 10)))
    work.box.as_employee("1000").create("Far", hour(170), hour(170, 10), calendar=CALENDAR, participants=["1000"])
    work.impatient = True
    work.box.fault("graph", {"status": 504}, path="calendarView/delta", mailbox=ANN, times=2)

    told = work.run()

    assert (told["linked"], told["crm_created"], told["outlook_created"]) == (1, 1, 0)
    ann.rename(far["id"], "Farther")
    ann.rename(near["id"], "Nearer")
    work.run()
    assert titles(work) == ["Farther", "Nearer"]
    ann.delete(far["id"])
    work.run()
    assert titles(work) == ["Nearer"]
    assert account(work, "1000").availability is Availability.OK


def test_an_answer_that_takes_too_long_is_no_reason_to_give_a_mailbox_up(team: Workplace) -> None:
    team.impatient = True
    team.box.as_user(ANN).rename(team.events(ANN)[0]["id"], "Ann's, renamed")
    team.box.fault("graph", {"status": 504}, path="calendarView/delta", times=1)
    team.run()
    assert titles(team) == ["Ann's, renamed", "Bob's"]


@pytest.mark.parametrize(
    ("state", "availability"),
    [("forbidden", Availability.FORBIDDEN), ("none", Availability.NO_MAILBOX), ("deleted", Availability.GONE)],
)
def test_a_mailbox_that_goes_away_stops_nobody_and_wakes_again(
    team: Workplace, state: str, availability: Availability
) -> None:
    box = team.box
    box.set_mailbox(BOB, state)
    box.as_user(ANN).rename(team.events(ANN)[0]["id"], "Ann's, renamed")

    told = team.run()

    assert told["failed"] == 0
    assert titles(team) == ["Ann's, renamed", "Bob's"]
    assert account(team, "1001").availability is availability
    record = next(r["id"] for r in team.records() if r["content"] == "Bob's")
    box.as_employee("1001").rename(record, "Bob's, renamed")
    team.run()
    assert {event["subject"] for event in team.events(BOB)} == {"Bob's"}

    box.set_mailbox(BOB, "ok")
    team.run()
    team.run()
    assert account(team, "1001").availability is Availability.OK
    assert {event["subject"] for event in team.events(BOB)} == {"Bob's, renamed"}
    assert titles(team) == ["Ann's, renamed", "Bob's, renamed"]
    assert team.run()["sentence"] == IDLE


def test_a_mailbox_that_is_still_being_made_is_read_when_it_is_there(team: Workplace) -> None:
    team.box.set_mailbox(BOB, "new")
    team.impatient = True
    for _ in range(5):
        team.run()
    team.box.as_user(BOB).rename(team.events(BOB)[0]["id"], "Bob's, renamed")
    team.run()
    assert titles(team) == ["Ann's", "Bob's, renamed"]


def test_days_that_the_window_reaches_are_read_though_nothing_in_them_changed(team: Workplace) -> None:
    team.box.as_user(ANN).create("Next year's plan", plain(hour(184)), plain(hour(184, 10)))
    team.box.as_employee("1001").create("Fair", hour(184), hour(184, 10), calendar=CALENDAR, participants=["1001"])
    team.run()
    assert titles(team) == ["Ann's", "Bob's", "Fair"]
    assert {event["subject"] for event in team.events(BOB)} == {"Bob's"}

    team.late = timedelta(days=6)
    team.run()

    assert titles(team) == ["Ann's", "Bob's", "Fair", "Next year's plan"]
    assert {event["subject"] for event in team.events(BOB)} == {"Bob's", "Fair"}


def test_a_window_is_anchored_anew_without_a_write(team: Workplace) -> None:
    before = len(team.writes())
    team.late = timedelta(days=team.tenant.window.reanchor_days, hours=1)
    team.run()
    assert len(team.writes()) == before
    assert titles(team) == ["Ann's", "Bob's"]


@pytest.mark.parametrize(("visible", "touches"), list(product([True, False], repeat=2)))
def test_a_record_that_silently_became_invalid_is_missed_within_the_sweep(
    team: Workplace, visible: bool, touches: bool
) -> None:
    team.box.set_sharecrm(invalid_visible_in_query=visible, invalid_touches_modified=touches)
    record = next(r["id"] for r in team.records() if r["content"] == "Bob's")
    team.box.as_employee("1001").cancel(record)
    team.run()
    team.late = timedelta(hours=team.tenant.sweep_hours)
    team.run()
    assert team.events(BOB) == []
    assert len(team.events(ANN)) == 1


@pytest.mark.parametrize(("variant", "settings"), [("classic", {}), ("modern", {}), ("minimal", {"scope": "all"})])
def test_both_sides_meet_whatever_the_fields_are_called(
    work: Workplace, variant: str, settings: dict[str, str]
) -> None:
    work.box.reset({**TEAM, "sharecrm": {"describe": variant}})
    work.configure(**settings)
    work.authorise()
    scope = {} if variant == "minimal" else {"calendar": CALENDAR}
    work.box.as_employee("1000").create("Visit", hour(2), hour(2, 10), participants=["1000"], **scope)
    work.box.as_user(BOB).create("Call", plain(hour(3)), plain(hour(3, 10)))
    work.run()
    assert titles(work) == ["Call", "Visit"]
    assert {event["subject"] for event in work.events(ANN)} == {"Visit"}
    work.run()
    assert work.run()["sentence"] == IDLE


def test_a_new_account_s_meetings_come_although_nothing_in_them_changed(work: Workplace) -> None:
    work.box.reset(TEAM)
    work.authorise("1000")
    work.box.as_employee("1000").create(
        "Together", hour(2), hour(2, 10), calendar=CALENDAR, participants=["1000", "1001"]
    )
    work.run()
    assert work.events(BOB) == []
    work.authorise("1001")
    work.run()
    assert {event["subject"] for event in work.events(BOB)} == {"Together"}


def test_a_run_asks_for_one_token_of_each_system_at_most(team: Workplace) -> None:
    team.box.as_user(ANN).create("One more", plain(hour(5)), plain(hour(5, 10)))
    before = len(team.box.requests())
    assert team.run()["crm_created"] == 1
    asked = [r for r in team.box.requests()[before:] if r["path"].endswith("/token")]
    assert len([r for r in asked if r["system"] == "sharecrm"]) <= 1
    assert len([r for r in asked if r["system"] == "login"]) <= 1


def test_a_window_is_read_anew_and_moves_no_cursor(team: Workplace) -> None:
    ann = team.box.as_user(ANN)
    deleted = ann.create("Deleted", plain(hour(4)), plain(hour(4, 10)))
    team.run()
    before = saved_cursors(team)
    ann.delete(deleted["id"])
    ann.create("Inside", plain(hour(5)), plain(hour(5, 10)))
    ann.create("Outside", plain(hour(40)), plain(hour(40, 10)))

    told = team.run(window=(hour(1).date(), hour(10).date()))

    assert (told["crm_created"], told["crm_deleted"]) == (1, 1)
    assert titles(team) == ["Ann's", "Bob's", "Inside"]
    assert saved_cursors(team) == before
    team.run()
    assert titles(team) == ["Ann's", "Bob's", "Inside", "Outside"]


def test_batches_together_read_what_one_would(team: Workplace) -> None:
    ports = team.ports()
    run = Run("batched", "scheduled", ports.now(), "airflow:x:batched", window=(hour(1).date(), hour(10).date()))

    told = [extract_graph(team.tenant, ports, run, batch, 3) for batch in range(3)]

    assert sum(int(each["mailboxes"]) for each in told) == 2
    assert sum(int(each["events"]) for each in told) == 2
    assert len(ports.staging.frame(team.tenant.key, run.id, "outlook")) == 2
    ports.close()


def saved_cursors(work: Workplace) -> list[Cursor]:
    ports = work.ports()
    try:
        return [cursor for cursor in ports.store.cursors(work.tenant.key) if cursor.name != "directory"]
    finally:
        ports.close()
