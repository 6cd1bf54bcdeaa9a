"""What calsync adds to Airflow's own pages.

Airflow imports this file in every one of its processes, each task included, under the name `airflow_plugin`: it holds
the class alone, and what is heavy waits until the API server asks for it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from calsync.naming import CHANGES_ROUTE, PAGES_ROUTE
from calsync.timetables import LocalDays


class CalsyncPlugin(AirflowPlugin):
    """*Calendar Sync* in the navigation, a run's *Changes* tab, their pages, and the timetable of backfills."""

    name = "calsync"
    timetables: list[Any] = [LocalDays]  # noqa: RUF012 - declared so by Airflow

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The pages, mounted under `/calsync`. Asked for by the API server only."""
        from calsync.web.app import create_app

        return [{"name": "calsync", "url_prefix": "/calsync", "app": create_app()}]

    @cached_property
    def external_views(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The item of the navigation, and the tab of every run of any DAG; its page says when a run is not ours."""
        root = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
        return [
            {
                "name": "Calendar Sync",
                "href": f"{root}/calsync/",
                "destination": "nav",
                "url_route": PAGES_ROUTE,
                "icon": f"{root}/calsync/static/calsync.svg",
                "icon_dark_mode": f"{root}/calsync/static/calsync-dark.svg",
                "nav_top_level": True,
            },
            {
                "name": "Changes",
                "href": f"{root}/calsync/dags/{{DAG_ID}}/runs/{{RUN_ID}}/changes/",
                "destination": "dag_run",
                "url_route": CHANGES_ROUTE,
                "icon": f"{root}/calsync/static/changes.svg",
            },
        ]
