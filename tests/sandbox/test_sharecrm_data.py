"""ShareCRM's data endpoints: records come, change and go, and are found again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.client import CrmUser, Sandbox

SEED: dict[str, Any] = {
    "employees": [
        {"id": "1000", "name": "Ann", "email": "ann@contoso.example"},
        {"id": "1001", "name": "Bob", "email": "bob@contoso.example"},
    ],
    "accounts": [{"id": "acc-1", "name": "Northwind"}],
    "contacts": [
        {"id": "con-1", "name": "Carla", "email": "carla@northwind.example", "account_id": "acc-1"},
        {"id": "con-2", "name": "Dan"},
    ],
}
START, END = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)
NINE, TEN = 1772442000000, 1772445600000
SCHEDULE = {"dataObjectApiName": "ScheduleObj"}
MINIMAL = {"schedule_content": "Call", "begin_time": NINE, "end_time": TEN}


@pytest.fixture
def ann(box: Sandbox) -> CrmUser:
    box.reset(SEED)
    return box.as_employee("1000")


def code(user: CrmUser, action: str, data: dict[str, Any]) -> int:
    """The envelope's error code."""
    headers = {"authorization": f"Bearer user:{user.employee}"}
    answer = user.sandbox.http.post(f"/cgi/crm/v2/data/{action}", json={"data": data}, headers=headers)
    assert answer.status_code == 200
    return int(answer.json()["errorCode"])


def query(user: CrmUser, filters: list[dict[str, Any]], *, api_name: str = "ScheduleObj", **info: Any) -> list[Any]:
    asked = {"limit": 100, "offset": 0, "filters": filters, **info}
    found = user.data("query", {"dataObjectApiName": api_name, "search_query_info": asked})["data"]["dataList"]
    assert isinstance(found, list)
    return found


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["_id"] for row in rows]


def where(field: str, operator: str, *values: Any) -> dict[str, Any]:
    return {"field_name": field, "operator": operator, "field_values": [str(value) for value in values]}


def test_a_record_has_the_system_fields_and_companions(ann: CrmUser) -> None:
    ann.sandbox.set_clock(now=START, freeze=True)
    made = ann.create("Call", START, END, participants=["1000", "1001"], contacts=["con-1"])
    record = ann.event(made)
    assert record["_id"] == made
    assert len(made) == 24
    assert (record["begin_time"], record["end_time"]) == (NINE, TEN)
    assert (record["create_time"], record["last_modified_time"], record["version"]) == (NINE, NINE, "1")
    assert (record["owner"], record["created_by"], record["last_modified_by"]) == (["1000"], ["1000"], ["1000"])
    assert (record["life_status"], record["lock_status"], record["is_deleted"]) == ("normal", "0", False)
    assert record["calendar"] == "CRM Calendar"
    assert record["owner__r"]["email"] == "ann@contoso.example"
    assert [person["name"] for person in record["attenders__l"]] == ["Ann", "Bob"]
    assert record["related_contacts__l"] == [{"_id": "con-1", "name": "Carla"}]


def test_empty_fields_are_left_out_unless_asked_for(ann: CrmUser) -> None:
    asked = {"dataObjectApiName": "ContactObj", "objectDataId": "con-2"}
    assert "email" not in ann.data("get", asked)["data"]
    assert ann.data("get", asked, includeNull=True)["data"]["email"] is None


def test_create_is_not_idempotent(ann: CrmUser) -> None:
    first, second = (ann.create("Call", START, END) for _ in range(2))
    assert first != second


