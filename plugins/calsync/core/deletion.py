"""Deletion: what proves it, whose deletion counts, and what follows from it (RULES D, E6)."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from calsync.core.desk import Desk
from calsync.core.fresh import copies_in
from calsync.core.match import RUNS_TO_BELIEVE, is_gone, link_id
from calsync.core.merge import CONTENT, as_outlook, unlike
from calsync.core.model import (
    FOLLOWED,
    STANDS,
    Event,
    Form,
    Kind,
    Life,
    Link,
    LinkState,
    Origin,
    Placement,
    Proof,
    Side,
    Standing,
)
from calsync.core.people import persons
from calsync.core.plan import Verb
from calsync.core.speaker import audible, elect

IN_OUTLOOK = "deleted in Outlook by the person whose deletion counts"


RESTORED = "its event was restored in Outlook"
RECOVERED = "its record was recovered in ShareCRM"
KEPT = "deleted in ShareCRM; the direction leaves Outlook as it is"
"""Why a meeting is retired that stands in Outlook all the same: what stands of it is never ended (C9)."""


class Fate(Enum):
    """On which sides the meeting is proved deleted."""

    NONE = "none"
    CRM = "crm"
    OUTLOOK = "outlook"
    BOTH = "both"


class _Removal(Enum):
    """What the removal of one event says.

    OURS: a run of ours removed the copy and ended before it knew. Nobody declined it: who comes back to the record gets
    the meeting again (E2).
    """

    OF_THE_MEETING = "of the meeting"
    OF_ITS_USER = "of its user"
    OURS = "ours"


def fate_of(desk: Desk) -> Fate:
    """Weigh the evidence of both sides (D1-D3), and note placements that ended for one person only."""
    crm, outlook = _gone_in_crm(desk), _gone_in_outlook(desk)
    if crm and outlook:
        return Fate.BOTH
    return Fate.CRM if crm else Fate.OUTLOOK if outlook else Fate.NONE


def _gone_in_crm(desk: Desk) -> bool:
    return desk.sight.crm is not None and desk.sight.crm.life is not Life.NORMAL


def recovered(desk: Desk) -> Event | None:
    """What a record shows that stands again, though a run of ours deleted its host, and ended before it knew (E6)."""
    row = desk.sight.crm
    hosts = [p for p in desk.living() if p.kind is Kind.HOST and _removed_by_us(desk, p)]
    gone = any(is_gone(desk.sight.absences, host) for host in hosts)
    return row.event if gone and row and row.life is Life.NORMAL and desk.rules.to_outlook else None


def missed_once(desk: Desk) -> bool:
    """Whether ShareCRM does not find the record for the first time: until a second run neither, nothing is decided.

    A run that finds it takes back what an earlier one missed, whatever becomes of its writes.
    """
    row = desk.sight.crm
    if row is not None and row.life is not Life.GONE:
        desk.link, desk.noted = replace(desk.link, missed=0), replace(desk.noted, missed=0)
    missed = desk.link.missed + 1
    if row is None or row.life is not Life.GONE or missed >= RUNS_TO_BELIEVE:
        return False
    desk.link = replace(desk.link, missed=missed, dirty=True)
    desk.remark("D1", "ShareCRM does not find the record; believed when a second run does not find it either", Side.CRM)
    return True


def let_go(desk: Desk) -> None:
    """A record that is gone cannot be put back: the event that was edited stays in Outlook, its user's own (D5)."""
    reason = "edited in Outlook while its record vanished from ShareCRM; it stays in Outlook and is no longer synced"
    desk.remark("D5", reason, Side.OUTLOOK)
    for placement in desk.link.placements:
        leave(desk, placement)
    desk.link = replace(desk.link, state=LinkState.RETIRED, reason=reason, dirty=False)


def leave(desk: Desk, placement: Placement) -> None:
    """Leave an event to its user: what is left of a retired meeting would be ended as part of its deletion (D4)."""
    if placement.standing in STANDS:
        desk.put(replace(placement, standing=Standing.RELEASED))


def _gone_in_outlook(desk: Desk) -> bool:
    if _rearranged_for_guests(desk):
        if _guests_to_be_asked(desk):
            _wait_for_guests(desk, "its series was rearranged for its guests without this date")
            return False
        for placement in (p for p in desk.living() if p.kind is Kind.GUEST):
            desk.put(replace(placement, standing=Standing.ENDED))
        return True
    gone = False
    for placement in sorted(desk.living(), key=lambda each: each.kind is not Kind.HOST):
        absence = desk.sight.absences.get((placement.mailbox, placement.id))
        row = desk.row(placement)
        if absence and gone and placement.kind is Kind.GUEST:
            desk.put(replace(placement, standing=Standing.ENDED))  # it went with its host, its user declined nothing
        elif absence:
            gone |= _absent(desk, placement, absence.proof)
        elif row and row.cancelled and placement.kind is Kind.HOST:
            desk.put(replace(placement, standing=Standing.ENDED))
            gone = True
    return gone or _cancelled_for_guests(desk)


