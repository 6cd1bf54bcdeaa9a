"""The tasks of a tenant's DAG: thin shells around `calsync.stages`. Nothing heavy is imported before a task runs."""
