"""Both systems tried with connections that need not be saved yet: `doctor`'s checks, each within a few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from calsync.errors import ConfigError
from calsync.stages.doctor import NoState
from calsync.stages.doctor_crm import DELETIONS, of_crm
from calsync.stages.doctor_graph import of_graph
from calsync.stages.ports import open_ports

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.connections import Conn
    from calsync.core.model import Account
    from calsync.graph.client import GraphClient
    from calsync.sharecrm.client import CrmClient
    from calsync.stages.check import Check
    from calsync.stages.context import Ports
    from calsync.store.store import Store

WITHIN_S: Final = 10.0
"""Seconds that each check may take; one that others need ends them too."""

_NO_STATE: Final = ConfigError(["A trial of connections looks at no state database."])


async def try_connections(
    tenant: Tenant,
    crm: Conn,
    graph: Conn,
    accounts: Sequence[Account] = (),
    mailbox: str = "",
    within_s: float = WITHIN_S,
) -> list[Check]:
    """Whether these two connections do: token, permissions, one mailbox, ScheduleObj's description, clocks.

    Nothing is written anywhere, and no token is kept: a secret that has become invalid shows.

    :param accounts: the tenant's accounts, one of whose mailboxes is tried
    :param mailbox: the address of another one to try in their place
    """
    ports = _ports(tenant, {tenant.connections.crm: crm, tenant.connections.graph: graph}, within_s)
    of_both = await asyncio.gather(of_crm(tenant, ports, within_s), of_graph(ports, accounts, mailbox, within_s))
    return [check for checks in of_both for check in checks if check.name != DELETIONS]


def _ports(tenant: Tenant, conns: dict[str, Conn], within_s: float) -> Ports:
    """Ports whose clients try each request once, with tokens of their own."""
    ports = open_ports(tenant, conns.__getitem__, store=cast("Store", NoState(_NO_STATE)))

    def crm_client() -> CrmClient:
        from calsync.sharecrm.client import CrmClient

        settings = replace(ports.crm_settings(), attempts=1, connect_s=within_s, read_s=within_s)
        return CrmClient(settings, here=ports.now)

    def graph_client() -> GraphClient:
        from calsync.graph.client import GraphClient
        from calsync.graph.connection import settings_from_connection

        settings = settings_from_connection(conns[tenant.connections.graph])
        return GraphClient(replace(settings, attempts=1, connect_s=within_s, read_s=within_s), here=ports.now)

    ports.crm, ports.graph = crm_client, graph_client
    return ports
