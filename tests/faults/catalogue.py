"""Every fault by name: where it may fall, and what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from faults.places import COMMIT, LISTS, STAGING, STATE, Place


class Means(StrEnum):
    """Who lets it fall: the clients' transport, the sandbox, the process itself, the database driver, the disk."""

    WIRE = "wire"
    ANSWER = "answer"
    DEATH = "death"
    DATABASE = "database"
    DISK = "disk"


@dataclass(frozen=True)
class Fault:
    """falls: whether it may fall on a place. effect: of Means.ANSWER, the sandbox's; by system where they differ.

    lasts: it may also go on until the stage is over.
    """

    name: str
    means: Means
    falls: Callable[[Place], bool]
    effect: dict[str, Any] | None = None
    lasts: bool = True

    def effect_on(self, place: Place) -> dict[str, Any]:
        effect = self.effect or {}
        return effect.get(place.system, effect)


_ALONE = {"batch", "view", "dates", "find", "users"}
"""Graph's routes that are asked for one by one; the others come as parts of a batch."""


def _on_wire(place: Place) -> bool:
    """What the clients' own transport carries; MSAL has another one."""
    return place.system == "sharecrm" or (place.system == "graph" and place.route in _ALONE)


def _remote(place: Place) -> bool:
    return place.system in ("graph", "sharecrm", "login")


def _graph(place: Place) -> bool:
    return place.system == "graph"


def _crm(place: Place) -> bool:
    return place.system == "sharecrm"


def _mailbox(place: Place) -> bool:
    return _graph(place) and place.route not in ("batch", "users")


def _authorised(place: Place) -> bool:
    return _graph(place) or (_crm(place) and place.route != "token")


def _list(place: Place) -> bool:
    return _remote(place) and place.route in LISTS


def _counted_list(place: Place) -> bool:
    """A delta page that says it is the last one and withholds changes is not among them: nobody can tell, until the
    mailbox is read anew.
    """
    return _list(place) and not _delta(place)


def _delta(place: Place) -> bool:
    return place.what == "graph delta"


def _event(place: Place) -> bool:
    return _graph(place) and place.route in ("change", "delete", "event")


def _dies(place: Place) -> bool:
    return _on_wire(place) or place.what == COMMIT


def _at(what: str) -> Callable[[Place], bool]:
    return lambda place: place.what == what


def _status(status: int, **more: Any) -> dict[str, Any]:
    return {"status": status, **more}


_FAULTS = (
    Fault("refused", Means.WIRE, _on_wire),
    Fault("timed out", Means.WIRE, _on_wire),
    Fault("timed out when done", Means.WIRE, _on_wire),
    Fault("answer cut", Means.WIRE, _on_wire),
    Fault("dropped", Means.ANSWER, _remote, {"refuse": True}),
    Fault("answer lost", Means.ANSWER, _remote, {"lose_answer": True}),
    Fault("429", Means.ANSWER, _remote, _status(429)),
    Fault("429, 30 s", Means.ANSWER, _remote, _status(429, retry_after=30)),
    Fault("429, an hour", Means.ANSWER, _remote, _status(429, retry_after=3600)),
    Fault("500", Means.ANSWER, _remote, _status(500)),
    Fault("502", Means.ANSWER, _remote, _status(502)),
    Fault("503", Means.ANSWER, _remote, _status(503)),
    Fault("503, 30 s", Means.ANSWER, _remote, _status(503, retry_after=30)),
    Fault("504", Means.ANSWER, _remote, _status(504)),
    Fault("web page", Means.ANSWER, _remote, {"html": True}),
    Fault("401", Means.ANSWER, _authorised, {"graph": _status(401), "sharecrm": {"code": 20016}}, lasts=False),
    Fault("403", Means.ANSWER, _graph, _status(403)),
    Fault("404, no mailbox", Means.ANSWER, _mailbox, _status(404, code="ErrorNonExistentMailbox")),
    Fault("410", Means.ANSWER, _graph, _status(410)),
    Fault("token expired", Means.ANSWER, _delta, {"expire_delta": True}, lasts=False),
    Fault("412", Means.ANSWER, _event, _status(412)),
    Fault("rate code", Means.ANSWER, _crm, {"code": 30004}),
    Fault("busy code", Means.ANSWER, _crm, {"code": -1}),
    Fault("fault code", Means.ANSWER, _crm, {"code": 50009}),
    Fault("page cut", Means.ANSWER, _counted_list, {"cut_page": True}),
    Fault("page twice", Means.ANSWER, _list, {"duplicate_page": True}),
    Fault("killed before", Means.DEATH, _dies, lasts=False),
    Fault("killed after", Means.DEATH, _dies, lasts=False),
    Fault("killed half way", Means.DEATH, _at(STAGING), lasts=False),
    Fault("state gone", Means.DATABASE, _at(STATE)),
    Fault("commit fails", Means.DATABASE, _at(COMMIT)),
    Fault("commit unanswered", Means.DATABASE, _at(COMMIT), lasts=False),
    Fault("no space", Means.DISK, _at(STAGING)),
)
FAULTS = {fault.name: fault for fault in _FAULTS}
