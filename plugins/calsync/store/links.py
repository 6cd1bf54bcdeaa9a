"""Links and their placements (RULES A2, A3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, delete, distinct, func, insert, select, true, tuple_

from calsync.core.codec import fingerprint
from calsync.core.facts import local_days
from calsync.core.match import ical_key, look
from calsync.core.model import Event, Link, LinkState, Placement, Standing
from calsync.errors import Contradiction
from calsync.store.calendar import calendar_row
from calsync.store.engine import Calls, chunks, decode, encode, upsert
from calsync.store.records import KnownCrm, KnownOutlook
from calsync.store.tables import calendar, link, placement
from calsync.store.wishes import wished_links


class LinkCalls(Calls):
    """What the store knows about meetings. Every answer is ordered by link id."""

    def links(self, tenant: str, ids: Iterable[str] | None = None) -> list[Link]:
        """The links with these ids, those there are; all of the tenant's when `ids` is None."""
        conditions = [true()] if ids is None else [link.c.id.in_(part) for part in chunks(ids)]
        return self._links_where(tenant, conditions)

    def links_by_crm(self, tenant: str, crm_ids: Iterable[str]) -> list[Link]:
        """The links of these ShareCRM records, retired ones included."""
        return self._links_where(tenant, [link.c.crm_id.in_(part) for part in chunks(crm_ids)])

    def links_by_placement(self, tenant: str, events: Iterable[tuple[str, str]]) -> list[Link]:
        """The links with a placement, of any standing, that is one of these (mailbox, Graph id) pairs (RULES B1)."""
        return self._links_where(
            tenant, [_placed(tenant, _one_of(part, placement.c.mailbox, placement.c.id)) for part in chunks(events)]
        )

    def links_by_ical(self, tenant: str, keys: Iterable[str]) -> list[Link]:
        """The links with a placement that has one of these `core.match.ical_key`s; "" matches nothing (RULES B2)."""
        given = (key for key in keys if key)
        return self._links_where(tenant, [_placed(tenant, placement.c.ical_key.in_(part)) for part in chunks(given)])

    def links_by_series(self, tenant: str, series: Iterable[tuple[str, str]]) -> list[Link]:
        """The links with a placement, of any standing, in one of these series (mailbox, Graph id of the master)."""
        columns = (placement.c.mailbox, placement.c.master)
        given = chunks((mailbox, master) for mailbox, master in series if master)
        return self._links_where(tenant, [_placed(tenant, _one_of(part, *columns)) for part in given])

    def links_between(self, tenant: str, first: date, last: date) -> list[Link]:
        """The links whose meeting begins on one of these days, in UTC, as ShareCRM last showed it."""
        # Not BETWEEN: PostgreSQL cannot read one whose ends have a collation.
        days = and_(link.c.day >= first.isoformat(), link.c.day <= last.isoformat())
        return self._links_where(tenant, [days])

    def links_by_look(self, tenant: str, looks: Iterable[str]) -> list[Link]:
        """The links whose base, or else whose record, looks like this, by `core.match.look` (RULES B4)."""
        given = (each for each in looks if each)
        return self._links_where(tenant, [link.c.look.in_(part) for part in chunks(given)])

    def dirty_links(self, tenant: str) -> list[Link]:
        """The links that the next diff decides again (RULES G3), those among them of which a person wants something."""
        return self._links_where(tenant, [link.c.dirty, link.c.id.in_(wished_links(tenant))])

    def save_links(self, tenant: str, links: Iterable[Link]) -> None:
        """Store these links; each one's placements replace those it had.

        :raises Contradiction: a record or a living Outlook event would belong to two meetings (A1); nothing is stored.
        """
        by_id = {one.id: one for one in links}
        with self._write() as connection:
            for part in chunks(by_id):
                for table in (placement, calendar):
                    connection.execute(delete(table).where(table.c.tenant == tenant, table.c.link.in_(part)))
            # Who gives a record up comes before who takes it over.
            rows = sorted((_link_row(tenant, one) for one in by_id.values()), key=_holds_record)
            upsert(connection, link, rows)
            placed = [row for one in by_id.values() for row in _placement_rows(tenant, one)]
            if placed:
                connection.execute(insert(placement), placed)
            listed = [row for one in by_id.values() if (row := calendar_row(tenant, one))]
            if listed:
                connection.execute(insert(calendar), listed)

    def save_consistent_links(self, tenant: str, links: Iterable[Link]) -> set[str]:
        """Store these links as `save_links` does, all but those that contradict others; the ids of the latter (A1)."""
        left = {one.id: one for one in links}
        with self.begin() as tx:
            if tx._fits(tenant, left.values()):
                return set()
            saved = list(left)
            while saved:  # what one gives up, another one may take
                saved = [id_ for id_, one in left.items() if tx._fits(tenant, [one])]
                left = {id_: one for id_, one in left.items() if id_ not in saved}
        return set(left)

    def _fits(self, tenant: str, links: Iterable[Link]) -> bool:
        """Store these links in the transaction that this is, or none of them and leave it as it was."""
        with self._write() as connection:
            try:
                with connection.begin_nested():
                    self.save_links(tenant, links)
            except Contradiction:
                return False
        return True

    def known_crm(self, tenant: str) -> list[KnownCrm]:
        """Every ShareCRM record that a link knows, for diff's join with a listing."""
        columns = (link.c.crm_id, link.c.crm_version, link.c.crm_print, link.c.id)
        query = select(*columns).where(link.c.tenant == tenant, link.c.crm_id != "").order_by(link.c.crm_id, link.c.id)
        with self._read() as connection:
            return [KnownCrm(*row) for row in connection.execute(query)]

    def known_outlook(self, tenant: str, mailboxes: Iterable[str] | None = None) -> list[KnownOutlook]:
        """Every Outlook event that a link knows, in these mailboxes or in all, for diff's join with a listing."""
        at = placement.c
        query = select(at.mailbox, at.id, at.etag, at.print, at.standing, at.link, at.master, at.pattern)
        query = query.where(at.tenant == tenant, at.id != "").order_by(at.mailbox, at.id, at.link)
        conditions = [true()] if mailboxes is None else [at.mailbox.in_(part) for part in chunks(mailboxes)]
        with self._read() as connection:
            rows = [row for condition in conditions for row in connection.execute(query.where(condition))]
        return [KnownOutlook(*row[:4], Standing(row[4]), *row[5:]) for row in rows]

    def count_links(self, tenant: str) -> dict[LinkState, int]:
        """How many links are in each state; states without any are 0."""
        query = select(link.c.state, func.count()).where(link.c.tenant == tenant).group_by(link.c.state)
        with self._read() as connection:
            found = {LinkState(state): number for state, number in connection.execute(query)}
        return {state: found.get(state, 0) for state in LinkState}

    def count_living(self, tenant: str) -> int:
        """How many meetings live, a series counted as one (RULES G5)."""
        living = [link.c.tenant == tenant, link.c.state == LinkState.LIVING.value]
        single = select(func.count()).where(*living, link.c.series == "")
        series = select(func.count(distinct(link.c.series))).where(*living, link.c.series != "")
        with self._read() as connection:
            return int(connection.execute(single).scalar_one() + connection.execute(series).scalar_one())

    def _links_where(self, tenant: str, conditions: Sequence[ColumnElement[bool]]) -> list[Link]:
        """The links that meet any of the conditions, one query each."""
        values: dict[str, str] = {}
        with self._read() as connection:
            for condition in conditions:
                rows = connection.execute(select(link.c.id, link.c.value).where(link.c.tenant == tenant, condition))
                values.update((row.id, row.value) for row in rows)
            placed = _placements(connection, tenant, sorted(values))
        return [replace(decode(Link, values[key]), placements=tuple(placed.get(key, ()))) for key in sorted(values)]


