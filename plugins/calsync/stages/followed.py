"""What is read by id beside the listings: what the next diff decides again, and meetings beyond the window (F5, G3)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from calsync.core.facts import local_days
from calsync.core.model import FOLLOWED, Link, LinkState, Placement, Proof, Shape
from calsync.core.plan import Action
from calsync.errors import RemoteError
from calsync.stages.settings import days, instants

if TYPE_CHECKING:
    from calsync.stages.mailboxes import MailboxReader

EventKey = tuple[str, str]


async def follow(reader: MailboxReader, dirty: Iterable[Link]) -> None:
    """Read by id what no listing tells of, so that the next diff decides on what is there now."""
    living = {**_unwatched(reader), **followed(dirty)}
    seen = reader.rows.keys() | reader.absences.keys()
    wanted = {event for event in living.keys() - seen if not reader.is_away(event[0])}
    await reader.by_id(wanted)
    await confirm(reader, living, wanted & reader.absences.keys())


async def find_unanswered(reader: MailboxReader, sent: Iterable[Action]) -> None:
    """Read by its mark what an unanswered create has made: a delta round may tell of it only later (G3)."""
    creates = [action for action in sent if action.makes_event and not reader.is_away(action.mailbox)]
    await asyncio.gather(*(_find(reader, action) for action in creates))


async def _find(reader: MailboxReader, create: Action) -> None:
    from calsync.graph.read import find_by_mark

    mailbox, mark = create.mailbox, create.mark
    try:
        found = await find_by_mark(reader.client, mailbox, mark) if mark else []
    except RemoteError as error:
        reader.away(mailbox, error)
        return
    for raw in found:
        row = reader.row(mailbox, raw, marked=True)
        if row.shape is Shape.SINGLE:
            reader.rows[mailbox, row.id] = row


async def last_words(reader: MailboxReader, given_up: Mapping[str, str]) -> None:
    """What the delta links that are given up still tell of meetings: the new ones do not watch what is behind the
    window (F5). A link that is dead tells nothing any more.

    :param given_up: mailbox -> delta link
    """
    from calsync.graph.delta import read_delta

    async for each in read_delta(reader.client, given_up, instants(reader.first, reader.last)):
        told = {*each.removed, *(raw["id"] for raw in each.items)}
        reader.told |= {(each.mailbox, id_) for id_ in told & reader.known[each.mailbox]}


async def confirm(reader: MailboxReader, living: Mapping[EventKey, Placement], absent: set[EventKey]) -> None:
    """Not found by id is half a proof; that a listing of its days lacks it too is the other half (D1, D4)."""
    gone = [living[event] for event in absent if event in living and not reader.is_away(event[0])]
    lacking = await reader.views([(p.mailbox, *_last_days(reader, p)) for p in gone])
    for event in absent - lacking:
        if event in reader.absences:
            reader.absences[event] = replace(reader.absences[event], proof=Proof.UNKNOWN)


def followed(links: Iterable[Link]) -> dict[EventKey, Placement]:
    """Where these meetings stand in Outlook, as far as they are still followed there."""
    return {(p.mailbox, p.id): p for link in links for p in link.placements if p.standing in FOLLOWED}


def _unwatched(reader: MailboxReader) -> dict[EventKey, Placement]:
    """Meetings outside the window in mailboxes that were read anew, where no delta link watches them.

    After its last day all may have been changed since; before its first one, what the former link told of.
    """
    last = max(reader.last, days(reader.tenant, replace(reader.run, window=None))[1])
    unseen = ((mailbox, id_) for mailbox in sorted(reader.read_anew) for id_ in sorted(reader.known[mailbox]))
    candidates = [event for event in unseen if event not in reader.rows and event not in reader.absences]
    links = reader.ports.store.links_by_placement(reader.tenant.key, candidates) if candidates else []
    living = followed(link for link in links if link.state is LinkState.LIVING)
    return {
        event: p
        for event, p in living.items()
        if event in reader.told or (event[0] in reader.read_anew and p.shown and _last_days(reader, p)[1] > last)
    }


def _last_days(reader: MailboxReader, placement: Placement) -> tuple[date, date]:
    """Where a placement last stood; one that was never agreed was seen somewhere in the window."""
    shown = placement.shown
    return local_days(shown.time, "UTC") if shown else (reader.first, reader.last)
