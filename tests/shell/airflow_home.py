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

SETTINGS = """
[core]
dags_folder = {root}/dags
plugins_folder = {root}/plugins
load_examples = False
simple_auth_manager_users = {users}
[api_auth]
jwt_secret = a-secret-of-the-tests-that-is-long-enough-for-any-hash-of-sha-512-bits
[logging]
logging_level = WARNING
"""
"""In the home's file and not in the environment, which other tests hand on to an Airflow of their own."""


@cache
def prepare() -> Path:
    """The home: a temporary folder that this process alone uses and that goes with it."""
    if "airflow" in sys.modules:
        raise RuntimeError("airflow was imported before the tests gave it a home: call prepare() in tests/conftest.py")
    home = Path(tempfile.mkdtemp(prefix="calsync-airflow-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    (home / "airflow.cfg").write_text(SETTINGS.format(root=REPOSITORY, users=",".join(f"{n}:{n}" for n in USERS)))
    os.environ["AIRFLOW_HOME"] = str(home)
    return home


@cache
def migrate() -> Path:
    """The home with an empty metadata database of this Airflow's version; made once per process (a few seconds)."""
    home = prepare()
    from airflow.utils.db import initdb

    initdb()
    return home
