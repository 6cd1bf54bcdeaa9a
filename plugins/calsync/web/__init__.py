"""Pages inside Airflow's own, served by its API server. Nothing else imports this package."""
