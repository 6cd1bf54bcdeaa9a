"""A small client of the sandbox: its control interface, and people's acts through the ordinary APIs."""

from __future__ import annotations

import ssl
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

_TIMEOUT_S = 300.0
"""A reset to a large crowd takes its time."""


class Sandbox:
    """The control interface at `url`, trusting the authority whose PEM file is `ca`.

    Every method raises httpx.HTTPStatusError when the sandbox refuses; the body says why.
    """

    def __init__(self, url: str, ca: str | Path) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, verify=ssl.create_default_context(cafile=str(ca)), timeout=_TIMEOUT_S)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.http.close()

    def _ask(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        answer = self.http.request(method, f"/_control/{path}", json=body, params=params)
        if answer.is_error:
            message = f"The sandbox refused {method} {path} with {answer.status_code}: {answer.text}"
            raise httpx.HTTPStatusError(message, request=answer.request, response=answer)
        return answer.json()

    def reset(self, seed: dict[str, Any] | None = None) -> None:
        """Empty everything and plant `seed`: a seed, `{"team": "sales"}` or `{"size": {...}}`."""
        self._ask("POST", "reset", seed or {})

    def state(self, first: date | None = None, last: date | None = None) -> dict[str, Any]:
        """Every record of both systems, deleted ones marked; masters with their `occurrences`.

        first, last: the days between which series are expanded; by default from 40 days back to 220 days ahead.
        """
        span = {"first": first, "last": last}
        return self._answer_map("state", **{name: day.isoformat() for name, day in span.items() if day})

    def clock(self) -> dict[str, Any]:
        return self._answer_map("clock")

    def set_clock(
        self,
        *,
        now: datetime | None = None,
        advance_s: float | None = None,
        skew_s: dict[str, float] | None = None,
        freeze: bool | None = None,
    ) -> None:
        """Move, skew or stop the clocks; what is not given stays."""
        given = {"now": now and now.isoformat(), "advance_s": advance_s, "skew_s": skew_s, "freeze": freeze}
        self._ask("POST", "clock", {name: value for name, value in given.items() if value is not None})

    def fault(
        self,
        system: str,
        effect: dict[str, Any],
        *,
        method: str | None = None,
        path: str | None = None,
        mailbox: str | None = None,
        skip: int = 0,
        times: int | None = None,
    ) -> None:
        """Add a fault (`sandbox.faults.Rule`); without `times` it lasts until `clear_faults`."""
        rule = {"method": method, "path": path, "mailbox": mailbox, "skip": skip, "times": times}
        self._ask("POST", "faults", {"system": system, "effect": effect, **rule})

    def clear_faults(self) -> None:
        self._ask("DELETE", "faults")

    def set_mailbox(self, address: str, state: str) -> None:
        """Put a mailbox into state ok, none, forbidden, new or deleted."""
        self._ask("POST", f"mailbox/{quote(address)}", {"state": state})

    def set_limits(self, **limits: float | None) -> None:
        """Change limits by name (`sandbox.world.Limits`)."""
        self._ask("POST", "limits", limits)

    def set_sharecrm(self, **settings: Any) -> None:
        """Change ShareCRM's switches by name (`sandbox.sharecrm.settings.Settings`)."""
        self._ask("POST", "sharecrm", settings)

    def crm_fields(self) -> dict[str, dict[str, str]]:
        """The `api_name` and `type` of each field of ScheduleObj, by role."""
        fields: dict[str, dict[str, str]] = self._ask("GET", "sharecrm/fields")
        return fields

    def set_microsoft(self, **quirks: Any) -> None:
        """Change Microsoft's quirks by name (`sandbox.microsoft.state.Quirks`), or `roles`."""
        self._ask("POST", "microsoft", quirks)

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """The HTTP requests to the two systems whose number is above `since`."""
        return self._answer_list("log/requests", since)

    def writes(self, since: int = 0) -> list[dict[str, Any]]:
        return self._answer_list("log/writes", since)

    def mails(self, since: int = 0) -> list[dict[str, Any]]:
        return self._answer_list("log/mails", since)

    def as_user(self, address: str) -> OutlookUser:
        """That person in Outlook."""
        return OutlookUser(self, address)

    def as_employee(self, employee: str) -> CrmUser:
        """That person in ShareCRM."""
        return CrmUser(self, employee)

    def _answer_map(self, path: str, **params: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._ask("GET", path, **params)
        return answer

    def _answer_list(self, path: str, since: int) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self._ask("GET", path, since=since)
        return answer


class OutlookUser:
    """A person who works in Outlook, through Microsoft Graph. Ids are immutable ones."""

    def __init__(self, sandbox: Sandbox, address: str) -> None:
        self.sandbox = sandbox
        self.address = address

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """A Graph call below `/v1.0/me`; returns the JSON body (None when there is none)."""
        headers = {"authorization": f"Bearer user:{self.address}", "prefer": 'IdType="ImmutableId"'}
        answer = self.sandbox.http.request(method, f"/v1.0/me{path}", json=body, headers=headers)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def create(self, subject: str, start: str, end: str, **more: Any) -> dict[str, Any]:
        """A new event; `start` and `end` are ISO times in UTC without an offset, `more` further Graph properties."""
        times = {"start": {"dateTime": start, "timeZone": "UTC"}, "end": {"dateTime": end, "timeZone": "UTC"}}
        event: dict[str, Any] = self.request("POST", "/events", {"subject": subject, **times, **more})
        return event

    def event(self, event_id: str) -> dict[str, Any]:
        event: dict[str, Any] = self.request("GET", f"/events/{event_id}")
        return event

    def change(self, event_id: str, **fields: Any) -> dict[str, Any]:
        """Change Graph properties of an event."""
        event: dict[str, Any] = self.request("PATCH", f"/events/{event_id}", fields)
        return event

    def rename(self, event_id: str, subject: str) -> None:
        self.change(event_id, subject=subject)

    def move(self, event_id: str, start: str, end: str) -> None:
        """To another time, ISO in UTC without an offset."""
        self.change(
            event_id,
            start={"dateTime": start, "timeZone": "UTC"},
            end={"dateTime": end, "timeZone": "UTC"},
        )

    def invite(self, event_id: str, *addresses: str) -> None:
        """Add guests to those who are there."""
        guests = self.event(event_id)["attendees"]
        added = [{"type": "required", "emailAddress": {"address": address}} for address in addresses]
        self.change(event_id, attendees=[*guests, *added])

    def cancel(self, event_id: str, comment: str = "") -> None:
        """As the organiser, telling the guests."""
        self.request("POST", f"/events/{event_id}/cancel", {"comment": comment})

    def delete(self, event_id: str) -> None:
        self.request("DELETE", f"/events/{event_id}")

    def respond(self, event_id: str, answer: str, *, send: bool = True) -> None:
        """`answer` is accept, decline or tentativelyAccept."""
        self.request("POST", f"/events/{event_id}/{answer}", {"sendResponse": send})


class CrmUser:
    """A person who works in ShareCRM. Fields are named by role, whatever the variant of `describe` calls them."""

    def __init__(self, sandbox: Sandbox, employee: str) -> None:
        self.sandbox = sandbox
        self.employee = employee

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """An OpenAPI call below `/cgi`; returns the envelope. Raises RuntimeError when ShareCRM refuses."""
        headers = {"authorization": f"Bearer user:{self.employee}"}
        answer = self.sandbox.http.post(f"/cgi{path}", json=body, headers=headers)
        answer.raise_for_status()
        envelope: dict[str, Any] = answer.json()
        if envelope["errorCode"] != 0:
            raise RuntimeError(f"ShareCRM refused {path} with {envelope['errorCode']}: {envelope['errorMessage']}")
        return envelope

    def data(self, action: str, data: dict[str, Any], **top: Any) -> dict[str, Any]:
        """A call of `crm/v2/data/<action>`."""
        return self.call(f"/crm/v2/data/{action}", {"data": data, **top})

    def create(self, content: str, start: datetime, end: datetime, **roles: Any) -> str:
        """A new schedule; returns its id. `roles`: participants, contacts, calendar, private, all_day, owner."""
        values = self._fields({"content": content, "start": _ms(start), "end": _ms(end), **roles})
        made = self.data("create", {"object_data": {"dataObjectApiName": "ScheduleObj", **values}})
        return str(made["dataId"])

    def event(self, record_id: str) -> dict[str, Any]:
        """A schedule under its api names."""
        answer = self.data("get", {"dataObjectApiName": "ScheduleObj", "objectDataId": record_id})
        record: dict[str, Any] = answer["data"]
        return record

    def change(self, record_id: str, **roles: Any) -> None:
        """Change fields of a schedule, by role; times are datetimes."""
        timed = {role: _ms(value) if isinstance(value, datetime) else value for role, value in roles.items()}
        values = {"dataObjectApiName": "ScheduleObj", "_id": record_id, **self._fields(timed)}
        self.data("update", {"object_data": values})

    def rename(self, record_id: str, content: str) -> None:
        self.change(record_id, content=content)

    def move(self, record_id: str, start: datetime, end: datetime) -> None:
        self.change(record_id, start=start, end=end)

    def cancel(self, record_id: str) -> None:
        """Into the recycle bin."""
        self.data("invalid", {"dataObjectApiName": "ScheduleObj", "object_data_id": record_id})

    def recover(self, record_id: str) -> None:
        """Back from the recycle bin."""
        self.data("recover", {"dataObjectApiName": "ScheduleObj", "idList": [record_id]})

    def delete(self, record_id: str) -> None:
        """Out of the recycle bin, for good."""
        self.data("delete", {"dataObjectApiName": "ScheduleObj", "idList": [record_id]})

    def _fields(self, roles: dict[str, Any]) -> dict[str, Any]:
        """`roles` under their api names, the privacy in the type that the variant gives it."""
        values: dict[str, Any] = {}
        described = self.sandbox.crm_fields()
        for role, value in roles.items():
            field = described[role]
            if role == "private" and field["type"] == "select_one":
                value = "private" if value else "public"
            values[field["api_name"]] = value
        return values


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
