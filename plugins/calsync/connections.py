"""Airflow connections, found without starting Airflow where that is possible.

Looked for in this order: `AIRFLOW_CONN_<ID>` in the environment, the same variable in the project's env file (`.env` at
the repository's root, or `$CALSYNC_ENV_FILE`), then Airflow's secrets backends and database.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from calsync.errors import ConfigError

ENV_FILE_VARIABLE = "CALSYNC_ENV_FILE"
_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Conn:
    """An Airflow connection's fields, named as Airflow names them. Its repr shows the id and the type only."""

    conn_id: str
    conn_type: str = ""
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    schema: str = field(default="", repr=False)
    host: str = field(default="", repr=False)
    port: int | None = field(default=None, repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


def connection(conn_id: str) -> Conn:
    """The connection `conn_id`.

    :raises ConfigError: when there is none, or it cannot be read.
    """
    found = find_connection(conn_id)
    if found is None:
        raise ConfigError(
            [
                f"connection {conn_id}: does not exist: add it in Airflow under Admin > Connections, or set "
                f"{variable(conn_id)} to its JSON in the environment or in the project's .env file"
            ]
        )
    return found


def find_connection(conn_id: str) -> Conn | None:
    """The connection `conn_id`, None when nobody knows it.

    :raises ConfigError: when it is there and cannot be read.
    """
    text = _said_outside(conn_id)
    return parse(conn_id, text) if text else _from_airflow(conn_id)


def is_outside_airflow(conn_id: str) -> bool:
    """Whether the environment or the env file has the connection, which then counts over what Airflow stores."""
    return bool(_said_outside(conn_id))


def trusted(conn: Conn, problems: list[str]) -> bool | str:
    """Whom a client trusts, by the extra's `verify`: True for the usual authorities, False for anybody, or a CA's file.

    A file that holds no CA, or cannot be read, is added to `problems`.
    """
    given = conn.extra.get("verify")
    if given is None or given == "" or isinstance(given, bool):
        return given is not False
    text = str(given)
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        ssl.create_default_context(cafile=text)
    except OSError:  # ssl.SSLError is one too
        problems.append("verify: is no CA file that can be read; name a PEM file with your CA's certificate")
    return text


def variable(conn_id: str) -> str:
    """The environment variable that holds the connection."""
    return f"AIRFLOW_CONN_{conn_id.upper()}"


def parse(conn_id: str, text: str) -> Conn:
    """A connection from the JSON or URI form that Airflow reads from the environment.

    :raises ConfigError: naming the connection, never its content.
    """
    try:
        return _from_json(conn_id, text) if text.lstrip().startswith("{") else _from_uri(conn_id, text.strip())
    except (ValueError, TypeError, AttributeError):
        raise ConfigError(
            [
                f"connection {conn_id}: cannot be read: write {variable(conn_id)} as the JSON or the URI that Airflow "
                "reads a connection from"
            ]
        ) from None


def _from_json(conn_id: str, text: str) -> Conn:
    said = json.loads(text)
    port = said.get("port")
    return Conn(
        conn_id=conn_id,
        conn_type=_kind(said.get("conn_type") or ""),
        login=said.get("login") or "",
        password=said.get("password") or "",
        schema=said.get("schema") or "",
        host=said.get("host") or "",
        port=int(port) if port else None,
        extra=_extra(said.get("extra")),
    )


def _from_uri(conn_id: str, uri: str) -> Conn:
    """`type://login:password@host:port/schema?extra`; `type://https://host...` for a host with a scheme of its own."""
    kind, separator, rest = uri.partition("://")
    if not separator or not kind:
        raise ValueError("no connection type")
    scheme, separator, after = rest.partition("://")
    with_scheme = bool(separator) and not set(scheme) & set("@:/?")
    if separator and not with_scheme and not set(scheme) & set("/?"):
        raise ValueError("the host's scheme stands before login and password")
    parts = urlsplit(f"//{after if with_scheme else rest}")
    host = unquote(parts.hostname or "")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    extra = _extra(query["__extra__"]) if "__extra__" in query else {key: _plain(value) for key, value in query.items()}
    return Conn(
        conn_id=conn_id,
        conn_type=_kind(kind),
        login=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        schema=unquote(parts.path[1:]),
        host=f"{scheme}://{host}" if with_scheme and host else host,
        port=parts.port,
        extra=extra,
    )


def _kind(said: str) -> str:
    return "postgres" if said == "postgresql" else said.replace("-", "_")


def _extra(said: Any) -> dict[str, Any]:
    """`extra` as a mapping; it arrives as one, or as its JSON text."""
    extra = json.loads(said) if isinstance(said, str) and said else said or {}
    if not isinstance(extra, dict):
        raise TypeError("extra is not a JSON object")
    return extra


def _plain(text: str) -> Any:
    try:
        return json.loads(text) if text else text
    except ValueError:
        return text


def _said_outside(conn_id: str) -> str | None:
    return os.environ.get(variable(conn_id)) or _env_file().get(variable(conn_id))


def _env_file() -> Mapping[str, str | None]:
    from dotenv import dotenv_values

    return dotenv_values(os.environ.get(ENV_FILE_VARIABLE) or _REPOSITORY / ".env", interpolate=False)


def _from_airflow(conn_id: str) -> Conn | None:
    try:
        from airflow.sdk.exceptions import AirflowNotFoundException

        ask = _asker()
    except ImportError:
        return None
    try:
        return from_airflow(ask(conn_id))
    except AirflowNotFoundException:
        return None


def _asker() -> Callable[[str], Any]:
    """How Airflow is asked: within a task through the task's supervisor, elsewhere through the secrets backends."""
    runner = sys.modules.get("airflow.sdk.execution_time.task_runner")
    if hasattr(runner, "SUPERVISOR_COMMS"):
        from airflow.sdk import BaseHook

        return BaseHook.get_connection
    from airflow.models.connection import Connection

    return Connection.get_connection_from_secrets


def from_airflow(found: Any) -> Conn:
    """An Airflow connection, of the Task SDK or of its models, as ours."""
    return Conn(
        conn_id=found.conn_id,
        conn_type=found.conn_type or "",
        login=found.login or "",
        password=found.password or "",
        schema=found.schema or "",
        host=found.host or "",
        port=found.port,
        extra=dict(found.extra_dejson),
    )
