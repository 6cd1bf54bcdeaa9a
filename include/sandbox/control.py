"""The control interface: how tests, demos and checks set the scene and look at what happened (README: every shape)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt

from sandbox import seed
from sandbox.faults import Rule
from sandbox.microsoft.errors import GraphError
from sandbox.microsoft.items import Disguise
from sandbox.seed import Seed
from sandbox.sharecrm.describe import SCHEDULE, fields_of
from sandbox.sharecrm.settings import Settings
from sandbox.titles import Way
from sandbox.world import Clock, Limits, World

_CRM_NAMES = {"sharecrm": "crm"}
_REGISTERED = {"roles", "redirect_uris", "consent"}
"""What an administrator says of the application."""

_DAYS_BACK, _DAYS_AHEAD = 40, 220
"""How far the state expands series when nobody says it."""


class Size(BaseModel):
    """A generated crowd: `mailboxes` people with an employee each, `events_each` Outlook events in every mailbox."""

    model_config = ConfigDict(extra="forbid")

    mailboxes: PositiveInt
    events_each: int = Field(ge=0)


class ClockChange(BaseModel):
    """`now` and `advance_s` set the time, `skew_s` each system's distance from it, `freeze` stops or restarts it."""

    model_config = ConfigDict(extra="forbid")

    now: AwareDatetime | None = None
    advance_s: float | None = None
    skew_s: dict[Literal["crm", "sharecrm", "graph", "login"], float] | None = None
    freeze: bool | None = None


class Reset(Seed):
    """What the world holds after a reset: a seed, a team, or a crowd; `clock` and `sharecrm` are set before it."""

    team: Literal["sales"] | None = None
    size: Size | None = None
    clock: ClockChange = Field(default_factory=ClockChange)
    sharecrm: Settings = Field(default_factory=Settings)


class LimitsChange(BaseModel):
    """The limits to change, by name; those not named stay. Null means no limit, where that can be."""

    model_config = ConfigDict(extra="forbid")

    latency_s: NonNegativeFloat = 0.0
    mailbox_concurrency: PositiveInt | None = None
    requests_per_window: PositiveInt | None = None
    window_s: float = Field(default=600.0, gt=0)
    batch_parallel: PositiveInt = 4
    crm_calls_per_window: PositiveInt | None = None
    crm_window_s: float = Field(default=20.0, gt=0)
    crm_token_calls_per_minute: PositiveInt | None = None


class MailboxState(BaseModel):
    """The state a mailbox is put into; `new` answers 404 for a while, then becomes `ok`."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["ok", "none", "forbidden", "new", "deleted"]


class QuirkChange(BaseModel):
    """What Microsoft is to do differently (`sandbox.microsoft.state.Quirks`), and how the application is registered."""

    model_config = ConfigDict(extra="forbid")

    duplicate_transaction_status: Literal[400, 409] = 400
    empty_first_page: bool = False
    replay: bool = False
    late_rewrite: bool = False
    late_touch: bool = False
    subjects: Way = "as_written"
    delta_lag: int = Field(default=0, ge=0)
    role_based: bool = False
    declined_disappear: bool = False
    roles: list[str] = Field(default_factory=list)
    redirect_uris: list[str] = Field(default_factory=list)
    consent: Literal["given", "asked", "admin"] = "given"


class DisguiseChange(BaseModel):
    """An event of a mailbox and what Graph's answers say of it from now on (`sandbox.microsoft.items.Disguise`)."""

    model_config = ConfigDict(extra="forbid")

    mailbox: str
    event: str
    rule: Literal["readable", "unknown_type", "missing"] = "readable"
    zone: str | None = None


def router(world: World) -> APIRouter:
    """The routes of `/_control`."""
    routes = APIRouter()
    for add in (_add_scene, _add_sharecrm, _add_microsoft, _add_clock, _add_faults, _add_limits, _add_logs):
        add(routes, world)
    return routes


def _add_scene(routes: APIRouter, world: World) -> None:
    @routes.post("/reset")
    async def reset(body: Reset | None = None) -> dict[str, Any]:
        body = body or Reset()
        world.reset()
        _set_clock(world.clock, body.clock)
        world.sharecrm.settings = body.sharecrm
        scene = _scene(body, world.clock.now())
        try:
            seed.plant(world, scene)
        except (KeyError, ValueError, GraphError) as error:
            world.reset()
            raise HTTPException(422, f"The seed cannot be planted: {error}. Nothing is in the world now.") from error
        return {"planted": {name: len(getattr(scene, name)) for name in Seed.model_fields}}

    @routes.get("/state")
    async def state(first: date | None = None, last: date | None = None) -> JSONResponse:
        today = world.clock.now().date()
        first = first or today - timedelta(days=_DAYS_BACK)
        last = last or today + timedelta(days=_DAYS_AHEAD)
        return JSONResponse({"sharecrm": world.sharecrm.dump(), "outlook": world.microsoft.dump(first, last)})


