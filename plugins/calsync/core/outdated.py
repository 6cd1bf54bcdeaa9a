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
from calsync.core.model import Link, Placement, Standing
from calsync.core.register import Register

EventKey = tuple[str, str]


class Outdated:
    """The placements of woken mailboxes whose series were moved while they slept.

    before: what they were, by their events; concerned: the ids of their links, in order.
    From the beginning they are known by neither key; `settle` gives those that nothing took the place of theirs back.
    """

    def __init__(self, register: Register) -> None:
        self.register = register
        self.before: dict[EventKey, Placement] = {}
        self.concerned: dict[str, None] = {}
        slept: dict[EventKey, list[tuple[Link, Placement]]] = defaultdict(list)
        for link, placement in self._woken():
            slept[placement.mailbox, placement.master].append((link, placement))
        for dates in slept.values():
            if any(_moved_meanwhile(link, placement) for link, placement in dates):
                self._forget(dates)
        if self.before:
            register.index_all()
            for event in self.before:
                register.by_placement.pop(event, None)

    def __contains__(self, placement: Placement) -> bool:
        return (placement.mailbox, placement.id) in self.before and not placement.ical_uid

    def settle(self) -> None:
        """What nothing took the place of is what it was, unless its event is another meeting's date now."""
        register = self.register
        concerned = [register.links[id_] for id_ in self.concerned]
        placed = (p for link in concerned for p in link.placements if p not in self)
        taken = {(placement.mailbox, placement.id) for placement in placed}
        for link in sorted(concerned, key=lambda each: all(p not in self for p in each.placements)):
            now = replace(link, placements=tuple(self._restored(link, taken)))
            register.links[link.id] = now
            if sight := register.sights.get(link.id):
                sight.link = now
            register.index(now)

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
            self.before[placement.mailbox, placement.id] = placement
            self.concerned[link.id] = None
            unknown = replace(placement, ical_uid="", original=None)
            placements = (unknown if p == placement else p for p in links[link.id].placements)
            links[link.id] = replace(links[link.id], placements=tuple(placements))

    def _restored(self, link: Link, taken: set[EventKey]) -> Iterator[Placement]:
        for placement in link.placements:
            event = placement.mailbox, placement.id
            if placement not in self:
                yield placement
            elif event not in taken:
                yield self.before[event]


def _moved_meanwhile(link: Link, slept: Placement) -> bool:
    """Whether a mailbox that was awake knows another date of the same series for the meeting."""
    key, series = ical_key(slept.ical_uid, slept.original), series_uid(slept.ical_uid)
    awake = (p for p in link.placements if p.standing is Standing.LIVING and series_uid(p.ical_uid) == series)
    return bool(key) and any(ical_key(p.ical_uid, p.original) != key for p in awake)
