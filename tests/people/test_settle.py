"""An ambiguous match settled by a person: stored as chosen, not authorised, kept (RULES A5)."""

from __future__ import annotations

import pytest
from people.make import ANN, NOW, TWINS, tenant

from calsync.accounts import authorise, matched_at, remember, revoke, settle, stored
from calsync.core.accounts import Employee, User, Why
from calsync.store.store import Store


def test_a_choice_is_an_account_that_is_still_to_be_authorised(store: Store) -> None:
    remember(tenant(), [ANN], TWINS, store, NOW)
    assert matched_at("acme", store) == NOW
    assert settle(tenant(), "1", "u2", store) == ""
    (account,) = store.accounts("acme")
    assert (account.object_id, account.chosen, account.authorised) == ("u2", True, False)
    assert store.refusals("acme")[0] == []
    remember(tenant(), [ANN], TWINS, store, NOW)
    assert store.refusals("acme")[0] == []
    changed = authorise(tenant(), stored("acme", store, ["1"]), ["1"], store, NOW)
    assert [(one.object_id, one.authorised) for one in changed.accounts] == [("u2", True)]


@pytest.mark.parametrize(("employee", "user"), [("1", "u9"), ("2", "u1"), ("9", "u1")])
def test_only_what_was_offered_can_be_chosen(store: Store, employee: str, user: str) -> None:
    remember(tenant(), [ANN, Employee("2", "bob@x.io")], TWINS, store, NOW)
    assert "match anew" in settle(tenant(), employee, user, store)
    assert store.accounts("acme") == []


def test_the_tenant_file_is_not_overruled(store: Store) -> None:
    remember(tenant(), [ANN], TWINS, store, NOW)
    assert "correct it there" in settle(tenant(employees={"1": "ann@x.io"}), "1", "u2", store)


def test_nobody_who_is_authorised_loses_a_user_by_a_choice(store: Store) -> None:
    office = [User("u1", mail="ann@x.io", proxies=("office@x.io",))]
    remember(tenant(), [ANN], TWINS[:1], store, NOW)
    authorise(tenant(), stored("acme", store), ["1"], store, NOW)
    remember(tenant(), [ANN], TWINS, store, NOW)
    assert "revoke it first" in settle(tenant(), "1", "u2", store)
    revoke(tenant(), ["1"], store, NOW)
    assert settle(tenant(), "1", "u2", store) == ""

    remember(tenant(), [Employee("7", "ann@x.io"), Employee("8", "office@x.io")], office, store, NOW)
    assert [one.why for one in store.refusals("acme", ["7", "8"])[0]] == [Why.SEVERAL_EMPLOYEES] * 2
    assert settle(tenant(), "8", "u1", store) == ""
    assert [(one.employee, one.why) for one in store.refusals("acme", ["7", "8"])[0]] == [("7", Why.MAPPED_AWAY)]
