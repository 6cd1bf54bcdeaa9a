"""What is written from the models is current, and agrees with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from calsync.config.load import REPOSITORY, load_tenant
from calsync.config.model import TenantFile
from calsync.config.problems import block
from calsync.config.reference import REFERENCE_FILE, reference_text
from calsync.config.schema import SCHEMA_FILE, schema_text
from sandbox.microsoft.identity import Application
from sandbox.sharecrm import errors as sharecrm_errors
from sandbox.sharecrm.auth import Auth

SANDBOX_FILE = REPOSITORY / "include" / "tenants" / "sandbox.yaml"


@pytest.mark.parametrize(("file", "text"), [(SCHEMA_FILE, schema_text()), (REFERENCE_FILE, reference_text())])
def test_the_committed_file_is_current(file: Path, text: str) -> None:
    assert (REPOSITORY / file).read_text(encoding="utf-8") == text, "run `python -m calsync schema` and `... docs`"


def test_every_setting_is_described_in_the_page_and_in_the_schema() -> None:
    schema = json.loads(schema_text())
    page = reference_text()
    described = {**schema["properties"], **{k: v for d in schema["$defs"].values() for k, v in d["properties"].items()}}

    for name in _settings(TenantFile):
        assert f"| `{name}` |" in page
        assert described[name].keys() & {"description", "$ref"}, name
    assert "key" not in schema["properties"]


def _settings(model: Any) -> list[str]:
    names = list(model.model_fields)
    return names + [n for f in model.model_fields.values() if (inner := block(f.annotation)) for n in _settings(inner)]


def test_the_smallest_file_of_the_page_is_a_tenant(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(reference_text().split("```yaml\n")[1].split("```")[0])

    assert load_tenant(path).key == "acme"


def test_the_sandbox_tenant_names_the_sandbox() -> None:
    tenant = load_tenant(SANDBOX_FILE)

    assert (tenant.key, tenant.name) == ("sandbox", "Sales calendar")
    assert tenant.microsoft_tenant == Application.tenant_id
    assert tenant.enterprise == Auth.ea
    assert tenant.crm.gone_codes == (sharecrm_errors.GONE,)
    assert (tenant.connections.crm, tenant.connections.graph) == ("calsync_crm_sandbox", "calsync_graph_sandbox")


def test_the_sandbox_tenant_points_editors_to_the_schema() -> None:
    first = SANDBOX_FILE.read_text().splitlines()[0]
    relative = first.removeprefix("# yaml-language-server: $schema=")

    assert (SANDBOX_FILE.parent / relative).resolve() == (REPOSITORY / SCHEMA_FILE).resolve()
    assert set(yaml.safe_load(SANDBOX_FILE.read_text())) <= set(json.loads(schema_text())["properties"])
