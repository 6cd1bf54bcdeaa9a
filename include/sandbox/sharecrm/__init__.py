"""A local ShareCRM: the OpenAPI over schedules, contacts, accounts and employees."""
