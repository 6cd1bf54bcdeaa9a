"""The data endpoints `/cgi/crm/v2/data/<action>` (fact sheet §2.1, §2.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.sharecrm.auth import Caller
from sandbox.sharecrm.describe import SCHEDULE, fields_of
from sandbox.sharecrm.errors import BAD_PARAMETER, LOCKED, NOT_NORMAL, CrmError
from sandbox.sharecrm.query import search
from sandbox.sharecrm.state import SYSTEM_ACTOR
from sandbox.sharecrm.wire import from_wire, to_wire
from sandbox.titles import rewritten

if TYPE_CHECKING:
    from sandbox.sharecrm.state import Record, ShareCrm

Body = Mapping[str, Any]
Action = Callable[["ShareCrm", Caller, Body], dict[str, Any]]
"""Does its work and returns the members of the answer beside the envelope. Raises CrmError."""


def query(crm: ShareCrm, caller: Caller, body: Body) -> dict[str, Any]:
    data = _data(body)
    info = data.get("search_query_info")
    if not isinstance(info, dict):
        raise CrmError(BAD_PARAMETER, "search_query_info is missing")
    api_name = _object(crm, data)
    records, total = search(crm, caller, api_name, info, count=data.get("find_explicit_total_num", True) is True)
    only = set(info.get("fieldProjection") or ())
    include_null = body.get("includeNull") is True
    rows = [to_wire(crm, record, caller, include_null=include_null, only=only) for record in records]
    return {"data": {"dataList": rows, "total": total, "limit": info["limit"], "offset": info.get("offset", 0)}}


def get(crm: ShareCrm, caller: Caller, body: Body) -> dict[str, Any]:
    data = _data(body)
    record = crm.find(_object(crm, data), data.get("objectDataId"), caller)
    answer = to_wire(crm, record, caller, include_null=body.get("includeNull") is True)
    if record["_id"] in crm.unsettled:
        crm.unsettled.remove(record["_id"])
        crm.touch(record, SYSTEM_ACTOR)
    return {"data": answer}


def create(crm: ShareCrm, caller: Caller, body: Body) -> dict[str, Any]:
    payload = _map(_data(body), "object_data")
    api_name = _object(crm, payload)
    values = from_wire(crm, api_name, payload)
    owner = (values.pop("owner", None) or [caller.employee])[0]
    creator = values.pop("created_by", None) if body.get("hasSpecifyCreatedBy") is True else None
    if body.get("hasSpecifyTime") is not True:
        values.pop("create_time", None)
    values.pop("created_by", None)
    _check(crm, api_name, values)
    record = crm.insert(api_name, _kept(crm, values), owner=owner, by=(creator or [caller.employee])[0])
    _unsettle(crm, record)
    crm.log("create", record, caller)
    return {"dataId": record["_id"]}


def update(crm: ShareCrm, caller: Caller, body: Body) -> dict[str, Any]:
    """A patch: fields that are not sent stay as they are."""
    payload = _map(_data(body), "object_data")
    api_name = _object(crm, payload)
    record = crm.find(api_name, payload.get("_id"), caller)
    _refuse_fixed(record)
    if "owner" in payload and crm.settings.owner_in_update == "refuse":
        raise CrmError(BAD_PARAMETER, "the owner is changed by changeOwner only")
    values = from_wire(crm, api_name, payload)
    for role in ("owner", "created_by", "create_time"):
        values.pop(role, None)
    _check(crm, api_name, {**record, **values})
    record.update(_kept(crm, values))
    crm.touch(record, caller.employee)
    _unsettle(crm, record)
    crm.log("update", record, caller)
    return {}


def invalid(crm: ShareCrm, caller: Caller, body: Body) -> dict[str, Any]:
    """Into the recycle bin, from where `recover` brings a record back."""
    data = _data(body)
    record_id = data.get("object_data_id")
    if not isinstance(record_id, str):
        raise CrmError(BAD_PARAMETER, "object_data_id must be one id, a string")
    record = crm.find(_object(crm, data), record_id, caller)
    _refuse_fixed(record)
    record["life_status_before_invalid"] = record["life_status"]
    record["life_status"] = "invalid"
    crm.touch(record, caller.employee, modified=crm.settings.invalid_touches_modified)
    crm.log("invalid", record, caller)
    return {}


def delete(crm: ShareCrm, caller: Caller, body: Body) -> dict[str, Any]:
    """For good; only what is invalid already."""
    for record in _listed(crm, caller, body):
        record["is_deleted"] = True
        crm.touch(record, caller.employee)
        crm.log("delete", record, caller)
    return {}


def recover(crm: ShareCrm, caller: Caller, body: Body) -> dict[str, Any]:
    for record in _listed(crm, caller, body):
        record["life_status"] = record.pop("life_status_before_invalid", "normal")
        crm.touch(record, caller.employee)
        crm.log("recover", record, caller)
    return {}


def change_owner(crm: ShareCrm, caller: Caller, body: Body) -> dict[str, Any]:
    data = _data(body)
    api_name = _object(crm, data)
    changes = data.get("Data")
    if not isinstance(changes, list) or not all(isinstance(change, dict) for change in changes):
        raise CrmError(BAD_PARAMETER, "Data must be a list of maps")
    for change in changes:
        record = crm.find(api_name, change.get("objectDataId"), caller)
        owner = from_wire(crm, api_name, {"owner": change.get("ownerId")})["owner"]
        if not owner:
            raise CrmError(BAD_PARAMETER, "ownerId is missing")
        record["owner"] = owner[:1]
        crm.touch(record, caller.employee)
        crm.log("change_owner", record, caller)
    return {}


ACTIONS: dict[str, Action] = {
    "query": query,
    "get": get,
    "create": create,
    "update": update,
    "invalid": invalid,
    "delete": delete,
    "recover": recover,
    "changeOwner": change_owner,
}


def _kept(crm: ShareCrm, values: Record) -> Record:
    """What is stored of the values that were sent."""
    content = values.get("content")
    return values | {"content": rewritten(content, crm.settings.contents)} if content else values


def _unsettle(crm: ShareCrm, record: Record) -> None:
    """What was written will be touched once more, where this enterprise does so."""
    if crm.settings.late_touch:
        crm.unsettled.add(record["_id"])


def _data(body: Body) -> Body:
    return _map(body, "data")


def _map(body: Body, name: str) -> Body:
    value = body.get(name)
    if not isinstance(value, dict):
        raise CrmError(BAD_PARAMETER, f"{name} is missing")
    return value


def _object(crm: ShareCrm, data: Body) -> str:
    api_name = data.get("dataObjectApiName")
    if api_name not in crm.tables:
        raise CrmError(BAD_PARAMETER, f"the object {api_name} does not exist")
    return str(api_name)


def _refuse_fixed(record: Record) -> None:
    if record["life_status"] == "invalid":
        raise CrmError(NOT_NORMAL, "the data is invalid already")
    if record["lock_status"] == "1":
        raise CrmError(LOCKED, "the data is locked")


def _check(crm: ShareCrm, api_name: str, values: Body) -> None:
    for field in fields_of(api_name, crm.settings).values():
        if field.required and values.get(field.role) in (None, ""):
            raise CrmError(BAD_PARAMETER, f"the field {field.api_name} is required")
    if api_name == SCHEDULE and values["end"] < values["start"]:
        raise CrmError(BAD_PARAMETER, "the end lies before the start")


def _listed(crm: ShareCrm, caller: Caller, body: Body) -> list[Record]:
    """The invalid records that `idList` names; all of them, or none."""
    data = _data(body)
    api_name, ids = _object(crm, data), data.get("idList")
    if not isinstance(ids, list) or not ids:
        raise CrmError(BAD_PARAMETER, "idList is missing")
    records = [crm.find(api_name, record_id, caller) for record_id in ids]
    if any(record["life_status"] != "invalid" for record in records):
        raise CrmError(NOT_NORMAL, "only invalid data can be deleted or recovered")
    return records
