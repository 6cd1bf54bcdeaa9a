"""A person who works in ShareCRM, through its OpenAPI."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.client import Sandbox


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
        """Change fields of a schedule, by role; times are datetimes, people lists of ids.

        Roles: content, start, end, all_day, private, participants, contacts, calendar.
        """
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

    def give(self, record_id: str, employee: str) -> None:
        """To another owner (`change` cannot do that)."""
        change = {"objectDataId": record_id, "ownerId": [employee]}
        self.data("changeOwner", {"dataObjectApiName": "ScheduleObj", "Data": [change]})

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
