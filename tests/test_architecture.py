"""The house stands as it was drawn: imports follow the flow of the data, and the core stays pure (DESIGN §4)."""

from __future__ import annotations

import ast
from pathlib import Path

import grimp
import pytest

PLUGINS = Path(__file__).parents[1] / "plugins"

LAYERS: tuple[tuple[str, ...], ...] = (
    ("__main__",),
    ("cli", "dags", "airflow_plugin"),
    ("operators", "web"),
    ("links", "retry", "notes", "pools", "hooks", "naming", "timetables"),
    ("stages",),
    ("accounts",),
    ("sharecrm", "graph", "store", "staging"),
    ("config", "connections", "tls"),
    ("core",),
    ("errors", "clock"),
)
"""From what knows everybody to what knows nobody. A module imports from its own layer or from those below it."""

RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}

OUTSIDE_THE_CORE = {
    "airflow", "sqlalchemy", "alembic", "httpx", "msal", "requests", "pandas", "pyarrow", "fastapi", "socket",
    "asyncio", "os", "pathlib", "logging", "threading", "subprocess", "random", "time",
}  # fmt: skip
"""What reaches out of the process, or differs from one call to the next."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        "calsync", include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )


def part(module: str) -> str:
    """The part of the house a module belongs to: the name below `calsync`."""
    return module.split(".")[1] if "." in module else ""


def arrows(graph: grimp.ImportGraph) -> set[tuple[str, str]]:
    inside = [module for module in graph.modules if module.startswith("calsync.")]
    return {
        (module, imported)
        for module in inside
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.startswith("calsync.") and part(module) != part(imported)
    }


def test_every_part_of_the_house_has_its_place(graph: grimp.ImportGraph) -> None:
    parts = {part(module) for module in graph.modules if module.startswith("calsync.")}
    assert parts - RANK.keys() == set()


def test_no_arrow_runs_back(graph: grimp.ImportGraph) -> None:
    back = [f"{a} -> {b}" for a, b in sorted(arrows(graph)) if RANK[part(b)] < RANK[part(a)]]
    assert back == []


def test_the_clients_and_the_store_do_not_know_each_other(graph: grimp.ImportGraph) -> None:
    apart = {"sharecrm", "graph", "store", "staging"}
    assert [f"{a} -> {b}" for a, b in sorted(arrows(graph)) if {part(a), part(b)} <= apart] == []


def test_the_core_imports_nothing_that_reaches_out(graph: grimp.ImportGraph) -> None:
    found = {}
    for file in sorted((PLUGINS / "calsync" / "core").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if outside := {name.split(".")[0] for name in names} & OUTSIDE_THE_CORE:
                found[file.name] = outside
    assert found == {}


def test_only_the_shell_knows_airflow(graph: grimp.ImportGraph) -> None:
    shell = {"operators", "dags", "airflow_plugin", "timetables", "web", "hooks", "links", "retry", "notes", "cli"}
    # Connections ask Airflow's secrets backends, staging its object stores; both only when nobody else knows.
    allowed = shell | {"connections", "staging"}
    who = {part(m) for m in graph.modules if m.startswith("calsync.") and "airflow" in _outside(graph, m)}
    assert who - allowed == set()


def _outside(graph: grimp.ImportGraph, module: str) -> set[str]:
    return {name for name in graph.find_modules_directly_imported_by(module) if not name.startswith("calsync")}


def test_modules_stay_small() -> None:
    long = {
        str(file.relative_to(PLUGINS)): lines
        for file in PLUGINS.rglob("*.py")
        if "migrations" not in file.parts and (lines := len(file.read_text().splitlines())) > 400
    }
    assert long == {}
