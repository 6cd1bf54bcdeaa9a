"""A run's report as the pages need it: read from staging, checked, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from calsync.errors import ConfigError, StateError, StateUnreachable
from calsync.stages.export import Narrow
from calsync.web.words import SIDES

_BY_SIDE: Final = ("created", "updated", "deleted")


class _Part(BaseModel):
    """Reports outlive the version that wrote them: what is missing has a default, what is unknown is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Change(_Part):
    """One action of the run. `start` is an instant or a date in ISO form; `title` is masked where it is private."""

    side: str
    verb: str
    link: str = ""
    employee: str | None = None
    title: str = ""
    start: str | None = None
    fields: tuple[str, ...] = ()
    values: tuple[Mapping[str, Any], ...] = ()
    rule: str = ""
    reason: str = ""
    mails: int = 0
    state: str = ""
    sentence: str | None = None


class Remark(_Part):
    """Something a person should know although nothing was written for it; `id` is the event's on that side."""

    side: str = ""
    rule: str = ""
    reason: str = ""
    id: str = ""
    title: str = ""
    skipped: bool = False


class StageTime(_Part):
    """How a stage of the run ended; `seconds` is None when it did not run."""

    seconds: float | None = None
    state: str = ""


class Report(_Part):
    """What a run did (`report.json`), narrowed to a page of its changes (`calsync.stages.export.Narrow`)."""

    tenant: str
    run: str
    at: datetime
    dry_run: bool = False
    sentence: str = ""
    counters: Mapping[str, int] = Field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    remarks: tuple[Remark, ...] = ()
    stages: Mapping[str, StageTime] = Field(default_factory=dict)
    found: int = 0
    total: int = 0
    page: int = 1
    pages: int = 1
    choices: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)

    def sides(self) -> list[tuple[str, list[int]]]:
        """For either system its name and the counts of created, updated and deleted events."""
        return [(name, [self.counters.get(f"{side}_{verb}", 0) for verb in _BY_SIDE]) for side, name in SIDES.items()]

    def others(self) -> list[tuple[str, int]]:
        """The other counters that are not zero, named for people."""
        shown = {f"{side}_{verb}" for side in SIDES for verb in _BY_SIDE}
        return [
            (_COUNTERS.get(name, name.replace("_", " ")), count)
            for name, count in self.counters.items()
            if count and name not in shown
        ]


_COUNTERS: Final = {
    "accounts": "accounts served",
    "mails": "mails caused",
    "requests_crm": "requests to ShareCRM",
    "requests_graph": "requests to Microsoft",
    "compared": "meetings compared",
    "drift": "meetings that differed",
    "held": "held for approval",
    "left": "left for the next run",
}


def stored_report(tenant_key: str, run_id: str, narrow: Narrow) -> Mapping[str, Any] | None:
    """The report that the run's `report` task wrote, masked as of today; None when there is none (yet, or any more)."""
    from calsync.stages.ports import state_dsn
    from calsync.stages.report import shown_report
    from calsync.staging import Staging, default_root
    from calsync.store import open_store

    staging = Staging(default_root())
    try:
        with open_store(state_dsn()) as store:
            return shown_report(staging, store, tenant_key, run_id, narrow)
    except (ConfigError, StateError, StateUnreachable):
        return shown_report(staging, None, tenant_key, run_id, narrow)