def _absent(desk: Desk, placement: Placement, proof: Proof) -> bool:
    """Whether a missing placement is the meeting's deletion (D3)."""
    if proof is Proof.UNKNOWN:
        desk.link = replace(desk.link, dirty=True)
        desk.remark("D1", "it is missing, but the proof could not be had; asked again", Side.OUTLOOK, placement.mailbox)
        return False
    removal = _removal(desk, placement)
    if removal is _Removal.OF_ITS_USER:
        desk.put(replace(placement, standing=Standing.DECLINED))
        desk.remark("D3", "its user removed it from this calendar; the others keep it", Side.OUTLOOK, placement.mailbox)
    else:
        desk.put(replace(placement, standing=Standing.ENDED))
    return removal is _Removal.OF_THE_MEETING


def _removal(desk: Desk, placement: Placement) -> _Removal:
    """What the removal of an event says: only the host's, or the owner's copy's, is the meeting's (D3).

    A new owner may have deleted theirs before the meeting was theirs to delete.
    """
    if placement.kind is Kind.HOST:
        return _Removal.OF_THE_MEETING
    if placement.kind is not Kind.COPY:
        return _Removal.OF_ITS_USER
    if _removed_by_us(desk, placement):
        return _Removal.OURS
    hosted = any(p.kind is Kind.HOST and p.standing in STANDS for p in desk.link.placements)
    changed_hands = desk.noted.crm_owner not in ("", desk.link.crm_owner)
    owners = placement.mailbox == desk.owner_mailbox() and not hosted and not changed_hands
    return _Removal.OF_THE_MEETING if owners else _Removal.OF_ITS_USER


def _removed_by_us(desk: Desk, placement: Placement) -> bool:
    return (placement.mailbox, placement.id) in desk.facts.removed


def _cancelled_for_guests(desk: Desk) -> bool:
    """Event-level cancels on guest placements: the meeting's, or one person's (D3)."""
    guests = [p for p in desk.living() if p.kind is Kind.GUEST]
    cancelled = [p for p in guests if (row := desk.row(p)) and row.cancelled]
    if not cancelled:
        return False
    hosts = [p for p in desk.link.placements if p.kind is Kind.HOST and audible(desk, p)]
    if any(host.standing is Standing.ASLEEP for host in hosts):
        desk.link = replace(desk.link, dirty=True)
        desk.remark("D3", "cancelled for its guests, and the organiser's mailbox cannot be asked now", Side.OUTLOOK)
        return False
    everybody = not hosts and len(cancelled) == len(guests)
    if everybody and _guests_to_be_asked(desk):
        _wait_for_guests(desk, "cancelled for its guests")
        return False
    for placement in cancelled:
        account = desk.account(placement.mailbox)
        if hosts and account and any(account.addresses & desk.listed(h) for h in hosts):
            continue
        # Where ShareCRM is not written the record goes on listing the person, who must not get the meeting back.
        desk.put(replace(placement, standing=Standing.ENDED if desk.rules.to_crm else Standing.DECLINED))
        if account:
            desk.sight.uninvited.add(f"e:{account.employee}")
    return everybody


def _rearranged_for_guests(desk: Desk) -> bool:
    """Whether no organiser can be heard, and in the mailbox of every living guest this date went as its series became a
    single event, or one that recurs otherwise or ends earlier. That is its organiser's doing, as a cancellation is: who
    takes dates off an invitation leaves its rule as it is (D3).
    """
    if any(p.kind is Kind.HOST and audible(desk, p) for p in desk.link.placements):
        return False
    guests = [p for p in desk.living() if p.kind is Kind.GUEST]
    absences = [desk.sight.absences.get((p.mailbox, p.id)) for p in guests]
    return bool(guests) and all(a is not None and a.rearranged and a.proof is Proof.GONE for a in absences)


def _wait_for_guests(desk: Desk, what: str) -> None:
    desk.link = replace(desk.link, dirty=True)
    desk.remark("D3", f"{what}, and another guest's mailbox cannot be asked now", Side.OUTLOOK)


def _guests_to_be_asked(desk: Desk) -> bool:
    """Whether a guest's mailbox is away for a while: its event may say that only the others were uninvited (D3)."""
    asleep = [p for p in desk.link.placements if p.kind is Kind.GUEST and p.standing is Standing.ASLEEP]
    return any(audible(desk, placement) for placement in asleep)


def retire(desk: Desk, rule: str, reason: str) -> None:
    """End the meeting on the side that still has it: `invalid` in ShareCRM; in Outlook the host and our copies (D4)."""
    row = desk.sight.crm
    crm_gone = row is not None and row.life is not Life.NORMAL
    if not crm_gone and not desk.rules.to_crm:
        _keep_record(desk)
        return
    if not crm_gone:
        desk.write_crm(Verb.DELETE, rule, reason, evidence=_evidence(desk))
    if not crm_gone or desk.rules.to_outlook:
        end_placements(desk, rule, reason)
    else:
        reason = KEPT
        desk.remark("C9", KEPT, Side.OUTLOOK)
    version = max(desk.link.crm_version, row.version if row else 0)
    desk.link = replace(desk.link, state=LinkState.RETIRED, reason=reason, crm_version=version, dirty=False)


