"""Which is which: rows find their links, by id, by mark, by iCalUId, or by a unique match; never by a guess (B1-B4)."""

from __future__ import annotations

from dataclasses import replace

from calsync.core.first_contact import Contact, first_contact
from calsync.core.leave import ANOTHERS, NO_RECORD, leave, leave_their_guests
from calsync.core.match import AMBIGUOUS, RUNS_TO_BELIEVE, Sight, ical_key, is_gone, kinds, one_each, unagreed
from calsync.core.model import (
    FOLLOWED,
    CrmRow,
    Kind,
    Life,
    Link,
    LinkState,
    Mark,
    Origin,
    OutlookRow,
    Placement,
    Shape,
    Side,
    Standing,
)
from calsync.core.plan import Remark
from calsync.core.register import Register
from calsync.core.series import settle_series
from calsync.core.unanswered import made_by
from calsync.core.unlinked import CLEANED

JOINED = "joined with its record"


class Matcher(Register):
    """Assigns every row of a run to a Sight; what cannot be assigned is remarked upon."""

    def match(self) -> list[Sight]:
        """Every meeting that this run saw or has to decide again, in a stable order."""
        self.index_all()
        self._find_answers()
        settle_series(self)
        self._assign_all()
        self._remember_waiting()
        self._marks_without_link()
        self._half_made()
        self._invitations_of_marked()
        leave_their_guests(self)
        self._pair(first_contact(self.people, self.facts.links, self.crm_pool, self.groups, self.rules.empty_title))
        for waiting in self.crm_pool.values():
            self._new_from_crm(waiting)
        for key, rows in self.groups.items():
            self._new_from_outlook(key, rows)
        for link in self.facts.links:
            asked = link.dirty or self._reviewed(link) or link.id in self.facts.past
            if asked and not unagreed(link):
                self.sight(link)
        return sorted(self.sights.values(), key=lambda s: s.link.id)

    def _assign_all(self) -> None:
        for row in self.outlook:
            if self._usable(row):
                self._assign_outlook(row)
        for absence in self.absences.values():
            if link := self.by_placement.get((absence.mailbox, absence.id)):
                self.sight(link).absences[absence.mailbox, absence.id] = absence
        for sight in self.sights.values():
            sight.settle_twins()
        for record in self.facts.crm:
            self._assign_crm(record)

    def _find_answers(self) -> None:
        """Know the records that unanswered creates made, of meetings that have none yet (G3)."""
        rows = [r for r in self.facts.crm if (link := self.by_crm.get(r.id)) is None or unagreed(link)]
        waiting = {link.id for link in self.links.values() if not link.crm_id}
        self.answered = made_by(rows, [intent for intent in self.facts.intents if intent.link in waiting])

    def _has_twin(self, sight: Sight, row: OutlookRow, key: str) -> bool:
        """Whether the meeting still stands in another event of this mailbox, the same one imported twice say (B2)."""
        here = [p for p in sight.link.placements if p.mailbox == row.mailbox and p.standing in FOLLOWED]
        same = (p for p in here if ical_key(p.ical_uid, p.original) == key)
        return any((p.mailbox, p.id) not in self.absences for p in same)

    def _reviewed(self, link: Link) -> bool:
        """Whether a change of rules or people concerns a link that no row names (C10)."""
        sleeps = any(p.standing is Standing.ASLEEP for p in link.placements)
        return self.facts.review and (link.state is LinkState.LIVING or link.reason == CLEANED or sleeps)

    def _usable(self, row: OutlookRow) -> bool:
        """Unreadable rows are left alone, with what hangs on them. A series is its dates; its master is no meeting,
        but cancelled as a whole it is what became of the event that it was."""
        master = row.shape is Shape.MASTER
        link = self.by_placement.get((row.mailbox, row.id))
        if not row.problem and (not master or (link and row.cancelled)):
            return True
        if link:
            self.sight(link).unreadable = True
        if not master:
            self.remark(row, "F2", row.problem, link)
        elif link and not row.problem:
            self.remark(row, "F1", "its event became a series none of whose dates was read", link)
        return False

    def _assign_outlook(self, row: OutlookRow) -> None:
        link = self.by_placement.get((row.mailbox, row.id))
        key = ical_key(row.ical_uid, row.original)
        if link and not unagreed(link):
            self.sight(link).see(row)
        elif reason := self._left_alone(row, key):
            self.remark(row, *reason)
        elif row.foreign:
            leave(self, row, "another tool made this event")
        elif row.mark and not link:
            self._assign_marked(row)
        else:
            known = link or self.links.get(self.by_ical.get(key, ""))
            if known and not unagreed(known):
                sight = self.sight(known)
                kind = Kind.HOST if row.is_organizer else Kind.GUEST
                if self._has_twin(sight, row, key):
                    self.keep_twins(sight, [row])
                else:
                    sight.place(row, kind, Origin.THEIRS, self._standing_of(row))
            else:
                self.pool(row, known)

    def _left_alone(self, row: OutlookRow, key: str) -> tuple[str, str] | None:
        """Why an event that no meeting knows yet is none of ours, as rule and reason."""
        if row.draft:
            return "F7", "a draft is not linked until it is sent"
        if row.cancelled:
            return "D3", "cancelled before it was ever linked"
        if key in self.facts.claimed and key not in self.by_ical:
            return "B3", "another configuration of this enterprise has this meeting"
        if key in self.released:
            return "E7", "an invitation to a copy that its user has made their own"
        return None

    def _assign_marked(self, row: OutlookRow) -> None:
        """An event that carries a mark but no link knows (B3)."""
        mark, rules = row.mark, self.rules
        if mark is None:
            return
        link = self.by_crm.get(mark.crm_id)
        if mark.installation != rules.installation or (
            mark.tenant != rules.tenant and not self._moved(link, row, mark)
        ):
            leave(self, row, ANOTHERS)
        elif link is None:
            self.groups[f"mark|{mark.crm_id}"].append(row)
        else:
            self._assign_to(link, row, mark)

    def _moved(self, link: Link | None, row: OutlookRow, mark: Mark) -> bool:
        """Whether another tenant's record may have come into this calendar, and nothing is remembered of its event."""
        awaited = link is None or (link.state is not LinkState.UNLINKED and not link.placement(row.mailbox))
        return awaited and mark.mailbox == row.mailbox

    def _assign_to(self, link: Link, row: OutlookRow, mark: Mark) -> None:
        """An event whose mark names the record of this link."""
        sight = self.sight(link)
        here = sight.link.placement(row.mailbox)
        ours = here is not None and here.standing is Standing.LIVING and here.origin is Origin.OURS
        newer = mark.generation > link.generation
        if mark.mailbox == row.mailbox and here and ours and self._pasted(here, row):
            sight.place(row, here.kind, Origin.OURS)
            sight.goes_on(here, sight.link.placements[-1])
            del self.absences[here.mailbox, here.id]
        elif mark.mailbox != row.mailbox or (ours and not newer):
            self.pool(row)
        elif link.state is LinkState.RETIRED:
            leave(self, row, NO_RECORD, link)
        elif newer or mark.generation == link.generation:
            # Of a newer generation: it was put back by a run that ended before it could note so (E6, G3).
            sight.place(row, _marked_kind(row), Origin.OURS)
            sight.link = replace(sight.link, generation=mark.generation)
        else:
            leave(self, row, "an event of another generation of its meeting", link)

    def _pasted(self, here: Placement, row: OutlookRow) -> bool:
        """Whether its user cut our event and pasted it: the one that stood here is gone, and this one is like it."""
        return is_gone(self.absences, here) and here.kind is _marked_kind(row)

    def _assign_crm(self, row: CrmRow) -> None:
        link = self.by_crm.get(row.id)
        if link and not unagreed(link):
            self._see_record(link, row)
        elif intent := self.answered.get(row.id):
            sight = self.sight(self.links[intent.link])
            sight.crm, sight.asked, sight.link = row, intent.event, replace(sight.link, crm_id=row.id)
        elif reason := self._unfit(row):
            self.remarks.append(Remark(*reason, side=Side.CRM, crm_id=row.id))
            if link:
                self._give_up(link, row, reason[1])
        else:
            self.crm_pool[row.id] = row

    def _see_record(self, link: Link, row: CrmRow) -> None:
        sight = self.sight(link)
        sight.crm = row
        if row.problem and row.life is Life.NORMAL and link.state is LinkState.LIVING:
            sight.unreadable = True
            self.remarks.append(Remark("F2", row.problem, link.id, Side.CRM, crm_id=row.id))

    def _unfit(self, row: CrmRow) -> tuple[str, str] | None:
        """Why an unlinked record is not a meeting of ours (yet), as rule and reason."""
        if row.life is Life.OTHER:
            return "F7", "the record is not normal at the moment"
        if row.life is not Life.NORMAL or row.event is None:
            return "F7", row.problem or f"the record is {row.life}"
        if row.problem:
            return "F2", row.problem
        if not self.rules.names(row):
            return "D6", "its Calendar field names another calendar"
        return None

    def _give_up(self, link: Link, row: CrmRow, reason: str) -> None:
        """A record that waited for its other half is none of ours any more; changed again, it comes back (E6)."""
        missed = link.missed + 1 if row.life is Life.GONE else 0
        if row.life is Life.GONE and missed < RUNS_TO_BELIEVE:
            link = replace(link, missed=missed, dirty=True)
        else:
            version = max(link.crm_version, row.version)
            link = replace(link, state=LinkState.RETIRED, reason=reason, crm_version=version, dirty=False)
        self.sight(link)

    def _remember_waiting(self) -> None:
        """Records without another half that were not read this time may meet it now, or somebody connected (A2)."""
        read = {row.id for row in self.facts.crm}
        for link in self.facts.links:
            if unagreed(link) and link.crm_id not in read and link.crm_id and link.crm_shown:
                row = CrmRow(link.crm_id, link.crm_version, link.crm_shown, link.crm_owner, calendar=self.rules.name)
                self.crm_pool[link.crm_id] = row
                self.remembered.add(link.crm_id)

    def _marks_without_link(self) -> None:
        """State lost: a marked event and its record make their link anew; a mark without a record imports nothing."""
        for key in [k for k in self.groups if k.startswith("mark|")]:
            rows, crm = self.groups.pop(key), self.crm_pool.pop(key[5:], None)
            if crm is None:
                for row in rows:
                    ours = row.mark and row.mark.tenant == self.rules.tenant
                    leave(self, row, NO_RECORD if ours else ANOTHERS)
                continue
            sight = self.sight(self.fresh(crm))
            sight.crm = crm
            for row in sorted(rows, key=lambda r: (str(r.created or ""), r.id)):
                taken = sight.link.placement(row.mailbox)
                if taken and row.mark and row.mark.tenant != self.rules.tenant:
                    leave(self, row, ANOTHERS)
                    continue
                if taken or not row.mark or row.mark.mailbox != row.mailbox:
                    self.pool(row)
                    continue
                sight.place(row, _marked_kind(row), Origin.OURS)
                newest = max(sight.link.generation, row.mark.generation)
                sight.link = replace(sight.link, generation=newest)

    def _half_made(self) -> None:
        """A record whose event was created before a crash has found it again by its mark; nothing more to look for."""
        for sight in self.sights.values():
            if sight.link.placements and (record := self.crm_pool.pop(sight.link.crm_id, None)):
                sight.crm = record

    def _invitations_of_marked(self) -> None:
        """What Exchange delivered of an event that was found by its mark belongs to the same meeting (B2)."""
        for sight in list(self.sights.values()):
            for placement in sight.link.placements:
                key = ical_key(placement.ical_uid, placement.original)
                if (waited := self.group_links.get(key)) and waited.id == sight.link.id:
                    del self.group_links[key]  # it is what waited, and goes on
                for row in self.taken(key, JOINED) if key in self.groups else ():
                    sight.place(row, Kind.HOST if row.is_organizer else Kind.GUEST, Origin.THEIRS)

    def _pair(self, contacts: list[Contact]) -> None:
        """Join what stood on both sides before we came; what nobody can tell apart waits for a person (B4)."""
        for contact in contacts:
            if contact.ambiguous:
                self._ambiguous(contact)
                continue
            crm = self.crm_pool.pop(contact.record, None)
            sight = self.sight(replace(self.fresh(crm), reason="") if crm else self.by_crm[contact.record])
            sight.crm = sight.crm or crm
            rows = [row for key in contact.groups for row in self.taken(key, JOINED)]
            owner = self.people.by_employee.get(crm.owner if crm else sight.link.crm_owner)
            rows, twins = one_each(rows)
            for row, kind in kinds(rows, owner.object_id if owner else ""):
                hosted = kind is Kind.HOST and any(p.kind is not Kind.GUEST for p in sight.link.placements)
                sight.place(row, Kind.COPY if hosted else kind, Origin.THEIRS, self._standing_of(row))
            self.keep_twins(sight, twins)

    def _standing_of(self, row: OutlookRow) -> Standing:
        """An outsider's event serves its mailbox, and is neither heard nor written (E9)."""
        internal = row.is_organizer or not row.organizer or self.people.internal(row.organizer)
        return Standing.LIVING if internal else Standing.RELEASED

    def _ambiguous(self, contact: Contact) -> None:
        reason = "several events look the same on both sides; choose which belong together (`calsync choose`)"
        mailboxes = {row.mailbox for key in contact.groups for row in self.unclear.get(key, self.groups.get(key, ()))}
        for key in contact.groups:
            rows = self.groups.pop(key, [])
            self.unclear.setdefault(key, rows)
            for row in rows:
                self.remark(row, "B4", reason)
            if rows:
                sight = self.group_sight(key, rows)
                sight.link = replace(sight.link, reason=AMBIGUOUS, dirty=True)
        if crm := self.crm_pool.pop(contact.record, None):
            self.remarks.append(Remark("B4", reason, side=Side.CRM, crm_id=contact.record))
            link = replace(self.fresh(crm), reason=AMBIGUOUS, dirty=True)
            self.sights[link.id] = Sight(link, crm)
        elif linked := self.by_crm.get(contact.record):
            self.sight(linked).unclear |= mailboxes

    def _new_from_crm(self, row: CrmRow) -> None:
        if row.id in self.remembered and not self.facts.review:
            return
        if row.event and not self.rules.in_window(row.event.time, self.facts.now):
            self.remarks.append(Remark("F5", "outside the window", side=Side.CRM, crm_id=row.id))
            return
        sight = self.sight(replace(self.fresh(row), reason=""))
        sight.crm = row

    def _new_from_outlook(self, key: str, rows: list[OutlookRow]) -> None:
        if reason := self._unwelcome(rows):
            self.remark_once(rows[0], *reason)
            return
        self.group_sight(key, rows)

    def _unwelcome(self, rows: list[OutlookRow]) -> tuple[str, str] | None:
        if not any(r.is_organizer or not r.organizer or self.people.internal(r.organizer) for r in rows):
            return "E9", "its organiser is not a member of this Microsoft tenant"
        if not any(self.rules.in_window(row.event.time, self.facts.now) for row in rows):
            return "F5", "outside the window"
        return None


def _marked_kind(row: OutlookRow) -> Kind:
    return Kind.HOST if row.event.guests - {row.organizer} else Kind.COPY
