"""Forgetting a person: what is remembered, without their addresses and names, and without their own meetings. Pure.

Ids stay: by them nothing is doubled, and nothing is imported, deleted or mailed a second time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from calsync.core.model import STANDS, Account, Contact, Event, Link, LinkState, Placement
from calsync.core.plan import Action, Loss, Outcome

GONE = "(forgotten)"
NOBODY = "@forgotten.invalid"
"""Where addresses end that stand for a forgotten guest; `.invalid` is never a real domain (RFC 2606)."""


@dataclass(frozen=True)
class Person:
    """Who is to be forgotten. addresses: lower case; names: as they are written; the rest are ids."""

    addresses: frozenset[str]
    names: frozenset[str] = frozenset()
    employees: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()
    mailboxes: frozenset[str] = frozenset()

    @cached_property
    def _words(self) -> re.Pattern[str]:
        words = sorted(self.addresses | self.names, key=len, reverse=True)
        return re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words if word) or r"(?!)", re.I)

    def without(self, text: str) -> str:
        """A text that names the person no longer."""
        return self._words.sub(GONE, text)

    def named_in(self, link: Link) -> bool:
        """Whether the title of a meeting names the person, as either side shows it."""
        shown = (link.base, link.crm_shown, *(placement.shown for placement in link.placements))
        return any(self._words.search(event.title) for event in shown if event)


def own(link: Link, who: Person, accounts: Iterable[Account]) -> bool:
    """Whether a meeting is the person's alone: theirs, and in no connected calendar of anybody else."""
    theirs = link.crm_owner in who.employees or any(p.mailbox in who.mailboxes for p in link.placements)
    others = {account.object_id for account in accounts if account.authorised} - who.mailboxes
    return theirs and not any(p.mailbox in others and p.standing in STANDS for p in link.placements)


def account_without(account: Account) -> Account:
    """An account as its ids and its authorisation alone."""
    return replace(account, address="", addresses=frozenset(), zone="")


def contact_without(contact: Contact) -> Contact:
    """A contact without a usable address: whatever stands on events because of it stays as it is (E4)."""
    return Contact(contact.id, account_id=contact.account_id)


def link_without(link: Link, who: Person, *, mine: bool) -> Link:
    """A link without the person; of a meeting of their own the ids alone.

    An own meeting that lives is as one seen for the first time whose event is known: should both be read again, they
    find each other by id. One that is over or unlinked stays so; only its content goes.
    """
    addresses = tuple((a, people) for a, people in link.addresses if a not in who.addresses)
    placements = tuple(_placement_without(p, who, mine=mine) for p in link.placements)
    link = replace(link, addresses=addresses, placements=placements)
    if not mine:
        return link
    if link.state in (LinkState.UNLINKED, LinkState.RETIRED):
        base = replace(link.base, title=GONE, guests=frozenset(), rooms=frozenset()) if link.base else None
        return replace(link, base=base, crm_shown=None, crm_asked="", addresses=())
    seen = replace(link, state=LinkState.SEEN, reason="", dirty=False)
    return replace(seen, base=None, crm_shown=None, crm_asked="", crm_version=0, form=None, speaker="", addresses=())


def _placement_without(placement: Placement, who: Person, *, mine: bool) -> Placement:
    if mine:
        return replace(placement, shown=None, asked="")
    shown = placement.shown
    if shown is None:
        return placement
    return replace(
        placement, shown=replace(shown, guests=_unnamed(shown.guests, who), rooms=shown.rooms - who.addresses)
    )


def _unnamed(guests: frozenset[str], who: Person) -> frozenset[str]:
    """The guests with somebody unnamed in the person's place: mails are still predicted for as many as there are (E1).

    Nobody bears such an address, so nobody leaves or joins the meeting when its event is read again (E4).
    """
    named = guests & who.addresses
    before = sum(guest.endswith(NOBODY) for guest in guests)
    return (guests - named) | {f"forgotten-{before + number}{NOBODY}" for number in range(len(named))}


def event_without(event: Event | None, who: Person, *, mine: bool) -> Event | None:
    """A value that is kept of a meeting, as it may be kept further."""
    if event is None:
        return None
    title = GONE if mine else who.without(event.title)
    return replace(event, title=title, guests=event.guests - who.addresses, rooms=event.rooms - who.addresses)


def loss_without(loss: Loss, who: Person, *, mine: bool) -> Loss:
    event = event_without(loss.event, who, mine=mine)
    return replace(loss, event=event) if event else loss


def action_without(action: Action, who: Person, *, mine: bool) -> Action:
    """An action of the journal without the person; how many mails it sends, and whom by id it is about, stays."""
    return replace(
        action,
        event=event_without(action.event, who, mine=mine),
        before=event_without(action.before, who, mine=mine),
        invite=tuple(guest for guest in action.invite if guest.address not in who.addresses),
        uninvite=tuple(address for address in action.uninvite if address not in who.addresses),
        mails=tuple(mail._replace(to="") if mail.to in who.addresses else mail for mail in action.mails),
        body="" if mine else who.without(action.body),
    )


def outcome_without(outcome: Outcome | None, who: Person, *, mine: bool) -> Outcome | None:
    if outcome is None:
        return None
    placement = outcome.placement
    if placement:
        placement = replace(placement, shown=event_without(placement.shown, who, mine=mine))
    crm_shown = event_without(outcome.crm_shown, who, mine=mine)
    return replace(outcome, placement=placement, crm_shown=crm_shown, sentence=who.without(outcome.sentence))
