"""The calendar of meetings, the search, and a meeting's own page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from bs4 import Tag
from fastapi import FastAPI
from fastapi.testclient import TestClient
from web.conftest import Page, Place, SignIn, follow, send, visit

from calsync.core.model import Account, Event, Kind, Link, LinkState, Origin, Placement, Side, Time
from calsync.core.plan import Action, ActionState, Loss, Outcome, Verb
from calsync.store.records import HistoryEntry, WishKind

pytestmark = pytest.mark.airflow

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MEETINGS = "/tenants/berlin/meetings/"
SECRET = "Redundancies"


@pytest.fixture(autouse=True)
def at_eight(site: FastAPI) -> Iterator[None]:
    """It is eight o'clock on Monday, 23 November 2026."""
    from calsync.web.state import now

    app = next(route.app for route in site.routes if getattr(route, "path", "") == "/calsync")  # type: ignore[attr-defined]
    app.dependency_overrides[now] = lambda: NOW
    yield
    app.dependency_overrides.pop(now)


def at(day: int = 24, hour: float = 9, hours: float = 1) -> Time:
    start = datetime(2026, 11, day, tzinfo=UTC) + timedelta(hours=hour)
    return Time(start, start + timedelta(hours=hours))


def link(id_: str, title: str = "Visit", time: Time | None = None, **more: Any) -> Link:
    """A meeting of employee 1001, with a copy in their mailbox."""
    of_event = {name: more.pop(name) for name in ("private", "contacts", "attendees") if name in more}
    event = Event(title, time or at(), **of_event)
    placed = Placement("m1", f"e-{id_}", Kind.COPY, Origin.OURS, shown=event, since=NOW)
    said = {"state": LinkState.LIVING, "base": event, "crm_shown": event, "placements": (placed,), "speaker": "m1"}
    return Link(id_, crm_id=f"r-{id_}", **{"crm_owner": "1001", **said, **more})


def person(employee: str, mailbox: str) -> Account:
    address = f"{employee}@example.com"
    return Account(employee, mailbox, address, frozenset({address}), authorised_since=NOW)


def put(place: Place, *links: Link) -> None:
    place.store.save_links("berlin", links)


@pytest.fixture
def viewer(as_role: SignIn) -> TestClient:
    return as_role("viewer")


def days(page: Page) -> dict[str, list[str]]:
    """What stands in each day of the calendar that has something in it."""
    cells = page.soup.select("td[data-day]")
    found = {str(cell.select_one("a.date")["data-open-day"]): _lines(cell) for cell in cells}  # type: ignore[index]
    return {day: lines for day, lines in found.items() if lines}


def _lines(cell: Tag) -> list[str]:
    return [" ".join(one.get_text(" ").split()) for one in cell.select("a.meeting, a.more")]


# --- the calendar ----------------------------------------------------------------------------------------------------


def test_a_month_shows_each_meeting_on_its_local_day(place: Place, viewer: TestClient) -> None:
    late = Time(datetime(2026, 11, 24, 23, 30, tzinfo=UTC), datetime(2026, 11, 25, 0, 30, tzinfo=UTC))
    fair = Time(date(2026, 11, 26), date(2026, 11, 28))
    put(place, link("a"), link("b", "Night call", late), link("c", "Fair", fair))
    place.tenant("berlin", time_zone="Europe/Berlin")
    page = visit(viewer, MEETINGS)
    assert days(page) == {
        "2026-11-24": ["10:00 Visit"],
        "2026-11-25": ["00:30 Night call"],
        "2026-11-26": ["Fair"],
        "2026-11-27": ["Fair"],
    }
    assert "November 2026 : 3 meetings" in page.text or "November 2026: 3 meetings" in page.text
    assert page.soup.select_one("td.today a.date").get_text() == "23"  # type: ignore[union-attr]


def test_what_is_kept_the_same_is_green_and_the_rest_is_not(place: Place, viewer: TestClient) -> None:
    put(place, link("a", "Both"), link("b", "Apart", at(hour=11), state=LinkState.UNLINKED, reason="out of scope"))
    shown = {
        one.get_text(" ").split()[1].rstrip(","): one["class"]
        for one in visit(viewer, MEETINGS).soup.select("td .meeting")
    }
    assert "synced" in shown["Both"]
    assert "apart" in shown["Apart"]


def test_private_meetings_have_no_title_for_anybody(place: Place, as_role: SignIn) -> None:
    put(place, link("a", SECRET, private=True))
    for role in ("viewer", "op", "admin"):
        page = visit(as_role(role), MEETINGS)
        assert days(page) == {"2026-11-24": ["10:00 Private"]}
        assert SECRET not in page.answer.text


