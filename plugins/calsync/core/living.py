"""Meetings that were agreed before: what changed where, and what both sides shall show now (C1-C10, D5, E2, E7)."""

from __future__ import annotations

from dataclasses import replace

from calsync.core.change import change_since, crm_change
from calsync.core.deletion import (
    IN_OUTLOOK,
    RECOVERED,
    Fate,
    fate_of,
    let_go,
    missed_once,
    put_back_crm,
    put_back_outlook,
    recovered,
    retire,
)
from calsync.core.desk import Desk
from calsync.core.fresh import OPEN_THERE, copies_in, invitation, recognised_in, unserved
from calsync.core.merge import CONTENT, Change, as_outlook, merge, unlike
from calsync.core.model import (
    FOLLOWED,
    STANDS,
    Availability,
    Event,
    Form,
    Kind,
    Life,
    Link,
    Origin,
    Placement,
    Side,
    Standing,
)
from calsync.core.people import persons, with_addresses
from calsync.core.plan import BESIDE_LOST, Word
from calsync.core.scope import unlink_or_relink
from calsync.core.speaker import elect, wake_and_sleep
from calsync.core.text import is_cut
from calsync.core.writes import write_placements, write_record

NOTHING: frozenset[str] = frozenset()


def compare(desk: Desk) -> None:
    """Decide a living meeting."""
    base = desk.link.base
    if base is None:
        return
    wake_and_sleep(desk)
    desk.link = replace(desk.link, dirty=desk.link.dirty and (_unread(desk) or _unheard(desk)))
    _drop_stale_reads(desk)
    if not unlink_or_relink(desk):
        return
    if missed_once(desk):
        return
    if desk.sight.crm and desk.sight.crm.life is Life.OTHER:
        desk.link = replace(desk.link, dirty=True)
        desk.remark("F7", "the record is not normal at the moment", Side.CRM)
        return
    if desk.sight.crm and desk.sight.crm.owner:
        desk.link = replace(desk.link, crm_owner=desk.sight.crm.owner)
    _own_copies_with_guests(desk)
    if target := recovered(desk):
        put_back_outlook(desk, target, "E6", RECOVERED)
        return
    fate = fate_of(desk)
    spoke_before = desk.link.speaker
    desk.link = replace(desk.link, speaker=elect(desk))
    crm = crm_change(desk, base)
    new_speaker = desk.link.speaker != spoke_before
    outlook = change_since(desk, base, fate, spoke_before)
    if fate is Fate.BOTH:
        retire(desk, "D1", "deleted on both sides")
    elif fate is Fate.CRM:
        _deleted_in_crm(desk, outlook)
    elif fate is Fate.OUTLOOK:
        _deleted_in_outlook(desk, crm)
    else:
        _agree(desk, base, crm, outlook, new_speaker=new_speaker)


def _unread(desk: Desk) -> bool:
    """Whether the record of a meeting that waits could not be read: what waits may be a change of it."""
    return bool(desk.link.crm_id) and desk.sight.crm is None


def _unheard(desk: Desk) -> bool:
    """Whether a mailbox of the meeting is away for a while, so that a change in it may still wait to be decided."""
    asleep = [desk.account(p.mailbox) for p in desk.link.placements if p.standing is Standing.ASLEEP]
    return any(a is not None and a.authorised and a.availability is not Availability.GONE for a in asleep)


def _drop_stale_reads(desk: Desk) -> None:
    """A read that carries the version we ourselves replaced is ignored, and read again (C4)."""
    row = desk.sight.crm
    if row and row.life is Life.NORMAL and row.version < desk.link.crm_version:
        desk.sight.crm = None
        desk.link = replace(desk.link, dirty=True)
    for placement in desk.link.placements:
        read = desk.row(placement)
        if read and placement.replaced and read.etag == placement.replaced and read.etag != placement.etag:
            del desk.sight.rows[placement.mailbox, placement.id]
            desk.link = replace(desk.link, dirty=True)


def _own_copies_with_guests(desk: Desk) -> None:
    """The owner's copy that its user gives attendees becomes a host; another copy that gains some is released (E7).

    A room is an attendee here: Graph would mail it whenever the copy is written or deleted.
    """
    for placement in desk.living():
        if placement.kind is not Kind.COPY or not desk.attended(placement):
            continue
        if placement.mailbox == desk.owner_mailbox():
            shown = replace(placement.shown, guests=frozenset()) if placement.shown else None
            desk.put(replace(placement, kind=Kind.HOST, origin=Origin.THEIRS, shown=shown))
            desk.link = replace(desk.link, form=Form.THEIRS)
        else:
            _release(desk, placement)


