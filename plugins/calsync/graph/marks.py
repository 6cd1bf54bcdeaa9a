"""The mark on every event we create (RULES B3): a named extended property of the Outlook item.

Graph: "singleValueLegacyExtendedProperty resource type". It stays in its mailbox and does not travel to guests' copies;
delta does not give it, so it is looked up by id or asked for in a calendar view.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from calsync.core.model import Mark
from calsync.core.text import ident, sound
from calsync.graph.paths import literal

MARK_ID = "String {5c0f3a1e-8f0b-4b53-9d0c-6d2c1f7a4e90} Name calsync"
"""The id of our property. It is in every mailbox we ever wrote to: it never changes."""

_VERSION = "1"
_GENERATION = re.compile(r"[0-9]{1,9}")


def encode(mark: Mark) -> str:
    """The property's value: one line, the same for the same mark, so that it can be searched for."""
    return _words(mark.installation, mark.tenant, mark.crm_id, mark.mailbox, str(mark.generation))


def _words(*words: str) -> str:
    return "/".join([_VERSION, *(quote(word, safe="") for word in words)])


def decode(value: str) -> Mark | None:
    """The Mark that `encode` wrote, None for anything else."""
    words = [unquote(word) for word in value.split("/")]
    if len(words) != 6 or words[0] != _VERSION or not _GENERATION.fullmatch(words[5]):
        return None
    return Mark(words[1], words[2], words[3], words[4], int(words[5]))


def as_property(mark: Mark) -> dict[str, str]:
    """The mark as an entry of `singleValueExtendedProperties`."""
    return {"id": MARK_ID, "value": encode(mark)}


def read(raw: Mapping[str, Any], foreign_ids: Sequence[str] = ()) -> tuple[Mark | None, bool]:
    """Our mark on a raw event, and whether it bears another's: a property in `foreign_ids`, or ours unreadable."""
    ours, foreign = None, False
    others = {id_.casefold() for id_ in foreign_ids}
    properties = raw.get("singleValueExtendedProperties")
    for entry in properties if isinstance(properties, list) else []:
        id_ = _text(entry, "id").casefold()
        if id_ == MARK_ID.casefold():
            ours = _sane(decode(_text(entry, "value")))
            foreign = foreign or ours is None
        foreign = foreign or id_ in others
    return ours, foreign


def _text(entry: object, name: str) -> str:
    value = entry.get(name) if isinstance(entry, Mapping) else None
    return sound(value) if isinstance(value, str) else ""


def _sane(mark: Mark | None) -> Mark | None:
    """The mark unless its ids are none that ShareCRM or Graph would give."""
    return mark if mark and ident(mark.crm_id) and ident(mark.mailbox) else None


def expansion(foreign_ids: Sequence[str] = ()) -> str:
    """The value of `$expand` that brings our mark and the properties in `foreign_ids`."""
    wanted = " or ".join(f"id eq {literal(id_)}" for id_ in (MARK_ID, *foreign_ids))
    return f"singleValueExtendedProperties($filter={wanted})"


def condition(mark: Mark) -> str:
    """The value of `$filter` that finds the events bearing exactly `mark`."""
    return _bearing(f"ep/value eq {literal(encode(mark))}")


def any_of(installation: str, tenant: str) -> str:
    """The value of `$filter` that finds the events bearing any mark of a configuration."""
    return _bearing(f"startswith(ep/value, {literal(_words(installation, tenant) + '/')})")


def _bearing(value: str) -> str:
    return f"singleValueExtendedProperties/Any(ep: ep/id eq {literal(MARK_ID)} and {value})"
