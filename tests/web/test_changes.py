"""What the *Changes* tab shows."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from httpx import Response
from web.conftest import Reports, SignIn

from calsync.web.changes import ROWS
from calsync.web.words import duration, moment

pytestmark = pytest.mark.airflow
RUN = "scheduled__2026-11-23T08:00:00+00:00"


def report(**said: Any) -> dict[str, Any]:
    """A run's report.json; `said` replaces parts of it."""
    whole = {
        "tenant": "berlin",
        "run": RUN,
        "at": "2026-11-23T08:00:03+00:00",
        "dry_run": False,
        "sentence": "1 created in Outlook, 1 parked.",
        "counters": {"outlook_created": 1, "crm_updated": 4, "parked": 1, "held": 0, "requests_graph": 17},
        "changes": [change()],
        "remarks": [],
        "stages": {"extract_crm": {"seconds": 1.25, "state": "success"}, "load": {"seconds": None, "state": "skipped"}},
    }
    return whole | said


def change(**said: Any) -> dict[str, Any]:
    whole = {
        "side": "outlook",
        "verb": "create",
        "employee": "1001",
        "title": "Quarterly review",
        "start": "2026-11-24T09:00:00+00:00",
        "fields": ["title", "time"],
        "rule": "E2",
        "reason": "the attendee has no copy yet",
        "mails": 2,
        "state": "done",
        "sentence": "",
    }
    return whole | said


@pytest.fixture
def shown(as_role: SignIn, reports: Reports) -> Any:
    """What a viewer sees of a run with this report."""

    def show(said: dict[str, Any] | None, query: str = "", dag_id: str = "calendar_sync__berlin") -> Page:
        reports.clear()
        if said:
            reports["berlin", RUN] = said
        return Page(as_role("viewer").get(f"/calsync/dags/{dag_id}/runs/{RUN}/changes/{query}"))

    return show


class Page:
    """A page, with what tests look for in it."""

    def __init__(self, answer: Response) -> None:
        assert answer.status_code == 200
        self.answer = answer
        self.soup = BeautifulSoup(answer.text, "html.parser")

    @property
    def text(self) -> str:
        return " ".join(self.soup.get_text(" ").split())

    @property
    def rows(self) -> list[list[str]]:
        return [
            [" ".join(cell.get_text(" ").split()) for cell in row.find_all("td")]
            for row in self.soup.select("tbody tr")
        ]


def test_the_sentence_the_counters_and_every_change_are_told(shown: Any) -> None:
    page = shown(report())
    assert page.soup.h1.get_text() == "1 created in Outlook, 1 parked."
    assert page.rows == [
        [
            "Outlook",
            "create",
            "Quarterly review Tue 24 Nov 2026, 09:00 UTC",
            "1001",
            "title, time",
            "the attendee has no copy yet E2",
            "2",
            "done",
        ]
    ]
    tiles = [" ".join(tile.get_text(" ").split()) for tile in page.soup.select(".tile")]
    assert tiles == [
        "ShareCRM created 0 updated 4 deleted 0",
        "Outlook created 1 updated 0 deleted 0",
        "Also parked 1 requests to Microsoft 17",
    ]
    assert "extract_crm success 1.2 s" in page.text
    assert "load skipped –" in page.text


def test_what_did_not_go_well_is_said_beside_the_change(shown: Any) -> None:
    page = shown(report(changes=[change(state="parked", sentence="Graph refused the request; tried again later.")]))
    assert page.rows[0][-1] == "parked Graph refused the request; tried again later."
    assert page.soup.select_one("tbody .chip")["class"] == ["chip", "parked"]


def test_remarks_are_told_and_skipped_ones_marked(shown: Any) -> None:
    page = shown(
        report(remarks=[{"side": "crm", "rule": "F1", "reason": "series", "title": "Standup", "skipped": True}])
    )
    assert "skipped Standup ShareCRM series F1" in page.text


def test_a_remark_without_a_title_names_the_events_id(shown: Any) -> None:
    page = shown(
        report(remarks=[{"side": "crm", "rule": "D2", "reason": "no proof", "id": "65fab1", "skipped": False}])
    )
    assert "ShareCRM no proof D2 65fab1" in page.text