def _release(desk: Desk, copy: Placement) -> None:
    """Leave a copy to its user; the invitations that its user sent for it are none of this meeting's."""
    desk.put(replace(copy, standing=Standing.RELEASED))
    kept = (p for p in desk.link.placements if p.kind is not Kind.GUEST or p.ical_uid != copy.ical_uid)
    desk.link = replace(desk.link, placements=tuple(kept))
    done = "invited people to this copy" if desk.listed(copy) else "booked a room for this copy"
    desk.remark("E7", f"its user {done}; it is theirs now", Side.OUTLOOK, copy.mailbox)


def _deleted_in_crm(desk: Desk, outlook: Change) -> None:
    rules = desk.rules
    wins = outlook and rules.deletions == "lose"
    if wins and desk.sight.crm and desk.sight.crm.life is Life.GONE:
        let_go(desk)
    elif not outlook and rules.to_crm and rules.deletions == "lose" and _speaker_sleeps(desk):
        desk.link = replace(desk.link, dirty=True)
        desk.remark("D5", "deleted in ShareCRM; whether it was edited in Outlook is asked when its mailbox is back")
    elif rules.to_crm and (wins or _reverts(desk, Side.CRM)):
        base = desk.link.base or outlook.now
        merged = merge(base, Change(base), outlook, rules)
        why = "edited in Outlook while it was deleted in ShareCRM; the edit wins" if wins else _DRIFT
        put_back_crm(desk, merged.target, "D5" if wins else "C9", why)
    else:
        retire(desk, "D4", "deleted in ShareCRM")


def _speaker_sleeps(desk: Desk) -> bool:
    """Whether who speaks for Outlook can be neither heard nor written for the moment (D5, C6).

    Where nothing is carried to Outlook nobody waits: what is kept to its own side now stays so, whatever becomes of the
    direction (C9).
    """
    speaker = desk.link.placement(desk.link.speaker)
    return speaker is not None and speaker.standing is Standing.ASLEEP and desk.rules.to_outlook


def _deleted_in_outlook(desk: Desk, crm: Change) -> None:
    base, rules = desk.link.base or crm.now, desk.rules
    wins = crm and rules.deletions == "lose"
    if rules.to_outlook and (wins or _reverts(desk, Side.OUTLOOK)):
        target = merge(base, crm, Change(base), rules).target
        why = "edited in ShareCRM while it was deleted in Outlook; the edit wins" if wins else _DRIFT
        put_back_outlook(desk, target, "D5" if wins else "C9", why)
    else:
        retire(desk, "D3", IN_OUTLOOK)


_DRIFT = "the direction is one-way, and the tenant says: revert"


def _reverts(desk: Desk, side: Side) -> bool:
    """Whether a one-way tenant puts back what was changed on `side`, its receiving one (C9)."""
    receives = not desk.rules.to_outlook if side is Side.CRM else not desk.rules.to_crm
    return receives and desk.rules.drift == "revert"


def _agree(desk: Desk, base: Event, crm: Change, outlook: Change, new_speaker: bool) -> None:
    """Merge both sides and bring every placement and the record to the target (C5, C6)."""
    carried_crm, carried_outlook = _carried(desk, base, crm, outlook)
    merged = merge(base, carried_crm, carried_outlook, desk.rules)
    target, before = merged.target, desk.link
    desk.losses += merged.losses
    desk.link = replace(desk.link, base=target)
    desk.cut = _shortened(desk, target, carried_crm)
    touched = carried_crm.fields | carried_outlook.fields
    everything = (new_speaker and not _lists_people(desk)) or _reverts(desk, Side.OUTLOOK)
    if carried_crm and (_speaker_sleeps(desk) or _host_waits(desk)):
        _write_the_others(desk, before, target, carried_crm)
        return
    write_record(desk, target, frozenset(CONTENT) if _reverts(desk, Side.CRM) else touched, carried_outlook)
    desk.note_crm(desk.sight.crm if desk.sight.crm and desk.sight.crm.life is Life.NORMAL else None)
    if desk.rules.to_outlook:
        write_placements(desk, target, frozenset(CONTENT) if everything else touched | _owed(desk), carried_crm)
    end_lost_invitations(desk, base, target)
    desk.note_rows()
    if desk.rules.to_outlook:
        for copy in desk.superseded():
            desk.delete(copy, "E2", "the meeting came to this mailbox by invitation", "superseded by the invitation")
        if carried_crm.fields:
            _copies_beside_lost(desk, target)
        _serve_everybody(desk, base, target)
    if row := desk.row_in(desk.link.speaker):
        desk.link = replace(desk.link, addresses=with_addresses(desk.link, recognised_in(desk, target, row)))


