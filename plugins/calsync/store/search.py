"""Meetings as a calendar and a search look them up: narrowed and cut off by the database, a few of them read whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select

from calsync.core.model import Link, LinkState
from calsync.store.calendar import folded
from calsync.store.engine import chunks
from calsync.store.links import LinkCalls
from calsync.store.tables import account, calendar, link, placement

LONGEST = timedelta(days=14)
"""A meeting that began longer ago is looked for on the day it began only."""

_PRIVATE = '"private":true'
"""As the codec writes it. A quotation mark inside a title has a backslash before it, so no title can look so."""

_STATES = {state.value: state for state in LinkState}


class Circle(StrEnum):
    """Which meetings: all; those of colleagues alone; those with ShareCRM contacts; those that are private."""

    ALL = "all"
    INTERNAL = "internal"
    EXTERNAL = "external"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Sought:
    """Which meetings are looked for.

    first, last: days in UTC. mailbox, employee: only those in this calendar or owned by this employee; "" for all.
    """

    first: date
    last: date
    circle: Circle = Circle.ALL
    mailbox: str = ""
    employee: str = ""


class Spot(NamedTuple):
    """A meeting's place in a calendar: instants or dates in ISO form, in UTC; `end` is exclusive."""

    link: str
    start: str
    end: str
    state: LinkState


class SearchCalls(LinkCalls):
    """Looking meetings up. What is over (retired) is left out."""

    def spots(self, tenant: str, sought: Sought) -> list[Spot]:
        """When the meetings take place that touch these days, earliest first."""
        at, first = calendar.c, sought.first.isoformat()
        query = select(at.link, at.starts, at.ends, at.state).where(*_sought(tenant, sought, LONGEST))
        query = query.where(or_(at.starts >= first, at.ends >= first)).order_by(at.starts, at.link)
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [Spot(link, starts, ends, _STATES[state]) for link, starts, ends, state in rows]

    def titled(self, tenant: str, sought: Sought, words: Sequence[str], limit: int, offset: int = 0) -> list[Link]:
        """Meetings in whose title all these words stand, whatever their letter case, latest first.

        Private ones are never found by their title (RULES F6); without words they are among the answers.
        """
        at = calendar.c
        with self._read() as connection:
            find = func.strpos if connection.dialect.name == "postgresql" else func.instr
            conditions = [find(at.title, folded(word)) > 0 for word in words]
            if words:
                conditions.append(not_(at.private))
            query = select(at.link).where(*_sought(tenant, sought), *conditions)
            query = query.order_by(at.starts.desc(), at.link.desc()).limit(limit).offset(offset)
            found = connection.scalars(query).all()
        links = {one.id: one for one in self.links(tenant, found)}
        return [links[id_] for id_ in found if id_ in links]

    def private_among(self, tenant: str, ids: Iterable[str]) -> set[str]:
        """Those of these meetings that are private, on whichever side (RULES F6)."""
        with self._read() as connection:
            return {
                id_
                for part in chunks(ids)
                for id_ in connection.scalars(
                    select(link.c.id).where(link.c.tenant == tenant, link.c.id.in_(part), _private())
                )
            }

    def employees_of(self, tenant: str, mailboxes: Collection[str]) -> dict[str, str]:
        """The employee to whom each of these Microsoft users is matched."""
        columns = select(account.c.object_id, account.c.employee).where(account.c.tenant == tenant)
        with self._read() as connection:
            return {
                row.object_id: row.employee
                for part in chunks(mailboxes)
                for row in connection.execute(columns.where(account.c.object_id.in_(part)))
            }


def _sought(tenant: str, sought: Sought, before: timedelta = timedelta()) -> list[ColumnElement[bool]]:
    """The conditions but for the end of a meeting. before: how much earlier one may have begun."""
    at = calendar.c
    first, after = (sought.first - before).isoformat(), (sought.last + timedelta(days=1)).isoformat()
    conditions: list[ColumnElement[bool]] = [at.tenant == tenant, at.starts >= first, at.starts < after]
    narrow = {Circle.INTERNAL: not_(at.external), Circle.EXTERNAL: at.external, Circle.PRIVATE: at.private}
    if sought.circle in narrow:
        conditions.append(narrow[sought.circle])
    whose: list[ColumnElement[bool]] = []
    if sought.mailbox:
        here = and_(placement.c.tenant == tenant, placement.c.mailbox == sought.mailbox)
        whose.append(at.link.in_(select(placement.c.link).where(here)))
    if sought.employee:
        whose.append(at.owner == sought.employee)
    return [*conditions, or_(*whose)] if whose else conditions


def _private() -> ColumnElement[bool]:
    on_it = and_(placement.c.tenant == link.c.tenant, placement.c.link == link.c.id)
    shown = exists().where(on_it, placement.c.value.contains(_PRIVATE, autoescape=True))
    return or_(link.c.value.contains(_PRIVATE, autoescape=True), shown)
