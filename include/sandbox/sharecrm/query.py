"""`data/query`: filters, orders and pages (fact sheet §2.2)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from sandbox.sharecrm.describe import EMPLOYEE_TYPES, LIST_TYPES, PRIVACY_OPTIONS, Field, fields_of
from sandbox.sharecrm.errors import BAD_QUERY, OFFSET_OUT_OF_RANGE, CrmError

if TYPE_CHECKING:
    from sandbox.sharecrm.auth import Caller
    from sandbox.sharecrm.state import Record, ShareCrm

MAX_LIMIT = 100
MAX_OFFSET = 10_000

Test = Callable[[Any, list[Any]], bool]


def _empty(value: Any) -> bool:
    return value is None or value in ("", [])


def _text(value: Any) -> str:
    return str(value if value is not None else "").casefold()


_SCALAR: dict[str, Test] = {
    "EQ": lambda value, args: bool(value == args[0]),
    "N": lambda value, args: bool(value != args[0]),
    "GT": lambda value, args: value is not None and bool(value > args[0]),
    "GTE": lambda value, args: value is not None and bool(value >= args[0]),
    "LT": lambda value, args: value is not None and bool(value < args[0]),
    "LTE": lambda value, args: value is not None and bool(value <= args[0]),
    "LIKE": lambda value, args: _text(args[0]) in _text(value),
    "NLIKE": lambda value, args: _text(args[0]) not in _text(value),
    "IS": lambda value, _: _empty(value),
    "ISN": lambda value, _: not _empty(value),
    "IN": lambda value, args: value in args,
    "NIN": lambda value, args: value not in args,
    "HASANYOF": lambda value, args: value in args,
    "NHASANYOF": lambda value, args: value not in args,
    "CONTAINS": lambda value, args: _text(args[0]) in _text(value),
    "BETWEEN": lambda value, args: value is not None and bool(args[0] <= value <= args[1]),
    "NBETWEEN": lambda value, args: value is None or not args[0] <= value <= args[1],
    "STARTWITH": lambda value, args: _text(value).startswith(_text(args[0])),
    "ENDWITH": lambda value, args: _text(value).endswith(_text(args[0])),
}


def _any(value: Any, args: list[Any]) -> bool:
    return not set(args).isdisjoint(value or [])


def _none(value: Any, args: list[Any]) -> bool:
    return not _any(value, args)


_LISTS: dict[str, Test] = {
    **dict.fromkeys(("EQ", "IN", "HASANYOF", "CONTAINS"), _any),
    **dict.fromkeys(("N", "NIN", "NHASANYOF"), _none),
    "IS": _SCALAR["IS"],
    "ISN": _SCALAR["ISN"],
}
_ARGUMENTS = {"IS": 0, "ISN": 0, "BETWEEN": 2, "NBETWEEN": 2}


def search(
    crm: ShareCrm, caller: Caller, api_name: str, info: Mapping[str, Any], *, count: bool
) -> tuple[list[Record], int]:
    """The records of one page, and how many there are in all (0 unless `count`). Raises CrmError."""
    limit, offset = _page(info)
    fields = fields_of(api_name, crm.settings)
    filters = [_compile(crm, fields, each) for each in _maps(info, "filters")]
    found = (
        record
        for record in _candidates(crm, api_name, _maps(info, "filters"))
        if _listed(crm, record, caller) and all(holds(record) for holds in filters)
    )
    orders = _maps(info, "orders")
    by_id = len(orders) == 1 and orders[0].get("fieldName") == "_id" and orders[0].get("isAsc") is True
    if by_id and not count:
        return list(islice(found, offset, offset + limit)), 0
    ordered = list(found) if by_id else _order(list(found), orders, fields)
    return ordered[offset : offset + limit], len(ordered) if count else 0


def _page(info: Mapping[str, Any]) -> tuple[int, int]:
    limit, offset = info.get("limit"), info.get("offset", 0)
    if not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT:
        raise CrmError(BAD_QUERY, f"limit must be between 1 and {MAX_LIMIT}")
    if not isinstance(offset, int) or offset < 0 or offset % limit:
        raise CrmError(BAD_QUERY, "offset must be a multiple of limit")
    if offset > MAX_OFFSET:
        raise CrmError(OFFSET_OUT_OF_RANGE, f"offset out of range {MAX_OFFSET}")
    return limit, offset


def _maps(info: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = info.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise CrmError(BAD_QUERY, f"{name} must be a list of maps")
    return value


def _candidates(crm: ShareCrm, api_name: str, filters: list[Mapping[str, Any]]) -> Iterable[Record]:
    """The records in the order of their ids, from the `_id` cursor on if there is one."""
    table = crm.tables[api_name]
    cursors = [
        str(values[0])
        for each in filters
        if each.get("field_name") == "_id" and each.get("operator") == "GT" and (values := each.get("field_values"))
    ]
    start = bisect_right(table.ids, max(cursors)) if cursors else 0
    return (table.records[key] for key in islice(table.ids, start, None))


def _listed(crm: ShareCrm, record: Record, caller: Caller) -> bool:
    if record["is_deleted"] or not crm.visible(record, caller.employee):
        return False
    return crm.settings.invalid_visible_in_query or record["life_status"] != "invalid"


def _compile(crm: ShareCrm, fields: Mapping[str, Field], given: Mapping[str, Any]) -> Callable[[Record], bool]:
    """The test that one filter makes of a record. Raises CrmError for what it does not know."""
    name, operator, values = given.get("field_name"), str(given.get("operator")), given.get("field_values", [])
    field = fields.get(str(name))
    if field is None:
        raise CrmError(BAD_QUERY, f"the field {name} does not exist")
    tests = _LISTS if field.type in LIST_TYPES else _SCALAR
    if operator not in tests:
        raise CrmError(BAD_QUERY, f"the operator {operator} cannot be used on the field {name}")
    if not isinstance(values, list) or len(values) < _ARGUMENTS.get(operator, 1):
        raise CrmError(BAD_QUERY, f"field_values of the field {name} must be a list with enough values")
    arguments = [_convert(crm, field, value) for value in values] if _ARGUMENTS.get(operator) != 0 else []
    test = tests[operator]
    return lambda record: test(record.get(field.role), arguments)


def _convert(crm: ShareCrm, field: Field, value: Any) -> Any:
    """A filter's value, which comes as a string, in the type of the field."""
    if field.type in {"date_time", "number"}:
        try:
            return int(value)
        except (TypeError, ValueError) as error:
            raise CrmError(BAD_QUERY, f"the field {field.api_name} is compared with a number") from error
    if field.type == "true_or_false":
        return str(value).lower() == "true"
    if field.type == "select_one" and field.role == "private":
        return PRIVACY_OPTIONS.get(value)
    if field.type in EMPLOYEE_TYPES:
        return crm.employee_id(str(value)) or str(value)
    return str(value)


def _order(records: list[Record], orders: list[Mapping[str, Any]], fields: Mapping[str, Field]) -> list[Record]:
    """By `orders`, the first one weighing most; without any, what changed last comes first."""
    if not orders:
        return sorted(records, key=lambda record: record["last_modified_time"], reverse=True)
    for order in reversed(orders):
        field = fields.get(str(order.get("fieldName")))
        if field is None:
            raise CrmError(BAD_QUERY, f"the field {order.get('fieldName')} does not exist")
        ascending, role = bool(order.get("isAsc", True)), field.role
        records = sorted(records, key=lambda record: _sortable(record.get(role)), reverse=not ascending)
    return records


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)
