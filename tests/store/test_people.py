"""Accounts and contacts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from store.values import NOW, person

from calsync.core.model import Availability, Contact
from calsync.errors import StateError
from calsync.store.store import Store

T, E = "sales", "enterprise-1"


def test_accounts_and_contacts_come_back_as_saved_and_are_replaced_by_key(store: Store) -> None:
    away = replace(person("2", "oid-2"), availability=Availability.NO_MAILBOX, away_since=NOW, zone="Europe/Berlin")
    store.save_accounts(T, [away, person("1", "oid-1")], E)
    store.save_accounts(T, [person("1", "oid-1", authorised=False)], E)
    assert store.accounts(T) == [person("1", "oid-1", authorised=False), away]
    assert store.accounts("other") == []

    store.save_contacts(T, [Contact("c2", "b@example.com", "acc", "Bo"), Contact("c1", "a@example.com")])
    store.save_contacts(T, [Contact("c1")])
    assert store.contacts(T) == [Contact("c1"), Contact("c2", "b@example.com", "acc", "Bo")]
    assert store.contacts("other") == []


def test_a_microsoft_user_is_authorised_once_in_an_enterprise(store: Store) -> None:
    store.save_accounts("north", [person("1", "oid")], E)
    assert store.authorised_elsewhere(E, "oid", "south") == "north"
    assert store.authorised_elsewhere(E, "oid", "north") is None
    assert store.authorised_elsewhere("enterprise-2", "oid", "south") is None
    assert store.authorised_elsewhere(E, "OID", "south") is None

    store.save_accounts("south", [person("1", "oid", authorised=False)], E)
    with pytest.raises(StateError):
        store.save_accounts("south", [person("1", "oid")], E)
    with pytest.raises(StateError):
        store.save_accounts("north", [person("2", "oid")], E)
    store.save_accounts("elsewhere", [person("1", "oid")], "enterprise-2")
    assert store.accounts("south") == [person("1", "oid", authorised=False)]


def test_an_authorisation_passes_on_once_it_is_revoked(store: Store) -> None:
    store.save_accounts(T, [person("1", "oid")], E)
    revoked = replace(person("1", "oid"), revoked_at=NOW)
    store.save_accounts(T, [person("0", "oid"), revoked], E)
    assert store.accounts(T) == [person("0", "oid"), revoked]
    assert store.authorised_elsewhere(E, "oid", "south") == T
