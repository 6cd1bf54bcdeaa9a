"""The pages inside Airflow, as people use them: from a second configuration's first word to its meetings.

The pictures of docs/images are made here: `CALSYNC_SCREENSHOTS=docs/images pytest tests/e2e/test_pages.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from e2e import adatum
from e2e.adatum import AIKO, JONAS, KEY, LAUNCH, MARA, OWN, PRICES, TOURS, in_both, in_outlook, in_sharecrm
from e2e.browser import STOPS, Visit, browser
from e2e.desk import APPROVAL, SYNC, Desk, configure, credentials, typed
from e2e.people import CHROMIUM, Ops, changes_of, last
from e2e.standalone import Run, personal
from e2e.test_secrets import kept

from demo.paths import ROOT

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found; the browser test needs one"),
]
HERE = f"/tenants/{KEY}"
TRIPS = {f"Visit in {place}" for place in TOURS}
RENAMED, YIELDED, STAYED = f"{PRICES} and discounts", f"{LAUNCH}, online", f"{LAUNCH}, in the hall"


@pytest.fixture(scope="module")
def desk(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Adatum and its people, of whom Airflow knows nothing yet."""
    folder = tmp_path_factory.mktemp("adatum")
    wanted = os.environ.get("CALSYNC_SCREENSHOTS")
    with adatum.adatum(folder) as (server, box), browser(run.record) as chrome:
        yield Desk(Ops(run), chrome, box, credentials(server.info), ROOT / wanted if wanted else folder)


@pytest.fixture(scope="module")
def configured(desk: Desk) -> Desk:
    """The configuration after its first green run."""
    configure(desk)
    return desk


@pytest.fixture(scope="module")
def monday(configured: Desk) -> dict[str, Any]:
    """The run after a Monday morning, in which a value yields, a change is refused, and a mass deletion is held."""
    desk = configured
    box, records = desk.box, in_sharecrm(desk.box)
    mara = box.as_user(adatum.ADDRESSES[MARA])
    events = in_outlook(box, MARA)
    mara.rename(events[LAUNCH], YIELDED)
    box.as_employee(MARA).rename(records[LAUNCH], STAYED)
    mara.rename(events[PRICES], RENAMED)
    box.fault("sharecrm", {"code": 10002}, path="data/update")
    for trip in TRIPS:
        box.as_employee(JONAS).cancel(records[trip])
    run = desk.run()
    desk.ops.until(lambda: desk.ops.questions(APPROVAL), "a question under Required Actions")
    box.clear_faults()
    return run


def test_a_second_configuration_comes_from_nothing_to_its_first_green_run(configured: Desk) -> None:
    from playwright.sync_api import expect

    desk = configured
    assert in_both(desk.box, MARA, JONAS)
    assert in_outlook(desk.box, AIKO).keys() == {OWN}
    with desk.chrome.admin() as visit:
        row = visit.open("/").locator("tbody tr").filter(has_text=adatum.NAME)
        expect(row).to_contain_text("fine")
        visit.picture(desk.shots, "overview")
        row.get_by_role("link", name=adatum.NAME).click()
        visit.ours.get_by_label("Show", exact=True).select_option("week")
        visit.ours.get_by_role("button", name="Later").click()
        shown = visit.ours.locator("table.calendar.week .meeting")
        expect(shown.filter(has_text="Visit in")).to_have_count(len(TRIPS))
        expect(shown.filter(has_text="Private")).to_have_count(1)
        expect(visit.ours.locator(".meeting.apart").filter(has_text="Visit")).to_have_count(0)
        visit.picture(desk.shots, "meetings-week")


def test_an_employee_connects_by_signing_in_and_disconnects(configured: Desk) -> None:
    """The page needs no Airflow user, gives access to nothing else, and what it does takes place."""
    from playwright.sync_api import expect

    desk = configured
    with desk.chrome.anybody() as visit:
        page, heading = visit.page, visit.page.locator("h1")
        sign_in(visit, adatum.VISITOR)
        expect(heading).to_have_text("No employee was found for you")
        visit.picture(desk.shots, "connect-unknown")
        sign_in(visit, adatum.ADDRESSES[AIKO])
        expect(heading).to_have_text("Your calendar is not connected")
        expect(page.locator(".terms")).to_contain_text("60 days ahead")
        visit.picture(desk.shots, "connect")
        page.get_by_role("button", name="Connect my calendar").click()
        expect(heading).to_have_text("Your calendar is connected")
        assert page.request.get(f"{visit.record.airflow_url}/calsync/").status == 401
        desk.run()
        assert OWN in in_sharecrm(desk.box)
        page.get_by_role("button", name="Disconnect my calendar").click()
        expect(heading).to_have_text("Your calendar is not connected")
        page.get_by_role("button", name="Connect my calendar").click()
        expect(heading).to_have_text("Your calendar is connected")
        page.get_by_role("button", name="Sign out of this page").click()
        expect(heading).to_have_text("Connect your calendar")
    assert in_both(desk.box, MARA, JONAS, AIKO)


