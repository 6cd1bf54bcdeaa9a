"""One Airflow DAG for each tenant file in include/tenants: calendar_sync_approval__<tenant>."""

from calsync.dags.approval import build_dags

globals().update(build_dags())
