"""Actions as ShareCRM's requests: only what changed, people one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from clients.sharecrm_support import CLASSIC, shape

from calsync.core.model import Event, Side, Time
from calsync.core.plan import Action, Verb
from calsync.sharecrm import moments
from calsync.sharecrm.describe import Field
from calsync.sharecrm.request import compose, people_patch, to_request
from calsync.sharecrm.schedule import Shape

NINE, TEN = datetime(2026, 5, 4, 9, tzinfo=UTC), datetime(2026, 5, 4, 10, tzinfo=UTC)
VISIT = Event("Visit", Time(NINE, TEN), attendees=frozenset({"1002", "1001"}), contacts=frozenset({"c1", "c2"}))
ALL_DAY = replace(VISIT, time=Time(date(2026, 5, 4), date(2026, 5, 6)))
SHANGHAI = ZoneInfo("Asia/Shanghai")


def action(verb: Verb, event: Event | None = VISIT, **more: Any) -> Action:
    return Action("a1", "l1", verb, Side.CRM, "C5", "why", event=event, **more)


def body(verb: Verb, event: Event | None = VISIT, where: Shape | None = None, **more: Any) -> dict[str, Any]:
    act = action(verb, event, **more)
    return to_request(act, where or shape(), calendar="Sales calendar", accounts={"c1": "firm"}).body


def test_create_carries_everything_and_the_configurations_name() -> None:
    assert body(Verb.CREATE, actor="1001") == {
        "dataObjectApiName": "ScheduleObj",
        "owner": ["1001"],
        "schedule_content": "Visit",
        "begin_time": moments.millis(NINE),
        "end_time": moments.millis(TEN),
        "is_full_date": False,
        "is_private": False,
        "attenders": ["1001", "1002"],
        "related_contacts": ["c1", "c2"],
        "related_accounts": ["firm"],
        "calendar": "Sales calendar",
    }


def test_a_create_nobody_acts_for_belongs_to_the_connections_user() -> None:
    assert body(Verb.CREATE, where=shape(user="1999"))["owner"] == ["1999"]


def test_update_carries_the_changed_fields_and_no_others() -> None:
    got = body(Verb.UPDATE, target_id="r1", fields=("title", "attendees"))
    assert got == {"dataObjectApiName": "ScheduleObj", "_id": "r1", "schedule_content": "Visit"}
    assert set(body(Verb.UPDATE, target_id="r1", fields=("time",))) == {
        "dataObjectApiName",
        "_id",
        "begin_time",
        "end_time",
        "is_full_date",
    }


@pytest.mark.parametrize(("form", "short"), [("inclusive", 1), ("exclusive", 0)])
def test_all_day_is_written_in_the_configured_form(form: Any, short: int) -> None:
    got = body(Verb.CREATE, ALL_DAY, where=shape(all_day_end=form))
    assert got["is_full_date"] is True
    assert got["begin_time"] == moments.millis(datetime(2026, 5, 4, tzinfo=SHANGHAI))
    assert got["end_time"] == moments.millis(datetime(2026, 5, 6, tzinfo=SHANGHAI)) - short


def test_a_choice_of_privacy_and_of_calendar_is_written_by_its_values() -> None:
    fields = replace(
        CLASSIC,
        private=Field("scope", "select_one"),
        private_values=("private", "secret"),
        public_value="public",
        calendar=Field("calendar", "select_one", (("opt_7", "Sales calendar"),)),
    )
    got = body(Verb.CREATE, replace(VISIT, private=True), where=shape(fields))
    assert (got["scope"], got["calendar"]) == ("private", "opt_7")
    assert body(Verb.CREATE, where=shape(fields))["scope"] == "public"


def test_roles_that_are_not_there_are_not_written() -> None:
    fields = replace(CLASSIC, all_day=None, contacts=None, accounts=None, private=None, calendar=None)
    got = body(Verb.CREATE, ALL_DAY, where=shape(fields, all_day_end="exclusive"))
    assert set(got) == {"dataObjectApiName", "owner", "schedule_content", "begin_time", "end_time", "attenders"}
    assert got["end_time"] == moments.millis(datetime(2026, 5, 6, tzinfo=SHANGHAI)) - 1


def test_delete_invalidates_and_a_create_with_a_target_recovers() -> None:
    where = shape()
    gone = to_request(action(Verb.DELETE, None, target_id="r1"), where, calendar="Sales calendar")
    assert (gone.method, gone.path, gone.body["_id"], gone.read_first) == ("invalid", "ScheduleObj", "r1", True)
    back = to_request(action(Verb.CREATE, target_id="r1"), where, calendar="Sales calendar")
    assert (back.method, back.body["_id"], back.body["calendar"]) == ("recover", "r1", "Sales calendar")
    assert "owner" not in back.body


def test_linking_writes_nothing() -> None:
    with pytest.raises(ValueError, match="writes nothing"):
        to_request(action(Verb.LINK), shape(), calendar="x")


RECORD = {"attenders": ["1003", "1001"], "related_contacts": ["c1"], "related_accounts": ["old"]}


@pytest.mark.parametrize(
    ("add", "remove", "patch"),
    [
        ((), (), {}),
        (("1001", "c:c1"), ("1009", "c:c9"), {}),
        (("1002",), (), {"attenders": ["1003", "1001", "1002"]}),
        ((), ("1003",), {"attenders": ["1001"]}),
        ((), ("c:c1",), {"related_contacts": []}),
        (("c:c2",), (), {"related_contacts": ["c1", "c2"], "related_accounts": ["old", "firm"]}),
    ],
)
def test_people_are_changed_one_by_one(add: tuple[str, ...], remove: tuple[str, ...], patch: dict[str, Any]) -> None:
    assert people_patch(RECORD, add, remove, CLASSIC, {"c2": "firm"}) == patch


def test_an_update_is_completed_from_the_record_as_it_stands() -> None:
    where = shape()
    act = action(Verb.UPDATE, target_id="r1", fields=("title", "attendees"), add=("1002",), remove=("1003",))
    now = {**RECORD, "schedule_content": '<p>Old <img src="a.png"/></p>'}
    done = compose(to_request(act, where, calendar="x"), act, now, where)
    assert done.body["schedule_content"] == '<p>Visit</p><img src="a.png"/>'
    assert done.body["attenders"] == ["1001", "1002"]
    assert "begin_time" not in done.body