def _placed(tenant: str, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return link.c.id.in_(select(placement.c.link).where(placement.c.tenant == tenant, condition))


def _one_of(events: list[tuple[str, str]], mailbox: Column[str], name: Column[str]) -> ColumnElement[bool]:
    # The ids alone would nearly do; they are named because SQLite does not use an index for pairs.
    return and_(name.in_([event_id for _, event_id in events]), tuple_(mailbox, name).in_(events))


def _placements(connection: Connection, tenant: str, links: list[str]) -> dict[str, list[Placement]]:
    found: dict[str, list[Placement]] = {}
    for part in chunks(links):
        query = select(placement.c.link, placement.c.value).where(placement.c.tenant == tenant)
        query = query.where(placement.c.link.in_(part)).order_by(placement.c.link, placement.c.position)
        for owner, value in connection.execute(query):
            found.setdefault(owner, []).append(decode(Placement, value))
    return found


def _link_row(tenant: str, one: Link) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "id": one.id,
        "crm_id": one.crm_id,
        "crm_version": one.crm_version,
        "crm_print": _print(one.crm_shown),
        "day": _day(one.crm_shown or one.base),
        "look": look(shown) if (shown := one.base or one.crm_shown) else "",
        "state": one.state.value,
        "dirty": one.dirty,
        "series": one.series,
        "value": encode(replace(one, placements=())),
    }


def _holds_record(row: dict[str, Any]) -> bool:
    return bool(row["crm_id"]) and row["state"] != LinkState.RETIRED.value


def _placement_rows(tenant: str, one: Link) -> list[dict[str, Any]]:
    return [
        {
            "tenant": tenant,
            "link": one.id,
            "position": position,
            "mailbox": here.mailbox,
            "id": here.id,
            "ical_uid": here.ical_uid,
            "ical_key": ical_key(here.ical_uid, here.original),
            "master": here.master,
            "pattern": here.pattern,
            "standing": here.standing.value,
            "etag": here.etag,
            "print": _print(here.shown),
            "value": encode(here),
        }
        for position, here in enumerate(one.placements)
    ]


def _day(event: Event | None) -> str:
    """The first day of a meeting in UTC, as ISO text, which sorts as dates do."""
    return local_days(event.time, "UTC")[0].isoformat() if event else ""


def _print(event: Event | None) -> str:
    return "" if event is None else fingerprint(event)
