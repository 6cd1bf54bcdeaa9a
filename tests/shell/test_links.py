"""The way from a task to the *Changes* tab of its run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from calsync.links import ChangesLink
from calsync.naming import changes_tab, dag_id, tenant_of

RUN = "scheduled__2026-11-23T08:00:00+00:00"
TAB = "/dags/calendar_sync__a/runs/scheduled__2026-11-23T08:00:00+00:00/plugin/calsync-changes"


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [("", TAB), ("http://localhost:8080", TAB), ("https://data.example.com/airflow/", f"/airflow{TAB}")],
)
def test_the_link_stays_on_the_host_a_person_uses(base_url: str, expected: str) -> None:
    assert changes_tab("calendar_sync__a", RUN, base_url) == expected


def test_a_tasks_link_leads_to_its_own_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://localhost:9999/x")
    key = SimpleNamespace(dag_id="calendar_sync__a", run_id=RUN)
    assert ChangesLink().get_link(None, ti_key=key) == f"/x{TAB}"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known_as", "tenant"),
    [("calendar_sync__berlin", "berlin"), ("calendar_sync__", None), ("etl", None), ("calendar_sync_x__berlin", None)],
)
def test_a_dag_id_tells_its_tenant(known_as: str, tenant: str | None) -> None:
    assert tenant_of(known_as) == tenant
    if tenant:
        assert dag_id(tenant) == known_as
