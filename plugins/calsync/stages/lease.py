"""The lease around every stage: taken or renewed at its start and every minute, asked before every write (G7)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from calsync.errors import CalsyncError, LeaseLost

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Ports, Run

RENEW_S = 60.0


@contextmanager
def leased(tenant: Tenant | str, ports: Ports, run: Run) -> Iterator[None]:
    """Hold the tenant's lease for a stage. A dry run writes nothing, so it needs none.

    :param tenant: the tenant, or the key of one that has no usable file
    :raises LeaseHeld: another run writes this tenant
    :raises LeaseLost: from `ports.still_ours()`, once the lease went to another run
    """
    if run.dry_run:
        yield
        return
    key = _key(tenant)
    ports.store.acquire(key, run.holder, ports.now())
    done = threading.Event()

    def renew() -> None:
        while not done.wait(RENEW_S):
            try:
                ports.store.renew(key, run.holder, ports.now())
            except LeaseLost:
                return  # the stage hears of it before its next write
            except CalsyncError:
                continue  # the state database is away for a moment; the lease outlives several renewals

    def still_ours() -> None:
        ports.store.renew(key, run.holder, ports.now())

    keeper = threading.Thread(target=renew, name=f"lease-{key}", daemon=True)
    before, ports.still_ours = ports.still_ours, still_ours
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        ports.still_ours = before


@contextmanager
def exclusively(tenant: Tenant | str, ports: Ports, run: Run) -> Iterator[None]:
    """Hold the tenant's lease for all that a process does with it, and give it back. Raises as `leased` does."""
    with leased(tenant, ports, run):
        try:
            yield
        finally:
            release(tenant, ports, run)


def release(tenant: Tenant | str, ports: Ports, run: Run) -> None:
    """Give the lease back, if this run has it."""
    if not run.dry_run:
        ports.store.release(_key(tenant), run.holder)


def _key(tenant: Tenant | str) -> str:
    return tenant if isinstance(tenant, str) else tenant.key