def test_create_believes_times_and_creator_only_when_told(ann: CrmUser) -> None:
    ann.sandbox.set_clock(now=END, freeze=True)
    payload = {"object_data": {**SCHEDULE, **MINIMAL, "create_time": NINE, "created_by": ["1001"], "owner": ["1001"]}}
    plain = ann.event(ann.data("create", payload)["dataId"])
    told = ann.event(ann.data("create", payload, hasSpecifyTime=True, hasSpecifyCreatedBy=True)["dataId"])
    assert (plain["create_time"], plain["created_by"], plain["owner"]) == (TEN, ["1000"], ["1001"])
    assert (told["create_time"], told["created_by"], told["owner"]) == (NINE, ["1001"], ["1001"])


def test_update_changes_what_is_sent_and_counts_the_version(ann: CrmUser) -> None:
    made = ann.create("Call", START, END, participants=["1000"])
    ann.sandbox.as_employee("1001").rename(made, "Visit")
    record = ann.event(made)
    assert (record["schedule_content"], record["attenders"], record["version"]) == ("Visit", ["1000"], "2")
    assert record["last_modified_by"] == ["1001"]


@pytest.mark.parametrize(
    ("contents", "kept"), [("as_written", "Cafe\u0301 🎉"), ("nfc", "Caf\u00e9 🎉"), ("plain", "Cafe\u0301 ?")]
)
def test_a_content_may_be_kept_otherwise_and_touched_once_more(ann: CrmUser, contents: str, kept: str) -> None:
    ann.sandbox.set_sharecrm(contents=contents, late_touch=True)
    made = ann.create("Cafe\u0301 🎉", START, END)
    seen = [ann.event(made) for _ in range(3)]
    assert [(one["schedule_content"], one["version"]) for one in seen] == [(kept, "1"), (kept, "2"), (kept, "2")]


def test_the_owner_changes_by_change_owner_only(ann: CrmUser) -> None:
    made = ann.create("Call", START, END)
    changed = {"object_data": {**SCHEDULE, "_id": made, "owner": ["1001"]}}
    ann.data("update", changed)
    assert ann.event(made)["owner"] == ["1000"]
    ann.sandbox.set_sharecrm(owner_in_update="refuse")
    assert code(ann, "update", changed) == 15002
    ann.data("changeOwner", {**SCHEDULE, "Data": [{"objectDataId": made, "ownerId": ["1001"]}]})
    assert ann.event(made)["owner"] == ["1001"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"schedule_content": ""}, 15002),
        ({"end_time": NINE - 1}, 15002),
        ({"begin_time": "2026-03-02"}, 15002),
        ({"is_full_date": 1}, 15002),
        ({"attenders": "1000"}, 15002),
        ({"attenders": ["77"]}, 15002),
        ({"related_contacts": ["con-9"]}, 15002),
        ({"attenders__l": []}, 15002),
        ({"content": "of another variant"}, 32000),
    ],
)
def test_what_does_not_fit_is_refused(ann: CrmUser, fields: dict[str, Any], expected: int) -> None:
    assert code(ann, "create", {"object_data": {**SCHEDULE, **MINIMAL, **fields}}) == expected
    assert ann.sandbox.state()["sharecrm"]["events"] == []


def test_invalid_then_delete_and_recover_in_between(ann: CrmUser) -> None:
    made = ann.create("Call", START, END)
    assert code(ann, "delete", {**SCHEDULE, "idList": [made]}) == 320005
    ann.cancel(made)
    assert ann.event(made)["life_status"] == "invalid"
    assert code(ann, "update", {"object_data": {**SCHEDULE, "_id": made, "schedule_content": "x"}}) == 320005
    ann.recover(made)
    assert ann.event(made)["life_status"] == "normal"
    ann.cancel(made)
    ann.delete(made)
    ann.sandbox.set_sharecrm(gone_code=4711)
    assert code(ann, "get", {**SCHEDULE, "objectDataId": made}) == 4711
    (shown,) = ann.sandbox.state()["sharecrm"]["events"]
    assert (shown["life_status"], shown["deleted"]) == ("deleted", True)
    actions = [write["action"] for write in ann.sandbox.writes()]
    assert actions == ["create", "invalid", "recover", "invalid", "delete"]


