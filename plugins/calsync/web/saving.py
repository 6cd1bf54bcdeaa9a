"""What the configuration's form starts from, and what becomes of it: tried, or saved."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio.from_thread

from calsync.config.load import tenants_folder
from calsync.config.model import Tenant
from calsync.config.save import key_for, save_tenant
from calsync.connections import find_connection, is_outside_airflow
from calsync.errors import ConfigError
from calsync.graph.settings import PUBLIC_GRAPH
from calsync.stages.trial import try_connections
from calsync.web.airflow_api import Airflow
from calsync.web.credentials import CrmForm, Kept, MicrosoftForm, Use
from calsync.web.draft import RESERVED, SETTLED, Draft, Known, shown
from calsync.web.state import all_tenants

if TYPE_CHECKING:
    from calsync.core.model import Account
    from calsync.stages.check import Check
    from calsync.store.store import Store

_ELSEWHERE: Final = "It comes from the environment or a secrets backend: it is used as it is, and changed there."
_THERE: Final = "Airflow has it already: it is used as it is. It can be changed once this configuration is saved."
_TAKEN: Final = "is in Airflow already: write its name here to use it as it is, or write another name"
_NOT_YOURS: Final = "may not be used: Airflow does not let you see this connection"
_CONN_ID: Final = re.compile(r"[\w.-]{1,200}", re.ASCII)
_GUID: Final = "00000000-0000-0000-0000-000000000000"


def starting_values(others: Sequence[Tenant]) -> dict[str, str]:
    """What the form of a new tenant shows. It belongs to the same installation as the tenants there are."""
    installation = others[0].installation if others else f"calsync-{secrets.token_hex(4)}"
    zone = others[0].time_zone if others else ""
    blank = {"name": "-", "installation": installation, "enterprise": "-", "microsoft_tenant": _GUID, "key": "-"}
    tenant = Tenant.model_validate(
        {**blank, "key": "x", "time_zone": zone or "UTC", "connections": {"crm": "-", "graph": "-"}}
    )
    asked = dict.fromkeys(("name", "enterprise", "microsoft_tenant", "connections.crm", "connections.graph"), "")
    return shown(tenant) | asked | {"time_zone": zone, "graph_conn.server": PUBLIC_GRAPH, "graph_conn.method": "secret"}


def stored_values(tenant: Tenant, known: Known) -> dict[str, str]:
    """What the form of a tenant shows; of its connections everything but the secrets."""
    values = shown(tenant)
    values |= {"graph_conn.server": PUBLIC_GRAPH, "graph_conn.method": "secret"}
    values |= CrmForm.shown(known.crm.conn) if known.crm.conn else {}
    return values | (MicrosoftForm.shown(known.graph.conn) if known.graph.conn else {})


def known_new(values: Mapping[str, str], airflow: Airflow) -> Known:
    """What the form of a new tenant is about."""
    folder = tenants_folder()
    name, enterprise = values.get("name", ""), values.get("enterprise", "")
    key = values.get("key", "").strip() or key_for(name, enterprise, folder, RESERVED)
    return Known(folder, key, crm=_new(values, "crm", key, airflow), graph=_new(values, "graph", key, airflow))


def known_saved(tenant: Tenant, values: dict[str, str], airflow: Airflow, store: Store) -> Known:
    """What the form of a saved tenant is about. Settings that it does not show are put into `values`."""
    settled = any(store.count_links(tenant.key).values())
    ours = shown(tenant)
    if values:
        values |= {name: ours[name] for name in (*SETTLED, "installation") if settled or name not in values}
    crm = _saved(values, "crm", tenant.connections.crm, airflow)
    graph = _saved(values, "graph", tenant.connections.graph, airflow)
    return Known(tenants_folder(), tenant.key, tenant, settled, crm, graph)


def tried(draft: Draft, accounts: Sequence[Account], mailbox: str) -> list[Check]:
    """What both systems say to these connections, saved or not; see `stages.trial`."""
    assert draft.tenant is not None  # noqa: S101 - asked for drafts without problems
    trial = partial(try_connections, draft.tenant, draft.crm.conn, draft.graph.conn, accounts, mailbox)
    return anyio.from_thread.run(trial)


@dataclass(frozen=True, slots=True)
class Saving:
    """Puts a draft in place. version: of the file, when the form was made; accounts: those there are."""

    airflow: Airflow
    version: str
    accounts: Sequence[Account] = ()

    def connections(self, draft: Draft) -> dict[str, str]:
        """Make or change the connections in Airflow; what it refused, by field."""
        for form in (draft.crm, draft.graph):
            if form.kept.use is not Use.AS_IS:
                answer = self.airflow.put_connection(form.body(), there=form.kept.use is Use.CHANGE)
                if not answer.done:
                    return {form.setting: f"was not saved: {answer.why}"}
        return {}

    def file(self, known: Known, tenant: Tenant) -> str:
        """Write the tenant's file and have Airflow read it; what to tell.

        :raises ConfigError, OSError: as `config.save.save_tenant`
        """
        save_tenant(known.folder, tenant, self.version)
        others = [other.key for other in all_tenants()[0] if other.key != tenant.key]
        soon = self.airflow.read_files_again(tenant.key, others)
        when = "Airflow reads it now." if soon else "Airflow reads it when it looks at its DAG files the next time."
        return f"Saved. {when}" if known.tenant else f"Saved with the key '{tenant.key}', which never changes. {when}"


def _new(values: Mapping[str, str], side: str, key: str, airflow: Airflow) -> Kept:
    named = values.get(f"connections.{side}", "").strip()
    conn_id = named or f"calsync_{side}_{key}"
    found = _found(conn_id, airflow)
    if found.use is not Use.CHANGE:
        return found
    if not named:
        return Kept(conn_id, found.conn, Use.AS_IS, problem=_TAKEN)
    return Kept(conn_id, found.conn, Use.AS_IS, why=_THERE)


def _saved(values: Mapping[str, str], side: str, ours: str, airflow: Airflow) -> Kept:
    named = values.get(f"connections.{side}", "").strip() or ours
    found = _found(named, airflow)
    if found.use is Use.CHANGE and named != ours:
        return Kept(named, found.conn, Use.AS_IS, why=_THERE)
    return found


def _found(conn_id: str, airflow: Airflow) -> Kept:
    if not _CONN_ID.fullmatch(conn_id):
        return Kept(conn_id)  # the setting's own check says what is wrong
    if is_outside_airflow(conn_id):
        return _read(conn_id, Use.AS_IS, _ELSEWHERE)
    there = airflow.has_connection(conn_id)
    if there.done:
        return _read(conn_id, Use.CHANGE)
    return _read(conn_id, Use.AS_IS, _ELSEWHERE) if there.status == 404 else Kept(conn_id, problem=_NOT_YOURS)


def _read(conn_id: str, use: Use, why: str = "") -> Kept:
    try:
        conn = find_connection(conn_id)
    except ConfigError as error:
        return Kept(conn_id, use=Use.AS_IS, problem="cannot be used: " + "; ".join(error.problems))
    return Kept(conn_id, conn, use, why) if conn else Kept(conn_id)
