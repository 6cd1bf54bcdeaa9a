"""One tenant file: what it means, and what is said about every mistake in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from calsync.config.load import load_one, load_tenant
from calsync.errors import ConfigError

WriteTenant = Callable[..., Path]


def problems_of(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load_tenant(path)
    return raised.value.problems


def test_a_file_with_the_required_settings_gets_the_safe_defaults(write_tenant: WriteTenant) -> None:
    tenant = load_tenant(write_tenant("acme"))

    assert tenant.key == "acme"
    assert (tenant.direction, tenant.scope, tenant.out_of_scope) == ("bidirectional", "calendar", "unlink")
    assert (tenant.conflicts, tenant.deletions, tenant.drift) == ("latest", "lose", "keep")
    assert (tenant.invitations, tenant.first_sync) == ("everyone", "quiet")
    assert (tenant.limits.max_mails_per_run, tenant.limits.tenant_meetings, tenant.limits.tenant_share) == (
        100,
        10,
        0.2,
    )
    assert (tenant.limits.mailbox_meetings, tenant.limits.mailbox_share) == (5, 0.5)
    assert tenant.crm.workflows is False
    assert tenant.schedule.every_minutes == 15


def test_a_tenant_is_frozen(write_tenant: WriteTenant) -> None:
    tenant = load_tenant(write_tenant())

    with pytest.raises(ValidationError):
        tenant.direction = "crm_to_outlook"  # type: ignore[misc]


def test_employee_ids_are_text_whatever_they_look_like(folder: Path, write_tenant: WriteTenant) -> None:
    path = write_tenant(employees=...)
    path.write_text(path.read_text() + "employees:\n  0100: Ann@Example.com\n  1001: null\n")

    assert load_tenant(path).employees == {"0100": "ann@example.com", "1001": None}


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            {"name": ...},
            "name: is missing: add it. The configuration's name as ShareCRM's Calendar field shows it; "
            "unique, 1-100 characters, not 'CRM Calendar'. It may change, the file's name may not: events that bear an "
            "earlier name of it stay in its calendar.",
        ),
        ({"name": ""}, "name: is too short: write at least 1 characters"),
        ({"name": "x" * 101}, "name: is too long: write at most 100 characters"),
        ({"name": " crm CALENDAR "}, "name: 'CRM Calendar' is ShareCRM's own calendar: choose another name"),
        ({"name": 7}, "name: is not text: write text, and put digits in quotes"),
        ({"description": "x" * 2001}, "description: is too long: write at most 2000 characters"),
        ({"directoin": "all"}, "directoin: is not a setting: did you mean 'direction'?"),
        ({"colour": "red"}, "colour: is not a setting: remove it"),
        ({"key": "acme"}, "key: is not written in the file: the file's name is the tenant's key; remove this line"),
        (
            {"direction": "both"},
            "direction: has no such choice: write 'bidirectional', 'crm_to_outlook' or 'outlook_to_crm'",
        ),
        (
            {"time_zone": "Berlin"},
            "time_zone: is not an IANA time zone: write one such as Europe/Berlin or Asia/Shanghai",
        ),
        (
            {"microsoft_tenant": "acme.example"},
            "microsoft_tenant: is not a GUID: copy the 'Directory (tenant) ID' from the Entra admin centre",
        ),
        (
            {"connections": {"crm": "a b", "graph": "g"}},
            "connections.crm: is not a connection id: use letters, digits, '.', '-' and '_' only",
        ),
        ({"connections": "acme"}, "connections: is not a block: write 'key: value' lines below it"),
        ({"window": {"past_days": -1}}, "window.past_days: is too small: write at least 0"),
        ({"window": {"future_days": "soon"}}, "window.future_days: is not a whole number: write one such as 10"),
        ({"window": {"pastdays": 3}}, "window.pastdays: is not a setting: did you mean 'past_days'?"),
        ({"limits": {"tenant_share": 20}}, "limits.tenant_share: is too large: write at most 1"),
        (
            {"schedule": {"cron": "often"}},
            "schedule.cron: is not a cron expression: write five fields such as '*/30 6-20 * * 1-5'",
        ),
        (
            {"schedule": {"cron": "0 * * * *", "every_minutes": 5}},
            "schedule: has both 'every_minutes' and 'cron': keep one of them",
        ),
        (
            {"crm": {"fields": {"title": "name"}}},
            "crm.fields.title: has no such choice: write 'content', 'start', 'end', 'all_day', 'participants', "
            "'contacts', 'accounts', 'private' or 'calendar'",
        ),
        ({"crm": {"gone_codes": 7}}, "crm.gone_codes: is not a list: write [a, b], or one '- a' a line"),
        ({"crm": {"workflows": "perhaps"}}, "crm.workflows: is neither true nor false: write one of them"),
        ({"tags": ["a", 2]}, "tags[1]: is not text: write text, and put digits in quotes"),
        (
            {"foreign_marks": ["other tool"]},
            "foreign_marks[0]: is not the id of an extended property: write it as Graph does, "
            "'String {guid} Name xyz' or 'String 0x8233'",
        ),
        (
            {"employees": {"1001": "ann"}},
            "employees.1001: names no Microsoft user: write an object id or an address, or null to leave "
            "the employee out",
        ),
    ],
)
def test_every_mistake_says_where_what_and_what_to_do(
    write_tenant: WriteTenant, settings: dict[str, Any], problem: str
) -> None:
    assert problems_of(write_tenant("acme", **settings)) == [f"acme.yaml: {problem}"]


def test_all_mistakes_of_a_file_are_told_at_once(write_tenant: WriteTenant) -> None:
    path = write_tenant("acme", direction="both", enterprise=..., window={"past_days": "x"}, colour="red")

    assert [line.split(": ")[1] for line in problems_of(path)] == [
        "enterprise",
        "direction",
        "window.past_days",
        "colour",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds no settings: write 'key: value' lines"),
        ("- a\n- b\n", "holds no settings: write 'key: value' lines"),
        ("name: a\nscope: all\nname: b\n", "line 3: 'name' stands here again, first in line 1: remove one"),
        (
            "window:\n  past_days: 1\n  past_days: 2\n",
            "line 3: 'past_days' stands here again, first in line 2: remove one",
        ),
        ("? [a]\n: b\n", "line 1: a key is not plain text: write 'key: value'"),
        (
            "name: 'a\nscope: all\n",
            "line 3, column 1: is not YAML (found unexpected end of stream): correct this line or the one above it",
        ),
        ("name: !!python/object:os.system x\n", "line 1, column 7: is not YAML"),
    ],
)
def test_what_is_not_yaml_is_told_with_its_line(folder: Path, text: str, problem: str) -> None:
    path = folder / "acme.yaml"
    path.write_text(text)

    (line,) = problems_of(path)
    assert line.startswith(f"acme.yaml: {problem}")


def test_text_that_is_not_utf8_is_told(folder: Path) -> None:
    path = folder / "acme.yaml"
    path.write_bytes(b"name: \xff\xfe\xfa\n")

    assert problems_of(path) == ["acme.yaml: is not text in UTF-8: save it as UTF-8"]


@pytest.mark.parametrize("stem", ["Acme", "-acme", "ac me", "a" * 64, "ácme"])
def test_a_file_name_that_is_no_key_is_refused(write_tenant: WriteTenant, stem: str) -> None:
    (line,) = problems_of(write_tenant(stem))

    assert line.startswith(
        f"{stem}.yaml: key: the file's name is not a tenant's key: rename the file to 1-63 small letters"
    )


def test_one_tenant_is_read_without_looking_at_the_others(folder: Path, write_tenant: WriteTenant) -> None:
    write_tenant("acme")
    (folder / "broken.yaml").write_text("name: [")

    assert load_one(folder, "acme").key == "acme"


def test_a_key_without_a_file_says_so(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"^acme: there is no tenant of this key: add acme.yaml to tenants/"):
        load_one(folder, "acme")
