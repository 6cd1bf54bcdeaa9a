"""The books of one `load`: journal, links and history move together, in one transaction each time (G3, C6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from calsync.core.model import LinkState, Side
from calsync.core.plan import SETTLED, Action, ActionState, Meeting, Outcome, Verb
from calsync.core.settle import settle
from calsync.stages.mailboxes import cursor_name
from calsync.stages.outcomes import contradicting, taken_up
from calsync.store.records import HistoryEntry, JournalRow

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Ports, Run
    from calsync.store.store import Store

_LEFT = (ActionState.PLANNED, ActionState.SENT, ActionState.FAILED, ActionState.PARKED, ActionState.HELD)

TRIES = 3
"""After so many failures that a later try might have mended, an action is parked (G10)."""

WRITING_TIME = timedelta(hours=3)
"""How long one run writes, well within the time its task has; what is left stays planned for the next run (G4)."""


class Ledger:
    """What is to be done, what has been done, and the links as they stand after it.

    unkept: how many meetings, of which nothing is to be done, cannot be remembered as they stand now (A1).
    answered: the meetings whose held actions a person has answered for otherwise than by approving them.
    """

    def __init__(self, tenant: Tenant, ports: Ports, run: Run, meetings: Iterable[Meeting]) -> None:
        self.tenant, self.store, self.run, self.now = tenant, ports.store, run, ports.now
        self.meetings = {meeting.noted.id: meeting for meeting in meetings}
        self.actions = {action.id: action for meeting in self.meetings.values() for action in meeting.actions}
        self.outcomes: dict[str, Outcome] = {}
        self.rows: dict[str, JournalRow] = {}
        self.answered: set[str] = set()
        self.before: set[str] = set()
        self.unkept = 0
        self.until = ports.now() + WRITING_TIME

    def open(self) -> None:
        """Note everything before anything is sent: links as they were seen, actions as planned (A2, G3).

        A repeated task finds what it has done before, and goes on from there. What an earlier run left open of these
        meetings has been decided anew by now: it is dropped.
        """
        key, at = self.tenant.key, self.now()
        with self.store.begin() as tx:
            again = {row.action.id for row in tx.actions(key, ids=list(self.actions)) if row.run == self.run.id}
            tx.mark(key, self._taken_up_again(tx, at), ActionState.PLANNED, at)
            tx.plan(key, self.run.id, list(self.actions.values()), at)
            self._drop_superseded(tx, self.meetings)
            self.rows = {row.action.id: row for row in tx.actions(key, ids=list(self.actions))}
            self.outcomes = {id_: outcome for id_, row in self.rows.items() if (outcome := self._known(row, at))}
            tx.add_history(key, self._agreed_silently(tx))
            self._park(tx, self._save_links(tx, self.meetings))
            fresh = [m for m in self.meetings.values() if not any(a.id in again or a.held for a in m.actions)]
            tx.add_history(key, [entry for meeting in fresh for entry in self._losses(meeting)])
        self.done(
            Outcome(a.id, ActionState.DONE)
            for a in self.actions.values()
            if a.verb in (Verb.LINK, Verb.UNLINK) and a.id not in self.outcomes
        )
        self.before = set(self.outcomes)

    def _known(self, row: JournalRow, at: datetime) -> Outcome | None:
        """What has become of an action already, None when it is to be done."""
        state = self._taken_up(row, at)
        if state is ActionState.PLANNED:
            return None
        if row.outcome and row.outcome.state is state:
            return row.outcome
        return Outcome(row.action.id, state, code=row.code, sentence=row.sentence)

    def _taken_up(self, row: JournalRow, at: datetime) -> ActionState:
        return taken_up(self.actions[row.action.id], row, self.run.at, at)

    def _taken_up_again(self, store: Store, at: datetime) -> list[str]:
        """Actions that were dropped and are decided again; not those a person dropped, unless what they say changed."""
        dropped = store.actions(self.tenant.key, ids=list(self.actions), states=[ActionState.DROPPED])
        return [row.action.id for row in dropped if self._taken_up(row, at) is not ActionState.DROPPED]

    def _drop_superseded(self, store: Store, links: Collection[str]) -> None:
        """Drop what earlier runs left of these meetings and is no longer part of the plan."""
        rows = store.actions(self.tenant.key, links=links, states=_LEFT)
        left = [row for row in rows if row.action.id not in self.actions]
        self.answered |= {row.action.link for row in left if row.answer}
        over: dict[str, list[str]] = defaultdict(list)
        for row in left:
            if self._decided(row):
                over[_why_dropped(row)].append(row.action.id)
        for sentence, ids in over.items():
            store.mark(self.tenant.key, ids, ActionState.DROPPED, self.now(), sentence=sentence)

    def _decided(self, row: JournalRow) -> bool:
        """Whether this run has decided anew what an action of an earlier one was about."""
        meeting, action = self.meetings[row.action.link], row.action
        if row.state is ActionState.HELD:
            # What a person has answered stays until all that follows from it is done, lest a failure make it unsaid.
            return not meeting.waits and not (row.answer and meeting.actions and self._open(meeting))
        if row.state is ActionState.SENT and action.makes_record:
            return bool(meeting.agreed.crm_id)  # until its record is found, it may still come to light
        if row.state is ActionState.SENT and action.makes_event and meeting.agreed.state is LinkState.SEEN:
            return meeting.agreed.placement(action.mailbox) is not None  # so may its event, in a mailbox that is away
        return True

    def _open(self, meeting: Meeting) -> bool:
        return any(self._state(action.id) is not ActionState.DONE for action in meeting.actions)

    def open_actions(self, side: Side) -> list[Action]:
        """What is still to be done on one side, for the mailbox first that has waited longest (G4)."""
        served = {cursor.name: cursor.saved_at.isoformat() for cursor in self.store.cursors(self.tenant.key)}

        def waiting_since(action: Action) -> str:
            return served.get(cursor_name(action.mailbox or self.meetings[action.link].agreed.speaker), "")

        found = (a for a in self.actions.values() if a.side is side and a.id not in self.outcomes)
        return sorted(found, key=waiting_since)

    def tried(self, side: Side) -> list[tuple[Action, Outcome]]:
        """What was tried on one side since the books were opened, and what became of it."""
        tried = ((self.actions[id_], outcome) for id_, outcome in self.outcomes.items() if id_ not in self.before)
        return [(action, outcome) for action, outcome in tried if action.side is side]

    def spent(self) -> bool:
        """Whether the run has written for as long as one run may (G4)."""
        return self.now() >= self.until

    def was_sent(self, action: Action) -> JournalRow | None:
        """The journal row of an action whose answer was never recorded."""
        row = self.rows.get(action.id)
        return row if row and row.state is ActionState.SENT else None

    def was_tried(self, action: Action) -> bool:
        """Whether an action had been sent before the books were opened, so that it may be done already."""
        row = self.rows.get(action.id)
        return row is not None and row.sent_at is not None

    def sent(self, actions: Collection[Action]) -> None:
        """These are about to go out."""
        if actions:
            self.store.mark(self.tenant.key, [a.id for a in actions], ActionState.SENT, self.now())

    def done(self, outcomes: Iterable[Outcome]) -> None:
        """Record what became of actions, with their links and history."""
        settled = [self._patient(outcome) for outcome in outcomes]
        if not settled:
            return
        self.outcomes |= {outcome.action: outcome for outcome in settled}
        links = {self.actions[outcome.action].link for outcome in settled}
        with self.store.begin() as tx:
            refused = self._save_links(tx, links)
            settled = [contradicting(o) if self.actions[o.action].link in refused else o for o in settled]
            self.outcomes |= {outcome.action: outcome for outcome in settled}
            tx.settle(self.tenant.key, settled, self.now())
            if answered := links & self.answered:
                self._drop_superseded(tx, answered)
            tx.add_history(self.tenant.key, [e for o in settled if (e := self._entry(o))])

    def _patient(self, outcome: Outcome) -> Outcome:
        row = self.rows.get(outcome.action)
        tried = (row.attempts if row else 0) + 1
        if outcome.state is ActionState.FAILED and tried >= TRIES:
            return replace(outcome, state=ActionState.PARKED)
        return outcome

    def _save_links(self, store: Store, ids: Collection[str]) -> set[str]:
        """Store the links as they stand now; the ids of those that contradict others' (A1).

        Of these what was made is remembered still, lest it be made twice; where not even that can be, nothing changes.
        They are decided again.
        """
        key, meetings = self.tenant.key, [self.meetings[id_] for id_ in ids]
        refused = store.save_consistent_links(key, [settle(m, self._of(m)) for m in meetings])
        if not refused:
            return refused
        partly = [settle(m, self._of(m), may_agree=False) for m in meetings if m.noted.id in refused]
        unchanged = store.save_consistent_links(key, [replace(link, dirty=True) for link in partly])
        store.save_links(key, [replace(link, dirty=True) for link in store.links(key, unchanged)])
        return refused

    def _park(self, store: Store, links: Collection[str]) -> None:
        """What is open of these meetings is not even begun; those of which nothing is, are counted (G10)."""
        actions = [action for link in links for action in self.meetings[link].actions]
        self.unkept = len({*links} - {action.link for action in actions})
        parked = [contradicting(Outcome(a.id, ActionState.PARKED)) for a in actions if a.id not in self.outcomes]
        store.settle(self.tenant.key, parked, self.now())
        self.outcomes |= {outcome.action: outcome for outcome in parked}

    def _of(self, meeting: Meeting) -> Mapping[str, Outcome]:
        return {a.id: self.outcomes[a.id] for a in meeting.actions if a.id in self.outcomes}

    def unsettled(self) -> list[Action]:
        """Actions that keep their cursors back (G2)."""
        return [a for id_, a in self.actions.items() if self._state(id_) not in SETTLED]

    def is_over(self, link: str, evidence: str) -> bool:
        """Whether a meeting was decided, and nothing is left to do of what follows from this evidence (C5, G9)."""
        meeting = self.meetings.get(link)
        if meeting is None or meeting.waits:
            return False
        states = [self._state(action.id) for action in meeting.actions if action.evidence == evidence]
        return all(state in (ActionState.DONE, ActionState.DROPPED) for state in states)

    def _state(self, id_: str) -> ActionState:
        return self.outcomes[id_].state if id_ in self.outcomes else ActionState.PLANNED

    def count(self, state: ActionState) -> int:
        return sum(1 for outcome in self.outcomes.values() if outcome.state is state)

    def _agreed_silently(self, store: Store) -> list[HistoryEntry]:
        """What both sides agree on anew without a write, so that an undo of an earlier run knows of it (G9)."""
        silent = {id_: meeting.noted.base for id_, meeting in self.meetings.items() if not meeting.actions}
        before = {link.id: link.base for link in store.links(self.tenant.key, silent.keys())}
        return [
            HistoryEntry(self.now(), self.run.id, id_, "C6", "agreed anew; nothing had to be written",
                         before=was, after=silent[id_], base=was)
            for id_, was in before.items()
            if was is not None and was != silent[id_]
        ]  # fmt: skip

    def _losses(self, meeting: Meeting) -> list[HistoryEntry]:
        if not meeting.losses:
            return []
        first = meeting.losses[0]
        link = meeting.noted.id
        return [HistoryEntry(self.now(), self.run.id, link, first.rule, first.reason, losses=meeting.losses)]

    def _entry(self, outcome: Outcome) -> HistoryEntry | None:
        if outcome.state is not ActionState.DONE:
            return None
        action = self.actions[outcome.action]
        shown = outcome.placement.shown if outcome.placement else outcome.crm_shown
        return HistoryEntry(
            at=self.now(),
            run=self.run.id,
            link=action.link,
            rule=action.rule,
            reason=action.reason,
            side=action.side,
            mailbox=action.mailbox,
            target_id=outcome.crm_id or (outcome.placement.id if outcome.placement else action.target_id),
            action=action.id,
            who=action.actor,
            before=action.before,
            after=shown,
            base=self.meetings[action.link].noted.base,
        )


def _why_dropped(row: JournalRow) -> str:
    if row.answer:
        return f"a person answered: {row.answer}"
    if row.state is ActionState.HELD:
        return "what it rested on has moved on; decided anew"
    return "decided anew by a later run"
