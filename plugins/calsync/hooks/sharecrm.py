"""Makes a ShareCRM client from Airflow's `generic` connection; a DAG file may import this, nothing heavy follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.connections import from_airflow
from calsync.sharecrm.connection import settings_from_connection
from calsync.sharecrm.settings import CrmSettings

if TYPE_CHECKING:
    from calsync.sharecrm.client import CrmClient


class CrmHook:
    """Makes a ShareCRM client from an Airflow connection of the type `generic`."""

    def __init__(self, conn_id: str) -> None:
        self.conn_id = conn_id

    def settings(self, **tenant: Any) -> CrmSettings:
        """See `settings_from_connection`. Raises ConfigError, or Airflow's own error when there is no connection."""
        from airflow.sdk import BaseHook

        return settings_from_connection(from_airflow(BaseHook.get_connection(self.conn_id)), **tenant)

    def client(self, **tenant: Any) -> CrmClient:
        """A client that is not yet entered: `async with hook.client() as client`."""
        from calsync.sharecrm.client import CrmClient

        return CrmClient(self.settings(**tenant))
