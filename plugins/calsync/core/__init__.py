"""The pure core: what things are and what to do. It imports no I/O library and no Airflow."""
