"""The thin shell between Airflow's connections and our clients."""