def sign_in(visit: Visit, address: str) -> None:
    """Open the page on which employees connect, and sign in with Microsoft."""
    visit.page.goto(f"{visit.record.airflow_url}/calsync/connect/{KEY}/")
    if not visit.page.get_by_role("link", name="Sign in with Microsoft").count():
        visit.page.get_by_role("link", name="Sign in with another account").click()
    else:
        visit.page.get_by_role("link", name="Sign in with Microsoft").click()
    visit.page.get_by_role("row", name=address).get_by_role("button").click()


def test_a_runs_tab_leads_to_its_meetings(configured: Desk, monday: dict[str, Any]) -> None:
    """What was done, parked and held stands there, each with the way to its meeting."""
    from playwright.sync_api import expect

    desk = configured
    with desk.chrome.admin() as visit:
        frame = changes_of(visit.page, visit.record, SYNC, monday["dag_run_id"])
        expect(frame.locator("h1")).to_have_text(monday["note"])
        rows = frame.locator("tbody tr")
        expect(rows.filter(has_text="held")).to_have_count(len(TRIPS))
        expect(rows.filter(has_text="parked")).to_contain_text(RENAMED)
        visit.picture(desk.shots, "changes")
        rows.filter(has_text="parked").get_by_role("link").click()
        expect(frame.get_by_role("heading", name="Both sides")).to_be_visible()


def test_a_value_that_yielded_is_restored(configured: Desk, monday: dict[str, Any]) -> None:
    """The meeting's page shows what lost the conflict; restored, the next run writes it to both sides."""
    from playwright.sync_api import expect

    desk = configured
    assert YIELDED not in in_outlook(desk.box, MARA)
    assert STAYED in in_outlook(desk.box, MARA)
    with desk.chrome.admin() as visit:
        visit.open(f"{HERE}/meetings/").get_by_label("Words in the title").fill("launch catalogue")
        visit.ours.get_by_role("button", name="Search").click()
        expect(visit.ours.get_by_text("latest first")).to_be_visible()
        visit.ours.get_by_role("link", name=STAYED).click()
        yielded = visit.ours.locator("section").filter(has_text="Values that yielded")
        expect(yielded).to_contain_text(f"Outlook: {YIELDED}")
        visit.picture(desk.shots, "meeting")
        yielded.get_by_role("button", name="Restore").click()
        visit.ours.get_by_role("dialog").get_by_role("button", name="Restore it").click()
        expect(visit.ours.get_by_role("status").first).to_contain_text("Noted. The next run does it")
    desk.run()
    assert YIELDED in in_outlook(desk.box, MARA)
    assert YIELDED in in_sharecrm(desk.box)
    assert STAYED not in in_sharecrm(desk.box)


def test_a_hold_is_approved_and_a_parked_change_tried_again(configured: Desk, monday: dict[str, Any]) -> None:
    """By keyboard alone: every step is reached with the focus in sight, and a dialog asks before anything is done."""
    from playwright.sync_api import expect

    desk = configured
    assert in_outlook(desk.box, JONAS).keys() > TRIPS
    with desk.chrome.admin() as visit:
        expect(visit.open("/attention/").locator("tbody tr").filter(has_text=adatum.NAME)).to_contain_text("6")
        visit.picture(desk.shots, "attention-all")
        held, parked = visit.ours.locator("#held"), visit.ours.locator("#parked")
        visit.press_to(visit.ours.get_by_role("link", name=adatum.NAME))
        visit.page.keyboard.press("Enter")
        expect(held.locator("tbody tr").first).to_contain_text("6")
        visit.picture(desk.shots, "attention")
        promised, mailed = approve(visit), last(desk.box.mails())
        expect(visit.ours.get_by_role("status").first).to_contain_text("6 meetings approved. It is carried out now.")
        (asked,) = desk.ops.api("GET", f"dags/{APPROVAL}/dagRuns")["dag_runs"]
        assert desk.ops.ended(APPROVAL, asked["dag_run_id"])["state"] == "success"
        assert not in_outlook(desk.box, JONAS).keys() & TRIPS
        assert len(desk.box.mails(mailed)) == promised
        assert RENAMED not in in_sharecrm(desk.box)
        expect(parked.locator("tbody tr")).to_contain_text(RENAMED)
        visit.press_on(parked.get_by_role("checkbox", name=RENAMED), "Space")
        visit.press_on(parked.get_by_role("button", name="Try again").first, "Enter")
        visit.press_on(visit.ours.get_by_role("dialog").get_by_role("button", name="Try again"), "Enter")
        expect(visit.ours.get_by_role("status").first).to_contain_text("A run was started for it.")
        desk.ran()
        assert RENAMED in in_sharecrm(desk.box)
        expect(visit.open(f"{HERE}/attention/").locator("#parked")).to_contain_text("Nothing is parked.")
    assert in_both(desk.box, MARA, JONAS, AIKO)


