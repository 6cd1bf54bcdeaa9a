"""Undo: both sides and the base go back to what they were before a run, or all of a meeting stays as it is (G9). Pure.

What calsync had made goes again, and the meeting is unlinked; what it had ended is put back (E6); what it had changed
shows its former value, on the side as well from which the change came. Nobody's later work is overwritten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from calsync.core.deletion import put_back_outlook, without
from calsync.core.desk import Desk
from calsync.core.fresh import copies_in
from calsync.core.living import end_lost_invitations
from calsync.core.merge import CONTENT, as_crm, content_change, unlike
from calsync.core.model import STANDS, Event, Kind, Life, LinkState, Origin, Placement, Side, Standing
from calsync.core.past import CHANGED_BACK, PUT_BACK, TAKEN_BACK, UNDO, UNDONE, Deed, Past
from calsync.core.people import persons
from calsync.core.plan import Guest, Meeting, Verb
from calsync.core.speaker import elect, wake_and_sleep
from calsync.core.untouched import AWAY, ERASED, why_not

READ_ONLY = "it is organised in a mailbox that calsync may not write; change it there"
GONE = "its record is gone for good in ShareCRM"
NOBODY = "nobody on it has a connected account now, so it cannot be put back in Outlook"
ONE_WAY = "the direction lets calsync write nothing in {side}; change it there"
NOTHING_LEFT = "there is nothing to take back: both sides show what they showed before"
NOT_AGREED = "it was never agreed on both sides; the next run finishes it, undo it then"


def undo(desk: Desk, past: Past) -> None:
    """Decide one meeting of an undo; where it must stay as it is, that and why is remarked."""
    wake_and_sleep(desk)
    why = why_not(desk, past) or _way(past)(desk, past) or _forbidden(desk)
    if why:
        desk.link = desk.noted
        desk.actions.clear()
        desk.remark(UNDO, why)
        return
    desk.actions[:] = [replace(action, rule=UNDO, evidence=past.run) for action in desk.actions]
    desk.link = replace(desk.link, dirty=False)


def unlinked_first(meeting: Meeting) -> Meeting:
    """An undo that unlinks does so before it writes: what a crash leaves half done is then never read as a user's
    deletion, and the undo can be repeated. One that is held has changed nothing yet (G6)."""
    undone = meeting.agreed.reason == UNDONE and any(action.rule == UNDO for action in meeting.actions)
    if not undone or any(action.held for action in meeting.actions):
        return meeting
    return replace(meeting, noted=replace(meeting.noted, state=LinkState.UNLINKED, reason=UNDONE))


def _way(past: Past) -> Callable[[Desk, Past], str]:
    """How to undo what a run did to a meeting: it ended it, made it, or changed it."""
    verbs = {deed.verb for deed in past.deeds if deed.whole}
    if verbs & {Verb.DELETE, Verb.UNLINK}:
        return _put_back
    return _take_back if verbs & {Verb.CREATE, Verb.LINK} else _change_back


def _forbidden(desk: Desk) -> str:
    """Why what has been decided may not be written (C9)."""
    sides = {action.side for action in desk.actions if action.verb not in (Verb.LINK, Verb.UNLINK)}
    if Side.CRM in sides and not desk.rules.to_crm:
        return ONE_WAY.format(side="ShareCRM")
    return ONE_WAY.format(side="Outlook") if Side.OUTLOOK in sides and not desk.rules.to_outlook else ""


# --- what calsync made -----------------------------------------------------------------------------------------------


def _take_back(desk: Desk, past: Past) -> str:
    """Remove what the run made, put what it changed beside that back, and unlink: the next run must not repeat it."""
    made = {(d.mailbox, d.target_id) for d in past.deeds if d.verb is Verb.CREATE and d.side is Side.OUTLOOK}
    here = {(p.mailbox, p.id): p for p in desk.link.placements if p.standing in STANDS}
    if any(here[event].standing is not Standing.LIVING for event in made & here.keys()):
        return AWAY
    row = desk.sight.crm
    standing = row is not None and row.life is Life.NORMAL
    going = standing and any(d.verb is Verb.CREATE for d in past.of(Side.CRM))
    for event in sorted(made & here.keys()):
        desk.delete(here[event], UNDO, TAKEN_BACK, past.run)
    if going:
        desk.write_crm(Verb.DELETE, UNDO, TAKEN_BACK, evidence=past.run)
    for deed in past.deeds:
        if deed.verb is Verb.UPDATE and deed.before:
            _as_before(desk, deed, deed.before, record=standing and not going)
    desk.act(Verb.UNLINK, Side.CRM, UNDO, TAKEN_BACK, target_id=desk.link.crm_id)
    if any(here[event].kind is Kind.HOST for event in made & here.keys()):
        desk.link = without(desk.link, Kind.GUEST)  # they are told that it is off, which is no deletion of theirs (D3)
    left = (standing and not going) or any(p.standing in STANDS for p in desk.link.placements)
    desk.link = replace(desk.link, state=LinkState.UNLINKED if left else LinkState.RETIRED, reason=UNDONE)
    return ""


def _as_before(desk: Desk, deed: Deed, before: Event, *, record: bool) -> None:
    """One side's own former value; the meeting is unlinked, so the two need not agree."""
    if deed.side is Side.CRM:
        if record:
            more = {"fields": deed.fields, "add": deed.remove, "remove": deed.add}
            desk.write_crm(Verb.UPDATE, UNDO, CHANGED_BACK, before, **more)
        return
    placement = next((p for p in desk.living() if (p.mailbox, p.id) == (deed.mailbox, deed.target_id)), None)
    shown = desk.shown(placement) if placement else None
    if placement and shown and (fields := unlike(before, shown)):
        desk.update(placement, before, fields, UNDO, CHANGED_BACK)