def _serve_everybody(desk: Desk, base: Event, target: Event) -> None:
    """A silent copy for every connected attendee whom nothing has served yet, however far ahead it lies (E2, F5).

    To a meeting that is older than the window nothing is added any more; that somebody was put on it is told.
    """
    if not desk.rules.behind_window(target.time, desk.facts.now):
        copies_in(desk, target, "E2", "a connected attendee without the meeting")
    elif any(account.employee in target.attendees - base.attendees for account in unserved(desk, target)):
        desk.remark("F5", "who was added to it gets no copy: the meeting is older than the window", Side.OUTLOOK)


def _shortened(desk: Desk, target: Event, crm: Change) -> str:
    """As much as the speaker shows of a title that does not fit, unless ShareCRM has just changed it (C2)."""
    speaker = desk.link.placement(desk.link.speaker)
    shown = desk.shown(speaker) if speaker else None
    return shown.title if shown and "title" not in crm.fields and is_cut(shown.title, target.title) else ""


def _copies_beside_lost(desk: Desk, target: Event) -> None:
    """Content that no organiser can send any more goes out as copies, once a person agrees (E7).

    Once to each mailbox: a copy that stands there is written like any other, one that its user removed stays away.
    """
    beside = {p.mailbox for p in desk.link.placements if p.kind is Kind.COPY and p.standing is not Standing.ENDED}
    for placement in desk.living() if desk.host_lost() else ():
        account, shown = desk.account(placement.mailbox), desk.shown(placement)
        lacks = placement.kind is Kind.GUEST and placement.mailbox not in beside
        if lacks and account and shown and unlike(as_outlook(target), shown):
            held = "its organiser's mailbox is gone for good: it would stand beside the invitation there"
            desk.create_in(account, target, "E7", BESIDE_LOST, held=held)


def _owed(desk: Desk) -> frozenset[str]:
    """What a host that was lost or had ended, and is back, has to show: what went out as copies meanwhile (E6, E7).

    What its user keeps private is opened only when the meeting is made public (F6).
    """
    gone = (Standing.LOST, Standing.ENDED)
    away = {(p.mailbox, p.id) for p in desk.noted.placements if p.kind is Kind.HOST and p.standing in gone}
    back = [p for p in desk.living() if (p.mailbox, p.id) in away]
    invited = {p.mailbox for p in desk.link.placements if p.kind is not Kind.COPY}
    copies = any(p.kind is Kind.COPY and p.origin is Origin.OURS and p.mailbox in invited for p in desk.link.placements)
    if not back or not copies:
        return NOTHING
    private = any(p.origin is Origin.THEIRS and (shown := desk.shown(p)) and shown.private for p in back)
    return frozenset(CONTENT) - ({"private"} if private else NOTHING)


def _host_waits(desk: Desk) -> bool:
    """Whether guests speak for a host that may be written again, once its mailbox is back (C6)."""
    hosts = [p for p in desk.link.placements if p.kind is Kind.HOST and p.standing is Standing.ASLEEP]
    accounts = [desk.account(p.mailbox) for p in hosts]
    return desk.rules.to_outlook and any(a and a.authorised for a in accounts)


def _lists_people(desk: Desk) -> bool:
    """Whether the speaker's event has attendees: what it showed before it spoke is not overwritten then (C8)."""
    speaker = desk.link.placement(desk.link.speaker)
    return speaker is not None and desk.attended(speaker)


