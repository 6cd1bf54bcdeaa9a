"""Two-way calendar sync between ShareCRM and Outlook, run by Apache Airflow."""

__version__ = "0.1.0"