# --- what calsync ended ----------------------------------------------------------------------------------------------


def _put_back(desk: Desk, past: Past) -> str:
    """Recover the record, and put the event back: what stands of it shows it, else new copies that mail nobody (E6)."""
    row, target = desk.sight.crm, past.base
    if target is None:
        return ERASED
    if row is None or row.life is Life.GONE:
        return GONE
    stands = any(_stands(desk, placement) for placement in desk.link.placements)
    if not stands:
        put_back_outlook(desk, target, UNDO, PUT_BACK)
        if not desk.actions:
            return NOBODY
    if row.life is Life.NORMAL:
        _write_record(desk, target, frozenset(CONTENT), frozenset(), frozenset())
    else:
        add = tuple(sorted(persons(target) - persons(row.event or target)))
        desk.write_crm(Verb.CREATE, UNDO, PUT_BACK, target, fields=CONTENT, add=add)
    desk.link = replace(desk.link, base=target, state=LinkState.LIVING, reason="", missed=0)
    if stands:
        desk.link = replace(desk.link, speaker=elect(desk))
        _write_events(desk, target, frozenset(CONTENT), lambda _: ((), ()))
        desk.act(Verb.LINK, Side.CRM, UNDO, PUT_BACK, target_id=desk.link.crm_id)
    return ""


def _stands(desk: Desk, placement: Placement) -> bool:
    """Whether the meeting is in this calendar still; an invitation that was cancelled with its host is not."""
    row = desk.row(placement)
    cancelled = row is None or row.cancelled
    return placement.standing in STANDS and not (placement.kind is Kind.GUEST and cancelled)


# --- what calsync changed --------------------------------------------------------------------------------------------


def _change_back(desk: Desk, past: Past) -> str:
    """Bring both sides, and the base, to what was agreed before."""
    now, target = desk.link.base, past.former
    if now is None:
        return NOT_AGREED
    if target is None:
        return ERASED
    touched = content_change(now, target)
    came, went = persons(target) - persons(now), persons(now) - persons(target)
    if why := _unwritable(desk, past, bool(touched)):
        return why
    _write_record(desk, target, touched, came, went)
    _remove_copies(desk, past, target, went)
    _write_events(desk, target, touched, lambda host: _list_changes(desk, past, host, target))
    end_lost_invitations(desk, now, target)
    if came:
        copies_in(desk, target, UNDO, CHANGED_BACK)
    desk.link = replace(desk.link, base=target)
    desk.note_crm(desk.sight.crm)
    desk.note_rows()
    return "" if desk.actions else NOTHING_LEFT


