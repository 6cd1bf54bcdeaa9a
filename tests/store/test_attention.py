"""What waits for a person in one tenant."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from store.values import HOLIDAY, NOW, some_action

from calsync.core.model import Side
from calsync.core.plan import ActionState, Loss, Mail, Word
from calsync.store.attention import Answered, Asked
from calsync.store.records import HistoryEntry
from calsync.store.store import Store

T = "berlin"
HOUR = timedelta(hours=1)


def test_questions_are_counted_in_meetings_and_mails(store: Store) -> None:
    quiet = replace(some_action("A3", "L2", "too many, 20 %"), mails=())
    store.plan(
        T, "r", [some_action("A1", "L1", "too many, 10 %"), some_action("A2", "L1", "too many, 10 %"), quiet], NOW
    )
    store.plan(
        T,
        "r2",
        [replace(some_action("A4", "L4", "mails"), mails=(Mail("update", "a@example.com", False),) * 3)],
        NOW + HOUR,
    )
    store.plan(T, "r2", [some_action("A5", "L5")], NOW)
    assert store.questions(T) == [
        Asked("", False, 3, 5, NOW, ("mails", "too many, 10 %", "too many, 20 %")),
    ]
    store.ask(T, ["A1", "A2", "A3"], "q1")
    store.put_question(T, "q1", NOW)
    store.ask(T, ["A4"], "q2")
    assert store.questions(T) == [
        Asked("q1", True, 2, 2, NOW, ("too many, 10 %", "too many, 20 %")),
        Asked("q2", False, 1, 3, NOW + HOUR, ("mails",)),
    ]
    store.answer(T, ["A1", "A2"], Word.APPROVE, "ada", NOW)
    assert [(asked.id, asked.meetings, asked.mails) for asked in store.questions(T)] == [("q1", 1, 0), ("q2", 1, 3)]
    assert store.questions("elsewhere") == []


def test_an_answer_waits_until_it_is_carried_out(store: Store) -> None:
    store.plan(T, "r", [some_action(f"A{n}", f"L{n}", "too many") for n in range(4)], NOW)
    store.ask(T, ["A0", "A1"], "q1")
    store.ask(T, ["A2", "A3"], "q2")
    assert store.answered(T) == []
    store.answer(T, ["A0", "A1"], Word.APPROVE, "ada", NOW)
    store.answer(T, ["A2"], Word.UNLINK, "ada", NOW)
    assert sorted(store.answered(T), key=lambda one: one.question) == [
        Answered("q1", "approve", 2, True),
        Answered("q2", "unlink", 1, False),
    ]
    store.mark(T, ["A0", "A1"], ActionState.DONE, NOW)
    assert [one.question for one in store.answered(T)] == ["q2"]
    store.answer(T, ["A3"], Word.APPROVE, "ada", NOW)
    assert sorted(store.answered(T), key=lambda one: one.word) == [
        Answered("q2", "approve", 1, False),
        Answered("q2", "unlink", 1, False),
    ]


def test_meetings_that_wait_come_in_pages_the_longest_waiting_first(store: Store) -> None:
    for number in range(5):
        action = some_action(f"A{number}", f"L{number}", "too many")
        store.plan(T, "r", [action, replace(action, id=f"B{number}")], NOW - number * HOUR)
    assert store.held_links(T, 3) == ["L4", "L3", "L2"]
    assert store.held_links(T, 3, 3) == ["L1", "L0"]


def test_parked_actions_come_in_pages(store: Store) -> None:
    store.plan(T, "r", [some_action(f"A{n}", f"L{n}") for n in range(4)], NOW)
    store.mark(T, ["A0", "A2", "A3"], ActionState.PARKED, NOW, sentence="Refused.")
    assert [row.action.id for row in store.parked(T)] == ["A0", "A2", "A3"]
    assert [(row.action.id, row.sentence) for row in store.parked(T, 1, 1)] == [("A2", "Refused.")]


def test_conflicts_are_the_entries_with_losses_newest_first(store: Store) -> None:
    loss = Loss("C5", "both sides changed it", Side.CRM, "title", HOLIDAY)
    entries = [
        HistoryEntry(NOW - 30 * HOUR, "r", "L0", "C5", "both", losses=(loss,)),
        HistoryEntry(NOW, "r", "L1", "C5", "both", losses=(loss,)),
        HistoryEntry(NOW, "r", "L2", "C1", "one side"),
        HistoryEntry(NOW + HOUR, "r", "L3", "C5", "both", losses=(loss, loss)),
    ]
    store.add_history(T, entries)
    assert [entry.link for entry in store.conflicts(T, NOW - HOUR, 10)] == ["L3", "L1"]
    assert [entry.link for entry in store.conflicts(T, NOW - HOUR, 1)] == ["L3"]
    assert store.conflicts("elsewhere", NOW - HOUR, 10) == []
