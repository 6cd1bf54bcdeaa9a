"""What the overview shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from store.values import person, some_action
from web.conftest import Page, Place, SignIn, visit

from calsync.core.model import Availability
from calsync.core.plan import ActionState
from calsync.store.records import Run, RunState
from calsync.web.overview import BARS, ROWS
from calsync.web.state import now

pytestmark = pytest.mark.airflow
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _noon(site: FastAPI) -> Iterator[None]:
    (pages,) = (route.app for route in site.routes if getattr(route, "path", "") == "/calsync")  # type: ignore[attr-defined]
    pages.dependency_overrides[now] = lambda: NOW
    yield
    pages.dependency_overrides.clear()


def ran(place: Place, tenant: str, id_: str, ago: timedelta, state: RunState = RunState.DONE, **counters: int) -> None:
    """A run that ended `ago`, as `report` notes it."""
    at = NOW - ago
    ended = Run(id_, "scheduled", at - MINUTE, state, at, counters, f"What {id_} did.")
    place.store.note_last_run(tenant, ended, synced=state is not RunState.FAILED)
    if counters:
        place.store.start_run(tenant, id_, "scheduled", ended.started_at)
        place.store.end_run(tenant, id_, state, at, counters, ended.sentence)


def numbers(page: Page) -> dict[str, str]:
    """The tiles: what they count, and how many."""
    return {
        tile.select_one(".label").get_text(): tile.select_one(".figure").get_text()
        for tile in page.soup.select(".tile")
    }  # type: ignore[union-attr]


def test_a_tenant_stands_there_with_all_that_is_known(as_role: SignIn, place: Place) -> None:
    store = place.store
    ran(place, "berlin", "r1", 26 * 60 * MINUTE, crm_created=50, conflicts=9)
    ran(place, "berlin", "r2", 20 * MINUTE, crm_created=2, outlook_updated=3, outlook_deleted=1, conflicts=1)
    away = replace(person("2", "b"), availability=Availability.NO_MAILBOX)
    store.save_accounts("berlin", [person("1", "a"), away], "berlin")
    held = [some_action("A1", "L1", "too many"), some_action("A2", "L2", "too many")]
    store.plan("berlin", "r2", [*held, some_action("A3", "L3")], NOW)
    store.mark("berlin", ["A3"], ActionState.PARKED, NOW)
    page = visit(as_role("viewer"), "/?sort=name")
    assert page.rows[0] == [
        "Berlin sales berlin not in Airflow yet",
        "fine 20 min ago What r2 did.",
        "21 min",
        "2 1 away",
        "6",
        "1",
        "2",
        "1",
        "Sun 22 Nov 2026, 09:59 UTC: 50 created Mon 23 Nov 2026, 11:39 UTC: 2 created, 3 updated, 1 deleted",
    ]
    assert numbers(page) == {
        "configurations": "2",
        "last run failed": "0",
        "accounts authorised": "2",
        "mailboxes away": "1",
        "changes today": "6",
        "conflicts today": "1",
        "held for a person": "2",
        "parked": "1",
    }
    assert "Attention 4" in page.text


def test_today_begins_at_midnight_where_the_tenant_is(as_role: SignIn, place: Place) -> None:
    place.tenant("vienna", time_zone="Pacific/Auckland")  # where it is 24 November, 01:00
    for tenant in ("berlin", "vienna"):
        ran(place, tenant, "r1", 120 * MINUTE, crm_created=5)
    rows = {row[0].split()[0]: row[4] for row in visit(as_role("viewer"), "/").rows}
    assert rows == {"Berlin": "5", "Vienna": "0"}


def test_a_failed_run_is_told_and_comes_first(as_role: SignIn, place: Place) -> None:
    ran(place, "vienna", "v1", 65 * MINUTE)
    ran(place, "vienna", "v2", 5 * MINUTE, RunState.FAILED)
    ran(place, "berlin", "b1", 5 * MINUTE)
    page = visit(as_role("viewer"), "/")
    assert [row[:3] for row in page.rows] == [
        ["Vienna sales vienna not in Airflow yet", "failed 5 min ago What v2 did.", "1 h"],
        ["Berlin sales berlin not in Airflow yet", "fine 5 min ago What b1 did.", "6 min"],
    ]
    assert [chip.get_text() for chip in page.soup.select("td:nth-child(3) .chip.wait")] == ["1 h"]


def test_the_last_run_leads_to_its_tab_in_airflow(as_role: SignIn, place: Place) -> None:
    ran(place, "berlin", "scheduled__2026-11-23T11:40:00+00:00", 5 * MINUTE)
    ran(place, "vienna", "cli-20261123T114000Z-a1b2c3", 5 * MINUTE)
    page = visit(as_role("viewer"), "/?sort=name")
    (link,) = page.soup.select("td a[data-airflow]")
    assert link["href"] == (
        "/dags/calendar_sync__berlin/runs/scheduled__2026-11-23T11:40:00+00:00/plugin/calsync-changes"
    )


def test_a_run_at_work_is_told(as_role: SignIn, place: Place) -> None:
    place.store.acquire("berlin", "airflow:x", NOW)
    assert [row[1] for row in visit(as_role("viewer"), "/?sort=name").rows] == ["at work Not run yet", "Not run yet"]


def test_the_chart_has_the_newest_runs_from_left_to_right(as_role: SignIn, place: Place) -> None:
    for number in range(BARS + 5):
        ran(place, "berlin", f"r{number}", (100 - number) * MINUTE, crm_created=number)
    chart = visit(as_role("viewer"), "/?sort=name").soup.select_one("svg.bars")
    assert chart is not None
    titles = [title.get_text() for title in chart.select("title")]
    assert len(titles) == BARS
    assert titles[0].endswith(": 5 created")
    assert titles[-1].endswith(f": {BARS + 4} created")
    assert chart["aria-label"] == f"Changes of the last {BARS} runs, {BARS + 4} at most"
    assert [tag for tag in chart.find_all(True) if tag.get("style")] == []


def test_a_file_that_cannot_be_used_shows_its_problems(as_role: SignIn, place: Place) -> None:
    (place.folder / "tenants" / "oslo.yaml").write_text("name: Oslo\n")
    page = visit(as_role("viewer"), "/")
    broken = page.soup.select_one(".broken")
    assert broken is not None
    assert "cannot be used oslo" in " ".join(broken.get_text(" ").split())
    assert "oslo.yaml: time_zone" in broken.get_text()
    assert len(page.rows) == 2


def test_everybody_sees_what_their_rights_reach(as_role: SignIn, place: Place) -> None:
    (place.folder / "tenants" / "oslo.yaml").write_text("name: Oslo\n")
    ran(place, "berlin", "r1", 5 * MINUTE, crm_created=7)
    page = visit(as_role("neighbour"), "/")
    assert [row[0] for row in page.rows] == ["Vienna sales vienna not in Airflow yet"]
    assert numbers(page)["changes today"] == "0"
    assert "Berlin" not in page.text
    assert "oslo" not in page.text


def test_who_manages_is_led_to_a_new_configuration(as_role: SignIn, place: Place) -> None:
    def offered(role: str) -> bool:
        return bool(visit(as_role(role), "/").soup.find("a", href="/calsync/tenants/new/"))

    assert {role: offered(role) for role in ("viewer", "user", "op", "admin")} == {
        "viewer": False,
        "user": False,
        "op": True,
        "admin": True,
    }


def test_without_configurations_the_page_says_what_to_do(as_role: SignIn, place: Place) -> None:
    for file in (place.folder / "tenants").iterdir():
        file.unlink()
    assert "Make the first one" in visit(as_role("op"), "/").text
    assert "You see a configuration when you may see its DAG." in visit(as_role("viewer"), "/").text


def test_many_configurations_come_in_pages_and_are_found_by_name(as_role: SignIn, place: Place) -> None:
    for number in range(ROWS):
        place.tenant(f"office-{number:02}")
    first, second = (visit(as_role("viewer"), f"/?sort=name&page={page}") for page in (1, 2))
    assert (len(first.rows), len(second.rows)) == (ROWS, 2)
    assert first.soup.select_one("a[rel=next]")["href"] == "?sort=name&page=2"  # type: ignore[index]
    assert [row[0].split()[0] for row in visit(as_role("viewer"), "/?find=VIENNA").rows] == ["Vienna"]
    assert "No configuration is named so." in visit(as_role("viewer"), "/?find=oslo").text


def test_every_link_ends_with_a_slash_or_is_airflows(as_role: SignIn, place: Place) -> None:
    ran(place, "berlin", "r1", 5 * MINUTE, crm_created=1)
    for link in visit(as_role("admin"), "/").soup.select("a[href]"):
        path = str(link["href"]).partition("?")[0].partition("#")[0]
        assert link.has_attr("data-airflow") or path.endswith("/"), link
