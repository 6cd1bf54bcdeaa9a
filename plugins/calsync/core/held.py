"""What a held action rests on: the versions both sides showed, and whether they still do (G6)."""

from __future__ import annotations

from collections.abc import Iterable

from calsync.core.facts import Facts
from calsync.core.match import Sight
from calsync.core.model import STANDS, CrmRow, Life, Proof, Standing
from calsync.core.plan import Action, Meeting

CRM = "crm"
GONE = "gone"


class Versions:
    """The versions of everything that one run has read, or knew."""

    def __init__(self, facts: Facts) -> None:
        self._crm = {row.id: row for row in facts.crm}
        self._etags = {event_key(row.mailbox, row.id): row.etag for row in facts.outlook}
        gone = (event_key(each.mailbox, each.id) for each in facts.absences if each.proof is Proof.GONE)
        self._etags |= dict.fromkeys(gone, GONE)

    def under(self, meeting: Meeting) -> tuple[tuple[str, str], ...]:
        """The versions that a decision about a meeting rests on, as `Action.versions` holds them."""
        link = meeting.noted
        row = self._crm.get(link.crm_id)
        crm = [(CRM, crm_version(row) if row else str(link.crm_version))] if link.crm_id else []
        standing = {event_key(p.mailbox, p.id): p.etag for p in link.placements if p.standing in STANDS}
        return (*crm, *((key, self._etags.get(key, etag)) for key, etag in sorted(standing.items())))


def event_key(mailbox: str, id_: str) -> str:
    """Under which an event's version is kept."""
    return f"{mailbox}|{id_}"


def crm_version(row: CrmRow) -> str:
    """A record's version as a held action keeps it."""
    return GONE if row.life is Life.GONE else str(row.version)


def _seen(sight: Sight) -> dict[str, str]:
    """The versions of everything that was read of a meeting in this run."""
    gone = (key for key, absence in sight.absences.items() if absence.proof is Proof.GONE)
    crm = {CRM: crm_version(sight.crm)} if sight.crm else {}
    events = {event_key(*key): row.etag for key, row in sight.rows.items()}
    return crm | events | dict.fromkeys((event_key(*key) for key in gone), GONE)


def moved(sight: Sight, held: Iterable[Action]) -> bool:
    """Whether something that a held action rests on was read in another version, or is another event by now (G6)."""
    seen = _seen(sight)
    known = {CRM, *seen, *(event_key(p.mailbox, p.id) for p in sight.link.placements)}
    rests_on = [each for action in held for each in action.versions]
    return any(seen.get(key, version) != version or key not in known for key, version in rests_on)


def unread(sight: Sight, held: Iterable[Action]) -> bool:
    """Whether something that a held action rests on was not read in this run, although its mailbox takes part."""
    here = {event_key(p.mailbox, p.id) for p in sight.link.placements if p.standing is Standing.LIVING}
    wanted = {key for action in held for key, _ in action.versions} & {CRM, *here}
    return not wanted <= _seen(sight).keys()
