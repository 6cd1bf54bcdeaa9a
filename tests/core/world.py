"""Two fake calendar systems in memory and the engine between them: facts from what changed, actions done at once.

What a plan says is all that is carried out. Outlook delivers invitations, sends mails and cancels as Exchange does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from core.make import BEFORE, NAMES, NOW, account, address, at, contact, event, mailbox, rules

from calsync.core.diff import diff
from calsync.core.facts import Facts, Intent, Rules, Tally
from calsync.core.model import (
    Absence,
    Account,
    Availability,
    Contact,
    CrmRow,
    Event,
    Form,
    Kind,
    Life,
    Link,
    Mark,
    Origin,
    OutlookRow,
    Placement,
    Proof,
    Shape,
    Side,
    Standing,
    Time,
)
from calsync.core.plan import Action, ActionState, Answer, Meeting, Outcome, Plan, Verb, Word
from calsync.core.settle import settle

Key = tuple[str, str]
CANCELLED = "Canceled: "
PLENTY = Tally(meetings=1000, dates=1000)


@dataclass(frozen=True)
class Item:
    """An event in one mailbox; `event.guests` names everybody on it, the organiser too."""

    mailbox: str
    id: str
    event: Event
    organizer: str
    ical: str
    version: int = 1
    is_organizer: bool = True
    cancelled: bool = False
    mark: Mark | None = None
    created: datetime = NOW
    modified: datetime = NOW
    shape: Shape = Shape.SINGLE
    master: str = ""
    original: date | None = None
    pattern: str = ""
    problem: str = ""

    @property
    def same(self) -> tuple[str, date | None]:
        """What an event and the copies that Exchange delivered of it have in common."""
        return self.ical, self.original


@dataclass
class World:
    """Ann (employee 1), Bob, Cai and Dee; what of them is connected, and what stands in both systems."""

    rules: Rules = field(default_factory=rules)
    now: datetime = NOW
    first_sync: datetime = BEFORE
    accounts: dict[str, Account] = field(default_factory=lambda: {e: account(e) for e in ("1", "2", "3")})
    contacts: dict[str, Contact] = field(default_factory=lambda: {c: contact(c) for c in ("c1", "c2")})
    crm: dict[str, CrmRow] = field(default_factory=dict)
    outlook: dict[Key, Item] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    mails: list[tuple[str, str]] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    unproved: set[Key] = field(default_factory=set)
    intents: tuple[Intent, ...] = ()
    _touched_crm: set[str] = field(default_factory=set)
    _touched: set[Key] = field(default_factory=set)
    _gone: set[Key] = field(default_factory=set)
    _held: dict[str, tuple[Action, ...]] = field(default_factory=dict)
    _answers: dict[str, Answer] = field(default_factory=dict)
    _review: bool = False
    _numbers: Any = field(default_factory=lambda: count(1))

    # --- people's acts -----------------------------------------------------------------------------------------------

    def record(self, title: str = "Visit", time: Time | None = None, owner: str = "1", **more: Any) -> str:
        """A person creates a ShareCRM record."""
        id_ = f"r{next(self._numbers)}"
        people = {owner, *more.pop("attendees", ())}
        row = {"calendar": self.rules.name, "created": self.now, "modified": self.now} | more.pop("row", {})
        self.crm[id_] = CrmRow(id_, 1, event(title, time, attendees=people, **more), owner, **row)
        self._touched_crm.add(id_)
        return id_

    def edit_record(self, id_: str, **changes: Any) -> None:
        """A person changes a record: fields of its event, or of the row (`life`, `calendar`, `owner`)."""
        row = self.crm[id_]
        of_row = {k: changes.pop(k) for k in ("life", "calendar", "owner", "problem") if k in changes}
        shown = replace(row.event, **_sets(changes)) if row.event else None
        self.crm[id_] = replace(row, version=row.version + 1, event=shown, modified=self._tick(), **of_row)
        self._touched_crm.add(id_)

    def meeting(self, employee: str, title: str = "Call", time: Time | None = None, **more: Any) -> Key:
        """A person creates an event in Outlook, with `invite` and content."""
        return self._put(employee, title, time, **more).key

    def edit(self, key: Key, **changes: Any) -> None:
        """The user of a mailbox changes an event there; an organiser's change reaches the guests."""
        invite, uninvite = changes.pop("invite", ()), changes.pop("uninvite", ())
        self._patch(key, changes, invite, uninvite, by="user")

    def remove(self, key: Key) -> None:
        """The user of a mailbox deletes an event; an organiser's deletion cancels it for the guests."""
        self._delete(key, by="user")

    def authorise(self, employee: str) -> None:
        self.accounts[employee] = account(employee, authorised_since=self._tick())
        self._touched |= {key for key in self.outlook if key[0] == mailbox(employee)}
        self._review = True

    def revoke(self, employee: str) -> None:
        self.accounts[employee] = replace(self.accounts[employee], revoked_at=self.now)
        self._review = True

    def away(self, employee: str, away: bool = True) -> None:
        availability = Availability.FORBIDDEN if away else Availability.OK
        since = self.now if away else None
        self.accounts[employee] = replace(self.accounts[employee], availability=availability, away_since=since)
        self._review = True

    def configure(self, **more: Any) -> None:
        self.rules = replace(self.rules, **more)
        self._touched_crm |= set(self.crm)
        self._touched |= set(self.outlook)
        self._review = True

    def forget(self) -> None:
        """The state database is lost; everything is read anew."""
        self.links.clear()
        self.configure()

    # --- what stands where -------------------------------------------------------------------------------------------

    def shown(self, employee: str) -> list[Item]:
        """The events in a person's calendar that are not cancelled."""
        return [
            i
            for i in self.outlook.values()
            if i.mailbox == mailbox(employee) and not i.cancelled and i.shape is not Shape.MASTER
        ]

    def titles(self, employee: str) -> list[str]:
        return sorted(i.event.title for i in self.shown(employee))

    def only(self, employee: str) -> Item:
        found = self.shown(employee)
        assert len(found) == 1, [i.event.title for i in found]
        return found[0]

    def living(self) -> list[CrmRow]:
        return [row for row in self.crm.values() if row.life is Life.NORMAL]

    def link(self, id_: str) -> Link:
        return next(link for link in self.links.values() if link.crm_id == id_)

    def answer(self, word: Word) -> None:
        """A person's word about everything that is held."""
        for link, actions in self._held.items():
            self._answers[link] = Answer(word, frozenset(action.id for action in actions), "ops")
            self.links[link] = replace(self.links[link], dirty=True)

    # --- runs --------------------------------------------------------------------------------------------------------

    def run(self, carry_out: bool = True) -> Plan:
        """One run: read what changed, decide, carry out. The mails sent are the mails predicted (E1)."""
        self.now += timedelta(minutes=15)
        plan = diff(self.facts())
        if not carry_out:
            return plan
        self._touched_crm, self._touched = set(), {k for k in self._touched if not self._readable(k)}
        self._gone, self._review = {k for k in self._gone if not self._readable(k)}, False
        sent = len(self.mails)
        done = {id_ for meeting in plan.meetings for id_ in self._carry_out(meeting)}
        predicted = [(mail.kind, mail.to) for a in plan.actions if a.id in done for mail in a.mails]
        assert sorted(self.mails[sent:]) == sorted(predicted)
        return plan

    def settled(self) -> list[Plan]:
        """Runs until nothing is planned: within three, then once more without a write (C7)."""
        plans = [self.run()]
        while plans[-1].actions and len(plans) < 3:
            plans.append(self.run())
        last = self.run()
        assert not last.actions, [(a.verb, a.side, a.rule, a.reason) for a in last.actions]
        return plans

    def facts(self) -> Facts:
        dirty = [link for link in self.links.values() if link.dirty]
        records = self._touched_crm | {link.crm_id for link in dirty} & set(self.crm)
        events = self._touched | {
            (p.mailbox, p.id)
            for link in dirty
            for p in link.placements
            if p.standing in (Standing.LIVING, Standing.ASLEEP)
        }
        events = {key for key in events if self._readable(key)}
        known = {(p.mailbox, p.id) for link in self.links.values() for p in link.placements}
        missing = {k for k in (events | self._gone) & known if k not in self.outlook and self._readable(k)}
        absences = [Absence(*k, Proof.UNKNOWN if k in self.unproved else Proof.GONE, f"gone {k[1]}") for k in missing]
        return Facts(
            rules=self.rules,
            run="run",
            now=self.now,
            first_sync=self.first_sync,
            accounts=tuple(self.accounts.values()),
            contacts=tuple(self.contacts.values()),
            members=frozenset(address(e) for e in NAMES),
            employees={address(e): e for e in NAMES},
            links=tuple(self.links.values()),
            crm=tuple(self.crm[r] for r in sorted(records)),
            outlook=tuple(_row(self.outlook[k]) for k in sorted(events) if k in self.outlook),
            absences=tuple(absences),
            intents=self.intents,
            held=self._held,
            answers=self._answers,
            review=self._review,
            tenant=PLENTY if self.links else Tally(),
            mailboxes={mailbox(e): PLENTY for e in NAMES},
        )

    def _readable(self, key: Key) -> bool:
        return any(a.object_id == key[0] and a.served for a in self.accounts.values())

    def _carry_out(self, meeting: Meeting) -> set[str]:
        """Do what is not held, and keep the books; the actions that were done."""
        self.links[meeting.noted.id] = meeting.noted
        outcomes: dict[str, Outcome] = {}
        for action in meeting.actions:
            outcomes[action.id] = self._do(meeting, action)
        self.links[meeting.noted.id] = settle(meeting, outcomes)
        held = tuple(a for a in meeting.actions if a.held)
        if held:
            self._held[meeting.noted.id] = held
        elif not meeting.waits:
            self._held.pop(meeting.noted.id, None)
            self._answers.pop(meeting.noted.id, None)
        return {id_ for id_, outcome in outcomes.items() if outcome.state is ActionState.DONE}

    def _do(self, meeting: Meeting, action: Action) -> Outcome:
        if action.held:
            return Outcome(action.id, ActionState.HELD)
        if action.mailbox in self.refuse or str(action.side) in self.refuse:
            return Outcome(action.id, ActionState.FAILED)
        if action.verb in (Verb.LINK, Verb.UNLINK):
            return Outcome(action.id, ActionState.DONE)
        return self._do_crm(action) if action.side is Side.CRM else self._do_outlook(meeting, action)

    def _do_crm(self, action: Action) -> Outcome:
        wanted, id_ = action.event, action.target_id or f"r{next(self._numbers)}"
        row = self.crm.get(id_)
        if action.verb is Verb.DELETE and row:
            assert action.expect == str(row.version)
            self.crm[id_] = replace(row, version=row.version + 1, life=Life.INVALID)
            return Outcome(action.id, ActionState.DONE, crm_id=id_, crm_version=row.version + 1)
        assert wanted is not None
        if row is None:
            owner = action.actor
            people = wanted.attendees | {owner}
            self.crm[id_] = CrmRow(
                id_, 1, replace(wanted, attendees=people), owner, calendar=self.rules.name, created=self.now
            )
        else:
            assert row.event is not None
            assert action.verb is Verb.CREATE or action.expect == str(row.version)
            shown = _patched(row.event, wanted, action.fields)
            shown = replace(
                shown,
                attendees=(shown.attendees | _ids(action.add, False)) - _ids(action.remove, False),
                contacts=(shown.contacts | _ids(action.add, True)) - _ids(action.remove, True),
            )
            self.crm[id_] = replace(row, version=row.version + 1, event=shown, life=Life.NORMAL, modified=self.now)
        self._touched_crm.add(id_)
        made = self.crm[id_]
        return Outcome(
            action.id,
            ActionState.DONE,
            crm_id=id_,
            crm_version=made.version,
            crm_shown=made.event,
            crm_owner=made.owner,
        )

    def _do_outlook(self, meeting: Meeting, action: Action) -> Outcome:
        key = (action.mailbox, action.target_id)
        if action.verb is Verb.DELETE:
            assert action.expect == f"e{self.outlook[key].version}"
            self._delete(key, by="calsync")
            return Outcome(action.id, ActionState.DONE)
        if action.verb is Verb.CREATE:
            assert action.event is not None
            employee = next(a.employee for a in self.accounts.values() if a.object_id == action.mailbox)
            assert action.mark is not None
            invite = [g.address for g in action.invite]
            made = self._put(employee, action.event.title, action.event.time, private=action.event.private,
                             invite=invite, mark=action.mark, by="calsync").item  # fmt: skip
            kind = (
                Kind.HOST
                if meeting.agreed.form is Form.INVITED and action.mailbox == meeting.agreed.speaker
                else Kind.COPY
            )
        else:
            assert action.event is not None
            assert action.expect == f"e{self.outlook[key].version}", action
            changes = {name: getattr(action.event, name) for name in action.fields}
            self._patch(key, changes, [g.address for g in action.invite], action.uninvite, by="calsync")
            made, kind = self.outlook[key], Kind.COPY
        row = _row(made)
        placement = Placement(action.mailbox, made.id, kind, Origin.OURS, shown=row.event, etag=row.etag,
                              replaced=action.expect, ical_uid=made.ical, since=made.created)  # fmt: skip
        return Outcome(action.id, ActionState.DONE, placement=placement)

    # --- Exchange ----------------------------------------------------------------------------------------------------

    def _tick(self) -> datetime:
        self.now += timedelta(seconds=20)
        return self.now

    def _mail(self, kind: str, to: Iterable[str], by: str) -> None:
        if by == "calsync":
            self.mails += [(kind, one) for one in to]

    def _put(self, employee: str, title: str, time: Time | None, **more: Any) -> _Made:
        number, organizer = next(self._numbers), more.pop("organizer", address(employee))
        invite, mark, by = set(more.pop("invite", ())), more.pop("mark", None), more.pop("by", "user")
        shown = event(title, time or at(48), guests={organizer, *invite}, **more)
        when = self.now if mark else self._tick()
        host = Item(mailbox(employee), f"o{number}", shown, organizer, f"ical{number}", mark=mark,
                    is_organizer=organizer == address(employee), created=when, modified=when)  # fmt: skip
        self._store(host)
        self._mail("invitation", invite, by)
        self._deliver(host, invite)
        return _Made((host.mailbox, host.id), host)

    def _store(self, item: Item) -> None:
        self.outlook[item.mailbox, item.id] = item
        self._touched.add((item.mailbox, item.id))

    def _change(self, item: Item, shown: Event, cancelled: bool = False) -> None:
        self._store(replace(item, event=shown, version=item.version + 1, cancelled=cancelled, modified=self.now))

    def _deliver(self, host: Item, to: Iterable[str]) -> None:
        for one in to:
            employee = next((e for e in NAMES if address(e) == one), None)
            if employee is None or one == host.organizer:
                continue
            copies = [i for i in self.outlook.values() if i.same == host.same and i.mailbox == mailbox(employee)]
            if copies:
                self._change(copies[0], host.event)
            else:
                id_ = f"o{next(self._numbers)}"
                self._store(replace(host, mailbox=mailbox(employee), id=id_, is_organizer=False, mark=None, version=1))

    def _cancel(self, host: Item, to: Iterable[str]) -> None:
        boxes = {mailbox(e) for e in NAMES if address(e) in set(to)}
        for item in [i for i in self.outlook.values() if i.same == host.same and i.mailbox in boxes]:
            self._change(item, replace(item.event, title=CANCELLED + item.event.title), cancelled=True)

    def _patch(
        self, key: Key, changes: dict[str, Any], invite: Iterable[str], uninvite: Iterable[str], by: str
    ) -> None:
        item, invite, gone = self.outlook[key], set(invite), set(uninvite)
        if by == "user":
            self._tick()
        own, before = {item.organizer}, item.event.guests
        now = (before | invite) - gone
        self._change(item, replace(item.event, **changes, guests=now))
        item = self.outlook[key]
        if not item.is_organizer:
            return
        stay = (before & now) - own
        if changes:
            self._mail("update", stay, by)
            self._deliver(item, stay)
        self._mail("invitation", now - before, by)
        self._deliver(item, now - before)
        self._mail("cancellation", before - now, by)
        self._cancel(item, before - now)

    def _delete(self, key: Key, by: str) -> None:
        item = self.outlook.pop(key)
        self._gone.add(key)
        if item.is_organizer:
            others = item.event.guests - {item.organizer}
            self._mail("cancellation", others, by)
            self._cancel(item, others)


@dataclass(frozen=True)
class _Made:
    key: Key
    item: Item


def _row(item: Item) -> OutlookRow:
    return OutlookRow(
        mailbox=item.mailbox,
        id=item.id,
        etag=f"e{item.version}",
        event=item.event,
        ical_uid=item.ical,
        organizer=item.organizer,
        is_organizer=item.is_organizer,
        cancelled=item.cancelled,
        created=item.created,
        modified=item.modified,
        mark=item.mark,
        marked=True,
        shape=item.shape,
        master=item.master,
        original=item.original,
        pattern=item.pattern,
        problem=item.problem,
    )


def _patched(shown: Event, wanted: Event, fields: Iterable[str]) -> Event:
    return replace(shown, **{name: getattr(wanted, name) for name in fields})


def _ids(people: Iterable[str], contacts: bool) -> frozenset[str]:
    return frozenset(p.removeprefix("c:") for p in people if p.startswith("c:") == contacts)


def _sets(changes: dict[str, Any]) -> dict[str, Any]:
    return {k: frozenset(v) if k in ("attendees", "contacts", "guests") else v for k, v in changes.items()}
