"""Time zones by their Windows and IANA names, and Graph's `dateTimeTimeZone`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from tzlocal.windows_tz import win_tz

from sandbox.microsoft.errors import invalid_property, unreadable_body, unsupported_zone

_UTC_NAMES = {"utc", "etc/utc", "etc/gmt", "gmt", "z", "tzone://microsoft/utc"}
_WALL = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)


@cache
def _names() -> dict[str, str]:
    """Every supported name in lower case, and the IANA zone it stands for (tzlocal keeps Unicode's table)."""
    names = {name.lower(): name for name in available_timezones()}
    return names | {name.lower(): iana for name, iana in win_tz.items()} | dict.fromkeys(_UTC_NAMES, "UTC")


def windows_names() -> list[str]:
    return sorted(win_tz)


def iana_names() -> list[str]:
    return sorted(available_timezones())


@cache
def zone(name: str) -> ZoneInfo:
    """The zone called `name`. Raises GraphError (TimeZoneNotSupportedException)."""
    iana = _names().get(name.lower())
    if iana is None:
        raise unsupported_zone(name)
    return ZoneInfo(iana)


def parse_wall(text: Any) -> tuple[datetime, str | None]:
    """Wall time (naive) and the offset, if one was written. Raises GraphError."""
    match = _WALL.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise unreadable_body("Cannot convert the literal of a dateTime property to the expected type 'Edm.DateTime'.")
    day, time, fraction, offset = match.groups()
    try:
        wall = datetime.fromisoformat(f"{day}T{time or '00:00'}")
    except ValueError as error:
        raise unreadable_body("A dateTime property holds no valid date and time.") from error
    return wall + timedelta(microseconds=int((fraction or "0").ljust(6, "0")[:6])), offset


def parse_instant(text: str) -> datetime:
    """An instant of a query string: with an offset, or else in UTC. Raises GraphError."""
    wall, offset = parse_wall(text.replace(" ", "+") if re.search(r"\d \d\d:\d\d$", text) else text)
    if offset is None or offset.upper() == "Z":
        return wall.replace(tzinfo=UTC)
    return datetime.fromisoformat(f"{wall.isoformat()}{offset}").astimezone(UTC)


def format_wall(wall: datetime) -> str:
    return f"{wall:%Y-%m-%dT%H:%M:%S}.{wall.microsecond:06d}0"


def format_stamp(instant: datetime) -> str:
    """A `createdDateTime`: UTC, seven digits after the point, `Z`."""
    return f"{format_wall(instant)}Z"


@dataclass(frozen=True)
class Moment:
    """A wall time in a zone, as it was written."""

    wall: datetime
    zone_name: str

    @cached_property
    def utc(self) -> datetime:
        """The instant; a wall time that is skipped in spring is read with the offset before the change."""
        return self.wall.replace(tzinfo=zone(self.zone_name)).astimezone(UTC)

    def shown(self, zone_name: str) -> dict[str, str]:
        """As a `dateTimeTimeZone` in another zone."""
        wall = self.utc.astimezone(zone(zone_name)).replace(tzinfo=None)
        return {"dateTime": format_wall(wall), "timeZone": zone_name}

    @staticmethod
    def parse(value: Any) -> Moment:
        """From a `dateTimeTimeZone`. An offset in the text is ignored: the digits are wall time in the zone.

        Raises GraphError for an unknown zone or an unreadable time.
        """
        given = {key.lower(): item for key, item in value.items()} if isinstance(value, dict) else {}
        if "datetime" not in given:
            raise invalid_property("A dateTimeTimeZone needs dateTime and timeZone.")
        wall, _ = parse_wall(given["datetime"])
        name = given.get("timezone") or "UTC"
        if not isinstance(name, str):
            raise unreadable_body("timeZone must be a string.")
        zone(name)
        return Moment(wall, name)


@dataclass(frozen=True)
class Span:
    """From start (inclusive) to end (exclusive)."""

    start: Moment
    end: Moment

    @property
    def length(self) -> timedelta:
        """By wall clocks when both ends are in one zone, else by instants."""
        if self.start.zone_name == self.end.zone_name:
            return self.end.wall - self.start.wall
        return self.end.utc - self.start.utc
