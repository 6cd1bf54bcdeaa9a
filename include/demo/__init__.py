"""`make demo`: the product on a real Airflow, with both remote systems played by the sandbox."""
