"""Series: which date took the place of which, found out before anything is deleted or created (B6, F1).

An occurrence's id follows from its series and its original date. So when a series moves from Mondays to Tuesdays, all
its dates vanish and as many appear; they are the same meetings, and their records are changed, not made anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from calsync.core.deletion import KEPT
from calsync.core.facts import local_days
from calsync.core.leave import NO_RECORD, leave
from calsync.core.match import Sight, alike, ical_key, is_gone, original_date, series_uid
from calsync.core.model import (
    FOLLOWED,
    Kind,
    Life,
    Link,
    LinkState,
    Mark,
    OutlookRow,
    Placement,
    Proof,
    Shape,
    Standing,
)
from calsync.core.outdated import Outdated
from calsync.core.register import Register

EventKey = tuple[str, str]

Vanished = tuple[Link, Placement]


@dataclass
class _Dates:
    """What a run saw of one series in one mailbox.

    vanished: meetings whose date is not there any more. appeared: rows that no link knows by id.
    turned: a single event became this series, or the reverse. pattern: that of the series now, "" unknown.
    """

    mailbox: str
    vanished: list[Vanished] = field(default_factory=list)
    appeared: list[OutlookRow] = field(default_factory=list)
    turned: bool = False
    pattern: str = ""

    @property
    def hosting(self) -> bool:
        """Whether the series is this mailbox's own."""
        own = any(placement.kind is not Kind.GUEST for _, placement in self.vanished)
        return own or any(row.is_organizer for row in self.appeared)

    @property
    def moved(self) -> bool:
        """Whether dates that appeared stand for dates that vanished."""
        before = {placement.pattern for _, placement in self.vanished} - {""}
        return self.turned or bool(self.pattern and before - {self.pattern})

    @property
    def uids(self) -> set[str]:
        placed = (placement.ical_uid for _, placement in self.vanished)
        return {series_uid(uid) for uid in (*placed, *(row.ical_uid for row in self.appeared)) if uid}


def settle_series(register: Register) -> None:
    """Bring a run's series in order: those that nobody can read, those of other tools, and those that were moved."""
    _leave_unreadable(register)
    _pass_marks_on(register)
    _Rearrangement(register).run()


def _leave_unreadable(register: Register) -> None:
    """A series whose rule cannot be read is skipped with its reason; of what is linked nothing is decided (F1)."""
    masters = {(row.mailbox, row.id): row for row in _masters(register) if row.problem}
    for row in masters.values():
        register.remark(row, "F1", row.problem)
    for link in register.facts.links:
        if any({(p.mailbox, p.master), (p.mailbox, p.id)} & masters.keys() for p in link.placements):
            register.sight(link).unreadable = True
            dates = {(p.mailbox, p.id) for p in link.placements if (p.mailbox, p.master) in masters}
            register.absences = {key: gone for key, gone in register.absences.items() if key not in dates}
    register.outlook = [row for row in register.outlook if (row.mailbox, row.master) not in masters]


def _pass_marks_on(register: Register) -> None:
    """The mark of an event that its user made a series is that of its one date; the other dates are their own (B3)."""
    known = _known_series(register)
    left: set[EventKey] = set()
    for master in _masters(register):
        key = (master.mailbox, master.id)
        if key in known or key in register.by_placement:
            continue
        rules = register.rules
        others = master.mark is not None and master.mark[:2] != (rules.installation, rules.tenant)
        if master.foreign or others:
            maker = "another tool" if master.foreign else "another installation or tenant"
            leave(register, master, f"{maker} made the event that became this series")
            left.add(key)
        elif master.mark and not _has_record(register, master.mark):
            leave(register, master, NO_RECORD)
            left.add(key)
        elif master.mark:
            _mark_one(register, master)
    _drop_unknown(register, left)