def test_a_day_with_many_meetings_folds_and_opens(place: Place, viewer: TestClient) -> None:
    put(place, *(link(f"L{n}", f"Visit {n}", at(hour=8 + n / 4)) for n in range(9)))
    page = visit(viewer, MEETINGS)
    assert days(page)["2026-11-24"][-1] == "5 more on 2026-11-24"
    more = str(page.soup.select_one("a.more")["href"])  # type: ignore[index]
    opened = Page(viewer.get(more))
    assert [one.split()[-1] for one in days(opened)["2026-11-24"]] == [str(n) for n in range(9)]


@pytest.mark.parametrize(
    ("circle", "found"),
    [("all", ["Team", "Customer", "Private"]), ("internal", ["Team", "Private"]), ("external", ["Customer"]),
     ("private", ["Private"])],
)  # fmt: skip
def test_meetings_are_narrowed_by_who_is_on_them(
    place: Place, viewer: TestClient, circle: str, found: list[str]
) -> None:
    put(
        place,
        link("a", "Team", at(hour=9)),
        link("b", "Customer", at(hour=10), contacts=frozenset({"c1"})),
        link("c", SECRET, at(hour=11), private=True),
    )
    shown = days(visit(viewer, f"{MEETINGS}?circle={circle}"))["2026-11-24"]
    assert [line.split()[1] for line in shown] == found


def test_weeks_are_left_and_reached_by_buttons(place: Place, viewer: TestClient) -> None:
    put(place, link("a"), link("b", "Later", at(30)))
    page = visit(viewer, MEETINGS + "?view=week")
    assert days(page) == {"2026-11-24": ["10:00 Visit"]}
    later = Page(send(viewer, page, MEETINGS, view="week", day="2026-11-23", go="later"))
    assert days(later) == {"2026-11-30": ["10:00 Later"]}
    back = Page(send(viewer, later, MEETINGS, view="week", day="2026-11-30", go="today"))
    assert days(back) == days(page)


def test_one_persons_calendar_is_asked_for_without_an_address_in_the_url(place: Place, viewer: TestClient) -> None:
    other = Placement("m2", "e2", Kind.COPY, Origin.OURS, shown=Event("Theirs", at()))
    put(place, link("a", "Mine"), link("b", "Theirs", placements=(other,), crm_owner="1002"))
    place.store.save_accounts("berlin", [person("1001", "m1"), person("1002", "m2")], "berlin")
    page = visit(viewer, MEETINGS)
    for who in ("1002", "1002@EXAMPLE.com"):
        shown = Page(send(viewer, page, MEETINGS, who=who))
        assert days(shown) == {"2026-11-24": ["10:00 Theirs"]}
        assert not [a["href"] for a in shown.soup.select("a[href]") if "1002" in str(a["href"])]
    assert "No account has this" in Page(send(viewer, page, MEETINGS, who="9999")).text
    assert "Several accounts fit" in Page(send(viewer, page, MEETINGS, who="example.com")).text


def test_an_empty_calendar_says_so(place: Place, viewer: TestClient) -> None:
    assert "No meetings in these days." in visit(viewer, MEETINGS).text


@pytest.mark.parametrize("query", ["?view=year", "?day=tomorrow", "?circle=x"])
def test_what_is_no_calendar_is_refused(place: Place, viewer: TestClient, query: str) -> None:
    visit(viewer, MEETINGS + query, status=422)


# --- the search ------------------------------------------------------------------------------------------------------


def test_words_find_titles_and_never_private_ones(place: Place, viewer: TestClient) -> None:
    put(place, link("a", "Offer for Miller"), link("b", "Offer", at(25)), link("c", "Offer Miller", private=True))
    page = visit(viewer, MEETINGS)
    found = Page(send(viewer, page, MEETINGS, words="miller OFFER"))
    assert found.rows == [["Tue 24 Nov 2026", "10:00 Offer for Miller", "kept the same"]]
    assert "Nothing was found" in Page(send(viewer, page, MEETINGS, words="absent")).text
    assert found.answer.request.url.query == b""


