"""What a mailbox that was away knew of a series' dates, where other mailboxes told meanwhile that it was moved (B6).

An occurrence's id follows from its series and its original date, so a series that is moved to days that overlap with
its former ones has the same id for another meeting than before. What a mailbox knew when it fell asleep is then no
guide to its dates: they are recognised anew, by the iCalUIds that the mailboxes know which saw the move.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from calsync.core.match import ical_key, series_uid
from calsync.core.model import STANDS, Kind, Link, Placement, Standing
from calsync.core.register import Register

EventKey = tuple[str, str]


class Outdated:
    """The placements of woken mailboxes whose series were moved while they slept: no event is known to be theirs.

    Until one is found for them they stand for the dates that the others know. `settle` gives what nothing was found for
    its own back.
    """

    def __init__(self, register: Register) -> None:
        self.register = register
        self.before: dict[tuple[str, str], Placement] = {}
        slept: dict[EventKey, list[tuple[Link, Placement]]] = defaultdict(list)
        for link, placement in self._woken():
            slept[placement.mailbox, placement.master].append((link, placement))
        for dates in slept.values():
            if any(_key(placement) != _key(_told(link, placement)) for link, placement in dates):
                self._forget(dates)
        self.outdated = bool(self.before)
        if self.outdated:
            register.index_all()
            for placement in self.before.values():
                register.by_placement.pop((placement.mailbox, placement.id), None)

    def has(self, link: Link, placement: Placement) -> bool:
        """Whether a meeting's event in this mailbox is still to be found."""
        return (link.id, placement.mailbox) in self.before and placement.standing is Standing.ASLEEP

    def found(self, link: Link, placement: Placement) -> None:
        """Note that the meeting's event in this mailbox is known."""
        self.before.pop((link.id, placement.mailbox), None)

    def settle(self) -> None:
        """What nothing was found for is what it was; if its event is another meeting's date now, it has ended (E2)."""
        links, sights = self.register.links, self.register.sights
        placed = ((link, p) for link in links.values() for p in link.placements if self.before)
        taken = {(p.mailbox, p.id) for link, p in placed if p.standing in STANDS and not self.has(link, p)}
        for id_ in dict.fromkeys(link for link, _ in self.before):
            placements = tuple(self._settled(links[id_], p, taken) for p in links[id_].placements)
            links[id_] = replace(links[id_], placements=placements)
            if sight := sights.get(id_):
                sight.link = links[id_]
        if self.outdated:
            self.register.index_all()

    def _woken(self) -> Iterator[tuple[Link, Placement]]:
        accounts = self.register.people.by_mailbox
        for link in self.register.facts.links:
            for placement in link.placements:
                account = accounts.get(placement.mailbox)
                if placement.standing is Standing.ASLEEP and placement.master and account and account.served:
                    yield link, placement

    def _forget(self, dates: list[tuple[Link, Placement]]) -> None:
        links = self.register.links
        for link, placement in dates:
            self.before[link.id, placement.mailbox] = placement
            told = _told(link, placement)
            now = replace(placement, ical_uid=told.ical_uid, original=told.original)
            placements = tuple(now if p == placement else p for p in links[link.id].placements)
            links[link.id] = replace(links[link.id], placements=placements)

    def _settled(self, link: Link, placement: Placement, taken: set[EventKey]) -> Placement:
        if not self.has(link, placement):
            return placement
        before = self.before[link.id, placement.mailbox]
        if (before.mailbox, before.id) in taken:
            return replace(before, standing=Standing.ENDED, ical_uid="", original=None)
        return before


def _key(placement: Placement) -> str:
    return ical_key(placement.ical_uid, placement.original)


def _told(link: Link, slept: Placement) -> Placement:
    """What a mailbox that was awake knows of the date, if any: it stands in the same series."""
    series = series_uid(slept.ical_uid)
    awake = [p for p in link.placements if p.standing is Standing.LIVING and series_uid(p.ical_uid) == series]
    return min(awake, key=lambda p: p.kind is not Kind.HOST) if awake and series else slept
