"""What a meeting's title, time and privacy may be in the end, from what people last said on either side (C5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from model.users import FIRST_DAY, Json


@dataclass
class Content:
    """Of each field: the values that it `may` show, and what was said on each side since the last clean run."""

    may: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    pending: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def said(self, side: str, values: dict[str, str], *, sure: bool = True) -> None:
        """An edit: it stands, unless the other side said something else meanwhile. Not `sure`: it may be put right."""
        for name, value in values.items():
            others = {said for where, said in self.pending[name].items() if where != side}
            if sure or self.may[name]:  # what it showed before anybody said anything is not known
                self.may[name] = {value} | others | (set() if sure else self.may[name])
            self.pending[name][side] = value

    def agreed(self) -> None:
        """What was said so far has reached both sides."""
        self.pending.clear()

    def faults(self, record: Json) -> Iterator[str]:
        """The fields in which a record shows what nobody said last."""
        for name, value in shown(record).items():
            if self.may[name] and value not in self.may[name]:
                yield f"{name} is {value!r}, and people last said {sorted(self.may[name])}"


def shown(record: Json) -> dict[str, str]:
    """A record's fields, in the form of `values`."""
    start = record["start"]
    time = start[:10] if record["all_day"] else datetime.fromisoformat(start).astimezone(UTC).isoformat()
    return {"title": " ".join(record["content"].split()), "time": time, "private": str(record["private"])}


def time_of(day: int, hour: int, all_day: bool) -> str:
    """The time that `users.moments` and `users.stamps` give."""
    at = FIRST_DAY + timedelta(days=day)
    return at.date().isoformat() if all_day else (at + timedelta(hours=1 + hour)).isoformat()