def _write_the_others(desk: Desk, before: Link, target: Event, crm: Change) -> None:
    """While the speaker's mailbox is away nothing is agreed, so that it gets the change when it is back (C6)."""
    write_placements(desk, target, NOTHING, crm)
    for placement in before.placements:
        if placement.standing is Standing.ENDED and _followed_before(desk, placement):
            # Who was uninvited is taken off the record then.
            before = before.standing(placement.mailbox, placement.id, Standing.LIVING)
    desk.link = replace(before, dirty=True)
    desk.losses.clear()
    desk.remark("C6", "the mailbox that is written first is away; it gets the change when it is back", Side.OUTLOOK)


def _followed_before(desk: Desk, placement: Placement) -> bool:
    """Whether a placement stood when this run began, as far as anybody knew."""
    key = (placement.mailbox, placement.id)
    return any((p.mailbox, p.id) == key and p.standing in FOLLOWED for p in desk.noted.placements)


def end_lost_invitations(desk: Desk, base: Event, target: Event) -> None:
    """Who was taken off the meeting has it no longer, whatever their own mailbox still shows (D3).

    Also where it is away now: the cancellation that is read once it is back would count as the whole meeting's.
    """
    for placement in [p for p in desk.link.placements if p.standing in FOLLOWED]:
        account = desk.account(placement.mailbox)
        left = account is not None and account.employee in base.attendees - target.attendees
        if placement.kind is Kind.GUEST and left:
            desk.put(replace(placement, standing=Standing.ENDED))


def _carried(desk: Desk, base: Event, crm: Change, outlook: Change) -> tuple[Change, Change]:
    """The changes that may be carried over; the others are reported once and agreed for their own side (C9)."""
    rules, one_way = desk.rules, "the direction is one-way"
    if outlook and not rules.to_crm:
        desk.remark("C9", f"a change was kept to its own side: {one_way}", Side.OUTLOOK)
        outlook = Change(base)
    elif outlook and outlook.now.private and not rules.crm_private:
        desk.remark("F6", f"a change was kept to its own side: {OPEN_THERE}", Side.OUTLOOK)
        outlook = Change(base)
    if crm and desk.silent and _lists_people(desk):
        desk.remark("C9", "a change was kept to its own side: a person said that nobody is mailed about it", Side.CRM)
        outlook = replace(outlook, fields=outlook.fields - crm.fields)
        crm = Change(base, came=_get_copies(desk, crm))
    speaker = desk.link.placement(desk.link.speaker)
    if crm and not rules.to_outlook:
        desk.remark("C9", f"a change was kept to its own side: {one_way}", Side.CRM)
        crm = Change(base)
    elif _organiser_untold(desk, crm):
        reason = "a change was kept to its own side: it is organised in a mailbox that calsync may not write"
        desk.remark("C9", reason, Side.CRM)
        if speaker and speaker.kind is Kind.GUEST and not desk.host_lost():
            crm = replace(crm, fields=NOTHING)
    return crm, outlook


def _organiser_untold(desk: Desk, crm: Change) -> bool:
    """Whether content or people changed that only its organiser's event could tell, which may not be written (E1)."""
    told = [p for p in desk.link.placements if p.standing in STANDS and p.kind is not Kind.COPY]
    if not told or _host_waits(desk) or any(p.kind is Kind.HOST and p.standing is Standing.LIVING for p in told):
        return False
    speaker = desk.link.placement(desk.link.speaker)
    unheard = speaker.kind is Kind.GUEST if speaker else any(p.kind is Kind.GUEST or desk.attended(p) for p in told)
    return bool(crm.fields and unheard and not desk.host_lost()) or _people_untold(desk, crm, told)


def _people_untold(desk: Desk, crm: Change, told: list[Placement]) -> bool:
    """Whether people left whom the organiser's event still lists, or contacts came whom it would invite (E2, E4)."""
    listed = {address for placement in told for address in desk.listed(placement)}
    stay = {address for person in persons(crm.now) for address in desk.people.addresses_of(person)}
    left = any(desk.people.addresses_of(person) & listed - stay for person in crm.went)
    came = {p for p in crm.came if p.startswith("c:")} if desk.link.form is Form.INVITED else set()
    return left or any(invitation(desk, person) for person in came if not desk.served(person))


def _get_copies(desk: Desk, crm: Change) -> frozenset[str]:
    """Of those who came, who gets a copy in place of an invitation (G6)."""
    accounts = ((p, desk.people.by_employee.get(p.removeprefix("e:"))) for p in crm.came if p.startswith("e:"))
    return frozenset(p for p, account in accounts if desk.silent is Word.RESTORE and account and account.authorised)
