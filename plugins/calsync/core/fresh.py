"""Meetings that were never agreed before: from ShareCRM, from Outlook, or found standing on both sides (A4, B3, B4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from calsync.core.desk import Desk
from calsync.core.facts import ended
from calsync.core.match import alike
from calsync.core.merge import CONTENT, Change, as_crm, as_outlook, from_crm, merge, unlike
from calsync.core.model import (
    Account,
    Availability,
    CrmRow,
    Event,
    Form,
    Kind,
    LinkState,
    Origin,
    OutlookRow,
    Side,
    Standing,
)
from calsync.core.people import recognised, with_addresses
from calsync.core.plan import Guest, Loss, Verb
from calsync.core.speaker import elect, wake_and_sleep


def from_crm_record(desk: Desk, row: CrmRow) -> None:
    """A record that Outlook does not have: an invitation from its owner, or silent copies (A4)."""
    event = row.event
    if event is None:
        return
    desk.note_crm(row)
    desk.link = replace(desk.link, dirty=False)
    if not desk.rules.to_outlook:
        # Should the direction open, it has stood there before: it goes out silently then.
        desk.link = replace(desk.link, form=Form.COPIES)
        desk.remark("C9", "the direction is Outlook to ShareCRM only", Side.CRM)
        return
    desk.link = replace(desk.link, base=event, state=LinkState.LIVING, dirty=False)
    owner = desk.people.by_employee.get(row.owner)
    if owner and not desk.served(f"e:{row.owner}") and invited(desk, row, owner):
        if owner.availability is not Availability.OK:
            _wait(desk, "A4", "its owner's mailbox is not available yet")
            return
        desk.link = replace(desk.link, form=Form.INVITED, speaker=owner.object_id)
        guests = invitations(desk, _people(event, owner), owner.addresses)
        desk.link = replace(desk.link, addresses=with_addresses(desk.link, _stands_for(desk, event, guests)))
        desk.create_in(owner, event, "A4", "new in ShareCRM, its owner invites", guests, hosts=True)
    else:
        desk.link = replace(desk.link, form=Form.COPIES)
        spread(desk, event, "A4", "new in ShareCRM, a copy for each connected attendee")
        if desk.actions:
            mailboxes = [a.mailbox for a in desk.actions]
            mine = owner.object_id if owner else ""
            desk.link = replace(desk.link, speaker=mine if mine in mailboxes else mailboxes[0])
        elif any(p.standing is Standing.DECLINED for p in desk.link.placements):
            _wait(desk, "D3", "its user removed its event before it was agreed; the record stays", dirty=False)
        else:
            _wait(desk, "A5", "nobody on it has a connected account", dirty=False)


def invited(desk: Desk, row: CrmRow, owner: Account) -> bool:
    """Whether a new meeting may mail people: made after we came and after its owner connected, and not over (A4).

    One that is in copies form since its direction was closed when it was first seen stays so (C9).
    """
    rules = desk.rules
    if not owner.authorised or rules.invitations == "nobody" or row.event is None or desk.silent:
        return False
    if desk.noted.form is Form.COPIES or ended(row.event.time, rules.zone, desk.facts.now):
        return False
    if rules.first_sync == "full":
        return True
    made = adjusted(desk, Side.CRM, row.created)
    since = owner.authorised_since
    return made is not None and since is not None and made > desk.facts.quiet_until and made > since


def invitation(desk: Desk, person: str) -> Guest | None:
    """The guest a person becomes on a host's list, if the tenant's rules put them there (E2)."""
    if person.startswith("e:"):
        account = desk.people.by_employee.get(person[2:])
        allowed = account is not None and account.authorised and desk.rules.invitations != "nobody"
    else:
        allowed = desk.rules.invitations == "everyone"
    guest = desk.people.guest(person) if allowed and not desk.silent else None
    return guest if guest and guest.address else None


def invitations(desk: Desk, persons: Iterable[str], own: frozenset[str]) -> tuple[Guest, ...]:
    """The guests that people become, each address once and the organiser's `own` never (E4)."""
    found: dict[str, Guest] = {}
    for person in sorted(persons, reverse=True):  # an employee comes before a contact with the same address
        guest = invitation(desk, person)
        if guest and guest.address not in own:
            found[guest.address] = guest
    return tuple(sorted(found.values()))


