"""An auth manager with rights by DAG, which the simple one of Airflow's tests lacks."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

NEIGHBOUR = "neighbour"
"""A user who may do everything with the DAGs of one tenant, and nothing else."""

HIS_TENANT = "vienna"


class DagByDag(SimpleAuthManager):
    """The simple auth manager, but the neighbour has his own tenant's DAGs alone."""

    def is_authorized_dag(self, *, user: Any, details: Any = None, **question: Any) -> bool:
        if user.username == NEIGHBOUR:
            return details is not None and str(details.id).endswith(f"__{HIS_TENANT}")
        return super().is_authorized_dag(user=user, details=details, **question)
