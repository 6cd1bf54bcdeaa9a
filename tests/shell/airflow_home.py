"""An Airflow home of the tests' own. Airflow reads its settings at its first import, so this comes before."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
USERS = ("viewer", "user", "op", "admin")
"""One user for each role of the simple auth manager, named like the role."""


@cache
def prepare() -> Path:
    """The home: a temporary folder that this process alone uses and that goes with it."""
    if "airflow" in sys.modules:
        raise RuntimeError("airflow was imported before the tests gave it a home: call prepare() in tests/conftest.py")
    home = Path(tempfile.mkdtemp(prefix="calsync-airflow-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{name}" for name in USERS),
        "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-of-the-tests-that-is-long-enough-for-any-hash-of-sha-512-bits",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    }
    return home


@cache
def migrate() -> Path:
    """The home with an empty metadata database of this Airflow's version; made once per process (a few seconds)."""
    home = prepare()
    from airflow.utils.db import initdb

    initdb()
    return home
