"""Meetings as a calendar and a search look them up: narrowed and cut off by the database, a few of them read whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, exists, func, not_, or_, select

from calsync.core.model import Link, LinkState
from calsync.store.engine import chunks
from calsync.store.links import LinkCalls
from calsync.store.tables import account, link, placement

LONGEST = timedelta(days=14)
"""A meeting that began longer ago is looked for on the day it began only."""

_PRIVATE = '"private":true'
_EXTERNAL = '"contacts":["'
"""As the codec writes them. A quotation mark inside a title has a backslash before it, so no title can look so."""


_TIME = '"time":{"start":"'
_LONG = 90
"""Characters that hold a start and an end."""


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
        with self._read() as connection:
            query = select(link.c.id, link.c.state, _time_text(connection))
            rows = connection.execute(query.where(*_sought(tenant, sought, LONGEST))).all()
        first = sought.first.isoformat()
        spots = (Spot(row[0], *_start_and_end(row[2]), LinkState(row[1])) for row in rows)
        return sorted((spot for spot in spots if max(spot.start, spot.end) >= first), key=lambda s: (s.start, s.link))

    def titled(self, tenant: str, sought: Sought, words: Sequence[str], limit: int, offset: int = 0) -> list[Link]:
        """Meetings in whose title all these words stand, whatever their letter case, latest first.

        Private ones are never found by their title (RULES F6); without words they are among the answers.
        """
        with self._read() as connection:
            title = _said(connection, "title")
            conditions = [_contains(title, word) for word in words]
            conditions += [
                or_(*(link.c.value.contains(_text(form), autoescape=True) for form in _forms(w))) for w in words
            ]
            if words:
                conditions.append(not_(_private()))
            query = select(link.c.id).where(*_sought(tenant, sought), *conditions)
            found = connection.scalars(query.order_by(link.c.day.desc(), link.c.id).limit(limit).offset(offset)).all()
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
    """The conditions that need no look into a meeting's time. before: how much earlier one may have begun."""
    first, last = (sought.first - before).isoformat(), sought.last.isoformat()
    conditions = [link.c.tenant == tenant, link.c.day >= first, link.c.day <= last]
    conditions.append(link.c.state != LinkState.RETIRED.value)
    if sought.circle in (Circle.INTERNAL, Circle.EXTERNAL):
        external = link.c.value.contains(_EXTERNAL, autoescape=True)
        conditions.append(external if sought.circle is Circle.EXTERNAL else not_(external))
    elif sought.circle is Circle.PRIVATE:
        conditions.append(_private())
    whose: list[ColumnElement[bool]] = []
    if sought.mailbox:
        here = and_(placement.c.tenant == tenant, placement.c.mailbox == sought.mailbox)
        whose.append(link.c.id.in_(select(placement.c.link).where(here)))
    if sought.employee:
        owned = f'"crm_owner":{json.dumps(sought.employee, ensure_ascii=False)}'
        whose.append(link.c.value.contains(owned, autoescape=True))
    return [*conditions, or_(*whose)] if whose else conditions


def _private() -> ColumnElement[bool]:
    on_it = and_(placement.c.tenant == link.c.tenant, placement.c.link == link.c.id)
    shown = exists().where(on_it, placement.c.value.contains(_PRIVATE, autoescape=True))
    return or_(link.c.value.contains(_PRIVATE, autoescape=True), shown)


def _time_text(connection: Connection) -> ColumnElement[str]:
    """The time of what ShareCRM last showed, else of what was last agreed, as the codec writes it.

    Cut out as text: reading so many values as JSON takes the database many times as long.
    """
    find = func.strpos if connection.dialect.name == "postgresql" else func.instr
    return func.substr(link.c.value, find(link.c.value, _TIME), _LONG)


def _start_and_end(text: str) -> tuple[str, str]:
    parts = text.split('"')
    return parts[5], parts[9]


def _said(connection: Connection, *path: str) -> ColumnElement[str]:
    """A text inside what ShareCRM last showed, else inside what was last agreed; as the column `day` has it."""

    def inside(event: str) -> ColumnElement[Any]:
        if connection.dialect.name == "postgresql":
            return func.json_extract_path_text(func.json(link.c.value), event, *path)
        return func.json_extract(link.c.value, ".".join(("$", event, *path)))

    return func.coalesce(inside("crm_shown"), inside("base"))


def _contains(title: ColumnElement[str], word: str) -> ColumnElement[bool]:
    return or_(*(title.contains(form, autoescape=True) for form in _forms(word)))


def _forms(word: str) -> list[str]:
    """A word as it may be written: SQLite ignores the case of ASCII letters alone, PostgreSQL of none."""
    return list(dict.fromkeys((word, word.lower(), word.upper(), word.capitalize())))


def _text(word: str) -> str:
    """A word as it stands in a stored value."""
    return json.dumps(word, ensure_ascii=False)[1:-1]
