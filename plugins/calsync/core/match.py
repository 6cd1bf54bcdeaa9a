"""Which is which: rows find their links, by id, by mark, by iCalUId, or by a unique match; never by a guess (B1-B4)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from uuid import NAMESPACE_URL, uuid5

from calsync.core.codec import fingerprint
from calsync.core.facts import Facts, Intent
from calsync.core.model import (
    Absence,
    CrmRow,
    Event,
    Kind,
    Life,
    Link,
    LinkState,
    Origin,
    OutlookRow,
    Placement,
    Shape,
    Side,
    Standing,
)
from calsync.core.people import People, persons
from calsync.core.plan import Remark
from calsync.core.text import outgoing, squeeze

AMBIGUOUS = "ambiguous"


@dataclass
class Sight:
    """One meeting as this run sees it: its link, and what was read of it.

    superseded: copies of ours whose mailbox has received the meeting by invitation (E2). first_contact: both sides were
    found, and nothing was agreed before. uninvited: people whose guest placement was cancelled alone (D3).
    """

    link: Link
    crm: CrmRow | None = None
    rows: dict[str, OutlookRow] = field(default_factory=dict)
    absences: dict[str, Absence] = field(default_factory=dict)
    superseded: list[Placement] = field(default_factory=list)
    first_contact: bool = False
    uninvited: set[str] = field(default_factory=set)

    def place(self, row: OutlookRow, kind: Kind, origin: Origin) -> None:
        """Note that the meeting stands in this row's mailbox; a copy of ours there is superseded (E2)."""
        before = self.link.placement(row.mailbox)
        if before and before.standing is Standing.LIVING and before.origin is Origin.OURS:
            self.superseded.append(before)
        new = Placement(
            row.mailbox, row.id, kind, origin, ical_uid=row.ical_uid, original=row.original, since=row.created
        )
        kept = tuple(p for p in self.link.placements if p is not before or before in self.superseded)
        self.link = replace(self.link, placements=(*kept, new))
        self.rows[row.mailbox] = row


def ical_key(ical_uid: str, original: object = None) -> str:
    """The key of one Outlook meeting across mailboxes: the iCalUId with its eight date digits zeroed (B2).

    Hex digits 33-40 hold the original date of an occurrence (reference graph-calendar.md §2.1). "" matches nothing.
    """
    if not ical_uid:
        return ""
    zeroed = ical_uid
    if ical_uid.upper().startswith("040000008200E00074C5B7101A82E008") and len(ical_uid) >= 40:
        zeroed = ical_uid[:32] + "00000000" + ical_uid[40:]
    return f"{zeroed}|{original or ''}"


def link_id(tenant: str, side: Side, *parts: str) -> str:
    """The id of a new link: the same record or event always gets the same one, so a repeated run repeats itself."""
    return str(uuid5(NAMESPACE_URL, "|".join(("calsync", tenant, side, *parts))))


