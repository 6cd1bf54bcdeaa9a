"""ShareCRM's OpenAPI as its fact sheet has it: both auth modes, tokens, describe, employees, envelope, limits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.client import Sandbox
from sandbox.server import Server

PEOPLE: dict[str, Any] = {
    "employees": [
        {"id": "1000", "name": "Ann", "email": "ann@contoso.example", "account": "ann"},
        {"id": "1001", "name": "Bob", "email": "bob@contoso.example", "stopped": True},
    ]
}
COMPANY = {"departmentId": 999999, "fetchChild": True}


class App:
    """The application, in one of the two auth modes."""

    def __init__(self, server: Server, box: Sandbox) -> None:
        info = server.info
        self.box, self.ea, self.corp_id = box, info["ea"], info["crm_corp_id"]
        self.secrets = {
            "appId": info["crm_app_id"],
            "appSecret": info["crm_app_secret"],
            "permanentCode": info["crm_permanent_code"],
        }

    def post(self, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        """The envelope; every answer is HTTP 200."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.box.http.post(path, json=body, headers=names)
        assert answer.status_code == 200
        envelope: dict[str, Any] = answer.json()
        return envelope

    def token(self, **changes: Any) -> dict[str, Any]:
        return self.post("/oauth2.0/token", {**self.secrets, "grantType": "app_secret", **changes})

    def corp_token(self) -> dict[str, Any]:
        return self.post("/cgi/corpAccessToken/get/V2", self.secrets)

    def call(self, token: str, path: str, body: dict[str, Any], user: str = "1000") -> dict[str, Any]:
        """A call in header mode."""
        return self.post(path, body, authorization=f"Bearer {token}", x_fs_ea=self.ea, x_fs_userid=user)


@pytest.fixture
def app(server: Server, box: Sandbox) -> App:
    box.reset(PEOPLE)
    return App(server, box)


def test_header_mode_speaks_employee_ids(app: App) -> None:
    issued = app.token()
    assert (issued["errorCode"], issued["ea"], issued["expiresIn"]) == (0, app.ea, 7200)
    users = app.call(issued["accessToken"], "/cgi/user/list", COMPANY)["userList"]
    assert [(user["openUserId"], user["email"], user["isStop"]) for user in users] == [
        ("1000", "ann@contoso.example", False),
        ("1001", "bob@contoso.example", True),
    ]


def test_legacy_mode_speaks_open_user_ids(app: App) -> None:
    issued = app.corp_token()
    assert issued["corpId"] == app.corp_id
    auth = {"corpAccessToken": issued["corpAccessToken"], "corpId": issued["corpId"]}
    plain = app.post("/cgi/user/list", {**auth, "currentOpenUserId": "1000", **COMPANY, "convertUserId": False})
    ann = app.post("/cgi/user/list", {**auth, "currentOpenUserId": "1000", **COMPANY})["userList"][0]["openUserId"]
    assert plain["userList"][0]["openUserId"] == "1000"
    assert ann.startswith("FSUID_")
    data = {"object_data": {"dataObjectApiName": "AccountObj", "name": "Northwind", "owner": [ann]}}
    made = app.post("/cgi/crm/v2/data/create", {**auth, "currentOpenUserId": ann, "data": data})["dataId"]
    asked = {"dataObjectApiName": "AccountObj", "objectDataId": made}
    record = app.post("/cgi/crm/v2/data/get", {**auth, "currentOpenUserId": ann, "data": asked})["data"]
    assert (record["owner"], record["owner__r"]["id"]) == ([ann], "1000")
    assert app.box.requests()[-1]["actor"] == "app:1000"


def test_the_whole_company_needs_its_children(app: App) -> None:
    token = app.token()["accessToken"]
    assert app.call(token, "/cgi/user/list", {"departmentId": 999999})["userList"] == []


def test_a_token_is_the_same_until_it_is_old_and_both_live_until_it_dies(app: App) -> None:
    app.box.set_clock(freeze=True)
    first = app.token()["accessToken"]
    app.box.set_clock(advance_s=6599)
    again = app.token()
    assert (again["accessToken"], again["expiresIn"]) == (first, 601)
    app.box.set_clock(advance_s=1)
    second = app.token()["accessToken"]
    assert second != first
    codes = [app.call(token, "/cgi/user/list", COMPANY)["errorCode"] for token in (first, second)]
    app.box.set_clock(advance_s=600)
    codes += [app.call(token, "/cgi/user/list", COMPANY)["errorCode"] for token in (first, second)]
    assert codes == [0, 0, 20016, 0]


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"appSecret": "wrong"}, 10006), ({"permanentCode": None}, 10006), ({"grantType": "password"}, 15002)],
)
def test_bad_credentials_are_refused(app: App, changes: dict[str, Any], code: int) -> None:
    assert app.token(**changes)["errorCode"] == code


def test_calls_without_valid_auth_are_refused(app: App) -> None:
    token = app.token()["accessToken"]
    nobody = app.post("/cgi/user/list", COMPANY)
    forged = app.call("forged", "/cgi/user/list", COMPANY)
    elsewhere = app.post(
        "/cgi/user/list", COMPANY, authorization=f"Bearer {token}", x_fs_ea="other", x_fs_userid="1000"
    )
    unknown, stopped = (app.call(token, "/cgi/user/list", COMPANY, user) for user in ("77", "1001"))
    codes = [answer["errorCode"] for answer in (nobody, forged, elsewhere, unknown, stopped)]
    assert codes == [20017, 20016, 20017, 20012, 20012]