def test_a_dry_run_says_that_nothing_was_written(shown: Any) -> None:
    assert "nothing was written" in shown(report(dry_run=True)).text
    assert "nothing was written" not in shown(report()).text


def test_a_run_without_changes_says_so(shown: Any) -> None:
    assert "Nothing had to be changed on either side." in shown(report(changes=[])).text


def test_what_people_write_is_text_and_never_markup(shown: Any) -> None:
    page = shown(report(changes=[change(title="<script>alert(1)</script>", reason="<img src=x onerror=alert(1)>")]))
    assert "<script>alert(1)</script>" in page.rows[0][2]
    assert page.soup.find("img") is None
    assert {script.get("src") for script in page.soup.find_all("script")} == {
        "/calsync/static/theme.js",
        "/calsync/static/page.js",
    }


def test_a_large_run_is_told_in_pages(shown: Any) -> None:
    changes = [change(title=f"Event {number}") for number in range(ROWS + 3)]
    first, last, beyond = (shown(report(changes=changes), query) for query in ("", "?page=2", "?page=99"))
    assert (len(first.rows), len(last.rows)) == (ROWS, 3)
    assert last.rows[0][2].startswith(f"Event {ROWS} ")
    assert beyond.rows == last.rows
    assert [link["href"] for link in first.soup.select("nav a")] == ["?page=2"]
    assert [link["href"] for link in last.soup.select("nav a")] == ["?page=1"]


@pytest.mark.parametrize(
    ("dag_id", "said", "heading"),
    [
        ("etl", report(), "Not a calendar-sync DAG"),
        ("calendar_sync__Not A Key", report(), "Not a calendar-sync DAG"),
        ("calendar_sync__berlin", None, "No report for this run"),
        ("calendar_sync__berlin", {"tenant": "berlin"}, "This report cannot be read"),
    ],
)
def test_a_run_with_nothing_to_show_is_explained(
    shown: Any, dag_id: str, said: dict[str, Any] | None, heading: str
) -> None:
    assert shown(said, dag_id=dag_id).soup.h1.get_text() == heading


@pytest.mark.parametrize("run_id", ["%2e%2e", "..", "...", "..%2f..%2fetc", "a%20b", "x%00", "a" * 300])
def test_a_run_id_that_airflow_would_not_give_reads_no_file(as_role: SignIn, reports: Reports, run_id: str) -> None:
    reports.clear()
    reports["berlin", unquote(run_id)] = report()
    answer = as_role("viewer").get(f"/calsync/dags/calendar_sync__berlin/runs/{run_id}/changes/")
    assert answer.status_code == 404 or "No report for this run" in answer.text


def test_a_report_of_another_version_is_shown_as_far_as_it_goes(shown: Any) -> None:
    page = shown({"tenant": "berlin", "run": RUN, "at": "2026-11-23T08:00:03Z", "sentence": "Fine.", "colour": "red"})
    assert page.soup.h1.get_text() == "Fine."


def test_the_page_may_load_nothing_from_elsewhere_and_be_framed_by_airflow_only(shown: Any) -> None:
    page = shown(report())
    policy = page.answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy
    assert page.answer.headers["cache-control"] == "no-store"
    assert page.soup.find("style") is None
    assert [tag for tag in page.soup.find_all(True) if tag.get("style") or tag.get("onclick")] == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [("calsync.css", "text/css"), ("theme.js", "text/javascript"), ("changes.svg", "image/svg+xml")],
)
def test_what_the_page_needs_comes_from_the_package(as_role: SignIn, name: str, kind: str) -> None:
    answer = as_role("viewer").get(f"/calsync/static/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)


@pytest.mark.parametrize("name", ["app.py", "..%2fapp.py", "nothing.css"])
def test_no_other_file_of_the_package_is_served(as_role: SignIn, name: str) -> None:
    assert as_role("viewer").get(f"/calsync/static/{name}").status_code == 404


@pytest.mark.parametrize(
    ("iso", "expected"),
    [
        (None, ""),
        ("2026-11-23", "Mon 23 Nov 2026, all day"),
        ("2026-11-23T09:00:00+08:00", "Mon 23 Nov 2026, 01:00 UTC"),
        ("2026-11-23T09:00:00", "Mon 23 Nov 2026, 09:00"),
        ("soon", "soon"),
    ],
)
def test_moments_are_told_for_people(iso: str | None, expected: str) -> None:
    assert moment(iso) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(None, "–"), (0.04, "0.0 s"), (59.96, "1 min 0 s"), (125, "2 min 5 s")]
)
def test_durations_are_told_for_people(seconds: float | None, expected: str) -> None:
    assert duration(seconds) == expected


