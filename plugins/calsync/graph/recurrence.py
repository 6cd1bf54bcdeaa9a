"""The recurrence of a Graph series: whether it can be understood, and when it changed (RULES B6, F1).

The dates themselves come from Graph, as occurrences; nothing is expanded here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_TYPES = {"daily", "weekly", "absolutemonthly", "relativemonthly", "absoluteyearly", "relativeyearly"}
"""The values of `recurrencePattern.type` (Graph, "recurrencePattern resource type")."""


def pattern_digest(recurrence: object) -> str:
    """A digest of a `patternedRecurrence` without its hour and without its end, "" when there is none to read.

    A series that merely ends earlier or later has no dates that took the place of others.
    """
    pattern, limits = _parts(recurrence)
    if not pattern:
        return ""
    said = {name: _plain(value) for name, value in sorted(pattern.items())} | {"from": _start(limits)}
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def series_problem(master: Mapping[str, Any]) -> str:
    """Why a series master's dates cannot be understood, "" when they can.

    A zone that nobody knows is no reason: Graph gives each date's instant in UTC (RULES F3).
    """
    pattern, _ = _parts(master.get("recurrence"))
    kind = pattern.get("type")
    if not isinstance(kind, str) or kind.casefold() not in _TYPES:
        return "the series' recurrence is missing or of a kind that calsync does not know"
    return ""


def _parts(recurrence: object) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    if not isinstance(recurrence, Mapping):
        return {}, {}
    pattern, limits = recurrence.get("pattern"), recurrence.get("range")
    return pattern if isinstance(pattern, Mapping) else {}, limits if isinstance(limits, Mapping) else {}


def _start(limits: Mapping[str, Any]) -> str | None:
    start = limits.get("startDate")
    return start if isinstance(start, str) else None


def _plain(value: object) -> object:
    """Graph answers days and kinds in either case, and days in any order. What is no part of a pattern is left out."""
    if isinstance(value, list):
        return sorted(each.casefold() for each in value if isinstance(each, str))
    if isinstance(value, str):
        return value.casefold()
    return value if isinstance(value, int | float) else None
