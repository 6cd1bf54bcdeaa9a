"""An `msgraph` connection as settings of our Graph client; nothing heavy is imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from calsync.connections import Conn, trusted
from calsync.errors import ConfigError
from calsync.graph.settings import LOGIN_OF, PUBLIC_GRAPH, PUBLIC_LOGIN, Certificate, GraphSettings

_HERE = {"127.0.0.1", "localhost", "::1"}
_KEY = re.compile(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----", re.S)
_PUBLIC = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.S)


def settings_from_connection(conn: Conn) -> GraphSettings:
    """The fields of Airflow's own `msgraph` form: login = client id, password = secret (or the key's passphrase),
    schema and host = Graph, extra: tenant_id, authority, scopes, api_version, base_url, certificate_path or
    certificate_data, certificate_thumbprint, verify, proxies, disable_instance_discovery.

    Raises ConfigError with every problem at once.
    """
    extra = conn.extra
    problems: list[str] = []
    base_url = _base_url(conn)
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(base_url))
    authority = _https(str(extra.get("authority") or LOGIN_OF.get(origin, PUBLIC_LOGIN)))
    certificate = _certificate(conn, problems)
    verify = trusted(conn, problems)
    _check_urls(base_url, authority, problems)
    for name, value in (("login", conn.login), ("tenant_id", extra.get("tenant_id"))):
        if not value:
            problems.append(f"{name}: is missing; fill in the {_MEANING[name]}")
    if certificate is None and not conn.password:
        problems.append("password: is missing; fill in the client secret, or `certificate_path` in the extra")
    if problems:
        raise ConfigError([f"connection {conn.conn_id}: {problem}" for problem in problems])
    return GraphSettings(
        tenant_id=str(extra["tenant_id"]),
        client_id=str(conn.login),
        client_secret="" if certificate else str(conn.password),
        certificate=certificate,
        base_url=base_url,
        authority=authority,
        scope=_scope(extra.get("scopes"), origin),
        verify=verify,
        instance_discovery=not _yes(extra.get("disable_instance_discovery")),
        proxy=_proxy(extra.get("proxies")),
    )


_MEANING = {"login": "application (client) id", "tenant_id": "Microsoft tenant's id in the extra"}


def server_url(conn: Conn) -> str:
    """Where Graph is: from the extra's `base_url`, else schema and host, a port at the host or by itself."""
    given = str(conn.extra.get("base_url") or conn.host or PUBLIC_GRAPH).rstrip("/")
    if "://" not in given:
        given = f"{conn.schema or 'https'}://{given}"
    parts = urlsplit(given)
    if conn.port and parts.port is None and not conn.extra.get("base_url"):
        given = given.replace(parts.netloc, f"{parts.netloc}:{conn.port}", 1)
    return given


def _base_url(conn: Conn) -> str:
    """Graph's version root."""
    given = server_url(conn)
    return given if urlsplit(given).path else f"{given}/{conn.extra.get('api_version') or 'v1.0'}"


def _https(text: str) -> str:
    return (text if "://" in text else f"https://{text}").rstrip("/")


def _check_urls(base_url: str, authority: str, problems: list[str]) -> None:
    graph = urlsplit(base_url)
    if graph.scheme != "https" and graph.hostname not in _HERE:
        problems.append("host: must be reached by https; only a Graph on this machine may do without")
    if urlsplit(authority).scheme != "https":
        problems.append("authority: must be reached by https; MSAL refuses anything else")


def _certificate(conn: Conn, problems: list[str]) -> Certificate | None:
    path, text = conn.extra.get("certificate_path"), conn.extra.get("certificate_data")
    if not path and not text:
        return None
    if not text:
        try:
            text = Path(str(path)).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            problems.append("certificate_path: cannot be read; name a PEM file with private key and certificate")
            return None
    key, public = _KEY.search(str(text)), _PUBLIC.search(str(text))
    thumbprint = str(conn.extra.get("certificate_thumbprint") or "")
    if key is None or not (public or thumbprint):
        problems.append("certificate: needs a PEM private key and, beside it, the certificate or its thumbprint")
        return None
    return Certificate(key.group(), public.group() if public else "", thumbprint, conn.password or "")


def _scope(given: object, origin: str) -> str:
    """The first of the scopes given, else the cloud's own; a Graph that is none of Microsoft's has the public one."""
    listed = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else []
    first = next((str(scope).strip() for scope in listed if str(scope).strip()), "")
    return first or f"{origin if origin in LOGIN_OF else PUBLIC_GRAPH}/.default"


def _yes(given: object) -> bool:
    return given is True or str(given).lower() in ("true", "1", "yes")


def _proxy(given: object) -> str:
    return str(given.get("https") or given.get("http") or "") if isinstance(given, Mapping) else ""
