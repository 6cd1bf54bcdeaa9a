"""The pages as Airflow serves them: mounted beside its auth manager, with its database of DAGs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from shell.airflow_home import migrate, prepare

prepare()

from fastapi import FastAPI  # noqa: E402
from fastapi.testclient import TestClient  # noqa: E402

Reports = dict[tuple[str, str], Mapping[str, Any]]
SignIn = Callable[[str | None], TestClient]


@pytest.fixture(scope="session")
def reports() -> Reports:
    """The reports that exist, by tenant and run; tests add theirs."""
    return {}


@pytest.fixture(scope="session")
def site(reports: Reports) -> FastAPI:
    """A stand-in for Airflow's application: the same auth manager, our pages where the plugin mounts them."""
    migrate()
    from airflow.api_fastapi.app import init_auth_manager

    from calsync.web.app import create_app

    site = FastAPI()
    site.mount("/calsync", create_app(lambda tenant_key, run_id: reports.get((tenant_key, run_id))))
    init_auth_manager(site)
    return site


@pytest.fixture
def as_role(site: FastAPI) -> SignIn:
    """A browser of a user with this role; of nobody for None."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    def sign_in(role: str | None) -> TestClient:
        browser = TestClient(site, follow_redirects=False)
        if role:
            browser.cookies.set(
                "_token", get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=role, role=role))
            )
        return browser

    return sign_in
