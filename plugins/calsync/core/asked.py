"""What an unanswered create made is agreed as it was asked for; what either side shows otherwise is an edit (G3)."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace

from calsync.core.desk import Desk
from calsync.core.merge import as_crm, as_outlook
from calsync.core.model import Event, Form, LinkState, Origin, Placement, Side
from calsync.core.people import persons, recognised, with_addresses
from calsync.core.plan import Action, Verb
from calsync.core.speaker import elect, wake_and_sleep
from calsync.core.text import outgoing


def agree_as_asked(desk: Desk) -> bool:
    """Agree what unanswered creates made, as both sides showed it then; False where they made nothing.

    Both sides are compared with it afterwards, as if the answer had come: their people too (E4), and what was deleted.
    """
    row = desk.sight.crm
    if row is None or row.event is None:
        return False
    if asked := desk.sight.asked:
        # Whom the event listed then is known by the addresses under which they were recognised (A2).
        listed = frozenset(address for address, _ in desk.link.addresses)
        _agree(desk, asked, Form.THEIRS)
        if speaker := desk.link.placement(desk.link.speaker):
            _showed(desk, speaker, as_outlook(asked), listed)
    elif made := _created(desk):
        host = next((action for action in made.values() if action.hosts), None)
        first = host or next(iter(made.values()))
        _agree(desk, _base_of(first, row.event), Form.INVITED if host else Form.COPIES)
        for placement in desk.link.placements:
            if action := made.get(placement.mailbox):
                _showed(desk, placement, action.event, {guest.address for guest in action.invite})
    else:
        return False
    desk.noted = desk.link
    if speaker := desk.link.placement(desk.link.speaker):
        why = "it was made by a request that got no answer"
        desk.act(Verb.LINK, Side.OUTLOOK, "G3", why, mailbox=speaker.mailbox, target_id=speaker.id)
    return True


def _created(desk: Desk) -> Mapping[str, Action]:
    """The unanswered creates whose events have been found, by mailbox."""
    ours = {p.mailbox for p in desk.link.placements if p.origin is Origin.OURS and p.shown is None and desk.row(p)}
    return {a.mailbox: a for a in desk.facts.created if a.link == desk.link.id and a.mailbox in ours and a.event}


def _base_of(create: Action, record: Event) -> Event:
    """What the record said as a create of its event was planned. Of a title that was cut the record has the rest."""
    asked = create.event or record
    title = record.title if outgoing(record.title) == asked.title else asked.title
    people = create.people or persons(record)
    attendees, contacts = (frozenset(p[2:] for p in people if p.startswith(kind)) for kind in ("e:", "c:"))
    return replace(asked, title=title, attendees=attendees, contacts=contacts)


def _agree(desk: Desk, base: Event, form: Form) -> None:
    """Agree the link on `base`. Whatever version of the record was seen since, it was not agreed."""
    desk.link = replace(
        desk.link,
        form=form,
        state=LinkState.LIVING,
        base=base,
        crm_version=0,
        crm_shown=as_crm(base, desk.rules),
        crm_owner=desk.link.crm_owner or (desk.sight.crm.owner if desk.sight.crm else ""),
        reason="",
    )
    wake_and_sleep(desk)
    desk.link = replace(desk.link, speaker=elect(desk))


def _showed(desk: Desk, placement: Placement, event: Event | None, listed: Set[str]) -> None:
    """Remember what a placement showed when it was agreed, and whom its list named under which address."""
    base = desk.link.base
    if event is None or base is None:
        return
    desk.put(replace(placement, shown=replace(event, guests=frozenset(listed))))
    found = recognised(desk.people, base, listed)
    desk.link = replace(desk.link, addresses=with_addresses(desk.link, found))
