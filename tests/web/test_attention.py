"""What waits for a person, and what a person's word about it does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from store.values import HOLIDAY, MEETING, full_link, person, some_action
from web.conftest import Page, Place, SignIn, follow, send, visit

from calsync.core.model import Availability, Side
from calsync.core.plan import ActionState, Loss, Mail, Verb
from calsync.store.records import HistoryEntry
from calsync.web.airflow_api import Airflow
from calsync.web.attention import ROWS
from calsync.web.state import now

pytestmark = pytest.mark.airflow
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = "/tenants/berlin/attention/"
OPEN = replace(MEETING, title="Quarterly review", private=False)


@dataclass
class Asked:
    """Stands in for Airflow's API: what it was asked, and whether it does it."""

    runs: list[str] = field(default_factory=list)
    answers: list[tuple[str, str, str]] = field(default_factory=list)
    willing: bool = True

    def run(self, key: str) -> Any:
        self.runs.append(key)
        return SimpleNamespace(done=self.willing)

    def answer(self, key: str, run_id: str, word: str) -> Any:
        self.answers.append((key, run_id, word))
        return SimpleNamespace(done=self.willing)


@pytest.fixture(autouse=True)
def airflow(site: FastAPI) -> Iterator[Asked]:
    (pages,) = (route.app for route in site.routes if getattr(route, "path", "") == "/calsync")  # type: ignore[attr-defined]
    asked = Asked()
    pages.dependency_overrides |= {now: lambda: NOW, Airflow: lambda: asked}
    yield asked
    pages.dependency_overrides.clear()


def hold(place: Place, *links: str, question: str = "", private: bool = False, mails: int = 2) -> None:
    """A held deletion of each of these meetings, asked about under `question`."""
    event = replace(OPEN, private=private)
    actions = []
    for link in links:
        place.store.save_links(
            "berlin", [replace(full_link(link, f"R-{link}"), base=event, crm_shown=event, placements=(), dirty=False)]
        )
        sent = (Mail("cancellation", "a@example.com", True),) * mails
        action = some_action(f"A-{link}", link, "20 of 30 meetings would end; the limit is 10")
        actions.append(replace(action, verb=Verb.DELETE, event=None, before=event, fields=(), invite=(), mails=sent))
    place.store.plan("berlin", "r1", actions, NOW - HOUR)
    if question:
        place.store.ask("berlin", [action.id for action in actions], question)
        place.store.put_question("berlin", question, NOW - HOUR)


def park(place: Place, *links: str) -> None:
    actions = [replace(some_action(f"P-{link}", link), before=OPEN, event=OPEN, mails=()) for link in links]
    place.store.plan("berlin", "r1", actions, NOW - HOUR)
    place.store.mark(
        "berlin",
        [a.id for a in actions],
        ActionState.PARKED,
        NOW - HOUR,
        code="ErrorInvalidRequest",
        sentence="Graph refused it.",
    )


def table(page: Page, section: str, number: int = 0) -> list[list[str]]:
    found = page.soup.select(f"#{section} table")
    rows = found[number].select("tbody tr") if len(found) > number else []
    return [[" ".join(cell.get_text(" ").split()) for cell in row.find_all("td")] for row in rows]


def test_what_is_held_is_told_as_questions_and_meeting_by_meeting(as_role: SignIn, place: Place) -> None:
    hold(place, "L1", "L2", question="q1")
    page = visit(as_role("user"), BERLIN)
    assert table(page, "held") == [["", "1 h ago", "2", "20 of 30 meetings would end; the limit is 10", "4"]]
    assert table(page, "held", 1)[0] == [
        "",
        "Quarterly review Tue 03 Mar 2026, 00:00 UTC",
        "mails: delete in Outlook 20 of 30 meetings would end; the limit is 10",
        "1 h ago",
        "2",
    ]
    boxes = page.soup.select("#held input[data-row]")
    assert [(box["value"], box["data-mails"]) for box in boxes] == [("q1", "4"), ("L1", "2"), ("L2", "2")]


def test_what_is_private_is_shown_as_private(as_role: SignIn, place: Place) -> None:
    hold(place, "L1", private=True)
    page = visit(as_role("admin"), BERLIN)
    assert table(page, "held", 1)[0][1].startswith("Private")
    assert "Quarterly review" not in page.answer.text