def _has_record(register: Register, mark: Mark) -> bool:
    """Whether the record that a mark names is a meeting of this calendar, as far as it is known or was read."""
    link = register.by_crm.get(mark.crm_id)
    read = [row for row in register.facts.crm if row.id == mark.crm_id]
    normal = any(row.life is Life.NORMAL and register.rules.names(row) for row in read)
    return normal or (link is not None and link.state is not LinkState.RETIRED)


def _mark_one(register: Register, master: OutlookRow) -> None:
    record = next((row for row in register.facts.crm if master.mark and row.id == master.mark.crm_id), None)
    dates = [row for row in register.outlook if (row.mailbox, row.master) == (master.mailbox, master.id)]
    if dates:
        time = record.event.time if record and record.event else None
        first = min(dates, key=lambda row: (row.event.time != time, _day(register, row)))
        register.outlook = [replace(r, mark=master.mark, marked=True) if r is first else r for r in register.outlook]


def _masters(register: Register) -> list[OutlookRow]:
    return [row for row in register.outlook if row.shape is Shape.MASTER]


def _drop_unknown(register: Register, series: Iterable[EventKey]) -> None:
    left = set(series)
    register.outlook = [
        row
        for row in register.outlook
        if (row.mailbox, row.master) not in left or (row.mailbox, row.id) in register.by_placement
    ]


def _known_series(register: Register) -> set[EventKey]:
    return {(p.mailbox, p.master) for link in register.facts.links for p in link.placements if p.master}


def _day(register: Register, row: OutlookRow) -> date:
    return original_date(row.ical_uid, row.original) or local_days(row.event.time, register.rules.zone)[0]


def _over(link: Link) -> bool:
    """Whether a meeting has ended and calsync has nothing left to end of it: such a date goes on as no other one.

    What is left are invitations, which Exchange takes away.
    """
    left = {placement.kind for placement in link.placements if placement.standing in FOLLOWED}
    return link.state is LinkState.RETIRED and link.reason != KEPT and left == {Kind.GUEST}


