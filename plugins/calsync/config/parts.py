"""The blocks of a tenant file. Field descriptions are what `docs/configuration.md` and the JSON Schema say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from calsync.config.values import ApiName, ConnectionId, Cron, Role, Word


class Part(BaseModel):
    """A frozen block in which unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Connections(Part):
    """The Airflow connections that reach the two systems."""

    crm: ConnectionId = Field(description="Airflow connection of type `generic` that reaches ShareCRM.")
    graph: ConnectionId = Field(description="Airflow connection of type `msgraph` that reaches Microsoft Graph.")


class Window(Part):
    """The days in which meetings are linked for the first time; a linked meeting is followed wherever it goes (F5)."""

    past_days: int = Field(default=30, ge=0, le=3650, description="Days before today that are looked at.")
    future_days: int = Field(default=180, ge=1, le=3650, description="Days after today that are looked at.")
    reanchor_days: int = Field(
        default=7,
        ge=1,
        le=90,
        description="A mailbox's window is moved along to today at least this often (G2), in days.",
    )


class Schedule(Part):
    """When the tenant's DAG runs."""

    every_minutes: int = Field(
        default=15, ge=1, le=10_080, description="Minutes from one run to the next. Leave it out when `cron` is given."
    )
    cron: Cron | None = Field(
        default=None,
        description="A cron expression (five fields, in the tenant's time zone) in place of `every_minutes`.",
    )
    paused: bool = Field(default=True, description="Whether the DAG is paused when Airflow first sees it.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.cron and "every_minutes" in self.model_fields_set:
            raise ValueError("has both 'every_minutes' and 'cron': keep one of them")
        return self


class Pools(Part):
    """Airflow pools of the tenant's tasks. A pool that does not exist leaves its task waiting for ever."""

    crm: Word | None = Field(default=None, description="Pool of `extract_crm`.")
    graph: Word | None = Field(default=None, description="Pool of `extract_graph`.")
    load: Word | None = Field(default=None, description="Pool of `load`.")


class Limits(Part):
    """The guard (G5): what goes beyond is held until a person answers. Meetings are counted over 24 hours."""

    max_mails_per_run: int = Field(
        default=100, ge=0, description="Mails that one run may cause; one mail is one recipient."
    )
    tenant_meetings: int = Field(
        default=10, ge=0, description="Meetings of the tenant that may be deleted, whatever share they are."
    )
    tenant_share: float = Field(
        default=0.20,
        ge=0,
        le=1,
        description="Share of the tenant's meetings, above `tenant_meetings`, that is too many.",
    )
    mailbox_meetings: int = Field(
        default=5, ge=0, description="Meetings of one mailbox that may go, whatever share they are."
    )
    mailbox_share: float = Field(
        default=0.50,
        ge=0,
        le=1,
        description="Share of one mailbox's meetings, above `mailbox_meetings`, that is too many.",
    )
    emptied_from: int = Field(
        default=3, ge=1, description="From so many meetings on, none may be left of a mailbox's or of the tenant's."
    )


class Retention(Part):
    """How long what a run leaves behind is kept."""

    staging_days: int = Field(default=14, ge=1, le=3650, description="Days a run's folder of staged files is kept.")
    history_days: int = Field(
        default=180, ge=1, le=3650, description="Days that former values are kept; restore and undo reach back as far."
    )


class Crm(Part):
    """How this ShareCRM enterprise differs from another."""

    auth_mode: Literal["oauth", "legacy"] | None = Field(
        default=None,
        description="`oauth` sends the token in headers, `legacy` in the body. "
        "Unset: as the connection says, else `oauth`.",
    )
    user: Word | None = Field(
        default=None,
        description="Employee who acts where nobody of the meeting can (E8). Unset: as the connection says.",
    )
    workflows: bool = Field(default=False, description="Whether calsync's writes set off ShareCRM's workflows (E8).")
    all_day_end: Literal["inclusive", "exclusive"] = Field(
        default="inclusive",
        description="How the end of an all-day event is written: its last moment, or the midnight after it (F2).",
    )
    fields: Mapping[Role, ApiName] = Field(
        default_factory=dict,
        description="API names of ScheduleObj's fields by role, where describing the object does not find them.",
    )
    gone_codes: tuple[int, ...] = Field(
        default=(), description="ShareCRM error codes that mean 'this record is not there' (D1). Unset: none does."
    )
    private_values: tuple[Word, ...] = Field(
        default=(),
        description="Options of the private field that mean private, the one to write first. Unset: found by describe.",
    )
    public_value: Word | None = Field(
        default=None,
        description="Option of the private field to write for an event that is not private. Unset: found by describe.",
    )
