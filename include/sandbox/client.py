"""A small client of the sandbox: its control interface, and the people who work in its two systems."""

from __future__ import annotations

import ssl
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

from sandbox.crm_user import CrmUser
from sandbox.outlook_user import OutlookUser

__all__ = ["CrmUser", "OutlookUser", "Sandbox"]

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

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, in the order in which they were added; `matched`: how many requests each was about."""
        found: list[dict[str, Any]] = self._ask("GET", "faults")
        return found

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

    def disguise(self, mailbox: str, event_id: str, *, rule: str = "readable", zone: str | None = None) -> None:
        """Let Graph say of an event what no client can read (`sandbox.microsoft.items.Disguise`)."""
        self._ask("POST", "disguise", {"mailbox": mailbox, "event": event_id, "rule": rule, "zone": zone})

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
