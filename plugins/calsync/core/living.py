"""Meetings that were agreed before: what changed where, and what both sides shall show now (C1-C10, E2, E7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from calsync.core.deletion import Fate, fate_of, put_back_crm, put_back_outlook, retire, unlink_or_relink
from calsync.core.desk import Desk, elect
from calsync.core.fresh import adjusted, invitation, recognised_in, spread
from calsync.core.merge import (
    CONTENT,
    Change,
    as_crm,
    as_outlook,
    content_change,
    from_crm,
    merge,
    unlike,
)
from calsync.core.model import Event, Form, Kind, Life, Origin, Placement, Side, Standing
from calsync.core.people import persons, with_addresses
from calsync.core.plan import Guest, Loss, Verb

FIXES_A_WEEK = 3


def compare(desk: Desk) -> None:
    """Decide a living meeting."""
    base = desk.link.base
    if base is None:
        return
    wake_and_sleep(desk)
    _drop_stale_reads(desk)
    if not unlink_or_relink(desk):
        return
    if desk.sight.crm and desk.sight.crm.life is Life.OTHER:
        desk.remark("F7", "the record is not normal at the moment", Side.CRM)
        return
    desk.link = replace(desk.link, dirty=False)
    _own_copies_with_guests(desk)
    fate = fate_of(desk)
    speaker = elect(desk)
    spoke_before = desk.link.speaker
    desk.link = replace(desk.link, speaker=speaker)
    crm = crm_change(desk, base)
    outlook = outlook_change(desk, base, fate) if speaker == spoke_before else Change(base)
    if fate is Fate.BOTH:
        retire(desk, "D1", "deleted on both sides")
    elif fate is Fate.CRM:
        _deleted_in_crm(desk, outlook)
    elif fate is Fate.OUTLOOK:
        _deleted_in_outlook(desk, crm)
    else:
        _agree(desk, base, crm, outlook, new_speaker=speaker != spoke_before)


def wake_and_sleep(desk: Desk) -> None:
    """A placement sleeps while its mailbox or its authorisation is away, and wakes with it (A3)."""
    for placement in desk.link.placements:
        account = desk.account(placement.mailbox)
        away = account is None or not account.served
        if placement.standing is Standing.LIVING and away:
            desk.put(replace(placement, standing=Standing.ASLEEP))
        elif placement.standing is Standing.ASLEEP and not away:
            desk.put(replace(placement, standing=Standing.LIVING))


def _drop_stale_reads(desk: Desk) -> None:
    """A read that carries the version we ourselves replaced is ignored, and read again (C4)."""
    row = desk.sight.crm
    if row and row.life is Life.NORMAL and row.version < desk.link.crm_version:
        desk.sight.crm = None
        desk.link = replace(desk.link, dirty=True)
    for placement in desk.link.placements:
        read = desk.row(placement)
        if read and placement.replaced and read.etag == placement.replaced and read.etag != placement.etag:
            del desk.sight.rows[placement.mailbox]
            desk.link = replace(desk.link, dirty=True)


def _own_copies_with_guests(desk: Desk) -> None:
    """The owner's copy that its user gives attendees becomes a host; another copy that gains some is released (E7)."""
    for placement in desk.living():
        if placement.kind is not Kind.COPY or not desk.listed(placement):
            continue
        if placement.mailbox == desk.owner_mailbox():
            shown = replace(placement.shown, guests=frozenset()) if placement.shown else None
            desk.put(replace(placement, kind=Kind.HOST, origin=Origin.THEIRS, shown=shown))
            desk.link = replace(desk.link, form=Form.THEIRS)
        else:
            desk.put(replace(placement, standing=Standing.RELEASED))
            desk.remark("E7", "its user invited people to this copy; it is theirs now", Side.OUTLOOK, placement.mailbox)


def crm_change(desk: Desk, base: Event) -> Change:
    """How the record differs from what ShareCRM showed when last agreed (C3)."""
    row = desk.sight.crm
    if row is None or row.event is None or row.life is not Life.NORMAL:
        return Change(base)
    now, shown = from_crm(row.event, base, desk.rules), from_crm(desk.link.crm_shown or base, base, desk.rules)
    fields = content_change(shown, now)
    at = adjusted(desk, Side.CRM, row.modified)
    return Change(now, fields, persons(now) - persons(shown), persons(shown) - persons(now), at)


