"""Records on the wire: api names, value formats and companions (fact sheet §2.5, §2.6), there and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.sharecrm.auth import Caller, open_user_id
from sandbox.sharecrm.describe import EMPLOYEE_TYPES, LIST_TYPES, PRIVACY_OPTIONS, Field, fields_of
from sandbox.sharecrm.errors import BAD_PARAMETER, BAD_QUERY, CrmError

if TYPE_CHECKING:
    from sandbox.sharecrm.state import Record, ShareCrm

_TEXT_TYPES = frozenset({"text", "long_text", "email", "phone_number", "object_reference", "select_one"})
_COMPANIONS = ("__r", "__l", "__o", "__v", "__relation_ids")
_PRIVACY_VALUES = {private: value for value, private in PRIVACY_OPTIONS.items()}


def to_wire(
    crm: ShareCrm, record: Record, caller: Caller, *, include_null: bool = False, only: Collection[str] = ()
) -> dict[str, Any]:
    """`record` as a data endpoint answers it; `only` names the fields asked for (empty: all). `_id` always comes."""
    shown: dict[str, Any] = {}
    for api_name, field in fields_of(record["object_describe_api_name"], crm.settings).items():
        if only and api_name not in only and api_name != "_id":
            continue
        value = record.get(field.role)
        if value is None or value in ("", []):
            if include_null:
                shown[api_name] = None
            continue
        shown[api_name] = _value(field, value, caller)
        shown |= _companions(crm, field, value)
    return shown


def _value(field: Field, value: Any, caller: Caller) -> Any:
    if field.type in EMPLOYEE_TYPES and caller.open_ids:
        return [open_user_id(employee) for employee in value]
    if field.type == "number":
        return str(value)
    if field.type == "select_one" and field.role == "private":
        return _PRIVACY_VALUES[value]
    return value


def _companions(crm: ShareCrm, field: Field, value: Any) -> dict[str, Any]:
    """The read-only members beside a field that show what its ids mean."""
    if field.type == "employee":
        return {f"{field.api_name}__r": _person(crm, value[0])}
    if field.type == "employee_many":
        return {f"{field.api_name}__l": [_person(crm, employee) for employee in value]}
    if field.type == "object_reference":
        return {f"{field.api_name}__r": crm.tables[field.target].records[value].get("name", "")}
    if field.type == "object_reference_many":
        named = crm.tables[field.target].records
        return {f"{field.api_name}__l": [{"_id": key, "name": named[key].get("name", "")} for key in value]}
    if field.options:
        label = dict(field.options).get(_PRIVACY_VALUES[value] if field.role == "private" else value, value)
        return {f"{field.api_name}__r": label}
    return {}


def _person(crm: ShareCrm, employee: str) -> dict[str, Any]:
    known = crm.employees.get(employee)
    if known is None:
        return {"id": employee, "name": "System", "tenantId": crm.TENANT_ID, "status": 0}
    return {
        "id": employee,
        "name": known["name"],
        "email": known["email"],
        "dept": "1000",
        "tenantId": crm.TENANT_ID,
        "status": 1 if known["stopped"] else 0,
    }


def from_wire(crm: ShareCrm, api_name: str, payload: Mapping[str, Any]) -> Record:
    """The values by role of the writable fields in `payload`; system fields but `owner`, `created_by`, `create_time`
    are passed over. Raises CrmError for unknown fields and values that do not fit.
    """
    fields = fields_of(api_name, crm.settings)
    values: Record = {}
    for name, value in payload.items():
        if name in {"_id", "dataObjectApiName"}:
            continue
        if name.endswith(_COMPANIONS):
            raise CrmError(BAD_PARAMETER, f"the field {name} is read-only")
        if name not in fields:
            raise CrmError(BAD_QUERY, f"the field {name} does not exist")
        field = fields[name]
        if not field.system or field.role in {"owner", "created_by", "create_time"}:
            values[field.role] = _read(crm, field, value)
    return values


def _read(crm: ShareCrm, field: Field, value: Any) -> Any:
    if value is None or value in ("", []):
        return [] if field.type in LIST_TYPES else (False if field.role in {"private", "all_day"} else value)
    if field.type in EMPLOYEE_TYPES:
        return [_employee(crm, field, each) for each in _list(field, value)]
    if field.type == "object_reference_many":
        return [_reference(crm, field, each) for each in _list(field, value)]
    if field.type == "object_reference":
        return _reference(crm, field, value)
    if field.type == "select_one" and field.role == "private":
        if value not in PRIVACY_OPTIONS:
            raise CrmError(BAD_PARAMETER, f"the field {field.api_name} has no such option")
        return PRIVACY_OPTIONS[value]
    fits = {"date_time": _is_int, "true_or_false": _is_bool}.get(field.type, _is_text)
    if field.type in _TEXT_TYPES | {"date_time", "true_or_false"} and not fits(value):
        raise CrmError(BAD_PARAMETER, f"the value of the field {field.api_name} does not fit its type {field.type}")
    return value


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _list(field: Field, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise CrmError(BAD_PARAMETER, f"the value of the field {field.api_name} must be a list")
    return list(dict.fromkeys(str(each) for each in value))


def _employee(crm: ShareCrm, field: Field, given: str) -> str:
    employee = crm.employee_id(given)
    if employee is None:
        raise CrmError(BAD_PARAMETER, f"the field {field.api_name} names an employee who does not exist")
    return employee


def _reference(crm: ShareCrm, field: Field, given: Any) -> str:
    record = crm.tables[field.target].records.get(str(given))
    if record is None or record["is_deleted"]:
        raise CrmError(BAD_PARAMETER, f"the field {field.api_name} names a record that does not exist")
    return str(given)
