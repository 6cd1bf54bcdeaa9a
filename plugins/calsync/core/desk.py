"""One meeting on the desk: what is known of it while it is decided, and how its actions are made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

from calsync.core.codec import fingerprint
from calsync.core.facts import Facts, Rules, ended
from calsync.core.mails import mails, update_mails
from calsync.core.match import Sight
from calsync.core.merge import CONTENT, Fields, as_crm, as_outlook, lacking, same
from calsync.core.model import (
    Account,
    CrmRow,
    Event,
    Form,
    Kind,
    Link,
    Mark,
    Origin,
    OutlookRow,
    Placement,
    Side,
    Standing,
)
from calsync.core.people import People, persons
from calsync.core.plan import Action, Guest, Loss, Mail, Meeting, Remark, Verb, Word


@dataclass
class Desk:
    """The working sheet of one decision. `link` moves forward; `noted` stays as it is stored before any write.

    silent: what a person said instead of letting it mail (G6); then nothing that mails is written. None: nobody has.
    cut: as much as the speaker shows of a title that does not fit, "" when nobody has shortened it (C2).
    """

    facts: Facts
    people: People
    sight: Sight
    link: Link
    noted: Link
    actions: list[Action] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    cut: str = ""
    silent: Word | None = None

    @property
    def rules(self) -> Rules:
        return self.facts.rules

    def meeting(self) -> Meeting:
        """The finished decision. Without an action to wait for, what was agreed is what is stored."""
        noted = replace(self.noted, dirty=True) if self.actions else self.link
        return Meeting(noted, self.link, tuple(self.actions), tuple(self.remarks), tuple(self.losses))

    def remark(self, rule: str, reason: str, side: Side | None = None, mailbox: str = "", skipped: bool = True) -> None:
        self.remarks.append(
            Remark(rule, reason, self.link.id, side, crm_id=self.link.crm_id, mailbox=mailbox, skipped=skipped)
        )

    def account(self, mailbox: str) -> Account | None:
        return self.people.by_mailbox.get(mailbox)

    def row(self, placement: Placement) -> OutlookRow | None:
        return self.sight.rows.get((placement.mailbox, placement.id))

    def row_in(self, mailbox: str) -> OutlookRow | None:
        """What was read of the meeting's placement in a mailbox."""
        placement = self.link.placement(mailbox)
        return self.row(placement) if placement else None

    def shown(self, placement: Placement) -> Event | None:
        """What a placement shows now: as read, else as it last showed."""
        row = self.row(placement)
        return row.event if row else placement.shown

    def record_shown(self) -> Event | None:
        """What the record shows now: as read, else as it last showed."""
        row = self.sight.crm
        return row.event if row and row.event else self.link.crm_shown

    def lacks(self, placement: Placement, target: Event, among: Fields = CONTENT) -> tuple[str, ...]:
        """The fields among these in which a placement does not show the target (C7)."""
        return lacking(self.as_outlook(target), self.shown(placement), placement.shown, placement.asked, among)

    def record_lacks(self, target: Event, among: Fields) -> tuple[str, ...]:
        """As `lacks`, of the record."""
        wanted, link = as_crm(target, self.rules), self.link
        return lacking(wanted, self.record_shown(), link.crm_shown, link.crm_asked, among)

    def etag(self, placement: Placement) -> str:
        row = self.row(placement)
        return row.etag if row else placement.etag

    def listed(self, placement: Placement) -> frozenset[str]:
        """The addresses on a host's list, the organiser's own left out."""
        shown = self.shown(placement)
        account = self.account(placement.mailbox)
        own = {account.address, *account.addresses} if account else set()
        row = self.row(placement)
        return (shown.guests if shown else frozenset()) - own - {row.organizer if row else ""}

    def rooms(self, placement: Placement) -> frozenset[str]:
        """The addresses of the rooms that are booked for a placement."""
        shown = self.shown(placement)
        return shown.rooms if shown else frozenset()

    def attended(self, placement: Placement) -> bool:
        """Whether an event has attendees, people or rooms, so that Graph mails when it is written (E1)."""
        return bool(self.listed(placement) or self.rooms(placement))

    def organizer(self, placement: Placement) -> str:
        account = self.account(placement.mailbox)
        return account.address if account else ""

    def put(self, placement: Placement) -> None:
        """Replace a placement on the link (known by mailbox and id)."""
        same = [(p.mailbox, p.id) == (placement.mailbox, placement.id) for p in self.link.placements]
        placements = tuple(placement if s else p for s, p in zip(same, self.link.placements, strict=True))
        self.link = replace(self.link, placements=placements)

    def living(self) -> list[Placement]:
        return [p for p in self.link.placements if p.standing is Standing.LIVING]

    def host_lost(self) -> bool:
        """Whether the organiser's mailbox is gone for good (E7)."""
        return any(p.kind is Kind.HOST and p.standing is Standing.LOST for p in self.link.placements)

    def superseded(self) -> list[Placement]:
        """Copies of ours whose mailbox has the meeting by invitation too, or its organiser's own event (E2).

        Beside an invitation whose host is lost a copy is meant to stand (E7).
        """
        if self.host_lost():
            return []
        there = (Standing.LIVING, Standing.RELEASED)  # an outsider's invitation is left to its user (E9)
        guests = [p for p in self.link.placements if p.kind is Kind.GUEST and p.standing in there]
        reached = {p.mailbox for p in guests if not ((row := self.row(p)) and row.cancelled)}
        reached |= {p.mailbox for p in self.living() if p.kind is Kind.HOST}
        mine = [p for p in self.living() if p.kind is Kind.COPY and p.origin is Origin.OURS]
        return [p for p in mine if p.mailbox in reached]

    def left(self, placement: Placement, target: Event) -> bool:
        """Whether it is a copy of ours whose person was taken off (E2).

        A mailbox may have become another employee's since: that ends nothing.
        """
        bearers = self.people.bearers.get(placement.mailbox, set())
        ours = placement.kind is Kind.COPY and placement.origin is Origin.OURS
        return ours and bool(bearers) and not bearers & target.attendees

    def take_away(self, copy: Placement) -> None:
        """Remove the copy of somebody who left (E2)."""
        self.delete(copy, "E2", "its person left the attendees", "removed from the record in ShareCRM")

    def owner_mailbox(self) -> str:
        account = self.people.by_employee.get(self.link.crm_owner)
        return account.object_id if account else ""

    def served(self, person: str) -> bool:
        """Whether a person has this meeting in Outlook, or did away with it themselves (E2).

        What calsync ended does not count: who left the record and came back to it gets the meeting again. The host's
        list decides; guests' lists only where no host is known, for Exchange leaves them when only people change.
        """
        account = self.people.by_employee.get(person[2:]) if person.startswith("e:") else None
        here = [p for p in self.link.placements if p.standing is not Standing.ENDED]
        if account and any(p.mailbox == account.object_id for p in here):
            return True
        guests = [p for p in here if p.kind is Kind.GUEST and p.standing is not Standing.DECLINED]
        hosts = [p for p in here if p.kind is Kind.HOST] or guests
        return bool(self.people.addresses_of(person) & {a for p in hosts for a in self.listed(p)})

    def act(self, verb: Verb, side: Side, rule: str, reason: str, **more: Any) -> Action:
        """Note an action. Its id follows from what it does, so that the same decision is the same action (G3)."""
        event = more.get("event")
        parts = (
            self.link.id, str(self.link.generation), verb, side, more.get("mailbox", ""), more.get("target_id", ""),
            more.get("expect", ""), ",".join(more.get("fields", ())), repr(sorted(more.get("invite", ()))),
            *(repr(sorted(more.get(name, ()))) for name in ("uninvite", "add", "remove")),
            fingerprint(event) if event and verb is not Verb.CREATE else "",
        )  # fmt: skip
        id_ = hashlib.sha256("|".join(parts).encode()).hexdigest()[:24]
        action = Action(id_, self.link.id, verb, side, rule, reason, series=self.link.series, **more)
        action = replace(action, held="" if self._approved(id_) else action.held or self._hold(action))
        self.actions.append(action)
        return action

    def _approved(self, action: str) -> bool:
        """Whether a person has agreed to this very action (G6)."""
        answer = self.facts.answers.get(self.link.id)
        return answer is not None and answer.approves(action)

    def _hold(self, action: Action) -> str:
        """Why a mailing action must wait for a person (E5)."""
        if not action.mails:
            return ""
        if self.rules.invitations == "nobody":
            return "the tenant's `invitations: nobody` lets nothing mail without a person's word"
        time = action.event.time if action.event else action.before.time if action.before else None
        past = time is not None and ended(time, self.rules.zone, self.facts.now)
        if past and action.verb is not Verb.CREATE and any(mail.outside for mail in action.mails):
            return "it would mail people outside about a meeting that has ended"
        return ""

    def create_in(
        self,
        account: Account,
        target: Event,
        rule: str,
        reason: str,
        invite: tuple[Guest, ...] = (),
        hosts: bool = False,
        held: str = "",
    ) -> None:
        """Create the meeting in one mailbox, with the mark; with people on it if it `hosts` (A4).

        held: why that must wait for a person, "" when it need not.
        """
        rules, link, mailbox = self.rules, self.link, account.object_id
        past = ended(target.time, self.rules.zone, self.facts.now)
        self.act(
            Verb.CREATE, Side.OUTLOOK, rule, reason,
            mailbox=mailbox, event=self.as_outlook(target), fields=("title", "time", "private"), invite=invite,
            mark=Mark(rules.installation, rules.tenant, link.crm_id, mailbox, link.generation),
            zone=account.zone or rules.zone, body="" if link.form is Form.INVITED else self._body(target),
            reminder=not past, hosts=hosts, people=tuple(sorted(persons(target))), held=held,
            mails=mails(self.people, "invitation", [g.address for g in invite], account.address),
        )  # fmt: skip

    def _body(self, target: Event) -> str:
        """The people of a meeting as text, for a copy that must not list them (E10)."""
        names = []
        for person in sorted(persons(target)):
            contact = self.people.contact.get(person[2:]) if person.startswith("c:") else None
            names.append(contact.name if contact and contact.name else self.people.address_of(person))
        return "With: " + ", ".join(n for n in names if n) if any(names) else ""

    def update(
        self,
        placement: Placement,
        target: Event,
        fields: tuple[str, ...],
        rule: str,
        reason: str,
        invite: tuple[Guest, ...] = (),
        uninvite: tuple[str, ...] = (),
    ) -> None:
        """Change one placement, with the mails this will send (E1)."""
        sent: tuple[Mail, ...] = ()
        if placement.kind is not Kind.GUEST:
            invited = [g.address for g in invite]
            organizer, listed, rooms = self.organizer(placement), self.listed(placement), self.rooms(placement)
            sent = update_mails(self.people, organizer, listed, bool(fields), invited, uninvite, rooms)
        if sent and self.silent:
            return
        account = self.account(placement.mailbox)
        ours = placement.kind is Kind.COPY and placement.origin is Origin.OURS
        body = self._body(target) if ours and persons(target) != persons(self.noted.base or target) else ""
        self.act(
            Verb.UPDATE, Side.OUTLOOK, rule, reason,
            mailbox=placement.mailbox, target_id=placement.id, event=self.as_outlook(target),
            before=self.shown(placement), fields=fields, invite=invite, uninvite=uninvite,
            expect=self.etag(placement), mails=sent,
            zone=(account.zone if account else "") or self.rules.zone, body=body,
        )  # fmt: skip

    def delete(self, placement: Placement, rule: str, reason: str, evidence: str) -> None:
        """Delete one placement; its people and rooms are told by Graph (E1)."""
        sent: tuple[Mail, ...] = ()
        if placement.kind is not Kind.GUEST:
            listed, rooms = self.listed(placement), self.rooms(placement)
            sent = mails(self.people, "cancellation", listed, self.organizer(placement), rooms)
        self.act(
            Verb.DELETE, Side.OUTLOOK, rule, reason,
            mailbox=placement.mailbox, target_id=placement.id, before=self.shown(placement),
            expect=self.etag(placement), evidence=evidence, mails=sent,
        )  # fmt: skip
        self.put(replace(placement, standing=Standing.ENDED))

    def write_crm(self, verb: Verb, rule: str, reason: str, target: Event | None = None, **more: Any) -> None:
        """Create, change, invalidate or recover the ShareCRM record, as the person E8 names."""
        for name in ("add", "remove"):
            more[name] = tuple(person.removeprefix("e:") for person in more.get(name, ()))
        row = self.sight.crm
        version = row.version if row else self.link.crm_version
        self.act(
            verb, Side.CRM, rule, reason,
            target_id=self.link.crm_id, event=as_crm(target, self.rules) if target else None,
            before=row.event if row else self.link.crm_shown, expect=str(version) if self.link.crm_id else "",
            actor=self.actor(target), **more,
        )  # fmt: skip

    def actor(self, target: Event | None) -> str:
        """Who acts in ShareCRM: the owner, else the first active attendee, else the connection's user ("") (E8)."""
        event = target or self.link.base
        candidates = [self.link.crm_owner, *sorted(event.attendees if event else ())]
        known = [self.people.by_employee[e] for e in candidates if e in self.people.by_employee]
        return next((account.employee for account in known if account.active), "")

    def as_outlook(self, target: Event) -> Event:
        """The target as Outlook shows it (C2): a title that does not fit is cut where its speaker ends."""
        projected = as_outlook(target)
        return replace(projected, title=self.cut) if self.cut else projected

    def note_crm(self, row: CrmRow | None) -> None:
        """What ShareCRM shows counts as agreed for its own side."""
        if row and row.event:
            self.link = replace(
                self.link,
                crm_id=row.id,
                crm_version=row.version,
                crm_shown=row.event,
                crm_owner=row.owner,
                crm_asked=self.link.crm_asked if same(self.link.crm_shown, row.event) else "",
                missed=0,
            )

    def note_rows(self) -> None:
        """What each placement shows counts as agreed for itself."""
        for placement in self.link.placements:
            if row := self.row(placement):
                uid, pattern = row.ical_uid or placement.ical_uid, row.pattern or placement.pattern
                kept = placement.asked if same(placement.shown, row.event) else ""
                now = replace(placement, shown=row.event, etag=row.etag, ical_uid=uid, pattern=pattern, asked=kept)
                self.put(now)