def outlook_change(desk: Desk, base: Event, fate: Fate) -> Change:
    """How the speaker differs from what it showed when last agreed; its people in ids (C1, C2, E4)."""
    placement = desk.link.placement(desk.link.speaker)
    row = desk.row(placement) if placement else None
    if placement is None or row is None or placement.shown is None or fate in (Fate.OUTLOOK, Fate.BOTH):
        return Change(base)
    came: set[str] = set()
    went: set[str] = set(desk.sight.uninvited)
    if placement.kind is not Kind.COPY:
        organizer = {row.organizer}
        came_in, went_out = row.event.guests - placement.shown.guests, placement.shown.guests - row.event.guests
        came |= {p for a in came_in - organizer if (p := desk.people.person_at(a, base.contacts))}
        went |= _people_leaving(desk, went_out - organizer, row.event.guests)
    at = adjusted(desk, Side.OUTLOOK, row.modified)
    now = replace(row.event, attendees=base.attendees, contacts=base.contacts)
    return Change(
        now,
        content_change(placement.shown, row.event),
        frozenset(came - persons(base)),
        frozenset(went & persons(base)),
        at,
    )


def _people_leaving(desk: Desk, addresses: frozenset[str], stay: frozenset[str]) -> set[str]:
    """Everybody whom the leaving addresses stood for and no other address on the event still does (E4)."""
    known = dict(desk.link.addresses)
    leaving = {person for address in addresses for person in known.get(address, ())}
    leaving |= {p for a in addresses if (p := desk.people.person_at(a))}
    return {p for p in leaving if not desk.people.addresses_of(p) & stay and p != f"e:{desk.link.crm_owner}"}


def _deleted_in_crm(desk: Desk, outlook: Change) -> None:
    if outlook and desk.rules.deletions == "lose" and desk.rules.to_crm:
        base = desk.link.base or outlook.now
        merged = merge(base, Change(base), outlook, desk.rules)
        put_back_crm(desk, merged.target, "D5", "edited in Outlook while it was deleted in ShareCRM; the edit wins")
    else:
        retire(desk, "D4", "deleted in ShareCRM")


def _deleted_in_outlook(desk: Desk, crm: Change) -> None:
    base = desk.link.base or crm.now
    if desk.rules.to_outlook and ((crm and desk.rules.deletions == "lose") or _reverts(desk, to_crm=False)):
        target = merge(base, crm, Change(base), desk.rules).target
        put_back_outlook(desk, target, "D5", "edited in ShareCRM while it was deleted in Outlook; the edit wins")
    else:
        retire(desk, "D3", "deleted in Outlook by the person whose deletion counts")


def _reverts(desk: Desk, to_crm: bool) -> bool:
    """Whether a one-way tenant puts back what was changed on its receiving side (C9)."""
    one_way = not desk.rules.to_crm if not to_crm else not desk.rules.to_outlook
    return one_way and desk.rules.drift == "revert"


def _agree(desk: Desk, base: Event, crm: Change, outlook: Change, new_speaker: bool) -> None:
    """Merge both sides and bring every placement and the record to the target (C5, C6)."""
    carried_crm, carried_outlook = _carried(desk, base, crm, outlook)
    merged = merge(base, carried_crm, carried_outlook, desk.rules)
    target = merged.target
    desk.losses += merged.losses
    desk.link = replace(desk.link, base=target)
    touched = carried_crm.fields | carried_outlook.fields
    _write_record(desk, target, touched if not _reverts(desk, to_crm=True) else frozenset(CONTENT), carried_outlook)
    desk.note_crm(desk.sight.crm if desk.sight.crm and desk.sight.crm.life is Life.NORMAL else None)
    if desk.rules.to_outlook:
        everything = new_speaker or _reverts(desk, to_crm=False)
        _write_placements(desk, target, frozenset(CONTENT) if everything else touched, carried_crm)
    desk.note_rows()
    if desk.rules.to_outlook:
        for copy in desk.sight.superseded:
            desk.delete(copy, "E2", "the meeting came to this mailbox by invitation", "superseded by the invitation")
        spread(desk, target, "E2", "a connected attendee without the meeting")
    row = desk.sight.rows.get(desk.link.speaker)
    if row:
        desk.link = replace(desk.link, addresses=with_addresses(desk.link, recognised_in(desk, target, row)))


