"""Addresses below Graph's version root, and what of them may be logged."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from calsync.errors import Refused, Remote

_MAILBOX = re.compile(r"^/?users/([^/?]+)/")
_MOST_VISITS = 3
_LONGEST_LINK = 50_000
"""Characters; httpx takes no address beyond 65,536."""
_SAFE_WORDS = {
    "users",
    "events",
    "calendar",
    "calendars",
    "calendarView",
    "delta",
    "instances",
    "cancel",
    "accept",
    "decline",
    "tentativelyAccept",
    "$batch",
}


def url(*segments: str, **query: str | int) -> str:
    """A relative address: segments are percent-encoded; a query name's leading `_` stands for OData's `$`."""
    path = "/" + "/".join(quote(segment, safe="$") for segment in segments)
    if not query:
        return path
    pairs = {(f"${name[1:]}" if name.startswith("_") else name): value for name, value in query.items()}
    return f"{path}?{urlencode(pairs, quote_via=quote, safe='$,:')}"


def literal(text: str) -> str:
    """`text` as an OData string literal: quotes doubled."""
    return "'" + text.replace("'", "''") + "'"


class Trail:
    """The links of one listing, to see when it leads in a circle; a page now and then comes twice in practice."""

    def __init__(self) -> None:
        self._met: Counter[str] = Counter()

    def circles(self, link: str) -> bool:
        """Whether `link`, now to be followed, was followed too often before."""
        self._met[link] += 1
        return self._met[link] > _MOST_VISITS


def mailbox_of(path: str) -> str:
    """The mailbox a relative address goes to, "" when it goes to none."""
    found = _MAILBOX.match(path)
    return found.group(1).lower() if found else ""


def redacted(path: str) -> str:
    """`path` with every id as `*` and without its query (which holds delta tokens and values of marks)."""
    words = urlsplit(path).path.strip("/").split("/")
    return "/" + "/".join(word if word in _SAFE_WORDS else "*" for word in words)


def below(base_url: str, link: str) -> str:
    """The absolute `link` of an answer, relative to `base_url`.

    Raises Refused for a link that leads to another host or out of the version root, or is none: a token never goes
    there.
    """
    base, target = urlsplit(base_url), _split(link)
    same_host = (base.scheme, base.netloc.lower()) == (target.scheme, target.netloc.lower())
    inside = target.path.startswith(base.path + "/") and ".." not in target.path.split("/")
    if not same_host or not inside:
        raise Refused("Graph answered with a link to another host; it was not followed", Remote("graph"))
    rest = target.path.removeprefix(base.path)
    return f"{rest}?{target.query}" if target.query else rest


def _split(link: str) -> SplitResult:
    """The parts of a link; those of an empty one when it holds what no address can."""
    if len(link) > _LONGEST_LINK or not link.isascii() or not link.isprintable():
        return urlsplit("")
    try:
        return urlsplit(link)
    except ValueError:
        return urlsplit("")
