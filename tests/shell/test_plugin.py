"""What Airflow finds in the plugins folder, and what it does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow._shared.module_loading import find_path_from_directory
from shell.airflow_home import REPOSITORY

PLUGINS = REPOSITORY / "plugins"
LOAD = """
import json, sys
from airflow import plugins_manager
plugins, errors = plugins_manager._get_plugins()
views, _ = plugins_manager._get_ui_plugins()
print(json.dumps({
    "names": [plugin.name for plugin in plugins if plugin.source],
    "errors": errors,
    "views": views,
    "heavy": [name for name in ("pandas", "msal", "calsync.web.app", "calsync.stages") if name in sys.modules],
    "stray": [name for name in ("errors", "naming", "notes", "links") if name in sys.modules],
    "timetables": sorted(plugins_manager.get_timetables_plugins()),
    "apps": [[app["name"], app["url_prefix"]] for app in plugins_manager.get_fastapi_plugins()[0]],
}))
"""


def in_airflow(code: str, **env: str) -> Any:
    """What `code` prints as JSON in an Airflow process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.airflow
def test_airflow_loads_one_plugin_and_nothing_else_from_the_folder() -> None:
    found = in_airflow(LOAD, AIRFLOW__API__BASE_URL="http://localhost:8080/airflow")
    assert found["names"] == ["calsync"]
    assert found["errors"] == {}
    assert found["heavy"] == []
    assert found["stray"] == [], "the loader imported modules of the package under bare names: see .airflowignore"
    assert found["apps"] == [["calsync", "/calsync"]]
    assert found["timetables"] == ["calsync.timetables.LocalDays"]
    shown = [(view["destination"], view["url_route"], view["href"]) for view in found["views"]]
    assert shown == [
        ("nav", "calsync", "/airflow/calsync/"),
        ("dag_run", "calsync-changes", "/airflow/calsync/dags/{DAG_ID}/runs/{RUN_ID}/changes/"),
    ]


def test_the_ignore_file_shows_the_loader_one_file() -> None:
    """Without it Airflow would import every module of the package a second time, under its bare name."""
    found = find_path_from_directory(PLUGINS, ".airflowignore", "glob")
    assert [Path(path).relative_to(PLUGINS).as_posix() for path in found if path.endswith(".py")] == [
        "calsync/airflow_plugin.py"
    ]