def _carried(desk: Desk, base: Event, crm: Change, outlook: Change) -> tuple[Change, Change]:
    """The changes that may be carried over; the others are reported once and agreed for their own side (C9)."""
    speaker = desk.link.placement(desk.link.speaker)
    kept_crm, kept_outlook = Change(base), Change(base)
    if not desk.rules.to_outlook:
        kept_crm, crm = crm, Change(base)
    elif speaker is not None and speaker.kind is Kind.GUEST and crm.fields:
        kept_crm = replace(crm, came=frozenset(), went=frozenset())
        crm = replace(crm, fields=frozenset())
    if not desk.rules.to_crm:
        kept_outlook, outlook = outlook, Change(base)
    for side, kept in ((Side.CRM, kept_crm), (Side.OUTLOOK, kept_outlook)):
        if kept:
            why = "the direction is one-way" if side is Side.OUTLOOK or not desk.rules.to_outlook else (
                "the meeting is organised in a mailbox that calsync may not write"
            )  # fmt: skip
            desk.remark("C9", f"a change was kept to its own side: {why}", side)
    return crm, outlook


def _write_record(desk: Desk, target: Event, touched: frozenset[str], outlook: Change) -> None:
    row = desk.sight.crm
    shown = row.event if row and row.event else desk.link.crm_shown
    if not desk.rules.to_crm or shown is None:
        return
    fields = unlike(as_crm(target, desk.rules), shown, touched)
    add = tuple(sorted((outlook.came & persons(target)) - persons(shown)))
    remove = tuple(sorted((outlook.went - persons(target)) & persons(shown)))
    if fields or add or remove:
        desk.write_crm(Verb.UPDATE, "C5", "changed in Outlook", target, fields=fields, add=add, remove=remove)


def _write_placements(desk: Desk, target: Event, touched: frozenset[str], crm: Change) -> None:
    for placement in desk.living():
        if placement in desk.sight.superseded or placement.kind is Kind.GUEST:
            continue
        if placement.kind is Kind.COPY and _left(desk, placement, target):
            desk.delete(placement, "E2", "its person left the attendees", "removed from the record in ShareCRM")
        elif placement.mailbox == desk.link.speaker:
            _write_speaker(desk, placement, target, touched, crm)
        elif placement.kind is Kind.COPY:
            _write_copy(desk, placement, target)


def _left(desk: Desk, placement: Placement, target: Event) -> bool:
    account = desk.account(placement.mailbox)
    return account is not None and placement.origin is Origin.OURS and account.employee not in target.attendees


def _write_speaker(desk: Desk, placement: Placement, target: Event, touched: frozenset[str], crm: Change) -> None:
    shown = desk.shown(placement)
    if shown is None:
        return
    fields = unlike(as_outlook(target), shown, touched)
    invite, uninvite = _people_to_write(desk, placement, target, crm)
    if fields or invite or uninvite:
        desk.update(placement, target, fields, "C5", "changed in ShareCRM", invite, uninvite)


def _people_to_write(
    desk: Desk, placement: Placement, target: Event, crm: Change
) -> tuple[tuple[Guest, ...], tuple[str, ...]]:
    """Who joins and who leaves a host's list because of the ShareCRM record (E2, E4)."""
    if placement.kind is not Kind.HOST:
        return (), ()
    invite: list[Guest] = []
    if desk.link.form is Form.INVITED:
        found = [(p, invitation(desk, p)) for p in sorted(crm.came & persons(target)) if not desk.served(p)]
        invite = [guest for _, guest in found if guest]
        desk.link = replace(desk.link, addresses=with_addresses(desk.link, {g.address: [p] for p, g in found if g}))
    known, listed = dict(desk.link.addresses), desk.listed(placement)
    stay = {a for p in persons(target) for a in desk.people.addresses_of(p)}
    went = crm.went - persons(target)
    gone = {a for a, people in known.items() if went & set(people)} | {
        a for p in went for a in desk.people.addresses_of(p)
    }
    return tuple(sorted(set(invite))), tuple(sorted((gone & listed) - stay))


def _write_copy(desk: Desk, placement: Placement, target: Event) -> None:
    """A copy that does not speak shows the target; its user's own edits are put right, three times a week (C6, C8)."""
    shown = desk.shown(placement)
    fields = unlike(as_outlook(target), shown) if shown else ()
    if not fields or shown is None:
        return
    edited = placement.shown is not None and bool(content_change(placement.shown, shown))
    if edited:
        week_ago = desk.facts.now - timedelta(days=7)
        lately = tuple(at for at in placement.fixed if at > week_ago)
        if len(lately) >= FIXES_A_WEEK:
            desk.remark("C8", "its user keeps changing this copy; it is left as it is", Side.OUTLOOK, placement.mailbox)
            return
        desk.losses.append(Loss("C8", "a copy was changed by its user", Side.OUTLOOK, "", shown, placement.mailbox))
        placement = replace(placement, fixed=(*lately, desk.facts.now))
        desk.put(placement)
    desk.update(placement, target, fields, "C8" if edited else "C6", "brought to what was agreed")
