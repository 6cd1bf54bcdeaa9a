"""Facts about several tenants at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from store.values import NOW, person, some_action

from calsync.core.model import Availability
from calsync.core.plan import ActionState, Word
from calsync.store.overview import Accounts, Waits
from calsync.store.records import Run, RunState
from calsync.store.store import Store

HOUR = timedelta(hours=1)
BOTH = ["berlin", "vienna"]


def ended(id_: str, state: RunState = RunState.DONE, after: timedelta = HOUR) -> Run:
    return Run(id_, "scheduled", NOW + after, state, NOW + after + HOUR, {}, f"Sentence of {id_}.")


def test_the_last_run_is_remembered_whatever_it_came_to(store: Store) -> None:
    assert store.last_runs(BOTH) == {}
    store.note_last_run("berlin", ended("r1"), synced=True)
    store.note_last_run("berlin", ended("r2", RunState.FAILED, 2 * HOUR), synced=False)
    store.note_last_run("vienna", ended("v1", RunState.SKIPPED), synced=True)
    store.note_last_run("elsewhere", ended("e1"), synced=True)
    found = store.last_runs(BOTH)
    assert sorted(found) == BOTH
    berlin = found["berlin"]
    assert (berlin.id, berlin.state, berlin.sentence) == ("r2", RunState.FAILED, "Sentence of r2.")
    assert (berlin.started_at, berlin.ended_at) == (NOW + 2 * HOUR, NOW + 3 * HOUR)
    assert berlin.synced_at == NOW + HOUR
    assert found["vienna"].synced_at == NOW + HOUR
    assert store.cursors("berlin") == []


def test_who_is_being_written_is_known_while_the_lease_lasts(store: Store) -> None:
    store.acquire("berlin", "airflow:x", NOW, ttl=60)
    assert store.writers(BOTH, NOW + timedelta(seconds=59)) == {"berlin"}
    assert store.writers(BOTH, NOW + timedelta(seconds=60)) == set()


def test_accounts_are_counted_by_tenant(store: Store) -> None:
    away = replace(person("3", "c"), availability=Availability.FORBIDDEN)
    store.save_accounts("berlin", [person("1", "a"), person("2", "b", authorised=False), away], "acme")
    store.save_accounts("vienna", [person("1", "v", authorised=False)], "other")
    assert store.account_counts(BOTH) == {"berlin": Accounts(authorised=2, away=1)}


def test_what_waits_is_counted_meeting_by_meeting_where_it_is_held_and_action_by_action_where_it_is_parked(
    store: Store,
) -> None:
    held = [
        some_action("A1", "L1", "too many"),
        some_action("A2", "L1", "too many"),
        some_action("A3", "L2", "too many"),
    ]
    store.plan("berlin", "r", [*held, some_action("A4", "L3"), some_action("A5", "L3")], NOW)
    store.mark("berlin", ["A4", "A5"], ActionState.PARKED, NOW)
    store.plan("vienna", "r", [some_action("V1", "L9")], NOW)
    assert store.waiting_counts(BOTH) == {"berlin": Waits(held=2, parked=2)}
    store.answer("berlin", ["A3"], Word.APPROVE, "ada", NOW)
    assert store.waiting_counts(BOTH) == {"berlin": Waits(held=1, parked=2)}


def test_counters_are_added_up_since_each_tenants_own_moment(store: Store) -> None:
    for tenant in BOTH:
        for number, at in enumerate((NOW - HOUR, NOW, NOW + HOUR)):
            store.start_run(tenant, f"r{number}", "scheduled", at)
            store.end_run(tenant, f"r{number}", RunState.DONE, at, {"crm_created": 10**number, "conflicts": 1})
    found = store.counters_since({"berlin": NOW, "vienna": NOW - HOUR, "nobody": NOW})
    assert {tenant: dict(counters) for tenant, counters in found.items()} == {
        "berlin": {"crm_created": 110, "conflicts": 2},
        "vienna": {"crm_created": 111, "conflicts": 3},
    }
    assert store.counters_since({}) == {}


def test_the_newest_runs_of_each_tenant(store: Store) -> None:
    for tenant, count in (("berlin", 5), ("vienna", 1)):
        for number in range(count):
            store.start_run(tenant, f"r{number}", "scheduled", NOW + number * HOUR)
    found = store.newest_runs([*BOTH, "nobody"], 2)
    assert {tenant: [run.id for run in runs] for tenant, runs in found.items()} == {
        "berlin": ["r4", "r3"],
        "vienna": ["r0"],
    }
    assert store.newest_runs([], 2) == {}
