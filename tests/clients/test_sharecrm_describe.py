"""Which field plays which role, whatever an enterprise calls it."""

from __future__ import annotations

from typing import Any

import pytest
from clients.sharecrm_support import settings

from calsync.core.codec import from_json, to_json
from calsync.errors import ConfigError
from calsync.sharecrm.describe import Fields, resolve_fields


def field(kind: str, label: str = "", **more: Any) -> dict[str, Any]:
    return {"type": kind, "label": label, "is_active": True, "define_type": "package", **more}


def described(**more: Any) -> dict[str, Any]:
    return {
        "name": field("text", "Name", define_type="system"),
        "create_time": field("date_time", "Start", define_type="system"),
        "schedule_content": field("long_text"),
        "begin_time": field("date_time"),
        "end_time": field("date_time"),
        "attenders": field("employee_many"),
        "calendar": field("select_one"),
        **more,
    }


def without(*names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in described(**more).items() if name not in names}


def resolved(found: dict[str, Any], /, **more: Any) -> Fields:
    return resolve_fields(found, settings(**more))


def problems(found: dict[str, Any], /, **more: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        resolved(found, **more)
    return caught.value.problems


def test_known_names_come_first() -> None:
    found = resolved(described(content=field("text", "Content")))
    assert (found.content.name, found.start.name, found.participants.name) == (
        "schedule_content",
        "begin_time",
        "attenders",
    )


@pytest.mark.parametrize(
    ("missing", "name", "instead"),
    [
        ("schedule_content", "field_a__c", field("html_rich_text", "日程内容")),
        ("schedule_content", "name", field("text", "Content", define_type="system")),
        ("begin_time", "field_b__c", field("date_time", "Start Time")),
        ("attenders", "people", field("employee_many", "Whoever")),
    ],
)
def test_else_label_or_a_type_that_stands_alone(missing: str, name: str, instead: dict[str, Any]) -> None:
    found = resolved(without(missing, **{name: instead}))
    assert name in found.names


def test_a_name_with_a_type_that_does_not_fit_is_passed_over() -> None:
    found = resolved(described(is_full_date=field("text"), is_all_day=field("true_or_false")))
    assert found.all_day is not None
    assert found.all_day.name == "is_all_day"


def test_references_are_told_apart_by_their_target() -> None:
    found = resolved(
        described(
            who=field("object_reference_many", target_api_name="ContactObj"),
            firm=field("object_reference_many", target_api_name="AccountObj"),
        )
    )
    assert found.contacts is not None
    assert found.accounts is not None
    assert (found.contacts.name, found.accounts.name) == ("who", "firm")


def test_the_tenants_word_comes_before_everything() -> None:
    found = resolved(described(other=field("text")), fields={"content": "other"})
    assert found.content.name == "other"


def test_a_role_that_is_needed_and_stays_open_stops_it_and_says_the_key() -> None:
    told = problems(without("attenders", "schedule_content"))
    assert [line.split(":")[0] for line in told] == ["crm.fields.content", "crm.fields.participants"]


def test_two_fields_that_could_be_it_are_no_answer() -> None:
    told = problems(without("attenders", one=field("employee_many"), two=field("employee_many")))
    assert told[0].startswith("crm.fields.participants:")


def test_an_inactive_field_is_not_there() -> None:
    assert "crm.fields.end" in problems(described(end_time=field("date_time", is_active=False)))[0]


def test_without_a_calendar_field_scope_all_must_be_said() -> None:
    assert "scope: all" in problems(without("calendar"))[0]
    assert resolved(without("calendar"), scope_all=True).calendar is None


@pytest.mark.parametrize(
    ("name", "why"), [("nowhere", "no active field nowhere"), ("begin_time", "is not of the type")]
)
def test_a_wrong_word_of_the_tenant_is_told_once(name: str, why: str) -> None:
    told = problems(described(), fields={"content": name})
    assert len(told) == 1
    assert why in told[0]


SCOPES = [{"value": "1", "label": "Public"}, {"value": "2", "label": "仅参与人可见"}, {"value": "3", "label": "Boss"}]


def test_the_options_of_privacy_are_known_by_value_or_label() -> None:
    found = resolved(described(privacy=field("select_one", options=SCOPES)))
    assert (found.private_values, found.public_value) == (("2",), "1")


def test_what_was_found_survives_being_staged() -> None:
    found = resolved(described(privacy=field("select_one", options=SCOPES), is_all_day=field("true_or_false")))
    assert from_json(Fields, to_json(found)) == found


def test_options_nobody_understands_must_be_said() -> None:
    fields = described(privacy=field("select_one", options=[{"value": "a"}, {"value": "b"}]))
    assert "choose among a, b" in problems(fields)[0]
    found = resolved(fields, private_values=("b",), public_value="a")
    assert (found.private_values, found.public_value) == (("b",), "a")
