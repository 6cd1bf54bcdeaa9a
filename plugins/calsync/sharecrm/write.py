"""What is written to ShareCRM: the requests that `request.to_request` made and `request.compose` completed."""

from __future__ import annotations

from typing import Any

from calsync.core.plan import Request
from calsync.core.text import ident
from calsync.errors import AnswerLost, Remote
from calsync.sharecrm.client import CrmClient
from calsync.sharecrm.envelope import trace_id


class CrmWriter:
    """Writes through `client`, each time as an employee, with workflows and approvals off unless the settings say so.

    Every method raises RemoteError: AnswerLost when the work may or may not have been done, Refused and Forbidden when
    it was not. `actor` is the employee who acts; "" is the connection's user (RULES E8).
    """

    def __init__(self, client: CrmClient) -> None:
        self.client = client

    async def create(self, request: Request, actor: str) -> str:
        """A new record; its id. Not idempotent at ShareCRM: after AnswerLost search before trying again (RULES G3)."""
        answer = await self._write("create", {"object_data": request.body}, actor, **self._triggers())
        record_id = ident(answer.get("dataId"))
        if not record_id:
            remote = Remote("sharecrm", 200, "0", trace_id(answer))
            raise AnswerLost("ShareCRM said done without the new record's id: the record is searched for", remote)
        return record_id

    async def update(self, request: Request, actor: str) -> None:
        """Change the fields that the request names, no others."""
        await self._write("update", {"object_data": request.body}, actor, **self._triggers())

    async def invalidate(self, request: Request, actor: str) -> None:
        """Into the recycle bin, from where `recover` brings it back (RULES D4)."""
        await self._write("invalid", {**_object(request), "object_data_id": request.body["_id"]}, actor)

    async def recover(self, request: Request, actor: str) -> None:
        """Out of the recycle bin, then as the request's body says (RULES E6)."""
        await self.restore(request, actor)
        await self.update(request, actor)

    async def restore(self, request: Request, actor: str) -> None:
        """The first half of `recover`, for a record that was found invalid; the other half alone is `update`."""
        await self._write("recover", {**_object(request), "idList": [request.body["_id"]]}, actor)

    async def _write(self, action: str, data: dict[str, Any], actor: str, **top: Any) -> dict[str, Any]:
        return await self.client.call(f"/cgi/crm/v2/data/{action}", data, user=actor, write=True, **top)

    def _triggers(self) -> dict[str, bool]:
        on = self.client.settings.workflows
        return {"triggerApprovalFlow": on, "triggerWorkFlow": on}


def _object(request: Request) -> dict[str, Any]:
    return {"dataObjectApiName": request.path}
