"""The run's sentence as its note on Airflow's pages.

Airflow's Execution API has no route for notes (3.3), so the note goes through the public REST API, as a user: the
connection `calsync_airflow` names it. Without the connection, or when Airflow refuses, the sentence still stands in the
log, the XCom and the page of `report`: a note that cannot be written never fails a run.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from calsync.connections import find_connection
from calsync.errors import ConfigError

if TYPE_CHECKING:
    import httpx

    from calsync.connections import Conn

CONNECTION: Final = "calsync_airflow"
"""Type `generic`: host (with scheme, or beside `schema` and `port`), login and password; or extra `token`."""

_LONGEST: Final = 1000
"""Characters of a note that Airflow accepts."""

_SECONDS: Final = 10.0

_log = logging.getLogger(__name__)


def write_note(dag_id: str, run_id: str, sentence: str) -> bool:
    """Make `sentence` the note of a run, where the connection exists; False when it was not written."""
    try:
        conn = find_connection(CONNECTION)
    except ConfigError as error:
        _log.warning("No run note: %s", error)
        return False
    if conn is None:
        _log.info("No run note: there is no connection %s.", CONNECTION)
        return False
    return _put(conn, dag_id, run_id, sentence[:_LONGEST])


def _put(conn: Conn, dag_id: str, run_id: str, note: str) -> bool:
    import httpx

    try:
        with httpx.Client(base_url=base_url(conn), timeout=_SECONDS) as client:
            token = conn.extra.get("token") or sign_in(client, conn)
            answer = client.patch(
                f"/api/v2/dags/{quote(dag_id, safe='')}/dagRuns/{quote(run_id, safe='')}",
                params={"update_mask": "note"},
                json={"note": note},
                headers={"Authorization": f"Bearer {token}"},
            )
            answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        _log.warning("No run note: Airflow answered %d to %s.", error.response.status_code, error.request.method)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError) as error:
        _log.warning("No run note: %s. Check the connection %s.", type(error).__name__, CONNECTION)
    else:
        return True
    return False


def sign_in(client: httpx.Client, conn: Conn) -> str:
    """A token of Airflow's API for the connection's user."""
    answer = client.post("/auth/token", json={"username": conn.login, "password": conn.password})
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def base_url(conn: Conn) -> str:
    """Airflow's address as the connection gives it; `http` unless it says otherwise."""
    scheme, separator, host = conn.host.rpartition("://")
    scheme = scheme if separator else conn.schema or "http"
    if conn.port is None:
        return f"{scheme}://{host}"
    host, slash, path = host.partition("/")
    return f"{scheme}://{host}:{conn.port}{slash}{path}"
