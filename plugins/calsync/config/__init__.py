"""Tenant configuration: one YAML file in `include/tenants/` becomes one frozen `Tenant`."""
