"""What a calendar and a search look at of a meeting: one narrow row beside its link, so that neither reads meetings
whole that it does not show."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from typing import Any

from calsync.core.model import Link, LinkState


def calendar_row(tenant: str, one: Link) -> dict[str, Any] | None:
    """The row of a meeting; None for one that is over (retired), or of which no time is known.

    Time and title are those that ShareCRM last showed, else those last agreed. What is private on either side has no
    title here: it is never found by it (RULES F6).
    """
    event = one.crm_shown or one.base
    if event is None or one.state is LinkState.RETIRED:
        return None
    shown = (one.crm_shown, one.base, *(placement.shown for placement in one.placements))
    private = any(each.private for each in shown if each)
    return {
        "tenant": tenant,
        "starts": moment_text(event.time.start),
        "link": one.id,
        "ends": moment_text(event.time.end),
        "state": one.state.value,
        "owner": one.crm_owner,
        "external": any(each.contacts for each in (one.crm_shown, one.base) if each),
        "private": private,
        "title": "" if private else folded(event.title),
    }


def moment_text(moment: date) -> str:
    """A date, or an instant in UTC, in ISO form; as text they sort by time, a date before the instants of its day."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return moment.isoformat()


def folded(text: str) -> str:
    """A text as it is sought: without letter case, and without the differences of writing that nobody sees."""
    return unicodedata.normalize("NFKC", text).casefold()
