"""One Airflow DAG for each tenant file in include/tenants: calendar_sync_backfill__<tenant>."""

from calsync.dags.backfill import build_dags

globals().update(build_dags())
