"""Addresses of a meeting in the two systems' own pages, for whoever may open them there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from calsync.connections import find_connection
from calsync.errors import CalsyncError

if TYPE_CHECKING:
    from calsync.config.model import Tenant

_OUTLOOK: Final = {
    "graph.microsoft.com": "outlook.office.com",
    "graph.microsoft.us": "outlook.office365.us",
    "dod-graph.microsoft.us": "webmail.apps.mil",
    "microsoftgraph.chinacloudapi.cn": "partner.outlook.cn",
}
"""By Graph's host, where Outlook on the web is in the same cloud (Microsoft Learn, national clouds)."""

RECORD_URL: Final = "record_url"
"""In the extra of the ShareCRM connection: the address of a record's page, with {id} in it. It differs by cloud, and no
reference of the OpenAPI names it."""


class Outside:
    """Where a tenant's meetings can be seen outside these pages; "" where no such page is known."""

    def __init__(self, tenant: Tenant) -> None:
        self._outlook = _OUTLOOK.get(_graph_host(tenant.connections.graph), "")
        self._record = _record_url(tenant.connections.crm)

    def event(self, id_: str) -> str:
        """An Outlook event, in the calendar of its mailbox's user."""
        return f"https://{self._outlook}/calendar/item/{quote(id_, safe='')}" if self._outlook and id_ else ""

    def record(self, id_: str) -> str:
        """A ShareCRM record."""
        return self._record.replace("{id}", quote(id_, safe="")) if self._record and id_ else ""


def _graph_host(conn_id: str) -> str:
    try:
        conn = find_connection(conn_id)
    except CalsyncError:
        return ""
    given = str(conn.extra.get("base_url") or conn.host or "graph.microsoft.com") if conn else ""
    return urlsplit(given if "://" in given else f"//{given}").hostname or ""


def _record_url(conn_id: str) -> str:
    try:
        conn = find_connection(conn_id)
    except CalsyncError:
        return ""
    given = str(conn.extra.get(RECORD_URL) or "") if conn else ""
    return given if given.startswith("https://") else ""
