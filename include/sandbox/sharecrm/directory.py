"""What an enterprise tells about itself: its objects' fields and its employees (fact sheet §2.4, §3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.sharecrm.auth import Caller, open_user_id
from sandbox.sharecrm.describe import DISPLAY_NAMES, describe
from sandbox.sharecrm.errors import BAD_PARAMETER, UNKNOWN_USER, CrmError

if TYPE_CHECKING:
    from sandbox.sharecrm.state import ShareCrm

WHOLE_COMPANY = 999999
SALES_DEPARTMENT = 1000

Body = Mapping[str, Any]


def describe_object(crm: ShareCrm, caller: Caller, body: Body) -> dict[str, Any]:
    data = body.get("data")
    api_name = data.get("apiName") if isinstance(data, dict) else None
    if api_name not in crm.tables:
        raise CrmError(BAD_PARAMETER, f"the object {api_name} does not exist")
    return {"data": {"describe": describe(str(api_name), crm.settings)}}


def list_objects(crm: ShareCrm, caller: Caller, body: Body) -> dict[str, Any]:
    objects = [
        {"describeApiName": name, "describeDisplayName": DISPLAY_NAMES[name], "defineType": "package", "isActive": True}
        for name in crm.tables
    ]
    return {"data": {"objects": objects}}


def list_users(crm: ShareCrm, caller: Caller, body: Body) -> dict[str, Any]:
    """Everybody belongs to the one department below the company, so the whole company needs `fetchChild`."""
    department = body.get("departmentId")
    if not str(department).isdigit():
        raise CrmError(BAD_PARAMETER, "departmentId is missing")
    whole = int(str(department)) == WHOLE_COMPANY and body.get("fetchChild") is True
    everybody = crm.employees.values() if whole or int(str(department)) == SALES_DEPARTMENT else ()
    return {"userList": [_user(employee, caller) for employee in everybody]}


def get_user(crm: ShareCrm, caller: Caller, body: Body) -> dict[str, Any]:
    employee = crm.employees.get(crm.employee_id(str(body.get("openUserId"))) or "")
    if employee is None:
        raise CrmError(UNKNOWN_USER, "the user does not exist")
    return _user(employee, caller)


def _user(employee: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    return {
        "openUserId": open_user_id(employee["id"]) if caller.open_ids else employee["id"],
        "account": employee["account"] or f"user{employee['id']}",
        "name": employee["name"],
        "nickName": employee["name"],
        "isStop": employee["stopped"],
        "email": employee["email"],
        "mobile": "",
        "gender": "M",
        "position": "",
        "departmentIds": [SALES_DEPARTMENT],
        "mainDepartmentId": SALES_DEPARTMENT,
        "attachingDepartmentIds": [],
        "employeeNumber": employee["id"],
        "createTime": employee["created"],
    }
