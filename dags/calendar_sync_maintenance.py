"""One Airflow DAG for all tenants together: calendar_sync_maintenance."""

from calsync.dags.maintenance import build_dags

globals().update(build_dags())
