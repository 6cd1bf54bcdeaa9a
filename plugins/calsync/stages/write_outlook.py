"""Writing to Outlook: batches of up to twenty, mailboxes mixed; attendee lists are read before a write (E1)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calsync.core.merge import content_change
from calsync.core.model import Kind, Origin, Placement, Side, Standing
from calsync.core.plan import Action, ActionState, Outcome, Request, Verb
from calsync.errors import NotFound, Refused, Remote, RemoteError, Stale
from calsync.stages.outcomes import GONE_BEFORE, failed, halts
from calsync.stages.siblings import Siblings, waves

if TYPE_CHECKING:
    from calsync.graph.client import GraphClient
    from calsync.stages.context import Ports
    from calsync.stages.ledger import Ledger

WAVE = 80
"""Actions that are journalled together and under way at once: four full batches."""

_WITHDRAWN = "The account's authorisation was withdrawn during the run: it is decided again"
_MOVED_ON = "The event has moved on since it was read: it is decided again"
_MADE_BEFORE = "An earlier run has made this event, and it shows something else than is wanted now: it is decided again"


class OutlookLoader:
    """Carries out the Outlook actions of a ledger.

    given: the mailboxes that were authorised when the plan was made; one that is not any more is written no further.
    """

    def __init__(
        self, client: GraphClient, ledger: Ledger, requests: dict[str, Request], given: Collection[str]
    ) -> None:
        self.client, self.ledger, self.requests, self.given = client, ledger, requests, frozenset(given)

    async def load(self, ports: Ports) -> None:
        """Do what is open. Raises LeaseLost and AuthFailed: then nothing more is sent.

        Once the lease is lost nothing is recorded either: whoever has it finds out what became of what was sent (G7).
        """
        from calsync.graph.write import send_all

        actions = self.ledger.open_actions(Side.OUTLOOK)
        siblings = Siblings(self.client, self.requests)
        self.client.may_write = ports.still_ours
        for planned in waves(actions, WAVE):
            if self.ledger.spent():
                return
            wave = await siblings.caught_up(self._still_given(ports, planned))
            ready, settled = await self._composed(wave)
            ports.still_ours()
            self.ledger.done(settled)
            going = [a for a in wave if a.id in ready]
            self.ledger.sent(going)
            results = await send_all(self.client, [ready[a.id] for a in going])
            ports.still_ours()
            self.ledger.done(self._outcome(a, r) for a, r in zip(going, results, strict=True))
            for result in results:
                if isinstance(result, RemoteError) and halts(result):
                    raise result

    def _still_given(self, ports: Ports, planned: list[Action]) -> list[Action]:
        """A wave without the mailboxes whose authorisation was withdrawn meanwhile: theirs is decided anew (A5)."""
        asked = {action.mailbox for action in planned} & self.given
        withdrawn = asked - ports.store.authorised_among(self.ledger.tenant.key, asked) if asked else set()
        stale = [action for action in planned if action.mailbox in withdrawn]
        ports.still_ours()
        self.ledger.done(Outcome(a.id, ActionState.STALE, code="revoked", sentence=_WITHDRAWN) for a in stale)
        return [action for action in planned if action.mailbox not in withdrawn]

    async def _composed(self, wave: list[Action]) -> tuple[dict[str, Request], list[Outcome]]:
        """The requests of a wave as they go out; those that change people carry the list as it is now (E1).

        Beside them what is settled without a write: it has moved on, or is already as it shall be.
        """
        from calsync.graph.people import with_people
        from calsync.graph.read import get_events

        ready = {action.id: self.requests[action.id] for action in wave}
        settled: list[Outcome] = []
        first = [action for action in wave if ready[action.id].read_first]
        events = await get_events(self.client, [(a.mailbox, a.target_id) for a in first], with_marks=False)
        for action, raw in zip(first, events, strict=True):
            request = ready.pop(action.id)
            if isinstance(raw, RemoteError):
                settled.append(failed(action, raw))
            elif raw.get("@odata.etag") != action.expect:
                settled.append(failed(action, Stale(_MOVED_ON, Remote("graph"))))
            else:
                try:
                    completed = with_people(request, raw, action.invite, action.uninvite)
                except Refused as error:
                    settled.append(failed(action, error))
                    continue
                if completed:
                    ready[action.id] = completed
                else:
                    settled.append(self._outcome(action, raw))
        return ready, settled

    def _outcome(self, action: Action, result: dict[str, Any] | RemoteError | None) -> Outcome:
        from calsync.graph.answers import DUPLICATE_TRANSACTION

        if isinstance(result, NotFound) and result.remote.code.lower() == DUPLICATE_TRANSACTION:
            return replace(failed(action, result), placement=self._removed(action))
        if isinstance(result, RemoteError):
            return failed(action, result)
        if not result:
            mailed = result is None or self.ledger.was_tried(action)
            return Outcome(action.id, ActionState.DONE, code="" if mailed else GONE_BEFORE)
        placement = self._placement(action, result)
        if self._made_otherwise(action, placement):
            return replace(failed(action, Stale(_MADE_BEFORE, Remote("graph"))), placement=placement)
        return Outcome(action.id, ActionState.DONE, placement=placement)

    def _removed(self, action: Action) -> Placement:
        """An event that was made and is gone, and whose id nobody ever knew: whoever removed it declined it. That is no
        proof of more (D1)."""
        kind = Kind.HOST if action.hosts else Kind.COPY
        unknown = f"unheard:{action.id}"
        return Placement(action.mailbox, unknown, kind, Origin.OURS, Standing.DECLINED)

    def _made_otherwise(self, action: Action, placement: Placement) -> bool:
        """Whether a create has found what an earlier try of it had made, and one side has changed since (G3).

        Its answer may be the event as it was made then, or as its user has edited it: what it shows was never agreed.
        """
        if action.verb is not Verb.CREATE or not self.ledger.was_tried(action):
            return False
        return bool(action.event and placement.shown and content_change(action.event, placement.shown))

    def _placement(self, action: Action, raw: dict[str, Any]) -> Placement:
        """The placement as Graph's answer shows it; what the server rewrote never looks like an edit (C3)."""
        from calsync.graph.event import outlook_row

        row = outlook_row(action.mailbox, raw)
        return Placement(
            mailbox=action.mailbox,
            id=row.id,
            kind=Kind.HOST if action.hosts else Kind.COPY,
            origin=Origin.OURS,
            shown=row.event,
            etag=row.etag,
            replaced=action.expect,
            ical_uid=row.ical_uid,
            since=row.created,
        )
