"""The demo's Airflow home: settings, login and connections, all through the environment."""

from __future__ import annotations

import json
import os
import secrets
import sys
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from demo.connections import sandbox_connections
from demo.ports import HOST, Ports

USER = "admin"
_FOREIGN = ("AIRFLOW", "CALSYNC_")


def prepare(
    folder: Path, root: Path, ports: Ports, base_url: str, sandbox: dict[str, Any]
) -> tuple[dict[str, str], str]:
    """Make the Airflow home in `folder` for the repository `root`.

    `base_url` is where a browser finds this Airflow, `sandbox` the line the sandbox printed when it was ready.
    Returns the environment for every process that works with this Airflow, and the password of `USER`.
    """
    home = home_of(folder)
    home.mkdir(parents=True)
    password = secrets.token_urlsafe(9)
    passwords = home / "passwords.json"
    with os.fdopen(os.open(passwords, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        json.dump({USER: password}, file)
    env = clean_environment()
    env |= _settings(home, root, ports, base_url) | {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords)
    }
    env |= {f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in sandbox_connections(sandbox).items()}
    env["AIRFLOW_CONN_CALSYNC_STATE"] = json.dumps(
        {"conn_type": "generic", "extra": {"dsn": f"sqlite:///{folder / 'calsync.db'}"}}
    )
    env["AIRFLOW_CONN_CALSYNC_AIRFLOW"] = json.dumps(
        {"conn_type": "generic", "host": local_url(ports, base_url), "login": USER, "password": password}
    )
    env["CALSYNC_STAGING"] = f"file://{folder / 'staging'}"
    return env, password


def home_of(folder: Path) -> Path:
    """The Airflow home of the demo in `folder`."""
    return folder / "airflow"


def local_url(ports: Ports, base_url: str = "") -> str:
    """Where this Airflow answers on this machine, under the path of `base_url`."""
    return f"http://{HOST}:{ports.api}{urlsplit(base_url).path.rstrip('/')}"


def clean_environment() -> dict[str, str]:
    """This process's environment without any setting of another Airflow or another calsync.

    The virtual environment's commands come first on the path, and nothing on this machine is asked through a proxy.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)])
    env["CALSYNC_ENV_FILE"] = os.devnull
    env["PYTHONUNBUFFERED"] = "1"
    for name in ("NO_PROXY", "no_proxy"):
        env[name] = ",".join(filter(None, [env.get(name), HOST, "localhost"]))
    return env


def _settings(home: Path, root: Path, ports: Ports, base_url: str) -> dict[str, str]:
    settings = {
        "CORE__DAGS_FOLDER": root / "dags",
        "CORE__PLUGINS_FOLDER": root / "plugins",
        "CORE__LOAD_EXAMPLES": False,
        "CORE__FERNET_KEY": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__PARALLELISM": 4,
        "CORE__TEST_CONNECTION": "Disabled",
        # SQLite lets one write at a time, and by itself waits five seconds for its turn: on a busy machine not enough.
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}?timeout=60",
        "API__HOST": HOST,
        "API__PORT": ports.api,
        "API__BASE_URL": base_url,
        # Tasks ask on this machine, whatever the browser's URL is; without it they would ask localhost:8080.
        "CORE__EXECUTION_API_SERVER_URL": f"{local_url(ports, base_url)}/execution/",
        "API__WORKERS": 1,
        "API__SECRET_KEY": secrets.token_urlsafe(48),
        "API_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
        # The first answer to a task takes the API server longer than the five seconds a task waits by itself on a busy
        # machine; the task would fail, and be tried again a minute later.
        "WORKERS__EXECUTION_API_TIMEOUT": 60.0,
        "LOGGING__WORKER_LOG_SERVER_PORT": ports.worker_log,
        "LOGGING__TRIGGER_LOG_SERVER_PORT": ports.trigger_log,
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 0.5,
    }
    return {"AIRFLOW_HOME": str(home)} | {f"AIRFLOW__{name}": str(value) for name, value in settings.items()}
