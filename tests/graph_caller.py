"""A bare Graph caller for the sandbox's own tests: the application with its token, any path, any header."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx

from sandbox.client import Sandbox

TENANT = "5a1c0d3e-7f2b-4d0a-9c55-0f6a1e2b3c4d"
CLIENT = "c0ffee00-1d5c-4a3b-8e7f-2a9b6c4d8e10"
SECRET = "sandbox~Secret.value-of-the-sandbox-app"
SCOPE = "https://graph.microsoft.com/.default"
ANN, BOB, CARL = "ann@sales.example", "bob@sales.example", "carl@sales.example"
OUTSIDER = "dora@customer.example"
NOVEMBER = "startDateTime=2026-11-01T00:00:00Z&endDateTime=2026-12-01T00:00:00Z"


def token_form(**changes: str) -> dict[str, str]:
    """The form of a token request that succeeds, with `changes`."""
    form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET, "scope": SCOPE}
    return form | changes


def at(day: str, hour: int = 10, zone: str = "UTC") -> dict[str, str]:
    return {"dateTime": f"{day}T{hour:02d}:00:00", "timeZone": zone}


def event(subject: str = "Visit", day: str = "2026-11-24", **more: Any) -> dict[str, Any]:
    """An event body of one hour at ten."""
    return {"subject": subject, "start": at(day), "end": at(day, 11), **more}


def guests(*addresses: str) -> list[dict[str, Any]]:
    return [{"type": "required", "emailAddress": {"address": address}} for address in addresses]


class GraphCaller:
    """Calls below `/v1.0` as the application, with immutable ids unless `prefer` says otherwise."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.token = self.new_token()

    def new_token(self) -> str:
        answer = self.box.http.post(f"/{TENANT}/oauth2/v2.0/token", data=token_form())
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def ask(
        self, method: str, path: str, body: Any = None, prefer: str = 'IdType="ImmutableId"', **headers: str
    ) -> httpx.Response:
        """`headers` are named with underscores: `if_match`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"authorization": f"Bearer {self.token}", "prefer": prefer} | sent
        url = path if path.startswith("https:") else f"/v1.0{path}"
        return self.box.http.request(method, url, json=body, headers=sent)

    def get(self, path: str, **options: Any) -> Any:
        answer = self.ask("GET", path, **options)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: Any, **options: Any) -> Any:
        answer = self.ask("POST", path, body, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def create(self, owner: str, **body: Any) -> Any:
        return self.post(f"/users/{owner}/events", event(**body))

    def patch(self, owner: str, event_id: str, **body: Any) -> Any:
        answer = self.ask("PATCH", f"/users/{owner}/events/{quote(event_id)}", body)
        answer.raise_for_status()
        return answer.json()

    def read(self, owner: str, event_id: str, **options: Any) -> Any:
        return self.get(f"/users/{owner}/events/{quote(event_id)}", **options)

    def delete(self, owner: str, event_id: str) -> None:
        self.ask("DELETE", f"/users/{owner}/events/{quote(event_id)}").raise_for_status()

    def view(self, owner: str, window: str = NOVEMBER, **options: Any) -> list[Any]:
        """Everything in the window, all pages."""
        return self._all(f"/users/{owner}/calendarView?{window}", **options)

    def _all(self, path: str, **options: Any) -> list[Any]:
        found: list[Any] = []
        while path:
            page = self.get(path, **options)
            found += page["value"]
            path = page.get("@odata.nextLink")
        return found

    def round(self, start: str, **options: Any) -> tuple[list[Any], str]:
        """A whole delta round from a path or link: its items and its deltaLink."""
        found: list[Any] = []
        path = start
        while True:
            page = self.get(path, **options)
            found += page["value"]
            if "@odata.deltaLink" in page:
                return found, page["@odata.deltaLink"]
            path = page["@odata.nextLink"]

    def first_round(self, owner: str, window: str = NOVEMBER, **options: Any) -> tuple[list[Any], str]:
        return self.round(f"/users/{owner}/calendarView/delta?{window}", **options)


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an error in Graph's shape."""
    return answer.status_code, answer.json()["error"]["code"]


def people(box: Sandbox) -> GraphCaller:
    """An empty tenant with Ann, Bob and Carl, and the application in it."""
    box.reset({"mailboxes": [{"address": ANN, "name": "Ann Arbor"}, {"address": BOB}, {"address": CARL}]})
    return GraphCaller(box)
