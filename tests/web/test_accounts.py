"""The page of connected accounts: who is shown how, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from web.conftest import Page, Place, SignIn, follow, send, visit

from calsync.accounts import authorise, remember, stored
from calsync.core.accounts import Employee, User
from calsync.core.model import Availability
from calsync.stages.matching import begin
from calsync.web.accounts import ROWS

pytestmark = pytest.mark.airflow
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
PATH = "/tenants/berlin/accounts/"

EMPLOYEES = [
    Employee("1001", "ann@x.io"),
    Employee("1002", "bob@x.io"),
    Employee("1003", "cem@x.io"),
    Employee("1004", "dan@x.io"),
    Employee("1005", "eve@x.io"),
]
USERS = [
    User("u1", mail="ann@x.io"),
    User("u2", mail="bob@x.io"),
    User("u3", mail="cem@x.io"),
    User("u4", upn="cem@x.io", mail="cem.b@x.io"),
    User("u5", mail="eve@x.io"),
]


@pytest.fixture
def team(place: Place) -> Place:
    """Ann connected, Bob ready, Cem ambiguous, Dan without a user, Eve connected but away."""
    tenant = place.tenant("berlin")
    remember(tenant, EMPLOYEES, USERS, place.store, NOW)
    authorise(tenant, stored("berlin", place.store), ["1001", "1005"], place.store, NOW)
    (eve,) = place.store.accounts("berlin", ["1005"])
    away = replace(eve, availability=Availability.NO_MAILBOX, away_since=NOW)
    place.store.save_accounts("berlin", [away], "berlin")
    return place


@pytest.fixture
def op(as_role: SignIn) -> TestClient:
    return as_role("op")


def allowed(place: Place) -> list[str]:
    return [one.employee for one in place.store.accounts("berlin") if one.authorised]


def states(page: Page) -> dict[str, str]:
    return {row[1]: row[3] for row in page.rows}


def test_everybody_is_listed_with_state_and_reason(team: Place, op: TestClient) -> None:
    page = visit(op, PATH)
    assert states(page) == {
        "1001": "Connected",
        "1002": "Not authorised",
        "1003": "Ambiguous",
        "1004": "Not matched",
        "1005": "Unavailable",
    }
    details = {row[1]: row[4] for row in page.rows}
    assert details["1001"] == "Since Mon 23 Nov 2026, 09:00 UTC."
    assert details["1004"].startswith("No Microsoft member has this employee's address")
    assert details["1005"] == "No mailbox, since Mon 23 Nov 2026, 09:00 UTC."
    assert "/calsync/connect/berlin/signed-in/" in page.text


def test_a_state_is_filtered_by_the_address_and_a_person_is_not(team: Place, op: TestClient) -> None:
    assert states(visit(op, f"{PATH}?group=ambiguous")) == {"1003": "Ambiguous"}
    found = Page(send(op, visit(op, PATH), f"{PATH}find/", text="EVE@"))
    assert states(found) == {"1005": "Unavailable"}
    assert "eve" not in str(found.answer.url)
    assert not [a for a in found.soup.find_all("a") if "eve" in str(a["href"]).lower()]


def test_one_is_authorised_and_revoked_again(team: Place, op: TestClient) -> None:
    after = follow(op, send(op, visit(op, PATH), f"{PATH}change/", one="authorise 1002"))
    assert "1 account authorised." in after.text
    assert allowed(team) == ["1001", "1002", "1005"]
    after = follow(op, send(op, after, f"{PATH}change/", one="revoke 1002"))
    assert "1 account revoked." in after.text
    assert states(after)["1002"] == "Revoked"


def test_many_are_authorised_and_the_refused_told_with_their_reasons(team: Place, op: TestClient) -> None:
    after = follow(op, send(op, visit(op, PATH), f"{PATH}change/", do="authorise", employee=["1002", "1004"]))
    assert "1 account authorised. Employee 1004: no Microsoft member" in after.text
    assert allowed(team) == ["1001", "1002", "1005"]


def test_everybody_who_is_ready_is_authorised_at_once(team: Place, op: TestClient) -> None:
    page = visit(op, PATH)
    assert "Authorise everybody who is ready (1)" in page.text
    follow(op, send(op, page, f"{PATH}change/", do="authorise", everybody="yes"))
    assert allowed(team) == ["1001", "1002", "1005"]


@pytest.mark.parametrize("fields", [{"do": "authorise"}, {"do": "revoke"}])
def test_nobody_chosen_is_nobody_changed(team: Place, op: TestClient, fields: dict[str, Any]) -> None:
    after = follow(op, send(op, visit(op, PATH), f"{PATH}change/", **fields))
    assert "Nobody was chosen" in after.text
    assert allowed(team) == ["1001", "1005"]


def test_an_unknown_wish_is_refused(team: Place, op: TestClient) -> None:
    assert send(op, visit(op, PATH), f"{PATH}change/", do="delete", employee="1001").status_code == 422
    assert allowed(team) == ["1001", "1005"]


def test_an_ambiguous_match_is_settled_and_still_to_be_authorised(team: Place, op: TestClient) -> None:
    page = visit(op, f"{PATH}?group=ambiguous")
    assert [radio["value"] for radio in page.soup.select("input[type=radio]")] == ["u3", "u4"]
    assert "cem.b@x.io signs in as cem@x.io" in page.text
    after = follow(op, send(op, page, f"{PATH}settle/", employee="1003", object_id="u4"))
    assert states(after) == {"1002": "Not authorised", "1003": "Not authorised"}
    (cem,) = team.store.accounts("berlin", ["1003"])
    assert (cem.object_id, cem.chosen, cem.authorised) == ("u4", True, False)
    wrong = follow(op, send(op, after, f"{PATH}settle/", employee="1002", object_id="u4"))
    assert "nothing to choose for this employee" in wrong.text


def upload(op: TestClient, content: bytes, do: str = "authorise") -> Any:
    page = visit(op, PATH)
    data = {"form_token": page.form_token, "do": do}
    return op.post(f"/calsync{PATH}upload/", data=data, files={"list": ("people.csv", content, "text/csv")})


def test_a_list_is_shown_line_by_line_before_it_is_applied(team: Place, op: TestClient) -> None:
    page = Page(upload(op, b"employee\n1002\nann@x.io\nnobody@x.io\n=cmd()\n"))
    assert page.heading == "1 employee of 4 lines would be authorised"
    assert page.rows == [
        ["3", "ann@x.io", "", "nothing is authorised already"],
        ["4", "nobody@x.io", "", "nothing no employee with this id or address"],
        ["5", "=cmd()", "", "nothing no employee with this id or address"],
        ["2", "1002", "1002", "will be authorised"],
    ]
    assert allowed(team) == ["1001", "1005"]
    fields = {"employees": page.soup.textarea.get_text(), "do": "authorise"}
    assert "1 account authorised." in follow(op, send(op, page, f"{PATH}change/", **fields)).text
    assert allowed(team) == ["1001", "1002", "1005"]


@pytest.mark.parametrize(("content", "status"), [(b"", 422), (b"PK\0\0", 422), (b"1\n" * 1_100_000, 413)])
def test_what_is_no_list_is_refused(team: Place, op: TestClient, content: bytes, status: int) -> None:
    assert upload(op, content).status_code == status


def test_a_long_list_is_read_page_by_page(place: Place, op: TestClient) -> None:
    people = [Employee(f"{n:04}", f"p{n}@x.io") for n in range(ROWS + 3)]
    users = [User(f"u{n:04}", mail=f"p{n}@x.io") for n in range(ROWS + 3)]
    remember(place.tenant("berlin"), people, users, place.store, NOW)
    first, last = visit(op, PATH), visit(op, f"{PATH}?page=2")
    assert (len(first.rows), len(last.rows)) == (ROWS, 3)
    assert len(visit(op, f"{PATH}?page=99").rows) == 3
    wanted = {"form_token": first.form_token, "text": "@x.io", "page": "2"}
    found = Page(op.post(f"/calsync{PATH}find/", data=wanted))
    assert len(found.rows) == 3


def test_matching_is_begun_once_and_its_end_is_told(
    team: Place, op: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def start(tenant: Any, store: Any, now: datetime, open_ports: Callable[[], Any]) -> bool:
        begun.append(tenant.key)
        return bool(begin(store, tenant.key, now))

    monkeypatch.setattr("calsync.web.accounts.start", start)
    after = follow(op, send(op, visit(op, PATH), f"{PATH}match/"))
    assert "Matching has begun." in after.text
    assert op.get(f"/calsync{PATH}match/").json() == {"state": "running"}
    assert "runs already" in follow(op, send(op, after, f"{PATH}match/")).text
    assert begun == ["berlin", "berlin"]


def test_a_tenant_that_was_never_matched_says_what_to_do(place: Place, op: TestClient) -> None:
    assert "have not been matched" in visit(op, PATH).text


def test_what_people_are_called_is_text_and_never_markup(place: Place, op: TestClient) -> None:
    odd = Employee("<script>alert(1)</script>", "a@x.io")
    remember(place.tenant("berlin"), [odd], [User("u1", mail="a@x.io")], place.store, NOW)
    page = visit(op, PATH)
    assert page.rows[0][1] == odd.id
    assert all(script.get("src") for script in page.soup.find_all("script"))
