"""Links that Airflow's pages show on our tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
from airflow.sdk import BaseOperatorLink, conf

from calsync.naming import changes_tab

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


@attrs.define()
class ChangesLink(BaseOperatorLink):
    """Leads from a task to the *Changes* tab of its run, with Airflow's navigation around it."""

    name = "Changes"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The path of the tab; computed by the worker when the task has ended, and kept as an XCom."""
        return changes_tab(ti_key.dag_id, ti_key.run_id, conf.get("api", "base_url", fallback=""))
