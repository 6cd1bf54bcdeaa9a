"""What `doctor` looks at in ShareCRM: connection, token, fields, Calendar field, deletions, clock. Reads only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from calsync.core.model import Life, Side
from calsync.errors import ConfigError, Forbidden, Refused
from calsync.sharecrm import moments
from calsync.sharecrm.describe import SCHEDULE, resolve
from calsync.sharecrm.read import open_reader
from calsync.stages.check import Check, Level, Look, clock, in_turn, ok, warn

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.core.plan import Action
    from calsync.sharecrm.client import CrmClient
    from calsync.sharecrm.describe import Fields
    from calsync.sharecrm.read import CrmReader
    from calsync.stages.context import Ports

CONNECTION, DELETIONS = "ShareCRM connection", "ShareCRM deletions"
OPTIONAL = ("all_day", "contacts", "accounts", "private", "calendar")
NEEDED = ("content", "start", "end", "participants")

LOOK_BACK = timedelta(days=30)
TRIED = 5
"""So many records that calsync itself invalidated are looked at for whether a listing by watermark names them."""

STAMP_SLACK = timedelta(minutes=10)


async def of_crm(tenant: Tenant, ports: Ports, within_s: float | None = None) -> list[Check]:
    """The checks of ShareCRM's side.

    :param within_s: seconds that each of them may take
    """
    try:
        client = ports.crm()
    except ConfigError as error:
        return [Check(CONNECTION, Level.BAD, str(error))]
    async with client as crm:
        return await in_turn(_looks(tenant, ports, crm), within_s)


def _looks(tenant: Tenant, ports: Ports, client: CrmClient) -> list[Look]:
    async def connection() -> tuple[Level, str]:
        return ok(f"The connection is complete; ShareCRM is {client.settings.base_url}.")

    async def token() -> tuple[Level, str]:
        await client.ready()
        return ok("ShareCRM gives a token and answers.")

    async def fields() -> tuple[Level, str]:
        return ok(_fields(await resolve(client)))

    async def calendar() -> tuple[Level, str]:
        return await _calendar(tenant, await open_reader(client))

    async def deletions() -> tuple[Level, str]:
        return await _deletions(tenant, ports, await open_reader(client))

    async def time() -> tuple[Level, str]:
        return clock("ShareCRM", client.offset.total_seconds())

    return [
        Look(CONNECTION, connection, needed=True),
        Look("ShareCRM token", token, needed=True),
        Look("ShareCRM clock", time),
        Look("ShareCRM fields", fields, needed=True),
        Look("ShareCRM calendar", calendar),
        Look(DELETIONS, deletions),
    ]


def _fields(fields: Fields) -> str:
    """Which role is which field, and which optional roles this enterprise has no field for."""
    found = {role: field.name for role in (*NEEDED, *OPTIONAL) if (field := getattr(fields, role))}
    lacking = [role for role in OPTIONAL if role not in found]
    said = f"ScheduleObj is understood: {', '.join(f'{role} = {name}' for role, name in found.items())}."
    return f"{said} There is no field for {', '.join(lacking)}: that is not synchronised." if lacking else said


async def _calendar(tenant: Tenant, reader: CrmReader) -> tuple[Level, str]:
    """Whether an event can bear this configuration's name in its Calendar field (D6): by its options, or an event."""
    field = reader.shape.fields.calendar
    if tenant.scope == "all" or field is None:
        return ok("Every event belongs to this configuration (scope: all), so no Calendar field is needed.")
    if any(tenant.name in option for option in field.options):
        return ok(f"The Calendar field {field.name} has the option '{tenant.name}'.")
    named = [{"field_name": field.name, "operator": "EQ", "field_values": [field.value(tenant.name)]}]
    async for _ in reader.query(SCHEDULE, named, ("_id",)):
        return ok(f"There are events whose Calendar field {field.name} says '{tenant.name}'.")
    return warn(
        f"No event says '{tenant.name}' in its Calendar field {field.name}, and no option of it does: nothing goes to "
        "Outlook until one does, but what bears an earlier name of this configuration. Make it an option there, or "
        "correct `name` in the file."
    )


async def _deletions(tenant: Tenant, ports: Ports, reader: CrmReader) -> tuple[Level, str]:
    """Whether invalidated records come with the watermark (G1), by records that calsync itself has invalidated."""
    sweep = f"each run also lists a slice of the window, so a deletion is seen within {tenant.sweep_hours} h"
    key, since = tenant.key, ports.now() - LOOK_BACK
    ours = [a for a in ports.store.ended_since(key, since) if a.side is Side.CRM and a.target_id]
    for action in ours[-TRIED:]:
        done = [e.at for e in ports.store.history(key, link=action.link) if e.done and e.action == action.id]
        listed = await _is_listed(reader, action, max(done)) if done else None
        if listed is not None:
            come = "come" if listed else "do not come"
            return ok(f"Deleted records {come} with the watermark; {sweep}.")
    return ok(f"Whether deleted records come with the watermark is not known yet; {sweep}.")


async def _is_listed(reader: CrmReader, action: Action, deleted: datetime) -> bool | None:
    """Whether a listing by watermark names a record that was invalidated at `deleted`; None: it cannot be told."""
    try:
        row = await reader.get(action.target_id, user=action.actor)
    except (Refused, Forbidden):
        return None
    if row.life is not Life.INVALID or row.modified is None:
        return None
    since = deleted - STAMP_SLACK
    if row.modified < since:
        return False
    filters = [
        {"field_name": "_id", "operator": "IN", "field_values": [row.id]},
        {"field_name": "last_modified_time", "operator": "GTE", "field_values": [str(moments.millis(since))]},
    ]
    return bool([record async for record in reader.query(SCHEDULE, filters, ("_id",))])