class _Rearrangement:
    """Puts rows that appeared in the place of placements that vanished.

    The organisers' mailboxes come first: what took whose place there is known elsewhere by the iCalUId.
    """

    def __init__(self, register: Register) -> None:
        self.register = register
        self.known = _known_series(register)
        self.masters = {(row.mailbox, row.id) for row in _masters(register) if not row.problem}
        self.over = {row.id for row in register.facts.crm if row.life is not Life.NORMAL}
        self.outdated = Outdated(register)
        self.dates: dict[EventKey, _Dates] = {}
        self._gather()

    def run(self) -> None:
        done: set[str] = set()
        for hosting in (True, False):
            keys = [key for key, dates in sorted(self.dates.items()) if dates.hosting is hosting]
            here = [self.dates[key] for key in keys]
            self._by_key(here)
            for key, dates in zip(keys, here, strict=True):
                uids = dates.uids
                newcomer = not dates.vanished and key not in self.known  # who knew nothing before tells of no change
                if not uids & done:
                    self._in_order(dates)
                    self._by_key(here)
                done |= set() if newcomer else uids
            self._continued(keys)
            self._by_key(here)
        for dates in self.dates.values():
            self._ask_again(dates)
        self.outdated.settle()

    def _ask_again(self, dates: _Dates) -> None:
        """Dates of a moved series that nothing took the place of are asked for by a second run, before they are over:
        a listing that was cut short lacks dates too (D2).
        """
        for link, placement in dates.vanished if dates.moved and not dates.turned else ():
            here, absences = (placement.mailbox, placement.id), self.register.absences
            if is_gone(absences, placement) and not link.dirty:
                absences[here] = replace(absences[here], proof=Proof.UNKNOWN)

    def _gather(self) -> None:
        register = self.register
        rows = {(row.mailbox, row.id): row for row in register.outlook}
        for link in list(register.links.values()):
            for placement in link.placements if not _over(link) else ():
                if placement.standing in FOLLOWED:
                    self._note(link, placement, rows)
        for row in rows.values():
            key = (row.mailbox, row.master)
            unfit = row.cancelled or row.draft or row.problem
            if row.master and (row.mailbox, row.id) not in register.by_placement and not unfit:
                self._of(key).appeared.append(row)
                self._of(key).pattern = self._of(key).pattern or row.pattern

    def _note(self, link: Link, placement: Placement, rows: dict[EventKey, OutlookRow]) -> None:
        """What the run says of one living placement: it vanished, or the shape of its event turned."""
        here = (placement.mailbox, placement.id)
        own = rows.get(here)
        if own is not None and own.shape is Shape.MASTER and not own.problem:
            became = self._of(here)
            became.turned = True
            became.vanished.append((link, placement))
        elif placement.master and (here in self.register.absences or self.outdated.has(link, placement)):
            key = (placement.mailbox, placement.master)
            self._of(key).vanished.append((link, placement))
            single = rows.get(key)
            if single is not None and single.shape is Shape.SINGLE and key not in self.register.by_placement:
                self._of(key).turned = True
                self._of(key).appeared = [single]

    def _of(self, key: EventKey) -> _Dates:
        return self.dates.setdefault(key, _Dates(key[0]))

    def _by_key(self, series: list[_Dates]) -> None:
        """What took whose place in another mailbox did so here (B2)."""
        for dates in series:
            standing = {link.id: (link, placement) for link, placement in dates.vanished}
            for row in list(dates.appeared):
                found = self.register.by_ical.get(ical_key(row.ical_uid, row.original), "")
                if gone := standing.pop(found, None):
                    self._replace(dates, dates, gone, row)

    def _in_order(self, dates: _Dates) -> None:
        """Equal dates first, then one after the other (B6)."""
        if not dates.moved:
            return
        vanished, appeared = self._candidates(dates)
        days = {self._day_of(placement): (link, placement) for link, placement in reversed(vanished)}
        for row in appeared:
            if same := days.get(_day(self.register, row)):
                self._replace(dates, dates, same, row)
                del days[self._day_of(same[1])]
        vanished, appeared = self._candidates(dates)
        for gone, row in zip(vanished, appeared, strict=False):
            self._replace(dates, dates, gone, row)

    def _candidates(self, dates: _Dates) -> tuple[list[Vanished], list[OutlookRow]]:
        """Where more vanished than appeared, those whose records were deleted too have ended on both sides."""
        vanished, appeared = self._undecided(dates)
        over = [each for each in vanished if each[0].crm_id in self.over]
        ended = over[: max(0, len(vanished) - len(appeared))]
        return [each for each in vanished if each not in ended], appeared

    def _undecided(self, dates: _Dates) -> tuple[list[Vanished], list[OutlookRow]]:
        """In order of date, the meetings whose organiser's mailbox says nothing else, and the rows of no meeting."""
        by_ical = self.register.by_ical
        unknown = [row for row in dates.appeared if ical_key(row.ical_uid, row.original) not in by_ical]
        own = [(link, p) for link, p in dates.vanished if not self._hosted_elsewhere(link.id, p)]
        own.sort(key=lambda each: (self._day_of(each[1]), each[0].id))
        return own, sorted(unknown, key=lambda row: (_day(self.register, row), row.id))

    def _hosted_elsewhere(self, link: str, placement: Placement) -> bool:
        """Whether the meeting's organiser is read too: then that mailbox says what becomes of it (D3)."""
        hosts = [p for p in self.register.links[link].placements if p.kind is Kind.HOST]
        read = [p for p in hosts if (a := self.register.people.by_mailbox.get(p.mailbox)) is None or a.served]
        return any(p.mailbox != placement.mailbox and p.standing is Standing.LIVING for p in read)

    def _day_of(self, placement: Placement) -> date:
        shown = local_days(placement.shown.time, self.register.rules.zone)[0] if placement.shown else date.max
        return original_date(placement.ical_uid, placement.original) or shown

    def _continued(self, keys: list[EventKey]) -> None:
        """The dates cut from a series with "this and following" go on in a new one of the same mailbox."""
        fresh = [key for key in keys if key not in self.known and not self.dates[key].turned]
        for key in fresh:
            new = self.dates[key]
            old = [self.dates[k] for k in keys if k[0] == key[0] and k != key]
            for row in self._undecided(new)[1]:
                candidates = ((d, gone) for d in old for gone in self._undecided(d)[0] if self._goes_on(gone[1], row))
                if found := next(candidates, None):
                    self._replace(found[0], new, found[1], row)
        cut = [key for key in keys if self._cut_short(key)]
        for mailbox in {key[0] for key in cut}:
            self._rest([key for key in cut if key[0] == mailbox], [key for key in fresh if key[0] == mailbox])

    def _cut_short(self, key: EventKey) -> bool:
        """Whether a series that is still there lost its last dates in this run, and nothing else became of it."""
        dates = self.dates[key]
        gone = self._undecided(dates)[0]
        if not gone or dates.moved or dates.appeared or key not in self.masters:
            return False
        vanished = {placement.id for _, placement in gone}
        placements = (p for link in self.register.links.values() for p in link.placements)
        left = [p for p in placements if (p.mailbox, p.master) == key and p.standing in FOLLOWED]
        ends = self._day_of(gone[0][1])
        return all(self._day_of(placement) < ends for placement in left if placement.id not in vanished)

    def _rest(self, cut: list[EventKey], fresh: list[EventKey]) -> None:
        """One series cut short and one new series in a mailbox are one, if the new one shows that it goes on.

        It has the same people, and its title, or its days and guests besides. Else it is taken for another one.
        """
        fresh = [key for key in fresh if self._undecided(self.dates[key])[1]]
        if len(cut) != 1 or len(fresh) != 1:
            return
        old, new = self.dates[cut[0]], self.dates[fresh[0]]
        gone, rows = self._undecided(old)[0], self._undecided(new)[1]
        before, now = gone[0][1].shown, rows[0].event
        if before is None or before.guests != now.guests:
            return
        zone, count = self.register.rules.zone, len(gone)
        days = [local_days(row.event.time, zone)[0] for row in rows[:count]]
        same_days = days == [local_days(p.shown.time, zone)[0] for _, p in gone if p.shown]
        if alike(before.title, now.title) or (len(now.guests) > 1 and same_days):
            for each, row in zip(gone, rows, strict=False):
                self._replace(old, new, each, row)

    def _goes_on(self, placement: Placement, row: OutlookRow) -> bool:
        before, zone = placement.shown, self.register.rules.zone
        if before is None or local_days(before.time, zone)[0] != local_days(row.event.time, zone)[0]:
            return False
        return before.time == row.event.time or alike(before.title, row.event.title)

    def _replace(self, old: _Dates, new: _Dates, gone: Vanished, row: OutlookRow) -> None:
        """The meeting stands at this row's date from now on; what it showed stays remembered, so the move is seen."""
        register, before = self.register, gone[1]
        pattern = row.pattern or (before.pattern if row.master else "")
        uid = row.ical_uid or before.ical_uid
        now = replace(
            before, id=row.id, master=row.master, pattern=pattern, ical_uid=uid, original=row.original, replaced=""
        )
        link = register.links[gone[0].id]
        link = replace(link, placements=tuple(now if p == before else p for p in link.placements))
        register.absences.pop((before.mailbox, before.id), None)
        if (known := register.by_placement.get((before.mailbox, before.id))) and known.id == link.id:
            del register.by_placement[before.mailbox, before.id]
        self.outdated.found(link, before)
        register.links[link.id] = link
        register.sights[link.id] = Sight(link)
        register.index(link)
        old.vanished.remove(gone)
        new.appeared.remove(row)
