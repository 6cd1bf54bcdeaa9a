"""An employee who has signed in with Microsoft: who may connect, and what connecting does (RULES A5)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from people.make import ANN, NOW, TWINS, allow, match, signed_in, tenant

from calsync.accounts import authorise, remember, revoke, stored
from calsync.core.accounts import Employee, User, Why
from calsync.core.model import Availability
from calsync.stages.connecting import Standing, connect, disconnect, mine
from calsync.store.store import Store

BOB = User("u7", mail="bob@x.io")
ME = signed_in("u1", "ann@x.io")


def test_the_mailbox_of_an_own_account_is_connected_and_disconnected(store: Store) -> None:
    match(store, [ANN, Employee("2", "bob@x.io")], [TWINS[0], BOB])
    assert mine(tenant(), ME, store).standing is Standing.OPEN
    done = connect(tenant(), ME, store, NOW)
    assert (done.standing, done.employee, done.since) == (Standing.CONNECTED, "1", NOW)
    assert [one.employee for one in store.accounts("acme") if one.authorised] == ["1"]
    assert disconnect(tenant(), ME, store, NOW).standing is Standing.OPEN
    assert [one.employee for one in store.accounts("acme") if one.authorised] == []


def test_connecting_and_disconnecting_twice_is_once(store: Store) -> None:
    match(store, [ANN], TWINS[:1])
    assert connect(tenant(), ME, store, NOW) == connect(tenant(), ME, store, NOW.replace(hour=12))
    disconnect(tenant(), ME, store, NOW)
    assert disconnect(tenant(), ME, store, NOW).standing is Standing.OPEN


def test_an_employee_connects_again_after_having_been_revoked(store: Store) -> None:
    match(store, [ANN], TWINS[:1])
    allow(store, "1")
    revoke(tenant(), ["1"], store, NOW)
    assert connect(tenant(), ME, store, NOW).standing is Standing.CONNECTED


@pytest.mark.parametrize(
    ("employees", "users", "said", "who", "standing"),
    [
        ([ANN], TWINS[:1], {}, signed_in("u9", "eve@x.io"), Standing.UNKNOWN),
        ([ANN], TWINS[:1], {}, signed_in("u1", "ann@x.io", guest=True), Standing.GUEST),
        ([ANN], TWINS, {}, ME, Standing.AMBIGUOUS),
        ([ANN], TWINS, {}, signed_in("u2", "ann.b@x.io"), Standing.AMBIGUOUS),
        ([ANN, replace(ANN, id="2")], TWINS[:1], {}, ME, Standing.AMBIGUOUS),
        ([replace(ANN, active=False)], TWINS[:1], {}, ME, Standing.STOPPED),
        ([ANN], TWINS[:1], {"employees": {"1": None}}, ME, Standing.STOPPED),
        ([Employee("1")], TWINS[:1], {}, ME, Standing.UNKNOWN),
        ([], TWINS[:1], {}, ME, Standing.UNKNOWN),
    ],
)
def test_nobody_else_connects_anything(
    store: Store,
    employees: list[Employee],
    users: list[User],
    said: dict[str, object],
    who: object,
    standing: Standing,
) -> None:
    remember(tenant(**said), employees, users, store, NOW)
    assert connect(tenant(**said), who, store, NOW).standing is standing  # type: ignore[arg-type]
    assert not any(one.authorised for one in store.accounts("acme"))


def test_who_was_left_out_since_the_latest_matching_is_authorised_by_nobody(store: Store) -> None:
    match(store, [ANN], TWINS[:1])
    now = tenant(employees={"1": None})
    assert connect(now, ME, store, NOW).standing is Standing.STOPPED
    assert authorise(now, stored("acme", store), ["1"], store, NOW).refused == {"1": Why.EXCLUDED}
    assert authorise(now, stored("acme", store), None, store, NOW).accounts == ()


def test_an_address_that_was_given_to_somebody_else_connects_nobody(store: Store) -> None:
    """The newcomer's mailbox must not get the events of whoever had the address before."""
    match(store, [ANN], TWINS[:1])
    allow(store, "1")
    heir = User("u5", mail="ann@x.io")
    match(store, [ANN], [heir, User("u1", mail="ann.old@x.io")])
    assert connect(tenant(), signed_in("u5", "ann@x.io"), store, NOW).standing is Standing.MOVED
    assert mine(tenant(), ME, store).standing is Standing.CONNECTED


def test_a_user_who_is_connected_in_another_configuration_is_told_where(store: Store) -> None:
    match(store, [ANN], TWINS[:1])
    match(store, [ANN], TWINS[:1], key="north")
    allow(store, "1", key="north")
    found = connect(tenant(), ME, store, NOW)
    assert (found.standing, found.other) == (Standing.ELSEWHERE, "north")


def test_a_connected_mailbox_that_cannot_be_reached_is_said_so(store: Store) -> None:
    match(store, [ANN], TWINS[:1])
    allow(store, "1")
    (account,) = store.accounts("acme")
    store.save_accounts("acme", [replace(account, availability=Availability.NO_MAILBOX)], "acme")
    assert mine(tenant(), ME, store).away
