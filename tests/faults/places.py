"""Where a fault can fall: a stage, and a remote call, a transaction, a commit or a staged file of it.

A place is written `load graph create`, one of its turns `load graph create#2`. Remote calls are classed by route, since
an id or a delta token in a path is another one in each world.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import unquote


class Route(NamedTuple):
    """A class of requests to one system; `path` is a regular expression searched for in the decoded path."""

    system: str
    name: str
    method: str
    path: str


ROUTES = (
    Route("graph", "batch", "POST", r"/\$batch$"),
    Route("graph", "delta", "GET", r"/calendarView/delta"),
    Route("graph", "view", "GET", r"/calendarView\?"),
    Route("graph", "dates", "GET", r"/instances\?"),
    Route("graph", "find", "GET", r"/events\?"),
    Route("graph", "event", "GET", r"/events/[^/?]+(\?|$)"),
    Route("graph", "users", "GET", r"^/v1.0/users\?"),
    Route("graph", "create", "POST", r"/events$"),
    Route("graph", "change", "PATCH", r"/events/"),
    Route("graph", "delete", "DELETE", r"/events/"),
    Route("sharecrm", "token", "POST", r"/oauth2.0/token"),
    Route("sharecrm", "describe", "POST", r"/object/"),
    Route("sharecrm", "employees", "POST", r"/user/list"),
    Route("sharecrm", "query", "POST", r"/data/query"),
    Route("sharecrm", "get", "POST", r"/data/get"),
    Route("sharecrm", "create", "POST", r"/data/create"),
    Route("sharecrm", "update", "POST", r"/data/update"),
    Route("sharecrm", "invalid", "POST", r"/data/invalid"),
    Route("sharecrm", "recover", "POST", r"/data/recover"),
    Route("login", "configuration", "GET", r"/openid-configuration"),
    Route("login", "token", "POST", r"/oauth2/v2.0/token"),
)
LISTS = {"delta", "view", "dates", "find", "users", "query"}

COMMIT, STATE, STAGING = "state commit", "state transaction", "staging write"


class Place(NamedTuple):
    """what: `graph create`, or one of COMMIT, STATE, STAGING."""

    stage: str
    what: str

    @property
    def system(self) -> str:
        return self.what.split()[0]

    @property
    def route(self) -> str:
        return self.what.split()[1]

    def __str__(self) -> str:
        return f"{self.stage} {self.what}"


def route_of(method: str, path: str, system: str = "") -> Route:
    """The class of a request. Raises LookupError for one that nobody thought of."""
    said = unquote(path)
    for route in ROUTES:
        if route.method == method and re.search(route.path, said) and system in ("", route.system):
            return route
    raise LookupError(f"no route for {method} {said}: name it in tests/faults/places.py")


def answered(stage: str, entry: dict[str, Any]) -> list[Place]:
    """The places of one entry of the sandbox's request log: a batch is one, and each of its parts."""
    found = [(entry["method"], entry["path"]), *((part["method"], part["path"]) for part in entry.get("parts", ()))]
    routes = [route_of(method, path, entry["system"]) for method, path in found]
    return [Place(stage, f"{route.system} {route.name}") for route in routes]
