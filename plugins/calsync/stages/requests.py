"""map: every action of the plan that is not held becomes the exact payload of its system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.core.codec import from_json
from calsync.core.model import Contact, Side
from calsync.core.plan import Action, Request, Verb

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.sharecrm.schedule import Shape
    from calsync.stages.context import Counters, Ports, Run


def map_plan(tenant: Tenant, ports: Ports, run: Run) -> Counters:
    """Stage the requests of the plan."""
    from calsync.graph.request import outlook_request

    actions = ports.staging.read_rows(Action, tenant.key, run.id, "actions")
    to_send = [a for a in actions if not a.held and a.verb not in (Verb.LINK, Verb.UNLINK)]
    crm = [a for a in to_send if a.side is Side.CRM]
    requests: list[Request] = [outlook_request(a) for a in to_send if a.side is Side.OUTLOOK]
    if crm:
        requests += _crm_requests(tenant, ports, run, crm)
    ports.staging.write_rows(tenant.key, run.id, "requests", requests)
    return {"requests": len(requests)}


def _crm_requests(tenant: Tenant, ports: Ports, run: Run, actions: list[Action]) -> list[Request]:
    from calsync.sharecrm.request import to_request

    shape, accounts = crm_shape(tenant, ports, run), contact_accounts(tenant, ports, run)
    return [to_request(action, shape, calendar=tenant.name, accounts=accounts) for action in actions]


def crm_shape(tenant: Tenant, ports: Ports, run: Run) -> Shape:
    """How this enterprise's records are read and written, as `extract_crm` found it."""
    from calsync.sharecrm.describe import Fields
    from calsync.sharecrm.schedule import Shape

    facts: dict[str, Any] = ports.staging.read_json(tenant.key, run.id, "crm-facts")
    return Shape(from_json(Fields, facts["fields"]), ports.crm_settings())


def contact_accounts(tenant: Tenant, ports: Ports, run: Run) -> dict[str, str]:
    """Which account each contact brings with it (E10)."""
    staged = ports.staging.read_rows(Contact, tenant.key, run.id, "contacts")
    return {c.id: c.account_id for c in (*ports.store.contacts(tenant.key), *staged) if c.account_id}