@pytest.mark.parametrize("visible", [True, False])
@pytest.mark.parametrize("touches", [True, False])
def test_the_four_ways_invalid_records_show(ann: CrmUser, visible: bool, touches: bool) -> None:
    ann.sandbox.set_sharecrm(invalid_visible_in_query=visible, invalid_touches_modified=touches)
    ann.sandbox.set_clock(now=START, freeze=True)
    made = ann.create("Call", START, END)
    ann.sandbox.set_clock(advance_s=3600)
    ann.cancel(made)
    assert ids(query(ann, [])) == ([made] if visible else [])
    assert ids(query(ann, [where("last_modified_time", "GT", NINE)])) == ([made] if visible and touches else [])
    assert ann.event(made)["life_status"] == "invalid"


def test_private_schedules_may_be_hidden_from_those_who_do_not_take_part(ann: CrmUser) -> None:
    secret = ann.create("Secret", START, END, participants=["1000"], private=True)
    bob = ann.sandbox.as_employee("1001")
    assert ids(query(bob, [])) == [secret]
    ann.sandbox.set_sharecrm(hide_private=True)
    assert query(bob, []) == []
    assert code(bob, "get", {**SCHEDULE, "objectDataId": secret}) == 320002
    assert ids(query(ann, [])) == [secret]


def test_privacy_may_be_a_choice(ann: CrmUser) -> None:
    ann.sandbox.set_sharecrm(describe="modern")
    made = ann.create("Secret", START, END, private=True)
    assert ann.event(made)["visible_scope"] == "private"
    assert ids(query(ann, [where("visible_scope", "EQ", "private")])) == [made]
    ann.sandbox.set_sharecrm(describe="classic")
    assert ann.event(made)["is_private"] is True


@pytest.fixture
def three(ann: CrmUser) -> dict[str, str]:
    """Three schedules, an hour apart: a Call of Ann's, a Visit of both, a bare one in another calendar."""
    hour = 3600_000
    rows = {
        "call": {"schedule_content": "Call", "attenders": ["1000"], "is_full_date": False},
        "visit": {"schedule_content": "Visit us", "attenders": ["1000", "1001"], "related_contacts": ["con-1"]},
        "bare": {"schedule_content": "Recall", "calendar": "Sales calendar", "is_full_date": True},
    }
    return {
        name: ann.data(
            "create",
            {"object_data": {**SCHEDULE, "begin_time": NINE + n * hour, "end_time": TEN + n * hour, **row}},
        )["dataId"]
        for n, (name, row) in enumerate(rows.items())
    }


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([where("schedule_content", "EQ", "Call")], "call"),
        ([where("schedule_content", "N", "Call")], "visit bare"),
        ([where("schedule_content", "LIKE", "call")], "call bare"),
        ([where("schedule_content", "NLIKE", "call")], "visit"),
        ([where("schedule_content", "STARTWITH", "Re")], "bare"),
        ([where("schedule_content", "ENDWITH", "us")], "visit"),
        ([where("schedule_content", "IN", "Call", "Recall")], "call bare"),
        ([where("schedule_content", "NIN", "Call", "Recall")], "visit"),
        ([where("begin_time", "GT", NINE)], "visit bare"),
        ([where("begin_time", "GTE", NINE)], "call visit bare"),
        ([where("end_time", "LT", TEN + 1)], "call"),
        ([where("end_time", "LTE", TEN)], "call"),
        ([where("begin_time", "BETWEEN", NINE + 1, NINE + 3600_000)], "visit"),
        ([where("begin_time", "NBETWEEN", NINE + 1, NINE + 3600_000)], "call bare"),
        ([where("is_full_date", "EQ", "true")], "bare"),
        ([where("attenders", "IN", "1001")], "visit"),
        ([where("attenders", "HASANYOF", "1000", "1001")], "call visit"),
        ([where("attenders", "NHASANYOF", "1001")], "call bare"),
        ([where("attenders", "IS", "")], "bare"),
        ([{"field_name": "attenders", "operator": "ISN", "field_values": []}], "call visit"),
        ([where("related_contacts", "CONTAINS", "con-1")], "visit"),
        ([where("owner", "IN", "1000"), where("calendar", "EQ", "Sales calendar")], "bare"),
    ],
)
def test_filters(ann: CrmUser, three: dict[str, str], filters: list[dict[str, Any]], found: str) -> None:
    by_id = [{"fieldName": "_id", "isAsc": True}]
    assert ids(query(ann, filters, orders=by_id)) == [three[name] for name in found.split()]


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"filters": [where("schedule_content", "NEQ", "Call")]}, 32000),
        ({"filters": [where("begin_time", "GT", "today")]}, 32000),
        ({"filters": [where("attenders", "LIKE", "1")]}, 32000),
        ({"filters": [where("nothing", "EQ", "1")]}, 32000),
        ({"filters": [{"field_name": "begin_time", "operator": "GT", "field_values": "1"}]}, 32000),
        ({"orders": [{"fieldName": "nothing", "isAsc": True}]}, 32000),
        ({"limit": 101}, 32000),
        ({"limit": None}, 32000),
        ({"offset": 50}, 32000),
        ({"offset": 10_100}, 10013),
    ],
)
def test_queries_that_are_not_allowed(ann: CrmUser, three: dict[str, str], info: dict[str, Any], expected: int) -> None:
    asked = {"limit": 100, "offset": 0, **info}
    assert code(ann, "query", {**SCHEDULE, "search_query_info": asked}) == expected


