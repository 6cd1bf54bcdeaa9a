"""Reading mailboxes: delta rounds, what must be read by id beside them, and what became of each mailbox (G1, G2)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from calsync.core.facts import local_days
from calsync.core.model import Absence, Account, Availability, OutlookRow, Placement, Proof, Shape, Standing
from calsync.errors import AuthFailed, CursorExpired, NotFound, RemoteError
from calsync.stages.settings import days, instants
from calsync.store.records import Cursor

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.graph.client import GraphClient
    from calsync.graph.delta import Round
    from calsync.stages.context import Ports, Run

SMALLEST_WINDOW = 14
VIEW_INSTEAD = 20
"""From so many unknown events on, one listing with marks costs less than reading each of them."""


def cursor_name(mailbox: str) -> str:
    return f"outlook:{mailbox}"


class MailboxReader:
    """Reads many mailboxes; what it gathers is staged by `extract_graph`.

    rows, absences: by (mailbox, id). seen: per mailbox its availability and the zone its user works in (A5).
    anew: the rules changed, so that every mailbox is compared over the whole window (C10).
    """

    def __init__(self, tenant: Tenant, ports: Ports, run: Run, client: GraphClient, *, anew: bool) -> None:
        self.tenant, self.ports, self.run, self.client, self.anew = tenant, ports, run, client, anew
        self.first, self.last = days(tenant, run)
        self.rows: dict[tuple[str, str], OutlookRow] = {}
        self.absences: dict[tuple[str, str], Absence] = {}
        self.cursors: list[Cursor] = []
        self.seen: dict[str, dict[str, str]] = {}
        self.cursor_of: dict[str, Cursor] = {}
        self.known: dict[str, set[str]] = {}

    async def read(self, accounts: list[Account]) -> None:
        """Read these accounts' mailboxes. Raises AuthFailed, which is everybody's."""
        mailboxes = [account.object_id for account in accounts]
        for mailbox in mailboxes:
            cursor = self.ports.store.cursor(self.tenant.key, cursor_name(mailbox))
            if cursor and not self._anchored_too_long(cursor):
                self.cursor_of[mailbox] = cursor
        for row in self.ports.store.known_outlook(self.tenant.key, mailboxes):
            self.known.setdefault(row.mailbox, set()).add(row.id)
        if self.run.window:
            await asyncio.gather(*(self._view(mailbox, self.first, self.last) for mailbox in mailboxes))
        else:
            await self._rounds(mailboxes)
        away = {mailbox for mailbox, found in self.seen.items() if found["availability"] != Availability.OK}
        await self._unsettled(set(mailboxes) - away)

    def _anchored_too_long(self, cursor: Cursor) -> bool:
        """Whether a mailbox's window has to be moved along; staggered, since each was anchored in its own hour."""
        if self.anew or self.run.window:
            return True
        anchored = datetime.fromisoformat(cursor.meta["anchored"])
        return self.run.at - anchored >= timedelta(days=self.tenant.window.reanchor_days)

    async def _rounds(self, mailboxes: list[str]) -> None:
        from calsync.graph.delta import read_delta

        links = {m: (self.cursor_of[m].value if m in self.cursor_of else None) for m in mailboxes}
        rounds = [each async for each in read_delta(self.client, links, instants(self.first, self.last))]
        for each in rounds:
            if isinstance(each.error, CursorExpired):
                await self._again(each.mailbox)
            elif each.error is not None and each.error.remote.status == 504 and each.full:
                await self._halved(each.mailbox, self.last)
            elif each.error is not None:
                self._away(each.mailbox, each.error)
            else:
                await self._take_round(each, self.last)

    async def _again(self, mailbox: str) -> None:
        """A dead delta token: read the window anew. Nothing is deleted on that ground alone (D2)."""
        await self._halved(mailbox, self.last, halve=False)

    async def _halved(self, mailbox: str, last: date, halve: bool = True) -> None:
        """Read a window that is half as long; some mailboxes are too full for the whole of it (G2)."""
        from calsync.graph.delta import read_delta

        if halve:
            last = self.first + (last - self.first) // 2
        async for each in read_delta(self.client, {mailbox: None}, instants(self.first, last)):
            too_large = each.error is not None and each.error.remote.status == 504
            if too_large and (last - self.first).days > SMALLEST_WINDOW:
                await self._halved(mailbox, last)
            elif each.error is not None:
                self._away(mailbox, each.error)
            else:
                await self._take_round(each, last)

    def _away(self, mailbox: str, error: RemoteError) -> None:
        from calsync.graph.answers import availability

        if isinstance(error, AuthFailed):
            raise error
        self.seen[mailbox] = {"availability": availability(error) or Availability.UNREACHABLE, "zone": ""}

    async def _take_round(self, each: Round, last: date) -> None:
        from calsync.graph.event import inherit

        mailbox, known = each.mailbox, self.known.get(each.mailbox, set())
        self.seen[mailbox] = {"availability": Availability.OK, "zone": ""}
        try:
            rows = [self._row(mailbox, raw) for raw in inherit(each.items)]
            unknown = [r for r in rows if r.id not in known and r.shape is Shape.SINGLE]
            marked = await self._marks(mailbox, unknown, last)
            for row in rows:
                self._keep(marked.get(row.id, row))
            missing = set(each.removed) & known
            if each.full:
                missing |= await self._expected(mailbox, {row.id for row in rows}, last)
            await self._by_id((mailbox, id_) for id_ in sorted(missing))
            entered = await self._entered(mailbox)
        except RemoteError as error:
            self._away(mailbox, error)
            return
        zones = Counter(row.zone for row in rows if row.is_organizer and row.zone)
        self.seen[mailbox]["zone"] = zones.most_common(1)[0][0] if zones else ""
        self._save_cursor(each, last, entered)

    def _row(self, mailbox: str, raw: dict[str, Any], marked: bool = False) -> OutlookRow:
        from calsync.graph.event import outlook_row

        return outlook_row(mailbox, raw, marked=marked, foreign_ids=self.tenant.foreign_marks)

    def _keep(self, row: OutlookRow) -> None:
        self.rows[row.mailbox, row.id] = row

    async def _marks(self, mailbox: str, unknown: list[OutlookRow], last: date) -> dict[str, OutlookRow]:
        """The marks of events that no link knows: delta cannot say them (graph-calendar.md §2.4)."""
        from calsync.graph.read import calendar_view, get_events

        foreign = self.tenant.foreign_marks
        found: dict[str, OutlookRow] = {}
        if len(unknown) > VIEW_INSTEAD:
            listed = await calendar_view(self.client, mailbox, *instants(self.first, last), foreign_ids=foreign)
            found = {raw["id"]: self._row(mailbox, raw, marked=True) for raw in listed}
        left = [row for row in unknown if row.id not in found]
        answers = await get_events(self.client, [(mailbox, row.id) for row in left], foreign_ids=foreign)
        for row, answer in zip(left, answers, strict=True):
            if isinstance(answer, NotFound):
                continue
            if isinstance(answer, RemoteError):
                raise answer
            found[row.id] = self._row(mailbox, answer, marked=True)
        return found

    async def _expected(self, mailbox: str, listed: set[str], last: date) -> set[str]:
        """The living placements that a complete listing should have had: half of a proof (D1)."""
        candidates = [(mailbox, id_) for id_ in sorted(self.known.get(mailbox, set()) - listed)]
        links = self.ports.store.links_by_placement(self.tenant.key, candidates)
        here = [p for link in links for p in link.placements if p.mailbox == mailbox and p.id not in listed]
        return {p.id for p in here if p.standing is Standing.LIVING and self._within(p, last)}

    def _within(self, placement: Placement, last: date) -> bool:
        """Whether a placement last stood wholly inside the window that was listed (D2)."""
        if placement.shown is None:
            return False
        begins, ends = local_days(placement.shown.time, "UTC")
        return self.first <= begins and ends <= last

    async def _by_id(self, wanted: Iterable[tuple[str, str]]) -> None:
        """The by-id answer that makes an absence a proof, or brings the event as it is now (D1)."""
        from calsync.graph.read import get_events

        events = list(wanted)
        answers = await get_events(self.client, events, foreign_ids=self.tenant.foreign_marks)
        for (mailbox, id_), answer in zip(events, answers, strict=True):
            if isinstance(answer, NotFound):
                evidence = f"not in the mailbox, read by id: {answer.remote}"
                self.absences[mailbox, id_] = Absence(mailbox, id_, Proof.GONE, evidence)
                self.rows.pop((mailbox, id_), None)
            elif isinstance(answer, RemoteError):
                self.absences[mailbox, id_] = Absence(mailbox, id_, Proof.UNKNOWN, str(answer.remote))
            else:
                self._keep(self._row(mailbox, answer, marked=True))

    async def _entered(self, mailbox: str) -> date:
        """The days that the window has reached since the mailbox was anchored: their events need not have changed."""
        cursor = self.cursor_of.get(mailbox)
        covered = cursor.meta.get("covered") if cursor else None
        if covered and date.fromisoformat(covered) < self.last:
            await self._view(mailbox, date.fromisoformat(covered) + timedelta(days=1), self.last)
        return self.last

    async def _view(self, mailbox: str, first: date, last: date) -> None:
        """A date window in place of a delta round: complete, and it moves no cursor (G8)."""
        from calsync.graph.read import calendar_view

        try:
            window = instants(first, last, margin=1)
            listed = await calendar_view(self.client, mailbox, *window, foreign_ids=self.tenant.foreign_marks)
            for raw in listed:
                self._keep(self._row(mailbox, raw, marked=True))
            if self.run.window:
                self.seen.setdefault(mailbox, {"availability": Availability.OK, "zone": ""})
                missing = await self._expected(mailbox, {raw["id"] for raw in listed}, last)
                await self._by_id((mailbox, id_) for id_ in sorted(missing))
        except RemoteError as error:
            if not self.run.window:
                raise
            self._away(mailbox, error)

    async def _unsettled(self, mailboxes: set[str]) -> None:
        """By id what the next diff decides again, so that it decides on what is there now (G3)."""
        dirty = self.ports.store.dirty_links(self.tenant.key)
        wanted = {(p.mailbox, p.id) for link in dirty for p in link.placements if p.standing is Standing.LIVING}
        fresh = {key for key in wanted if key not in self.rows and key not in self.absences and key[0] in mailboxes}
        await self._by_id(sorted(fresh))

    def _save_cursor(self, each: Round, last: date, covered: date) -> None:
        name, before = cursor_name(each.mailbox), self.cursor_of.get(each.mailbox)
        if each.full or before is None:
            meta = {"anchored": self.run.at.isoformat(), "covered": min(covered, last).isoformat()}
            self.cursors.append(Cursor(name, each.link, self.run.at, *instants(self.first, last), meta))
        else:
            meta = {**before.meta, "covered": covered.isoformat()}
            self.cursors.append(replace(before, value=each.link, saved_at=self.run.at, meta=meta))