OPEN_THERE = "it is private, and ShareCRM has no field that would keep it so"


def spread(desk: Desk, target: Event, rule: str, reason: str) -> None:
    """A silent copy of a meeting that is new to Outlook, for every connected attendee, inside the window (E2, F5)."""
    if desk.rules.to_outlook and desk.rules.in_window(target.time, desk.facts.now):
        copies_in(desk, target, rule, reason)


def copies_in(desk: Desk, target: Event, rule: str, reason: str, anew: bool = False) -> None:
    """Create the copies that are missing; `anew`, or where one had ended, as a new generation (E6)."""
    lacking = unserved(desk, target)
    if unclear := [a for a in lacking if a.object_id in desk.sight.unclear]:
        desk.link = replace(desk.link, dirty=True)
        lacking = [a for a in lacking if a not in unclear]
    if lacking and (anew or any(desk.link.placement(a.object_id) for a in lacking)):
        desk.link = replace(desk.link, generation=desk.link.generation + 1)
    for account in lacking:
        desk.create_in(account, target, rule, reason)


def unserved(desk: Desk, target: Event) -> list[Account]:
    """The connected attendees whom neither Outlook nor an action serves yet (E2)."""
    asked = {g.address for a in desk.actions for g in a.invite}
    accounts = [a for e in sorted(target.attendees) if (a := desk.people.by_employee.get(e)) and a.served]
    return [a for a in accounts if not desk.served(f"e:{a.employee}") and not asked & a.addresses]


def from_outlook(desk: Desk) -> None:
    """A meeting that ShareCRM does not have: a record for its organiser, or for the first connected attendee (E8)."""
    desk.link = replace(desk.link, form=Form.THEIRS, state=LinkState.LIVING, dirty=False)
    for placement in desk.living():
        row = desk.row(placement)
        if row and row.cancelled:
            desk.put(replace(placement, standing=Standing.ENDED))
    desk.note_rows()
    desk.link = replace(desk.link, speaker=elect(desk))
    row = desk.row_in(desk.link.speaker)
    if row is None:
        _wait(desk, "C1", "its first mailbox has to be read again")
        return
    if _may_be_ours(desk, row):
        _wait(desk, "G3", "a request that got no answer may have made it; its organiser's mailbox has to be read first")
        return
    if not desk.rules.to_crm:
        desk.link = replace(desk.link, state=LinkState.SEEN)
        desk.remark("C9", "the direction is ShareCRM to Outlook only", Side.OUTLOOK, row.mailbox)
        return
    if row.event.private and not desk.rules.crm_private:
        _wait(desk, "F6", OPEN_THERE, dirty=False)
        return
    target = in_ids(desk, row)
    owner = owner_of(desk, row, target)
    if not owner:
        _wait(desk, "E8", "nobody on it has a connected account", dirty=False)
        return
    target = replace(target, attendees=target.attendees | {owner})
    addresses = with_addresses(desk.link, recognised_in(desk, target, row))
    desk.link = replace(desk.link, base=target, crm_owner=owner, addresses=addresses)
    desk.noted = replace(desk.noted, addresses=addresses)  # whom its event lists now, should no answer come
    desk.write_crm(Verb.CREATE, "E8", "new in Outlook", target, fields=CONTENT, add=_names(target))


def _may_be_ours(desk: Desk, row: OutlookRow) -> bool:
    """Whether it may be the invitation to what an unanswered create made, in a mailbox that cannot be read now (G3)."""
    away = ((a, c.event) for c in desk.facts.created if (a := desk.account(c.mailbox)) and c.event and not a.served)
    return any(
        row.organizer in account.addresses and (event.time == row.event.time or alike(event.title, row.event.title))
        for account, event in away
    )