def test_a_whole_question_is_answered_and_its_approval_carries_it_out(
    as_role: SignIn, place: Place, airflow: Asked
) -> None:
    hold(place, "L1", "L2", question="q1")
    browser = as_role("user")
    answer = send(browser, visit(browser, BERLIN), f"{BERLIN}held/", what=["q1"], word="approve")
    page = follow(browser, answer)
    assert page.soup.select_one(".said").get_text() == "2 meetings approved. It is carried out now."  # type: ignore[union-attr]
    rows = place.store.actions("berlin")
    assert {(row.answer, row.answered_by) for row in rows} == {("approve", "user")}
    assert all(link.dirty for link in place.store.links("berlin"))
    assert [entry.who for entry in place.store.history("berlin")] == ["user", "user"]
    assert airflow.answers == [("berlin", "approval__q1", "approve")]
    assert airflow.runs == []
    assert "2 meetings answered with approve : not carried out yet" in page.text
    assert table(page, "held") == []


def test_a_part_of_a_question_is_carried_out_by_a_run(as_role: SignIn, place: Place, airflow: Asked) -> None:
    hold(place, "L1", "L2", question="q1")
    browser = as_role("op")
    answer = send(browser, visit(browser, BERLIN), f"{BERLIN}held/", what=["L2"], word="unlink")
    page = follow(browser, answer)
    assert page.soup.select_one(".said").get_text() == "1 meeting left as they are. A run was started for it."  # type: ignore[union-attr]
    assert {row.action.link: row.answer for row in place.store.actions("berlin")} == {"L1": "", "L2": "unlink"}
    assert (airflow.answers, airflow.runs) == ([], ["berlin"])


def test_where_airflow_refuses_the_next_run_does_it(as_role: SignIn, place: Place, airflow: Asked) -> None:
    hold(place, "L1", question="q1")
    airflow.willing = False
    browser = as_role("user")
    page = follow(browser, send(browser, visit(browser, BERLIN), f"{BERLIN}held/", what="L1", word="restore"))
    assert "1 meeting put back. The next run does it." in page.text
    assert [row.answer for row in place.store.actions("berlin")] == ["restore"]


def test_what_was_answered_elsewhere_is_told(as_role: SignIn, place: Place, airflow: Asked) -> None:
    hold(place, "L1", question="q1")
    browser = as_role("user")
    page = visit(browser, BERLIN)
    place.store.mark("berlin", ["A-L1"], ActionState.DROPPED, NOW)
    assert (
        "Nothing of this waits any more."
        in follow(browser, send(browser, page, f"{BERLIN}held/", what="L1", word="approve")).text
    )
    assert airflow.runs == []


def test_while_a_run_writes_nothing_is_noted(as_role: SignIn, place: Place, airflow: Asked) -> None:
    hold(place, "L1", question="q1")
    park(place, "L2")
    browser = as_role("user")
    page = visit(browser, BERLIN)
    place.store.acquire("berlin", "airflow:another", datetime.now(UTC))
    for path, fields in (("held/", {"word": "approve", "what": "L1"}), ("parked/", {"do": "drop", "what": "P-L2"})):
        assert "so nothing was noted" in follow(browser, send(browser, page, BERLIN + path, **fields)).text
    assert [row.answer for row in place.store.actions("berlin", states=[ActionState.HELD])] == [""]
    assert len(place.store.actions("berlin", states=[ActionState.PARKED])) == 1
    assert airflow.runs == []


def test_parked_changes_are_tried_again_by_a_run(as_role: SignIn, place: Place, airflow: Asked) -> None:
    park(place, "L1", "L2", "L3")
    browser = as_role("user")
    page = visit(browser, BERLIN)
    assert table(page, "parked")[0][1:6] == [
        "Quarterly review Tue 03 Mar 2026, 00:00 UTC",
        "update in Outlook",
        "",
        "Graph refused it. ErrorInvalidRequest",
        "1",
    ]
    answer = send(browser, page, f"{BERLIN}parked/", do="retry", what=["P-L1", "P-L3"])
    assert "2 changes to be tried again. A run was started for it." in follow(browser, answer).text
    assert [row.action.id for row in place.store.actions("berlin", states=[ActionState.PLANNED])] == ["P-L1", "P-L3"]
    assert airflow.runs == ["berlin"]


def test_parked_changes_are_dropped(as_role: SignIn, place: Place, airflow: Asked) -> None:
    park(place, "L1", "L2")
    browser = as_role("user")
    answer = send(browser, visit(browser, BERLIN), f"{BERLIN}parked/", do="drop", what=["P-L2", "nothing"])
    assert "1 change dropped." in follow(browser, answer).text
    assert [row.action.id for row in place.store.actions("berlin", states=[ActionState.DROPPED])] == ["P-L2"]
    (entry,) = place.store.history("berlin")
    assert (entry.rule, entry.who, entry.link) == ("G10", "user", "L2")
    assert airflow.runs == []


