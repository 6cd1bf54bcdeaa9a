"""`Tenant`: everything one tenant file says, checked and frozen. Numbers in brackets are rules of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from calsync.config.parts import Connections, Crm, Limits, Part, Pools, Retention, Schedule, Window
from calsync.config.values import Guid, Installation, MicrosoftUser, Name, PropertyId, Tag, Word, Zone, check_key


class TenantFile(Part):
    """What a tenant's YAML file may hold."""

    name: Name = Field(
        description="The configuration's name as ShareCRM's Calendar field shows it; unique, 1-100 characters, not "
        "'CRM Calendar'. It may change, the file's name may not: events that bear an earlier name of it stay in "
        "its calendar."
    )
    description: str = Field(default="", max_length=2000, description="For people; at most 2,000 characters.")
    installation: Installation = Field(
        description="Id of this calsync installation. It is part of the mark on every event calsync creates (B3): "
        "never change it, and let no other installation bear it."
    )
    enterprise: Word = Field(description="The ShareCRM enterprise account (`ea`).")
    microsoft_tenant: Guid = Field(description="The Microsoft tenant's directory id, a GUID.")
    connections: Connections = Field(description="The Airflow connections that reach the two systems.")
    time_zone: Zone = Field(description="IANA time zone of the tenant, such as Europe/Berlin (F2, F5).")
    time_zones: Mapping[Word, Zone] = Field(
        default_factory=dict,
        description="IANA time zone of single employees, by employee id. Unset: learnt from their own events (A5).",
    )

    direction: Literal["bidirectional", "crm_to_outlook", "outlook_to_crm"] = Field(
        default="bidirectional",
        description="Which way changes travel. One-way writes nothing at all on its source side (C9).",
    )
    scope: Literal["calendar", "all"] = Field(
        default="calendar",
        description="`calendar`: only ShareCRM events whose Calendar field names this configuration. `all`: every "
        "event, for an enterprise whose ScheduleObj has no such field.",
    )
    out_of_scope: Literal["unlink", "delete"] = Field(
        default="unlink",
        description="What happens in Outlook when a ShareCRM event leaves the calendar: nothing more (`unlink`), or it "
        "is deleted (D6, D7).",
    )
    window: Window = Field(default_factory=Window, description="The days looked at.")
    conflicts: Literal["latest", "crm", "outlook"] = Field(
        default="latest",
        description="Who wins when both sides changed the same field (C5). The loser is kept in history.",
    )
    deletions: Literal["lose", "win"] = Field(
        default="lose", description="Whether a deletion loses against an edit on the other side, or wins (D5)."
    )
    invitations: Literal["everyone", "colleagues", "nobody"] = Field(
        default="everyone",
        description="Whom calsync adds to a meeting's attendees, which lets Exchange mail them: employees and "
        "contacts, employees only, or nobody (E2, E5).",
    )
    first_sync: Literal["quiet", "full"] = Field(
        default="quiet",
        description="`quiet`: meetings from before the first run become silent copies. `full`: they may become "
        "invitations too (A4).",
    )
    drift: Literal["keep", "revert"] = Field(
        default="keep",
        description="What becomes of a change that may not be carried over: it is left where it is, or put back (C9).",
    )
    empty_title: str = Field(
        default="(no title)",
        min_length=1,
        max_length=255,
        description="What ShareCRM shows for an Outlook event without a title (F4).",
    )
    foreign_marks: tuple[PropertyId, ...] = Field(
        default=(),
        description="Ids of the extended properties by which other tools mark their events; those are left alone (B3).",
    )
    employees: Mapping[Word, MicrosoftUser | None] = Field(
        default_factory=dict,
        description="Employee id -> Microsoft object id or address, where matching by e-mail does not do; null leaves "
        "the employee out: who took part is revoked, and takes part again once authorised anew without it.",
    )

    schedule: Schedule = Field(default_factory=Schedule, description="When the tenant's DAG runs.")
    batches: int = Field(default=1, ge=1, le=100, description="Into how many parallel tasks reading Outlook is split.")
    pools: Pools = Field(default_factory=Pools, description="Airflow pools of the tenant's tasks.")
    limits: Limits = Field(default_factory=Limits, description="The guard's limits.")
    retention: Retention = Field(default_factory=Retention, description="How long things are kept.")
    sweep_hours: int = Field(
        default=24,
        ge=1,
        le=720,
        description="Hours within which every known ShareCRM id of the window is looked at once (G1).",
    )
    crm: Crm = Field(default_factory=Crm, description="How this ShareCRM enterprise differs from another.")
    tags: tuple[Tag, ...] = Field(default=(), description="Further tags of the tenant's DAG.")
    owner: Word = Field(default="calsync", description="Owner of the DAG's tasks in Airflow.")


class Tenant(TenantFile):
    """One sync configuration. `key` is the stem of its file: it never changes, and everything stored is keyed by it."""

    key: Annotated[str, AfterValidator(check_key)]
