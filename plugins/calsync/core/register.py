"""What a run's matching keeps: links by every key, the sights so far, and the rows that no link knows yet (B1-B4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from calsync.core.facts import Facts, Intent
from calsync.core.match import Sight, ical_key, kinds, left_alone, link_id, one_each
from calsync.core.model import STANDS, CrmRow, Kind, Link, LinkState, Origin, OutlookRow, Side, Standing
from calsync.core.people import People
from calsync.core.plan import Remark


class Register:
    """Links, sights and unassigned rows of one run.

    outlook, absences: what was read, as far as matching has to deal with it.
    crm_pool, groups: what no link knows, by record id and by Outlook meeting, for first contact and creation.
    group_links: the link under which an Outlook meeting has waited. unclear: the rows of groups that nobody can tell
    apart. remembered: records of crm_pool that were not read this time. released: iCalUId keys of events that are their
    user's now. left: by iCalUId key, events left alone for their marks; left_links: what remembers those of earlier
    runs. answered: the unanswered create that made a record, by its id. told: what was remarked of a whole series
    already, by rule, mailbox and master.
    """

    def __init__(self, facts: Facts, people: People) -> None:
        self.facts, self.people, self.rules = facts, people, facts.rules
        self.outlook = list(facts.outlook)
        self.absences = {(absence.mailbox, absence.id): absence for absence in facts.absences}
        self.sights: dict[str, Sight] = {}
        self.remarks: list[Remark] = []
        self.links = {link.id: link for link in facts.links}
        self.by_crm = {link.crm_id: link for link in facts.links if link.crm_id}
        self.by_placement: dict[tuple[str, str], Link] = {}
        self.by_ical: dict[str, str] = {}
        self.released: set[str] = set()
        self.left: dict[str, OutlookRow] = {}
        self.left_links: dict[str, Link] = {}
        self.crm_pool: dict[str, CrmRow] = {}
        self.remembered: set[str] = set()
        self.groups: dict[str, list[OutlookRow]] = defaultdict(list)
        self.group_links: dict[str, Link] = {}
        self.unclear: dict[str, list[OutlookRow]] = {}
        self.answered: Mapping[str, Intent] = {}
        self.told: set[tuple[str, str, str]] = set()

    def index_all(self) -> None:
        """Make every link known by what it knows now; those that were agreed go before those that wait."""
        self.by_placement.clear()
        self.by_ical.clear()
        for link in sorted(self.links.values(), key=lambda each: each.base is not None):
            self.index(link)

    def index(self, link: Link) -> None:
        """Make a link known by its events; where one has ended and another link has it now, it is the other's."""
        if left_alone(link):
            self.left_links |= {ical_key(p.ical_uid, p.original): link for p in link.placements}
            return
        for placement in link.placements:
            event = placement.mailbox, placement.id
            if placement.standing in STANDS or event not in self.by_placement:
                self.by_placement[event] = link
            if key := ical_key(placement.ical_uid, placement.original):
                self.by_ical[key] = link.id
                outsiders = placement.kind is Kind.GUEST and link.state is LinkState.LIVING
                if placement.standing is Standing.RELEASED and not outsiders:
                    self.released.add(key)

    def sight(self, link: Link) -> Sight:
        """The sight of a link, made when it is first asked for."""
        return self.sights.setdefault(link.id, Sight(link))

    def remark(self, row: OutlookRow, rule: str, reason: str, link: Link | None = None) -> None:
        """Tell why an event is left alone."""
        about = link.id if link else ""
        self.remarks.append(Remark(rule, reason, about, Side.OUTLOOK, mailbox=row.mailbox, outlook_id=row.id))

    def remark_once(self, row: OutlookRow, rule: str, reason: str) -> None:
        """Tell of a series once what is so for many of its dates."""
        told = (rule, row.mailbox, row.master)
        if told not in self.told:
            self.remark(row, rule, reason)
        if row.master:
            self.told.add(told)

    def pool(self, row: OutlookRow, link: Link | None = None) -> None:
        """Keep an event that no agreed meeting knows, beside the others of its Outlook meeting (B2)."""
        key = ical_key(row.ical_uid, row.original) or f"{row.mailbox}|{row.id}"
        self.groups[key].append(row)
        if link:
            self.group_links[key] = link

    def taken(self, key: str, why: str) -> list[OutlookRow]:
        """The rows of an Outlook meeting that goes elsewhere; the link under which it had waited ends."""
        if waited := self.group_links.pop(key, None):
            ends = replace(waited, state=LinkState.RETIRED, reason=why, placements=(), dirty=False)
            self.sights[waited.id] = Sight(ends)
        return self.groups.pop(key)

    def fresh(self, row: CrmRow) -> Link:
        """The link of a record: the one it has, else a new one."""
        return self.by_crm.get(row.id) or Link(
            link_id(self.rules.tenant, Side.CRM, row.id), row.id, created=self.facts.now, crm_owner=row.owner
        )

    def group_sight(self, key: str, rows: list[OutlookRow]) -> Sight:
        """The sight of an Outlook meeting that has no record."""
        first = min(rows, key=lambda r: (not r.is_organizer, r.mailbox, r.id))
        link = self.group_links.get(key) or Link(self._free_id(first), created=self.facts.now)
        sight = self.sight(replace(link, reason=""))
        rows, twins = one_each(rows)
        for row, kind in kinds(rows, ""):
            sight.place(row, kind, Origin.THEIRS)
        self.keep_twins(sight, twins)
        return sight

    def keep_twins(self, sight: Sight, rows: Iterable[OutlookRow]) -> None:
        """Leave events alone whose mailboxes have the meeting in another event already (A1, B2)."""
        for row in rows:
            sight.keep_twin(row)
            self.remark_once(row, "B2", "another event of this calendar is the same meeting; this one is left alone")

    def _free_id(self, row: OutlookRow) -> str:
        """The id of an event's new link. The link that bears it may have gone on to another date of the series (B6)."""
        parts = [row.mailbox, row.id]
        while self._elsewhere(id_ := link_id(self.rules.tenant, Side.OUTLOOK, *parts), row):
            parts.append("again")
        return id_

    def _elsewhere(self, id_: str, row: OutlookRow) -> bool:
        link = self.sights[id_].link if id_ in self.sights else self.links.get(id_)
        places = {(placement.mailbox, placement.id) for placement in link.placements} if link else set()
        return bool(places) and (row.mailbox, row.id) not in places
