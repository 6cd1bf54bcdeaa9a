"""What the other configurations of one enterprise know of what this run read: a meeting belongs to one of them (B3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from calsync.core.facts import Rules
from calsync.core.match import ical_key, link_id
from calsync.core.model import CrmRow, Link, LinkState, OutlookRow, Side, Standing
from calsync.core.scope import SCOPE, SCOPE_DELETES

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
    One that had moved away comes back, in the place of what this configuration remembered of it.
    """
    if tenant.scope == "all":
        return []
    ours = {link.crm_id: link for link in known if link.crm_id}
    wanted = {row.id for row in crm if rules.names(row) and (row.id not in ours or _left(ours[row.id]))}
    moved: dict[str, Link] = {}
    for other in ports.store.neighbours(tenant.enterprise, tenant.key):
        for link in ports.store.links_by_crm(other, wanted):
            left = moved.get(link.crm_id) or ours.get(link.crm_id)
            newer = left is None or link.crm_version >= left.crm_version
            if newer and link.base is not None and link.state is not LinkState.RETIRED:
                moved[link.crm_id] = link
    return [_taken(tenant, link, ours.get(link.crm_id)) for link in moved.values()]


def _left(link: Link) -> bool:
    """Whether a meeting was taken out of this configuration's calendar."""
    return link.state is LinkState.UNLINKED and link.reason in (SCOPE, SCOPE_DELETES)


def _taken(tenant: Tenant, link: Link, ours: Link | None) -> Link:
    """Another configuration's link as this one goes on with it; who spoke there is not waited for here (C1).

    Its events that this one alone knows are kept, and those that this one has deleted since are gone.
    """
    moved = replace(link, state=LinkState.LIVING, reason="", dirty=True, missed=0, speaker="")
    if ours is None:
        return replace(moved, id=link_id(tenant.key, Side.CRM, link.crm_id))
    there = {(p.mailbox, p.id) for p in link.placements}
    gone = {(p.mailbox, p.id) for p in ours.placements if p.standing is Standing.ENDED}
    deleted = gone if ours.reason == SCOPE_DELETES else frozenset()
    placements = (
        *(p for p in ours.placements if (p.mailbox, p.id) not in there),
        *(replace(p, standing=Standing.ENDED) if (p.mailbox, p.id) in deleted else p for p in link.placements),
    )
    generation = max(link.generation, ours.generation)
    return replace(moved, id=ours.id, placements=placements, generation=generation)
