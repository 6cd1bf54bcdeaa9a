"""Tenant files as they are written: what they say, and that no change of another is lost."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from calsync.config.load import clashes, load_folder, load_one, load_tenant
from calsync.config.model import Tenant
from calsync.config.save import (
    has_comments,
    key_for,
    retire_tenant,
    save_tenant,
    tenant_file,
    tenant_text,
    version_of,
)
from calsync.errors import ConfigError

WriteTenant = Callable[..., Path]

SMALLEST = {
    "name": "Sales calendar",
    "installation": "production",
    "enterprise": "acme",
    "microsoft_tenant": "00000000-0000-0000-0000-000000000001",
    "time_zone": "Europe/Berlin",
    "connections": {"crm": "acme_crm", "graph": "acme_graph"},
}


def tenant(key: str = "acme", **settings: Any) -> Tenant:
    return Tenant.model_validate({**SMALLEST, **settings, "key": key})


def test_a_file_says_only_what_differs_from_the_defaults_in_the_order_of_the_reference() -> None:
    text = tenant_text(tenant(window={"future_days": 90, "past_days": 30}, drift="keep", description="For sales"))

    assert text == (
        "name: Sales calendar\n"
        "description: For sales\n"
        "installation: production\n"
        "enterprise: acme\n"
        "microsoft_tenant: 00000000-0000-0000-0000-000000000001\n"
        "connections:\n  crm: acme_crm\n  graph: acme_graph\n"
        "time_zone: Europe/Berlin\n"
        "window:\n  future_days: 90\n"
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"schedule": {"cron": "*/30 6-20 * * 1-5"}},
        {"schedule": {"every_minutes": 5, "paused": False}},
        {"employees": {"0100": None, "1001": "ann@example.com"}, "time_zones": {"1e3": "Asia/Shanghai"}},
        {"crm": {"fields": {"content": "name"}, "gone_codes": [320002]}, "tags": ["yes", "1.0", "~"]},
        {"name": "销售日历: 'north' #1", "description": "Line one\nline two \N{NEXT LINE}\ttail"},
        {"limits": {"tenant_share": 0.5}, "foreign_marks": ["String 0x8233"]},
    ],
)
def test_what_is_written_is_read_as_the_same_tenant(tmp_path: Path, settings: dict[str, Any]) -> None:
    written = tenant(**settings)
    assert load_tenant(save_tenant(tmp_path, written, "")) == written


@given(name=st.text(min_size=1, max_size=100), said=st.text(max_size=200))
def test_no_text_of_people_breaks_the_file(name: str, said: str) -> None:
    try:
        written = tenant(name=name, description=said)
    except ValueError:
        return
    read = yaml.safe_load(tenant_text(written))
    assert (read["name"], read.get("description", "")) == (written.name, written.description)


def test_a_change_is_written_over_the_version_that_was_read(folder: Path, write_tenant: WriteTenant) -> None:
    path = write_tenant()
    path.chmod(0o640)
    save_tenant(folder, tenant(direction="crm_to_outlook"), version_of(path))

    assert load_one(folder, "acme").direction == "crm_to_outlook"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(folder) == ["acme.yaml"]


@pytest.mark.parametrize(
    ("before", "version", "says"),
    [
        ("somebody: else\n", "0" * 64, "has changed since it was read here"),
        ("somebody: else\n", "", "is there already"),
        (None, "0" * 64, "is not there any more"),
    ],
)
def test_a_file_that_changed_since_it_was_read_is_left_as_it_is(
    folder: Path, before: str | None, version: str, says: str
) -> None:
    path = folder / "acme.yaml"
    if before:
        path.write_text(before)
    with pytest.raises(ConfigError, match=says):
        save_tenant(folder, tenant(), version)
    with pytest.raises(ConfigError, match=says):
        retire_tenant(folder, "acme", version, datetime(2026, 11, 23, tzinfo=UTC))
    assert (path.read_text() if path.exists() else None) == before


def test_a_file_of_the_other_ending_keeps_it(folder: Path, write_tenant: WriteTenant) -> None:
    path = write_tenant().rename(folder / "acme.yml")
    assert save_tenant(folder, tenant(direction="crm_to_outlook"), version_of(path)) == path
    assert os.listdir(folder) == ["acme.yml"]


def test_when_the_text_cannot_be_written_the_old_file_stays(
    folder: Path, write_tenant: WriteTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_tenant()
    before = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_tenant(folder, tenant(direction="crm_to_outlook"), version_of(path))
    assert (os.listdir(folder), path.read_bytes()) == (["acme.yaml"], before)


def test_a_tenant_that_is_put_aside_is_no_tenant_and_its_file_is_kept(folder: Path, write_tenant: WriteTenant) -> None:
    path = write_tenant()
    kept = retire_tenant(folder, "acme", version_of(path), datetime(2026, 11, 23, 9, 30, tzinfo=UTC))

    assert kept == folder / "acme.yaml.deleted-20261123T093000Z"
    assert load_folder(folder) == ([], {})
    assert tenant_file(folder, "acme") == path


@pytest.mark.parametrize(
    ("name", "enterprise", "there", "key"),
    [
        ("Sales calendar", "acme", [], "sales-calendar"),
        ("  Vertrieb (Süd) ", "acme", [], "vertrieb-sud"),
        ("销售日历", "Contoso_CN", [], "contoso-cn"),
        ("销售日历", "", [], "calendar"),
        ("new", "acme", [], "new-2"),
        ("Sales", "acme", ["sales.yaml", "sales-2.yml"], "sales-3"),
        ("Sales", "acme", ["sales.yaml.deleted-20261123T093000Z"], "sales-2"),
        ("x" * 100, "acme", [], "x" * 50),
    ],
)
def test_a_key_is_made_from_the_name_and_was_never_used_before(
    folder: Path, name: str, enterprise: str, there: list[str], key: str
) -> None:
    for file in there:
        (folder / file).touch()
    assert key_for(name, enterprise, folder, reserved=("new",)) == key


def test_a_tenant_that_is_not_saved_yet_is_compared_with_the_others(folder: Path, write_tenant: WriteTenant) -> None:
    write_tenant("other", name="Sales", enterprise="big")
    write_tenant("broken", name="Sales", direction="both")
    (folder / "acme.yaml").write_text("name: Sales\n")

    assert clashes(folder, tenant(name="Service")) == {}
    found = clashes(
        folder, tenant(name="SALES", enterprise="big", microsoft_tenant="0" * 8 + "-0000" * 3 + "-" + "2" * 12)
    )
    assert found == {
        "name": "'SALES' is also the name in other.yaml: names are unique, change one",
        "microsoft_tenant": "enterprise 'big' has another Microsoft tenant in other.yaml: an enterprise uses one, "
        "correct the wrong file",
    }


@pytest.mark.parametrize(
    ("text", "expected"), [("# by hand\nname: x\n", True), ("name: x # why\n", True), ("name: a#b\n", False)]
)
def test_comments_are_noticed_before_they_are_lost(tmp_path: Path, text: str, expected: bool) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(text)
    assert has_comments(path) is expected
