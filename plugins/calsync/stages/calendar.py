"""Meetings by local day, as a calendar or a list of matches shows them (RULES F6: private ones without their title)."""

from __future__ import annotations

import calendar as weeks
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calsync.core.facts import local_days
from calsync.core.model import Event, Link, LinkState, Time
from calsync.stages.masking import PRIVATE, title_of
from calsync.store.search import Sought, Spot

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.store.store import Store


class View(StrEnum):
    """How many days a calendar shows."""

    MONTH = "month"
    WEEK = "week"
    DAY = "day"


EACH = {View.MONTH: 4, View.WEEK: 12, View.DAY: 300}
"""So many meetings of a day are named; of the others only how many they are."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A meeting in a calendar or list. time: local, "" when it lasts all day. synced: kept the same on both sides.

    external: with ShareCRM contacts.
    """

    link: str
    title: str
    day: date
    time: str
    synced: bool
    private: bool
    external: bool
    state: LinkState


@dataclass(frozen=True, slots=True)
class Day:
    """One day. beyond: of another month than the one shown. more: how many meetings are not named. synced: how many
    of all are kept the same on both sides."""

    day: date
    entries: tuple[Entry, ...]
    more: int
    count: int
    synced: int
    today: bool = False
    beyond: bool = False


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days in rows of weeks. earlier, later: a day of the ones before and after."""

    view: View
    rows: tuple[tuple[Day, ...], ...]
    earlier: date
    later: date
    count: int


def calendar(tenant: Tenant, store: Store, view: View, day: date, sought: Sought, today: date) -> Calendar:
    """The calendar around a day, in the tenant's time zone.

    :param sought: whose and which meetings; its days are set here
    """
    rows = _days(view, day)
    first, last = rows[0][0], rows[-1][-1]
    spots = store.spots(tenant.key, _between(sought, first, last))
    by_day = _by_day(spots, ZoneInfo(tenant.time_zone), first, last)
    named = {spot.link for each in by_day.values() for spot in each[: EACH[view]]}
    links = {link.id: link for link in store.links(tenant.key, named)}

    def shown(one: date) -> Day:
        there = by_day.get(one, [])
        entries = tuple(_entry(links[s.link], tenant.time_zone, one) for s in there[: EACH[view]] if s.link in links)
        synced = sum(spot.state is LinkState.LIVING for spot in there)
        beyond = view is View.MONTH and one.month != day.month
        return Day(one, entries, len(there) - len(entries), len(there), synced, one == today, beyond)

    count = len({spot.link for each in by_day.values() for spot in each})
    return Calendar(view, tuple(tuple(map(shown, row)) for row in rows), *_beside(view, day), count)


def matches(
    tenant: Tenant, store: Store, sought: Sought, words: Sequence[str], limit: int, offset: int
) -> tuple[list[Entry], bool]:
    """Meetings by the words of their title, latest first, and whether there are more after them."""
    links = store.titled(tenant.key, sought, words, limit + 1, offset)
    return [_entry(link, tenant.time_zone) for link in links[:limit]], len(links) > limit


def _days(view: View, day: date) -> list[list[date]]:
    if view is View.MONTH:
        return weeks.Calendar().monthdatescalendar(day.year, day.month)
    monday = day - timedelta(days=day.weekday())
    return [[monday + timedelta(days=n) for n in range(7)]] if view is View.WEEK else [[day]]


def _beside(view: View, day: date) -> tuple[date, date]:
    if view is View.MONTH:
        first = day.replace(day=1)
        return (first - timedelta(days=1)).replace(day=1), (first + timedelta(days=32)).replace(day=1)
    step = timedelta(days=7 if view is View.WEEK else 1)
    return day - step, day + step


def _between(sought: Sought, first: date, last: date) -> Sought:
    """Local days, as days in UTC that cover them."""
    one = timedelta(days=1)
    return Sought(first - one, last + one, sought.circle, sought.mailbox, sought.employee)


def _by_day(spots: Iterable[Spot], zone: ZoneInfo, first: date, last: date) -> dict[date, list[Spot]]:
    @cache  # many meetings begin, and end, at the same moments
    def days(starts: str, ends: str) -> tuple[date, ...]:
        start = _local(starts, zone)
        began, ended = max(start, first), min(max(start, _last(ends, zone)), last)
        return tuple(began + timedelta(days=number) for number in range((ended - began).days + 1))

    found: dict[date, list[Spot]] = defaultdict(list)
    for spot in spots:
        for day in days(spot.start, spot.end):
            found[day].append(spot)
    return found


def _local(text: str, zone: ZoneInfo) -> date:
    if len(text) == len("2026-11-23"):
        return date.fromisoformat(text)
    return datetime.fromisoformat(text).astimezone(zone).date()


def _last(text: str, zone: ZoneInfo) -> date:
    """The last day that ends before this exclusive end."""
    if len(text) == len("2026-11-23"):
        return date.fromisoformat(text) - timedelta(days=1)
    return (datetime.fromisoformat(text) - timedelta(seconds=1)).astimezone(zone).date()


def _entry(link: Link, zone: str, on: date | None = None) -> Entry:
    event = link.crm_shown or link.base
    title = title_of(link)
    return Entry(
        link=link.id,
        title=title,
        day=on or (local_days(event.time, zone)[0] if event else date.min),
        time=_clock(event.time, zone, on) if event else "",
        synced=link.state is LinkState.LIVING and link.base is not None,
        private=title == PRIVATE,
        external=_is_external(link.base) or _is_external(link.crm_shown),
        state=link.state,
    )


def _is_external(event: Event | None) -> bool:
    return bool(event and event.contacts)


def _clock(time: Time, zone: str, on: date | None) -> str:
    """When it begins on this day; "" when it began before, or lasts all day."""
    if not isinstance(time.start, datetime):
        return ""
    start = time.start.astimezone(ZoneInfo(zone))
    return f"{start:%H:%M}" if on in (None, start.date()) else ""
