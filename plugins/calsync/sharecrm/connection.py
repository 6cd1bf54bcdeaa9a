"""A `generic` connection as settings of our ShareCRM client; nothing heavy is imported."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from calsync.connections import Conn, trusted
from calsync.errors import ConfigError
from calsync.sharecrm.settings import CALLS_PER_20S, Codes, CrmSettings


def settings_from_connection(
    conn: Conn,
    *,
    auth_mode: Literal["oauth", "legacy"] | None = None,
    user: str | None = None,
    gone_codes: Collection[int] = (),
    **tenant: Any,
) -> CrmSettings:
    """host = the OpenAPI's host, login = app id, password = app secret; extra: permanent_code_secret, and if need be
    auth_mode ("oauth" or "legacy"), ea, user, verify (false, or the path of a CA file), calls_per_20s (of one path; 90
    when unset, since ShareCRM allows 100).

    :param auth_mode, user: the tenant's word over the connection's.
    :param gone_codes: numbers that mean "this record is not there".
    :param tenant: further fields of CrmSettings, such as time_zone, all_day_end, fields, scope_all, workflows.

    Raises ConfigError with every problem at once.
    """
    extra = conn.extra
    mode = auth_mode or str(extra.get("auth_mode") or "oauth")
    acting = str(user or extra.get("user") or "")
    base_url = server_url(conn)
    problems = _problems(conn, base_url, mode, acting)
    verify = trusted(conn, problems)
    zone = tenant.get("time_zone")
    if zone and not _is_zone(str(zone)):
        problems.append("time_zone: is no IANA time zone; write one such as Asia/Shanghai")
    pace = str(extra.get("calls_per_20s") or CALLS_PER_20S)
    if not pace.isdecimal() or int(pace) < 1:
        problems.append("calls_per_20s: must be a whole number from 1 on; leave it out for the usual 90")
    if problems:
        raise ConfigError([f"connection {conn.conn_id}: {problem}" for problem in problems])
    settings = CrmSettings(
        base_url=base_url,
        app_id=str(conn.login),
        app_secret=str(conn.password),
        permanent_code=str(extra["permanent_code_secret"]),
        auth_mode="legacy" if mode == "legacy" else "oauth",
        ea=str(extra.get("ea") or ""),
        verify=verify,
        calls_per_20s=int(pace),
        codes=Codes(gone=frozenset(gone_codes)),
        **{name: value for name, value in tenant.items() if value is not None},
    )
    return replace(settings, user=acting) if acting else settings


def _problems(conn: Conn, base_url: str, mode: str, user: str) -> list[str]:
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


def server_url(conn: Conn) -> str:
    """Where ShareCRM is: scheme, host and port, wherever they stand; https unless said otherwise."""
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
