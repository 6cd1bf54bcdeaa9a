"""The names that a configuration has borne: a new one takes no record out of its calendar (RULES D6, D7).

Each is remembered with the moment it was taken up, so that a name that went from one configuration to another is the
later one's alone. A task reads its own file only; what the others bear, their runs have remembered.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Run
    from calsync.store.store import Store

_KEY = "names"


def former_names(tenant: Tenant, store: Store) -> tuple[str, ...]:
    """The names this configuration bore before and no other one of its enterprise has taken up since, sorted."""
    others = [_borne(store, key) for key in store.neighbours(tenant.enterprise, tenant.key)]
    mine = _borne(store, tenant.key).items()
    return tuple(
        sorted(n for n, at in mine if n != tenant.name and not any(n in borne and borne[n] > at for borne in others))
    )


def remember_name(tenant: Tenant, store: Store, run: Run) -> None:
    """Note under which name a run writes, before it does."""
    with store.begin() as tx:
        borne = _borne(tx, tenant.key)
        if tenant.name != max(borne, key=lambda name: borne[name], default=""):
            said = {name: at.isoformat() for name, at in (borne | {tenant.name: run.at}).items()}
            tx.remember(tenant.key, _KEY, json.dumps(said, ensure_ascii=False), run.at)


def _borne(store: Store, key: str) -> dict[str, datetime]:
    """The names of a configuration, each with the moment it was last taken up."""
    said: dict[str, str] = json.loads(store.remembered(key, _KEY) or "{}")
    return {name: datetime.fromisoformat(at) for name, at in said.items()}