class Matcher:
    """Assigns every row of a run to a Sight; what cannot be assigned is remarked upon."""

    def __init__(self, facts: Facts, people: People) -> None:
        self.facts, self.people, self.rules = facts, people, facts.rules
        self.sights: dict[str, Sight] = {}
        self.remarks: list[Remark] = []
        self.links: dict[str, Link] = {}
        self.by_crm: dict[str, Link] = {}
        self.by_placement: dict[tuple[str, str], Link] = {}
        self.by_ical: dict[str, str] = {}
        self.crm_pool: dict[str, CrmRow] = {}
        self.groups: dict[str, list[OutlookRow]] = defaultdict(list)
        self.group_links: dict[str, Link] = {}
        self.blocked: set[str] = set()

    def match(self) -> list[Sight]:
        """Every meeting that this run saw or has to decide again, in a stable order."""
        for link in self.facts.links:
            self._index(link)
        self._assign_all()
        self._marks_without_link()
        self._half_made()
        self._first_contact()
        for record in self.crm_pool.values():
            self._new_from_crm(record)
        for key, rows in self.groups.items():
            self._new_from_outlook(key, rows)
        for link in self.facts.links:
            if (link.dirty or self._reviewed(link)) and not _waits(link):
                self._sight(link)
        return sorted((s for s in self.sights.values() if s.link.id not in self.blocked), key=lambda s: s.link.id)

    def _reviewed(self, link: Link) -> bool:
        return self.facts.review and link.state is LinkState.LIVING

    def _assign_all(self) -> None:
        for row in self.facts.outlook:
            if self._usable(row):
                self._assign_outlook(row)
        for absence in self.facts.absences:
            if link := self.by_placement.get((absence.mailbox, absence.id)):
                self._sight(link).absences[absence.mailbox] = absence
        for record in self.facts.crm:
            self._assign_crm(record)

    def _half_made(self) -> None:
        """A record whose event was created before a crash has found it again by its mark; nothing more to look for."""
        for sight in self.sights.values():
            if sight.link.placements and (record := self.crm_pool.pop(sight.link.crm_id, None)):
                sight.crm, sight.first_contact = record, sight.link.base is None

    def _index(self, link: Link) -> None:
        self.links[link.id] = link
        if link.crm_id:
            self.by_crm[link.crm_id] = link
        for placement in link.placements:
            self.by_placement[placement.mailbox, placement.id] = link
            if key := ical_key(placement.ical_uid, placement.original):
                self.by_ical[key] = link.id

    def _sight(self, link: Link) -> Sight:
        return self.sights.setdefault(link.id, Sight(link))

    def _usable(self, row: OutlookRow) -> bool:
        """Series and unreadable rows are left alone, with what hangs on them."""
        if row.shape is Shape.SINGLE and not row.problem:
            return True
        link = self.by_placement.get((row.mailbox, row.id))
        if link:
            self.blocked.add(link.id)
        if row.shape in (Shape.SINGLE, Shape.MASTER):
            rule, reason = ("F2", row.problem) if row.problem else ("F1", "series, not yet handled")
            self._remark(row, rule, reason, link)
        return False

    def _remark(self, row: OutlookRow, rule: str, reason: str, link: Link | None = None) -> None:
        about = link.id if link else ""
        self.remarks.append(Remark(rule, reason, about, Side.OUTLOOK, mailbox=row.mailbox, outlook_id=row.id))

    def _assign_outlook(self, row: OutlookRow) -> None:
        link = self.by_placement.get((row.mailbox, row.id))
        if link and not _waits(link):
            self._sight(link).rows[row.mailbox] = row
        elif row.draft:
            self._remark(row, "F7", "a draft is not linked until it is sent")
        elif row.mark and not link:
            self._assign_marked(row)
        elif row.foreign:
            self._remark(row, "B3", "another tool made this event")
        elif (known := self._by_ical(row)) and not _waits(known.link):
            known.place(row, Kind.HOST if row.is_organizer else Kind.GUEST, Origin.THEIRS)
        else:
            self._pool(row, link)

    def _by_ical(self, row: OutlookRow) -> Sight | None:
        id_ = self.by_ical.get(ical_key(row.ical_uid, row.original), "")
        link = self.links.get(id_)
        return self._sight(link) if link else None

    def _pool(self, row: OutlookRow, link: Link | None = None) -> None:
        key = ical_key(row.ical_uid, row.original) or f"{row.mailbox}|{row.id}"
        self.groups[key].append(row)
        if link:
            self.group_links[key] = link

    def _assign_marked(self, row: OutlookRow) -> None:
        """An event that carries a mark but no link knows (B3)."""
        mark, rules = row.mark, self.rules
        if mark is None:
            return
        if (mark.installation, mark.tenant) != (rules.installation, rules.tenant):
            self._remark(row, "B3", "another installation or tenant made this event")
            return
        link = self.by_crm.get(mark.crm_id)
        if link is None:
            self.groups[f"mark|{mark.crm_id}"].append(row)
            return
        sight = self._sight(link)
        living = sight.link.placement(row.mailbox)
        if mark.mailbox != row.mailbox or (living and living.standing is Standing.LIVING):
            self._pool(row)
        elif mark.generation == link.generation:
            people = row.event.guests - {row.organizer}
            sight.place(row, Kind.HOST if people else Kind.COPY, Origin.OURS)
        else:
            self._remark(row, "B3", "an event of an earlier generation of its meeting", link)

    def _assign_crm(self, row: CrmRow) -> None:
        link = self.by_crm.get(row.id)
        if link and not _waits(link):
            self._sight(link).crm = row
            return
        reason = self._unfit(row)
        if reason:
            self.remarks.append(Remark(*reason, side=Side.CRM, crm_id=row.id))
        elif sent := self._intended(row):
            sight = self._sight(sent)
            sight.crm, sight.link = row, replace(sight.link, crm_id=row.id)
        else:
            self.crm_pool[row.id] = row

    def _unfit(self, row: CrmRow) -> tuple[str, str] | None:
        """Why an unlinked record is not a meeting of ours (yet), as rule and reason."""
        if row.life is not Life.NORMAL or row.event is None:
            return "F7", f"the record is {row.life}"
        if row.problem:
            return "F2", row.problem
        if not self.rules.in_scope(row):
            return "D6", "its Calendar field names another calendar"
        return None

    def _intended(self, row: CrmRow) -> Link | None:
        """The link whose unanswered create made this record (G3)."""
        for intent in self.facts.intents:
            link = self.links.get(intent.link)
            if link and not link.crm_id and _answers(row, intent):
                return link
        return None

    def _marks_without_link(self) -> None:
        """State lost: a marked event and its record make their link anew; a mark without a record imports nothing."""
        for key in [k for k in self.groups if k.startswith("mark|")]:
            rows, crm = self.groups.pop(key), self.crm_pool.pop(key[5:], None)
            if crm is None:
                for row in rows:
                    self._remark(row, "B3", "its mark names a record that is gone, invalid or not in this calendar")
                continue
            sight = self._sight(self._fresh(crm))
            sight.crm, sight.first_contact = crm, True
            for row in sorted(rows, key=lambda r: (str(r.created or ""), r.id)):
                taken = sight.link.placement(row.mailbox)
                if taken or not row.mark or row.mark.mailbox != row.mailbox:
                    self._pool(row)
                    continue
                people = row.event.guests - {row.organizer}
                sight.place(row, Kind.HOST if people else Kind.COPY, Origin.OURS)
                newest = max(sight.link.generation, row.mark.generation)
                sight.link = replace(sight.link, generation=newest)

    def _fresh(self, row: CrmRow) -> Link:
        return self.by_crm.get(row.id) or Link(
            link_id(self.rules.tenant, Side.CRM, row.id), row.id, created=self.facts.now, crm_owner=row.owner
        )

    def _first_contact(self) -> None:
        """Pair what stood on both sides before we came, one to one or not at all (B4)."""
        records = self._records_by_look()
        wanted: dict[str, list[str]] = {}
        for key, rows in self.groups.items():
            candidates = {r for row in rows for r in records.get(look(row.event), ())}
            wanted[key] = sorted(r for r in candidates if self._meets(r, rows))
        rivals = Counter(record for found in wanted.values() for record in found)
        for key, found in wanted.items():
            if len(found) == 1 and rivals[found[0]] == 1:
                self._pair(found[0], self.groups[key])
                self.groups[key] = []
            elif found:
                self._ambiguous(key, found)
        self.groups = defaultdict(list, {k: rows for k, rows in self.groups.items() if rows})

    def _records_by_look(self) -> dict[str, list[str]]:
        looks: dict[str, list[str]] = defaultdict(list)
        for row in self.crm_pool.values():
            if row.event:
                looks[look(row.event)].append(row.id)
        for link in self.facts.links:
            if link.crm_id and link.base and link.state is LinkState.LIVING and link.crm_id not in self.crm_pool:
                looks[look(link.base)].append(link.crm_id)
        return looks

    def _meets(self, record: str, rows: list[OutlookRow]) -> bool:
        """Whether the record has a person in common with the event, and no placement in its mailboxes yet."""
        link = self.by_crm.get(record)
        if link and any(link.placement(row.mailbox) for row in rows):
            return False
        row = self.crm_pool.get(record)
        event = row.event if row else link.base if link else None
        if event is None:
            return False
        theirs = {a for r in rows for a in (*r.event.guests, r.organizer)}
        mailboxes = {a.employee for r in rows if (a := self.people.by_mailbox.get(r.mailbox))}
        ours = {a for person in persons(event) for a in self.people.addresses_of(person)}
        return bool(ours & theirs or mailboxes & event.attendees)

    def _pair(self, record: str, rows: list[OutlookRow]) -> None:
        crm = self.crm_pool.pop(record, None)
        sight = self._sight(self._fresh(crm) if crm else self.by_crm[record])
        sight.crm = sight.crm or crm
        sight.first_contact = crm is not None
        for row in rows:
            sight.place(row, Kind.HOST if row.is_organizer else Kind.GUEST, Origin.THEIRS)

    def _ambiguous(self, key: str, records: list[str]) -> None:
        reason = "several events look the same on both sides; choose which belong together"
        for row in self.groups[key]:
            self._remark(row, "B4", reason)
        self._wait(key, self.groups[key])
        self.groups[key] = []
        for record in records:
            if crm := self.crm_pool.pop(record, None):
                self.remarks.append(Remark("B4", reason, side=Side.CRM, crm_id=record))
                link = replace(self._fresh(crm), reason=AMBIGUOUS, dirty=True)
                self.sights[link.id] = Sight(link, crm)

    def _wait(self, key: str, rows: list[OutlookRow]) -> None:
        sight = self._group_sight(key, rows)
        sight.link = replace(sight.link, reason=AMBIGUOUS, dirty=True)

    def _group_sight(self, key: str, rows: list[OutlookRow]) -> Sight:
        first = min(rows, key=lambda r: (not r.is_organizer, r.mailbox, r.id))
        fresh = Link(link_id(self.rules.tenant, Side.OUTLOOK, first.mailbox, first.id), created=self.facts.now)
        sight = self._sight(replace(self.group_links.get(key, fresh), placements=(), reason=""))
        for row in rows:
            sight.place(row, Kind.HOST if row.is_organizer else Kind.GUEST, Origin.THEIRS)
        return sight

    def _new_from_crm(self, row: CrmRow) -> None:
        if row.event and not self.rules.in_window(row.event.time, self.facts.now):
            self.remarks.append(Remark("F5", "outside the window", side=Side.CRM, crm_id=row.id))
            return
        sight = self._sight(replace(self._fresh(row), reason=""))
        sight.crm = row

    def _new_from_outlook(self, key: str, rows: list[OutlookRow]) -> None:
        reason = self._unwelcome(rows)
        if reason:
            self._remark(rows[0], *reason)
            return
        self._group_sight(key, rows)

    def _unwelcome(self, rows: list[OutlookRow]) -> tuple[str, str] | None:
        if not any(r.is_organizer or not r.organizer or self.people.internal(r.organizer) for r in rows):
            return "E9", "its organiser is not a member of this Microsoft tenant"
        if all(row.cancelled for row in rows):
            return "D3", "cancelled before it was ever linked"
        if not any(self.rules.in_window(row.event.time, self.facts.now) for row in rows):
            return "F5", "outside the window"
        return None


def _answers(row: CrmRow, intent: Intent) -> bool:
    """Whether a record is what an unanswered create would have made (G3)."""
    if row.event is None or row.owner != intent.owner or row.event.time != intent.event.time:
        return False
    in_time = row.created is None or row.created >= intent.since
    return in_time and alike(row.event.title, intent.event.title)


def _waits(link: Link) -> bool:
    """Whether a link stands on one side only and nothing was agreed: it may still find its other half (B4)."""
    return link.state is LinkState.SEEN and link.base is None and not (link.crm_id and link.placements)


def look(event: Event) -> str:
    """A digest of what a person would call the same meeting: title as Outlook shows it, start, end, all-day (B4)."""
    return fingerprint(Event(squeeze(outgoing(event.title)), replace(event.time, zone="")))


def alike(one: str, other: str) -> bool:
    """Whether two titles are the same as Outlook would show them."""
    return squeeze(outgoing(one)) == squeeze(outgoing(other))
