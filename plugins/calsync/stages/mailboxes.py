"""Reading mailboxes: delta rounds, what must be read by id beside them, and what became of each mailbox (G1, G2).

What all mailboxes need is asked for together, so that a quiet run costs calls by twenties of mailboxes.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from calsync.core.facts import local_days
from calsync.core.model import FOLLOWED, Absence, Account, Availability, Link, OutlookRow, Placement, Proof, Shape
from calsync.errors import AuthFailed, CursorExpired, Forbidden, MailboxAway, NotFound, Refused, RemoteError, Transient
from calsync.stages.followed import confirm, find_unanswered, follow, followed, last_words
from calsync.stages.series import (
    DATES,
    KnownSeries,
    complete_dates,
    follow_moved,
    follow_tombstones,
    lacks_detail,
    last_anchored,
    masters_in,
    token_days,
)
from calsync.stages.settings import days, instants
from calsync.store.records import Cursor

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.core.plan import Action
    from calsync.graph.client import GraphClient
    from calsync.graph.delta import Round
    from calsync.stages.context import Ports, Run

SMALLEST_WINDOW = 14
VIEW_INSTEAD = 20
"""From so many unknown events on, one listing with marks costs less than reading each of them."""

_NONE_ALLOWED = (
    "The application may use none of the mailboxes: grant it Calendars.ReadWrite with admin consent, or see to the "
    "access policies"
)

_NONE_ANSWERS = (
    "Graph answers every mailbox's read with a refusal, which is not the mailboxes' own: check the connection's host, "
    "and whether Microsoft reports trouble"
)

EventKey = tuple[str, str]
"""Mailbox and immutable id."""

Days = tuple[str, date, date]
"""Mailbox, first and last day of a listing."""


def cursor_name(mailbox: str) -> str:
    return f"outlook:{mailbox}"


class MailboxReader:
    """Reads many mailboxes; what it gathers is staged by `extract_graph`.

    rows, absences: by (mailbox, id). seen: per mailbox its availability and the zone its user works in (A5).
    errors: why a mailbox could not be read. anew: the rules changed, so that every mailbox is compared over the whole
    window (C10). read_anew: the mailboxes that were read over all these days. told: what their former links told of.
    """

    def __init__(self, tenant: Tenant, ports: Ports, run: Run, client: GraphClient, *, anew: bool) -> None:
        self.tenant, self.ports, self.run, self.client, self.anew = tenant, ports, run, client, anew
        self.first, self.last = days(tenant, run)
        self.rows: dict[EventKey, OutlookRow] = {}
        self.absences: dict[EventKey, Absence] = {}
        self.cursors: list[Cursor] = []
        self.seen: dict[str, dict[str, str]] = {}
        self.errors: dict[str, RemoteError] = {}
        self.cursor_of: dict[str, Cursor] = {}
        self.known: dict[str, set[str]] = defaultdict(set)
        self.read_anew: set[str] = set()
        self.told: set[EventKey] = set()
        self.series = KnownSeries(())
        # A person may name an id that Graph cannot even read: that says nothing of the mailbox.
        self.no_event = (NotFound, Refused) if run.focus else (NotFound,)

    async def read(self, accounts: list[Account]) -> None:
        """Read these accounts' mailboxes. Raises AuthFailed, which is everybody's."""
        mailboxes = [account.object_id for account in accounts]
        self._know(mailboxes)
        saved = {cursor.name: cursor for cursor in self.ports.store.cursors(self.tenant.key)}
        for account in accounts:
            cursor = saved.get(cursor_name(account.object_id))
            if cursor and not self._anchored_too_long(cursor, account):
                self.cursor_of[account.object_id] = cursor
        if self.run.moves_cursors:
            given_up = [m for m in mailboxes if cursor_name(m) in saved and m not in self.cursor_of]
            await last_words(self, {mailbox: saved[cursor_name(mailbox)].value for mailbox in given_up})
            await self._rounds({m: self.cursor_of[m].value if m in self.cursor_of else None for m in mailboxes})
        else:
            await self._window(mailboxes)
        await complete_dates(self, anew=not self.run.moves_cursors)
        await follow(self, self.ports.store.dirty_links(self.tenant.key))
        await find_unanswered(self, self._sent())
        await follow_moved(self)
        await self._finish()

    async def read_only(self, accounts: list[Account], links: list[Link], events: Collection[EventKey]) -> None:
        """Read by id, in these accounts' mailboxes, where these meetings stand, and these events; nothing else."""
        mailboxes = {account.object_id for account in accounts}
        self._know(mailboxes)
        await self.by_id(event for event in {*followed(links), *events} if event[0] in mailboxes)
        await confirm(self, followed(links), set(self.absences))
        about = {link.id for link in links}
        await find_unanswered(self, [action for action in self._sent() if action.link in about])
        await self._finish()

    def _sent(self) -> list[Action]:
        return [row.action for row in self.ports.store.open_intents(self.tenant.key)]

    def _know(self, mailboxes: Collection[str]) -> None:
        known = self.ports.store.known_outlook(self.tenant.key, mailboxes)
        for row in known:
            self.known[row.mailbox].add(row.id)
        self.series = KnownSeries(known)

    async def _finish(self) -> None:
        await complete_dates(self, anew=True)
        self._forget_the_unavailable()
        self._note_zones()

    def _anchored_too_long(self, cursor: Cursor, account: Account) -> bool:
        """Whether a mailbox's window has to be moved along; staggered, since each was anchored in its own hour.

        One that was authorised again since is compared anew (C10): what waited to be carried over has been told once,
        before its authorisation was withdrawn, and is told no more.
        """
        if self.anew or not self.run.moves_cursors:
            return True
        anchored = datetime.fromisoformat(cursor.meta["anchored"])
        if account.authorised_since and account.authorised_since > anchored:
            return True
        return self.run.at - anchored >= timedelta(days=self.tenant.window.reanchor_days)

    def common_failure(self) -> RemoteError | None:
        """Why not one mailbox could be read, where that is not each mailbox's own matter: a service that is down, a
        permission that is missing, an address that is not Graph's.
        """
        found = [self.errors[mailbox] for mailbox in self.seen if self.is_away(mailbox)]
        if not found or len(found) < len(self.seen) or any(isinstance(error, MailboxAway) for error in found):
            return None
        passing = next((error for error in found if isinstance(error, Transient)), None)
        refused = next((error for error in found if not isinstance(error, Forbidden)), None)
        return passing or (
            Refused(_NONE_ANSWERS, refused.remote) if refused else Forbidden(_NONE_ALLOWED, found[0].remote)
        )

    async def _window(self, mailboxes: list[str]) -> None:
        """The run's own days, listed in full; no cursor is read or moved (G8)."""
        for mailbox in mailboxes:
            self._found(mailbox)
        self.read_anew |= set(mailboxes)
        await self.by_id(await self.views([(mailbox, self.first, self.last) for mailbox in mailboxes]))

    async def _rounds(self, links: dict[str, str | None], last: date | None = None) -> None:
        """A delta round of each mailbox, from its link or from the window's first day to `last`.

        With a dead token, or one too old to be answered in time, the window is read anew; nothing is deleted on that
        ground (D2). A window that is too large for its mailbox is halved (G2).
        """
        from calsync.graph.delta import GATEWAY_TIMEOUT, read_delta

        last = last or self.last
        ended: list[Round] = []
        anew: list[str] = []
        too_large: list[str] = []
        async for each in read_delta(self.client, links, instants(self.first, last)):
            late = each.error is not None and each.error.remote.status == GATEWAY_TIMEOUT
            if each.error is None:
                ended.append(each)
            elif not each.full and (late or isinstance(each.error, CursorExpired)):
                anew.append(each.mailbox)
            elif late and (last - self.first).days > SMALLEST_WINDOW:
                too_large.append(each.mailbox)
            else:
                self.away(each.mailbox, each.error)
        await self._take(ended, last)
        if anew:
            await self._rounds(dict.fromkeys(anew))
        if too_large:
            await self._rounds(dict.fromkeys(too_large), self.first + (last - self.first) // 2)

    def _found(self, mailbox: str) -> None:
        self.seen[mailbox] = {"availability": Availability.OK, "zone": ""}

    def _heard(self, mailbox: str, answer: object) -> None:
        """What a first answer says of a mailbox that no listing has told of."""
        if mailbox not in self.seen and isinstance(answer, RemoteError) and not isinstance(answer, self.no_event):
            self.away(mailbox, answer)
        elif mailbox not in self.seen:
            self._found(mailbox)

    def away(self, mailbox: str, error: RemoteError) -> None:
        from calsync.graph.answers import availability

        if isinstance(error, AuthFailed):
            raise error
        self.errors[mailbox] = error
        self.seen[mailbox] = {"availability": availability(error) or Availability.UNREACHABLE, "zone": ""}

    def is_away(self, mailbox: str) -> bool:
        return mailbox not in self.seen or self.seen[mailbox]["availability"] != Availability.OK

    async def _take(self, rounds: list[Round], last: date) -> None:
        """Gather what rounds brought, with the marks of what no link knows and the proof of what is missing."""
        from calsync.graph.event import inherit

        unknown: set[EventKey] = set()
        missing: set[EventKey] = set()
        for each in rounds:
            self._found(each.mailbox)
            self.read_anew |= {each.mailbox} if each.full else set()
            known = self.known[each.mailbox]
            came = {raw["id"]: (raw, self.row(each.mailbox, raw)) for raw in inherit(each.items)}
            rows = [row for _, row in came.values()]
            self.rows |= {(row.mailbox, row.id): row for row in rows}
            unknown |= {(row.mailbox, row.id) for row in rows if row.id not in known and row.shape not in DATES}
            missing |= {(each.mailbox, id_) for id_ in each.removed if id_ in known} | self.series.over(rows)
            missing |= {(each.mailbox, id_) for id_, said in came.items() if lacks_detail(*said)}
            missing |= self._lacking(each, rows, last)
        unknown -= self.series.dates.keys()
        crowds = Counter(mailbox for mailbox, id_ in unknown if self.rows[mailbox, id_].shape is Shape.SINGLE)
        listings = [(mailbox, self.first, last) for mailbox, crowd in crowds.items() if crowd > VIEW_INSTEAD]
        listings += [unwatched for each in rounds if (unwatched := self._unwatched(each, last))]
        missing |= await self.views(listings)
        unread = {event for event in unknown if not self.rows[event].marked and not self.is_away(event[0])}
        await self.by_id(unread | missing)
        await follow_tombstones(self, rounds)
        for each in rounds:
            if not self.is_away(each.mailbox):
                self._save_cursor(each, last)

    def row(self, mailbox: str, raw: dict[str, Any], marked: bool = False) -> OutlookRow:
        from calsync.graph.event import outlook_row

        self.series.note(mailbox, raw)
        return outlook_row(mailbox, raw, marked=marked, foreign_ids=self.tenant.foreign_marks)

    def _lacking(self, each: Round, rows: list[OutlookRow], last: date) -> set[EventKey]:
        """What a round should have brought: all of the window, or every date of each series that it brought (F1).

        Of a series that was moved, those too that stood beyond the window: they may stand in it now (B6, F5).
        """
        listed = {row.id for row in rows}
        if each.full:
            return self._expected(each.mailbox, listed, self.first, last)
        watched = token_days(self.cursor_of[each.mailbox])
        dates = self.series.of(masters_in(rows)) - listed
        if not watched or not dates:
            return set()
        moved = self.series.of((row.mailbox, row.id) for row in rows if self.series.moved(row, dates)) - listed
        return self._expected(each.mailbox, listed, *watched, among=dates) | self._expected(
            each.mailbox, listed, watched[0], date.max, among=moved
        )

    def _expected(
        self, mailbox: str, listed: set[str], first: date, last: date, among: set[str] | None = None
    ) -> set[EventKey]:
        """The living placements that a complete listing of these days should have had: half of a proof (D1)."""
        wanted = self.known[mailbox] if among is None else among
        candidates = [(mailbox, id_) for id_ in sorted(wanted - listed)]
        links = self.ports.store.links_by_placement(self.tenant.key, candidates) if candidates else []
        here = [p for link in links for p in link.placements if p.mailbox == mailbox and p.id not in listed]
        # Sleeping ones are among them: a mailbox that is read again has woken.
        return {(mailbox, p.id) for p in here if p.standing in FOLLOWED and _within(p, first, last)}

    async def by_id(self, wanted: Iterable[EventKey]) -> dict[EventKey, str]:
        """Events by id: their marks, which delta cannot say, and the answer that makes an absence a proof (D1).

        Returns the evidence for those that are not there.
        """
        from calsync.graph.read import get_events

        events = sorted(wanted)
        answers = await get_events(self.client, events, foreign_ids=self.tenant.foreign_marks)
        gone: dict[EventKey, str] = {}
        for (mailbox, id_), answer in zip(events, answers, strict=True):
            self._heard(mailbox, answer)
            if not isinstance(answer, RemoteError):
                self.rows[mailbox, id_] = self.row(mailbox, answer, marked=True)
            elif id_ in self.known[mailbox]:
                self.absences[mailbox, id_] = _absence(mailbox, id_, answer)
                self.rows.pop((mailbox, id_), None)
            else:
                self.rows.pop((mailbox, id_), None)
                if not isinstance(answer, self.no_event):
                    self.away(mailbox, answer)
            if isinstance(answer, NotFound):
                gone[mailbox, id_] = _not_found(answer)
        return gone

    def _unwatched(self, each: Round, last: date) -> Days | None:
        """The days of the window that the delta link does not watch and this run has to list.

        Once, those the window has reached since the mailbox was anchored: their events need not have changed. In every
        run, those that were cut off because the whole window was too large.
        """
        watched = last
        if not each.full:
            meta = self.cursor_of[each.mailbox].meta
            watched = date.fromisoformat(meta.get("halved") or meta["covered"])
            if any(raw.get("type") == "seriesMaster" for raw in each.items):
                watched = last_anchored(self.cursor_of[each.mailbox], watched)
        return (each.mailbox, watched + timedelta(days=1), self.last) if watched < self.last else None

    async def views(self, wanted: list[Days]) -> set[EventKey]:
        """List days of mailboxes, all at once; the known placements that the listings lack."""

        async def one(mailbox: str, first: date, last: date) -> set[EventKey]:
            try:
                return await self._view(mailbox, first, last)
            except RemoteError as error:
                self.away(mailbox, error)
                return set()

        return {event for found in await asyncio.gather(*(one(*each) for each in wanted)) for event in found}

    async def _view(self, mailbox: str, first: date, last: date) -> set[EventKey]:
        from calsync.graph.read import calendar_view

        listed = await calendar_view(
            self.client, mailbox, *instants(first, last), foreign_ids=self.tenant.foreign_marks
        )
        self.rows |= {(mailbox, raw["id"]): self.row(mailbox, raw, marked=True) for raw in listed}
        return self._expected(mailbox, {raw["id"] for raw in listed}, first, last)

    def _forget_the_unavailable(self) -> None:
        """A mailbox that broke off midway tells nothing: it is read again from where its cursor stands."""
        self.rows = {event: row for event, row in self.rows.items() if not self.is_away(event[0])}
        self.absences = {event: gone for event, gone in self.absences.items() if not self.is_away(event[0])}
        away = {cursor_name(mailbox) for mailbox in self.seen if self.is_away(mailbox)}
        self.cursors = [cursor for cursor in self.cursors if cursor.name not in away]

    def _note_zones(self) -> None:
        """The zone most of a user's own events were written in (A5); ours are in UTC, whoever they are for."""
        zones: dict[str, Counter[str]] = defaultdict(Counter)
        for row in self.rows.values():
            if row.is_organizer and row.zone and not row.mark and row.id not in self.known[row.mailbox]:
                zones[row.mailbox][row.zone] += 1
        for mailbox, counted in zones.items():
            self.seen[mailbox]["zone"] = counted.most_common(1)[0][0]

    def _save_cursor(self, each: Round, last: date) -> None:
        covered = {"covered": self.last.isoformat()}
        if each.full:
            halved = {"halved": last.isoformat()} if last < self.last else {}
            meta = {"anchored": self.run.at.isoformat(), **covered, **halved}
            window = instants(self.first, last)
            self.cursors.append(Cursor(cursor_name(each.mailbox), each.link, self.run.at, *window, meta))
        else:
            before = self.cursor_of[each.mailbox]
            meta = {**before.meta, **covered}
            self.cursors.append(replace(before, value=each.link, saved_at=self.run.at, meta=meta))


def _absence(mailbox: str, id_: str, error: RemoteError) -> Absence:
    """What the by-id read of a known event that was not listed says."""
    if isinstance(error, NotFound):
        return Absence(mailbox, id_, Proof.GONE, _not_found(error))
    return Absence(mailbox, id_, Proof.UNKNOWN, str(error.remote))


def _not_found(error: NotFound) -> str:
    return f"not in the mailbox, read by id: {error.remote}"


def _within(placement: Placement, first: date, last: date) -> bool:
    """Whether a placement last stood wholly inside the days that were listed (D2).

    Where one that was never agreed stood is not remembered: it is asked for by id, which finds it wherever it is.
    """
    if placement.shown is None:
        return True
    begins, ends = local_days(placement.shown.time, "UTC")
    return first <= begins and ends <= last
