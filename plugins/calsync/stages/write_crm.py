"""Writing to ShareCRM: read, write only if the version is the planned one, and read what is there then (G3)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from calsync.core.match import alike
from calsync.core.merge import content_change
from calsync.core.model import CrmRow, Life, Side
from calsync.core.plan import Action, ActionState, Outcome, Request, Verb
from calsync.errors import AnswerLost, Remote, RemoteError, Stale
from calsync.stages.outcomes import failed, halts

if TYPE_CHECKING:
    from calsync.sharecrm.client import CrmClient
    from calsync.sharecrm.schedule import Shape
    from calsync.stages.context import Ports
    from calsync.stages.ledger import Ledger
    from calsync.store.records import JournalRow

WAVE = 16
"""Actions that are journalled together and under way at once."""


class CrmLoader:
    """Carries out the ShareCRM actions of a ledger."""

    def __init__(
        self, client: CrmClient, shape: Shape, ledger: Ledger, requests: dict[str, Request], accounts: dict[str, str]
    ) -> None:
        from calsync.sharecrm.read import CrmReader
        from calsync.sharecrm.write import CrmWriter

        self.reader, self.writer = CrmReader(client, shape), CrmWriter(client)
        self.shape, self.ledger, self.requests, self.accounts = shape, ledger, requests, accounts
        self.taken = {row.crm_id for row in ledger.store.known_crm(ledger.tenant.key)}

    async def load(self, ports: Ports) -> None:
        """Do what is open. Raises LeaseLost, AuthFailed, QuotaSpent: then nothing more is sent.

        Once the lease is lost nothing is recorded either: whoever has it finds out what became of what was sent (G7).
        """
        self.writer.client.may_write = ports.still_ours
        actions = self.ledger.open_actions(Side.CRM)
        for start in range(0, len(actions), WAVE):
            if self.ledger.spent():
                return
            wave = actions[start : start + WAVE]
            before = {a.id: row for a in wave if (row := self.ledger.was_sent(a))}
            ports.still_ours()
            self.ledger.sent([a for a in wave if a.id not in before])
            results = await asyncio.gather(*(self._one(a, before.get(a.id)) for a in wave), return_exceptions=True)
            ports.still_ours()
            self.ledger.done(result[0] for result in results if not isinstance(result, BaseException) and result[0])
            for result in results:
                if isinstance(result, BaseException):
                    raise result
                if result[1] and halts(result[1]):
                    raise result[1]

    async def _one(self, action: Action, sent: JournalRow | None) -> tuple[Outcome | None, RemoteError | None]:
        began = self.ledger.now()
        try:
            return await self._act(action, sent), None
        except AnswerLost as lost:
            if action.makes_record:
                return await self._search(action, began, lost)
            return failed(action, lost), lost
        except RemoteError as error:
            return failed(action, error), error

    async def _act(self, action: Action, sent: JournalRow | None) -> Outcome:
        if action.makes_record:
            made = await self._made_before(sent.action, sent.sent_at) if sent and sent.sent_at else ""
            if sent and made:
                return await self._catch_up(action, made, sent.action)
            return await self._read_back(action, await self._create(action))
        record = await self.reader.record(action.target_id, user=self._asker(action))
        row = self._row(record)
        if action.verb is Verb.DELETE:
            return await self._invalidate(action, row)
        if action.verb is Verb.CREATE:
            return await self._recover(action, row, record)
        if row.life is not Life.NORMAL or str(row.version) != action.expect:
            raise Stale("The record has moved on since it was read: it is decided again", Remote("sharecrm"))
        await self.writer.update(self._composed(action, record), action.actor)
        return await self._read_back(action, action.target_id)

    async def _catch_up(self, action: Action, made: str, sent: Action) -> Outcome:
        """A record that an unanswered create made gets what was edited since, people too, and nothing else (G3)."""
        from calsync.sharecrm.request import compose, to_request

        fields = tuple(sorted(content_change(sent.event, action.event))) if sent.event and action.event else ()
        add, remove = ({*action.add} - {*sent.add}), ({*sent.add} - {*action.add})
        if fields or add or remove:
            late = replace(
                action, verb=Verb.UPDATE, target_id=made, fields=fields, add=tuple(add), remove=tuple(remove)
            )
            record = await self.reader.record(made, user=self._asker(action))
            request = to_request(late, self.shape, calendar=self.ledger.tenant.name)
            await self.writer.update(compose(request, late, record, self.shape, self.accounts), action.actor)
        return await self._read_back(action, made)

    async def _create(self, action: Action) -> str:
        id_ = await self.writer.create(self.requests[action.id], action.actor)
        self.taken.add(id_)
        return id_

    async def _invalidate(self, action: Action, row: CrmRow) -> Outcome:
        if row.life is Life.INVALID:
            return Outcome(action.id, ActionState.DONE, crm_id=row.id, crm_version=row.version)
        if str(row.version) != action.expect:
            raise Stale("The record has moved on since it was read: it is decided again", Remote("sharecrm"))
        await self.writer.invalidate(self.requests[action.id], action.actor)
        return Outcome(action.id, ActionState.DONE, crm_id=row.id, crm_version=row.version + 1)

    async def _recover(self, action: Action, row: CrmRow, record: dict[str, Any]) -> Outcome:
        if row.life is Life.INVALID:
            await self.writer.restore(self.requests[action.id], action.actor)
            record = await self.reader.record(action.target_id, user=self._asker(action))
            row = self._row(record)
        if not _shows(row, action):
            await self.writer.update(self._composed(action, record), action.actor)
        return await self._read_back(action, action.target_id)

    def _composed(self, action: Action, record: dict[str, Any]) -> Request:
        from calsync.sharecrm.request import compose

        return compose(self.requests[action.id], action, record, self.shape, self.accounts)

    async def _read_back(self, action: Action, id_: str) -> Outcome:
        """The record as ShareCRM has it now; what it normalised away never looks like an edit (C3).

        The write is done whether or not it can be read: an id that is not remembered would be made twice.
        """
        try:
            row = self._row(await self.reader.record(id_, user=action.actor))
        except RemoteError:
            return Outcome(
                action.id, ActionState.DONE, crm_id=id_, crm_shown=action.event, crm_owner=self._asker(action)
            )
        return Outcome(
            action.id,
            ActionState.DONE,
            crm_id=id_,
            crm_version=row.version,
            crm_shown=row.event,
            crm_owner=row.owner,
        )

    async def _search(
        self, action: Action, began: datetime, lost: AnswerLost
    ) -> tuple[Outcome | None, RemoteError | None]:
        """After a lost answer: the record that was made, if it was. Else it stays sent, and the next run asks."""
        try:
            made = await self._made_before(action, began)
            return (await self._read_back(action, made), None) if made else (None, lost)
        except RemoteError:
            return None, lost

    async def _made_before(self, action: Action, since: datetime) -> str:
        """The id of the record that a create has made although its answer never came, "" when there is none."""
        async for row in self.reader.created_since(action.actor or self.shape.settings.user, since):
            event, wanted = row.event, action.event
            same = event is not None and wanted is not None and event.time == wanted.time
            if same and event and wanted and alike(event.title, wanted.title) and row.id not in self.taken:
                self.taken.add(row.id)
                return row.id
        return ""

    def _row(self, record: dict[str, Any]) -> CrmRow:
        from calsync.sharecrm.schedule import to_row

        return to_row(record, self.shape)

    def _asker(self, action: Action) -> str:
        return self.ledger.meetings[action.link].noted.crm_owner or action.actor


def _shows(row: CrmRow, action: Action) -> bool:
    """Whether a record that came back is what it shall be, so that nothing more has to be written."""
    if row.event is None or action.event is None:
        return False
    people = row.event.attendees | {f"c:{contact}" for contact in row.event.contacts}
    differs = content_change(row.event, action.event) & {*action.fields}
    return not differs and people >= {*action.add} and not people & {*action.remove}
