"""Removing our traces because a person asks for it (D7): what calsync made, and what is somebody's own by now. Pure.

While it is under way every meeting it touches is unlinked: whatever a crash leaves half done is never read as a user's
deletion. Afterwards a meeting whose invitation was taken back stays unlinked until its host is authorised again; one
that stood in silent copies only has fewer of them, and gets them back with the authorisation (E2, E6).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from calsync.core.deletion import without
from calsync.core.desk import Desk
from calsync.core.facts import Facts, ended
from calsync.core.match import Sight, link_id
from calsync.core.model import (
    STANDS,
    Kind,
    Life,
    Link,
    LinkState,
    Origin,
    OutlookRow,
    Placement,
    Proof,
    Shape,
    Side,
    Standing,
)
from calsync.core.people import People
from calsync.core.plan import ASKED, Action, Meeting, Plan, Remark, Verb
from calsync.core.unlinked import CLEANED, hosted

RECORD_GONE = "its record was removed by a cleanup"

_MADE_A_SERIES = "its user has made a series of it"

_OVER = (Standing.ENDED, Standing.DECLINED)


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall go. mailboxes: object ids; employees: whose records, if `records`; past: ended invitations too."""

    mailboxes: frozenset[str]
    employees: frozenset[str]
    records: bool = False
    past: bool = False


def cleanup(facts: Facts, wish: Wish) -> Plan:
    """The plan of a cleanup.

    :param facts: every link, the events read (marked ones, and known ones by id), records if they shall go
    """
    people = People(facts.accounts, facts.contacts, facts.members, facts.employees)
    finder = _Finder(facts)
    sights = finder.sights()
    decided = [m for sight in sights if (m := _decide(Desk(facts, people, sight, sight.link, sight.link), wish))]
    meetings = tuple(m for m in decided if m.actions or m.noted != m.agreed)
    left = [remark for m in decided if m not in meetings for remark in m.remarks]
    return Plan(facts.rules.tenant, facts.run, facts.now, meetings, (*finder.remarks, *left))


def made_from_outlook(link: Link, tenant: str) -> bool:
    """Whether calsync made the link's record: its id follows from an event, so the event was there first (A2)."""
    return bool(link.crm_id) and link.id != link_id(tenant, Side.CRM, link.crm_id)