def in_ids(desk: Desk, row: OutlookRow) -> Event:
    """What a placement shows, with its addresses read as people (E4, E10)."""
    here = {a.employee for mailbox, _ in desk.sight.rows if (a := desk.account(mailbox))}
    guests = row.event.guests
    return replace(
        row.event,
        attendees=desk.people.employees(guests) | here,
        contacts=desk.people.contacts(guests),
        guests=frozenset(),
        rooms=frozenset(),
    )


def recognised_in(desk: Desk, event: Event, row: OutlookRow) -> dict[str, set[str]]:
    return recognised(desk.people, event, row.event.guests)


def owner_of(desk: Desk, row: OutlookRow, target: Event) -> str:
    """Whose record it is: the organiser's when that is an employee, else the first authorised attendee's (E8)."""
    organizer = desk.account(row.mailbox) if row.is_organizer or not row.organizer else None
    employee = organizer.employee if organizer else desk.people.employee_of.get(row.organizer, "")
    account = desk.people.by_employee.get(employee)
    if account and account.active:
        return employee
    known = [desk.people.by_employee[e] for e in sorted(target.attendees) if e in desk.people.by_employee]
    return next((a.employee for a in known if a.authorised and a.active), "")


def pair_up(desk: Desk, row: CrmRow) -> None:
    """A meeting that stands on both sides and was never agreed: nothing is written of its people (B4).

    Found by look, both sides agree already. Found by mark, they may differ meanwhile: what differs is a conflict, and
    the rule for conflicts decides it (C5), but never by mailing people of an old meeting, and never by opening what is
    private on one side (F6).
    """
    event = row.event
    if event is None:
        return
    desk.note_crm(row)
    wake_and_sleep(desk)
    ours = any(p.origin is Origin.OURS for p in desk.link.placements)
    host = next((p for p in desk.link.placements if p.kind is Kind.HOST and p.origin is Origin.OURS), None)
    form = (Form.INVITED if host else Form.COPIES) if ours else Form.THEIRS
    desk.note_rows()
    desk.link = replace(desk.link, form=form, state=LinkState.LIVING, base=event, dirty=False, reason="")
    desk.link = replace(desk.link, speaker=elect(desk))
    shown = desk.row_in(desk.link.speaker)
    if shown is None and desk.link.speaker:
        _wait(desk, "C1", "the mailbox that speaks for Outlook is away; what it shows has to be read first")
        return
    if shown is None:
        spread(desk, event, "E2", "a connected attendee without the meeting")
        return
    event = from_crm(event, shown.event, desk.rules)
    desk.link = replace(desk.link, base=event)
    found = recognised_in(desk, event, shown)
    desk.link = replace(desk.link, addresses=with_addresses(desk.link, found))
    desk.act(Verb.LINK, Side.OUTLOOK, "B3" if ours else "B4", _why(ours), mailbox=shown.mailbox, target_id=shown.id)
    differ = frozenset(unlike(as_outlook(event), shown.event))
    if differ:
        _settle_difference(desk, row, event, shown, differ)
    _align_copies(desk, desk.link.base or event)
    spread(desk, desk.link.base or event, "E2", "a connected attendee without the meeting")


def _align_copies(desk: Desk, target: Event) -> None:
    """Our copies that do not speak may have been left behind too; they show what the others do (C6)."""
    for placement in desk.living() if desk.rules.to_outlook else ():
        shown = desk.shown(placement)
        silent = placement.kind is Kind.COPY and placement.origin is Origin.OURS and not desk.attended(placement)
        if (
            silent
            and shown
            and placement.mailbox != desk.link.speaker
            and (fields := unlike(as_outlook(target), shown))
        ):
            desk.update(placement, target, fields, "C6", "brought to what was agreed")


