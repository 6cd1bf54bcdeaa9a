"""Airflow's pools by name, asked through its public REST API: outside a task nothing else tells them."""

from __future__ import annotations

from typing import Final

from calsync.connections import find_connection
from calsync.errors import ConfigError
from calsync.notes import CONNECTION, base_url, sign_in

_SECONDS: Final = 10.0
_MANY: Final = 1000


def airflow_pools() -> frozenset[str] | None:
    """The names of all pools; None without the connection `calsync_airflow`, or where Airflow does not answer."""
    import httpx

    try:
        conn = find_connection(CONNECTION)
    except ConfigError:
        return None
    if conn is None:
        return None
    try:
        with httpx.Client(base_url=base_url(conn), timeout=_SECONDS) as client:
            token = conn.extra.get("token") or sign_in(client, conn)
            headers = {"Authorization": f"Bearer {token}"}
            answer = client.get("/api/v2/pools", params={"limit": _MANY}, headers=headers).raise_for_status()
            return frozenset(str(pool["name"]) for pool in answer.json()["pools"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        return None
