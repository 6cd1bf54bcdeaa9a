"""Opens a tenant's ports from its connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from calsync.clock import Here, utc
from calsync.connections import Conn, connection, find_connection
from calsync.stages.context import Ports
from calsync.staging import Staging, default_root
from calsync.store import open_store
from calsync.store.dsn import CONNECTION, dsn_from_connection

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.graph.client import GraphClient
    from calsync.sharecrm.client import CrmClient
    from calsync.sharecrm.settings import CrmSettings
    from calsync.store.store import Store


def open_ports(
    tenant: Tenant,
    look_up: Callable[[str], Conn] = connection,
    staging_root: str | None = None,
    dsn: str | None = None,
    store: Store | None = None,
    here: Here = utc,
) -> Ports:
    """The ports of a tenant. Clients connect when first used.

    :param store: in place of the state database at `dsn`, or where the connection `calsync_state` says
    :param here: the clock of the stages, by which the clients tell how far the systems' clocks are off too
    :raises ConfigError: a connection is missing or wrong
    :raises StateError: the state database is missing or of another version
    """

    def crm_settings() -> CrmSettings:
        from calsync.sharecrm.connection import settings_from_connection

        ours = tenant.crm
        return settings_from_connection(
            look_up(tenant.connections.crm),
            auth_mode=ours.auth_mode,
            user=ours.user,
            gone_codes=ours.gone_codes,
            time_zone=tenant.time_zone,
            all_day_end=ours.all_day_end,
            fields=dict(ours.fields),
            private_values=ours.private_values,
            public_value=ours.public_value,
            scope_all=tenant.scope == "all",
            workflows=ours.workflows,
        )

    def crm() -> CrmClient:
        from calsync.sharecrm.auth import OF_THIS_PROCESS
        from calsync.sharecrm.client import CrmClient

        return CrmClient(crm_settings(), wallet=OF_THIS_PROCESS, here=here)

    def graph() -> GraphClient:
        from calsync.graph.auth import MsalTokens, cache_of_this_process
        from calsync.graph.client import GraphClient
        from calsync.graph.connection import settings_from_connection

        settings = settings_from_connection(look_up(tenant.connections.graph))
        return GraphClient(settings, here=here, tokens=MsalTokens(settings, cache_of_this_process(settings)))

    return Ports(
        store=store or open_store(dsn or state_dsn()),
        staging=Staging(staging_root or default_root()),
        crm=crm,
        graph=graph,
        crm_settings=crm_settings,
        now=here,
    )


def open_kept() -> Ports:
    """The ports to what is stored and staged, of whichever tenant: neither system is reached by them.

    :raises ConfigError, StateError: as `open_ports`
    """

    def nowhere() -> NoReturn:
        raise RuntimeError("neither system is reached without a tenant's settings")

    return Ports(
        store=open_store(state_dsn()),
        staging=Staging(default_root()),
        crm=nowhere,
        graph=nowhere,
        crm_settings=nowhere,
        now=utc,
    )


def state_dsn() -> str:
    """Where the state database is, by its connection."""
    state = find_connection(CONNECTION)
    return dsn_from_connection(state.extra if state else None)
