"""A browser at Airflow's pages and at ours, which notes whatever goes wrong in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.people import CHROMIUM, SHOWN_MS

from calsync.naming import PAGES_ROUTE
from demo.record import Record

SIZE: Any = {"width": 1400, "height": 900}
LARGEST = 200_000
"""Bytes of a picture in the documentation."""

_REFUSED = "refused by policy"
_SPY = f"""addEventListener("securitypolicyviolation", (event) =>
  console.error(`{_REFUSED}: ${{event.violatedDirective}} ${{event.blockedURI}} in ${{location.pathname}}`));"""
_NAMED = "(one) => one.name || one.id || one.textContent.trim()"
_FOCUS = f"""(wanted) => {{
  const on = document.activeElement, style = getComputedStyle(on);
  return {{
    shown: style.outlineStyle !== "none" || style.boxShadow !== "none",
    what: ({_NAMED})(on),
    nowhere: on === document.body || !document.hasFocus(),
    wanted: on === wanted && document.hasFocus(),
  }};
}}"""
STOPS = f"""(form) => [...form.querySelectorAll("input:not([type=hidden]), select, textarea, button, summary")]
  .filter((one) => one.checkVisibility() && (one.type !== "radio" || one.checked)).map({_NAMED})"""
"""Where the Tab key has to stop in a form, in this order."""


@dataclass
class Visit:
    """A page of a browser window with cookies of its own. wrong: what our pages wrote into its console."""

    page: Any
    record: Record
    wrong: list[str] = field(default_factory=list)

    @property
    def ours(self) -> Any:
        """Our page inside the frame that Airflow shows it in."""
        return self.page.frame_locator("iframe")

    @property
    def frame(self) -> Any:
        """The same as a frame, to ask what a locator does not tell."""
        return self.page.locator("iframe").element_handle().content_frame()

    def open(self, path: str) -> Any:
        """One of our pages in Airflow's frame, as its address leads there. path: within our pages, as "/attention/"."""
        self.page.goto(f"{self.record.airflow_url}/plugin/{PAGES_ROUTE}/calsync{path}")
        return self.ours

    def press(self, key: str) -> str:
        """Press a key; what has the focus then in our page, which has to be seen, by its name or its text."""
        return str(self._pressed(self.frame, key, None)["what"])

    def press_to(self, target: Any, key: str = "Tab") -> None:
        """Press the key until the target has the focus."""
        frame, wanted = self.frame, target.element_handle()
        if target.evaluate("(one) => one === document.activeElement && document.hasFocus()"):
            return
        for _ in range(150):
            if self._pressed(frame, key, wanted)["wanted"]:
                return
        raise AssertionError(f"{target} was not reached by {key}")

    def _pressed(self, frame: Any, key: str, wanted: Any) -> dict[str, Any]:
        self.page.keyboard.press(key)
        at: dict[str, Any] = frame.evaluate(_FOCUS, wanted)
        assert at["shown"] or at["nowhere"], f"the focus is not seen on {at['what']}"
        return at

    def press_on(self, target: Any, key: str) -> None:
        """Go to the target by Tab, and press the key there."""
        self.press_to(target)
        self.page.keyboard.press(key)

    def picture(self, folder: Path, name: str, top: Any = None) -> None:
        """What the window shows, in light and in dark. top: what our page is scrolled to."""
        if top:
            top.evaluate("(one) => one.scrollIntoView()")
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            if self.page.locator("iframe").count():
                self.ours.locator(f'html[data-theme="{scheme}"]').wait_for(state="attached")
            path = folder / f"{name}-{scheme}.png"
            self.page.screenshot(path=path, animations="disabled", caret="hide")
            assert path.stat().st_size < LARGEST, path.name
        self.page.emulate_media(color_scheme="light")


class Browser:
    """Chromium, in which an administrator is signed in to Airflow."""

    def __init__(self, chromium: Any, record: Record) -> None:
        self._chromium = chromium
        self._record = record
        self._cookies: Any = None

    @contextmanager
    def admin(self) -> Iterator[Visit]:
        """A window of the administrator's; nothing may have gone wrong in our pages at its end."""
        with self._window(storage_state=self._cookies) as visit:
            if self._cookies is None:
                _sign_in(visit.page, self._record)
                self._cookies = visit.page.context.storage_state()
            yield visit

    @contextmanager
    def anybody(self) -> Iterator[Visit]:
        """A window of somebody's who has no Airflow user."""
        with self._window() as visit:
            yield visit

    @contextmanager
    def _window(self, **options: Any) -> Iterator[Visit]:
        context = self._chromium.new_context(
            viewport=SIZE, color_scheme="light", ignore_https_errors=True, reduced_motion="reduce", **options
        )
        context.set_default_timeout(SHOWN_MS)
        context.add_init_script(_SPY)
        visit = Visit(context.new_page(), self._record)
        visit.page.on("console", lambda message: visit.wrong.extend(_complaint(message)))
        visit.page.on("pageerror", lambda error: visit.wrong.append(f"{error.message}\n{error.stack}"))
        yield visit
        assert visit.wrong == []
        context.close()


@contextmanager
def browser(record: Record) -> Iterator[Browser]:
    """A browser for many windows."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=SHOWN_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Browser(chromium, record)
        chromium.close()


def _complaint(message: Any) -> list[str]:
    """An error of ours; Airflow's own pages have some of theirs."""
    where = str(message.location.get("url", ""))
    theirs = "/calsync/" not in where and not message.text.startswith(_REFUSED)
    return [] if theirs or message.type != "error" else [f"{message.text} ({where})"]


def _sign_in(page: Any, record: Record) -> None:
    page.goto(f"{record.airflow_url}/auth/login")
    page.fill("input[name=username]", record.user)
    page.fill("input[name=password]", record.password)
    page.click("button[type=submit]")
    page.wait_for_url(f"{record.airflow_url}/")
