"""What the other configurations of one enterprise know of what this run read: a meeting belongs to one of them (B3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from calsync.core.facts import Rules
from calsync.core.match import ical_key, link_id
from calsync.core.model import CrmRow, Link, LinkState, OutlookRow, Side

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Ports


def claimed(tenant: Tenant, ports: Ports, outlook: Iterable[OutlookRow]) -> frozenset[str]:
    """The `ical_key`s of those Outlook meetings that are living in another configuration."""
    keys = {ical_key(row.ical_uid, row.original) for row in outlook} - {""}
    found = (
        ical_key(placement.ical_uid, placement.original)
        for other in ports.store.neighbours(tenant.enterprise, tenant.key)
        for link in ports.store.links_by_ical(other, keys)
        if link.state is LinkState.LIVING
        for placement in link.placements
    )
    return frozenset(found) & keys


def moved_here(tenant: Tenant, ports: Ports, rules: Rules, crm: Iterable[CrmRow], known: Iterable[Link]) -> list[Link]:
    """The links of records whose Calendar field names this configuration now and another one before.

    The link moves with its base and its events, and nothing is written; the other configuration unlinks its own (D6).
    """
    if tenant.scope == "all":
        return []
    ours = {link.crm_id for link in known}
    wanted = {row.id for row in crm if rules.names(row) and row.id not in ours}
    return [
        replace(
            link, id=link_id(tenant.key, Side.CRM, link.crm_id), state=LinkState.LIVING, reason="", dirty=True, missed=0
        )
        for other in ports.store.neighbours(tenant.enterprise, tenant.key)
        for link in ports.store.links_by_crm(other, wanted)
        if link.base is not None and link.state is not LinkState.RETIRED
    ]