# --- values, filters, files ------------------------------------------------------------------------------------------

TWO = [
    change(title="Lunch", link="L1", values=[{"field": "title", "old": "Visit", "new": "Lunch"}]),
    change(title="Dinner", side="crm", verb="update", state="parked", rule="C5", employee="1002"),
]


def test_a_change_shows_old_and_new_values_and_leads_to_its_meeting(shown: Any) -> None:
    page = shown(report(changes=TWO))
    assert page.rows[0][4] == "title Visit → Lunch"
    assert [a["href"] for a in page.soup.select("tbody a")] == ["/calsync/tenants/berlin/meetings/L1/"]


def test_what_was_created_has_no_old_values_and_what_was_deleted_no_new_ones(shown: Any) -> None:
    changes = [
        change(values=[{"field": "title", "old": "", "new": "Lunch"}]),
        change(values=[{"field": "title", "old": "Lunch", "new": ""}], verb="delete"),
    ]
    page = shown(report(changes=changes))
    assert [row[4] for row in page.rows] == ["title Lunch", "title Lunch"]
    marked = [[part.name for part in row.select("ins, del")] for row in page.soup.select("tbody tr")]
    assert marked == [["ins"], ["del"]]


def test_where_all_changes_are_alike_there_is_nothing_to_filter_by(shown: Any) -> None:
    page = shown(report(changes=[change(), change(title="Another")]))
    assert "2 changes" in page.text
    assert page.soup.select_one("form.filters") is None


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["Lunch", "Dinner"]),
        ("?side=crm", ["Dinner"]),
        ("?state=parked&verb=update", ["Dinner"]),
        ("?rule=E2", ["Lunch"]),
        ("?employee=2", ["Dinner"]),
        ("?state=held", []),
    ],
)
def test_changes_are_filtered(shown: Any, query: str, titles: list[str]) -> None:
    page = shown(report(changes=TWO), query)
    assert [row[2].split()[0] for row in page.rows] == titles
    assert ("No change fits these filters." in page.text) == (not titles)


def test_a_filter_stays_while_one_turns_the_pages(shown: Any) -> None:
    changes = [change(title=f"Event {number}") for number in range(ROWS + 1)] + [TWO[1]]
    page = shown(report(changes=changes), "?side=outlook")
    assert [link["href"] for link in page.soup.select("nav.pages a")] == ["?side=outlook&page=2"]
    assert page.soup.select_one("option[value=outlook][selected]") is not None


def test_no_employee_stands_in_an_address(shown: Any) -> None:
    page = shown(report(changes=TWO))
    assert not [
        tag for tag in page.soup.select("a[href], option[value]") if "100" in str(tag.get("href", tag.get("value")))
    ]


def test_the_changes_are_handed_out_as_files_filtered_like_the_page(as_role: SignIn, reports: Reports) -> None:
    reports.clear()
    reports["berlin", RUN] = report(changes=TWO)
    viewer, path = as_role("viewer"), f"/calsync/dags/calendar_sync__berlin/runs/{RUN}/changes/"
    csv = viewer.get(f"{path}csv/?side=crm")
    assert csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert csv.headers["content-disposition"] == 'attachment; filename="changes-berlin.csv"'
    assert [line.split(",")[2] for line in csv.text.splitlines()] == ["title", "Dinner"]
    said = viewer.get(f"{path}json/").json()
    assert (said["run"], [one["title"] for one in said["changes"]]) == (RUN, ["Lunch", "Dinner"])
    assert "choices" not in said
    assert viewer.get(f"{path}xlsx/").status_code == 422
    reports.clear()
    assert viewer.get(f"{path}csv/").status_code == 404


def test_a_dry_run_is_a_plan(shown: Any) -> None:
    assert "Plan" in [heading.get_text() for heading in shown(report(dry_run=True)).soup.select("h2")]
