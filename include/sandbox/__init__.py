"""A local ShareCRM and a local Microsoft 365, two systems that do not know each other, in one process."""
