"""First contact: what stood on both sides before calsync came, told apart without a guess or not at all (B4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from calsync.core.match import look
from calsync.core.model import CrmRow, Event, Link, LinkState, OutlookRow
from calsync.core.people import People, persons
from calsync.core.text import squeeze

Groups = Mapping[str, list[OutlookRow]]


class Contact(NamedTuple):
    """A record and the Outlook meetings (keys of groups) that look like it, at most one in each mailbox.

    ambiguous: there are more than can be told apart; then nothing of them may be touched.
    """

    record: str
    groups: tuple[str, ...]
    ambiguous: bool = False


def first_contact(
    people: People, links: Iterable[Link], records: Mapping[str, CrmRow], groups: Groups, empty_title: str = ""
) -> list[Contact]:
    """Pair unlinked Outlook meetings with records of equal look that share a person with them.

    Counted per mailbox: a record gets one event in each mailbox or, with several candidates, none at all. A record that
    is linked already counts while it has nothing in that mailbox; one that a person has set apart never does.
    """
    remembered = [link for link in links if link.crm_id]
    apart = {link.crm_id for link in remembered if link.apart}
    records = {id_: row for id_, row in records.items() if id_ not in apart}
    living = [link for link in remembered if link.base and link.state is LinkState.LIVING]
    linked = {link.crm_id: link for link in living if link.crm_id not in apart}
    looks = _by_look(records, linked)
    wanted: dict[str, list[str]] = {}
    for key, rows in groups.items():
        shown = {each for row in rows for each in looks_of(row.event, empty_title)}
        candidates = sorted({record for each in shown for record in looks.get(each, ())})
        wanted[key] = [r for r in candidates if _meets(people, records.get(r), linked.get(r), rows)]
    suitors: dict[str, list[str]] = defaultdict(list)
    for key, found in wanted.items():
        for record in found:
            suitors[record].append(key)
    unclear = _unclear(wanted, suitors, groups)
    return [Contact(record, tuple(keys), record in unclear) for record, keys in sorted(suitors.items())]


def looks_of(event: Event, empty_title: str) -> list[str]:
    """How the record of an Outlook event may look: one without a title bears the configured placeholder (F4)."""
    named = [] if squeeze(event.title) else [replace(event, title=empty_title)]
    return [look(each) for each in (event, *named)]


def _by_look(records: Mapping[str, CrmRow], linked: Mapping[str, Link]) -> dict[str, set[str]]:
    looks: dict[str, set[str]] = defaultdict(set)
    for row in records.values():
        if row.event:
            looks[look(row.event)].add(row.id)
    for record, link in linked.items():
        if record not in records and link.base:
            looks[look(link.base)].add(record)
    return looks


def _meets(people: People, row: CrmRow | None, link: Link | None, rows: list[OutlookRow]) -> bool:
    """Whether the record has a person in common with the event, and no placement in its mailboxes yet."""
    if row is None and link is not None and any(link.placement(each.mailbox) for each in rows):
        return False
    event = row.event if row else link.base if link else None
    if event is None:
        return False
    theirs = {a for r in rows for a in (*r.event.guests, r.organizer)}
    here = {account.employee for r in rows if (account := people.by_mailbox.get(r.mailbox))}
    ours = {a for person in persons(event) for a in people.addresses_of(person)}
    return bool(ours & theirs or here & event.attendees)


def _unclear(wanted: Mapping[str, list[str]], suitors: Mapping[str, list[str]], groups: Groups) -> set[str]:
    """The records that cannot be told apart: they share a meeting, or a mailbox holds two that look like one of them.

    Whatever shares a meeting with an unclear record is unclear with it.
    """
    unclear = {record for found in wanted.values() if len(found) > 1 for record in found}
    for record, keys in suitors.items():
        mailboxes = [mailbox for key in keys for mailbox in {row.mailbox for row in groups[key]}]
        if len(mailboxes) != len(set(mailboxes)):
            unclear.add(record)
    return unclear
