"""A folder of tenant files: rules between files, and many of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from calsync.config.load import load_folder, load_one, tenants_folder
from calsync.errors import ConfigError

WriteTenant = Callable[..., Path]

ONE, OTHER = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"


def test_tenants_come_sorted_and_a_broken_file_stops_no_other(folder: Path, write_tenant: WriteTenant) -> None:
    for key in ("zoo", "acme"):
        write_tenant(key)
    write_tenant("middle", direction="both")
    (folder / "_template.yaml").write_text("not: a tenant")
    (folder / "notes.txt").write_text("nothing")

    tenants, errors = load_folder(folder)

    assert [tenant.key for tenant in tenants] == ["acme", "zoo"]
    assert list(errors) == ["middle"]


def test_a_name_that_two_files_bear_stops_both(folder: Path, write_tenant: WriteTenant) -> None:
    write_tenant("a", name="Sales")
    write_tenant("b", name="sales ")
    write_tenant("c", name="Service")

    tenants, errors = load_folder(folder)

    assert [tenant.key for tenant in tenants] == ["c"]
    assert errors["a"].problems == ["a.yaml: name: 'Sales' is also the name in b.yaml: names are unique, change one"]
    assert errors["b"].problems == ["b.yaml: name: 'sales' is also the name in a.yaml: names are unique, change one"]


def test_an_enterprise_uses_one_microsoft_tenant(folder: Path, write_tenant: WriteTenant) -> None:
    write_tenant("a", enterprise="acme", microsoft_tenant=ONE)
    write_tenant("b", enterprise="acme", microsoft_tenant=OTHER)

    tenants, errors = load_folder(folder)

    assert tenants == []
    assert errors["b"].problems == [
        "b.yaml: microsoft_tenant: enterprise 'acme' has another Microsoft tenant in a.yaml: an enterprise uses one, "
        "correct the wrong file"
    ]
    assert list(errors) == ["a", "b"]


def test_configurations_of_one_enterprise_and_enterprises_of_one_microsoft_tenant_may_be_many(
    folder: Path, write_tenant: WriteTenant
) -> None:
    write_tenant("a", enterprise="acme", microsoft_tenant=ONE)
    write_tenant("b", enterprise="acme", microsoft_tenant=ONE.upper())
    write_tenant("c", enterprise="other", microsoft_tenant=ONE)

    tenants, errors = load_folder(folder)

    assert [tenant.key for tenant in tenants] == ["a", "b", "c"]
    assert errors == {}


def test_two_files_of_one_key_are_refused(folder: Path, write_tenant: WriteTenant) -> None:
    path = write_tenant("a")
    (folder / "a.yml").write_text(path.read_text())

    tenants, errors = load_folder(folder)

    assert tenants == []
    assert errors["a"].problems[0] == "a.yaml: a.yaml and a.yml have the same key 'a': rename or remove one"
    with pytest.raises(ConfigError, match="have the same key 'a'"):
        load_one(folder, "a")


def test_a_thousand_files_load_in_one_go(folder: Path, write_tenant: WriteTenant) -> None:
    text = write_tenant("t0").read_text()
    for number in range(1, 1000):
        (folder / f"t{number}.yaml").write_text(text.replace("t0", f"t{number}"))

    tenants, errors = load_folder(folder)

    assert len(tenants) == 1000
    assert errors == {}


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^nowhere: there is no such folder: make it, or set CALSYNC_TENANTS"):
        load_folder(tmp_path / "nowhere")


def test_the_folder_is_the_environments_else_the_repositorys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CALSYNC_TENANTS", str(tmp_path))
    assert tenants_folder() == tmp_path

    monkeypatch.delenv("CALSYNC_TENANTS")
    assert (tenants_folder() / "sandbox.yaml").is_file()
