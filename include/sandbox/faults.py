"""Faults on command: rules that say which requests go wrong, and how.

A rule matches by system, method, path and mailbox. The frame applies what concerns a whole HTTP request; a system obeys
what only it can do (`cut_page`, `duplicate_page`, `expire_delta`), which it finds as `request.state.effect`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt, field_validator

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.world import World

System = Literal["graph", "sharecrm", "login"]


class Effect(BaseModel):
    """What happens to a request that a rule picks. Effects combine; `delay_s` (seconds) comes first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: int | None = Field(default=None, ge=200, le=599)
    code: str | int | None = None
    message: str = "A fault that was asked for."
    retry_after: NonNegativeFloat | None = None
    body: Any = None
    delay_s: NonNegativeFloat = 0.0
    lose_answer: bool = False
    refuse: bool = False
    cut_page: bool = False
    duplicate_page: bool = False
    expire_delta: bool = False
    html: bool = False

    @property
    def answers(self) -> bool:
        """Whether the effect itself is the answer, so that no work is done."""
        return self.html or self.status is not None or self.code is not None or self.body is not None


class Rule(BaseModel):
    """Which requests, and what happens to them: the first `skip` matches pass, the next `times` have the effect.

    Without `times` every match has it, until the faults are deleted. `path` is a regular expression searched for in the
    decoded path with its query; `mailbox` is an address (ShareCRM: the id of the acting employee).
    """

    model_config = ConfigDict(extra="forbid")

    system: System
    method: str | None = None
    path: str | None = None
    mailbox: str | None = None
    skip: NonNegativeInt = 0
    times: PositiveInt | None = None
    effect: Effect
    matched: int = 0

    @field_validator("path")
    @classmethod
    def _compiles(cls, path: str | None) -> str | None:
        try:
            re.compile(path or "")
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return path

    def matches(self, system: str, method: str, path: str, mailbox: str | None) -> bool:
        """Whether this rule is about such a request. `path` is decoded."""
        return (
            self.system == system
            and (self.method is None or self.method.upper() == method.upper())
            and (self.path is None or re.search(self.path, path) is not None)
            and (self.mailbox is None or self.mailbox.lower() == (mailbox or "").lower())
        )

    def due(self) -> bool:
        """Count one match; whether the effect falls on it."""
        self.matched += 1
        return self.matched > self.skip and (self.times is None or self.matched <= self.skip + self.times)


class Faults:
    """The rules in force."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rules: list[Rule] = []

    def reset(self) -> None:
        self.rules.clear()

    def take(self, system: str, method: str, path: str, mailbox: str | None = None) -> Effect | None:
        """The effect due on this request now. Every rule that matches counts it; the first that is due wins.

        `path` carries its query and may be percent-encoded. Parts of a `$batch` are asked for one by one.
        """
        decoded = unquote(path)
        found = [rule for rule in self.rules if rule.matches(system, method, decoded, mailbox)]
        due = [rule.effect for rule in found if rule.due()]
        return due[0] if due else None


def drop_answer(request: Request) -> None:
    """Let the connection drop instead of answering `request`; the handler may return anything.

    Before the work this is `refuse`, after it `lose_answer`; a part of a `$batch` drops the connection of the whole.
    """
    request.state.drop = True
