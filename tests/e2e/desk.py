"""An administrator's desk: Airflow in a browser beside Adatum's two systems, and how a configuration is made at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e import adatum
from e2e.adatum import ADDRESSES, JONAS, KEY, MARA
from e2e.browser import Browser, Visit
from e2e.people import Ops

from calsync.naming import DagKind, dag_id
from sandbox.client import Sandbox

SYNC, APPROVAL = dag_id(KEY), dag_id(KEY, DagKind.APPROVAL)
WRONG = {
    "name": ("CRM Calendar", "is ShareCRM's own calendar: choose another name"),
    "graph_conn.server": ("http://graph.microsoft.com", "must be reached by https"),
    "microsoft_tenant": ("adatum", "is not a GUID"),
    "graph_conn.application": ("calsync", "is not a GUID"),
    "time_zone": ("Berlin", "is not an IANA time zone"),
    "window.future_days": ("0", "is too small: write at least 1"),
}
"""What is typed wrongly first, by field, and what is said about it at once."""


@dataclass(frozen=True)
class Desk:
    """Where the tests work: Airflow, a browser, Adatum's two systems, and a folder for pictures.

    typed: what an administrator of Adatum types, by the fields of the form. seen: runs that were waited for.
    """

    ops: Ops
    chrome: Browser
    box: Sandbox
    typed: dict[str, str]
    shots: Path
    seen: set[str] = field(default_factory=set)

    def ran(self) -> dict[str, Any]:
        """The last run of the configuration, once there is one that was not waited for yet, and all are over."""

        def over() -> list[dict[str, Any]]:
            found = self.ops.api("GET", f"dags/{SYNC}/dagRuns", params={"order_by": "id"})["dag_runs"]
            new = {one["dag_run_id"] for one in found} - self.seen
            return found if new and all(one["state"] in ("success", "failed") for one in found) else []

        runs = self.ops.until(over, f"a run of {SYNC}")
        self.seen.update(one["dag_run_id"] for one in runs)
        assert {one["state"] for one in runs} == {"success"}
        last_one: dict[str, Any] = runs[-1]
        return last_one

    def run(self) -> dict[str, Any]:
        """Start a run; the run, when it is over."""
        self.ops.trigger(SYNC)
        return self.ran()


def credentials(info: dict[str, Any]) -> dict[str, str]:
    """What an administrator of Adatum types, by the fields of the form."""
    return {
        "name": adatum.NAME,
        "description": "Visits of the field team, and who comes along.",
        "graph_conn.server": info["url"],
        "microsoft_tenant": info["tenant_id"],
        "graph_conn.application": info["client_id"],
        "graph_conn.secret": info["client_secret"],
        "graph_conn.authority": info["url"],
        "graph_conn.verify": info["ca"],
        "enterprise": info["ea"],
        "crm_conn.server": info["url"],
        "crm_conn.app": info["crm_app_id"],
        "crm_conn.secret": info["crm_app_secret"],
        "crm_conn.code": info["crm_permanent_code"],
        "crm_conn.user": info["crm_user"],
        "crm_conn.verify": info["ca"],
        "time_zone": adatum.ZONE,
        "mailbox": ADDRESSES[MARA],
        "window.future_days": "60",
        "schedule.every_minutes": "1440",
    }


def configure(desk: Desk) -> None:
    """Make the configuration in the pages, from its first word to its first green run."""
    with desk.chrome.admin() as visit:
        visit.page.get_by_role("link", name="Calendar Sync").click()
        visit.ours.get_by_role("link", name="New configuration").click()
        fill_in(visit, desk)
        try_connections(visit, desk)
        save(visit)
        connect_accounts(visit, desk)
        run_first(visit)
    desk.ran()


def fill_in(visit: Visit, desk: Desk) -> None:
    """What is wrong is said as one types; what is right makes the key and the link for the consent."""
    from playwright.sync_api import expect

    form = visit.ours.locator("#configuration")
    expect(form.get_by_role("button", name="Save")).to_be_visible()  # the last of the page
    visit.picture(desk.shots, "configuration-new")
    for summary in form.locator("summary").all():
        summary.click()
    for name, (value, sentence) in WRONG.items():
        typed(form, name).fill(value)
        expect(form.locator(f'[id="{name}-below"]')).to_contain_text(sentence)
    visit.picture(desk.shots, "configuration-wrong")
    for name, value in desk.typed.items():
        typed(form, name).fill(value)
    typed(form, "first_sync").select_option("full")
    expect(form.locator(".field.wrong")).to_have_count(0)
    expect(form.locator("#made-key")).to_have_text(KEY)
    expect(form.get_by_label("Admin-consent link")).to_have_value(
        f"{desk.typed['graph_conn.server']}/{adatum.TENANT_ID}/adminconsent?client_id={desk.typed['graph_conn.application']}"
    )


def try_connections(visit: Visit, desk: Desk) -> None:
    """Each thing that a connection needs has its line; with a wrong secret, the line that names it says so."""
    from playwright.sync_api import expect

    form = visit.ours.locator("#configuration")
    rows = form.locator("#checks tbody tr")
    typed(form, "graph_conn.secret").fill("not the secret")
    form.get_by_role("button", name="Test connection").click()
    expect(rows.filter(has_text="mend it")).to_contain_text("secret")
    assert "Microsoft token" in rows.filter(has_text="mend it").inner_text()
    trial = form.get_by_role("heading", name="Test connection")
    visit.picture(desk.shots, "configuration-refused", trial)
    typed(form, "graph_conn.secret").fill(desk.typed["graph_conn.secret"])
    form.get_by_role("button", name="Test connection").click()
    expect(form.locator("#testing")).to_have_text("Both systems can be used.")
    for side, things in {
        "Microsoft": ("connection", "token", "permissions", "directory", "mailbox", "clock"),
        "ShareCRM": ("connection", "token", "clock", "fields", "calendar"),
    }.items():
        for thing in things:
            expect(rows.filter(has_text=f"{side} {thing}").locator(".chip")).to_have_text("ok")
    visit.picture(desk.shots, "configuration-tested", trial)


def save(visit: Visit) -> None:
    """The page after saving says the key, shows no secret, and sees by itself that Airflow has read the file."""
    from playwright.sync_api import expect

    visit.ours.get_by_role("button", name="Save").click()
    expect(visit.ours.get_by_role("status").first).to_contain_text(f"Saved with the key '{KEY}'")
    for name in ("graph_conn.secret", "crm_conn.secret", "crm_conn.code"):
        expect(typed(visit.ours, name)).to_have_value("")
    expect(visit.ours.locator("#state")).to_contain_text("paused")


def connect_accounts(visit: Visit, desk: Desk) -> None:
    """Employees are matched with Microsoft's users; two of the three are authorised."""
    from playwright.sync_api import expect

    visit.ours.get_by_role("link", name="Accounts", exact=True).click()
    visit.ours.get_by_role("button", name="Match anew").click()
    rows = visit.ours.locator("tbody tr")
    expect(rows.filter(has_text="Not authorised")).to_have_count(3)
    for employee in (MARA, JONAS):
        visit.ours.get_by_label(f"Choose employee {employee}").check()
    visit.ours.get_by_role("button", name="Authorise", exact=True).first.click()
    dialog = visit.ours.get_by_role("dialog")
    expect(dialog).to_contain_text("The calendars of 2 chosen")
    dialog.get_by_role("button", name="Authorise").click()
    expect(rows.filter(has_text="Connected")).to_have_count(2)
    visit.picture(desk.shots, "accounts")


def run_first(visit: Visit) -> None:
    from playwright.sync_api import expect

    visit.ours.get_by_role("link", name="Configuration", exact=True).click()
    visit.ours.get_by_role("button", name="Unpause and run").click()
    expect(visit.ours.get_by_role("status").first).to_have_text("Its DAGs are active, and a run has been started.")
    expect(visit.ours.locator("#state")).to_contain_text("active")


def typed(form: Any, name: str) -> Any:
    """A field of the form by its name."""
    return form.locator(f'[name="{name}"]')
