"""Deletion: what proves it, whose deletion counts, and what follows from it (RULES D, E6)."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from calsync.core.desk import Desk, elect
from calsync.core.merge import CONTENT
from calsync.core.model import CrmRow, Event, Form, Kind, Life, LinkState, Origin, Placement, Proof, Side, Standing
from calsync.core.people import persons
from calsync.core.plan import Verb

SCOPE = "its Calendar field names another calendar"
RUNS_TO_BELIEVE = 2


class Fate(Enum):
    """On which sides the meeting is proved deleted."""

    NONE = "none"
    CRM = "crm"
    OUTLOOK = "outlook"
    BOTH = "both"


def fate_of(desk: Desk) -> Fate:
    """Weigh the evidence of both sides (D1-D3), and note placements that ended for one person only."""
    crm, outlook = _gone_in_crm(desk), _gone_in_outlook(desk)
    if crm and outlook:
        return Fate.BOTH
    return Fate.CRM if crm else Fate.OUTLOOK if outlook else Fate.NONE


def _gone_in_crm(desk: Desk) -> bool:
    row = desk.sight.crm
    if row is None or row.life is Life.NORMAL:
        return False
    if row.life is Life.INVALID:
        return True
    missed = desk.link.missed + 1
    desk.link = replace(desk.link, missed=missed)
    if missed >= RUNS_TO_BELIEVE:
        return True
    desk.link = replace(desk.link, dirty=True)
    desk.remark("D1", "ShareCRM does not find the record; believed when a second run does not find it either", Side.CRM)
    return False


def _gone_in_outlook(desk: Desk) -> bool:
    gone = False
    for placement in desk.living():
        absence = desk.sight.absences.get(placement.mailbox)
        row = desk.row(placement)
        if absence and absence.id == placement.id and absence.proof is not Proof.PRESENT:
            gone |= _absent(desk, placement, absence.proof)
        elif row and row.cancelled and placement.kind is Kind.HOST:
            desk.put(replace(placement, standing=Standing.ENDED))
            gone = True
    return gone or _cancelled_for_guests(desk)


def _absent(desk: Desk, placement: Placement, proof: Proof) -> bool:
    """Whether a missing placement is the meeting's deletion. Only the host's, or the owner's copy's, counts (D3)."""
    if proof is Proof.UNKNOWN:
        desk.link = replace(desk.link, dirty=True)
        desk.remark("D1", "it is missing, but the proof could not be had; asked again", Side.OUTLOOK, placement.mailbox)
        return False
    ours_of_owner = placement.kind is Kind.COPY and placement.mailbox == desk.owner_mailbox()
    if placement.kind is Kind.HOST or ours_of_owner:
        desk.put(replace(placement, standing=Standing.ENDED))
        return True
    desk.put(replace(placement, standing=Standing.DECLINED))
    desk.remark("D3", "its user removed it from this calendar; the others keep it", Side.OUTLOOK, placement.mailbox)
    return False


def _cancelled_for_guests(desk: Desk) -> bool:
    """Event-level cancels on guest placements: the meeting's, or one person's (D3)."""
    guests = [p for p in desk.living() if p.kind is Kind.GUEST]
    cancelled = [p for p in guests if (row := desk.row(p)) and row.cancelled]
    if not cancelled:
        return False
    hosts = [p for p in desk.living() if p.kind is Kind.HOST]
    for placement in cancelled:
        account = desk.account(placement.mailbox)
        if hosts and account and any(account.addresses & desk.listed(h) for h in hosts):
            continue
        desk.put(replace(placement, standing=Standing.ENDED))
        if account:
            desk.sight.uninvited.add(f"e:{account.employee}")
    return not hosts and len(cancelled) == len(guests)


def retire(desk: Desk, rule: str, reason: str) -> None:
    """End the meeting on the side that still has it: `invalid` in ShareCRM; in Outlook the host and our copies (D4)."""
    row, evidence = desk.sight.crm, reason
    crm_gone = row is not None and row.life is not Life.NORMAL
    if desk.rules.to_outlook:
        for placement in desk.living():
            if placement.kind is Kind.HOST or (placement.kind is Kind.COPY and placement.origin is Origin.OURS):
                desk.delete(placement, rule, reason, evidence)
    elif crm_gone:
        desk.remark("C9", "deleted in ShareCRM; the direction leaves Outlook as it is", Side.OUTLOOK)
    if not crm_gone:
        if not desk.rules.to_crm:
            desk.remark("C9", "deleted in Outlook; the direction leaves ShareCRM as it is", Side.CRM)
            desk.note_crm(row)
            return
        desk.write_crm(Verb.DELETE, rule, reason, evidence=evidence)
    version = max(desk.link.crm_version, row.version if row else 0)
    desk.link = replace(desk.link, state=LinkState.RETIRED, reason=reason, crm_version=version, dirty=False)


def put_back_crm(desk: Desk, target: Event, rule: str, reason: str) -> None:
    """Recover the record, and bring it to the target (E6)."""
    add = tuple(sorted(persons(target) - persons(desk.link.crm_shown or target)))
    desk.link = replace(desk.link, base=target, state=LinkState.LIVING, reason="")
    desk.write_crm(Verb.CREATE, rule, reason, target, fields=CONTENT, add=add)
    desk.note_rows()


def put_back_outlook(desk: Desk, target: Event, rule: str, reason: str) -> None:
    """A new generation in copies form, which mails nobody (E6)."""
    for placement in desk.living():
        if placement.kind is Kind.HOST:
            desk.put(replace(placement, standing=Standing.ENDED))
    generation = desk.link.generation + 1
    desk.link = replace(
        desk.link, base=target, generation=generation, form=Form.COPIES, state=LinkState.LIVING, reason="", dirty=False
    )
    desk.note_crm(desk.sight.crm)
    for employee in sorted(target.attendees):
        account = desk.people.by_employee.get(employee)
        here = desk.link.placement(account.object_id) if account else None
        unwanted = here is not None and here.standing in (Standing.LIVING, Standing.DECLINED, Standing.RELEASED)
        if account and account.served and not unwanted:
            desk.create_in(account, target, rule, reason)
    mailboxes = [a.mailbox for a in desk.actions if a.verb is Verb.CREATE]
    mine = desk.owner_mailbox()
    desk.link = replace(desk.link, speaker=mine if mine in mailboxes else (mailboxes or [elect(desk)])[0])


def unlink_or_relink(desk: Desk) -> bool:
    """Follow the Calendar field (D6): whether the meeting is still to be compared."""
    row, link = desk.sight.crm, desk.link
    leaves = row is not None and row.life is Life.NORMAL and not desk.rules.in_scope(row)
    if link.state is LinkState.UNLINKED:
        return not leaves and _relink(desk, row)
    if leaves and desk.rules.out_of_scope == "delete" and desk.rules.to_outlook:
        for placement in desk.living():
            if placement.kind is not Kind.GUEST and placement.origin is Origin.OURS:
                desk.delete(placement, "D7", "taken out of this calendar, and the tenant says: delete", SCOPE)
    if leaves:
        desk.act(Verb.UNLINK, Side.CRM, "D6", SCOPE, target_id=link.crm_id)
        desk.link = replace(desk.link, state=LinkState.UNLINKED, reason=SCOPE, dirty=False)
    return not leaves


def _relink(desk: Desk, row: CrmRow | None) -> bool:
    """An unlinked meeting whose reason has ended is compared again, once both sides have been read anew."""
    if desk.link.reason != SCOPE or row is None or row.life is not Life.NORMAL:
        return False
    desk.act(Verb.LINK, Side.CRM, "D6", "its Calendar field names this configuration again", target_id=row.id)
    desk.link = replace(desk.link, state=LinkState.LIVING, reason="", dirty=True)
    return False


def reopen(desk: Desk) -> None:
    """A retired meeting whose record or event reappears lives again (E6)."""
    row, link = desk.sight.crm, desk.link
    target = row.event if row else None
    if row and target and row.life is Life.NORMAL and row.version > link.crm_version and desk.rules.in_scope(row):
        if desk.rules.to_outlook:
            put_back_outlook(desk, target, "E6", "its record was recovered in ShareCRM")
        return
    if row and row.version > link.crm_version:
        desk.link = replace(desk.link, crm_version=row.version)
    for placement in link.placements:
        read = desk.row(placement)
        back = read is not None and not read.cancelled and read.etag not in (placement.etag, placement.replaced)
        if placement.standing is Standing.ENDED and back and read and placement.kind is not Kind.GUEST:
            if desk.rules.to_crm and link.base:
                desk.put(replace(placement, standing=Standing.LIVING))
                desk.link = replace(desk.link, speaker=placement.mailbox)
                put_back_crm(desk, replace(link.base, title=read.event.title, time=read.event.time), "E6", _RESTORED)
            return


_RESTORED = "its event was restored in Outlook"
