"""The lease: one writer per tenant, held by a run (RULES G7)."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, case, delete, literal, or_, select, update

from calsync.errors import LeaseHeld, LeaseLost
from calsync.store.engine import Calls, insert
from calsync.store.records import Lease
from calsync.store.tables import Instant, lease

TTL_S = 600
"""A lease ends so many seconds after it was last renewed."""


def cli_holder(run: str) -> str:
    """The name under which this process holds a lease for a run from the command line."""
    return f"cli:{socket.gethostname()}:{os.getpid()}:{run}"


def dead(holder: str) -> bool:
    """Whether `holder` was a command-line run on this host whose process has ended. Never true of anybody else."""
    kind, _, rest = holder.partition(":")
    host, _, rest = rest.partition(":")
    number, _, _ = rest.partition(":")
    if kind != "cli" or host != socket.gethostname() or not number.isdecimal() or int(number) == 0:
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


class LeaseCalls(Calls):
    """Who writes a tenant. `now` is the caller's clock; each call is one conditional statement, so that no two win."""

    def acquire(self, tenant: str, holder: str, now: datetime, ttl: int = TTL_S) -> datetime:
        """Take the lease, or renew it when it is this holder's. Until when it is held.

        :param ttl: seconds.
        :raises LeaseHeld: another run has it.
        """
        until = now + timedelta(seconds=ttl)
        with self._write() as connection:
            mine = lease.c.holder == holder
            statement = insert(connection, lease).values(tenant=tenant, holder=holder, taken_at=now, until=until)
            since = case((mine, lease.c.taken_at), else_=literal(now, Instant))
            taken = statement.on_conflict_do_update(
                index_elements=["tenant"],
                set_={"holder": holder, "taken_at": since, "until": until},
                where=or_(mine, lease.c.until <= now),
            )
            # Drivers do not agree on the row count of an INSERT; what it returns is the same everywhere.
            if connection.execute(taken.returning(lease.c.holder)).first():
                return until
            other = _held(connection.execute(select(lease).where(lease.c.tenant == tenant)).one_or_none())
            if other is not None and dead(other.holder):
                takeover = update(lease).where(lease.c.tenant == tenant, lease.c.holder == other.holder)
                if connection.execute(takeover.values(holder=holder, taken_at=now, until=until)).rowcount:
                    return until
        if other is None:  # released since we were refused
            return self.acquire(tenant, holder, now, ttl)
        raise LeaseHeld(
            tenant, other.holder, f"{other.until:%Y-%m-%d %H:%M:%S} UTC", (other.until - now).total_seconds()
        )

    def renew(self, tenant: str, holder: str, now: datetime, ttl: int = TTL_S) -> datetime:
        """Hold the lease longer. Until when.

        :raises LeaseLost: another run took it, or it was released; stop before the next write.
        """
        until = now + timedelta(seconds=ttl)
        with self._write() as connection:
            statement = update(lease).where(lease.c.tenant == tenant, lease.c.holder == holder).values(until=until)
            if connection.execute(statement).rowcount:
                return until
        other = self.holder(tenant)
        fate = f"went to {other.holder}" if other else "ended"
        raise LeaseLost(
            f"This run no longer may write tenant {tenant}: its lease {fate}. "
            "Nothing more was written; what is left stays in the journal for the next run."
        )

    def release(self, tenant: str, holder: str) -> bool:
        """Give the lease back. Whether it was this holder's."""
        with self._write() as connection:
            statement = delete(lease).where(lease.c.tenant == tenant, lease.c.holder == holder)
            return bool(connection.execute(statement).rowcount)

    def holder(self, tenant: str) -> Lease | None:
        """Who took the lease last and has not released it; whether it still counts is for `until` to say."""
        with self._read() as connection:
            return _held(connection.execute(select(lease).where(lease.c.tenant == tenant)).one_or_none())


def _held(row: Row[Any] | None) -> Lease | None:
    return None if row is None else Lease(holder=row.holder, taken_at=row.taken_at, until=row.until)
