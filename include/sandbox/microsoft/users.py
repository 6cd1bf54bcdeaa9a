"""The directory: users, listed, filtered, paged, and read one by one."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from sandbox.microsoft.call import Answer, Call
from sandbox.microsoft.errors import GraphError
from sandbox.microsoft.events import selected
from sandbox.microsoft.odata import Filter, sort_rows

if TYPE_CHECKING:
    from sandbox.microsoft.mailbox import Mailbox
    from sandbox.microsoft.state import Microsoft

_DEFAULT = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)
_PAGE, _MOST = 100, 999
_ADVANCED = {"ne", "not", "endswith", "contains"}


def _user(box: Mailbox) -> dict[str, Any]:
    given, _, family = box.name.partition(" ")
    return {
        "businessPhones": [],
        "displayName": box.name,
        "givenName": given or None,
        "jobTitle": None,
        "mail": box.mail,
        "mobilePhone": None,
        "officeLocation": None,
        "preferredLanguage": None,
        "surname": family or None,
        "userPrincipalName": box.upn,
        "id": box.id,
        "accountEnabled": box.enabled,
        "userType": box.user_type,
        "otherMails": [],
        "mailNickname": box.address.split("@")[0],
        "proxyAddresses": box.proxy_addresses,
    }


def _picked(user: dict[str, Any], names: list[str] | None) -> dict[str, Any]:
    by_lower = {name.lower(): name for name in user}
    wanted = [by_lower[name.lower()] for name in names if name.lower() in by_lower] if names else _DEFAULT
    return {name: user[name] for name in wanted}


def _context(call: Call, suffix: str = "") -> str:
    names = call.query.get("$select")
    return f"{call.root}/$metadata#users{f'({names})' if names else ''}{suffix}"


def read(ms: Microsoft, call: Call, name: str) -> Answer:
    """GET /users/{id or principal name}."""
    user = _picked(_user(ms.user(name)), selected(call))
    return Answer(200, {"@odata.context": _context(call, "/$entity"), **user})


def cost(call: Call) -> int:
    """Resource units of a directory request: 2, one less with `$select`, one less with `$top` below 20."""
    units = 2 - ("$select" in call.query) - (call.number("$top", _PAGE, _MOST) < 20)
    return max(units, 1)


def list_users(ms: Microsoft, call: Call) -> Answer:
    """GET /users: with `$select`, `$filter`, `$orderby`, `$top`, `$count` and a `@odata.nextLink` by `$skiptoken`."""
    rows = [_user(box) for box in ms.mailboxes.values() if box.state != "deleted"]
    test = _filter(call)
    rows = [row for row in rows if test(row)] if test else rows
    if call.query.get("$orderby"):
        rows = sort_rows(rows, call.query["$orderby"])
    size = call.number("$top", _PAGE, _MOST) or _PAGE
    skip = _skipped(call)
    body: dict[str, Any] = {"@odata.context": _context(call)}
    if call.query.get("$count", "").lower() == "true":
        body["@odata.count"] = len(rows)
    found = rows[skip : skip + size]
    body["value"] = [_picked(row, selected(call)) for row in found]
    if skip + size < len(rows):
        body["@odata.nextLink"] = _next(call, skip + size)
    return Answer(200, _spoilt(call, body, skip))


def _spoilt(call: Call, body: dict[str, Any], skip: int) -> dict[str, Any]:
    """The page as a fault on command wants it: cut off, or to be read twice."""
    if call.effect and call.effect.cut_page:
        return {**body, "value": body["value"][: len(body["value"]) // 2], "@odata.nextLink": None}
    if call.effect and call.effect.duplicate_page and body["value"]:
        return {**body, "@odata.nextLink": _next(call, skip)}
    return body


def _filter(call: Call) -> Filter | None:
    """Raises GraphError (Request_UnsupportedQuery) for an advanced query without its header and `$count`."""
    text = call.query.get("$filter")
    test = Filter(text, fold=True) if text else None
    advanced = bool(test and test.operators & _ADVANCED) or "$search" in call.query
    eventual = call.headers.get("consistencylevel", "").lower() == "eventual"
    if advanced and not (eventual and call.query.get("$count", "").lower() == "true"):
        message = (
            "Operator is not supported because the required parameters might be missing. Try adding $count=true query "
            "parameter and ConsistencyLevel:eventual header."
        )
        raise GraphError(400, "Request_UnsupportedQuery", message)
    return test


def _next(call: Call, skip: int) -> str:
    token = base64.urlsafe_b64encode(f"users:{skip}".encode()).decode()
    pairs = {name: value for name, value in call.query.items() if name != "$skiptoken"} | {"$skiptoken": token}
    return f"{call.address}?{urlencode(pairs, safe='$', quote_via=quote)}"


def _skipped(call: Call) -> int:
    text = call.query.get("$skiptoken")
    if not text:
        return 0
    try:
        return int(base64.urlsafe_b64decode(text).decode().removeprefix("users:"))
    except ValueError as error:
        raise GraphError(400, "Directory_ExpiredPageToken", "The specified page token value has expired.") from error