def approve(visit: Visit) -> int:
    """Approve all that is held, after the dialog was once left with Escape; how many mails the dialog names."""
    from playwright.sync_api import expect

    held = visit.ours.locator("#held form").first
    dialog = visit.ours.get_by_role("dialog")
    visit.press_on(held.get_by_role("checkbox").nth(1), "Space")
    button = held.get_by_role("button", name="Approve").first
    visit.press_on(button, "Enter")
    expect(dialog).to_be_visible()
    visit.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    visit.press_on(button, "Space")
    promised = int(dialog.locator("output").inner_text())
    visit.press_on(dialog.get_by_role("button", name="Approve"), "Enter")
    return promised


def test_meetings_are_reached_by_keyboard(configured: Desk) -> None:
    """From Airflow's navigation through overview and calendar to one meeting."""
    from playwright.sync_api import expect

    desk = configured
    with desk.chrome.admin() as visit:
        visit.open("/")
        visit.press_on(visit.ours.get_by_role("link", name=adatum.NAME), "Enter")
        calendar = visit.ours.locator("table.calendar")
        ends = adatum.next_monday() + timedelta(days=6)
        if ends.month != adatum.today().month:
            visit.press_on(calendar.locator(".date").first, "PageDown")
        expect(visit.ours.get_by_text(f"{ends:%B %Y}:")).to_be_visible()
        visit.press_to(calendar.get_by_role("link", name=PRICES).first)
        visit.picture(desk.shots, "meetings")
        visit.page.keyboard.press("Enter")
        expect(visit.ours.locator("h1")).to_contain_text(PRICES)


def test_the_form_is_filled_by_keyboard(desk: Desk) -> None:
    """Every field of it is reached in its order, and what is folded opens."""
    from playwright.sync_api import expect

    with desk.chrome.admin() as visit:
        form = visit.open("/tenants/new/").locator("#configuration")
        visit.press_on(form.get_by_label("a client secret"), "ArrowDown")
        expect(form.get_by_label("Certificate file")).to_be_visible()
        expect(form.get_by_label("Client secret", exact=True)).to_be_hidden()
        visit.press_to(typed(form, "name"))
        visit.page.keyboard.type("CRM Calendar")
        expect(form.locator("#name-below")).to_contain_text("choose another name")
        for summary in form.locator("summary").all():
            visit.press_on(summary, "Enter")
        stops = form.evaluate(STOPS)
        visit.press_to(form.get_by_label("Microsoft Office 365"), "Shift+Tab")
        assert [stops[0], *(visit.press("Tab") for _ in stops[1:])] == stops


def test_airflow_keeps_nothing_of_what_the_pages_were_told(configured: Desk, run: Run) -> None:
    """No secret that was typed, no title, name or address; only the connections have the secrets, encrypted (F6)."""
    desk = configured
    secrets = {desk.typed[name] for name in ("graph_conn.secret", "crm_conn.secret", "crm_conn.code")}
    words = {word.encode() for word in personal(desk.box) | secrets}
    assert {OWN.encode(), adatum.ADDRESSES[AIKO].encode()} < words
    leaks = {name: [word for word in words if word in text] for name, text in kept(run)}
    assert {name: told for name, told in leaks.items() if told} == {}


def test_a_deleted_configuration_deletes_no_event(configured: Desk) -> None:
    from playwright.sync_api import expect

    desk = configured
    written, before = last(desk.box.writes()), in_sharecrm(desk.box)
    with desk.chrome.admin() as visit:
        visit.open(f"{HERE}/").get_by_role("button", name="Delete").click()
        visit.ours.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(visit.ours.get_by_role("status").first).to_contain_text("is removed. No event was deleted.")
        expect(visit.ours.get_by_role("link", name=adatum.NAME)).to_have_count(0)
    assert desk.box.writes(written) == []
    assert in_sharecrm(desk.box) == before
