"""The names by which Airflow and the pages know a tenant. Light: the plugin, the pages and every DAG file import it."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlsplit
from zlib import crc32


class DagKind(StrEnum):
    """What a tenant's DAG is for; the value is the part of its id before the tenant's key."""

    SYNC = "calendar_sync"
    BACKFILL = "calendar_sync_backfill"
    APPROVAL = "calendar_sync_approval"


MAINTENANCE: Final = "calendar_sync_maintenance"
"""The id of the DAG that looks after all tenants once a day."""

CHANGES_ROUTE: Final = "calsync-changes"
"""The route of the *Changes* tab; unique among all plugins of an Airflow."""

STAGES: Final = ("extract_crm", "extract_graph", "diff", "map", "load")
"""The ids of the tasks that do a run's work, in their order; `report` tells what became of them."""

PAGES_ROUTE: Final = "calsync"
"""The route of the pages in Airflow's navigation."""

REPORT: Final = "report"
ASK: Final = "ask"
ANSWER: Final = "answer"
"""The two tasks before the stages of an approval: a person is asked, and what they said is written down."""

_BETWEEN: Final = "__"
_OWN: Final = {DagKind.BACKFILL: ("backfill", "reconcile"), DagKind.APPROVAL: ("approval",)}
"""How the ids of a DAG's own runs begin, where Airflow or calsync chose them."""

_BY_HAND: Final = "-by-hand-"

_ELSEWHERE: Final = ("cli-", "web-")
"""How the ids of runs begin that Airflow knows nothing of: those of the command line and of the pages."""


def dag_id(tenant_key: str, kind: DagKind = DagKind.SYNC) -> str:
    """The id of the tenant's DAG of this kind."""
    return f"{kind}{_BETWEEN}{tenant_key}"


def kind_of(dag_id: str) -> DagKind | None:
    """What a DAG is for; None for one that is not a tenant's."""
    kind, between, key = dag_id.partition(_BETWEEN)
    return DagKind(kind) if between and key and kind in list(DagKind) else None


def tenant_of(dag_id: str) -> str | None:
    """The key of the tenant whose DAG this is; None for a DAG that is no tenant's."""
    return dag_id.partition(_BETWEEN)[2] if kind_of(dag_id) else None


def approval_run_id(question: str) -> str:
    """The id of the run that asks a question: one for each, so that asking again is no second run."""
    return f"approval{_BETWEEN}{question}"


def question_of(run_id: str, run_after: datetime) -> str:
    """The question of an approval that a person started without naming one, the same in each of its tasks."""
    return f"{run_after.astimezone(UTC):%Y%m%dT%H%M%SZ}{_BY_HAND}{crc32(run_id.encode()):08x}"


def asked_by_hand(question: str) -> bool:
    """Whether the run that asks a question was started, and called as they liked, by a person."""
    return _BY_HAND in question


def run_key(dag_id: str, run_id: str) -> str:
    """Under which id calsync remembers one of Airflow's runs.

    A tenant has several DAGs, and a person who starts runs may give the same id in two of them; two runs must not work
    in one folder. "=" is in no run id that Airflow accepts.
    """
    kind = kind_of(dag_id)
    if kind is None or kind is DagKind.SYNC or run_id.partition(_BETWEEN)[0] in _OWN[kind]:
        return run_id
    return f"{_OWN[kind][0]}={run_id}"


def dag_run_of(tenant_key: str, key: str) -> tuple[str, str] | None:
    """Whose run calsync remembers under an id, as (DAG id, run id); None for one that was none of Airflow's.

    The reverse of `run_key`.
    """
    if key.startswith(_ELSEWHERE):
        return None
    for kind, beginnings in _OWN.items():
        given, equals, run_id = key.partition("=")
        if equals and given == beginnings[0]:
            return dag_id(tenant_key, kind), run_id
        if key.partition(_BETWEEN)[0] in beginnings:
            return dag_id(tenant_key, kind), key
    return dag_id(tenant_key), key


def changes_tab(dag_id: str, run_id: str, base_url: str) -> str:
    """The path of a run's *Changes* tab inside Airflow's own pages.

    base_url: Airflow's `[api] base_url`; only its path counts, so the link works behind whichever host a person uses.
    """
    root = urlsplit(base_url).path.rstrip("/")
    return f"{root}/dags/{_in_path(dag_id)}/runs/{_in_path(run_id)}/plugin/{CHANGES_ROUTE}"


def _in_path(id_: str) -> str:
    """As Airflow's own links write an id: were the signs of a time encoded, Airflow would not mark the tab as open."""
    return quote(id_, safe=":+")
