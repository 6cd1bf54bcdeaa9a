"""What Airflow itself knows of tenants' DAGs, read from its database: the pages run in its API server."""

from __future__ import annotations

from collections.abc import Collection

from airflow.models.dag import DagModel
from airflow.utils.session import create_session
from sqlalchemy import select

from calsync.naming import dag_id


def paused(keys: Collection[str]) -> dict[str, bool]:
    """By tenant, whether its sync DAG is paused; those whose DAG Airflow has not read yet are left out."""
    ids = {dag_id(key): key for key in keys}
    query = select(DagModel.dag_id, DagModel.is_paused).where(DagModel.dag_id.in_(ids), ~DagModel.is_stale)
    with create_session() as session:
        return {ids[found]: bool(is_paused) for found, is_paused in session.execute(query)}
