"""Employees and Microsoft users matched anew on request, beside the daily time: begun here, done in the background.

How it stands is kept in the state database, so that every worker of a server knows. One at a time per tenant.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from calsync.errors import CalsyncError

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Ports
    from calsync.store.store import Store

LONGEST: Final = timedelta(minutes=10)
"""A matching that is not done by then is given up."""

_KEY: Final = "matching"
_TOO_LONG: Final = "Matching took longer than {0} minutes and was given up. Nothing was changed; try again later."
_LOST: Final = "The matching was cut off, as by a restart of the server. Nothing was changed; match anew."


class State(StrEnum):
    """How the latest matching on request stands."""

    NONE = "none"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Matching:
    """The latest matching on request. at: when it began, or ended. sentence: what came of it, nothing personal."""

    state: State
    at: datetime | None = None
    sentence: str = ""


def latest(store: Store, tenant: str, now: datetime) -> Matching:
    """How the latest matching on request stands."""
    said = json.loads(store.remembered(tenant, _KEY) or "{}")
    if not said:
        return Matching(State.NONE)
    found = Matching(State(said["state"]), datetime.fromisoformat(said["at"]), said["sentence"])
    if found.state is State.RUNNING and found.at and now - found.at > LONGEST:
        return Matching(State.FAILED, found.at, _LOST)
    return found


def begin(store: Store, tenant: str, now: datetime) -> bool:
    """Note that a matching runs from now on; False when one does already."""
    with store.begin() as tx:
        if latest(tx, tenant, now).state is State.RUNNING:
            return False
        _note(tx, tenant, Matching(State.RUNNING, now))
        return True


def match_anew(tenant: Tenant, ports: Ports, longest: timedelta = LONGEST) -> Matching:
    """Match everybody as both systems list them now, and note what came of it. Raises nothing: nobody waits for it."""
    from calsync import accounts

    async def refresh() -> str:
        async with asyncio.timeout(longest.total_seconds()), ports.crm() as crm, ports.graph() as graph:
            matched = await accounts.refresh(tenant, crm, graph, ports.store, ports.now())
        return f"{len(matched.accounts)} matched; {len(matched.refusals)} not, or not clearly."

    try:
        done = Matching(State.DONE, ports.now(), asyncio.run(refresh()))
    except TimeoutError:
        sentence = _TOO_LONG.format(int(longest.total_seconds() // 60))
        done = Matching(State.FAILED, ports.now(), sentence)
    except CalsyncError as error:
        done = Matching(State.FAILED, ports.now(), str(error))
    except Exception as error:  # its text may quote an address
        done = Matching(State.FAILED, ports.now(), f"An unexpected {type(error).__name__} stopped it: match anew.")
    _note(ports.store, tenant.key, done)
    return done


def _note(store: Store, tenant: str, matching: Matching) -> None:
    at = matching.at.isoformat() if matching.at else ""
    said = {"state": matching.state, "at": at, "sentence": matching.sentence}
    if matching.at:
        store.remember(tenant, _KEY, json.dumps(said), matching.at)


def start(tenant: Tenant, store: Store, now: datetime, open_ports: Callable[[], Ports]) -> bool:
    """Match anew in a thread of this process; False when a matching of the tenant runs already.

    :param open_ports: called here, so that what is wrong with a connection is told at once; closed by the thread
    """
    ports = open_ports()
    if not begin(store, tenant.key, now):
        ports.close()
        return False

    def work() -> None:
        try:
            match_anew(tenant, ports)
        finally:
            ports.close()

    threading.Thread(target=work, name=f"matching-{tenant.key}", daemon=True).start()
    return True
