"""Whether a meeting still stands as a run left it: only then may that run be undone (G9)."""

from __future__ import annotations

from calsync.core.change import crm_change, outlook_change
from calsync.core.deletion import Fate
from calsync.core.desk import Desk
from calsync.core.merge import content_change
from calsync.core.model import Event, Kind, Life, LinkState, Placement, Side, Standing
from calsync.core.past import UNDONE, Past
from calsync.core.plan import Verb

ERASED = "what it showed before is no longer kept"
AWAY = "a mailbox of it cannot be written now; repeat the undo when it is back"
UNREAD = "it cannot be read now; repeat the undo later"
IN_CRM = "its record was changed in ShareCRM since"
IN_OUTLOOK = "its event was changed in Outlook since"
CALENDAR = "its Calendar field, or a cleanup, decided that; change it there, or authorise its people again"


def why_not(desk: Desk, past: Past) -> str:
    """Why a meeting must stay as it is, "" when it stands as the run left it."""
    link = desk.link
    if past.later and not (past.begun and _half_done(desk, past)):
        return f"run {past.later} has changed it since; undo that run first"
    if past.erased:
        return ERASED
    if any(deed.rule in ("D6", "D7") for deed in past.deeds) or _left(desk):
        return CALENDAR
    if desk.sight.unreadable or (link.crm_id and desk.sight.crm is None):
        return UNREAD
    return _changed_in_crm(desk, past) or _changed_in_outlook(desk, past)


def _half_done(desk: Desk, past: Past) -> bool:
    """Whether an undo of the same run was interrupted: what it should have removed still stands, or what it should put
    back still counts as ended."""
    if desk.link.reason != UNDONE:
        return desk.link.state is LinkState.RETIRED
    made = {(deed.mailbox, deed.target_id) for deed in past.deeds if deed.verb is Verb.CREATE}
    record = any(deed.verb is Verb.CREATE for deed in past.of(Side.CRM))
    stands = desk.sight.crm is not None and desk.sight.crm.life is Life.NORMAL
    return (record and stands) or any((p.mailbox, p.id) in made for p in desk.living())


def _left(desk: Desk) -> bool:
    """Whether the meeting has been unlinked or taken out of this calendar by anything but an undo."""
    row, link = desk.sight.crm, desk.link
    taken_out = row is not None and row.life is Life.NORMAL and desk.rules.left(row)
    return taken_out or (link.state is LinkState.UNLINKED and link.reason != UNDONE)


def _changed_in_crm(desk: Desk, past: Past) -> str:
    row, link = desk.sight.crm, desk.link
    if row is None:
        return ""
    ended = link.state is LinkState.RETIRED or any(d.verb is Verb.DELETE for d in past.of(Side.CRM))
    if ended:
        return IN_CRM if row.life in (Life.NORMAL, Life.OTHER) and not past.begun else ""
    if row.life is not Life.NORMAL:
        return "" if past.begun else IN_CRM
    base = link.base or link.crm_shown
    edited = base is not None and bool(crm_change(desk, base))
    left = next((deed.after for deed in reversed(past.of(Side.CRM)) if deed.after), None)
    return IN_CRM if edited or _differs(left, row.event) else ""


def _changed_in_outlook(desk: Desk, past: Past) -> str:
    link = desk.link
    for placement in link.placements:
        speaks = placement.mailbox == link.speaker and link.state is LinkState.LIVING
        heard = placement.kind is not Kind.GUEST or speaks
        if heard and (why := _changed_there(desk, past, placement)):
            return why
    if link.state is not LinkState.LIVING or link.base is None:
        return ""
    return IN_OUTLOOK if outlook_change(desk, link.base, Fate.NONE, link.speaker) else ""


def _changed_there(desk: Desk, past: Past, placement: Placement) -> str:
    row = desk.row(placement)
    if placement.standing is Standing.ENDED:
        restored = row is not None and not row.cancelled and placement.kind is not Kind.GUEST
        return IN_OUTLOOK if restored else ""
    if placement.standing is not Standing.LIVING:
        return ""
    if (placement.mailbox, placement.id) in desk.sight.absences or (row and row.cancelled):
        return IN_OUTLOOK
    if row is None:
        return UNREAD
    invited = placement.kind is Kind.COPY and desk.attended(placement)
    left = (deed.after for deed in reversed(past.of(Side.OUTLOOK, placement.mailbox, placement.id)) if deed.after)
    return IN_OUTLOOK if invited or any(_differs(e, row.event) for e in (placement.shown, next(left, None))) else ""


def _differs(left: Event | None, now: Event | None) -> bool:
    return left is not None and now is not None and bool(content_change(left, now))
