"""`python -m calsync ...`: the same product without Airflow. Each command imports what it needs when it is called."""
