"""The dates of a series for scenarios: how people make one, and what stands of it on both sides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from conformance.scene import Scene
from pipeline.team import ANN, DAY, address

from sandbox.repeat import Repeat, weekly

Dates = list[tuple[str, str]]
"""When each date begins (UTC, to the minute) and its title, in order."""


def wall(weeks: float = 0, *, days: float = 0, hours: float = 0) -> str:
    """So long after the first day of the scenarios, as wall time in UTC."""
    return (DAY + timedelta(weeks=weeks, days=days, hours=hours)).strftime("%Y-%m-%dT%H:%M:%S")


def on(*weeks: float, hours: float = 0, title: str = "Weekly") -> Dates:
    """Dates in these weeks, all of one title."""
    return [(wall(week, hours=hours)[:16], title) for week in weeks]


def in_sharecrm(scene: Scene) -> Dates:
    """The living records."""
    return sorted((record["start"][:16], record["content"]) for record in scene.work.records())


def record_on(scene: Scene, week: float) -> str:
    """The id of the one living record that begins in that week."""
    (found,) = [r["id"] for r in scene.work.records() if r["start"][:16] == wall(week)[:16]]
    return str(found)


def record_ids(scene: Scene) -> set[str]:
    return {record["id"] for record in scene.work.records()}


@dataclass
class Series:
    """A series in the calendar of `owner`, known by its master."""

    scene: Scene
    master: str
    owner: str = ANN

    @classmethod
    def made(
        cls,
        scene: Scene,
        repeat: Repeat | None = None,
        *,
        title: str = "Weekly",
        owner: str = ANN,
        guests: Iterable[str] = (),
        days: float = 0,
        **more: Any,
    ) -> Series:
        """A person makes a series of one-hour meetings, three weekly ones unless `repeat` says otherwise."""
        to = tuple(one if "@" in one else address(one) for one in guests)
        begins, ends = wall(days=days), wall(days=days, hours=1)
        said = scene.outlook(owner).create(title, begins, ends, guests=to, recurrence=repeat or weekly(3), **more)
        return cls(scene, str(said["id"]), owner)

    def dates(self, person: str = "") -> list[dict[str, Any]]:
        """What a calendar shows of it, the organiser's unless another is named, cancelled dates left out."""
        found = self.scene.outlook(person or self.owner).occurrences(self._master_in(person), *_span())
        return [one for one in found if not one["isCancelled"]]

    def nth(self, number: int, person: str = "") -> str:
        """The id of a date; 0 is the first that still stands."""
        return str(self.dates(person)[number]["id"])

    def shown(self) -> Dates:
        """What the organiser's calendar shows of it."""
        return [(one["start"]["dateTime"][:16], one["subject"]) for one in self.dates()]

    def move(self, number: int, to_week: float, *, hours: float = 0) -> None:
        """The organiser moves one date."""
        when = wall(to_week, hours=hours), wall(to_week, hours=hours + 1)
        self.scene.outlook(self.owner).move(self.nth(number), *when)

    def rename(self, number: int, title: str) -> None:
        """The organiser gives one date a title of its own."""
        self.scene.outlook(self.owner).rename(self.nth(number), title)

    def cancel(self, number: int) -> None:
        """The organiser takes one date out."""
        self.scene.outlook(self.owner).delete(self.nth(number))

    def end(self) -> None:
        """The organiser deletes the whole series."""
        self.scene.outlook(self.owner).delete(self.master)

    def _master_in(self, person: str) -> str:
        if person in ("", self.owner):
            return self.master
        (copy,) = [event for event in self.scene.work.events(address(person)) if event["type"] == "seriesMaster"]
        return str(copy["id"])


def _span() -> tuple[date, date]:
    return DAY.date() - timedelta(days=60), DAY.date() + timedelta(days=400)