def _scene(body: Reset, now: datetime) -> Seed:
    if body.team:
        return seed.team(now)
    if body.size:
        return seed.crowd(now, body.size.mailboxes, body.size.events_each)
    return body


def _add_sharecrm(routes: APIRouter, world: World) -> None:
    @routes.get("/sharecrm")
    async def settings() -> dict[str, Any]:
        return world.sharecrm.settings.model_dump()

    @routes.post("/sharecrm")
    async def change_settings(changes: dict[str, Any]) -> dict[str, Any]:
        try:
            world.sharecrm.settings = Settings(**{**world.sharecrm.settings.model_dump(), **changes})
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        return await settings()

    @routes.get("/sharecrm/fields")
    async def fields() -> dict[str, dict[str, str]]:
        described = fields_of(SCHEDULE, world.sharecrm.settings).values()
        return {field.role: {"api_name": field.api_name, "type": field.type} for field in described}


def _add_microsoft(routes: APIRouter, world: World) -> None:
    @routes.get("/microsoft")
    async def quirks() -> dict[str, Any]:
        app = world.microsoft.application
        registered = {name: getattr(app, name) for name in _REGISTERED}
        return {**vars(world.microsoft.quirks), **registered}

    @routes.post("/microsoft")
    async def change_quirks(body: QuirkChange) -> dict[str, Any]:
        changes = body.model_dump(exclude_unset=True)
        for name in _REGISTERED & changes.keys():
            setattr(world.microsoft.application, name, changes.pop(name))
        world.microsoft.quirks = replace(world.microsoft.quirks, **changes)
        return await quirks()

    @routes.post("/mailbox/{address}")
    async def mailbox(address: str, body: MailboxState) -> dict[str, str]:
        try:
            world.microsoft.set_mailbox_state(address, body.state)
        except KeyError as error:
            raise HTTPException(404, f"There is no mailbox {address}. Seed it first.") from error
        return {"address": address, "state": body.state}

    @routes.post("/disguise")
    async def disguise(body: DisguiseChange) -> dict[str, Any]:
        try:
            world.microsoft.disguise(body.mailbox, body.event, Disguise(body.rule, body.zone))
        except (KeyError, GraphError) as error:
            raise HTTPException(404, f"There is no such event in {body.mailbox}: {error}") from error
        return body.model_dump()


def _add_clock(routes: APIRouter, world: World) -> None:
    @routes.get("/clock")
    async def clock() -> dict[str, Any]:
        return _clock(world)

    @routes.post("/clock")
    async def change_clock(body: ClockChange) -> dict[str, Any]:
        _set_clock(world.clock, body)
        return _clock(world)


def _add_faults(routes: APIRouter, world: World) -> None:
    @routes.get("/faults")
    async def faults() -> list[dict[str, Any]]:
        return [rule.model_dump(exclude_none=True) for rule in world.faults.rules]

    @routes.post("/faults")
    async def add_faults(body: Rule | list[Rule]) -> list[dict[str, Any]]:
        world.faults.rules.extend(body if isinstance(body, list) else [body])
        return await faults()

    @routes.delete("/faults")
    async def delete_faults() -> list[dict[str, Any]]:
        world.faults.reset()
        return []


def _add_limits(routes: APIRouter, world: World) -> None:
    @routes.get("/limits")
    async def limits() -> dict[str, Any]:
        return vars(world.limits)

    @routes.post("/limits")
    async def change_limits(body: LimitsChange) -> dict[str, Any]:
        world.limits = Limits(**{**vars(world.limits), **body.model_dump(exclude_unset=True)})
        return vars(world.limits)


def _add_logs(routes: APIRouter, world: World) -> None:
    @routes.get("/log/{log}")
    async def log(log: Literal["requests", "writes", "mails"], since: int | AwareDatetime = 0) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = getattr(world.logs, log)
        if isinstance(since, int):
            return [entry for entry in entries if entry["n"] > since]
        return [entry for entry in entries if datetime.fromisoformat(entry["at"]) >= since]


def _set_clock(clock: Clock, change: ClockChange) -> None:
    if change.freeze is not None:
        clock.freeze(change.freeze)
    if change.now is not None:
        clock.set(change.now)
    if change.advance_s is not None:
        clock.advance(change.advance_s)
    for name, seconds in (change.skew_s or {}).items():
        clock.set_skew(_CRM_NAMES.get(name, name), seconds)


def _clock(world: World) -> dict[str, Any]:
    clock = world.clock
    return {
        "now": clock.now().isoformat(),
        "frozen": clock.frozen,
        "skew_s": {name: skew.total_seconds() for name, skew in clock.skew.items()},
        "systems": {name: clock.now(name).isoformat() for name in ("crm", "graph", "login")},
    }