def test_a_page_has_the_fields_asked_for_and_a_total_when_asked_for(ann: CrmUser, three: dict[str, str]) -> None:
    info = {"limit": 2, "offset": 2, "filters": [], "fieldProjection": ["begin_time"]}
    info["orders"] = [{"fieldName": "begin_time", "isAsc": False}]
    page = ann.data("query", {**SCHEDULE, "search_query_info": info})["data"]
    assert page == {"dataList": [{"_id": three["call"], "begin_time": NINE}], "total": 3, "limit": 2, "offset": 2}
    uncounted = ann.data("query", {**SCHEDULE, "search_query_info": info, "find_explicit_total_num": False})["data"]
    assert (uncounted["total"], uncounted["dataList"]) == (0, page["dataList"])


def walk(user: CrmUser, limit: int) -> list[str]:
    """All ids by the `_id` cursor, as the documentation recommends above 10,000 rows."""
    found: list[str] = []
    while True:
        filters = [where("_id", "GT", found[-1])] if found else []
        page = ids(query(user, filters, limit=limit, orders=[{"fieldName": "_id", "isAsc": True}]))
        found += page
        if len(page) < limit:
            return found


def test_the_id_cursor_reaches_every_record_once(ann: CrmUser) -> None:
    made = [ann.create(f"Call {n}", START, END) for n in range(25)]
    assert walk(ann, 10) == made


def test_a_page_can_be_cut_or_come_twice(ann: CrmUser) -> None:
    made = [ann.create(f"Call {n}", START, END) for n in range(10)]
    ann.sandbox.fault("sharecrm", {"duplicate_page": True}, path="data/query", times=1)
    assert sorted(set(walk(ann, 4))) == made
    ann.sandbox.fault("sharecrm", {"cut_page": True}, path="data/query", times=1)
    assert ids(query(ann, [], orders=[{"fieldName": "_id", "isAsc": True}])) == made[:5]


def test_contacts_are_found_by_address(ann: CrmUser) -> None:
    found = query(ann, [where("email", "IN", "carla@northwind.example")], api_name="ContactObj")
    assert [(row["_id"], row["account_id"], row["account_id__r"]) for row in found] == [("con-1", "acc-1", "Northwind")]
