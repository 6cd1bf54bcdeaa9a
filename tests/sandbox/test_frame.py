"""The frame around both systems: TLS, the request log, clocks, faults, and a process that leaves nothing behind."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.client import Sandbox
from sandbox.server import Server

PEOPLE: dict[str, Any] = {
    "employees": [{"id": "1000", "name": "Ann", "email": "ann@contoso.example"}],
    "mailboxes": [{"address": "ann@contoso.example", "name": "Ann"}],
}
LIST_USERS = "/cgi/user/list"
COMPANY = {"departmentId": 999999, "fetchChild": True}


def list_users(box: Sandbox) -> httpx.Response:
    return box.http.post(LIST_USERS, json=COMPANY, headers={"authorization": "Bearer user:1000"})


def read_events(box: Sandbox) -> httpx.Response:
    path = "/v1.0/users/ann@contoso.example/events"
    return box.http.get(path, headers={"authorization": "Bearer user:ann@contoso.example"})


def test_only_who_trusts_its_authority_connects(server: Server) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(server.url, verify=ssl.create_default_context())


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_certificate_holds_for_both_names_of_this_machine(server: Server, name: str) -> None:
    trust = ssl.create_default_context(cafile=server.ca)
    assert httpx.get(f"https://{name}:{server.port}/", verify=trust).status_code == 200


def test_every_request_is_logged_once_with_who_and_what(box: Sandbox) -> None:
    box.reset(PEOPLE)
    list_users(box)
    read_events(box)
    first, second = box.requests()
    assert (first["system"], first["method"], first["path"], first["status"]) == ("sharecrm", "POST", LIST_USERS, 200)
    assert first["actor"] == "user:1000"
    assert second["system"] == "graph"
    assert second["mailbox"] == "ann@contoso.example"
    assert second["actor"] == "user:ann@contoso.example"
    assert box.requests(since=first["n"]) == [second]


def test_control_calls_are_not_logged(box: Sandbox) -> None:
    box.state()
    box.clock()
    box.http.get("/")
    assert box.requests() == []


def test_each_system_answers_with_the_date_of_its_own_clock(box: Sandbox) -> None:
    box.reset(PEOPLE)
    box.set_clock(skew_s={"crm": 3600.0, "graph": -3600.0})
    crm, graph = (parsedate_to_datetime(answer.headers["date"]) for answer in (list_users(box), read_events(box)))
    assert 7195 <= (crm - graph).total_seconds() <= 7205


def test_skipped_matches_pass_and_only_so_many_fail(box: Sandbox) -> None:
    box.reset(PEOPLE)
    box.fault("sharecrm", {"code": -1}, path="user/list", skip=1, times=2)
    assert [list_users(box).json()["errorCode"] for _ in range(4)] == [0, -1, -1, 0]


@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        ({"method": "post"}, True),
        ({"method": "GET"}, False),
        ({"path": "^/cgi/user/li"}, True),
        ({"path": "object/describe"}, False),
        ({"mailbox": "1000"}, True),
        ({"mailbox": "1001"}, False),
    ],
)
def test_a_fault_hits_what_its_rule_names(box: Sandbox, rule: dict[str, str], hit: bool) -> None:
    box.reset(PEOPLE)
    box.fault("sharecrm", {"status": 502}, **rule)
    assert (list_users(box).status_code == 502) is hit


def test_a_graph_fault_finds_the_mailbox_by_any_of_its_names(box: Sandbox) -> None:
    box.reset(PEOPLE)
    user_id = box.state()["outlook"]["mailboxes"]["ann@contoso.example"]["id"]
    box.fault("graph", {"status": 429, "retry_after": 1.5}, mailbox="Ann@contoso.example")
    answer = box.http.get(f"/v1.0/users/{user_id}/events", headers={"authorization": "Bearer user:ann@contoso.example"})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1.5"
    assert answer.json()["error"]["code"] == "ApplicationThrottled"


@pytest.mark.parametrize(
    ("effect", "status", "expected"),
    [
        ({"code": 30004}, 200, {"errorCode": 30004}),
        ({"status": 503}, 503, {"errorCode": -1}),
        ({"status": 200, "body": {"errorCode": 0, "userList": []}}, 200, {"userList": []}),
    ],
)
def test_a_sharecrm_fault_speaks_as_sharecrm(
    box: Sandbox, effect: dict[str, Any], status: int, expected: dict[str, Any]
) -> None:
    box.reset(PEOPLE)
    box.fault("sharecrm", effect)
    answer = list_users(box)
    assert answer.status_code == status
    assert expected.items() <= answer.json().items()


def test_a_wrong_host_answers_with_a_page(box: Sandbox) -> None:
    box.fault("sharecrm", {"html": True})
    answer = list_users(box)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


CREATE = {"object_data": {"dataObjectApiName": "AccountObj", "name": "Northwind"}}


@pytest.mark.parametrize(("effect", "made"), [("lose_answer", 1), ("refuse", 0)])
def test_a_dropped_connection_says_nothing_about_the_work(box: Sandbox, effect: str, made: int) -> None:
    box.reset(PEOPLE)
    box.fault("sharecrm", {effect: True}, path="data/create", times=1)
    with pytest.raises(httpx.TransportError):
        box.as_employee("1000").data("create", CREATE)
    assert len(box.state()["sharecrm"]["accounts"]) == made
    assert len(box.writes()) == made
    assert [entry.get("dropped") for entry in box.requests()] == [True]
    box.as_employee("1000").data("create", CREATE)
    assert len(box.state()["sharecrm"]["accounts"]) == made + 1


def test_a_delay_comes_before_the_answer(box: Sandbox) -> None:
    box.reset(PEOPLE)
    box.fault("sharecrm", {"delay_s": 30})
    with pytest.raises(httpx.ReadTimeout):
        box.http.post(LIST_USERS, json=COMPANY, timeout=0.2)


def test_a_mailbox_serves_only_so_many_requests_at_once(server: Server, box: Sandbox) -> None:
    box.reset(PEOPLE)
    form = {
        "grant_type": "client_credentials",
        "client_id": server.info["client_id"],
        "client_secret": server.info["client_secret"],
        "scope": "https://graph.microsoft.com/.default",
    }
    token = box.http.post(f"/{server.info['tenant_id']}/oauth2/v2.0/token", data=form).json()["access_token"]
    box.set_limits(latency_s=0.2, mailbox_concurrency=2)

    def read(_: int) -> int:
        path = "/v1.0/users/ann@contoso.example/events"
        return box.http.get(path, headers={"authorization": f"Bearer {token}"}).status_code

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(read, range(3))) == [200, 200, 429]


def test_faults_end_when_they_are_deleted(box: Sandbox) -> None:
    box.reset(PEOPLE)
    box.fault("sharecrm", {"status": 500})
    box.clear_faults()
    assert list_users(box).json()["errorCode"] == 0


def test_a_process_says_where_it_is_and_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--dir", str(tmp_path), "--seed-team"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        info = json.loads(process.stdout.readline())
        with Sandbox(info["url"], info["ca"]) as box:
            assert len(box.state()["sharecrm"]["employees"]) == 8
        assert Path(info["certificate"]).read_text().startswith("-----BEGIN PRIVATE KEY-----")
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_told_in_a_sentence(server: Server, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox", "--port", str(server.port), "--dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{server.port}" in done.stderr
    assert "Traceback" not in done.stderr