def _keep_record(desk: Desk) -> None:
    """A deletion in Outlook that may not reach ShareCRM is its user's own affair; the others keep the meeting (C9)."""
    desk.remark("C9", "deleted in Outlook; the direction leaves ShareCRM as it is", Side.CRM)
    for placement in desk.link.placements:
        stood = desk.noted.placement(placement.mailbox)
        if placement.standing is Standing.ENDED and stood and stood.standing is not Standing.ENDED:
            desk.put(replace(placement, standing=Standing.DECLINED))
    desk.link = replace(desk.link, speaker=elect(desk))
    desk.note_crm(desk.sight.crm)
    desk.note_rows()


def end_placements(desk: Desk, rule: str, reason: str) -> None:
    """Delete the host and our copies; one whose mailbox is away when that is back.

    What the direction keeps is its user's from now on, and so is an event of theirs that was never agreed to be this
    record's (A3).
    """
    met = desk.link.base is None and desk.link.id == link_id(desk.rules.tenant, Side.CRM, desk.link.crm_id)
    for placement in desk.link.placements:
        theirs = placement.origin is Origin.THEIRS
        mine = placement.kind is Kind.HOST or (placement.kind is Kind.COPY and not theirs)
        if not desk.rules.to_outlook or (theirs and met):
            leave(desk, placement)
        elif theirs and reason == IN_OUTLOOK:
            continue  # an organiser who was not heard when it was cancelled for everybody: what lives is not deleted
        elif mine and placement.standing is Standing.LIVING and is_over(desk, placement):
            desk.put(replace(placement, standing=Standing.ENDED))
        elif mine and placement.standing is Standing.LIVING:
            desk.delete(placement, rule, reason, _evidence(desk))


def is_over(desk: Desk, placement: Placement) -> bool:
    """Whether an event has been deleted or cancelled already, while its mailbox was away say."""
    row = desk.row(placement)
    return bool(row and row.cancelled) or is_gone(desk.sight.absences, placement)


def _evidence(desk: Desk) -> str:
    """Why we believe the deletion: what was read, in ids and versions (D1)."""
    row = desk.sight.crm
    found = [f"the record is {row.life}, version {row.version}"] if row and row.life is not Life.NORMAL else []
    found += [absence.evidence for absence in desk.sight.absences.values() if absence.proof is Proof.GONE]
    found += [f"event {read.id} is cancelled" for read in desk.sight.rows.values() if read.cancelled]
    return "; ".join(found) or desk.link.reason


def put_back_crm(desk: Desk, target: Event, rule: str, reason: str) -> None:
    """Recover the record, and bring it to the target (E6)."""
    add = tuple(sorted(persons(target) - persons(desk.link.crm_shown or target)))
    remove = tuple(sorted(persons(desk.link.base or target) - persons(target)))
    desk.link = replace(desk.link, base=target, state=LinkState.LIVING, reason="")
    desk.write_crm(Verb.CREATE, rule, reason, target, fields=CONTENT, add=add, remove=remove)
    _bring_copies(desk, target, rule, reason)


def _bring_copies(desk: Desk, target: Event, rule: str, reason: str) -> None:
    """The copies that still live show the target too, whichever of them its change came from (C6).

    Who left the record meanwhile loses theirs (E2).
    """
    for placement in desk.living() if desk.rules.to_outlook else ():
        shown = desk.shown(placement)
        if desk.left(placement, target):
            desk.take_away(placement)
        elif placement.kind is Kind.COPY and shown and (fields := unlike(as_outlook(target), shown)):
            desk.update(placement, target, fields, rule, reason)
    desk.note_rows()


def put_back_outlook(desk: Desk, target: Event, rule: str, reason: str) -> None:
    """A new generation in copies form, which mails nobody (E6). Copies that still live are brought to the target."""
    desk.link = replace(
        without(desk.link, Kind.HOST, Kind.GUEST),
        base=target,
        form=Form.COPIES,
        state=LinkState.LIVING,
        reason="",
        dirty=False,
        missed=0,
    )
    desk.note_crm(desk.sight.crm)
    _bring_copies(desk, target, rule, reason)
    copies_in(desk, target, rule, reason, anew=True)
    mailboxes = [a.mailbox for a in desk.actions if a.verb is Verb.CREATE]
    mine = desk.owner_mailbox()
    desk.link = replace(desk.link, speaker=mine if mine in mailboxes else (mailboxes or [elect(desk)])[0])


def without(link: Link, *kinds: Kind) -> Link:
    """End placements with their host; sleeping guests too, whose cancellation is read later and says no more then."""
    placements = (
        replace(p, standing=Standing.ENDED) if p.kind in kinds and p.standing in FOLLOWED else p
        for p in link.placements
    )
    return replace(link, placements=tuple(placements))
