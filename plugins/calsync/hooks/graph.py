"""Makes a Graph client from Airflow's `msgraph` connection; a DAG file may import this, nothing heavy follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.connections import from_airflow
from calsync.graph.connection import settings_from_connection
from calsync.graph.settings import GraphSettings

if TYPE_CHECKING:
    from calsync.graph.client import GraphClient


class GraphHook:
    """Makes a Graph client from an Airflow connection of the type `msgraph`."""

    def __init__(self, conn_id: str) -> None:
        self.conn_id = conn_id

    def settings(self) -> GraphSettings:
        """Raises ConfigError when the connection is incomplete, Airflow's own error when there is none."""
        from airflow.sdk import BaseHook

        return settings_from_connection(from_airflow(BaseHook.get_connection(self.conn_id)))

    def client(self) -> GraphClient:
        """A client that is not yet entered: `async with hook.client() as client`."""
        from calsync.graph.client import GraphClient

        return GraphClient(self.settings())
