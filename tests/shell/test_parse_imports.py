"""What a DAG file costs to import: the heavy libraries wait until a task runs."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from shell.airflow_home import REPOSITORY
from shell.tenant_files import write_tenant

HEAVY = {"pandas", "httpx", "msal", "sqlalchemy", "pyarrow"}
PACKAGE = REPOSITORY / "plugins"
PARSE = """
import json, runpy, sys
found = runpy.run_path(sys.argv[1])
print(json.dumps({
    "dags": sorted(name for name in found if name.startswith("calendar_sync")),
    "modules": sorted(sys.modules),
}))
"""


def parsed(file: str, tenants: Path) -> dict[str, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", PARSE, str(REPOSITORY / "dags" / f"{file}.py")],
        env=os.environ | {"CALSYNC_TENANTS": str(tenants)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def top_level_imports(path: Path) -> set[str]:
    """The libraries a module imports when it is imported itself."""
    names: set[str] = set()
    waiting: list[ast.stmt] = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.dump(node.test):
            waiting += node.body + node.orelse
        elif isinstance(node, ast.Try):
            waiting += node.body + node.orelse + node.finalbody
    return names


@pytest.mark.airflow
@pytest.mark.parametrize(
    ("file", "dag_id"),
    [
        ("calendar_sync", "calendar_sync__berlin"),
        ("calendar_sync_backfill", "calendar_sync_backfill__berlin"),
        ("calendar_sync_approval", "calendar_sync_approval__berlin"),
        ("calendar_sync_maintenance", "calendar_sync_maintenance"),
    ],
)
def test_a_dag_file_brings_in_no_heavy_library_of_ours(tmp_path: Path, file: str, dag_id: str) -> None:
    write_tenant(tmp_path / "tenants", "berlin")
    found = parsed(file, tmp_path / "tenants")
    assert found["dags"] == [dag_id]
    assert [name for name in found["modules"] if name in ("pandas", "msal", "pyarrow")] == []
    ours = [name for name in found["modules"] if name.startswith("calsync.")]
    assert any(name.startswith("calsync.dags.") for name in ours)
    for name in ours:
        path = PACKAGE / Path(*name.split("."))
        source = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
        assert not top_level_imports(source) & HEAVY, name
