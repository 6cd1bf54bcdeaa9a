"""A run's report, narrowed to what somebody looks at, and as files that people take with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FIELDS = ("side", "verb", "state", "rule")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a cell (OWASP, CSV injection)."""

COLUMNS = (
    "side",
    "verb",
    "title",
    "start",
    "employee",
    "changes",
    "rule",
    "reason",
    "mails",
    "state",
    "sentence",
    "link",
)


@dataclass(frozen=True, slots=True)
class Narrow:
    """Which changes of a report: "" for any. employee: the number, from 1, among the report's employees in order; 0 for
    any. rows: of which only so many, on this page; 0 for all."""

    side: str = ""
    verb: str = ""
    state: str = ""
    rule: str = ""
    employee: int = 0
    page: int = 1
    rows: int = 0

    def __call__(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """The report with these changes alone, and `found` (how many there are on all pages), `total`, `page`, `pages`
        and `choices` (by field, what there is to choose from)."""
        changes = list(told.get("changes", ()))
        employees = _kinds(changes, "employee")
        who = employees[self.employee - 1] if 0 < self.employee <= len(employees) else None
        found = [one for one in changes if self._fits(one, who)]
        pages = max(1, -(-len(found) // self.rows)) if self.rows else 1
        page = min(self.page, pages)
        shown = found[(page - 1) * self.rows : page * self.rows] if self.rows else found
        choices = {name: _kinds(changes, name) for name in FIELDS} | {"employee": employees}
        counts = {"found": len(found), "total": len(changes), "page": page, "pages": pages, "choices": choices}
        return {**told, "changes": shown, **counts}

    def _fits(self, change: Mapping[str, Any], who: str | None) -> bool:
        wanted = ((name, getattr(self, name)) for name in FIELDS)
        return all(not said or change.get(name) == said for name, said in wanted) and (
            who is None or change.get("employee") == who
        )


def _kinds(changes: Iterable[Mapping[str, Any]], name: str) -> list[str]:
    return sorted({str(said) for change in changes if (said := change.get(name))})


def as_csv(told: Mapping[str, Any]) -> bytes:
    """The changes of a report, one a line, safe to open in a spreadsheet; UTF-8 with the mark that those look for."""
    import pandas as pd

    lines = [_line(change) for change in told.get("changes", ())]
    text: str = pd.DataFrame(lines, columns=list(COLUMNS)).to_csv(index=False, lineterminator="\r\n")
    return text.encode("utf-8-sig")


def as_json(told: Mapping[str, Any]) -> bytes:
    """A report as JSON."""
    return json.dumps(dict(told), ensure_ascii=False, indent=2, default=str).encode()


def _line(change: Mapping[str, Any]) -> dict[str, Any]:
    line = {name: change.get(name) for name in COLUMNS}
    line["changes"] = "; ".join(map(_value, change.get("values", ())))
    return {name: _harmless(cell) for name, cell in line.items()}


def _value(value: Mapping[str, Any]) -> str:
    if value["field"] == "people":
        who = [*(f"+{one}" for one in value["added"]), *(f"-{one}" for one in value["removed"])]
        return f"people {' '.join(who)}"
    return f"{value['field']}: {value['old'] or 'none'} -> {value['new'] or 'none'}"


def _harmless(cell: Any) -> Any:
    """A cell that no spreadsheet calculates."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
