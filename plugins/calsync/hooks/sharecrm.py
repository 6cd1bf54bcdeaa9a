"""Airflow's `generic` connection as settings of our ShareCRM client; a DAG file may import this, it stays light."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from calsync.errors import ConfigError
from calsync.sharecrm.settings import Codes, CrmSettings

if TYPE_CHECKING:
    from calsync.sharecrm.client import CrmClient


class Connection(Protocol):
    """The parts of a connection that are read here; `extra` is the parsed JSON object."""

    @property
    def conn_id(self) -> str: ...
    @property
    def login(self) -> str | None: ...
    @property
    def password(self) -> str | None: ...
    @property
    def schema(self) -> str | None: ...
    @property
    def host(self) -> str | None: ...
    @property
    def port(self) -> int | None: ...
    @property
    def extra(self) -> Mapping[str, Any]: ...


class CrmHook:
    """Makes a ShareCRM client from an Airflow connection of the type `generic`."""

    def __init__(self, conn_id: str) -> None:
        self.conn_id = conn_id

    def settings(self, **tenant: Any) -> CrmSettings:
        """See `settings_from_connection`. Raises ConfigError, or Airflow's own error when there is no connection."""
        from airflow.sdk import BaseHook

        return settings_from_connection(_Read(BaseHook.get_connection(self.conn_id)), **tenant)

    def client(self, **tenant: Any) -> CrmClient:
        """A client that is not yet entered: `async with hook.client() as client`."""
        from calsync.sharecrm.client import CrmClient

        return CrmClient(self.settings(**tenant))


class _Read:
    """An Airflow connection, whose `extra` is text, as the Connection above."""

    def __init__(self, conn: Any) -> None:
        self.conn_id: str = conn.conn_id
        self.login: str | None = conn.login
        self.password: str | None = conn.password
        self.schema: str | None = conn.schema
        self.host: str | None = conn.host
        self.port: int | None = conn.port
        self.extra: Mapping[str, Any] = conn.extra_dejson


def settings_from_connection(
    conn: Connection,
    *,
    auth_mode: Literal["oauth", "legacy"] | None = None,
    user: str | None = None,
    gone_codes: Collection[int] = (),
    **tenant: Any,
) -> CrmSettings:
    """host = the OpenAPI's host, login = app id, password = app secret; extra: permanent_code_secret, and if need be
    auth_mode ("oauth" or "legacy"), ea, user, verify (false, or the path of a CA file).

    :param auth_mode, user: the tenant's word over the connection's.
    :param gone_codes: numbers that mean "this record is not there".
    :param tenant: further fields of CrmSettings, such as time_zone, all_day_end, fields, scope_all, workflows.

    Raises ConfigError with every problem at once.
    """
    extra = conn.extra
    mode = auth_mode or str(extra.get("auth_mode") or "oauth")
    acting = str(user or extra.get("user") or "")
    base_url = _base_url(conn)
    problems = _problems(conn, base_url, mode, acting)
    zone = tenant.get("time_zone")
    if zone and not _is_zone(str(zone)):
        problems.append("time_zone: is no IANA time zone; write one such as Asia/Shanghai")
    if problems:
        raise ConfigError([f"connection {conn.conn_id}: {problem}" for problem in problems])
    settings = CrmSettings(
        base_url=base_url,
        app_id=str(conn.login),
        app_secret=str(conn.password),
        permanent_code=str(extra["permanent_code_secret"]),
        auth_mode="legacy" if mode == "legacy" else "oauth",
        ea=str(extra.get("ea") or ""),
        verify=_verify(extra.get("verify")),
        codes=Codes(gone=frozenset(gone_codes)),
        **{name: value for name, value in tenant.items() if value is not None},
    )
    return replace(settings, user=acting) if acting else settings


def _problems(conn: Connection, base_url: str, mode: str, user: str) -> list[str]:
    problems = []
    parts = urlsplit(base_url)
    if not conn.host or not parts.hostname:
        problems.append("host: is missing; fill in the OpenAPI host of the enterprise's cloud")
    elif parts.scheme != "https":
        problems.append("host: must be reached by https")
    elif parts.path:
        problems.append("host: must stand without a path; the client knows the paths")
    if not conn.login:
        problems.append("login: is missing; fill in the app's id (appId)")
    if not conn.password:
        problems.append("password: is missing; fill in the app's secret (appSecret)")
    if not conn.extra.get("permanent_code_secret"):
        problems.append("permanent_code_secret: is missing in the extra; fill in the app's permanent code")
    if mode not in ("oauth", "legacy"):
        problems.append("auth_mode: must be oauth or legacy")
    if mode == "legacy" and not user:
        problems.append("user: is missing in the extra; legacy mode needs the acting employee's FSUID_ id")
    return problems


def _base_url(conn: Connection) -> str:
    """Scheme, host and port, wherever they stand; https unless said otherwise."""
    host = (conn.host or "").strip().rstrip("/")
    address = host if "://" in host else f"{conn.schema or 'https'}://{host}"
    parts = urlsplit(address)
    if conn.port and parts.port is None and parts.netloc:
        address = address.replace(parts.netloc, f"{parts.netloc}:{conn.port}", 1)
    return address


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _verify(given: object) -> bool | str:
    if given is None or given == "" or isinstance(given, bool):
        return given is not False
    text = str(given)
    return text.lower() == "true" if text.lower() in ("true", "false") else text