def test_more_than_ten_token_calls_a_minute_are_refused(app: App) -> None:
    app.box.set_clock(freeze=True)
    codes = [app.token()["errorCode"] for _ in range(11)]
    assert codes == [0] * 10 + [14001]
    app.box.set_clock(advance_s=61)
    assert app.token()["errorCode"] == 0


def test_concurrent_token_calls_are_refused(app: App) -> None:
    app.box.fault("sharecrm", {"delay_s": 0.05}, path="token")
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda _: app.token()["errorCode"], range(4)))
    assert 0 in codes
    assert 14001 in codes


@pytest.mark.parametrize(("settings", "code"), [({"quota": "used_up"}, 30002), ({"quota": "none"}, 30003)])
def test_quota_can_be_used_up(app: App, settings: dict[str, Any], code: int) -> None:
    token = app.token()["accessToken"]
    app.box.set_sharecrm(**settings)
    assert app.call(token, "/cgi/user/list", COMPANY)["errorCode"] == code


def test_an_interface_can_be_called_only_so_often(app: App) -> None:
    token = app.token()["accessToken"]
    app.box.set_clock(freeze=True)
    app.box.set_limits(crm_calls_per_window=2)
    assert [app.call(token, "/cgi/user/list", COMPANY)["errorCode"] for _ in range(3)] == [0, 0, 30004]
    assert app.call(token, "/cgi/crm/v2/object/list", {})["errorCode"] == 0
    app.box.set_clock(advance_s=21)
    assert app.call(token, "/cgi/user/list", COMPANY)["errorCode"] == 0


def test_the_trace_id_is_insisted_on_when_asked(app: App) -> None:
    token = app.token()["accessToken"]
    app.box.set_sharecrm(require_trace_id=True)
    assert app.call(token, "/cgi/user/list", COMPANY)["errorCode"] == 15002
    assert (
        app.call(token, "/cgi/user/list?thirdTraceId=1b4e28ba-2fa1-11d2-883f-0016d3cca427", COMPANY)["errorCode"] == 0
    )


def test_every_answer_is_traceable(app: App) -> None:
    answer = app.call(app.token()["accessToken"], "/cgi/user/list", COMPANY)
    assert answer["traceId"].startswith(f"E-O.{app.ea}.1000-")


def describe(box: Sandbox, api_name: str = "ScheduleObj") -> dict[str, Any]:
    asked = {"data": {"apiName": api_name, "includeDetail": True}, "includeDetail": True}
    described: dict[str, Any] = box.as_employee("1000").call("/crm/v2/object/describe", asked)["data"]["describe"]
    return described


ROLES = {
    "classic": {
        "schedule_content": "long_text",
        "begin_time": "date_time",
        "end_time": "date_time",
        "is_full_date": "true_or_false",
        "attenders": "employee_many",
        "related_contacts": "object_reference_many",
        "is_private": "true_or_false",
        "calendar": "select_one",
    },
    "modern": {
        "content": "text",
        "start_time": "date_time",
        "end_time": "date_time",
        "is_all_day": "true_or_false",
        "participants": "employee_many",
        "contact_ids": "object_reference_many",
        "visible_scope": "select_one",
        "calendar_name": "select_one",
    },
    "minimal": {
        "name": "text",
        "start_time": "date_time",
        "end_time": "date_time",
        "is_full_day": "true_or_false",
        "participant_ids": "employee_many",
    },
}


@pytest.mark.parametrize("variant", list(ROLES))
def test_the_same_record_shows_under_each_variants_names(app: App, variant: str) -> None:
    event = {"id": "sch-1", "content": "Visit", "start": "2026-03-02", "end": "2026-03-02", "all_day": True}
    app.box.reset({**PEOPLE, "crm_events": [{**event, "owner": "1000"}]})
    app.box.set_sharecrm(describe=variant)
    own = {
        name: field["type"] for name, field in describe(app.box)["fields"].items() if field["define_type"] == "package"
    }
    assert own == ROLES[variant]
    record = app.box.as_employee("1000").event("sch-1")
    content, start, end, all_day, *_ = ROLES[variant]
    assert (record[content], record[all_day]) == ("Visit", True)
    # Midnight of 2 March in Asia/Shanghai, and the last moment of that day.
    assert (record[start], record[end]) == (1772380800000, 1772467199999)
    foreign = {name for other in ROLES.values() for name in other} - set(ROLES[variant]) - {"name"}
    assert not foreign & set(record)


def test_single_fields_can_be_renamed(app: App) -> None:
    app.box.set_sharecrm(fields={"content": "subject__c"})
    fields = describe(app.box)["fields"]
    assert fields["subject__c"]["is_required"]
    assert "schedule_content" not in fields


@pytest.mark.parametrize(("form", "end"), [("inclusive", 1772553599999), ("exclusive", 1772553600000)])
def test_an_all_day_event_ends_in_either_form_on_the_same_day(app: App, form: str, end: int) -> None:
    event = {"id": "sch-1", "content": "Fair", "start": "2026-03-02", "end": "2026-03-03", "all_day": True}
    app.box.reset({**PEOPLE, "crm_events": [{**event, "owner": "1000"}], "sharecrm": {"end_of_day": form}})
    assert app.box.as_employee("1000").event("sch-1")["end_time"] == end
    assert app.box.state()["sharecrm"]["events"][0]["end"] == "2026-03-03"


def test_objects_are_listed(app: App) -> None:
    objects = app.box.as_employee("1000").call("/crm/v2/object/list", {})["data"]["objects"]
    assert {each["describeApiName"] for each in objects} == {"ScheduleObj", "ContactObj", "AccountObj"}
    assert describe(app.box, "ContactObj")["fields"]["account_id"]["target_api_name"] == "AccountObj"
