"""The pages as Airflow serves them: mounted beside its auth manager, with its database of DAGs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from shell.airflow_home import migrate, prepare
from shell.tenant_files import write_tenant

prepare()

from fastapi import FastAPI  # noqa: E402
from fastapi.testclient import TestClient  # noqa: E402
from httpx import Response  # noqa: E402
from web.managers import NEIGHBOUR  # noqa: E402

from calsync.config.load import load_tenant  # noqa: E402
from calsync.config.model import Tenant  # noqa: E402
from calsync.stages.export import Narrow  # noqa: E402
from calsync.staging import Staging  # noqa: E402
from calsync.store import open_store, upgrade  # noqa: E402
from calsync.store.store import Store  # noqa: E402
from calsync.web.limits import OF_THIS_PROCESS  # noqa: E402
from sandbox.server import Server  # noqa: E402

Reports = dict[tuple[str, str], Mapping[str, Any]]
SignIn = Callable[[str | None], TestClient]

NAMES = {"berlin": "Berlin sales", "vienna": "Vienna sales"}
"""The tenants that are there, by key."""


@pytest.fixture(scope="session")
def reports() -> Reports:
    """The reports that exist, by tenant and run; tests add theirs."""
    return {}


@pytest.fixture(scope="session")
def site(reports: Reports) -> Iterator[FastAPI]:
    """A stand-in for Airflow's application: its auth manager, its REST API, our pages where the plugin mounts them."""
    migrate()
    from airflow.api_fastapi.app import init_auth_manager
    from airflow.api_fastapi.common.dagbag import create_dag_bag
    from airflow.api_fastapi.core_api.app import init_config
    from airflow.api_fastapi.core_api.routes.public import public_router

    from calsync.web.app import create_app

    def read(key: str, run: str, narrow: Narrow) -> Mapping[str, Any] | None:
        said = reports.get((key, run))
        return narrow(said) if said else None

    site = FastAPI()
    site.mount("/calsync", create_app(read))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__CORE__AUTH_MANAGER", "web.managers.DagByDag")
        init_auth_manager(site)
    site.include_router(public_router)
    init_config(site)
    site.state.dag_bag = create_dag_bag()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("calsync.web.airflow_api.application", lambda: site)
        yield site


@pytest.fixture
def as_role(site: FastAPI) -> SignIn:
    """A browser of a user with this role (`viewer`, `user`, `op`, `admin`, or `neighbour`); of nobody for None."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    def sign_in(role: str | None) -> TestClient:
        browser = TestClient(site, follow_redirects=False)
        if role:
            user = SimpleAuthManagerUser(username=role, role="user" if role == NEIGHBOUR else role)
            browser.cookies.set("_token", get_auth_manager().generate_jwt(user))
        return browser

    return sign_in


@dataclass
class Place:
    """What the pages read: the tenants' files, the state database, the staging folder.

    store: open on the same database, for tests to put things into and to look at what is stored.
    """

    folder: Path
    store: Store
    staging: Staging

    def tenant(self, key: str, **said: Any) -> Tenant:
        """Write a tenant's file; `said` replaces or adds entries."""
        own = {"name": NAMES.get(key, key.title()), "enterprise": key}
        return load_tenant(write_tenant(self.folder / "tenants", key, **own | said))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Two tenants, berlin and vienna, and an empty state database."""
    dsn, staging = f"sqlite:///{tmp_path / 'calsync.db'}", f"file://{tmp_path / 'staging'}"
    monkeypatch.setenv("CALSYNC_TENANTS", str(tmp_path / "tenants"))
    monkeypatch.setenv("CALSYNC_STAGING", staging)
    monkeypatch.setenv("CALSYNC_ENV_FILE", str(tmp_path / "no.env"))
    monkeypatch.setenv("AIRFLOW_CONN_CALSYNC_STATE", json.dumps({"conn_type": "generic", "extra": {"dsn": dsn}}))
    upgrade(dsn)
    with open_store(dsn) as store:
        there = Place(tmp_path, store, Staging(staging))
        for key in NAMES:
            there.tenant(key)
        yield there


@pytest.fixture
def microsoft(place: Place, server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The sandbox as the Microsoft that the tenants are connected to."""
    info = server.info
    graph = {
        "conn_type": "msgraph",
        "login": info["client_id"],
        "password": info["client_secret"],
        "host": server.url,
        "extra": {
            "tenant_id": info["tenant_id"],
            "authority": server.url,
            "verify": server.ca,
            "disable_instance_discovery": True,
        },
    }
    monkeypatch.setenv("AIRFLOW_CONN_CALSYNC_GRAPH_TESTS", json.dumps(graph))
    for key in NAMES:
        place.tenant(key, microsoft_tenant=info["tenant_id"])
    return server


@pytest.fixture(autouse=True)
def unlimited() -> Iterator[None]:
    """Nobody has asked for the employees' own page before the test."""
    OF_THIS_PROCESS.clear()
    yield
    OF_THIS_PROCESS.clear()


class Page:
    """An answer as a person reads it."""

    def __init__(self, answer: Response, status: int = 200) -> None:
        assert answer.status_code == status, answer.text
        self.answer = answer
        self.soup = BeautifulSoup(answer.text, "html.parser")

    @property
    def text(self) -> str:
        return " ".join(self.soup.get_text(" ").split())

    @property
    def heading(self) -> str:
        return " ".join(self.soup.h1.get_text(" ").split()) if self.soup.h1 else ""

    @property
    def rows(self) -> list[list[str]]:
        """The cells of every table's body."""
        return [
            [" ".join(cell.get_text(" ").split()) for cell in row.find_all("td")]
            for row in self.soup.select("tbody tr")
        ]

    @property
    def form_token(self) -> str:
        found = self.soup.find("input", attrs={"name": "form_token"})
        assert found is not None, "the page has no form"
        return str(found["value"])


def visit(browser: TestClient, path: str, status: int = 200) -> Page:
    """Open a page; path: below /calsync."""
    return Page(browser.get(f"/calsync{path}"), status)


def send(browser: TestClient, page: Page, path: str, **fields: Any) -> Response:
    """Send a form of `page`, with its token, to `path` below /calsync; a list is a field given several times."""
    return browser.post(f"/calsync{path}", data={"form_token": page.form_token, **fields})


def follow(browser: TestClient, answer: Response) -> Page:
    """The page that a form led to."""
    assert answer.status_code == 303, answer.text
    return Page(browser.get(answer.headers["location"]))