def test_days_alone_list_everything_in_them(place: Place, viewer: TestClient) -> None:
    put(place, link("a"), link("b", SECRET, at(25), private=True), link("c", "Outside", at(28)))
    page = visit(viewer, MEETINGS)
    found = Page(send(viewer, page, MEETINGS, first="2026-11-24", last="2026-11-25"))
    assert [row[1] for row in found.rows] == ["10:00 Private", "10:00 Visit"]
    backwards = Page(send(viewer, page, MEETINGS, first="2026-11-25", last="2026-11-24"))
    assert "The last day is before the first." in backwards.text


def test_many_matches_come_in_pages(place: Place, viewer: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calsync.web.meetings.ROWS", 2)
    put(place, *(link(f"L{n}", f"Visit {n}", at(24 + n)) for n in range(3)))
    first = Page(send(viewer, visit(viewer, MEETINGS), MEETINGS, words="visit"))
    second = Page(send(viewer, first, MEETINGS, words="visit", number="2"))
    assert [[row[1] for row in page.rows] for page in (first, second)] == [
        ["10:00 Visit 2", "10:00 Visit 1"],
        ["10:00 Visit 0"],
    ]
    assert [b.get_text() for b in first.soup.select("form.pages button")] == ["Next"]
    assert [b.get_text() for b in second.soup.select("form.pages button")] == ["Previous"]


def test_what_people_write_is_text(place: Place, viewer: TestClient) -> None:
    put(place, link("a", "<script>alert(1)</script>"))
    page = visit(viewer, MEETINGS)
    assert days(page) == {"2026-11-24": ["10:00 <script>alert(1)</script>"]}
    again = Page(send(viewer, page, MEETINGS, words='"><script>'))
    assert "<script>alert" not in again.answer.text


# --- a meeting -------------------------------------------------------------------------------------------------------

LUNCH, DINNER, VISIT = (Event(title, at()) for title in ("Lunch", "Dinner", "Visit"))


def after_conflict(place: Place, *, private: bool = False, **more: Any) -> str:
    """Renamed on both sides at once in run r2; "Lunch" has won, and what was agreed before was "Visit". Its path."""
    lunch, dinner, before = (replace(event, private=private) for event in (LUNCH, DINNER, VISIT))
    put(place, replace(link("L1", time=at()), **{"base": lunch, "crm_shown": lunch, **more}))
    action = Action("A1", "L1", Verb.UPDATE, Side.OUTLOOK, "C5", "changed in ShareCRM", mailbox="m1", target_id="e-L1",
                    event=lunch, before=dinner, fields=("title",))  # fmt: skip
    place.store.plan("berlin", "r2", [action], NOW)
    place.store.settle("berlin", [Outcome("A1", ActionState.DONE)], NOW)
    loss = Loss("C5", "title changed on both sides; ShareCRM won", Side.OUTLOOK, "title", dinner)
    place.store.add_history(
        "berlin",
        [
            HistoryEntry(NOW, "r2", "L1", "C5", loss.reason, losses=(loss,)),
            HistoryEntry(NOW, "r2", "L1", "C5", "changed in ShareCRM", Side.OUTLOOK, "m1", "e-L1", "A1",
                         before=dinner, after=lunch, base=before),
        ],
    )  # fmt: skip
    place.store.save_accounts("berlin", [person("1001", "m1")], "berlin")
    return f"{MEETINGS}L1/"


def section(page: Page, heading: str) -> str:
    found = next((s for s in page.soup.select("section") if s.h2 and s.h2.get_text() == heading), None)
    return " ".join(found.get_text(" ").split()) if found else ""


def test_both_sides_stand_beside_what_was_agreed_and_differences_are_marked(place: Place, viewer: TestClient) -> None:
    path = after_conflict(place, crm_shown=replace(LUNCH, title="Supper"))
    page = visit(viewer, path)
    assert page.rows[0] == ["Supper differs", "Lunch", "Visit differs"]
    assert [cell["class"] for cell in page.soup.select("td.differs")]
    assert "It is kept the same in ShareCRM and Outlook." in page.text
    assert "1001 copy speaks calsync living" in section(page, "In Outlook")


def test_history_tells_who_changed_what(place: Place, viewer: TestClient) -> None:
    page = visit(viewer, after_conflict(place))
    told = section(page, "History")
    assert "title changed; changed in ShareCRM (C5)" in told
    assert "title Dinner → Lunch" in told
    assert "title Dinner → Lunch" in section(page, "The last write")


def test_a_losing_value_is_wished_back_and_the_next_run_does_it(place: Place, as_role: SignIn) -> None:
    path, user = after_conflict(place), as_role("user")
    page = visit(user, path)
    assert "title, Outlook: Dinner" in section(page, "Values that yielded")
    of = str(page.soup.select_one("form[action$='/restore/'] input[name=of]")["value"])  # type: ignore[index]
    after = follow(user, send(user, page, f"{path}restore/", of=of))
    assert "The next run does it" in after.text
    wish = place.store.wishes("berlin")["L1"]
    assert (wish.kind, wish.of, wish.who) == (WishKind.RESTORE, of, "user")
    assert "user asked for a value back" in after.text
    assert place.store.history("berlin", link="L1")[-1].who == "user"


def test_the_last_write_is_wished_undone(place: Place, as_role: SignIn) -> None:
    path, user = after_conflict(place), as_role("user")
    page = visit(user, path)
    follow(user, send(user, page, f"{path}undo/", of="r2"))
    wish = place.store.wishes("berlin")["L1"]
    assert (wish.kind, wish.of) == (WishKind.UNDO, "r2")


def test_who_may_only_look_finds_no_button(place: Place, viewer: TestClient) -> None:
    assert visit(viewer, after_conflict(place)).soup.select("form") == []


def test_what_cannot_come_back_says_why(place: Place, as_role: SignIn) -> None:
    path, user = after_conflict(place, base=replace(LUNCH, title="Supper")), as_role("user")
    place.store.add_history("berlin", [HistoryEntry(NOW, "r3", "L1", "C6", "agreed anew", base=LUNCH)])
    page = visit(user, path)
    assert "it was changed again since" in section(page, "Values that yielded")
    refused = follow(user, send(user, page, f"{path}undo/", of="no-such-run"))
    assert "History does not tell of this any more." in refused.text
    assert place.store.wishes("berlin") == {}


def test_what_waits_is_told_and_nothing_else_is_offered(place: Place, as_role: SignIn) -> None:
    path = after_conflict(place)
    held = Action("A2", "L1", Verb.DELETE, Side.OUTLOOK, "D4", "deleted in ShareCRM", mailbox="m1", held="too many")
    place.store.plan("berlin", "r3", [held], NOW)
    page = visit(as_role("user"), path)
    assert "held for a person" in page.text
    assert page.soup.select("form[action$='/restore/'], form[action$='/undo/']") == []


def test_a_private_meeting_shows_neither_titles_nor_people(place: Place, as_role: SignIn) -> None:
    path = after_conflict(place, private=True)
    page = visit(as_role("admin"), path)
    for word in ("Lunch", "Dinner", "Visit"):
        assert word not in page.answer.text
    assert page.heading == "Private private"


def test_what_was_private_once_stays_hidden(place: Place, viewer: TestClient) -> None:
    path = after_conflict(place, private=True)
    put(place, link("L1", "Open now"))
    page = visit(viewer, path)
    assert "Dinner" not in page.answer.text


def test_an_admin_may_look_and_history_says_so(place: Place, as_role: SignIn) -> None:
    path, admin = after_conflict(place, private=True), as_role("admin")
    page = visit(admin, path)
    shown = Page(send(admin, page, f"{path}private/"))
    assert shown.heading == "Lunch private"
    entry = place.store.history("berlin", link="L1")[-1]
    assert (entry.rule, entry.who) == ("F6", "admin")
    assert "An admin looked at what is private" in visit(admin, path).text
    assert "Lunch" not in visit(admin, path).answer.text


def test_it_leads_to_both_systems_where_their_pages_are_known(
    place: Place, viewer: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = after_conflict(place)
    tenant = place.tenant("berlin")
    monkeypatch.setenv(f"AIRFLOW_CONN_{tenant.connections.graph.upper()}", '{"conn_type": "msgraph"}')
    extra = '{"conn_type": "generic", "extra": {"record_url": "https://crm.example/record/{id}"}}'
    monkeypatch.setenv(f"AIRFLOW_CONN_{tenant.connections.crm.upper()}", extra)
    links = [str(a["href"]) for a in visit(viewer, path).soup.select("a[data-outside]")]
    assert links == ["https://crm.example/record/r-L1", "https://outlook.office.com/calendar/item/e-L1"]


def test_without_known_pages_there_are_no_links_and_the_ids_stay(place: Place, viewer: TestClient) -> None:
    page = visit(viewer, after_conflict(place))
    assert page.soup.select("a[data-outside]") == []
    assert "e-L1" in page.text


def test_a_meeting_that_is_not_there_is_no_fault(place: Place, as_role: SignIn) -> None:
    assert "There is no meeting of this id." in visit(as_role("user"), f"{MEETINGS}absent/", status=404).text
