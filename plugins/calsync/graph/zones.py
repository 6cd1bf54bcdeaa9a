"""Time zones as Graph names them: Windows names and IANA names, some of which nobody knows (RULES F3)."""

from __future__ import annotations

from datetime import UTC, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import tz_win, win_tz

_WINDOWS = {name.casefold(): iana for name, iana in win_tz.items()}
_UTC_NAMES = {"utc", "tzone://microsoft/utc", "etc/utc", "gmt", "z"}


def iana(name: str) -> str:
    """The IANA name of a zone given by its Windows or IANA name; "" for custom and unknown ones."""
    name = name.strip()
    if name.casefold() in _UTC_NAMES:
        return "UTC"
    known = _WINDOWS.get(name.casefold())
    if known is not None:
        return known
    return name if name and _zone(name) is not None else ""


def zone(name: str) -> tzinfo | None:
    """The time zone of a Windows or IANA name, None when there is none of that name."""
    found = iana(name)
    return UTC if found == "UTC" else _zone(found)


def graph_name(name: str) -> str:
    """The name to give to Graph for an IANA zone: Windows' where it has one, since not every IANA name is accepted."""
    return "UTC" if iana(name) == "UTC" else tz_win.get(name, name)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a zone's name at all; a folder of zones
        return None
