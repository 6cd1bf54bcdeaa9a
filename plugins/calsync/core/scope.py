"""The Calendar field, by which a record leaves this calendar and comes back to it (RULES D6, D7)."""

from __future__ import annotations

from dataclasses import replace

from calsync.core.deletion import put_back_outlook, without
from calsync.core.desk import Desk
from calsync.core.model import CrmRow, Form, Kind, Life, LinkState, Origin, Side, Standing
from calsync.core.plan import Verb
from calsync.core.unlinked import CLEANED, bring_back

SCOPE = "its Calendar field names another calendar"
SCOPE_DELETES = f"{SCOPE}; what calsync made of it is deleted"
"""Why a meeting is unlinked whose events the tenant wants deleted: while that lasts, those that are left go too."""


def unlink_or_relink(desk: Desk) -> bool:
    """Follow the Calendar field (D6): whether the meeting is still to be compared."""
    row, link = desk.sight.crm, desk.link
    leaves = row is not None and row.life is Life.NORMAL and desk.rules.left(row)
    if link.state is LinkState.UNLINKED:
        taken_out = link.reason in (SCOPE, SCOPE_DELETES)
        if taken_out and row and row.life is Life.INVALID and desk.rules.names(row):
            # Put back and deleted before a run saw it: it was deleted in this calendar.
            desk.link = replace(link, state=LinkState.LIVING, reason="")
            return True
        if link.reason == CLEANED and not leaves and (target := bring_back(desk)):
            put_back_outlook(desk, target, "D6", "whose event a cleanup had removed is authorised again")
        elif taken_out and row and row.life is Life.NORMAL and desk.rules.names(row):
            _relink(desk, row)
        elif link.reason == SCOPE_DELETES and _deletes_what_leaves(desk):
            _delete_ours(desk)
        return False
    if leaves and _deletes_what_leaves(desk):
        _delete_ours(desk)
    if leaves:
        desk.act(Verb.UNLINK, Side.CRM, "D6", SCOPE, target_id=link.crm_id)
        reason = SCOPE_DELETES if _deletes_what_leaves(desk) else SCOPE
        desk.link = replace(desk.link, state=LinkState.UNLINKED, reason=reason, dirty=False)
    return not leaves


def _deletes_what_leaves(desk: Desk) -> bool:
    return desk.rules.out_of_scope == "delete" and desk.rules.to_outlook


def _delete_ours(desk: Desk) -> None:
    """What calsync made of the meeting goes, and the invitations with it, because the tenant says so (D7).

    What cannot be deleted now, its mailbox is away say, stands on and goes when it can.
    """
    for placement in desk.living():
        if placement.kind is not Kind.GUEST and placement.origin is Origin.OURS:
            desk.delete(placement, "D7", "taken out of this calendar, and the tenant says: delete", SCOPE)
    if desk.link.form is Form.INVITED:
        desk.link = without(desk.link, Kind.GUEST)


def _relink(desk: Desk, row: CrmRow) -> None:
    """An unlinked meeting whose reason has ended is compared again, once both sides have been read anew."""
    reason = "its Calendar field names this configuration again"
    desk.act(Verb.LINK, Side.CRM, "D6", reason, target_id=row.id)
    ended = all(p.standing is Standing.ENDED for p in desk.link.placements)
    if ended and row.event and desk.rules.to_outlook:
        put_back_outlook(desk, row.event, "D6", reason)
    else:
        desk.link = replace(desk.link, state=LinkState.LIVING, reason="", dirty=True)
