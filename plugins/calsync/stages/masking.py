"""Titles as they may be shown (RULES F6): what is private, or was when it was written down, or is by now, is "Private".

What is staged and stored keeps its values, for restore and undo; only what people see goes through here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from calsync.core.model import CrmRow, Event, Link, OutlookRow
from calsync.core.plan import Remark
from calsync.staging import values

if TYPE_CHECKING:
    import pyarrow as pa

    from calsync.staging import Staging
    from calsync.store.store import Store

T = TypeVar("T")

PRIVATE = "Private"


def masked(*events: Event | None) -> str:
    """The title of the first event there is; "Private" if any of them is private."""
    if is_private(*events):
        return PRIVATE
    return next((event.title for event in events if event), "")


def is_private(*events: Event | None) -> bool:
    """Whether any of these events is private."""
    return any(event.private for event in events if event)


def hidden(values: Iterable[dict[str, Any]], title: str = PRIVATE) -> list[dict[str, Any]]:
    """The values of a change without its titles and people: of these, only how many they are."""
    return [_hidden(value, title) for value in values]


def _hidden(value: dict[str, Any], title: str) -> dict[str, Any]:
    if value["field"] == "title":
        return value | {side: title if value[side] else "" for side in ("old", "new")}
    if value["field"] == "people":
        return value | {side: _counted(value[side]) for side in ("added", "removed")}
    return value


def _counted(people: list[str]) -> list[str]:
    return [] if not people else ["1 person"] if len(people) == 1 else [f"{len(people)} people"]


def titles_of(staging: Staging, store: Store, tenant: str, run: str, remarks: Iterable[Remark]) -> dict[str, str]:
    """The masked titles of what remarks are about, by ShareCRM id, Outlook id or link."""
    about = list(remarks)
    titles: dict[str, str] = {}
    if records := {remark.crm_id for remark in about} - {""}:
        for row in _about(CrmRow, staging.frame(tenant, run, "crm"), records):
            titles[row.id] = masked(row.event)
    if events := {remark.outlook_id for remark in about} - {""}:
        for event in _about(OutlookRow, staging.frame(tenant, run, "outlook"), events):
            titles[event.id] = masked(event.event)
    for link in store.links(tenant, {remark.link for remark in about if remark.link}):
        titles[link.id] = title_of(link)
    return titles


def mask_anew(told: dict[str, Any], store: Store) -> dict[str, Any]:
    """A report with the titles masked of meetings that are private by now, on whichever side."""
    lines = [*told.get("changes", ()), *told.get("remarks", ())]
    private = store.private_among(told["tenant"], {line["link"] for line in lines if line.get("link")})
    return _masked_lines(told, lambda line: PRIVATE if line.get("link") in private else None)


def without_titles(told: dict[str, Any]) -> dict[str, Any]:
    """A report that names no meeting: for when nobody can say which of them are private by now."""
    return _masked_lines(told, lambda _: "")


def _masked_lines(told: dict[str, Any], title: Callable[[dict[str, Any]], str | None]) -> dict[str, Any]:
    """A report whose changes and remarks show `title` of themselves in place of what they are about; None: as it is."""

    def line(one: dict[str, Any]) -> dict[str, Any]:
        instead = title(one)
        if instead is None:
            return one
        values = {"values": hidden(one["values"], instead)} if "values" in one else {}
        return one | {"title": instead} | values

    return told | {part: [line(one) for one in told.get(part, ())] for part in ("changes", "remarks")}


def title_of(link: Link, *now: Event | None) -> str:
    """The masked title of a meeting, as both sides last showed it and as it was read just now."""
    return masked(link.base, link.crm_shown, *(placement.shown for placement in link.placements), *now)


def _about(kind: type[T], staged: pa.Table, ids: set[str]) -> list[T]:
    return values(kind, staged.filter([one in ids for one in staged["id"].to_pylist()])) if len(staged) else []
