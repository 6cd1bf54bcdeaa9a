"""A tenant and people of it, for tests of who takes part."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from calsync.accounts import authorise, remember, stored
from calsync.config.model import Tenant
from calsync.core.accounts import Employee, User
from calsync.graph.signin import SignedIn
from calsync.store.store import Store

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MICROSOFT = "5a1c0d3e-7f2b-4d0a-9c55-0f6a1e2b3c4d"

ANN = Employee("1", "ann@x.io")
TWINS = [User("u1", mail="ann@x.io"), User("u2", mail="ann.b@x.io", proxies=("ann@x.io",))]


def tenant(key: str = "acme", **said: Any) -> Tenant:
    whole: dict[str, Any] = {
        "key": key,
        "name": key.title(),
        "installation": "test-installation",
        "enterprise": "acme",
        "microsoft_tenant": MICROSOFT,
        "connections": {"crm": "crm", "graph": "graph"},
        "time_zone": "UTC",
    }
    return Tenant(**whole | said)


def match(store: Store, employees: list[Employee], users: list[User], key: str = "acme") -> None:
    """As both systems list them."""
    remember(tenant(key), employees, users, store, NOW)


def allow(store: Store, *employees: str, key: str = "acme") -> None:
    """Authorise these employees."""
    done = authorise(tenant(key), stored(key, store, employees), employees, store, NOW)
    assert len(done.accounts) == len(employees), done.refused


def signed_in(object_id: str, address: str = "", guest: bool = False) -> SignedIn:
    return SignedIn(object_id, MICROSOFT, address, guest)