def _unwritable(desk: Desk, past: Past, content: bool) -> str:
    """Why Outlook cannot take the former value: who speaks for it is away, or is no event of ours to write (A3)."""
    speaker = desk.link.placement(desk.link.speaker)
    if speaker is None or speaker.standing is not Standing.LIVING:
        return AWAY
    from_there = any(deed.add or deed.remove for deed in past.of(Side.CRM))
    return READ_ONLY if speaker.kind is Kind.GUEST and (content or from_there) else ""


def _write_record(
    desk: Desk, target: Event, touched: frozenset[str], came: frozenset[str], went: frozenset[str]
) -> None:
    row = desk.sight.crm
    if row is None or row.event is None:
        return
    fields = unlike(as_crm(target, desk.rules), row.event, touched)
    add = tuple(sorted(came - persons(row.event)))
    remove = tuple(sorted((went & persons(row.event)) - {f"e:{row.owner}"}))
    if fields or add or remove:
        desk.write_crm(Verb.UPDATE, UNDO, CHANGED_BACK, target, fields=fields, add=add, remove=remove)


def _remove_copies(desk: Desk, past: Past, target: Event, went: frozenset[str]) -> None:
    """Copies that came with the run go; who is on the meeting all the same does not get another (E2)."""
    for placement in desk.living():
        account = desk.account(placement.mailbox)
        if placement.kind is not Kind.COPY or placement.origin is not Origin.OURS or account is None:
            continue
        made = any(d.verb is Verb.CREATE for d in past.of(Side.OUTLOOK, placement.mailbox, placement.id))
        if made or f"e:{account.employee}" in went:
            desk.delete(placement, UNDO, CHANGED_BACK, past.run)
            stays = account.employee in target.attendees
            desk.put(replace(placement, standing=Standing.DECLINED if stays else Standing.ENDED))


def _write_events(
    desk: Desk,
    target: Event,
    touched: frozenset[str],
    people: Callable[[Placement], tuple[tuple[Guest, ...], tuple[str, ...]]],
) -> None:
    """Every event that may be written shows the target; `people`: who joins and who leaves a host's list."""
    for placement in desk.living():
        shown = desk.shown(placement)
        if placement.kind is Kind.GUEST or shown is None:
            continue
        fields = unlike(desk.as_outlook(target), shown, touched)
        invite, uninvite = people(placement) if placement.kind is Kind.HOST else ((), ())
        if fields or invite or uninvite:
            desk.update(placement, target, fields, UNDO, CHANGED_BACK, invite, uninvite)


def _list_changes(desk: Desk, past: Past, host: Placement, target: Event) -> tuple[tuple[Guest, ...], tuple[str, ...]]:
    """Who was put on this host's list goes off it, and who was taken off comes back; by calsync, or by its user, whose
    change reached the record."""
    here, listed = past.of(Side.OUTLOOK, host.mailbox, host.id), desk.listed(host)
    record = [deed for deed in past.of(Side.CRM) if deed.rule != UNDO]  # an undo has written both sides itself
    came = {address for deed in here for address in deed.uninvite}
    came |= {_address(desk, person) for deed in record for person in _named(deed.remove) & persons(target)}
    went = {guest.address for deed in here for guest in deed.invite}
    went |= {a for d in record for p in _named(d.add) - persons(target) for a in _addresses(desk, p)}
    stay = {address for person in persons(target) for address in _addresses(desk, person)}
    account = desk.account(host.mailbox)
    own = {"", account.address, *account.addresses} if account else {""}
    guests = (desk.people.guest(desk.people.person_at(a, target.contacts))._replace(address=a) for a in came)
    invite = tuple(sorted(guest for guest in guests if guest.address not in own | listed))
    return invite, tuple(sorted((went & listed) - stay - own))


def _named(people: tuple[str, ...]) -> frozenset[str]:
    """The people of an action on the record, as persons."""
    return frozenset(one if one.startswith("c:") else f"e:{one}" for one in people)


def _addresses(desk: Desk, person: str) -> set[str]:
    """Every address that is, or went out as, this person."""
    return {a for a, known in desk.link.addresses if person in known} | desk.people.addresses_of(person)


def _address(desk: Desk, person: str) -> str:
    """The address under which a person stood on the event: the one known there, else theirs."""
    return next((a for a, known in desk.link.addresses if person in known), desk.people.address_of(person))
