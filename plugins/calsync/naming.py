"""The names by which Airflow and the pages know a tenant. Light: the plugin, the pages and every DAG file import it."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlsplit

DAG_PREFIX: Final = "calendar_sync__"
CHANGES_ROUTE: Final = "calsync-changes"
"""The route of the *Changes* tab; unique among all plugins of an Airflow."""

STAGES: Final = ("extract_crm", "extract_graph", "diff", "map", "load")
"""The ids of the tasks that do a run's work, in their order; `report` tells what became of them."""

REPORT: Final = "report"


def dag_id(tenant_key: str) -> str:
    """The id of the DAG that synchronises this tenant."""
    return f"{DAG_PREFIX}{tenant_key}"


def tenant_of(dag_id: str) -> str | None:
    """The key of the tenant whose DAG this is; None for a DAG that is not ours."""
    key = dag_id.removeprefix(DAG_PREFIX)
    return key if key and key != dag_id else None


def changes_tab(dag_id: str, run_id: str, base_url: str) -> str:
    """The path of a run's *Changes* tab inside Airflow's own pages.

    base_url: Airflow's `[api] base_url`; only its path counts, so the link works behind whichever host a person uses.
    """
    root = urlsplit(base_url).path.rstrip("/")
    return f"{root}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}/plugin/{CHANGES_ROUTE}"
