"""Everybody of a tenant in a list: filtered, searched, counted; and what matching refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from store.values import NOW, person

from calsync.core.accounts import Candidate, Refusal, Why
from calsync.core.model import Availability
from calsync.store.roster import Group
from calsync.store.store import Store

T, E = "sales", "enterprise-1"
TWO = (Candidate("u1", "ann@x.io", "ann@corp.x.io"), Candidate("u2", "ann.b@x.io"))
REFUSED = [
    Refusal("4", Why.SEVERAL_USERS, "", "ann@x.io", TWO),
    Refusal("5", Why.NO_EMAIL),
    Refusal("6", Why.NO_USER, "", "fred_one@x.io"),
    Refusal("7", Why.MOVED, "u9", "gil@x.io"),
]


@pytest.fixture
def full(store: Store) -> Store:
    """One employee of every group, and one who is connected although the address moved."""
    away = replace(person("2", "o2"), availability=Availability.NO_MAILBOX, away_since=NOW)
    revoked = replace(person("3", "o3"), revoked_at=NOW)
    store.save_accounts(T, [person("1", "o1"), away, revoked, person("7", "o7")], E)
    store.save_accounts(T, [person("8", "o8", authorised=False)], E)
    store.save_accounts("other", [person("1", "o99")], E)
    store.save_refusals(T, REFUSED, {"7": person("7", "u9")})
    store.save_refusals("other", [Refusal("5", Why.GUEST)], {})
    return store


def test_everybody_is_in_exactly_one_group(full: Store) -> None:
    expected = {
        Group.CONNECTED: ["1", "7"],
        Group.AWAY: ["2"],
        Group.REVOKED: ["3"],
        Group.AMBIGUOUS: ["4"],
        Group.UNMATCHED: ["5", "6"],
        Group.READY: ["8"],
    }
    assert {group: [one.employee for one in full.people(T, group)] for group in Group} == expected
    assert full.groups(T) == {group: len(ids) for group, ids in expected.items()}
    assert [one.employee for one in full.people(T)] == ["1", "2", "3", "4", "5", "6", "7", "8"]


def test_a_page_of_the_list_carries_account_and_reason(full: Store) -> None:
    first, moved = full.people(T, offset=3, limit=1)[0], full.people(T, offset=6, limit=1)[0]
    assert (first.account, first.refusal, first.address) == (None, REFUSED[0], "ann@x.io")
    assert (moved.account, moved.refusal) == (person("7", "o7"), REFUSED[3])


@pytest.mark.parametrize(
    ("text", "found"),
    [("FRED", ["6"]), ("d_o", ["6"]), ("dxo", []), ("ann@x", ["4"]), ("%", []), (person("1", "o1").address, ["1"])],
)
def test_the_list_is_searched_by_id_and_address(full: Store, text: str, found: list[str]) -> None:
    assert [one.employee for one in full.people(T, text=text)] == found
    assert sum(full.groups(T, text).values()) == len(found)


def test_a_later_matching_replaces_what_was_refused(full: Store) -> None:
    assert full.refusals(T) == (REFUSED, {"7": person("7", "u9")})
    assert full.refusals(T, ["5", "99"]) == ([REFUSED[1]], {})
    assert full.refusals_of(T, "u9", "") == [REFUSED[3]]
    assert full.refusals_of(T, "none", "fred_one@x.io") == [REFUSED[2]]
    full.save_refusals(T, REFUSED[1:2], {})
    assert full.refusals(T) == (REFUSED[1:2], {})
    assert len(full.refusals("other")[0]) == 1


def test_accounts_are_read_one_by_one_too(full: Store) -> None:
    assert full.accounts(T, ["7", "1", "99"]) == [person("1", "o1"), person("7", "o7")]
    assert full.accounts_of(T, "o7") == [person("7", "o7")]
    assert full.accounts_of(T, "O7") == []
    assert full.authorised_in_others(E, "third") == {"o1": T, "o2": T, "o7": T, "o99": "other"}
