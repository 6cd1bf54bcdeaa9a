"""When a tenant's secrets end, as far as that can be known: a certificate says it, of a secret the connection may."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from calsync.connections import Conn, connection
from calsync.errors import ConfigError
from calsync.graph.connection import settings_from_connection

if TYPE_CHECKING:
    from calsync.config.model import Tenant

EXTRA = "secret_expires"
"""The entry of a connection's extra that says when its secret ends: a date, as 2027-06-30."""

WARNED = timedelta(days=30)
"""So long before its end a secret is told of."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """When a secret of a connection ends. what: "certificate" or "secret"."""

    connection: str
    what: str
    at: datetime


def expiring(tenant: Tenant, now: datetime, look_up: Callable[[str], Conn] = connection) -> list[Expiry]:
    """The tenant's secrets that have ended or end soon, the first to end first. Connections that are missing or wrong
    are not looked at: `doctor` says so."""
    ends = [end for conn_id in (tenant.connections.graph, tenant.connections.crm) for end in _ends(conn_id, look_up)]
    return sorted((end for end in ends if end.at - WARNED <= now), key=lambda end: end.at)


def _ends(conn_id: str, look_up: Callable[[str], Conn]) -> Iterable[Expiry]:
    try:
        conn = look_up(conn_id)
    except ConfigError:
        return
    if at := _said(conn.extra.get(EXTRA)):
        yield Expiry(conn_id, "secret", at)
    if conn.conn_type == "msgraph" and (at := _certificate_end(conn)):
        yield Expiry(conn_id, "certificate", at)


def _said(given: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(given))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _certificate_end(conn: Conn) -> datetime | None:
    from cryptography.x509 import load_pem_x509_certificate

    try:
        certificate = settings_from_connection(conn).certificate
        return load_pem_x509_certificate(certificate.public.encode()).not_valid_after_utc if certificate else None
    except (ConfigError, ValueError):
        return None
