"""The journal: what a process that died and came back finds, and when what failed is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from store.values import MEETING, NOW, placed, some_action

from calsync.core.plan import ActionState, Outcome, Word
from calsync.errors import StateError
from calsync.store import open_store
from calsync.store.journal import retry_delay
from calsync.store.store import Store

T = "sales"
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("attempts", "delay"),
    [(0, 5), (1, 5), (2, 10), (3, 20), (8, 640), (9, 1280), (10, 1440), (10_000, 1440)],
)
def test_the_delay_doubles_from_five_minutes_to_a_day(attempts: int, delay: int) -> None:
    assert retry_delay(attempts) == delay * MINUTE


def test_actions_come_back_in_the_order_of_the_plan(store: Store) -> None:
    actions = [some_action("z"), some_action("a", link="L2"), some_action("m", held="more than 20 %")]
    states = store.plan(T, "run-1", actions, NOW)
    assert states == {"z": ActionState.PLANNED, "a": ActionState.PLANNED, "m": ActionState.HELD}
    rows = store.actions(T)
    assert [row.action for row in rows] == actions
    assert {(row.run, row.planned_at, row.attempts) for row in rows} == {("run-1", NOW, 0)}
    assert [row.action.id for row in store.actions(T, states=[ActionState.HELD])] == ["m"]
    assert [row.action.id for row in store.actions(T, links=["L2"])] == ["a"]
    assert [row.action.id for row in store.actions(T, links=["L1"], ids=["a", "m"])] == ["m"]
    assert store.actions(T, run="run-2") == []
    assert store.actions("other") == []
    assert store.actions(T, ids=[]) == []


def test_a_restarted_load_finds_what_was_sent_done_and_left(dsn: str) -> None:
    actions = [some_action("1"), some_action("2"), some_action("3")]
    with open_store(dsn) as before:
        before.plan(T, "run-1", actions, NOW)
        before.mark(T, ["1", "2"], ActionState.SENT, NOW + MINUTE)
        done = Outcome("1", ActionState.DONE, placement=placed("m1", "E1"), crm_shown=MEETING, crm_version=8)
        before.settle(T, [done], NOW + 2 * MINUTE)
    with open_store(dsn) as after:
        states = after.plan(T, "run-1", actions, NOW + 3 * MINUTE)
        assert states == {"1": ActionState.DONE, "2": ActionState.SENT, "3": ActionState.PLANNED}
        assert [(row.action.id, row.sent_at) for row in after.open_intents(T)] == [("2", NOW + MINUTE)]
        (row,) = after.actions(T, states=[ActionState.DONE])
        assert (row.outcome, row.planned_at, row.settled_at) == (done, NOW, NOW + 2 * MINUTE)


def test_a_parked_action_grows_its_delay_and_passes_to_the_run_that_plans_it_again(store: Store) -> None:
    store.plan(T, "run-1", [some_action("1")], NOW)
    store.mark(T, ["1"], ActionState.SENT, NOW)
    store.mark(T, ["1"], ActionState.PARKED, NOW, code="ErrorX", sentence="Refused.")
    (row,) = store.actions(T)
    assert (row.attempts, row.code, row.sentence, row.settled_at) == (1, "ErrorX", "Refused.", NOW)
    assert row.next_at == NOW + 5 * MINUTE

    assert store.plan(T, "run-2", [some_action("1")], NOW + 5 * MINUTE) == {"1": ActionState.PARKED}
    store.settle(T, [Outcome("1", ActionState.PARKED, code="ErrorY")], NOW + 5 * MINUTE)
    (row,) = store.actions(T, run="run-2")
    assert (row.attempts, row.next_at, row.code) == (2, NOW + 15 * MINUTE, "ErrorY")
    assert store.actions(T, run="run-1") == []


def test_a_service_that_says_when_is_asked_then(store: Store) -> None:
    store.plan(T, "run-1", [some_action("1"), some_action("2")], NOW)
    store.settle(T, [Outcome("1", ActionState.FAILED)], NOW, next_at={"1": NOW + MINUTE})
    store.mark(T, ["2"], ActionState.FAILED, NOW, next_at=NOW + 2 * MINUTE)
    assert {row.action.id: row.next_at for row in store.actions(T)} == {"1": NOW + MINUTE, "2": NOW + 2 * MINUTE}


def test_what_is_done_has_no_next_try_and_is_not_planned_again(store: Store) -> None:
    store.plan(T, "run-1", [some_action("1")], NOW)
    store.mark(T, ["1"], ActionState.FAILED, NOW)
    store.mark(T, ["1"], ActionState.DONE, NOW + MINUTE)
    assert [row.next_at for row in store.actions(T)] == [None]
    assert store.plan(T, "run-2", [some_action("1")], NOW + 2 * MINUTE) == {"1": ActionState.DONE}
    assert [row.run for row in store.actions(T)] == ["run-1"]


def test_marking_what_was_never_planned_is_refused_and_moves_nothing(store: Store) -> None:
    store.plan(T, "run-1", [some_action("1")], NOW)
    with pytest.raises(StateError, match=r"ghost.*plan them before"):
        store.mark(T, ["1", "ghost"], ActionState.SENT, NOW)
    assert store.open_intents(T) == []
    with pytest.raises(StateError):
        store.mark("other", ["1"], ActionState.SENT, NOW)


def state_of(store: Store, action: str) -> ActionState:
    (row,) = store.actions(T, ids=[action])
    return row.state


def test_what_is_held_no_longer_is_planned_and_keeps_who_said_so(store: Store) -> None:
    store.plan(T, "run-1", [some_action("1", held="many"), some_action("2", held="many")], NOW)
    store.ask(T, ["1", "2"], "q1")
    store.put_question(T, "q1", NOW + MINUTE)
    store.answer(T, ["1"], Word.APPROVE, "admin", NOW + 2 * MINUTE)
    states = store.plan(T, "run-2", [some_action("1"), some_action("2", held="many")], NOW + 3 * MINUTE)

    assert states == {"1": ActionState.PLANNED, "2": ActionState.HELD}
    freed, waits = store.actions(T, asked="q1")
    assert (freed.run, freed.action.held, freed.asked, freed.asked_at) == ("run-2", "", "q1", NOW + MINUTE)
    assert (freed.answer, freed.answered_by, freed.answered_at) == ("approve", "admin", NOW + 2 * MINUTE)
    assert (waits.asked, waits.asked_at, waits.answer, waits.planned_at) == ("q1", NOW + MINUTE, "", NOW)


@pytest.mark.parametrize("before", [each for each in ActionState if each is not ActionState.HELD])
def test_what_is_held_anew_is_asked_about_anew(store: Store, before: ActionState) -> None:
    store.plan(T, "run-1", [some_action("1", held="many")], NOW)
    store.ask(T, ["1"], "q1")
    store.answer(T, ["1"], Word.APPROVE, "admin", NOW)
    store.plan(T, "run-2", [some_action("1")], NOW)
    store.mark(T, ["1"], before, NOW, code="x", sentence="y")
    store.plan(T, "run-3", [some_action("1", held="again")], NOW + MINUTE)

    (row,) = store.actions(T)
    assert (row.state, row.run, row.action.held, row.planned_at) == (ActionState.HELD, "run-3", "again", NOW + MINUTE)
    assert (row.asked, row.answer, row.answered_by, row.code, row.attempts) == ("", "", "", "", 0)


def test_an_unanswered_create_is_still_looked_for_while_it_is_held_and_after(store: Store) -> None:
    store.plan(T, "run-1", [some_action("1"), some_action("2", held="many")], NOW)
    store.mark(T, ["1"], ActionState.SENT, NOW)
    store.plan(T, "run-2", [some_action("1", held="the state was lost")], NOW + MINUTE)
    assert state_of(store, "1") is ActionState.HELD
    assert [(row.action.id, row.sent_at) for row in store.open_intents(T)] == [("1", NOW)]
    store.plan(T, "run-3", [some_action("1"), some_action("2")], NOW + MINUTE)
    assert (state_of(store, "1"), state_of(store, "2")) == (ActionState.SENT, ActionState.PLANNED)


def test_only_what_is_held_can_be_asked_about_and_answered(store: Store) -> None:
    store.plan(T, "run-1", [some_action("1"), some_action("2", held="many")], NOW)
    store.ask(T, ["1", "2"], "q1")
    store.ask("other", ["2"], "q2")
    store.answer(T, ["1"], Word.UNLINK, "admin", NOW)
    assert [(row.action.id, row.asked, row.answer) for row in store.actions(T)] == [("1", "", ""), ("2", "q1", "")]