def _settle_difference(desk: Desk, row: CrmRow, event: Event, shown: OutlookRow, differ: frozenset[str]) -> None:
    crm = Change(event, differ, at=adjusted(desk, Side.CRM, row.modified))
    outlook = Change(shown.event, differ, at=adjusted(desk, Side.OUTLOOK, shown.modified))
    placement = desk.link.placement(shown.mailbox)
    if placement is None:
        return
    invites = desk.attended(placement) and (placement.origin is Origin.THEIRS or placement.kind is Kind.COPY)
    stays = placement.kind is Kind.GUEST or invites
    if "private" in differ:
        crm, outlook = _kept_private(desk, crm, outlook, stays=stays)
    if shown.event.private and not desk.rules.crm_private:
        desk.remark("F6", f"what differs was left as it is: {OPEN_THERE}", Side.OUTLOOK, shown.mailbox)
        return
    if stays and not desk.rules.to_crm:
        desk.remark("C9", "both sides differ, and neither may be written", Side.CRM)
        return
    rules = desk.rules
    if not rules.to_crm:
        rules = replace(rules, conflicts="crm")
    elif stays or not rules.to_outlook:
        rules = replace(rules, conflicts="outlook")
    merged = merge(event, crm, outlook, rules)
    desk.losses += merged.losses
    desk.link = replace(desk.link, base=merged.target)
    reason = "it differed when the link was found again"
    if desk.rules.to_crm and (fields := unlike(as_crm(merged.target, desk.rules), event)):
        desk.write_crm(Verb.UPDATE, "C5", reason, merged.target, fields=fields)
    if desk.rules.to_outlook and not stays and (fields := unlike(as_outlook(merged.target), shown.event)):
        desk.update(placement, merged.target, fields, "C5", reason)


def _kept_private(desk: Desk, crm: Change, outlook: Change, *, stays: bool) -> tuple[Change, Change]:
    """Both sides' changes where one shows a meeting as private that was never agreed: private wins (F6).

    Nobody has made it public, so no stamp may open it. Where the public side may not be written, each stays as it is.
    """
    desk.link = replace(desk.link, base=replace(crm.now, private=True))
    public, shown = (Side.OUTLOOK, outlook.now) if crm.now.private else (Side.CRM, crm.now)
    if desk.rules.to_crm if public is Side.CRM else desk.rules.to_outlook and not stays:
        reason = "private on one side only when both were found; it stays private"
        desk.losses.append(Loss("C5", reason, public, "private", shown))
    else:
        desk.remark("F6", "private on one side only, and the other may not be written; both stay as they are", public)
    if public is Side.OUTLOOK:
        return crm, replace(outlook, fields=outlook.fields - {"private"})
    return replace(crm, fields=crm.fields - {"private"}), outlook


def adjusted(desk: Desk, side: Side, at: datetime | None) -> datetime | None:
    """A modified stamp brought to our own clock, by the system's `Date` header (C5)."""
    return at - timedelta(seconds=desk.facts.clock_offset.get(side, 0.0)) if at else None


def _why(ours: bool) -> str:
    return "our mark names this record" if ours else "the same meeting stood on both sides before we came"


def _wait(desk: Desk, rule: str, reason: str, dirty: bool = True) -> None:
    """Keep the meeting as seen: nothing is agreed, and it is decided again; a form that it was given then stays."""
    form = desk.noted.form
    desk.link = replace(desk.link, state=LinkState.SEEN, base=None, form=form, speaker="", dirty=dirty, reason=reason)
    desk.actions.clear()
    desk.remark(rule, reason)


def _people(event: Event, owner: Account) -> set[str]:
    return {f"e:{e}" for e in event.attendees if e != owner.employee} | {f"c:{c}" for c in event.contacts}


def _names(event: Event) -> tuple[str, ...]:
    return tuple(sorted([f"e:{e}" for e in event.attendees] + [f"c:{c}" for c in event.contacts]))


def _stands_for(desk: Desk, event: Event, guests: Iterable[Guest]) -> dict[str, set[str]]:
    return recognised(desk.people, event, [g.address for g in guests])
