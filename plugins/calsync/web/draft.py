"""What a person typed into the configuration's form, as a tenant and its two connections, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from calsync.config.load import clashes
from calsync.config.model import Tenant
from calsync.config.problems import by_field
from calsync.web.credentials import CrmForm, Kept, MicrosoftForm

SETTINGS: Final = (
    "name", "description", "installation", "enterprise", "microsoft_tenant", "time_zone",
    "connections.crm", "connections.graph",
    "direction", "scope", "out_of_scope", "window.past_days", "window.future_days", "conflicts", "deletions",
    "invitations", "first_sync", "limits.max_mails_per_run", "schedule.every_minutes", "schedule.cron",
)  # fmt: skip
"""The settings of the file that the form has, by their place in it. All others stay as they are."""

FIXED: Final = ("installation",)
"""Settings that never change once there is a file."""

SETTLED: Final = ("enterprise", "microsoft_tenant")
"""Settings that do not change any more once there are links: what is stored speaks of these two systems."""

RESERVED: Final = ("new",)
"""Keys that would hide a page."""

_KEY_SHOWN: Final = "is not a key: use 1-63 small letters, digits, '-' or '_', beginning with a letter or a digit"


@dataclass(frozen=True, slots=True)
class Known:
    """What the form is about. folder: of the tenant files. key: "" for a new tenant that has none yet.

    tenant: as its file has it. crm, graph: the connections that its form names. settled: whether there are links.
    """

    folder: Path
    key: str
    tenant: Tenant | None = None
    settled: bool = False
    crm: Kept = field(default_factory=lambda: Kept())
    graph: Kept = field(default_factory=lambda: Kept())


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form says. tenant: None while a setting of it is wrong. problems: by field; "" means the whole."""

    tenant: Tenant | None
    crm: CrmForm
    graph: MicrosoftForm
    problems: Mapping[str, str]


def drafted(values: Mapping[str, str], known: Known) -> Draft:
    """The form's values as a tenant with its connections; every problem at once, one sentence a field."""
    problems: dict[str, str] = {}
    tenant = _tenant(values, known, problems)
    crm, graph = CrmForm(values, known.crm), MicrosoftForm(values, known.graph)
    for problem in (crm.problems(), graph.problems(), clashes(known.folder, tenant) if tenant else {}):
        for name, sentence in problem.items():
            problems.setdefault(name, sentence)
    return Draft(tenant, crm, graph, problems)


def shown(tenant: Tenant) -> dict[str, str]:
    """A tenant's settings as the form shows them."""
    said = tenant.model_dump(mode="json")
    values = {name: _at(said, name) for name in SETTINGS}
    if values["schedule.cron"]:
        values["schedule.every_minutes"] = None
    return {name: "" if value is None else str(value) for name, value in values.items()}


def _tenant(values: Mapping[str, str], known: Known, problems: dict[str, str]) -> Tenant | None:
    said: dict[str, Any] = {}
    if known.tenant:
        said = known.tenant.model_dump(mode="json", exclude={"key"}, exclude_unset=True)
    kept = FIXED + (SETTLED if known.settled else ()) if known.tenant else ()
    for name in SETTINGS:
        if name in values and name not in kept:
            _put(said, name, values[name].strip())
    said["connections"] = {"crm": known.crm.conn_id, "graph": known.graph.conn_id}
    if _at(said, "schedule.cron"):
        said["schedule"].pop("every_minutes", None)
    if not known.tenant and known.key in RESERVED:
        problems["key"] = f"'{known.key}' is the address of this page: choose another key"
    try:
        return Tenant.model_validate({**said, "key": known.key})
    except ValidationError as error:
        problems |= by_field(error)
        if "key" in problems:
            problems["key"] = _KEY_SHOWN
        return None


def _put(said: dict[str, Any], name: str, value: str) -> None:
    """An empty value takes the setting out, so that its default holds, or that it is missed."""
    *blocks, last = name.split(".")
    for block in blocks:
        said = said.setdefault(block, {})
    if value:
        said[last] = value
    else:
        said.pop(last, None)


def _at(said: Mapping[str, Any], name: str) -> Any:
    found: Any = said
    for part in name.split("."):
        found = (found or {}).get(part)
    return found
