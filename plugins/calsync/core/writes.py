"""From the target to actions: what the record and each placement still lack of it (C5, C6, C8, E2, E4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from calsync.core.desk import Desk
from calsync.core.fresh import invitation, invitations
from calsync.core.merge import Change, content_change
from calsync.core.model import Event, Form, Kind, Origin, Placement, Side
from calsync.core.people import persons, with_addresses
from calsync.core.plan import Guest, Loss, Verb

FIXES_A_WEEK = 3
WEEK = timedelta(days=7)

MOVED = "the address of somebody invited has changed; the new one goes out when the meeting's people are next written"
REACHABLE = (
    "a contact on the record has an address that nobody has invited; it goes out when the meeting's people are next "
    "written"
)


def write_record(desk: Desk, target: Event, touched: frozenset[str], outlook: Change) -> None:
    """Bring the record to the target in the fields that changed, and in the people who changed in Outlook."""
    shown = desk.record_shown()
    if not desk.rules.to_crm or shown is None:
        return
    fields = desk.record_lacks(target, touched)
    add = tuple(sorted((outlook.came & persons(target)) - persons(shown)))
    remove = tuple(sorted((outlook.went - persons(target)) & persons(shown)))
    if fields or add or remove:
        desk.write_crm(Verb.UPDATE, "C5", "changed in Outlook", target, fields=fields, add=add, remove=remove)


def write_placements(desk: Desk, target: Event, touched: frozenset[str], crm: Change) -> None:
    """Bring every placement that may be written to the target; who left the record loses the copy (E2)."""
    superseded = desk.superseded()
    for placement in desk.living():
        if placement in superseded or placement.kind is Kind.GUEST:
            continue
        if desk.left(placement, target):
            desk.take_away(placement)
        elif placement.mailbox == desk.link.speaker:
            _write_speaker(desk, placement, target, touched, crm)
        elif placement.kind is Kind.COPY:
            _write_copy(desk, placement, target, touched)


def _write_speaker(desk: Desk, placement: Placement, target: Event, touched: frozenset[str], crm: Change) -> None:
    if desk.shown(placement) is None:
        return
    fields = desk.lacks(placement, target, touched)
    invite, uninvite = _people_to_write(desk, placement, target, crm)
    if fields or invite or uninvite:
        desk.update(placement, target, fields, "C5", "changed in ShareCRM", invite, uninvite)


def _people_to_write(
    desk: Desk, placement: Placement, target: Event, crm: Change
) -> tuple[tuple[Guest, ...], tuple[str, ...]]:
    """Who joins and who leaves a host's list because of the ShareCRM record (E2, E4)."""
    if placement.kind is not Kind.HOST:
        return (), ()
    uninvite = _leaving(desk, placement, target, crm)
    came = {p for p in crm.came & persons(target) if not desk.served(p)} if desk.link.form is Form.INVITED else set()
    account = desk.account(placement.mailbox)
    own = account.addresses if account else frozenset()
    waiting = {MOVED: _moved(desk, target), REACHABLE: _reachable(desk, target, own)}
    if came or uninvite:
        came = came.union(*waiting.values())
    else:
        for reason in (reason for reason, people in waiting.items() if people):
            desk.remark("E4", reason, Side.OUTLOOK, placement.mailbox)
    guests = invitations(desk, came, own)
    stand_for = {g.address: [p for p in came if g.address in desk.people.addresses_of(p)] for g in guests}
    desk.link = replace(desk.link, addresses=with_addresses(desk.link, stand_for))
    return guests, uninvite


def _leaving(desk: Desk, placement: Placement, target: Event, crm: Change) -> tuple[str, ...]:
    """The listed addresses under which only people go who were taken off the record (E4)."""
    went = crm.went - persons(target)
    known = {a for a, people in desk.link.addresses if went & set(people)}
    gone = known | {a for p in went for a in desk.people.addresses_of(p)}
    stay = {a for p in persons(target) for a in desk.people.addresses_of(p)}
    stay |= {a for a, people in desk.link.addresses if persons(target) & set(people)}
    return tuple(sorted((gone & desk.listed(placement)) - stay))


def _moved(desk: Desk, target: Event) -> set[str]:
    """People who went out under an address that is no longer theirs: the new one goes out with this write (E4).

    Whose address is what it was has been taken off in Outlook, which stays so on its own side (C9).
    """
    if desk.link.form is not Form.INVITED:
        return set()
    went_out = {person for _, people in desk.link.addresses for person in people}
    same = {p for a, people in desk.link.addresses for p in people if a in desk.people.addresses_of(p)}
    return {p for p in (went_out - same) & persons(target) if not desk.served(p)}


def _reachable(desk: Desk, target: Event, own: frozenset[str]) -> set[str]:
    """Contacts who had no usable address when the meeting's people went out, and have one now, not the organiser's
    `own`: it goes out with this write, if the tenant's rules let it (E4)."""
    if desk.link.form is not Form.INVITED:
        return set()
    known = {person for _, people in desk.link.addresses for person in people}
    lacking = {f"c:{c}" for c in target.contacts} - known
    guests = {person: invitation(desk, person) for person in lacking if not desk.served(person)}
    return {person for person, guest in guests.items() if guest and guest.address not in own}


def _write_copy(desk: Desk, placement: Placement, target: Event, touched: frozenset[str]) -> None:
    """A copy that does not speak shows the target; its user's own edits are put right, three times a week (C6, C8).

    An event of theirs that its user keeps private is opened only when the meeting was made public (F6).
    """
    shown = desk.shown(placement)
    if shown and shown.private and placement.origin is Origin.THEIRS and "private" not in touched:
        target = replace(target, private=True)
    fields = desk.lacks(placement, target)
    if not fields or shown is None:
        return
    edited = placement.shown is not None and bool(content_change(placement.shown, shown))
    lately = tuple(at for at in placement.fixed if at > desk.facts.now - WEEK)
    if len(lately) >= FIXES_A_WEEK and not touched:
        if edited:
            desk.remark("C8", "its user keeps changing this copy; it is left as it is", Side.OUTLOOK, placement.mailbox)
        return
    if edited:
        desk.losses.append(Loss("C8", "a copy was changed by its user", Side.OUTLOOK, "", shown, placement.mailbox))
        placement = replace(placement, fixed=(*lately, desk.facts.now))
        desk.put(placement)
    desk.update(placement, target, fields, "C8" if edited else "C6", "brought to what was agreed")
