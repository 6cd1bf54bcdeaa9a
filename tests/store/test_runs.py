"""Runs, first sync, cursors, remembered settings, history and its retention."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError
from store.values import HOLIDAY, MEETING, NOW, full_link, some_action

from calsync.core.model import LinkState, Side
from calsync.core.plan import ActionState, Loss
from calsync.errors import StateError
from calsync.store.records import Cursor, HistoryEntry, Pruned, Run, RunState
from calsync.store.store import Store

T = "sales"
DAY = timedelta(days=1)


def test_a_run_is_told_from_start_to_end(store: Store) -> None:
    assert store.runs(T) == []
    store.start_run(T, "r1", "incremental", NOW, {"dag_run": "x"})
    assert store.runs(T) == [Run("r1", "incremental", NOW, meta={"dag_run": "x"})]
    store.end_run(T, "r1", RunState.DONE, NOW + DAY, {"created": 2}, "2 created")
    store.start_run(T, "r2", "window", NOW + DAY)
    ended = Run("r1", "incremental", NOW, RunState.DONE, NOW + DAY, {"created": 2}, "2 created", {"dag_run": "x"})
    assert store.runs(T) == [Run("r2", "window", NOW + DAY), ended]
    assert store.runs(T, limit=1) == [Run("r2", "window", NOW + DAY)]
    assert store.runs("other") == []


def test_a_repeated_run_keeps_its_start_and_runs_again(store: Store) -> None:
    store.start_run(T, "r1", "incremental", NOW)
    store.end_run(T, "r1", RunState.FAILED, NOW + DAY, {"failed": 1}, "no token")
    store.start_run(T, "r1", "incremental", NOW + 2 * DAY)
    assert store.runs(T) == [Run("r1", "incremental", NOW)]


def test_ending_what_never_started_is_refused(store: Store) -> None:
    with pytest.raises(StateError, match="never started"):
        store.end_run(T, "r1", RunState.DONE, NOW)


def test_the_first_sync_is_the_first_runs_start_for_ever(store: Store) -> None:
    assert store.first_sync(T) is None
    store.start_run(T, "r1", "incremental", NOW)
    store.end_run(T, "r1", RunState.FAILED, NOW)
    store.start_run(T, "r2", "incremental", NOW + DAY)
    store.prune(T, NOW + 2 * DAY)
    assert store.first_sync(T) == NOW
    assert store.first_sync("other") is None


def test_cursors_are_kept_by_name(store: Store) -> None:
    crm = Cursor("crm", "1772443815000", NOW)
    outlook = Cursor("outlook:m1", "https://graph/delta?token=x", NOW, NOW - DAY, NOW + DAY, {"pages": 3})
    store.save_cursor(T, outlook, crm)
    assert store.cursors(T) == [crm, outlook]
    newer = Cursor("crm", "1772443816000", NOW + DAY)
    store.save_cursor(T, newer)
    assert store.cursor(T, "crm") == newer
    assert store.cursor("other", "crm") is None
    assert store.cursors(T) == [newer, outlook]


def test_a_setting_is_remembered_and_a_change_of_it_noticed(store: Store) -> None:
    assert store.remembered(T, "rules") is None
    assert store.remember(T, "rules", "f1", NOW) is True
    assert store.remember(T, "rules", "f1", NOW) is False
    assert store.remember(T, "rules", "f2", NOW) is True
    assert store.remembered(T, "rules") == "f2"
    assert store.cursors(T) == [], "a setting is no cursor"


def test_a_time_is_the_same_instant_in_every_zone_and_needs_one(store: Store) -> None:
    shanghai = timezone(timedelta(hours=8))
    store.save_cursor(T, Cursor("crm", "", NOW.astimezone(shanghai)))
    assert store.cursors(T)[0].saved_at == NOW
    with pytest.raises(StatementError, match="without a zone"):
        store.save_cursor(T, Cursor("crm", "", datetime(2026, 1, 1)))


def entry(run: str = "r1", link: str = "L1", at: datetime = NOW) -> HistoryEntry:
    return HistoryEntry(
        at=at,
        run=run,
        link=link,
        rule="C5",
        reason="the later change wins",
        side=Side.OUTLOOK,
        mailbox="m1",
        target_id="AAMk=",
        action="A1",
        who="1001",
        before=HOLIDAY,
        after=MEETING,
        base=HOLIDAY,
        losses=(Loss("C5", "older", Side.CRM, "title", HOLIDAY, "m1"),),
    )


def test_history_tells_what_happened_in_order(store: Store) -> None:
    bare = HistoryEntry(at=NOW, run="r2", link="L1", rule="D6", reason="taken out of the calendar")
    store.add_history(T, [entry(), entry(link="L2"), bare])
    first, second, third = store.history(T)
    assert first.id < second.id < third.id
    assert first == HistoryEntry(**{**_fields(entry()), "id": first.id})
    assert third == HistoryEntry(**{**_fields(bare), "id": third.id})
    assert store.history(T, link="L1") == [first, third]
    assert store.history(T, run="r1", link="L2") == [second]
    assert store.history(T, limit=2) == [second, third]
    assert store.history("other") == []


def _fields(one: HistoryEntry) -> dict[str, object]:
    return {name: getattr(one, name) for name in HistoryEntry.__dataclass_fields__}


def test_retention_takes_what_is_over_and_keeps_what_may_still_be_acted_on(store: Store) -> None:
    store.save_links(T, [full_link()])
    store.start_run(T, "old", "incremental", NOW)
    store.end_run(T, "old", RunState.DONE, NOW)
    store.start_run(T, "hanging", "incremental", NOW)
    store.plan(T, "old", [some_action(state.value) for state in ActionState], NOW)
    for state in ActionState:
        store.mark(T, [state.value], state, NOW)
    store.add_history(T, [entry(), entry(run="new", at=NOW + 2 * DAY)])

    assert store.prune("other", NOW + DAY) == Pruned(0, 0, 0)
    assert store.prune(T, NOW + DAY) == Pruned(history=1, actions=3, runs=1)
    assert [row.run for row in store.history(T)] == ["new"]
    assert {row.state.value for row in store.actions(T)} == {"planned", "sent", "failed", "parked", "held"}
    assert [row.id for row in store.runs(T)] == ["hanging"]
    assert store.links(T) == [full_link()]


def test_a_tenant_is_known_by_whatever_is_stored_under_its_key(store: Store) -> None:
    assert store.tenants() == []
    store.save_cursor("b", Cursor("crm", "1772443815000", NOW))
    store.save_links("a", [full_link()])
    store.add_history("a", [entry()])
    assert store.tenants() == ["a", "b"]


@pytest.mark.parametrize(("state", "stays"), [("living", True), ("unlinked", True), ("retired", False)])
def test_retention_keeps_what_says_something_of_a_meeting_while_that_stands(
    store: Store, state: str, stays: bool
) -> None:
    store.save_links(T, [replace(full_link(), state=LinkState(state))])
    store.plan(T, "r1", [some_action("said"), some_action("unsaid"), some_action("gone", link="L2")], NOW)
    for action, code in (("said", "by_person"), ("unsaid", ""), ("gone", "by_person")):
        store.mark(T, [action], ActionState.DROPPED, NOW, code=code)

    store.prune(T, NOW + DAY, lasting=["by_person"])

    assert [row.action.id for row in store.actions(T)] == ["said"] * stays
