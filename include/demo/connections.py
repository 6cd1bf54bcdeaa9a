"""The Airflow connections that reach the sandbox, from the line it prints when it is ready."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit


def sandbox_connections(sandbox: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The sandbox tenant's two connections by id, as `airflow connections import` and `AIRFLOW_CONN_*` take them."""
    url = urlsplit(str(sandbox["url"]))
    graph = {
        "conn_type": "msgraph",
        "schema": url.scheme,
        "host": url.netloc,
        "login": sandbox["client_id"],
        "password": sandbox["client_secret"],
        "extra": {
            "tenant_id": sandbox["tenant_id"],
            "authority": sandbox["url"],
            "disable_instance_discovery": True,
            "allowed_hosts": url.hostname,
            "verify": sandbox["ca"],
        },
    }
    crm = {
        "conn_type": "generic",
        "host": sandbox["url"],
        "login": sandbox["crm_app_id"],
        "password": sandbox["crm_app_secret"],
        "extra": {
            "permanent_code_secret": sandbox["crm_permanent_code"],
            "ea": sandbox["ea"],
            "user": sandbox["crm_user"],
            "verify": sandbox["ca"],
        },
    }
    return {"calsync_graph_sandbox": graph, "calsync_crm_sandbox": crm}