class _Finder:
    """Finds the meeting of every event that was read: by id, else by our mark (B1, B3)."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.remarks: list[Remark] = []
        self.found = {link.id: Sight(link) for link in facts.links}
        self.by_event = {(p.mailbox, p.id): link.id for link in facts.links for p in link.placements}
        self.by_crm = {link.crm_id: link.id for link in facts.links if link.crm_id}

    def sights(self) -> list[Sight]:
        """Every meeting that is known or bears our mark."""
        for row in sorted(self.facts.outlook, key=lambda r: (str(r.created or ""), r.mailbox, r.id)):
            known = self.by_event.get((row.mailbox, row.id))
            if known:
                self.found[known].see(row)
            elif row.mark and row.mark[:2] == (self.facts.rules.installation, self.facts.rules.tenant):
                self._by_mark(row)
        for absence in self.facts.absences:
            if known := self.by_event.get((absence.mailbox, absence.id)):
                self.found[known].absences[absence.mailbox, absence.id] = absence
        for record in self.facts.crm:
            if known := self.by_crm.get(record.id):
                self.found[known].crm = record
        return [self.found[id_] for id_ in sorted(self.found)]

    def _by_mark(self, row: OutlookRow) -> None:
        """An event of ours whose memory is lost; the first of several in one mailbox, the others are copies (B3)."""
        mark = row.mark
        if mark is None:
            return
        if row.shape is not Shape.SINGLE:
            self._left("F1", _MADE_A_SERIES, row)
            return
        sight = self.found[self._meeting(mark.crm_id)]
        here = [p for p in sight.link.placements if p.mailbox == row.mailbox and p.standing not in _OVER]
        if mark.mailbox != row.mailbox or here:
            self._left("B3", "its user copied an event of ours; the copy is theirs", row)
            return
        kind = Kind.HOST if row.event.guests - {row.organizer} else Kind.COPY
        new = Placement(row.mailbox, row.id, kind, Origin.OURS, ical_uid=row.ical_uid, since=row.created)
        generation = max(sight.link.generation, mark.generation)
        sight.link = replace(sight.link, placements=(*sight.link.placements, new), generation=generation)
        sight.see(row)

    def _left(self, rule: str, reason: str, row: OutlookRow) -> None:
        self.remarks.append(Remark(rule, reason, side=Side.OUTLOOK, mailbox=row.mailbox, outlook_id=row.id))

    def _meeting(self, crm_id: str) -> str:
        if crm_id not in self.by_crm:
            fresh = Link(link_id(self.facts.rules.tenant, Side.CRM, crm_id), crm_id, created=self.facts.now)
            self.by_crm[crm_id] = fresh.id
            self.found.setdefault(fresh.id, Sight(fresh))
        return self.by_crm[crm_id]


def _decide(desk: Desk, wish: Wish) -> Meeting | None:
    """What becomes of one meeting; None when nothing does."""
    before = desk.link
    going = list(_going(desk, wish))
    for placement in going:
        desk.delete(placement, "D7", ASKED, ASKED)
    record = wish.records and _delete_record(desk, wish)
    if not desk.actions and desk.link == before:
        return Meeting(before, before, remarks=tuple(desk.remarks)) if desk.remarks else None
    invitation = any(placement.kind is Kind.HOST for placement in going)
    noted, agreed = _links(before, desk.link, invitation=invitation, record=record)
    actions = tuple(_asked(action, desk.facts.run) for action in desk.actions)
    return Meeting(noted, agreed, actions, tuple(desk.remarks))


def _going(desk: Desk, wish: Wish) -> Iterator[Placement]:
    """The placements that are ours to remove; why others are left is remarked."""
    for placement in desk.link.placements:
        row = desk.row(placement)
        absence = desk.sight.absences.get((placement.mailbox, placement.id))
        if placement.mailbox not in wish.mailboxes or placement.kind is Kind.GUEST:
            continue
        if row is not None:
            why = _why_left(desk, placement, row, wish)
            if why == ("", ""):
                yield placement
            elif row.mark:
                desk.remark(*why, Side.OUTLOOK, placement.mailbox)
        elif absence and absence.proof is Proof.GONE and desk.link.reason == CLEANED:
            desk.put(replace(placement, standing=Standing.ENDED))
        elif placement.origin is Origin.OURS and placement.standing in STANDS and not absence:
            desk.remark("D2", "it cannot be read now; repeat the cleanup later", Side.OUTLOOK, placement.mailbox)


def _why_left(desk: Desk, placement: Placement, row: OutlookRow, wish: Wish) -> tuple[str, str]:
    """Rule and reason why an event is not removed, both "" when it is."""
    released = placement.origin is not Origin.OURS or placement.standing is Standing.RELEASED
    if released or (placement.kind is Kind.COPY and desk.attended(placement)):
        return "E7", "its user has made this event their own"
    if row.shape is not Shape.SINGLE:
        return "F1", _MADE_A_SERIES
    over = ended(row.event.time, desk.rules.zone, desk.facts.now)
    if placement.kind is Kind.HOST and over and desk.listed(placement) and not wish.past:
        return "E5", "it has ended, and removing it would mail its guests; --past removes it too"
    return "", ""


def _delete_record(desk: Desk, wish: Wish) -> bool:
    """Remove the record that was made from an Outlook event; whether it goes."""
    link, row = desk.link, desk.sight.crm
    if link.state is LinkState.RETIRED or not made_from_outlook(link, desk.rules.tenant):
        return False
    if link.crm_owner not in wish.employees:
        return False
    if row is None or row.life is not Life.NORMAL:
        desk.remark("D7", "its record cannot be read now, or is gone already", Side.CRM)
        return False
    desk.write_crm(Verb.DELETE, "D7", ASKED, evidence=ASKED)
    return True


def _links(before: Link, after: Link, *, invitation: bool, record: bool) -> tuple[Link, Link]:
    """The link as it is stored before anything is written, and once all of it is done."""
    noted, agreed = before, after
    if before.base is not None and before.state is LinkState.LIVING:
        noted = replace(before, state=LinkState.UNLINKED, reason=CLEANED)
    if record:
        # What is left in Outlook is its user's own: a retired meeting's own host would be ended with it (D4).
        noted, agreed = _released(noted), _released(agreed)
        return noted, replace(agreed, state=LinkState.RETIRED, reason=RECORD_GONE, dirty=False)
    if before.base is None and before.state is not LinkState.RETIRED:
        # Nothing was agreed that could be kept: its record, read again, opens it anew (E6).
        return noted, replace(agreed, state=LinkState.RETIRED, reason=CLEANED, crm_version=0, dirty=True)
    if invitation or (before.reason == CLEANED and hosted(agreed)):
        # Its guests are told that it is off; that is no deletion of the meeting (D3).
        noted, agreed = without(noted, Kind.GUEST), without(agreed, Kind.GUEST)
        agreed = replace(agreed, state=LinkState.UNLINKED, reason=CLEANED)
    elif before.reason == CLEANED and before.state is LinkState.UNLINKED:
        agreed = replace(agreed, state=LinkState.LIVING, reason="")
    return noted, replace(agreed, dirty=False)


def _released(link: Link) -> Link:
    placements = (
        replace(p, standing=Standing.RELEASED) if p.origin is Origin.THEIRS and p.standing in STANDS else p
        for p in link.placements
    )
    return replace(link, placements=tuple(placements))


def _asked(action: Action, run: str) -> Action:
    """A person's word releases what would wait for one; each cleanup tries anew what an earlier one had parked."""
    return replace(action, id=hashlib.sha256(f"{action.id}|{run}".encode()).hexdigest()[:24], held="")
