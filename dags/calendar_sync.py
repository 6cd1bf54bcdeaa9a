"""One Airflow DAG for each tenant file in include/tenants: calendar_sync__<tenant>."""

from calsync.dags.sync import build_dags

globals().update(build_dags())