def test_who_may_only_look_finds_nothing_to_press(as_role: SignIn, place: Place) -> None:
    hold(place, "L1", question="q1")
    park(place, "L2")
    page = visit(as_role("viewer"), BERLIN)
    assert page.soup.select("button") == []
    assert page.soup.select("input[type=checkbox]") == []
    assert "You may look, but not answer" in page.text


def test_each_button_asks_first_and_says_what_happens(as_role: SignIn, place: Place) -> None:
    hold(place, "L1", question="q1")
    park(place, "L2")
    page = visit(as_role("user"), BERLIN)
    for button in page.soup.select("button[name]"):
        dialog = page.soup.find("dialog", id=button["data-confirm"])
        assert dialog is not None
        assert "mail" in dialog.get_text()
        assert dialog.find_parent("form") == button.find_parent("form")


def test_conflicts_lead_to_their_meeting(as_role: SignIn, place: Place) -> None:
    hold(place, "L1")
    lost = Loss("C5", "both sides changed it", Side.CRM, "title", HOLIDAY)
    place.store.add_history(
        "berlin", [HistoryEntry(NOW - HOUR, "r", "L1", "C5", "both sides changed it", losses=(lost,))]
    )
    page = visit(as_role("viewer"), BERLIN)
    assert table(page, "conflicts") == [
        ["Quarterly review", "title of ShareCRM", "both sides changed it C5", "1 h ago"]
    ]
    assert page.soup.select_one("#conflicts a")["href"] == "/calsync/tenants/berlin/meetings/L1/"  # type: ignore[index]
    assert HOLIDAY.title not in page.text


def test_mailboxes_that_are_away_are_told_with_their_reason_and_no_address(as_role: SignIn, place: Place) -> None:
    away = replace(person("1002", "b"), availability=Availability.FORBIDDEN, away_since=NOW - HOUR)
    place.store.save_accounts("berlin", [person("1001", "a"), away], "berlin")
    section = visit(as_role("viewer"), BERLIN).soup.select_one("#away")
    assert section is not None
    text = " ".join(section.get_text(" ").split())
    assert "Employee 1002 : Microsoft refuses access: look at the application's access policy." in text
    assert "1001" not in text
    assert "@" not in text


def test_secrets_that_end_soon_are_told_to_those_who_can_renew_them(
    as_role: SignIn, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.tenant("berlin", connections={"crm": "berlin_crm", "graph": "berlin_graph"})
    place.tenant("vienna", connections={"crm": "vienna_crm", "graph": "vienna_graph"})
    for name, at in (("BERLIN_GRAPH", "2026-12-01"), ("BERLIN_CRM", "2027-12-01"), ("VIENNA_GRAPH", "2026-11-20")):
        said = {"conn_type": "generic", "extra": {"secret_expires": at}}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(said))
    text = visit(as_role("op"), "/attention/").text
    assert "The secret of connection berlin_graph , used by Berlin sales , ends Tue 01 Dec 2026, 00:00 UTC." in text
    assert "vienna_graph" in text
    assert "berlin_crm" not in text
    assert "berlin_graph" in visit(as_role("op"), BERLIN).text
    assert "berlin_graph" not in visit(as_role("user"), BERLIN).text


def test_the_page_of_all_lists_those_where_something_waits(as_role: SignIn, place: Place) -> None:
    page = visit(as_role("viewer"), "/attention/")
    assert "Nothing waits for a person." in page.text
    hold(place, "L1", "L2")
    park(place, "L3")
    page = visit(as_role("viewer"), "/attention/")
    assert page.rows == [["Berlin sales berlin", "", "2", "1", "0", "0"]]
    assert page.soup.select_one("tbody a")["href"] == "/calsync" + BERLIN  # type: ignore[index]


def test_who_sees_one_configuration_goes_straight_to_it(as_role: SignIn, place: Place) -> None:
    answer = as_role("neighbour").get("/calsync/attention/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/calsync/tenants/vienna/attention/")


def test_many_meetings_come_in_pages(as_role: SignIn, place: Place) -> None:
    hold(place, *(f"L{number:03}" for number in range(ROWS + 2)), question="q1")
    browser = as_role("viewer")
    first, second, beyond = (visit(browser, f"{BERLIN}?held={page}") for page in (1, 2, 9))
    assert [len(table(page, "held", 1)) for page in (first, second, beyond)] == [ROWS, 2, 2]
    assert first.soup.select_one("#held a[rel=next]")["href"] == "?held=2"  # type: ignore[index]
